"""The Bytes pane: digits and characters, with the field under the cursor marked."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from inspector.tui.hexdump import ROW, byte_at, row_line
from inspector.tui.text import Line
from inspector.tui.views import View
from inspector.tui.widgets.lines import Lines


class HexView(Lines):
    """Draws a View; moving in it moves a byte cursor and tells where that went."""

    @dataclass
    class Picked(Message):
        """A byte was chosen: `offset` in the buffer of `view`; `again` when it was the chosen one already."""

        view: View
        offset: int
        again: bool

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, titled=True)
        self.view: View | None = None
        self.byte = -1

    def show(self, view: View | None, keep_byte: bool = False) -> None:
        """Draw a view; the byte cursor goes to the start of what is selected unless it is to stay."""
        before, self.view = self.view, view
        if view is None:
            self.byte = -1
        elif not keep_byte:
            self.byte = view.selected[0][0] if view.selected else -1
        if before is None or view is None or before.size != view.size:
            self.resized()
        self.redraw()
        self._follow()

    def on_resize(self) -> None:
        self._follow()

    def _follow(self) -> None:
        """Have the selection in view: its start, and as much of it as fits."""
        if self.view is None:
            return
        if self.byte >= 0:
            last = max((end - 1 for start, end in self.view.selected if start <= self.byte < end), default=self.byte)
            self.reveal(min(last // ROW, self.byte // ROW + self.page - 1), 0)
            self.reveal(self.byte // ROW)
        else:
            self.scroll_row(0)

    def count(self) -> int:
        return 0 if self.view is None else (self.view.size + ROW - 1) // ROW

    def line(self, row: int, width: int) -> Line:
        assert self.view is not None
        return row_line(self.view, row, self.byte if self.has_focus else -1)

    def move(self, by: int) -> None:
        """Down by rows of bytes, or up."""
        self.go(self.byte + by * ROW)

    def move_byte(self, by: int) -> None:
        """On by bytes, or back."""
        self.go(self.byte + by)

    def move_page(self, by: int) -> None:
        """Down by pages, or up."""
        self.go(self.byte + by * ROW * self.page)

    def edge(self, by: int) -> None:
        """To the last byte, or the first."""
        if self.view is not None:
            self.go(self.view.size - 1 if by > 0 else 0)

    def go(self, offset: int) -> None:
        """Put the byte cursor somewhere, as near as there is a byte."""
        view = self.view
        if view is None or not view.size:
            return
        again = offset == self.byte
        self.byte = max(0, min(offset, view.size - 1))
        self.reveal(self.byte // ROW)
        self.redraw()
        self.post_message(self.Picked(view, self.byte, again))

    def on_click(self, event: events.Click) -> None:
        row = self.row_at(event.y)
        column = byte_at(event.x - self.MARGIN)
        if row is not None and column is not None and self.view is not None:
            offset = row * ROW + column
            if offset < self.view.size:
                self.go(offset)
