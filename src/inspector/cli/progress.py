"""What is being done and how far it is, on a terminal's stderr, once it takes longer than a second."""

import sys
import time
from typing import Final

PATIENCE: Final = 1.0
"""Seconds of silence that nobody minds."""
INTERVAL: Final = 0.1


class ProgressLine:
    """A progress callback that draws over its own line; `done` wipes it."""

    def __init__(self, quiet: bool = False) -> None:
        self._shown = False
        self._enabled = not quiet and sys.stderr.isatty()
        self._next = time.monotonic() + PATIENCE

    def __call__(self, what: str, fraction: float) -> None:
        """Tell what is being done and the fraction done, 0 to 1."""
        if not self._enabled or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        self._shown = True
        sys.stderr.write(f"\r\x1b[K{what} {fraction:.0%}")
        sys.stderr.flush()

    def done(self) -> None:
        """Wipe the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
