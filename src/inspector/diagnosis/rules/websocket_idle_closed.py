"""A WebSocket was cut off after a time of silence.

What you see
    The connection works, then nobody says anything for a while, and it is gone: browsers report close code 1006;
    libraries say "no close frame received or sent" or "connection reset". It happens again after the same time.

Why it happens
    Proxies, load balancers and servers end connections on which nothing moves: 60 seconds is a usual limit, 30, 100,
    120, 300 and 350 are others. To them the connection is bytes like any other, so they send no close frame. Some
    count only what comes from one of the two sides.

How we know (bytes)
    The last frame, and the packet with FIN or RST (over HTTP/2: the RST_STREAM frame) that followed after the silence.
    No close frame came from either side.

What to do
    Let one side send a ping more often than the limit, every 20 to 30 seconds; the other answers by itself. Or raise
    the limit in the proxy (nginx: proxy_read_timeout and proxy_send_timeout). Let the client connect again.

References
    RFC 6455 sections 5.5.2 (ping) and 7.1.5 (code 1006); nginx documentation, WebSocket proxying.
"""

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.idle import IDLE, usual_limit, usual_words
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_endings import Ending, abrupt_ending, ping_words
from inspector.diagnosis.websocket_talks import Talk, talks
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding
from inspector.model.sides import SERVER, SIDE_NAMES


def find(scene: Scene) -> list[Finding]:
    """WebSockets that the server's side ended without a close frame, after silence."""
    found: list[Finding] = []
    for talk in talks(scene):
        ending = abrupt_ending(scene, talk)
        if ending is not None and ended_idle(ending):
            found.append(_finding(talk, ending))
    return found


def ended_idle(ending: Ending) -> bool:
    """Whether a time limit is the likely reason: nothing moved, or nothing came from the server for a usual time."""
    if ending.side != SERVER:
        return False
    return ending.silent >= IDLE or (ending.quiet >= IDLE and usual_limit(ending.quiet) > 0)


def _finding(talk: Talk, ending: Ending) -> Finding:
    one_way = ending.silent < IDLE
    idle = ending.quiet if one_way else ending.silent
    usual = usual_words(idle)
    if one_way:
        usual += " The client's own frames did not count: some look only at what the server sends."
    last = ending.last
    quiet = "the server's side sent nothing" if one_way else "nothing moved"
    return Finding(
        rule="websocket-idle-closed",
        severity="warning",
        flow=talk.flow,
        title=f"The WebSocket was cut off after {duration(idle)} of silence",
        see=f"Message {last.number}, {last.summary[:80]}, from the {SIDE_NAMES[last.side]} was the last one. For "
        f"{duration(idle)} {quiet}; then the server's side {ending.how} without a close frame. Browsers report 1006.",
        why=f"Something on the way, or the server, ends connections on which nothing moves.{usual}\n{ping_words(talk)}",
        do="Let one side send a ping more often than that, for example every 20 seconds.\n"
        "Or raise the limit, in nginx:\nproxy_read_timeout 1h;",
        evidence=evidence_of(last, 0, min(last.length, 16), "the last that was sent") + ending.evidence,
        references=["RFC 6455 section 5.5.2 (ping)", "RFC 6455 section 7.1.5 (code 1006)"],
    )
