"""`inspector [FILE]`: the screens on a terminal, a list anywhere else."""

import os
import sys
from pathlib import Path

import click

from inspector.cli.options import filtering, reading, source, time_format


@click.command(name="open", short_help="Open a capture: screens on a terminal, else a list.")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(allow_dash=True))
@reading
@filtering
@time_format
def command(
    *,
    path: str | None,
    read: str | None,
    decode_as: tuple[str, ...],
    thrift: tuple[Path, ...],
    proto: tuple[Path, ...],
    quiet: bool,
    color: str,
    display_filter: str | None,
    time_format: str,
) -> int:
    """Open a capture.

    On a terminal this starts the screens; without FILE it offers the bundled captures. When the output is no
    terminal, or TERM is dumb, it prints what the screens would list and the findings.
    """
    interactive = on_terminal(from_stdin="-" in {path, read})
    if path is None and read is None:
        return _start_screen() if interactive else _list_bundled()
    chosen = source(path, read, decode_as, thrift, proto, quiet)
    if interactive:
        from inspector.cli.screens import run_screens

        return run_screens(chosen, display_filter)
    from inspector.cli.listing import Request, print_list

    return print_list(
        chosen, Request(display_filter=display_filter, time_format=time_format, color=color, findings=True)
    )


def on_terminal(from_stdin: bool) -> bool:
    """Whether screens can be drawn and keys be read."""
    keys = from_stdin or sys.stdin.isatty()
    return keys and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _start_screen() -> int:
    from inspector.cli.screens import run_screens

    return run_screens(None, None)


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
