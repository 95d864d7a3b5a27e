"""Starts the screens over captures, and says at the end where the packets are."""

import shlex

import click

from inspector.session import Options, Progress, Session
from inspector.watching import Watched, Watcher


def watch(watcher: Watcher, first: Watched | str, bpf: str = "") -> int:
    """Show the capture `first`, or the screen to choose one; returns the exit code."""
    from inspector.tui.live import run_live

    def opener(path: str, progress: Progress) -> Session:
        return Session.open(path, watcher.options, progress)

    try:
        return run_live(opener, watcher, first, bpf)
    finally:
        watcher.close()
        for each in watcher.started:
            tell_end(each)


def watch_from_start() -> int:
    """The start screen."""
    from inspector.capture.live.settings import Settings
    from inspector.tui.live import START

    return watch(Watcher(Options(), Settings()), START)


def tell_end(watched: Watched) -> None:
    """How many packets there are, and how to see them again."""
    counts = f"{watched.packets} packets captured, {watched.dropped} dropped by the kernel"
    click.echo(f"inspector: {watched.name}: {counts}", err=True)
    if watched.issue:
        click.echo(f"inspector: {watched.issue}", err=True)
    click.echo(f"inspector: kept in {watched.path}; open it with: inspector {shlex.quote(watched.path)}", err=True)
