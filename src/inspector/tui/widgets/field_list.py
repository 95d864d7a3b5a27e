"""The Layers pane: all layers of a message as a tree that folds, drawn from a flat list."""

from bisect import bisect_left
from dataclasses import dataclass

from textual import events
from textual.message import Message

from inspector.engine.cursor import NOWHERE, Outline
from inspector.tui.fields import Naming, field_line
from inspector.tui.text import Line
from inspector.tui.widgets.lines import Lines


class FieldList(Lines):
    """Shows an Outline. The cursor is an outline index; fields above it are unfolded when it moves into them."""

    @dataclass
    class Moved(Message):
        """The cursor is on another field."""

        index: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, titled=True)
        self.outline = Outline()
        self.naming: Naming | None = None
        self.cursor = 0
        self.home = 0
        self._open: set[int] = set()
        self._shown: list[int] = []

    def show(self, outline: Outline, home: int, cursor: int, naming: Naming) -> None:
        """Show the layers of another message; `home` is its own layer, unfolded from the start."""
        self.outline, self.home, self.naming = outline, home, naming
        self._open = self._unfolded(home)
        self.cursor = cursor
        self._unfold_above(cursor)
        self._list()
        self.scroll_row(self._row(home) - 3 if self._row(cursor) - self._row(home) + 4 < self.page else 0)
        self.reveal(self._row(cursor))

    def _unfolded(self, home: int) -> set[int]:
        """What is unfolded from the start: all of the message where that fits, else its first level."""
        after = self.outline.nodes[home].after if len(self.outline) else 0
        deep = after - home + len(self.outline.layers) <= self.page
        return {i for i in range(home, after) if deep or self.outline.nodes[i].depth == 0}

    def _list(self) -> None:
        """Find out which lines are drawn."""
        nodes = self.outline.nodes
        self._shown = []
        index = 0
        while index < len(nodes):
            self._shown.append(index)
            index = index + 1 if index in self._open else nodes[index].after
        self.resized()

    def _row(self, index: int) -> int:
        return bisect_left(self._shown, index)

    def _unfold_above(self, index: int) -> bool:
        changed = False
        above = self.outline.nodes[index].parent if len(self.outline) else NOWHERE
        while above != NOWHERE:
            changed = changed or above not in self._open
            self._open.add(above)
            above = self.outline.nodes[above].parent
        return changed

    def count(self) -> int:
        return len(self._shown)

    def line(self, row: int, width: int) -> Line:
        index = self._shown[row]
        assert self.naming is not None
        foldable = self.outline.nodes[index].after > index + 1
        spans = field_line(self.outline, index, self.naming, width, (index in self._open) if foldable else None)
        if index == self.cursor:
            spans.insert(0, ("cursor" if self.has_focus else "cursor-idle", ""))
        return spans

    def go(self, index: int, quiet: bool = False) -> None:
        """Put the cursor on a field, unfolding what is above it; `quiet` tells nobody."""
        if index == NOWHERE or index >= len(self.outline):
            return
        before, self.cursor = self.cursor, index
        if self._unfold_above(index):
            self._list()
        self.reveal(self._row(index), 2)
        self.redraw()
        if not quiet and before != index:
            self.post_message(self.Moved(index))

    def move(self, by: int) -> None:
        """Down by lines, or up."""
        if self._shown:
            row = max(0, min(self._row(self.cursor) + by, len(self._shown) - 1))
            self.go(self._shown[row])

    def move_page(self, by: int) -> None:
        """Down by pages, or up."""
        self.move(by * self.page)

    def edge(self, by: int) -> None:
        """To the last line, or the first."""
        self.move(by * len(self._shown))

    def toggle(self) -> None:
        """Fold or unfold the field under the cursor."""
        if self.cursor in self._open:
            self._open.discard(self.cursor)
        elif self.outline.first_child(self.cursor) != NOWHERE:
            self._open.add(self.cursor)
        else:
            return
        self._list()
        self.reveal(self._row(self.cursor))

    def toggle_all(self) -> None:
        """Unfold everything, or fold all but the message's own layer."""
        everything = {i for i in range(len(self.outline)) if self.outline.first_child(i) != NOWHERE}
        self._open = everything if everything - self._open else {self.home}
        self._unfold_above(self.cursor)
        self._list()
        self.reveal(self._row(self.cursor))

    def on_click(self, event: events.Click) -> None:
        row = self.row_at(event.y)
        if row is None:
            return
        index = self._shown[row]
        fold = event.x <= self.outline.nodes[index].depth * 2 + 1 + self.MARGIN
        again = index == self.cursor
        self.go(index)
        if fold or (again and event.chain > 1):
            self.toggle()
