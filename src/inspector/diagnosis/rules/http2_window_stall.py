"""A sender had to wait because the other end's flow-control window was used up.

What you see
    A download or upload is slow, or stops in the middle, although network and server have nothing to do. With gRPC a
    stream of messages comes in bursts.

Why it happens
    In HTTP/2 the receiver decides how many bytes of DATA may be under way, for each stream and for the connection. At
    0 the sender waits for a WINDOW_UPDATE. A small window costs a round trip for every few bytes; a receiver that does
    not read gives no window at all.

How we know (bytes)
    The windows are counted from SETTINGS, DATA and WINDOW_UPDATE frames. The DATA frame shown here used up the last
    byte, and the WINDOW_UPDATE shown behind it came only after that time.

What to do
    Give the receiver a larger SETTINGS_INITIAL_WINDOW_SIZE, at least bandwidth times round trip. If the window never
    comes back, the receiving program does not read its data: look there.

References
    RFC 9113 sections 5.2, 6.9 and 6.9.2.
"""

from typing import Final

from inspector.diagnosis.http2_flows import Connection, connections, evidence_of, number_of, stream_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, Side
from inspector.protocols.http2_frames import END_STREAM, HEADER

STREAM: Final = "http2.window.stream"
CONNECTION: Final = "http2.window.connection"
LONG: Final = 0.1
"""Seconds lost that people notice."""
SHARE: Final = 0.2
"""Part of the time from first to last DATA that is worth a warning."""
HANGS: Final = 1.0
"""Seconds without a new window after which the sender is stuck."""


class Stall:
    """`used_up` left the window at 0; `update` opened it again (None: never in this capture) after `lost` seconds."""

    def __init__(self, used_up: Message, update: Message | None, lost: float) -> None:
        self.used_up = used_up
        self.update = update
        self.lost = lost


def find(scene: Scene) -> list[Finding]:
    """Connections in which a side waited for the other's window."""
    found: list[Finding] = []
    times = scene.flow_table.table.times
    end = int(times[-1]) if len(times) else 0
    for connection in connections(scene):
        for side in (CLIENT, SERVER) if connection.stopped else ():
            stalls = _stalls(connection.frames, side, end)
            if stalls:
                found.append(_finding(connection, side, stalls))
    return found


def _stalls(messages: list[Message], side: Side, end: int) -> list[Stall]:
    """When `side` could not send, in order; waits for stream and connection at the same time count once."""
    waiting: dict[int, Message] = {}
    stalls: list[Stall] = []
    for message in messages:
        stream = stream_of(message)
        if message.side == side and message.kind == "data":
            if number_of(message, "http2.flags") & END_STREAM:
                waiting.pop(stream, None)
                continue
            if message.facts.get(STREAM) == 0:
                waiting.setdefault(stream, message)
            if message.facts.get(CONNECTION) == 0:
                waiting.setdefault(0, message)
        elif message.side != side and message.kind == "window_update" and stream in waiting:
            used_up = waiting.pop(stream)
            stalls.append(Stall(used_up, message, (message.time - used_up.time) / 1e9))
        elif message.kind == "rst_stream":
            waiting.pop(stream, None)
        elif message.kind == "goaway":
            waiting.clear()
    for used_up in waiting.values():
        lost = (end - used_up.time) / 1e9
        if lost >= HANGS:
            stalls.append(Stall(used_up, None, lost))
    return stalls


def _lost(stalls: list[Stall]) -> float:
    """Seconds in which at least one of them was waiting."""
    total = 0.0
    until = 0.0
    for stall in sorted(stalls, key=lambda each: each.used_up.time):
        start = stall.used_up.time / 1e9
        begin = max(start, until)
        stop = start + stall.lost
        total += max(0.0, stop - begin)
        until = max(until, stop)
    return total


def _finding(connection: Connection, side: Side, stalls: list[Stall]) -> Finding:
    sender, receiver = SIDE_NAMES[side], SIDE_NAMES[1 - side]
    data = [m for m in connection.frames if m.kind == "data" and m.side == side]
    whole = (data[-1].time - data[0].time) / 1e9
    lost = _lost(stalls)
    worst = max(stalls, key=lambda each: each.lost)
    stuck = [stall for stall in stalls if stall.update is None]
    times = count(len(stalls), "time")
    share = f", {min(lost / whole, 1.0):.0%} of the time from the first to the last DATA frame" if whole > 0 else ""
    where = stream_of(worst.used_up) if worst.used_up.facts.get(STREAM) == 0 else 0
    name = f"stream {where}" if where else "the connection"
    evidence = evidence_of(worst.used_up, 0, HEADER, f"this DATA frame leaves a window of 0 for {name}")
    if worst.update is not None:
        text = f"the window is opened again {duration(worst.lost)} later: {worst.update.summary}"
        evidence += evidence_of(worst.update, 0, worst.update.length, text)
    return Finding(
        rule="http2-window-stall",
        severity="warning" if stuck or lost >= LONG or (whole > 0 and lost >= SHARE * whole) else "note",
        flow=connection.flow,
        title=f"The {sender} waited for the {receiver}'s HTTP/2 window, {duration(lost)} in all",
        see=f"The {sender} could not send DATA {times}, {duration(lost)} in all{share}. "
        f"The longest wait, {duration(worst.lost)}, followed message {worst.used_up.number} on {name}.",
        why=f"The {receiver} lets only so many bytes come before it allows more."
        + (f" It never did in this capture, {count(len(stuck), 'time')}: it does not read its data." if stuck else ""),
        do=f"Give the {receiver} a larger window: SETTINGS_INITIAL_WINDOW_SIZE for streams, WINDOW_UPDATE on stream 0 "
        "for the connection.\nIf the waits are long, look why its program reads slowly.",
        evidence=evidence,
        references=["RFC 9113 section 5.2 (flow control) and section 6.9 (WINDOW_UPDATE)"],
    )
