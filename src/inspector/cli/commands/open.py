"""`inspector [FILE]`: the screens on a terminal, a list anywhere else."""

import os
import sys
from pathlib import Path

import click

from inspector.cli.options import Reading, filtering, reading, time_format


@click.command(name="open", short_help="Open a capture: screens on a terminal, else a list.")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(allow_dash=True))
@reading
@filtering
@time_format
def command(
    *,
    path: str | None,
    how: Reading,
    display_filter: str | None,
    time_format: str,
) -> int:
    """Open a capture.

    On a terminal this starts the screens; without FILE it offers the bundled captures. When the output is no
    terminal, or TERM is dumb, it prints what the screens would list and the findings.
    """
    interactive = on_terminal(from_stdin="-" in {path, how.file})
    if path is None and how.file is None:
        return _start_screen() if interactive else _list_bundled()
    chosen = how.path(path)
    if interactive:
        from inspector.tui import run_tui

        return run_tui(chosen, how.options(), display_filter)
    from inspector.cli.listing import Request, print_list

    request = Request(display_filter=display_filter, time_format=time_format, color=how.color, findings=True)
    return print_list(chosen, how, request)


def on_terminal(from_stdin: bool) -> bool:
    """Whether screens can be drawn and keys be read."""
    keys = from_stdin or sys.stdin.isatty()
    return keys and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _start_screen() -> int:
    from inspector.cli.watching import watch_from_start

    return watch_from_start()


def _list_bundled() -> int:
    from inspector.session import bundled_captures

    captures = bundled_captures()
    click.echo("Captures that come with inspector:")
    for capture in captures:
        click.echo(f"  {shortest(capture)}")
    click.echo("")
    click.echo("Open one with: inspector FILE    or ask what went wrong: inspector why FILE    more: inspector --help")
    return 0


def shortest(path: Path) -> str:
    """A path as short as it can be written from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
