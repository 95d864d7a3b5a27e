"""Why did it fail? The findings, one after the other, with the bytes that prove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.message import Message

from inspector.tui.clipboard import save
from inspector.tui.keymap import WHY, bindings
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import Line
from inspector.tui.why import finding_lines, plain_text
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane

if TYPE_CHECKING:
    from inspector.model.finding import Finding
    from inspector.session import Session


class WhyScreen(KeyScreen):
    """Shows one finding at a time; those of the conversation under the cursor come first."""

    KEYS_OF = WHY
    BINDINGS = bindings(WHY)
    CSS = """
    WhyScreen #text { height: 1fr; padding: 1 1; }
    WhyScreen #head, WhyScreen #foot { background: $panel; }
    """

    class Go(Message):
        """Show these bytes in the main screen: message (a number, 0: none), packet, offset in it."""

        def __init__(self, message: int, packet: int, offset: int) -> None:
            super().__init__()
            self.message = message
            self.packet = packet
            self.offset = offset

    def __init__(self, session: Session, findings: list[Finding], flow: int) -> None:
        super().__init__()
        self.session = session
        self.findings = findings
        self.flow = flow
        self.at = 0

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head")
        yield TextPane(id="text", classes="panes")
        yield KeyBar(WHY)

    def on_mount(self) -> None:
        self.pane = self.query_one("#text", TextPane)
        self.tell()

    def on_resize(self, event: events.Resize) -> None:
        """The columns depend on the width."""
        super().on_resize(event)
        self.call_after_refresh(self.tell)

    def lines(self) -> list[Line]:
        """The finding shown."""
        width = max(20, self.pane.room)
        return finding_lines(self.session, self.findings[self.at], self.at + 1, len(self.findings), width)

    def tell(self) -> None:
        """Draw the finding."""
        finding = self.findings[self.at]
        of = "this conversation" if finding.flow == self.flow else f"conversation c{finding.flow}"
        self.query_one("#head", Bar).show(
            [("title", " Why?  "), ("dim", of)], [("dim", f"{self.at + 1}/{len(self.findings)} ")]
        )
        self.pane.show(self.lines())

    def action_finding(self, by: int) -> None:
        """Another finding."""
        self.at = (self.at + by) % len(self.findings)
        self.tell()

    def action_go(self) -> None:
        """To the first bytes that prove it."""
        evidence = self.findings[self.at].evidence
        if not evidence:
            self.notify("This finding points at no bytes.", timeout=2)
            return
        first = evidence[0]
        self.app.pop_screen()
        self.app.screen.post_message(self.Go(first.message or 0, first.packet, first.start))

    def action_copy(self) -> None:
        """Copy the finding as text."""
        text = plain_text(self.lines())
        self.app.copy_to_clipboard(text)
        path = save(text)
        self.notify("The finding: to the terminal's clipboard" + (f" and to {path}" if path else ""))

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self.pane.move(by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.pane.move_page(by)

    def action_edge(self, by: int) -> None:
        """Scroll to an end."""
        self.pane.edge(by)
