"""`inspector live`: the screens over a capture that goes on."""

from pathlib import Path

import click

from inspector.cli.options import reading


@click.command(name="live", short_help="Watch an interface, or a relay, on the screens.")
@click.option("-i", "interface", metavar="IFACE", help="Interface; the loopback when none is named.")
@click.option("-f", "bpf", metavar="FILTER", default="", help='Capture filter in libpcap\'s syntax: "tcp port 9083".')
@click.option("-w", "write", metavar="FILE", default="", type=click.Path(), help="Keep the packets there.")
@click.option("-a", "limits", metavar="COND", multiple=True, help="Stop at duration:S, packets:N or filesize:KB.")
@click.option("--tap", nargs=2, metavar="LISTEN TARGET", help="Relay this port instead; needs no rights.")
@reading
def command(
    *,
    interface: str | None,
    bpf: str,
    write: str,
    limits: tuple[str, ...],
    tap: tuple[str, str] | None,
    read: str | None,
    decode_as: tuple[str, ...],
    thrift: tuple[Path, ...],
    proto: tuple[Path, ...],
    quiet: bool,
    color: str,
) -> int:
    """Show messages as they are captured; Enter looks into one, the capture goes on.

    \b
    inspector live -f 'tcp port 9083'
    inspector live --tap 9083 localhost:9084
    """
    if read is not None:
        raise click.UsageError("-r reads a file; live makes one (-w)")
    from inspector.capture.live.interfaces import loopback_name
    from inspector.capture.live.settings import Settings
    from inspector.cli.commands.open import on_terminal
    from inspector.cli.options import parse_decode_as
    from inspector.cli.watching import watch, watch_tap
    from inspector.session import Options

    if not on_terminal(from_stdin=False):
        raise click.UsageError("live needs a terminal; capture prints the messages anywhere")
    settings = Settings(interface=interface or loopback_name(), bpf=bpf)
    for limit in limits:
        settings.limit(limit)
    options = Options(decode_as=parse_decode_as(decode_as), thrift=list(thrift), proto=list(proto))
    return watch_tap(tap[0], tap[1], write, options) if tap is not None else watch(settings, write, options)
