"""A WebSocket client sent frames without masking them.

What you see
    The connection opens, and is closed with code 1002 (protocol error) as soon as the client sends something. Servers
    log "received unmasked frame", "MASK must be set" or the like.

Why it happens
    A client must combine every frame with a key of its own choice, so that a web page cannot choose the bytes on the
    wire and fool old proxies with them. Home-made clients forget it, or use a server's code to send.

How we know (bytes)
    The top bit of the frame's second byte, MASK, is 0, and no masking key follows.

What to do
    Set the bit, put four random bytes behind the length, and combine the payload with them; better, use a library.

References
    RFC 6455 sections 5.1, 5.3 and 10.3.
"""

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_talks import Talk, ending_words, first_objection, talks
from inspector.diagnosis.words import count
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import CLIENT


def find(scene: Scene) -> list[Finding]:
    """WebSockets whose client sent a frame with the mask bit not set."""
    found: list[Finding] = []
    for talk in talks(scene):
        bare = [m for m in talk.frames if m.side == CLIENT and m.facts.get("websocket.mask") == 0]
        if talk.suspect and bare:
            found.append(_finding(talk, bare))
    return found


def _finding(talk: Talk, bare: list[Message]) -> Finding:
    first = bare[0]
    after, closing = ending_words(talk, first)
    objection = first_objection(talk, CLIENT)
    return Finding(
        rule="websocket-unmasked-client",
        severity="warning",
        flow=talk.flow,
        title="WebSocket client does not mask its frames",
        see=f"Message {first.number}, {first.summary}: the client's frame is not masked; "
        f"in all {count(len(bare), 'frame')} of it {'is' if len(bare) == 1 else 'are'} not. {after}".strip(),
        why="A server must end the connection on such a frame, for it cannot tell a wrong client from an attack on the "
        "proxies between them.",
        do="Let the client mask: MASK bit 1, four random bytes of key, payload byte i combined with key byte i mod 4.",
        evidence=evidence_of(first, 0, 1, "a frame begins: FIN, reserved bits, opcode")
        + evidence_of(first, 1, 2, "the top bit, MASK, is 0: not masked")
        + closing,
        witness=objection.witness if objection is not None and objection.message is first else None,
        references=["RFC 6455 section 5.1 (who masks), 5.3 (how), 10.3 (why)"],
    )
