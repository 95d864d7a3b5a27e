"""One end of a WebSocket broke the rules of its frames.

What you see
    The connection closes with code 1002 (protocol error), 1007 (invalid payload) or just ends; browsers say "Invalid
    frame header", "Could not decode a text frame as UTF-8" or "One or more reserved bits are on".

Why it happens
    The frames come from home-made code; or something on the way changed the bytes, such as a proxy that compresses;
    or the two ends disagree on what the handshake agreed on, most often compression.

How we know (bytes)
    The frames of each end are given to wsproto, a strict implementation, in their order. It names the first one that
    it does not accept, and the close code that it would send.

What to do
    Look at the frame and at those before it. Switch compression off to see whether it is the cause, and connect
    without the proxy.

References
    RFC 6455 sections 5, 7.4 and 8.1; RFC 7692 section 7.2.
"""

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_talks import Objection, Talk, ending_words, first_objection, talks
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, other
from inspector.protocols.websocket_frames import close_words


def find(scene: Scene) -> list[Finding]:
    """Frames that wsproto does not accept, the first of each side; unmasked clients have a rule of their own."""
    found: list[Finding] = []
    for talk in talks(scene):
        if not talk.suspect:
            continue
        for side in (CLIENT, SERVER):
            objection = first_objection(talk, side)
            if objection is None or (side == CLIENT and objection.message.facts.get("websocket.mask") == 0):
                continue
            found.append(_finding(talk, objection))
    return found


def _finding(talk: Talk, objection: Objection) -> Finding:
    frame = objection.message
    sender, receiver = SIDE_NAMES[frame.side], SIDE_NAMES[other(frame.side)]
    after, closing = ending_words(talk, frame)
    code = f"{objection.code}, {close_words(objection.code)}"
    ours = f"\nHere it reads: {frame.issue}." if frame.issue else ""
    end = min(frame.length, 16)
    return Finding(
        rule="websocket-protocol-error",
        severity="error",
        flow=talk.flow,
        title=f"WebSocket rules broken by the {sender}",
        see=f"Message {frame.number}, {frame.summary}, from the {sender}. {after}".strip(),
        why=f"A strict {receiver} does not accept this frame, and closes with {code}.{ours}",
        do=f"Look at what the {sender} sent, and update its library.\n"
        "Try without compression and without proxies in between.",
        evidence=evidence_of(frame, 0, end, f"the frame of the {sender}: {frame.summary}") + closing,
        witness=objection.witness,
        references=["RFC 6455 section 5.2 (frames), 7.4.1 (close codes), 8.1 (UTF-8)"],
    )
