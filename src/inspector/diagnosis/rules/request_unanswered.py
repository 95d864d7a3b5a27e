"""A connection that had answered requests before left the last one without an answer.

What you see
    One request fails with "Connection reset by peer", "Remote end closed connection without response", "TSocket read 0
    bytes", or hangs until its time limit; those before it on the same connection were answered.

Why it happens
    The server understands the protocol, so it is this request: it crashes the process that handles it, takes longer
    than some time-out, or runs into a limit. Or the server was stopped or restarted at that moment.

How we know (bytes)
    The request and the last answer before it; the acknowledgement that says that it was received; the FIN or RST that
    came in place of an answer, or how long nothing came.

What to do
    Look at the server's log at that time. Send the same request again alone: if it fails each time, it is the request;
    if not, look for restarts and time-outs.

References
    RFC 9112 section 9 (connection management); RFC 9293 section 3.6 (closing a connection).
"""

from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.clients import client_words
from inspector.diagnosis.closings import closings
from inspector.diagnosis.ending import CLOSED, HANG, PATIENCE, RESET
from inspector.diagnosis.evidence import flags_evidence, message_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import Segment, after, segments
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.net.numbers import ACK, FIN, RST

ASKING: Final = frozenset({"request", "call"})
"""Kinds of messages that are owed an answer."""
MULTIPLEXED: Final = frozenset({"http2", "grpc"})
"""Protocols whose requests end one by one: they have rules of their own."""
SHOWN: Final = 16


@dataclass(slots=True)
class Unanswered:
    """`asked` was not answered, `before` was the last answer; `end` ended the conversation (None: the capture did)."""

    flow: Flow
    asked: Message
    before: Message
    end: Segment | None
    kind: str
    waited: float


def find(scene: Scene) -> list[Finding]:
    """Last requests without an answer, on connections that answered before."""
    found: list[Finding] = []
    for number in scene.lasts:
        case = _unanswered(scene, number)
        if case is not None and number not in closings(scene):
            found.append(_finding(scene, case))
    return found


def _unanswered(scene: Scene, number: int) -> Unanswered | None:
    asked, before = scene.last(number, CLIENT), scene.last(number, SERVER)
    if asked is None or before is None or asked.kind not in ASKING or asked.protocol in MULTIPLEXED:
        return None
    owed = before.answers
    if owed is None or owed is asked or owed.protocol != asked.protocol or before.protocol != asked.protocol:
        return None
    if not asked.complete or not before.complete or asked.packet < owed.packet:
        return None
    flow = scene.flow_table.flow(number)
    if flow.buffers[SERVER].holes or flow.transport != "tcp":
        return None
    return _ended(scene, flow, asked, before)


def _ended(scene: Scene, flow: Flow, asked: Message, before: Message) -> Unanswered | None:
    """How it ended; None where the answer may only not have been captured."""
    packet = asked.buffer.packet_at(asked.end - 1)
    whole = segments(scene.flow_table, flow.number)
    last_byte = next(each for each in whole if each.packet == packet)
    sent = [each for each in whole if each.packet > packet]
    if any(each.side == SERVER and each.length for each in sent):
        return None
    # a request that did not arrive is owed nothing: other rules tell why
    if not any(each.side == SERVER and each.flags & ACK and not after(each.ack, last_byte.end) for each in sent):
        return None
    last = scene.flow_table.table.times[packet - 1]
    end = next((each for each in sent if each.flags & (FIN | RST)), None)
    if end is None:
        waited = (int(scene.flow_table.table.times[-1]) - int(last)) / 1e9
        return Unanswered(flow, asked, before, None, HANG, waited) if waited >= PATIENCE else None
    waited = max(0.0, (end.time - int(last)) / 1e9)
    if end.side == SERVER:
        return Unanswered(flow, asked, before, end, RESET if end.flags & RST else CLOSED, waited)
    return Unanswered(flow, asked, before, end, HANG, waited) if waited >= PATIENCE else None


def _finding(scene: Scene, case: Unanswered) -> Finding:
    asked, before, end = case.asked, case.before, case.end
    what = {RESET: "it reset the connection", CLOSED: "it closed the connection", HANG: "nothing came"}[case.kind]
    evidence = message_evidence(before, 0, SHOWN, f"the last answer: {before.summary}")
    evidence += message_evidence(asked, 0, SHOWN, f"the request without one: {asked.summary}")
    if end is not None:
        who = "server" if end.side == SERVER else "client"
        evidence += flags_evidence(scene.flow_table, end.packet, f"the {who} ends it {duration(case.waited)} later")
    return Finding(
        rule="request-unanswered",
        severity="warning" if case.kind == HANG else "error",
        flow=case.flow.number,
        title=f"The last request got no answer: {what}",
        see=_see(case),
        why=_why(case),
        do="Look at the server's log at that time, and whether it was restarted. Send the same request again on a new "
        "connection: if it fails each time, it is the request; if not, a time-out or a restart.",
        evidence=evidence,
        references=["RFC 9112 section 9.5 (failures and timeouts)", "RFC 9293 section 3.6 (closing a connection)"],
    )


def _see(case: Unanswered) -> str:
    asked, before, end = case.asked, case.before, case.end
    waited = duration(case.waited)
    if end is None:
        how = f"{waited} later, where the capture ends, there is no answer"
    elif end.side == CLIENT:
        how = f"After {waited} without an answer the client gave up (packet {end.packet})"
    else:
        did = "reset" if end.flags & RST else "closed"
        how = f"{waited} later the server {did} the connection (packet {end.packet})"
    text = (
        f"The server answered message {before.answers.number if before.answers else 0} with {before.summary}. Then the "
        f"client sent {asked.summary} (message {asked.number}). {how}."
    )
    if asked.protocol == "http":
        text += f"\n{client_words(asked.buffer.read(asked.start, asked.end), case.kind)}"
    return text


def _why(case: Unanswered) -> str:
    lines = ["Client and server do understand each other: requests before this one were answered."]
    if str(case.before.facts.get("http.connection", "")).lower() == "close":
        lines.append('The last answer said "Connection: close": the client must not ask again on this connection.')
    elif case.kind == HANG:
        lines.append(
            "The server is still at it, or hangs: it waits for a lock, for a service behind it, or for itself."
        )
    elif case.kind == RESET:
        lines.append(
            "RST says that the server's program ended, or closed its socket while bytes lay unread: a crash, a kill, "
            "or a proxy or firewall that cut the connection."
        )
    else:
        lines.append(
            "FIN says that the server closed in good order: it was stopped, ran into a limit, or met an error for "
            "which its protocol has no answer."
        )
    return "\n".join(lines)
