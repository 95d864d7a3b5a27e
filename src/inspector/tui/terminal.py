"""Keys from the terminal while standard input is the capture."""

import os
import sys

from inspector.model.errors import UsageError


def keys_from_terminal() -> None:
    """Keep the pipe as `sys.stdin` and put the terminal in its place for whoever reads keys from descriptor 0.

    Raises UsageError without a terminal.
    """
    if os.isatty(0):
        raise UsageError("standard input is the terminal: give a file, or pipe a capture in")
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise UsageError(f"no terminal to read keys from: {error.strerror}") from None
    pipe = os.dup(0)
    os.dup2(terminal, 0)
    os.close(terminal)
    sys.stdin = os.fdopen(pipe, encoding="utf-8", errors="replace")
