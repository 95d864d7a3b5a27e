"""The application over captures that go on: where to capture, the live list, and a look into a message."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message as Event
from textual.worker import Worker, WorkerState

from inspector.capture.live.errors import CaptureFailedError
from inspector.model.errors import InspectorError
from inspector.tui import remembered
from inspector.tui.app import InspectorApp, Opener
from inspector.tui.interfaces import RELAY
from inspector.tui.landing import message_of_row
from inspector.tui.screens.live import LiveScreen
from inspector.tui.screens.opening import FailedScreen, OpeningScreen
from inspector.tui.screens.picker import PickerScreen
from inspector.tui.screens.start import StartScreen
from inspector.tui.source import Source, Starter

if TYPE_CHECKING:
    from inspector.session import Progress, Session
    from inspector.spool import Row

START = "start"
PICK = "pick"


class LiveApp(InspectorApp):
    """Begins with `first`: a capture, the choice of one, or the start screen."""

    class Began(Event):
        """A capture was started."""

        def __init__(self, source: Source) -> None:
            super().__init__()
            self.source = source

    def __init__(self, opener: Opener, starter: Starter, first: Source | str, bpf: str = "") -> None:
        super().__init__(self._snapshot)
        self.reader = opener
        self.starter = starter
        self.first = first
        self.bpf = bpf
        self.row: Row | None = None
        self.growing = False

    def open_first(self) -> None:
        if self.first == START:
            self.push_screen(StartScreen())
        elif self.first == PICK:
            self.push_screen(PickerScreen(self.bpf))
        elif not isinstance(self.first, str):
            self.push_screen(LiveScreen(self.first))

    # capturing

    @on(StartScreen.Live)
    def _pick(self) -> None:
        self.push_screen(PickerScreen())

    @on(PickerScreen.Start)
    def _start(self, event: PickerScreen.Start) -> None:
        name, text = event.interface, event.text

        def start() -> Source:
            source = self.starter.capture(name, text) if name else self.starter.relay(*text.split())
            remembered.remember(name or RELAY, text)
            return source

        self._begin(name or text, start)

    @on(LiveScreen.Again)
    def _again(self, event: LiveScreen.Again) -> None:
        self.pop_screen()
        self._begin(event.source.name, event.source.again)

    def _begin(self, name: str, start: Callable[[], Source]) -> None:
        self.push_screen(OpeningScreen(name, "starting"))
        self.run_worker(
            lambda: self.post_message(self.Began(start())), "begin", "begin", thread=True, exit_on_error=False
        )

    @on(Began)
    def _began(self, event: Began) -> None:
        self.switch_screen(LiveScreen(event.source))

    @on(LiveScreen.Ended)
    def _ended(self, event: LiveScreen.Ended) -> None:
        self.row, self.growing = None, False
        if len(self.screen_stack) <= 2:
            self.exit(0)
            return
        self.pop_screen()
        self.run_worker(event.source.stop, "stop", thread=True, exit_on_error=False)
        self.notify(f"The packets are in {event.source.path}", markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say on the picker why a capture could not be started."""
        error = event.worker.error
        if event.worker.name != "begin" or event.state != WorkerState.ERROR:
            return
        if not isinstance(error, InspectorError | OSError):
            return
        event.prevent_default()
        self.pop_screen()
        if isinstance(self.screen, PickerScreen):
            self.screen.fail(str(error))
        else:
            code = error.exit_code if isinstance(error, InspectorError) else CaptureFailedError.exit_code
            self.push_screen(FailedScreen(str(error), code, back=len(self.screen_stack) > 1))

    # looking into a message

    @on(LiveScreen.Look)
    def _look(self, event: LiveScreen.Look) -> None:
        self.row, self.growing = event.row, event.source.running
        self.open(event.source.path)

    def _snapshot(self, path: str, progress: Progress) -> Session:
        """What was captured so far; that its end is still being written is no fault of the file."""
        session = self.reader(path, progress)
        if self.growing:
            session.issues.clear()
        return session

    def landing_message(self, session: Session) -> int:
        return -1 if self.row is None else message_of_row(session, self.row)


def run_live(opener: Opener, starter: Starter, first: Source | str, bpf: str = "") -> int:
    """Show the screens until the user leaves; returns the exit code."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    return LiveApp(opener, starter, first, bpf).run() or 0
