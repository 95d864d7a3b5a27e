"""A WebSocket ping got no pong.

What you see
    One side ends the connection with code 1011 and "keepalive ping timeout" or the like, or messages go missing while
    the connection looks open.

Why it happens
    Every ping must be answered by a pong of the same content, as soon as possible. A program that does not answer is
    busy (its event loop is blocked, or it does not read), hangs, or is gone without a trace behind a proxy or a lost
    network. Home-made code sometimes forgets pongs altogether.

How we know (bytes)
    The ping frame, and that no pong came from the other side afterwards, though the capture went on.

What to do
    Look at what the silent side was doing at this time: long work belongs off the thread that serves the connection.
    Where it cannot be helped, raise the time limit of the side that pings.

References
    RFC 6455 sections 5.5.2 and 5.5.3.
"""

from typing import Final

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_talks import Talk, ending_words, talks, unanswered_pings
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, other

PATIENCE: Final = 5.0
"""Seconds within which a pong comes unless something is wrong."""


def find(scene: Scene) -> list[Finding]:
    """Pings after which no pong came, where there was time for one."""
    found: list[Finding] = []
    for talk in talks(scene):
        for side in (CLIENT, SERVER):
            unanswered = unanswered_pings(talk, side)
            if unanswered:
                waited = _waited(scene, talk, unanswered[0])
                if waited >= PATIENCE:
                    found.append(_finding(talk, unanswered, waited))
    return found


def _waited(scene: Scene, talk: Talk, ping: Message) -> float:
    """Seconds from a ping to the last packet of its conversation; 0 where a pong may have been missed."""
    flow = scene.flow_table.flows[talk.flow - 1]
    if flow.buffers[other(ping.side)].holes:
        return 0.0
    return (int(scene.flow_table.table.times[flow.last_packet - 1]) - ping.time) / 1e9


def _finding(talk: Talk, pings: list[Message], waited: float) -> Finding:
    first = pings[0]
    asker, silent = SIDE_NAMES[first.side], SIDE_NAMES[other(first.side)]
    late = [frame for frame in talk.frames if frame.side != first.side and frame.number > first.number]
    alive = f" It sent {count(len(late), 'frame')} of another kind meanwhile." if late else ""
    closes = [frame for frame in talk.frames if frame.kind == "close" and frame.side == first.side]
    gave_up = f" The {asker} then sent {closes[0].summary}." if closes else ""
    closing = evidence_of(closes[0], 0, closes[0].length, closes[0].summary) if closes else ending_words(talk, first)[1]
    return Finding(
        rule="websocket-ping-unanswered",
        severity="warning",
        flow=talk.flow,
        title=f"The {silent} answered {'no ping' if len(pings) > 1 else 'a ping not'} for {duration(waited)}",
        see=f"Message {first.number}, {first.summary[:80]}: no pong came from the {silent} in the {duration(waited)} "
        f"that were captured after it.{alive}{gave_up}",
        why="A pong is due at once. Whoever sends none is busy with something else, hangs, or is not there any more.",
        do=f"Look at what the {silent} was doing: its event loop may be blocked, or nobody reads from the connection.",
        evidence=evidence_of(first, 0, first.length, "the ping that nobody answered") + closing,
        references=["RFC 6455 section 5.5.2 (ping)", "RFC 6455 section 5.5.3 (pong)"],
    )
