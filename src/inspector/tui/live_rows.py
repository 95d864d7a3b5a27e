"""The rows of the live list: messages, and the moments at which packets were lost between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar, Final

from inspector.capture.live.recording import Drop
from inspector.capture.processes import processes_in
from inspector.spool import Row
from inspector.tui.levels import owners
from inspector.tui.text import ARROWS, Line, plural
from inspector.tui.widgets.virtual_table import Column

LOOK: Final = 5_000
"""Rows looked at for one with something wrong: what a key may take."""
PATIENCE: Final = 1_000_000_000
"""Nanoseconds to wait for a row behind a loss; then it goes to the end of the list."""


class LiveTable:
    """The first `shown` of `rows`, with the `lost` between them.

    `lost` holds the place of each in the list, and what was lost there.
    """

    columns: ClassVar = (
        Column("", 1),
        Column("#", 6, right=True),
        Column("time", 10, right=True),
        Column("conv", 5, drop=2),
        Column("client", 6, right=True, drop=3),
        Column("", 1),
        Column("server", 6, drop=3),
        Column("protocol", 9),
        Column("bytes", 7, right=True, drop=1),
        Column("summary", 20, grow=True),
        Column("process", 28, drop=4),
    )

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.shown = 0
        self.start = 0
        self.lost: list[tuple[int, Drop]] = []
        self.seen = 0

    def __len__(self) -> int:
        return self.shown + len(self.lost)

    def grow(self, count: int, drops: Sequence[Drop], now: int) -> None:
        """Show `count` rows, and the losses that they have reached; `now` in nanoseconds since 1970."""
        if count and not self.shown:
            self.start = self.rows[0].time
        self.shown = count
        while self.seen < len(drops):
            drop = drops[self.seen]
            reached = count > 0 and self.rows[count - 1].time >= drop.time
            if not reached and now - drop.time < PATIENCE:
                return
            self.seen += 1
            self.start = self.start or drop.time
            self.lost.append((self._behind(drop.time) + len(self.lost), drop))

    def _behind(self, time: int) -> int:
        """How many rows come before a time."""
        return bisect_right(self.rows, time, 0, self.shown, key=lambda row: row.time)

    def at(self, place: int) -> Row | Drop:
        """What a place in the list holds."""
        before = bisect_right(self.lost, place, key=lambda each: each[0])
        if before and self.lost[before - 1][0] == place:
            return self.lost[before - 1][1]
        return self.rows[place - before]

    def troubled(self, place: int, by: int) -> int:
        """The next place with something wrong in a direction, -1 when there is none near."""
        end = min(len(self), place + LOOK) if by > 0 else max(-1, place - LOOK)
        for at in range(place + by, end, by):
            found = self.at(at)
            if isinstance(found, Drop) or found.issue:
                return at
        return -1

    def cells(self, row: int) -> Line:
        found = self.at(row)
        return self._loss(found) if isinstance(found, Drop) else self._row(found)

    def _row(self, r: Row) -> Line:
        role = "server" if r.side else "client"
        return [
            ("warning", "?" if r.issue else ""),
            ("dim", str(r.number)),
            ("dim", f"{(r.time - self.start) / 1e9:.3f}"),
            ("dim", f"c{r.flow}"),
            ("dim", f":{r.client}"),
            (role, ARROWS[r.side]),
            ("dim", f":{r.server}"),
            (role, r.protocol),
            ("", str(r.length)),
            ("warning" if r.issue else "", r.summary if r.complete else f"{r.summary} …"),
            ("dim", owners(processes_in([r.process]))),
        ]

    def _loss(self, drop: Drop) -> Line:
        text = f"{plural(drop.packets, 'packet')} lost: the buffer was full"
        cells: Line = [("", "")] * len(self.columns)
        cells[0] = ("error", "!")
        cells[2] = ("dim", f"{(drop.time - self.start) / 1e9:.3f}")
        cells[7] = ("error", "lost")
        cells[9] = ("error", text)
        return cells
