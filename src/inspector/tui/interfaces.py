"""Where a live capture can listen, as rows: interfaces with their traffic, and a relay."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import ClassVar, Final

from inspector.capture.live.interfaces import NetworkInterface
from inspector.tui.text import Line, printable
from inspector.tui.widgets.virtual_table import Column

SAMPLES: Final = 16
"""Looks at the counters that the picture of the traffic goes back."""
LEVELS: Final = "▁▂▃▄▅▆▇█"
RELAY: Final = "tap"
"""What the relay's ends are remembered under."""

ABOUT_RELAY: Final[list[Line]] = [
    [("", "Listens on a port of yours, passes every byte on to a server and back, and shows them.")],
    [("dim", "Needs no rights. Write the port to listen on and the server:  "), ("value", "9083 localhost:9084")],
    [("dim", "Then let the client talk to port 9083.")],
]
ABOUT_FILTER: Final[list[Line]] = [
    [("", "In libpcap's language; empty captures everything."), ("value", "  tcp port 9083")],
    [("value", "host 10.0.0.7 and not port 22"), ("dim", "   ·   "), ("value", "tcp portrange 9000-9100")],
]


class Traffic:
    """Packets a second of each interface, look by look."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.rates: dict[str, deque[float]] = {}

    def add(self, found: list[NetworkInterface], seconds: float) -> None:
        """The counters now, `seconds` after the look before."""
        for each in found:
            before = self.counts.get(each.name)
            self.counts[each.name] = each.packets
            if before is not None and seconds > 0:
                rates = self.rates.setdefault(each.name, deque(maxlen=SAMPLES))
                rates.append(max(0, each.packets - before) / seconds)

    def rate(self, name: str) -> float:
        """Packets a second at the last look."""
        rates = self.rates.get(name)
        return rates[-1] if rates else 0.0

    def picture(self, name: str) -> str:
        """Its rates as a line of blocks, the highest one full; "" before there are any."""
        rates = self.rates.get(name, ())
        most = max(rates, default=0.0)
        return "".join(LEVELS[round(rate / most * (len(LEVELS) - 1))] if most else LEVELS[0] for rate in rates)


class InterfaceRows:
    """Interfaces as rows, and the relay as the last one; `refused` says why nothing here may capture, "" if it may."""

    columns: ClassVar = (
        Column("interface", 12),
        Column("state", 12),
        Column("capture", 7),
        Column("traffic", SAMPLES, drop=1),
        Column("packets/s", 9, right=True),
        Column("filter used last", 20, drop=3),
        Column("addresses", 18, grow=True),
    )

    def __init__(
        self, found: list[NetworkInterface], traffic: Traffic, filters: Mapping[str, str], refused: str | None
    ) -> None:
        self.found = found
        self.traffic = traffic
        self.filters = filters
        self.refused = refused

    def __len__(self) -> int:
        return len(self.found) + 1

    def name(self, row: int) -> str:
        """The interface of a row, "" for the relay."""
        return self.found[row].name if row < len(self.found) else ""

    def cells(self, row: int) -> Line:
        if row == len(self.found):
            return [
                ("strong", "relay"),
                ("dim", "needs no"),
                ("note", "✓"),
                ("dim", "rights"),
                ("", ""),
                ("dim", self.filters.get(RELAY, "")),
                ("", "a port of yours, passed on to a server"),
            ]
        each = self.found[row]
        return [
            ("strong", each.name),
            ("" if each.state == "up" else "dim", f"{each.state}, loop" if each.loopback else each.state),
            self._right(each),
            ("client", self.traffic.picture(each.name)),
            ("", f"{self.traffic.rate(each.name):,.0f}"),
            ("dim", self.filters.get(each.name, "")),
            ("", " ".join(each.addresses) or "-"),
        ]

    def _right(self, each: NetworkInterface) -> tuple[str, str]:
        if each.state == "down":
            return "warning", "✗ down"
        if self.refused is None:
            return "dim", "…"
        return ("error", "✗ right") if self.refused else ("note", "✓")


def failure_lines(text: str) -> list[Line]:
    """Why a capture cannot be started, the first line apart from the ways out."""
    first, *rest = text.split("\n")
    lines: list[Line] = [[("error", f"! {printable(first)}")]]
    for each in rest:
        command, gap, why = each.partition("   ")
        lines.append([("value" if gap else "", printable(command)), ("dim", printable(gap + why))])
    return [*lines, [], [("key", "y"), ("dim", " copies this")]] if rest else lines
