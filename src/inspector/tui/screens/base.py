"""What our screens share: keys out of the table, and a hint where the terminal is too small."""

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from inspector.tui.text import Line
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane

LEAST = (60, 15)
"""Columns and rows below which panes make no sense."""


def too_small(width: int, height: int) -> bool:
    """Whether a terminal has no room for panes."""
    return width < LEAST[0] or height < LEAST[1]


class KeyScreen(Screen[None], inherit_bindings=False):
    """A screen whose bindings come from the key table entry `KEYS_OF`."""

    KEYS_OF = ""
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (190, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    DEFAULT_CSS = """
    KeyScreen { background: $background; layers: base hint; &:ansi { background: ansi_default; } }
    KeyScreen #small { display: none; layer: hint; height: 1; width: 1fr; }
    KeyScreen.-small #small { display: block; }
    KeyScreen.-small > .panes { display: none; }
    """

    def on_resize(self, event: events.Resize) -> None:
        """Panes, or the hint that there is no room for them."""
        small = too_small(event.size.width, event.size.height)
        self.set_class(small, "-small")
        for bar in self.query("#small").results(Bar):
            bar.show(hint(event.size.width, event.size.height))

    def action_help(self) -> None:
        """The keys of this screen."""
        from inspector.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.KEYS_OF))

    def action_back(self) -> None:
        """Back to the screen before."""
        self.app.pop_screen()


class ReadingScreen(KeyScreen):
    """A head, a text that scrolls, and the keys."""

    DEFAULT_CSS = """
    ReadingScreen #text { height: 1fr; padding: 1 1; }
    ReadingScreen #head, ReadingScreen #foot { background: $panel; }
    """

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head")
        yield TextPane(id="text", classes="panes")
        yield KeyBar(self.KEYS_OF)

    def on_mount(self) -> None:
        self.head = self.query_one("#head", Bar)
        self.pane = self.query_one("#text", TextPane)
        self.tell()

    def tell(self) -> None:
        """Draw head and text."""
        raise NotImplementedError

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self.pane.move(by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.pane.move_page(by)

    def action_edge(self, by: int) -> None:
        """Scroll to an end."""
        self.pane.edge(by)


def hint(width: int, height: int) -> Line:
    """What to say where nothing else fits."""
    return [("warning", f"The terminal is {width}x{height}; {LEAST[0]}x{LEAST[1]} needed. q quits.")]
