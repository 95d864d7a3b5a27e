"""What every pane of ours is: lines of spans, drawn one by one, with no widget per row."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from inspector.tui.text import ROLES, Line, printable, width_of

WHEEL = 3
"""Rows that a notch of the mouse wheel scrolls."""


class Lines(Widget, can_focus=True, inherit_bindings=False):
    """Draws `line(row)` for the rows in view only; subclasses say how many rows there are.

    It scrolls by itself, without a layout of the screen for every change of its number of rows.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{role}" for role in ROLES}
    HEAD = 0
    """Lines at the top that do not scroll, besides the title."""
    MARGIN = 1
    """Cells left free at the left of every row."""

    DEFAULT_CSS = """
    Lines {
        background: $background;
        &:ansi { background: ansi_default; }
        & .line--title { text-style: bold; color: $client; }
        & .line--strong { text-style: bold; }
        & .line--dim { color: $quiet; }
        & .line--label { color: $quiet; }
        & .line--value { color: $reading; }
        & .line--client { color: $client; }
        & .line--server { color: $server; }
        & .line--error { color: $failure; text-style: bold; }
        & .line--warning { color: $caution; text-style: bold; }
        & .line--note { color: $remark; }
        & .line--reference { color: $quiet; text-style: italic; }
        & .line--key { text-style: bold; color: $client; }
        & .line--cursor { color: $accent; text-style: reverse bold; }
        & .line--cursor-idle { background: $mark; text-style: bold; }
        & .line--selected { text-style: reverse bold; }
        & .line--byte { text-style: reverse bold underline; color: $foreground; }
        & .line--parent { background: $around; }
        & .line--gap { color: $caution; text-style: italic; }
        & .line--hole { color: $failure; text-style: bold; }
        & .line--outside { color: $faint; }
        & .line--print { color: $foreground; }
        & .line--rule { color: $rule; }
        & .line--rule-focus { color: $accent; text-style: bold; }
        & .line--pane { color: $quiet; }
        & .line--shown { color: $foreground; text-style: bold; }
        &:ansi .line--dim, &:ansi .line--label, &:ansi .line--outside { text-style: dim; }
        &:ansi .line--cursor-idle { text-style: bold underline; }
        &:ansi .line--parent { text-style: underline; }
    }
    """

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
        titled: bool = False,
        scrolls: bool = True,
    ) -> None:
        self.title: Line = []
        self.top = 0
        self.fixed = self.HEAD + titled
        self._titled = titled
        self._scrolls = scrolls
        self._base: Style | None = None
        self._looks: dict[str, Style] = {}
        self._drawn: dict[int, tuple[Line, bool]] = {}
        self._made: tuple[Size, dict[int, tuple[Line, bool]]] = (Size(0, 0), {})
        super().__init__(id=id, classes=classes)

    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def line(self, row: int, width: int) -> Line:
        """The spans of a row; shorter ones are filled up, longer ones cut."""
        raise NotImplementedError

    def head(self, width: int) -> Line:
        """The line under the title that does not scroll, when HEAD is 1."""
        return []

    def set_title(self, title: Line) -> None:
        """Name the pane in the rule above it."""
        if title != self.title:
            self.title = title
            self.redraw()

    @property
    def room(self) -> int:
        """Cells in a row, without the scroll mark and the margin."""
        return max(1, self.size.width - self.MARGIN - self._scrolls)

    @property
    def page(self) -> int:
        """Rows in view."""
        return max(1, self.size.height - self.fixed)

    def resized(self) -> None:
        """The number of rows changed: scroll within the new range and draw again."""
        self.top = max(0, min(self.top, self.count() - self.page))
        self.redraw()

    def reveal(self, row: int, context: int = 1) -> None:
        """Scroll as little as needed to have `row` in view, with `context` rows around it where there is room."""
        context = min(context, (self.page - 1) // 2)
        if row - context < self.top:
            self.scroll_row(row - context)
        elif row + context >= self.top + self.page:
            self.scroll_row(row + context - self.page + 1)

    def scroll_row(self, row: int) -> None:
        """Make `row` the first in view, as far as the end allows."""
        top = max(0, min(row, self.count() - self.page))
        if top != self.top:
            self.top = top
            self.redraw()

    def redraw(self) -> None:
        """Draw again the lines that changed, and no other."""
        size = self.size
        self._made = (size, {})
        for y in range(size.height):
            content = self._content(y)
            if self._drawn.get(y) != content:
                self._made[1][y] = content
                self.refresh(Region(0, y, size.width, 1))

    def render_line(self, y: int) -> Strip:
        size, made = self._made
        # made for another size, it does not fit
        content = made.pop(y, None) if size == self.size else None
        line, mark = self._drawn[y] = content or self._content(y)
        if self._titled and y == 0:
            return self.strip(line, self.size.width)
        strip = self.strip(line, self.room)
        segments = [Segment(" " * self.MARGIN, self.base), *strip] if self.MARGIN else [*strip]
        if self._scrolls:
            segments.append(Segment("┃" if mark else " ", self.base + self.role("dim")))
        return Strip(segments)

    def _content(self, y: int) -> tuple[Line, bool]:
        """The spans of a line of the widget, and whether the scroll mark is beside it."""
        if self._titled and y == 0:
            return self._rule(), False
        if y < self.fixed:
            return self.head(self.room), False
        row = self.top + y - self.fixed
        return self.line(row, self.room) if row < self.count() else [], self._marked(y - self.fixed)

    def _marked(self, y: int) -> bool:
        count, page = self.count(), self.page
        if not self._scrolls or count <= page:
            return False
        length = max(1, page * page // count)
        start = self.top * (page - length) // (count - page)
        return start <= y < start + length

    def _rule(self) -> Line:
        role, dash = ("rule-focus", "━") if self.has_focus else ("rule", "─")
        width = self.size.width
        spans: Line = [(role, dash)]
        for name, text in self.title:
            spans.append((f"{role} {name}" if name else role, text))
        return [*spans, (role, dash * max(0, width - width_of(spans)))]

    def strip(self, line: Line, width: int) -> Strip:
        """Spans to segments of exactly `width` cells; a role that starts the line with "cursor" covers all of it."""
        base = self.base
        if line and line[0][0] in {"cursor", "cursor-idle"}:
            base += self.role(line[0][0])
            segments = [Segment(printable(text), base) for _, text in line]
        else:
            segments = [
                Segment(printable(text), base + self.role(role) if role else base) for role, text in line if text
            ]
        return Strip(segments).adjust_cell_length(width, base)

    @property
    def base(self) -> Style:
        """How plain text looks here."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def role(self, role: str) -> Style:
        """How a role looks in the current theme; "a b" puts b over a."""
        style = self._looks.get(role)
        if style is None:
            style = Style.null()
            for part in role.split(" "):
                style += self.get_component_rich_style(f"line--{part}", partial=True)
            self._looks[role] = style
        return style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._base = None
        self._looks.clear()

    def on_resize(self) -> None:
        """What was drawn before a widget heard of its new size does not fit; subclasses hear of it first."""
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_row(self.top + WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_row(self.top - WHEEL)

    def row_at(self, y: int) -> int | None:
        """The row drawn at line `y` of this widget, None when there is none."""
        row = self.top + y - self.fixed
        return row if y >= self.fixed and row < self.count() else None
