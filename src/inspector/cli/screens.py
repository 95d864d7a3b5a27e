"""Starts the screens."""

import os
import sys

from inspector.cli.options import Source


def run_screens(source: Source | None, display_filter: str | None) -> int:
    """Open the screens on a capture, or the start screen without one; returns the exit code."""
    from inspector.session import Options
    from inspector.tui.app import run

    if source is None:
        return run(None, Options(), None)
    if source.path == "-":
        _keys_from_terminal()
    return run(source.path, Options(decode_as=source.decode_as, thrift=source.thrift), display_filter)


def _keys_from_terminal() -> None:
    """Standard input is the capture: keep it aside, and read keys from the terminal itself."""
    capture = os.dup(sys.stdin.fileno())
    keys = os.open("/dev/tty", os.O_RDWR)
    os.dup2(keys, sys.stdin.fileno())
    os.close(keys)
    sys.stdin = os.fdopen(capture)
