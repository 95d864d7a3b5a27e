"""How WebSockets end that are not closed: RFC 6455 7.1.5, close code 1006."""

from dataclasses import dataclass
from itertools import pairwise

from inspector.diagnosis.evidence import flags_evidence
from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_talks import Talk
from inspector.diagnosis.words import duration
from inspector.model.finding import Evidence
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, Side


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a connection without a close frame: who ended it and how, and the packet that did.

    `silent` are the seconds since anything was sent before, `quiet` those since the server's side sent something.
    """

    side: Side
    how: str
    packet: int
    silent: float
    quiet: float
    last: Message
    evidence: list[Evidence]

    @property
    def who(self) -> str:
        """Who ended it."""
        return SIDE_NAMES[self.side]


def abrupt_ending(scene: Scene, talk: Talk) -> Ending | None:
    """How a WebSocket ended without a close frame; None when there was one, or when it may have been missed."""
    flow = scene.flow_table.flows[talk.flow - 1]
    said = [*([talk.opening] if talk.opening is not None else []), *talk.frames]
    if not said or any(frame.kind == "close" for frame in talk.frames):
        return None
    if any(buffer.holes for buffer in flow.buffers):
        return None
    if talk.reset is not None:
        side, how, packet = talk.reset.side, "reset the stream", talk.reset.packet
        evidence = evidence_of(talk.reset, 0, talk.reset.length, f"the {SIDE_NAMES[side]} reset the stream")
    else:
        ends = [(flow.rst_packets[s], s, "reset the connection") for s in (CLIENT, SERVER)]
        ends += [(flow.fin_packets[s], s, "ended the connection") for s in (CLIENT, SERVER)]
        seen = [end for end in ends if end[0]]
        if not seen:
            return None
        packet, side, how = min(seen)
        evidence = []
    last = max(said, key=_last_packet)
    silent = _seconds(scene, _last_packet(last), packet)
    from_server = [_last_packet(message) for message in said if message.side == SERVER]
    quiet = _seconds(scene, max(from_server), packet) if from_server else silent
    if not evidence:
        text = f"the {SIDE_NAMES[side]} {how} {duration(silent)} after the last frame, without a close frame"
        evidence = flags_evidence(scene.flow_table, packet, text)
    return Ending(side, how, packet, silent, quiet, last, evidence)


def _last_packet(message: Message) -> int:
    return message.buffer.packet_at(max(message.end - 1, message.start))


def _seconds(scene: Scene, first: int, last: int) -> float:
    times = scene.flow_table.table.times
    return (int(times[last - 1]) - int(times[first - 1])) / 1e9 if first else 0.0


def ping_words(talk: Talk) -> str:
    """Whether pings kept the connection alive, and how often they came."""
    pings = [frame for frame in talk.frames if frame.kind == "ping"]
    if not pings:
        return "No ping was ever sent to keep it alive."
    if len(pings) == 1:
        return "A single ping was sent."
    gaps = sorted((after.time - before.time) / 1e9 for before, after in pairwise(pings))
    return f"Pings came every {duration(gaps[len(gaps) // 2])}."
