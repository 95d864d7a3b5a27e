"""`inspector bytes`: decode pasted bytes, no capture needed."""

from pathlib import Path

import click

from inspector.cli.colour import CHOICES
from inspector.cli.options import ProtocolName, as_json, depth


@click.command(name="bytes", short_help="Decode pasted hex, no capture needed.")
@click.argument("words", metavar="HEX|@FILE|-", nargs=-1, required=True)
@click.option(
    "--as", "protocol", metavar="PROTOCOL", required=True, type=ProtocolName(), help="Read the bytes as this."
)
@click.option(
    "--side", type=click.Choice(["client", "server"]), default="client", show_default=True, help="Who sent them."
)
@click.option(
    "--thrift", metavar="FILE", multiple=True, type=click.Path(path_type=Path, dir_okay=False), help="Thrift IDL."
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
    protocol: str,
    side: str,
    thrift: tuple[Path, ...],
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
    inspector bytes 80 01 00 01 --as thrift
    inspector bytes 08 97 01 12 02 41 31 --as protobuf
    xxd -p reply.bin | inspector bytes - --as http --side server
    """
    from inspector.cli.pasting import read_words, show_bytes
    from inspector.cli.showing import Look
    from inspector.session import Options

    look = Look("message", with_hex, -1 if depth is None else depth, as_json, raw, color)
    options = Options(thrift=list(thrift), proto=list(proto), message_type=message_type)
    return show_bytes(read_words(words), protocol, side, options, look, in_words)
