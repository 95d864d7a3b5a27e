"""`inspector bytes`: decode pasted bytes, no capture needed."""

from pathlib import Path

import click

from inspector.cli.colour import CHOICES
from inspector.cli.options import ProtocolName, as_json, depth


@click.command(name="bytes", short_help="Decode pasted hex, no capture needed.")
@click.argument("words", metavar="HEX|@FILE|-", nargs=-1)
@click.option(
    "--as",
    "protocols",
    metavar="PROTOCOL",
    multiple=True,
    type=ProtocolName(),
    help="Read the bytes as this; repeat it to compare. Without it: who would read the first bytes as what.",
)
@click.option(
    "--int", "number", metavar="N", default=None, help="Bytes given as a number out of a log: Frame size (1195725856)."
)
@click.option(
    "--side", type=click.Choice(["client", "server"]), default="client", show_default=True, help="Who sent them."
)
@click.option(
    "--thrift",
    metavar="FILE|DIR",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Thrift IDL files or directories of them.",
)
@click.option(
    "--thrift-module", metavar="MODULE", multiple=True, help="A Python module that Thrift's compiler wrote; it is run."
)
@click.option(
    "--proto",
    metavar="FILE|DIR",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help=".proto files or descriptor sets.",
)
@click.option("--type", "message_type", metavar="TYPE", default="", help="The protobuf type: package.Message.")
@click.option("--hex", "with_hex", is_flag=True, help="Add a hex dump.")
@depth
@as_json
@click.option("--raw", is_flag=True, help="With --json: add the hex of each leaf.")
@click.option("--explain", "in_words", is_flag=True, help="Explain every field in words.")
@click.option("--color", type=click.Choice(CHOICES), default="auto", show_default=True, help="Colour the text.")
def command(
    *,
    words: tuple[str, ...],
    protocols: tuple[str, ...],
    number: str | None,
    side: str,
    thrift: tuple[Path, ...],
    thrift_module: tuple[str, ...],
    proto: tuple[Path, ...],
    message_type: str,
    with_hex: bool,
    depth: int | None,
    as_json: bool,
    raw: bool,
    in_words: bool,
    color: str,
) -> int:
    """Decode bytes given as hex (spaces, colons, 0x and line ends are fine), from @FILE or from stdin (-).

    A file or stdin that holds no hex is taken as the bytes themselves.

    \b
    inspector bytes --int 1195725856          what is that number in my log? the letters "GET "
    inspector bytes 47 45 54 20               who would read these first bytes as what
    inspector bytes 474554202f20 --as http --as thrift
    inspector bytes 08 97 01 12 02 41 31 --as protobuf
    xxd -p reply.bin | inspector bytes - --as http --side server
    """
    if bool(words) == (number is not None):
        raise click.UsageError("give the bytes as HEX, @FILE or -, or as --int N")
    from inspector.cli.pasting import parse_number, read_words, show_bytes
    from inspector.cli.showing import Look
    from inspector.cli.trying import show_first_bytes
    from inspector.model.sides import SIDE_NAMES
    from inspector.session import Options

    candidates = [read_words(words)] if number is None else parse_number(number)
    if not protocols:
        return show_first_bytes(candidates, SIDE_NAMES.index(side), as_json, color)

    look = Look("message", with_hex, -1 if depth is None else depth, as_json, raw, color)
    options = Options(
        thrift=list(thrift), thrift_modules=list(thrift_module), proto=list(proto), message_type=message_type
    )
    return show_bytes(candidates[0], protocols, side, options, look, in_words)
