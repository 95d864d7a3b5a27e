"""Read a message as every protocol there is, beside what it is; then, if wanted, its conversation, port or file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.worker import get_current_worker

from inspector.diagnosis.first_bytes import LOOKED_AT
from inspector.engine.cursor import Outline
from inspector.tui.fields import Naming
from inspector.tui.keymap import DECODE, bindings
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import Line, plural, printable
from inspector.tui.trying import opening_lines, reached, reader_lines
from inspector.tui.widgets.field_list import FieldList
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import Column, VirtualTable

if TYPE_CHECKING:
    from threading import Lock

    from inspector.engine.attempt import Attempt
    from inspector.model.buffer import Buffer
    from inspector.model.field import Field
    from inspector.model.message import Message as Row
    from inspector.protocols.base import Protocol
    from inspector.session import Session

MOST_TRIED = 65_536
"""Bytes of a message that are tried: enough to see what a protocol makes of it, soon done for all protocols."""
MOST_LISTED = 50
"""Messages of an attempt whose trees are drawn."""
PANES = ("list", "own", "other", "text")


class ProtocolRows:
    """What a message can be read as, and how far each protocol gets with it."""

    columns = (
        Column("", 1),
        Column("protocol", 15),
        Column("name", 23, drop=2),
        Column("reads", 16, right=True),
        Column("then", 24, grow=True),
        Column("usual ports", 20, drop=1),
    )

    def __init__(self, found: list[Protocol], tried: dict[str, Attempt], own: str) -> None:
        self.found = found
        self.tried = tried
        self.own = own

    def __len__(self) -> int:
        return len(self.found) + 1

    def name(self, row: int) -> str:
        """The protocol of a row, "" for detection."""
        return self.found[row - 1].name if row else ""

    def cells(self, row: int) -> Line:
        if not row:
            return [("", ""), ("client", "detect"), ("", "let the bytes decide"), ("", ""), ("", ""), ("", "")]
        protocol = self.found[row - 1]
        done = self.tried.get(protocol.name)
        mine = ("title", "●") if protocol.name == self.own else ("", " ")
        far = "" if done is None else f"{done.explained:,} of {done.size:,} B"
        whole = done is not None and done.explained == done.size and not done.stop
        return [
            mine,
            ("client", protocol.name),
            ("", protocol.title),
            ("value" if whole else "", far),
            ("dim", "" if done is None else printable(done.stop)),
            ("dim", " ".join(map(str, protocol.ports))),
        ]


class DecodeScreen(KeyScreen):
    """A list of protocols, and under it the message as it is and as the protocol under the cursor has it."""

    KEYS_OF = DECODE
    BINDINGS = bindings(DECODE)
    CSS_PATH = "decode.tcss"

    @dataclass
    class Chosen(Message):
        """Read what `selector` names as `protocol` ("": back to detection), then show `packet` of that `flow`."""

        session: Session
        selector: str
        protocol: str
        flow: int
        packet: int

    @dataclass
    class Explained(Message):
        """The message as it is."""

        tree: Field
        buffer: Buffer

    @dataclass
    class Tried(Message):
        """The message was read as one more protocol."""

        done: Attempt

    @dataclass
    class Failed(Message):
        """A decoder broke on bytes that are not its own; a bug, told without stopping the program."""

        text: str

    def __init__(self, session: Session, flow: int, message: Row | None, lock: Lock) -> None:
        super().__init__()
        self.session = session
        self.flow = flow
        self.message = message
        self.session_lock = lock
        self.naming = Naming(session.guide)
        self.tried: dict[str, Attempt] = {}
        self.opening = b""
        if message is not None:
            self.opening = message.buffer.read(message.start, min(message.end, message.start + LOOKED_AT))

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head")
        with Container(id="panes", classes="panes"):
            yield VirtualTable(id="list")
            with Container(id="trees"):
                yield FieldList(id="own")
                yield FieldList(id="other")
            yield TextPane(id="text", titled=True)
        yield KeyBar(DECODE)

    def on_mount(self) -> None:
        from inspector.engine.detect import protocols

        flow = self.session.flows[self.flow - 1]
        message = self.message
        what = "" if message is None else f" · message {message.number}: {printable(message.summary)}"
        self.query_one("#head", Bar).show([("title", " Decode as  "), ("", f"c{flow.number} to {flow.server}{what}")])
        self.table = self.query_one("#list", VirtualTable)
        self.own = self.query_one("#own", FieldList)
        self.other = self.query_one("#other", FieldList)
        self.text = self.query_one("#text", TextPane)
        self.text.set_title([("pane", "How far that gets ")])
        own = message.protocol if message is not None else ""
        found = sorted(protocols().values(), key=lambda each: each.name)
        self.rows = ProtocolRows(found, self.tried, own)
        self.table.set_title([("pane", "Protocols ")])
        self.table.show(self.rows, next((row for row in range(len(self.rows)) if self.rows.name(row) == own), 0))
        self.table.focus()
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Have the message tried; drawing needs the sizes of the panes."""
        if self.message is not None:
            self.own.set_title([("pane", f"As it is: {self.message.protocol} {self.message.kind} ")])
            self.try_all(self.message)
        self.tell()

    @work(thread=True, exclusive=True)
    def try_all(self, message: Row) -> None:
        """Read the message as what it is and as every protocol, beside the thread that draws."""
        for name in ("", *(protocol.name for protocol in self.rows.found)):
            if get_current_worker().is_cancelled:
                return
            try:
                with self.session_lock:
                    if name:
                        self.post_message(self.Tried(self.session.read_as(message, name, MOST_TRIED)))
                    else:
                        self.post_message(self.Explained(self.session.explain(message), message.buffer))
            except Exception as error:  # noqa: BLE001 (one decoder's bug must not take the others away)
                broken = name or message.protocol
                self.post_message(self.Failed(f"! {broken} failed, a bug: {type(error).__name__}: {error}"))

    @on(Explained)
    def _explained(self, event: Explained) -> None:
        outline = Outline()
        outline.add(event.tree, event.buffer)
        self.own.show(outline, 0, 0, self.naming)

    @on(Tried)
    def _tried(self, event: Tried) -> None:
        self.tried[event.done.protocol] = event.done
        self.table.redraw()
        if event.done.protocol == self.rows.name(self.table.cursor):
            self.tell()

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        self.notify(event.text, severity="error")

    def tell(self) -> None:
        """Draw what the protocol under the cursor makes of the message."""
        name = self.rows.name(self.table.cursor)
        done = self.tried.get(name)
        outline = Outline()
        for message, tree in done.found[:MOST_LISTED] if done is not None else []:
            outline.add(tree, message.buffer)
        self.other.show(outline, 0, 0, self.naming)
        self.other.set_title([("pane", f"As {name} " if name else "As detected ")])
        self.text.show(self._lines(name, done))

    def _lines(self, name: str, done: Attempt | None) -> list[Line]:
        if self.message is None:
            return [[("dim", "This packet carries no bytes of a message to try.")]]
        if not name:
            return [[("", "Detection chooses again, and forgets what was said of this conversation, port or file.")]]
        if done is None:
            return [[("dim", "…")]]
        lines = [reached(done)]
        if self.message.length > MOST_TRIED:
            lines.append([("dim", f"The first {plural(MOST_TRIED, 'byte')} of {self.message.length:,} were tried.")])
        return [*lines, *reader_lines(self.opening, name), [], *opening_lines(self.opening, "strong")]

    @on(VirtualTable.Moved)
    def _moved(self) -> None:
        self.tell()

    @on(VirtualTable.Opened)
    def _opened(self) -> None:
        self.action_choose("flow")

    def action_choose(self, scope: str) -> None:
        """Take the protocol under the cursor; Enter on a tree folds."""
        focused = self.focused
        if scope == "flow" and isinstance(focused, FieldList):
            focused.toggle()
            return
        flow = self.session.flows[self.flow - 1]
        selector = {"flow": f"flow {flow.number}", "port": f"port {flow.server.port}", "file": "file"}[scope]
        packet = self.message.packet if self.message is not None else 0
        self.post_message(self.Chosen(self.session, selector, self.rows.name(self.table.cursor), self.flow, packet))

    @property
    def _focused(self) -> VirtualTable | FieldList | TextPane:
        focused = self.focused
        return focused if isinstance(focused, FieldList | TextPane) else self.table

    def action_move(self, by: int) -> None:
        """Move in the pane that has the focus."""
        self._focused.move(by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self._focused.move_page(by)

    def action_edge(self, by: int) -> None:
        """Move to an end."""
        self._focused.edge(by)

    def action_pane(self, by: int) -> None:
        """The next pane, or the one before."""
        here = self._focused.id or "list"
        name = PANES[(PANES.index(here) + by) % len(PANES)]
        self.set_class(name == "own", "-at-own")
        self.query_one(f"#{name}").focus()
