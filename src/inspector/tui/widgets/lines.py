"""What every pane of ours is: lines of spans, drawn one by one, with no widget per row."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from inspector.tui.text import ROLES, Line, printable


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws `line(row)` for the rows in view only; subclasses say how many rows there are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{role}" for role in ROLES}
    HEAD = 0
    """Lines at the top that do not scroll."""

    DEFAULT_CSS = """
    Lines {
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        background: $background;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $rule;
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
        &:ansi .line--dim, &:ansi .line--label, &:ansi .line--outside { text-style: dim; }
        &:ansi .line--cursor-idle { text-style: bold underline; }
        &:ansi .line--parent { text-style: underline; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        self._looks: dict[str, Style] = {}
        super().__init__(id=id, classes=classes)

    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def line(self, row: int, width: int) -> Line:
        """The spans of a row; shorter ones are filled up, longer ones cut."""
        raise NotImplementedError

    def head(self, width: int) -> Line:
        """The line that does not scroll, when HEAD is 1."""
        return []

    @property
    def room(self) -> int:
        """Cells in a row, the scrollbar's left out."""
        return max(1, self.scrollable_content_region.width)

    @property
    def page(self) -> int:
        """Rows in view."""
        return max(1, self.size.height - self.HEAD)

    @property
    def top(self) -> int:
        """The first row in view."""
        return int(self.scroll_offset.y)

    def resized(self) -> None:
        """The number of rows changed: scroll within the new range and draw again."""
        self.virtual_size = Size(1, self.count() + self.HEAD)
        self.refresh()

    def reveal(self, row: int, context: int = 1) -> None:
        """Scroll as little as needed to have `row` in view, with `context` rows around it where there is room."""
        context = min(context, (self.page - 1) // 2)
        if row - context < self.top:
            self.scroll_row(row - context)
        elif row + context >= self.top + self.page:
            self.scroll_row(row + context - self.page + 1)

    def scroll_row(self, row: int) -> None:
        """Make `row` the first in view, as far as the end allows."""
        last = max(0, self.count() - self.page)
        self.scroll_to(y=max(0, min(row, last)), animate=False, immediate=True, force=True)

    def refresh_row(self, row: int) -> None:
        """Draw one row again."""
        y = row - self.top + self.HEAD
        if self.HEAD <= y < self.size.height:
            self.refresh_line(y + self.top)

    def render_line(self, y: int) -> Strip:
        width = self.room
        if y < self.HEAD:
            return self.strip(self.head(width), width)
        row = self.top + y - self.HEAD
        if row >= self.count():
            return Strip.blank(width, self.rich_style)
        return self.strip(self.line(row, width), width)

    def strip(self, line: Line, width: int) -> Strip:
        """Spans to segments of exactly `width` cells; a role that starts the line with "cursor" covers all of it."""
        base = self.rich_style
        whole = line[0][0] if line and line[0][0] in {"cursor", "cursor-idle"} else ""
        if whole:
            style = base + self.role(whole)
            segments = [Segment(printable(text), style) for _, text in line]
            return Strip(segments).adjust_cell_length(width, style)
        segments = [Segment(printable(text), base + self.role(role) if role else base) for role, text in line if text]
        return Strip(segments).adjust_cell_length(width, base)

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
        self._looks.clear()

    def row_at(self, y: int) -> int | None:
        """The row drawn at line `y` of this widget, None when there is none."""
        row = self.top + y - self.HEAD
        return row if y >= self.HEAD and row < self.count() else None
