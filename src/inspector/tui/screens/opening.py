"""While a capture is read, and what to say when it cannot be."""

from textual.app import ComposeResult
from textual.binding import Binding

from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import Line, printable
from inspector.tui.widgets.text_pane import Bar, TextPane

METER = 40
"""Cells of the progress meter."""


def meter(what: str, done: float) -> Line:
    """What is being done and how far it is."""
    full = round(max(0.0, min(done, 1.0)) * METER)
    return [("client", " " + "━" * full), ("dim", "─" * (METER - full)), ("", f" {done:4.0%}  {printable(what)}")]


class OpeningScreen(KeyScreen):
    """Shows progress of what is done first; can be left."""

    BINDINGS = [Binding("q,escape,Q,ctrl+q", "app.quit", "quit", show=False)]  # noqa: RUF012
    CSS = "OpeningScreen { align: left middle; }"

    def __init__(self, name: str, doing: str = "opening") -> None:
        super().__init__()
        self.file = name
        self.doing = doing

    def compose(self) -> ComposeResult:
        yield Bar(id="what")
        yield Bar(id="meter")

    def on_mount(self) -> None:
        self.query_one("#what", Bar).show([("title", " inspector "), ("strong", f" {printable(self.file)}")])
        self.tell(self.doing, 0.0)

    def tell(self, what: str, done: float) -> None:
        """How far it is."""
        self.query_one("#meter", Bar).show(meter(what, done))


class FailedScreen(KeyScreen):
    """What went wrong, and what to do next; leaving it ends the program or goes back."""

    BINDINGS = [Binding("q,escape,enter,Q,ctrl+q", "leave", "leave", show=False)]  # noqa: RUF012
    CSS = "FailedScreen #text { height: 1fr; padding: 1 2; }"

    def __init__(self, text: str, exit_code: int, back: bool) -> None:
        super().__init__()
        self.text = text
        self.exit_code = exit_code
        self.goes_back = back

    def compose(self) -> ComposeResult:
        yield TextPane(id="text")
        yield Bar(id="foot")

    def on_mount(self) -> None:
        lines: list[Line] = [[("error", "! This could not be opened")], []]
        lines += [[("", printable(part))] for part in self.text.split("\n")]
        self.query_one("#text", TextPane).show(lines)
        self.query_one("#foot", Bar).show([("key", " q"), ("dim", " back" if self.goes_back else " quit")])

    def action_leave(self) -> None:
        """Back to the captures, or out."""
        if self.goes_back:
            self.app.pop_screen()
        else:
            self.app.exit(self.exit_code)
