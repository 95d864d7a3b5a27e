"""The application over a capture that goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual import on

from inspector.tui.app import InspectorApp, Opener
from inspector.tui.screens.live import LiveScreen, Source

if TYPE_CHECKING:
    from inspector.session import Progress, Session


class LiveApp(InspectorApp):
    """Shows the live list; a message is looked into on a snapshot of the file."""

    def __init__(self, opener: Opener, source: Source) -> None:
        super().__init__(self._snapshot)
        self.reader = opener
        self.source = source
        self.packet = 0

    def open_first(self) -> None:
        self.push_screen(LiveScreen(self.source))

    def _snapshot(self, path: str, progress: Progress) -> Session:
        """What was captured so far; that its end is still being written is no fault of the file."""
        session = self.reader(path, progress)
        if self.source.running:
            session.issues.clear()
        return session

    @on(LiveScreen.Look)
    def _look(self, event: LiveScreen.Look) -> None:
        self.packet = event.packet
        self.open(event.path)

    def landing_flow(self, session: Session) -> int:
        return int(session.flow_table.flow_of[self.packet - 1]) if self.packet else 0


def run_live(opener: Opener, source: Source) -> int:
    """Show the capture until the user leaves; returns the exit code."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    return LiveApp(opener, source).run() or 0
