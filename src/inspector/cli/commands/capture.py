"""`inspector capture`: packets into a file, messages onto standard output."""

import sys
from pathlib import Path

import click

from inspector.cli.options import reading


@click.command(name="capture", short_help="Capture packets and print messages as they are seen.")
@click.argument("words", metavar="[-- COMMAND]", nargs=-1, type=click.UNPROCESSED)
@click.option("-i", "interface", metavar="IFACE", help="Interface; the loopback when none is named.")
@click.option("-f", "bpf", metavar="FILTER", default="", help='Capture filter in libpcap\'s syntax: "tcp port 9083".')
@click.option("-w", "write", metavar="FILE", default="", type=click.Path(allow_dash=True), help="Keep the packets.")
@click.option("-c", "count", type=click.IntRange(min=1), metavar="N", help="Stop after N packets.")
@click.option("-a", "limits", metavar="COND", multiple=True, help="Stop at duration:S, packets:N or filesize:KB.")
@click.option("-s", "snap_length", type=click.IntRange(min=1, max=262_144), metavar="BYTES", help="Cut packets there.")
@click.option("-B", "buffer", type=click.IntRange(min=4, max=4096), metavar="MIB", help="Kernel buffer (64).")
@click.option("--source", type=click.Choice(["ring", "scapy"]), default=None, help="Capture in this way only.")
@click.option("--jsonl", is_flag=True, help="One JSON object a line, flushed as it is seen.")
@reading
def command(
    *,
    words: tuple[str, ...],
    interface: str | None,
    bpf: str,
    write: str,
    count: int | None,
    limits: tuple[str, ...],
    snap_length: int | None,
    buffer: int | None,
    source: str | None,
    jsonl: bool,
    read: str | None,
    decode_as: tuple[str, ...],
    thrift: tuple[Path, ...],
    proto: tuple[Path, ...],
    quiet: bool,
    color: str,
) -> int:
    """Capture until Ctrl+C, a limit, or the end of COMMAND, whose failure is then explained.

    \b
    inspector capture -w out.pcapng -- curl localhost:9083
    inspector capture -f 'tcp port 9083' -a duration:10
    sudo inspector capture -i lo -w - | inspector -
    """
    if read is not None:
        raise click.UsageError("-r reads a file; capture makes one (-w)")
    from inspector.capture.live.interfaces import loopback_name
    from inspector.capture.live.recording import record
    from inspector.capture.live.settings import Settings
    from inspector.cli.capturing import STDOUT, Place, Request, follow, pass_on
    from inspector.cli.options import parse_decode_as
    from inspector.session import Options

    settings = Settings(interface=interface or loopback_name(), bpf=bpf, packets=count or 0, source=source or "")
    for limit in limits:
        settings.limit(limit)
    settings.snap_length = snap_length or settings.snap_length
    settings.buffer = buffer << 20 if buffer is not None else settings.buffer
    options = Options(decode_as=parse_decode_as(decode_as), thrift=list(thrift), proto=list(proto))
    request = Request(options, write, jsonl, color, quiet, words)
    if write == STDOUT:
        recording = record(settings, sys.stdout.buffer)
        return pass_on(recording, request)
    place = Place(write)
    try:
        recording = record(settings, place.file)
        if not quiet:
            how = "" if recording.status.source == "ring" else f" by {recording.status.source}"
            only = f", filter {bpf}" if bpf else ""
            click.echo(f"inspector: capturing on {settings.interface}{only}{how}; Ctrl+C stops", err=True)
        return follow(recording, place, request)
    finally:
        place.close()
