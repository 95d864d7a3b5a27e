"""Starts the screens."""

import os
import sys

from inspector.cli.options import Source


def run_screens(source: Source | None, display_filter: str | None) -> int:
    """Open the screens on a capture, or the start screen without one; returns the exit code."""
    from inspector.session import Options, Progress, Session
    from inspector.tui.app import InspectorApp

    options = (
        Options() if source is None else Options(decode_as=source.decode_as, thrift=source.thrift, proto=source.proto)
    )

    def opener(path: str, progress: Progress) -> Session:
        return Session.open(path, options, progress)

    if source is not None and source.path == "-":
        _keys_from_terminal()
    return InspectorApp(opener, None if source is None else source.path, display_filter or "").run() or 0


def _keys_from_terminal() -> None:
    """Standard input is the capture: keep it aside, and let keys be read from the terminal itself."""
    capture = os.dup(sys.stdin.fileno())
    keys = os.open("/dev/tty", os.O_RDWR)
    os.dup2(keys, sys.stdin.fileno())
    os.close(keys)
    sys.stdin = os.fdopen(capture)
