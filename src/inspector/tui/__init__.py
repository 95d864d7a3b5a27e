"""The terminal screens; only here is Textual imported, and only when they are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.session import Options, Progress, Session


def run_tui(path: str | None, options: Options) -> int:
    """Open `path` ("-": standard input; None: offer the bundled captures) and return the exit code."""
    import os

    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from inspector.tui.app import InspectorApp
    from inspector.tui.terminal import keys_from_terminal

    def opener(path: str, progress: Progress) -> Session:
        from inspector.session import Session

        return Session.open(path, options, progress)

    if path == "-":
        keys_from_terminal()
    code = InspectorApp(opener, path).run()
    return 0 if code is None else code
