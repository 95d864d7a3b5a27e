"""A table that draws only the rows in view: a million rows open at once."""

from dataclasses import dataclass
from typing import Protocol

from textual import events
from textual.message import Message

from inspector.tui.text import Line, fit
from inspector.tui.widgets.lines import Lines


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in cells, for the one column with `grow` the least; a higher `drop` goes first where it is narrow."""

    title: str
    width: int
    right: bool = False
    drop: int = 0
    grow: bool = False


class Rows(Protocol):
    """What a table shows."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, from left to right."""
        ...

    def __len__(self) -> int: ...

    def cells(self, row: int) -> Line:
        """One span per column."""
        ...


def arrange(columns: tuple[Column, ...], width: int) -> list[tuple[int, int]]:
    """Which columns fit in `width` cells, as (index, cells): columns are dropped before any is cut."""
    kept = list(range(len(columns)))

    def needed() -> int:
        return sum(columns[i].width + 1 for i in kept) - 1

    for i in sorted((i for i in kept if columns[i].drop), key=lambda i: -columns[i].drop):
        if needed() <= width:
            break
        kept.remove(i)
    spare = max(0, width - needed())
    return [(i, columns[i].width + (spare if columns[i].grow else 0)) for i in kept]


class VirtualTable(Lines):
    """Rows of cells with a cursor; the rows come from a `Rows`, made when drawn."""

    HEAD = 1

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        row: int

    @dataclass
    class Opened(Message):
        """Enter, or a second click, on a row."""

        row: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, titled=True)
        self.rows: Rows | None = None
        self.cursor = 0
        self._places: list[tuple[int, int]] = []

    def show(self, rows: Rows, cursor: int) -> None:
        """Show other rows, with the cursor on one of them."""
        self.rows = rows
        self.cursor = max(0, min(cursor, len(rows) - 1))
        self._places = arrange(rows.columns, self.room)
        self.resized()
        self.reveal(self.cursor)

    def on_resize(self) -> None:
        if self.rows is not None:
            self._places = arrange(self.rows.columns, self.room)
            self.reveal(self.cursor)

    def count(self) -> int:
        return 0 if self.rows is None else len(self.rows)

    def head(self, width: int) -> Line:
        if self.rows is None:
            return []
        columns = self.rows.columns
        return [("dim", fit(columns[i].title, cells, columns[i].right) + " ") for i, cells in self._places]

    def line(self, row: int, width: int) -> Line:
        assert self.rows is not None
        columns = self.rows.columns
        cells = self.rows.cells(row)
        spans = [(cells[i][0], fit(cells[i][1], room, columns[i].right) + " ") for i, room in self._places]
        if row == self.cursor:
            spans.insert(0, ("cursor" if self.has_focus else "cursor-idle", ""))
        return spans

    def move_to(self, row: int, quiet: bool = False) -> None:
        """Put the cursor on a row, as near as there is one; `quiet` tells nobody."""
        row = max(0, min(row, self.count() - 1))
        if row == self.cursor or not self.count():
            return
        self.cursor = row
        self.reveal(row)
        self.redraw()
        if not quiet:
            self.post_message(self.Moved(row))

    def move(self, by: int) -> None:
        """Down by rows, or up."""
        self.move_to(self.cursor + by)

    def move_page(self, by: int) -> None:
        """Down by pages, or up."""
        self.move_to(self.cursor + by * self.page)

    def edge(self, by: int) -> None:
        """To the last row, or the first."""
        self.move_to(self.count() - 1 if by > 0 else 0)

    def on_click(self, event: events.Click) -> None:
        row = self.row_at(event.y)
        if row is None:
            return
        if row == self.cursor and event.chain > 1:
            self.post_message(self.Opened(row))
        self.move_to(row)
