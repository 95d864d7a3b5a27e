"""`inspector live`: the screens over a capture that goes on."""

import click

from inspector.cli.options import Reading, filtering, reading


@click.command(name="live", short_help="Watch an interface, or a relay, on the screens.")
@click.option("-i", "interface", metavar="IFACE", help="Interface; without it there is a choice.")
@click.option("-f", "bpf", metavar="FILTER", default="", help='Capture filter in libpcap\'s syntax: "tcp port 9083".')
@click.option("-w", "write", metavar="FILE", default="", type=click.Path(), help="Keep the packets there.")
@click.option("-a", "limits", metavar="COND", multiple=True, help="Stop at duration:S, packets:N or filesize:KB.")
@click.option("--tap", nargs=2, metavar="LISTEN TARGET", help="Relay this port instead; needs no rights.")
@reading
@filtering
def command(
    *,
    interface: str | None,
    bpf: str,
    write: str,
    limits: tuple[str, ...],
    tap: tuple[str, str] | None,
    how: Reading,
    display_filter: str | None,
) -> int:
    """Show messages as they are captured; Enter looks into one, the capture goes on.

    Without -i one chooses among the interfaces that are up, the loopback first; with -f or -Y it is the loopback.

    \b
    inspector live -i lo -f 'tcp port 9083' -Y http
    inspector live --tap 9083 localhost:9084
    """
    how.makes("live makes one (-w)")
    from inspector.capture.live.interfaces import loopback_name, network_interfaces
    from inspector.capture.live.settings import Settings
    from inspector.cli.commands.open import on_terminal
    from inspector.cli.watching import watch
    from inspector.export.names import compile_known
    from inspector.tui.live import PICK
    from inspector.watching import Watcher

    if display_filter:
        compile_known(display_filter)
    if not on_terminal(from_stdin=False):
        raise click.UsageError("live needs a terminal; capture prints the messages anywhere")
    settings = Settings()
    for limit in limits:
        settings.limit(limit)
    watcher = Watcher(how.options(), settings, write, display_filter or "")
    if tap is not None:
        return watch(watcher, watcher.relay(*tap))
    several = sum(each.state == "up" for each in network_interfaces()) > 1
    if interface is None and several and not bpf and not display_filter:
        return watch(watcher, PICK)
    return watch(watcher, watcher.capture(interface or loopback_name(), bpf))
