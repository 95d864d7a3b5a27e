"""`inspector capture`: packets into a file, messages onto standard output."""

import sys
from typing import TYPE_CHECKING

import click

from inspector.cli.options import Reading, capturing, reading

if TYPE_CHECKING:
    from inspector.capture.live.settings import Settings


@click.command(name="capture", short_help="Capture packets and print messages as they are seen.")
@click.argument("words", metavar="[-- COMMAND]", nargs=-1, type=click.UNPROCESSED)
@capturing
@click.option("-w", "write", metavar="FILE", default="", type=click.Path(allow_dash=True), help="Keep the packets.")
@click.option("-c", "count", type=click.IntRange(min=1), metavar="N", help="Stop after N packets.")
@click.option(
    "-b",
    "ring",
    metavar="COND",
    multiple=True,
    help="Write a ring of files: the newest files:N, a new one after filesize:KB or duration:S.",
)
@click.option("--tail", metavar="FILE", default="", type=click.Path(allow_dash=True), help="Follow a growing capture.")
@click.option("--jsonl", is_flag=True, help="One JSON object a line, flushed as it is seen.")
@reading
def command(
    *,
    words: tuple[str, ...],
    settings: "Settings",
    write: str,
    count: int | None,
    ring: tuple[str, ...],
    tail: str,
    jsonl: bool,
    how: Reading,
) -> int:
    """Capture until Ctrl+C, a limit, or the end of COMMAND, whose failure is then explained.

    With -q and -w, or -b, packets are only written. --tail shows what another program is writing, even when it goes
    on in a new file of the same name; - is standard input. Returns 1 when COMMAND fails.

    \b
    inspector capture -w out.pcapng -- curl localhost:9083
    inspector capture -f 'tcp port 9083' -a duration:10
    inspector capture -i any -w ring.pcapng -b files:10 -b filesize:100000
    sudo inspector capture -i lo -w - | inspector capture --tail -
    """
    how.makes("capture makes one (-w), or follows one (--tail)")
    from inspector.capture.live.interfaces import loopback_name
    from inspector.cli.capturing import Request, capture, check_command, follow_tail

    check_command(words)
    settings.interface = settings.interface or loopback_name()
    settings.packets = count or settings.packets
    request = Request(how, write, jsonl, words)
    if tail:
        if ring or words:
            raise click.UsageError("--tail only reads: -b and COMMAND need a capture of our own")
        return follow_tail(tail, request)
    for condition in ring:
        settings.ring(condition)
    if ring and (write in {"", "-"} or jsonl):
        raise click.UsageError("-b writes files: name them with -w, and open them to see messages")
    settings.write = write
    return capture(settings, request, sys.stdout.buffer)
