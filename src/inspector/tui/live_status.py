"""How a capture goes, as one line."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from inspector.tui.source import Source
from inspector.tui.text import Line, plural

RATE_OVER: Final = 2.0
"""Seconds over which packets a second are counted."""
BEHIND: Final = 2_000
"""Packets not yet decoded from which on it is told how far the decoding is."""


class Status:
    """Follows the numbers of one capture."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.begun = time.monotonic()
        self.ended = 0.0
        self.counts: deque[tuple[float, int]] = deque()

    def rate(self, now: float) -> float:
        """Packets a second over the last moments."""
        self.counts.append((now, self.source.packets))
        while now - self.counts[0][0] > RATE_OVER:
            self.counts.popleft()
        first, packets = self.counts[0]
        return (self.source.packets - packets) / (now - first) if now > first else 0.0

    def elapsed(self, now: float) -> str:
        """Minutes and seconds that it captures, or captured."""
        if not self.source.running and not self.ended:
            self.ended = now
        seconds = int((self.ended or now) - self.begun)
        hours, minutes = divmod(seconds // 60, 60)
        return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes:02d}:{seconds % 60:02d}"

    def line(self, narrow: bool) -> Line:
        """All of it, most telling first."""
        source, now = self.source, time.monotonic()
        rate, elapsed = self.rate(now), self.elapsed(now)
        packets = f"{source.packets:,} pkts" if narrow else plural(source.packets, "packet")
        spans: Line = [
            ("error", " ● REC ") if source.running else ("warning", " ■ stopped "),
            ("strong", source.name),
            ("", f" {elapsed} · {packets} · {rate:,.0f}/s · "),
            ("error" if source.dropped else "", f"{'drop' if narrow else 'kernel drop'} {source.dropped:,}"),
        ]
        if source.running:
            spans.append(("", f" · lag {source.lag:.1f} s · ring {source.ring:.0%}"))
        return spans

    def waiting(self) -> list[Line]:
        """What to say where no row is."""
        source = self.source
        where = f"Listening on {source.name}" if source.running else f"Listened on {source.name}"
        only = f", filter {source.bpf}" if source.bpf else ", no capture filter"
        counts = f"{where}{only}, {plural(source.packets, 'packet')}, {self.elapsed(time.monotonic())}"
        if source.wanted and source.messages:
            return [[("", counts)], [("warning", f"0 of {plural(source.messages, 'message')} match {source.wanted}")]]
        if source.decoded < source.packets:
            return [[("", counts)], [("dim", f"Decoded {source.decoded:,} of them so far.")]]
        if source.packets:
            return [[("", counts)], [("dim", "No message is complete yet, or none of them is TCP or UDP.")]]
        hint = "Send a request, and it appears here." if source.running else "^e starts again."
        return [[("", counts)], [("dim", hint)]]

    def behind(self) -> Line:
        """How far the decoding is, when it is not at the end."""
        left = self.source.packets - self.source.decoded
        if left < BEHIND or not self.source.packets:
            return []
        return [("warning", f"decoded {self.source.decoded / self.source.packets:.0%} ")]
