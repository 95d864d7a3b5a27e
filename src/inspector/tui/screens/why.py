"""Why did it fail? The findings, one after the other, with the bytes that prove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from inspector.tui.clipboard import save
from inspector.tui.keymap import WHY, bindings
from inspector.tui.screens.base import ReadingScreen
from inspector.tui.text import Line
from inspector.tui.why import MARK, Belief, beliefs, finding_lines, openings_lines, plain_text

if TYPE_CHECKING:
    from inspector.model.finding import Finding
    from inspector.session import Session


class WhyScreen(ReadingScreen):
    """Shows one finding at a time, those of the conversation under the cursor first; behind the last, first bytes."""

    KEYS_OF = WHY
    BINDINGS = bindings(WHY)

    class Go(Message):
        """Show these bytes in the main screen: message (a number, 0: none), packet, offset in it."""

        def __init__(self, message: int, packet: int, offset: int) -> None:
            super().__init__()
            self.message = message
            self.packet = packet
            self.offset = offset

    def __init__(self, session: Session, findings: list[Finding], flow: int, at: int = 0) -> None:
        super().__init__()
        self.session = session
        self.findings = findings
        self.flow = flow
        self.at = at
        self.proof = 0

    @property
    def finding(self) -> Finding | None:
        """The finding shown, None on the page about first bytes."""
        return self.findings[self.at] if self.at < len(self.findings) else None

    def on_resize(self, event: events.Resize) -> None:
        """The columns depend on the width."""
        super().on_resize(event)
        self.call_after_refresh(self.tell)

    def lines(self) -> list[Line]:
        """The finding shown, or the page about first bytes."""
        width = max(20, self.pane.text_room)
        finding = self.finding
        if finding is None:
            return openings_lines(self.session, self.flow, bool(self.findings), width)
        return finding_lines(self.session, finding, width, self.proof)

    def tell(self) -> None:
        """Draw the page."""
        finding = self.finding
        of = "what first bytes are, and who would read them as what"
        place = "first bytes"
        if finding is not None:
            of = "this conversation" if finding.flow == self.flow else f"conversation c{finding.flow}"
            of = of if finding.flow else "the whole capture"
            place = f"finding {self.at + 1} of {len(self.findings)}"
        self.head.show([("title", " Why?  "), ("dim", of)], [("dim", f"{place} ")])
        self.pane.show(self.lines(), keep=True)

    def action_finding(self, by: int) -> None:
        """Another finding; behind the last is the page about first bytes."""
        self._page((self.at + by) % (len(self.findings) + 1))

    def action_first_bytes(self) -> None:
        """The page about first bytes, and back to the first finding."""
        self._page(0 if self.finding is None else len(self.findings))

    def _page(self, at: int) -> None:
        self.at, self.proof = at, 0
        self.tell()
        self.pane.edge(-1)

    def _beliefs(self) -> list[Belief]:
        return beliefs(self.session, self.finding.evidence) if self.finding is not None else []

    def action_proof(self, by: int) -> None:
        """The next bytes that prove it, or the ones before."""
        found = self._beliefs()
        if found:
            self.proof = (self.proof + by) % len(found)
            self.tell()
            marked = (place for place, line in enumerate(self.lines()) if line and line[0] == MARK)
            self.pane.bring(next(marked, 0))

    def action_go(self) -> None:
        """To the bytes that the mark is at."""
        found = self._beliefs()
        if not found:
            self.notify("Nothing here points at bytes.", timeout=2)
            return
        proof = found[self.proof].proof
        self.app.pop_screen()
        self.app.screen.post_message(self.Go(proof.message or 0, proof.packet, proof.start))

    def action_copy(self) -> None:
        """Copy the page as text."""
        text = plain_text(self.lines())
        self.app.copy_to_clipboard(text)
        path = save(text)
        self.notify("This page: to the terminal's clipboard" + (f" and to {path}" if path else ""))
