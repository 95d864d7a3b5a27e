"""Read a conversation, or all of one port, as a protocol of the user's choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from inspector.tui.keymap import DECODE, bindings
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import Line
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar
from inspector.tui.widgets.virtual_table import Column, VirtualTable

if TYPE_CHECKING:
    from inspector.protocols.base import Protocol
    from inspector.session import Session


class ProtocolRows:
    """What a conversation can be read as."""

    columns = (Column("protocol", 12), Column("name", 30, grow=True), Column("usual ports", 24, drop=1))

    def __init__(self, found: list[Protocol]) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found) + 1

    def name(self, row: int) -> str:
        """The protocol of a row, "" for detection."""
        return self.found[row - 1].name if row else ""

    def cells(self, row: int) -> Line:
        if not row:
            return [("client", "detect"), ("", "let the bytes decide"), ("", "")]
        protocol = self.found[row - 1]
        return [("client", protocol.name), ("", protocol.title), ("dim", " ".join(map(str, protocol.ports)))]


class DecodeScreen(KeyScreen):
    """A list of protocols; the choice is for this conversation, or for all on its server's port."""

    KEYS_OF = DECODE
    BINDINGS = bindings(DECODE)
    CSS = """
    DecodeScreen #list { height: 1fr; }
    DecodeScreen #head, DecodeScreen #foot { background: $panel; }
    """

    @dataclass
    class Chosen(Message):
        """Read what `selector` names as `protocol` ("": back to detection), then show conversation `flow`."""

        session: Session
        selector: str
        protocol: str
        flow: int

    def __init__(self, session: Session, flow: int) -> None:
        super().__init__()
        self.session = session
        self.flow = flow

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head")
        yield VirtualTable(id="list")
        yield KeyBar(DECODE)

    def on_mount(self) -> None:
        from inspector.engine.detect import protocols

        flow = self.session.flows[self.flow - 1]
        self.query_one("#head", Bar).show([("title", " Decode as  "), ("", f"c{flow.number} to {flow.server}")])
        self.table = self.query_one("#list", VirtualTable)
        self.rows = ProtocolRows(sorted(protocols().values(), key=lambda each: each.name))
        self.table.set_title([("pane", "Protocols ")])
        self.table.show(self.rows, 0)
        self.table.focus()

    @on(VirtualTable.Opened)
    def _opened(self) -> None:
        self.action_choose("flow")

    def action_choose(self, scope: str) -> None:
        """Take the protocol under the cursor."""
        flow = self.session.flows[self.flow - 1]
        selector = f"flow {flow.number}" if scope == "flow" else f"port {flow.server.port}"
        self.post_message(self.Chosen(self.session, selector, self.rows.name(self.table.cursor), self.flow))

    def action_move(self, by: int) -> None:
        """Move in the list."""
        self.table.move(by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.table.move_page(by)

    def action_edge(self, by: int) -> None:
        """Move to an end."""
        self.table.edge(by)
