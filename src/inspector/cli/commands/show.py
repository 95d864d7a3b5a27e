"""`inspector show`: one message, packet or flow, layer by layer."""

import click

from inspector.cli.options import LEVELS, ProtocolName, Reading, as_json, depth, level, reading
from inspector.cli.target import parse_target


@click.command(name="show", short_help="Show one message field by field, with its bytes.")
@click.argument("words", metavar="[FILE] NUMBER", nargs=-1, required=True, type=click.Path(allow_dash=True))
@reading
@level
@click.option("--hex", "with_hex", is_flag=True, help="Add a hex dump.")
@click.option(
    "--as",
    "protocols",
    metavar="PROTOCOL",
    multiple=True,
    type=ProtocolName(),
    help="Read the message as this beside what it is: how far that gets, and what stops it. Repeatable.",
)
@depth
@as_json
@click.option("--raw", is_flag=True, help="With --json: add the hex of each leaf.")
def command(
    *,
    words: tuple[str, ...],
    how: Reading,
    level: str,
    with_hex: bool,
    protocols: tuple[str, ...],
    depth: int | None,
    as_json: bool,
    raw: bool,
) -> int:
    """Show message NUMBER as a tree: offset, length, title, value and field name.

    \b
    inspector show hms.pcapng 7 --hex
    inspector show hms.pcapng 12 --level packet
    inspector show hms.pcapng 7 --as thrift       what a Thrift server makes of it
    inspector show hms.pcapng 4 --level flow      which protocols were considered, and why
    """
    target = parse_target(words, how)
    if protocols and LEVELS[level] != "message":
        raise click.UsageError("--as reads a message: leave --level out")
    from inspector.cli.showing import Look, show

    look = Look(LEVELS[level], with_hex, -1 if depth is None else depth, as_json, raw, how.color, protocols)
    return show(target, look)
