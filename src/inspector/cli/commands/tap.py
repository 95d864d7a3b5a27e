"""`inspector tap`: a relay before a server, for those who may not capture."""

import click

from inspector.cli.options import Reading, reading


@click.command(name="tap", short_help="Relay a TCP port and see what goes through; needs no rights.")
@click.argument("listen", metavar="LISTEN")
@click.argument("target", metavar="TARGET")
@click.option("-w", "write", metavar="FILE", default="", type=click.Path(), help="Keep the packets.")
@click.option("--jsonl", is_flag=True, help="One JSON object a line, flushed as it is seen.")
@reading
def command(
    *,
    listen: str,
    target: str,
    write: str,
    jsonl: bool,
    how: Reading,
) -> int:
    """Accept connections at LISTEN, pass every byte on to TARGET and back, and print the messages.

    Both are PORT or HOST:PORT; the loopback when no host is named. The capture shows the client talking to TARGET, in
    packets that the relay makes up: their bytes, order and times are true, their sizes are those of its reads.

    \b
    inspector tap 9083 localhost:9084 -w out.pcapng
    """
    how.makes("tap makes one (-w)")
    from inspector.capture.live.recording import relay
    from inspector.capture.live.tap import parse_end
    from inspector.cli.capturing import Place, Request, follow, until_interrupted

    parse_end(listen)
    parse_end(target)
    stop = until_interrupted()
    place = Place(write)
    try:
        recording = relay(listen, target, place.file)
        if not how.quiet:
            where = recording.status.started
            click.echo(f"inspector: relaying {where} to {target}; Ctrl+C stops", err=True)
        return follow(recording, place, Request(how, write, jsonl), stop)
    finally:
        place.close()
