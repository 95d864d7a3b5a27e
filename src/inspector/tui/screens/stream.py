"""One conversation, both directions, in the order the bytes were sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from inspector.model.sides import CLIENT, SERVER
from inspector.tui.following import stream_lines
from inspector.tui.keymap import STREAM, bindings
from inspector.tui.narrative import flow_text
from inspector.tui.screens.base import ReadingScreen
from inspector.tui.text import Line

if TYPE_CHECKING:
    from inspector.session import Session

DIRECTIONS = (((CLIENT, SERVER), "both directions"), ((CLIENT,), "client only"), ((SERVER,), "server only"))


class StreamScreen(ReadingScreen):
    """Scrolls through what both sides said."""

    KEYS_OF = STREAM
    BINDINGS = bindings(STREAM)
    CSS = "StreamScreen #text { padding: 0; }"

    @dataclass
    class Made(Message):
        """The lines are there."""

        lines: list[Line]

    def __init__(self, session: Session, flow: int) -> None:
        super().__init__()
        self.session = session
        self.flow = flow
        self.as_hex = False
        self.direction = 0

    def tell(self) -> None:
        """Draw the head and ask for the lines."""
        flow = self.session.flows[self.flow - 1]
        how = f"{DIRECTIONS[self.direction][1]} · {'hex' if self.as_hex else 'text'} "
        self.head.show([("title", " Stream  "), ("dim", flow_text(self.session, flow))], [("", how)])
        self.make()

    @work(thread=True, exclusive=True)
    def make(self) -> None:
        """Read the bytes beside the thread that draws."""
        self.post_message(self.Made(stream_lines(self.session, self.flow, DIRECTIONS[self.direction][0], self.as_hex)))

    @on(Made)
    def _made(self, event: Made) -> None:
        nothing: list[Line] = [[("dim", "Nothing was sent in this direction.")]]
        self.pane.show(event.lines or nothing)

    def action_view(self) -> None:
        """Text or hex."""
        self.as_hex = not self.as_hex
        self.tell()

    def action_side(self) -> None:
        """Both directions, or one."""
        self.direction = (self.direction + 1) % len(DIRECTIONS)
        self.tell()
