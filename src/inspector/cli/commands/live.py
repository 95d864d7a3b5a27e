"""`inspector live`: the screens over a capture that goes on."""

from typing import TYPE_CHECKING

import click

from inspector.cli.options import Reading, capturing, filtering, reading

if TYPE_CHECKING:
    from inspector.capture.live.settings import Settings
    from inspector.watching import Watched, Watcher


@click.command(name="live", short_help="Watch an interface, a growing file or a relay on the screens.")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(allow_dash=True))
@capturing
@click.option("-w", "write", metavar="FILE", default="", type=click.Path(), help="Keep the packets there.")
@click.option("--tap", nargs=2, metavar="LISTEN TARGET", help="Relay this port instead; needs no rights.")
@reading
@filtering
def command(
    *,
    path: str | None,
    settings: "Settings",
    write: str,
    tap: tuple[str, str] | None,
    how: Reading,
    display_filter: str | None,
) -> int:
    """Show messages as they are captured; Enter looks into one, the capture goes on.

    Without -i one chooses among the interfaces that are up, the loopback first; with -f or -Y it is the loopback.
    FILE is a capture that another program writes, - what comes to standard input.

    \b
    inspector live -i lo -f 'tcp port 9083' -Y http
    inspector live --tap 9083 localhost:9084
    sudo inspector capture -i lo -w - | inspector live -
    """
    how.makes("live makes one (-w), or follows FILE")
    from inspector.cli.commands.open import on_terminal
    from inspector.cli.watching import watch
    from inspector.export.names import compile_known
    from inspector.watching import Watcher

    if path is not None and tap is not None:
        raise click.UsageError("--tap and FILE exclude each other")
    if display_filter:
        compile_known(display_filter)
    if not on_terminal(from_stdin=path == "-"):
        raise click.UsageError("live needs a terminal; capture prints the messages anywhere")
    watcher = Watcher(how.options(), settings, write, display_filter or "")
    return watch(watcher, _first(watcher, settings, path, tap))


def _first(watcher: "Watcher", settings: "Settings", path: str | None, tap: tuple[str, str] | None) -> "Watched | str":
    """What is watched at first: a file, a relay, an interface, or the screen to choose one."""
    from inspector.capture.live.interfaces import loopback_name, network_interfaces
    from inspector.capture.live.recording import follow_file
    from inspector.tui.live import PICK
    from inspector.tui.terminal import keys_from_terminal

    if tap is not None:
        return watcher.relay(*tap)
    if path is not None:
        if path == "-":
            keys_from_terminal()
        return watcher.start("standard input" if path == "-" else path, "", lambda file: follow_file(path, file))
    several = sum(each.state == "up" for each in network_interfaces()) > 1
    if not settings.interface and several and not settings.bpf and not watcher.wanted:
        return PICK
    return watcher.capture(settings.interface or loopback_name(), settings.bpf)
