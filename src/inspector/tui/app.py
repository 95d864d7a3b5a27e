"""The application: which screen is shown when, themes, and opening a capture beside the thread that draws."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import App
from textual.message import Message
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from inspector.model.errors import InspectorError, UsageError
from inspector.tui.commands import KeyCommands
from inspector.tui.keymap import user_keymap
from inspector.tui.screens.decode import DecodeScreen
from inspector.tui.screens.main import MainScreen
from inspector.tui.screens.opening import FailedScreen, OpeningScreen
from inspector.tui.screens.start import StartScreen
from inspector.tui.theme import DARK, NO_COLOUR, PLAIN, THEMES

if TYPE_CHECKING:
    from inspector.session import Options, Progress, Session

SWITCH_INTERVAL = 0.001
"""Seconds before a worker gives way to the thread that draws: a key is answered in 15 ms instead of 25."""
BUG = 70
"""EX_SOFTWARE of sysexits.h: the fault is ours."""
TELL_EVERY = 0.1
"""Seconds between two updates of the progress meter."""

Opener = Callable[[str, "Progress"], "Session"]
"""Opens a capture; raises InspectorError."""


class InspectorApp(App[int]):
    """Opens `path`, or offers the bundled captures; the return value is the exit code."""

    TITLE = "inspector"
    COMMANDS = {KeyCommands}  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    AUTO_FOCUS = None

    class Told(Message):
        """How far opening is."""

        def __init__(self, what: str, done: float) -> None:
            super().__init__()
            self.what = what
            self.done = done

    class Opened(Message):
        """The capture is open."""

        def __init__(self, session: Session, message: int = -1) -> None:
            super().__init__()
            self.session = session
            self.message = message

    def __init__(self, opener: Opener, path: str | None = None, display_filter: str = "") -> None:
        colourless = "NO_COLOR" in os.environ
        super().__init__(ansi_color=True if colourless else None)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = NO_COLOUR if colourless else DARK
        self.opener = opener
        self.path = path
        self.display_filter = display_filter

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our palette in themes that do not have it: the terminal's colours, or the theme's."""
        theme: Theme = self.current_theme
        return PLAIN if theme.ansi else dict(THEMES[0 if theme.dark else 1].variables)

    def on_mount(self) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL)
        try:
            self.set_keymap(user_keymap())
        except UsageError as error:
            self.notify(str(error), severity="warning")
        self.open_first()

    def open_first(self) -> None:
        """The capture, or the start screen without one."""
        if self.path is None:
            self.push_screen(StartScreen())
        else:
            self.open(self.path)

    def landing_message(self, session: Session) -> int:
        """The index of the message to begin with, -1 for the first."""
        return -1

    def open(self, path: str) -> None:
        """Read a capture beside the thread that draws."""
        self.push_screen(OpeningScreen("standard input" if path == "-" else Path(path).name))
        self.run_worker(lambda: self._open(path), "open", "open", thread=True, exclusive=True, exit_on_error=False)

    def _open(self, path: str) -> None:
        last = 0.0

        def tell(what: str, done: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= TELL_EVERY:
                last = now
                self.post_message(self.Told(what, done))

        session = self.opener(path, tell)
        gc.freeze()
        self.post_message(self.Opened(session, self.landing_message(session)))

    @on(Told)
    def _told(self, event: Told) -> None:
        if isinstance(self.screen, OpeningScreen):
            self.screen.tell(event.what, event.done)

    @on(Opened)
    def _opened(self, event: Opened) -> None:
        self.switch_screen(MainScreen(event.session, self.display_filter, event.message))

    @on(DecodeScreen.Chosen)
    def _decode_as(self, event: DecodeScreen.Chosen) -> None:
        """Cut all messages again; nothing draws them meanwhile."""
        self.pop_screen()
        self.switch_screen(OpeningScreen(f"{event.selector} as {event.protocol or 'detected'}"))

        def decode() -> None:
            event.session.decode_as(event.selector, event.protocol)
            self.post_message(self.Opened(event.session, nearest(event.session, event.flow, event.packet)))

        self.run_worker(decode, "open", "open", thread=True, exclusive=True, exit_on_error=False)

    @on(StartScreen.Chosen)
    def _chosen(self, event: StartScreen.Chosen) -> None:
        self.open(event.path)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what was wrong with a capture; anything else is a bug."""
        error = event.worker.error
        if event.state != WorkerState.ERROR or error is None:
            return
        if event.worker.name != "open":
            raise error
        text, code = f"bug: {type(error).__name__}: {error} (INSPECTOR_DEBUG=1 inspector ls FILE shows where)", BUG
        if isinstance(error, InspectorError):
            text, code = str(error), error.exit_code
        self.switch_screen(FailedScreen(text, code, back=self.path is None))


def nearest(session: Session, flow: int, packet: int) -> int:
    """The index of the message of a conversation that begins in a packet, or next behind it; -1 without any."""
    own = [(message.packet < packet, index) for index, message in enumerate(session.messages) if message.flow == flow]
    return min(own)[1] if own else -1


def run(path: str | None, options: Options, display_filter: str | None = None) -> int:
    """Open `path` (None: offer the bundled captures) and return the exit code; keys come from descriptor 0."""

    def opener(path: str, progress: Progress) -> Session:
        from inspector.session import Session

        return Session.open(path, options, progress)

    code = InspectorApp(opener, path, display_filter or "").run()
    return 0 if code is None else code
