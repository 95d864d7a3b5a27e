"""Wrapped text that scrolls, and one-line bars."""

from inspector.tui.text import Line, clip, width_of, wrap
from inspector.tui.widgets.lines import Lines


class TextPane(Lines):
    """Lines wrapped to the width there is."""

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
        titled: bool = False,
        scrolls: bool = True,
    ) -> None:
        super().__init__(id=id, classes=classes, titled=titled, scrolls=scrolls)
        self.text: list[Line] = []
        self._wrapped: list[Line] = []
        self._starts: list[int] = []

    def show(self, lines: list[Line], keep: bool = False) -> None:
        """Show other text, from its start unless it is to `keep` its place."""
        self.text = lines
        self._wrap()
        if not keep:
            self.scroll_row(0)

    def on_resize(self) -> None:
        self._wrap()

    def _wrap(self) -> None:
        self._wrapped = []
        self._starts = []
        for line in self.text:
            self._starts.append(len(self._wrapped))
            self._wrapped += wrap(line, self.text_room)
        self.resized()

    @property
    def text_room(self) -> int:
        """Cells in a line; one is left free before the scroll mark."""
        return max(1, self.room - self._scrolls)

    def go_to(self, line: int) -> None:
        """Have an unwrapped line at the top."""
        if line < len(self._starts):
            self.scroll_row(self._starts[line])

    def bring(self, line: int) -> None:
        """Have an unwrapped line in view, with what follows it rather than at the bottom."""
        if line < len(self._starts):
            self.reveal(self._starts[line], self.page // 3)

    def count(self) -> int:
        return len(self._wrapped)

    def line(self, row: int, width: int) -> Line:
        return self._wrapped[row]

    def move(self, by: int) -> None:
        """Scroll down by lines, or up."""
        self.scroll_row(self.top + by)

    def move_page(self, by: int) -> None:
        """Scroll down by pages, or up."""
        self.scroll_row(self.top + by * max(1, self.page - 1))

    def edge(self, by: int) -> None:
        """To the end, or the start."""
        self.scroll_row(self.count() if by > 0 else 0)


class Bar(Lines, can_focus=False):
    """One line, with a part at its right end."""

    MARGIN = 0

    DEFAULT_CSS = """
    Bar { height: 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes, scrolls=False)
        self.left: Line = []
        self.right: Line = []

    def show(self, left: Line, right: Line | None = None) -> None:
        """Show other text."""
        right = right or []
        if (left, right) != (self.left, self.right):
            self.left, self.right = left, right
            self.redraw()

    def count(self) -> int:
        return 1

    def line(self, row: int, width: int) -> Line:
        return spread(self.left, self.right, width)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left`, space, `right`; when there is too little room the left part is cut."""
    room = width - width_of(right) - 1
    if room < 8:
        return left
    kept: Line = []
    for role, text in left:
        if room <= 0:
            break
        piece = clip(text, room)
        kept.append((role, piece))
        room -= width_of([(role, piece)])
    return [*kept, ("", " " * (room + 1)), *right]
