"""A capture that goes on: its messages as they come, how it goes, and a look into any of them meanwhile."""

from __future__ import annotations

import time
from typing import Protocol

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from inspector.following import Row
from inspector.tui.keymap import LIVE, bindings
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import ARROWS, Line, plural
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import Column, VirtualTable

REFRESH = 0.1
"""Seconds between two looks for new rows."""
RATE_OVER = 2.0
"""Seconds over which packets a second are counted."""

COLUMNS = (
    Column("No", 6, right=True),
    Column("time", 10, right=True),
    Column("flow", 4, right=True, drop=2),
    Column("from, to", 15),
    Column("protocol", 9),
    Column("bytes", 7, right=True, drop=1),
    Column("", 1),
    Column("what", 20, grow=True),
    Column("process", 18, drop=3),
)


class Source(Protocol):
    """What is being captured."""

    @property
    def name(self) -> str:
        """The interface or relay."""
        ...

    @property
    def path(self) -> str:
        """Where the packets are."""
        ...

    @property
    def rows(self) -> list[Row]:
        """The messages so far; only ever grows."""
        ...

    @property
    def packets(self) -> int:
        """Packets so far."""
        ...

    @property
    def dropped(self) -> int:
        """Packets that the kernel had no room for."""
        ...

    @property
    def ring(self) -> float:
        """The part of the kernel's buffer in use, 0 to 1."""
        ...

    @property
    def lag(self) -> float:
        """Seconds from the wire to the newest row."""
        ...

    @property
    def running(self) -> bool:
        """Whether it still captures."""
        ...

    @property
    def error(self) -> str:
        """Why it broke off."""
        ...

    def stop(self) -> None:
        """End the capture; what is there stays."""
        ...


class LiveTable:
    """The first `shown` messages as rows."""

    columns = COLUMNS

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.shown = 0
        self.start = 0

    def __len__(self) -> int:
        return self.shown

    def cells(self, row: int) -> Line:
        r = self.rows[row]
        role = "server" if r.side else "client"
        ends = f":{r.client} {ARROWS[r.side]} :{r.server}"
        return [
            ("dim", str(r.number)),
            ("", f"{(r.time - self.start) / 1e9:.3f}"),
            ("dim", str(r.flow)),
            (role, ends),
            ("label", r.protocol),
            ("", str(r.length)),
            ("warning", "?" if r.issue else ""),
            ("", r.summary if r.complete else f"{r.summary} …"),
            ("dim", r.process.removeprefix("client ")),
        ]


class LiveScreen(KeyScreen):
    """Lists messages as they are captured; Enter looks into one while the capture goes on."""

    KEYS_OF = LIVE
    BINDINGS = bindings(LIVE)
    CSS = """
    LiveScreen #list { height: 1fr; }
    LiveScreen #empty { height: 5; padding: 1 2; }
    LiveScreen.-some #empty { display: none; }
    LiveScreen #head { background: $panel; }
    """

    class Look(Message):
        """Open what was captured so far at this packet."""

        def __init__(self, path: str, packet: int) -> None:
            super().__init__()
            self.path = path
            self.packet = packet

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.table = LiveTable(source.rows)
        self.begun = time.monotonic()
        self.frozen = False
        self.follows = True
        self.counts: list[tuple[float, int]] = []

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head", classes="panes")
        yield TextPane(id="empty", classes="panes", scrolls=False)
        yield VirtualTable(id="list")
        yield KeyBar(LIVE)

    def on_mount(self) -> None:
        table = self.query_one("#list", VirtualTable)
        table.set_title([("pane", "Messages")])
        table.show(self.table, 0)
        table.focus()
        self.set_interval(REFRESH, self.look)
        self.look()

    def look(self) -> None:
        """Show what is new."""
        table = self.query_one("#list", VirtualTable)
        count = len(self.source.rows)
        if not self.frozen and count > self.table.shown:
            if not self.table.shown:
                self.table.start = self.source.rows[0].time
                self.add_class("-some")
            self.table.shown = count
            if self.follows:
                table.cursor = count - 1
                table.top = max(0, count - table.page)
            table.resized()
        self.query_one("#head", Bar).show(*self._status(count))
        if not count:
            self.query_one("#empty", TextPane).show([self._waiting()], keep=True)

    def _waiting(self) -> Line:
        if self.source.packets:
            return [("", f"{plural(self.source.packets, 'packet')} captured, no message is complete yet.")]
        return [("", f"Listening on {self.source.name}: no packets yet. Send a request, and it appears here.")]

    def _status(self, count: int) -> tuple[Line, Line]:
        source = self.source
        now = time.monotonic()
        self.counts.append((now, source.packets))
        while now - self.counts[0][0] > RATE_OVER:
            self.counts.pop(0)
        first, packets = self.counts[0]
        rate = (source.packets - packets) / (now - first) if now > first else 0.0
        seconds = int(now - self.begun)
        mark: Line = [("error", " ● REC ")] if source.running else [("warning", " ■ stopped ")]
        left: Line = [
            *mark,
            ("strong", source.name),
            ("", f" {seconds // 60:02d}:{seconds % 60:02d} · {plural(source.packets, 'packet')} · {rate:.0f}/s · "),
            ("error" if source.dropped else "", f"kernel drop {source.dropped}"),
            ("", f" · lag {source.lag:.1f} s · ring {source.ring:.0%}"),
        ]
        if source.error:
            left.append(("error", f" · {source.error}"))
        if self.frozen:
            return left, [("warning", f"frozen, +{count - self.table.shown} new ")]
        return left, [("dim", "following " if self.follows else "")]

    # keys

    def action_move(self, by: int) -> None:
        """Move in the list; moving up stops following."""
        self._leave(by)
        self.query_one("#list", VirtualTable).move(by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self._leave(by)
        self.query_one("#list", VirtualTable).move_page(by)

    def action_edge(self, by: int) -> None:
        """To the first row, or to the newest, which is followed from then on."""
        self.follows = by > 0
        self.query_one("#list", VirtualTable).edge(by)

    def _leave(self, by: int) -> None:
        if by < 0:
            self.follows = False

    def action_freeze(self) -> None:
        """Let the list stand still while the capture goes on, and move on again."""
        self.frozen = not self.frozen
        self.look()

    def action_stop(self) -> None:
        """End the capture."""
        self.run_worker(self.source.stop, "stop", thread=True)

    @on(VirtualTable.Opened)
    def action_open(self) -> None:
        """Look into the message under the cursor."""
        if self.table.shown:
            row = self.source.rows[self.query_one("#list", VirtualTable).cursor]
            self.post_message(self.Look(self.source.path, row.packet))

    @on(VirtualTable.Moved)
    def _moved(self, event: VirtualTable.Moved) -> None:
        if event.row < self.table.shown - 1:
            self.follows = False
