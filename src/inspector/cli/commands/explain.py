"""`inspector explain`: a field, a byte or a whole message in words."""

import click

from inspector.cli.options import Reading, as_json, reading
from inspector.cli.target import parse_target


@click.command(name="explain", short_help="Explain a message, one field or one byte in words.")
@click.argument(
    "words", metavar="[FILE] NUMBER[:FIELD|@OFFSET]", nargs=-1, required=True, type=click.Path(allow_dash=True)
)
@reading
@as_json
def command(
    *,
    words: tuple[str, ...],
    how: Reading,
    as_json: bool,
) -> int:
    """Explain message NUMBER field by field; or one FIELD of it (a name, or a path of names and titles joined by /);
    or the field that holds byte OFFSET (from 0, decimal or 0x).

    \b
    inspector explain hms.pcapng 7
    inspector explain hms.pcapng 7:http.request.method
    inspector explain hms.pcapng 7@0
    """
    target = parse_target(words, how, with_place=True)
    from inspector.cli.explaining import explain

    return explain(target, as_json)
