"""Slow work done beside the thread that draws: explaining a message, gathering the digest, filtering.

Workers never touch a widget; they post what they found, and of one kind at most one runs at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, WorkerState, get_current_worker

from inspector.tui.digest import Digest, diagnose, gather
from inspector.tui.filtering import Choice, Wish, choose
from inspector.tui.study import Stop, Study, Verdicts, study

if TYPE_CHECKING:
    from inspector.query import Filter
    from inspector.session import Session


class Desk(Widget):
    """Takes requests from a screen and answers with messages; the last request of a kind wins."""

    DEFAULT_CSS = "Desk { display: none; }"

    @dataclass
    class Studied(Message):
        """A message is explained."""

        study: Study

    @dataclass
    class Gathered(Message):
        """The digest of the whole capture."""

        digest: Digest

    @dataclass
    class Chosen(Message):
        """What a wish leaves in the lists."""

        choice: Choice
        wish: Wish

    @dataclass
    class Failed(Message):
        """Something went wrong in a worker; a bug, told without stopping the program."""

        work: str
        text: str

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.session_lock = Lock()
        self._wanted: Stop | None = None
        self.busy = False
        self.verdicts: Verdicts = {}

    def ask(self, stop: Stop) -> None:
        """Explain a row; while one is being explained, only the last asked for is remembered."""
        self._wanted = stop
        if not self.busy:
            self._next()

    def forget(self) -> None:
        """Nobody waits for the last one asked for any more."""
        self._wanted = None

    def _next(self) -> None:
        if self._wanted is None:
            return
        stop, self._wanted = self._wanted, None
        self.busy = True
        self.run_worker(lambda: self._study(stop), "study", "study", thread=True, exit_on_error=False)

    def _study(self, stop: Stop) -> None:
        with self.session_lock:
            found = study(self.session, stop, self.verdicts)
        self.post_message(self.Studied(found))

    def gather(self) -> None:
        """Look at the whole capture once."""
        self.run_worker(self._gather, "diagnosis", "diagnosis", thread=True, exit_on_error=False)

    def _gather(self) -> None:
        digest = gather(self.session)
        self.post_message(self.Gathered(digest))
        self.post_message(self.Gathered(diagnose(self.session, digest)))

    def choose(self, digest: Digest, wish: Wish, wanted: Filter | None) -> None:
        """Find the rows that a wish leaves; an earlier wish is dropped."""
        self.run_worker(
            lambda: self._choose(digest, wish, wanted),
            "choose",
            "choose",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def _choose(self, digest: Digest, wish: Wish, wanted: Filter | None) -> None:
        worker = get_current_worker()
        choice = choose(self.session, digest, wish, wanted, self.session_lock, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            self.post_message(self.Chosen(choice, wish))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Take the next request; tell of what broke."""
        event.stop()
        if event.state == WorkerState.ERROR:
            error = event.worker.error
            what = f"{type(error).__name__}: {error}"
            self.post_message(self.Failed(event.worker.name, f"! {event.worker.name} failed, a bug: {what}"))
        if event.worker.name == "study" and event.state in {
            WorkerState.SUCCESS,
            WorkerState.ERROR,
            WorkerState.CANCELLED,
        }:
            self.busy = False
            self._next()
