"""Finding in the main screen: a line to type in, and the way from one place to the next."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from inspector.tui.finding import byte_of, search, wanted
from inspector.tui.landing import Landing
from inspector.tui.levels import MESSAGES
from inspector.tui.screens.moves import Moves
from inspector.tui.study import Stop
from inspector.tui.text import plural
from inspector.tui.widgets.filter_bar import FilterBar


class Searching(Moves, inherit_bindings=False):
    """Searches all messages that the filter leaves, beside the thread that draws."""

    finder: FilterBar
    _hit: tuple[int, int] | None = None
    """The message found last, as index in the session, and the offset in its buffer."""

    @dataclass
    class Found(Message):
        """Where the bytes are; None when they are nowhere."""

        hit: tuple[int, int] | None

    def show_at(self, stop: Stop, level: str, land: Landing) -> None:
        """Have a row of a level under the cursor, without the filter where that hides it."""
        raise NotImplementedError

    def action_find(self) -> None:
        """Type what to find."""
        self.finder.open()

    def action_find_next(self, by: int) -> None:
        """The next place, or the one before."""
        want = wanted(self.finder.text)
        codes = self.choice.codes
        if want is None or not len(codes):
            self.action_find()
            return
        message = self.stop.message if self.stop is not None else -1
        place = codes.index(message) if message in codes else 0
        offset = -1
        if self._hit is not None and self._hit[0] == message:
            offset = self._hit[1]

        def work() -> None:
            worker = get_current_worker()
            lock = self.desk.session_lock
            hit = search(self.session, codes, place, offset, want, by, lock, lambda: worker.is_cancelled)
            if not worker.is_cancelled:
                self.post_message(self.Found(hit))

        self.run_worker(work, "find", "find", thread=True, exclusive=True, exit_on_error=False)

    @on(Found)
    def _found(self, event: Found) -> None:
        self._hit = event.hit
        if event.hit is None:
            left = "" if self.wish.plain else ", nor in what the filter leaves"
            self.notify(f"Not in any of {plural(len(self.session.messages), 'message')}{left}.", timeout=3)
            return
        index, offset = event.hit
        message = self.session.messages[index]
        self.show_at(Stop(index, message.packet), MESSAGES, byte_of(message.buffer, offset))

    def find_left(self, kept: bool) -> None:
        """Enter finds, Escape leaves things as they are."""
        self.finder.close()
        self.table.focus()
        if kept:
            self.action_find_next(1)
