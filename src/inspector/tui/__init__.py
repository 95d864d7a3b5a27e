"""The terminal screens; only here is Textual imported, and only when they are opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.session import Options


def run_tui(path: str | None, options: Options, display_filter: str | None = None) -> int:
    """Open `path` ("-": standard input; None: offer the bundled captures) and return the exit code.

    Raises UsageError when the capture is to come from standard input and there is no terminal to read keys from.
    """
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from inspector.tui.app import run
    from inspector.tui.terminal import keys_from_terminal

    if path == "-":
        keys_from_terminal()
    return run(path, options, display_filter)
