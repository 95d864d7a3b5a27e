"""A WebSocket ended without a close frame: close code 1006.

What you see
    Browsers fire the close event with code 1006, "wasClean" false and no reason; libraries say "no close frame received
    or sent", "abnormal closure" or "connection reset by peer". Nobody sent 1006: programs make it up for this case.

Why it happens
    A WebSocket is closed by a close frame of each side, and only then is the TCP connection ended. Without it the
    process ended or was killed, the network broke, or a proxy on the way gave up on one of the two connections that it
    keeps.

How we know (bytes)
    The packet with FIN or RST (over HTTP/2: the RST_STREAM frame) that ends the connection, and the last frame before
    it, which is no close frame.

What to do
    Look for a crash, a restart or a deployment at this time on the side that ended it. Let programs close with 1000 or
    1001 before they exit, and let clients connect again.

References
    RFC 6455 sections 7.1.1 (closing), 7.1.5 and 7.4.1 (code 1006).
"""

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.rules.websocket_idle_closed import ended_idle
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_endings import Ending, abrupt_ending
from inspector.diagnosis.websocket_talks import Talk, talks, unanswered_pings
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding
from inspector.model.sides import SIDE_NAMES


def find(scene: Scene) -> list[Finding]:
    """WebSockets that ended without a close frame, where no time limit explains it."""
    found: list[Finding] = []
    for talk in talks(scene):
        ending = abrupt_ending(scene, talk)
        if ending is not None and not ended_idle(ending):
            found.append(_finding(talk, ending))
    return found


def _finding(talk: Talk, ending: Ending) -> Finding:
    last = ending.last
    cut = "" if last.complete else f"\nThe last frame is cut in its middle: {last.issue}."
    pings = unanswered_pings(talk, ending.side)
    waited = (
        f"\nNo pong had come to its ping, message {pings[0].number}: it may have given up for that." if pings else ""
    )
    where = f"in the middle of message {last.number}, {last.summary[:80]}" if cut else f"after message {last.number}"
    return Finding(
        rule="websocket-not-closed",
        severity="warning",
        flow=talk.flow,
        title=f"The {ending.who} ended the WebSocket without a close frame",
        see=f"The {ending.who} {ending.how} {where}, {duration(ending.silent)} after the last bytes from the "
        f"{SIDE_NAMES[last.side]}. Neither side sent a close frame.",
        why="The other side cannot tell an end on purpose from a crash: it reports close code 1006, abnormal closure, "
        f"which is never sent.{cut}{waited}",
        do=f"Look for a crash, a restart or a proxy on the {ending.who}'s side at this time.\n"
        "Close with code 1000 or 1001 before the program exits.",
        evidence=evidence_of(last, 0, min(last.length, 16), "the last that was sent") + ending.evidence,
        references=["RFC 6455 section 7.1.1 (how a WebSocket is closed)", "RFC 6455 section 7.1.5 (code 1006)"],
    )
