"""WebSocket conversations and the requests for them as rules see them, with wsproto as the strict peer."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from inspector.diagnosis.http2_flows import evidence_of, stream_of
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Evidence, Witness
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, Side, other
from inspector.protocols.websocket_explain import FrameContext
from inspector.protocols.websocket_frames import close_words
from inspector.protocols.websocket_handshake import Handshake

MAX_PAYLOAD: Final = 1 << 16
"""Bytes of a compressed frame that wsproto is given: it inflates without a limit."""
MAX_BYTES: Final = 1 << 20
"""Bytes of one side that wsproto is given."""


class Talk:
    """The frames of one WebSocket in the order of the capture; `stream` is its HTTP/2 stream, else 0.

    `opening` is the answer that accepted it, None when that was not captured. Bytes between frames that make no sense
    stand among the frames; `reset` is the frame that reset the HTTP/2 stream.
    """

    def __init__(self, flow: int, stream: int) -> None:
        self.flow = flow
        self.stream = stream
        self.opening: Message | None = None
        self.frames: list[Message] = []
        self.suspect = False
        self.reset: Message | None = None

    def handshake(self, side: Side) -> Handshake | None:
        """What a side's first frame knows of the handshake."""
        for frame in self.frames:
            if frame.side == side:
                context = frame.context
                return context.handshake if isinstance(context, FrameContext) else None
        return None

    def close_after(self, frame: Message) -> Message | None:
        """The close frame that the other side sent after `frame`."""
        for later in self.frames:
            if later.kind == "close" and later.side != frame.side and later.number > frame.number:
                return later
        return None


def talks(scene: Scene) -> list[Talk]:
    """All WebSockets of a capture."""
    found = scene.worked_out.get("websocket")
    if not isinstance(found, list):
        by_place: dict[tuple[int, int], Talk] = {}
        for message in scene.messages:
            if message.protocol == "websocket":
                if message.kind != "message":
                    _add(by_place, message)
            elif message.protocol == "data":
                if (message.flow, _stream(message)) in by_place and message.kind != "hole":
                    _add(by_place, message)
            elif message.answers is not None and _accepts(message):
                talk = by_place.setdefault(_place(message), Talk(*_place(message)))
                talk.opening = message
            elif message.kind == "rst_stream" and _place(message) in by_place:
                talk = by_place[_place(message)]
                talk.reset = talk.reset or message
        found = list(by_place.values())
        scene.worked_out["websocket"] = found
    return found


def _add(by_place: dict[tuple[int, int], Talk], message: Message) -> None:
    place = (message.flow, _stream(message))
    talk = by_place.setdefault(place, Talk(*place))
    talk.frames.append(message)
    talk.suspect = talk.suspect or message.issue is not None


def _stream(message: Message) -> int:
    """The HTTP/2 stream that carries a message, else 0."""
    return stream_of(message.parent) if message.parent is not None else 0


def _place(message: Message) -> tuple[int, int]:
    return (message.flow, stream_of(message))


def _accepts(answer: Message) -> bool:
    """Whether a message makes a WebSocket of what it answers."""
    facts = answer.facts
    request = answer.answers
    if request is None or not is_request(request):
        return False
    status = facts.get("http2.headers.status")
    return facts.get("http.response.code") == 101 or (isinstance(status, int) and status // 100 == 2)


def unanswered_pings(talk: Talk, side: Side) -> list[Message]:
    """The pings of a side behind the last pong of the other; a pong answers all pings before it."""
    pings: list[Message] = []
    for frame in talk.frames:
        if frame.kind == "ping" and frame.side == side:
            pings.append(frame)
        elif frame.kind == "pong" and frame.side != side and frame.answers is not None:
            pings = [ping for ping in pings if ping.number > frame.answers.number]
    return pings


def header_evidence(message: Message, name: bytes, text: str) -> list[Evidence]:
    """The line of the header `name` (lower case) in a head, the first line when there is none."""
    data = message.buffer.read(message.start, message.end)
    start = data.lower().find(b"\n" + name + b":") + 1
    end = data.find(b"\r\n", start)
    return evidence_of(message, start, end if end >= 0 else len(data), text)


def ending_words(talk: Talk, frame: Message) -> tuple[str, list[Evidence]]:
    """What the other side did about a frame."""
    close = talk.close_after(frame)
    code = close.facts.get("websocket.payload.close.status_code") if close is not None else None
    if close is None or not isinstance(code, int):
        return "", []
    who = SIDE_NAMES[close.side]
    words = f"The {who} then closed with {code}, {close_words(code)}."
    return words, evidence_of(close, 0, close.length, f"the {who} closes with {code}, {close_words(code)}")


@dataclass(frozen=True, slots=True)
class Objection:
    """What wsproto said of `message`, and the close code that it would have sent."""

    message: Message
    code: int
    witness: Witness


def first_objection(talk: Talk, side: Side) -> Objection | None:
    """What wsproto objects to first in what `side` sent, reading it as the other side; None when nothing."""
    from wsproto.extensions import PerMessageDeflate
    from wsproto.frame_protocol import FrameProtocol, ParseFailed

    handshake = talk.handshake(side)
    if handshake is None:
        return None
    extension = PerMessageDeflate()
    if handshake.extensions.startswith(PerMessageDeflate.name):
        try:
            extension.finalize(handshake.extensions)
        except ValueError:
            return None
    elif handshake.extensions:
        return None
    reader = FrameProtocol(side == SERVER, [extension])
    at = -1
    read = 0
    for frame in talk.frames:
        if frame.side != side:
            continue
        read += frame.length
        gap = at not in {-1, frame.start} or bool(frame.buffer.holes_in(frame.start, frame.end))
        if gap or read > MAX_BYTES or (frame.length > MAX_PAYLOAD and "websocket.pmc" in frame.facts):
            return None
        at = frame.end
        try:
            reader.receive_bytes(frame.buffer.read(frame.start, frame.end))
            list(reader.received_frames())
        except ParseFailed as error:
            as_whom = f"FrameProtocol as the {SIDE_NAMES[other(side)]}: ParseFailed: {error}"
            return Objection(frame, int(error.code), Witness("wsproto", version("wsproto"), as_whom))
        except AssertionError:
            # more than the library is prepared for; it has no words for it
            return None
        if frame.kind == "close":
            return None
    return None


def handshake_witness(request: bytes, answer: bytes) -> Witness | None:
    """What wsproto says as the server that reads the request, or else as the client that reads the answer."""
    from wsproto import ConnectionType, WSConnection
    from wsproto.events import RejectConnection, Request
    from wsproto.utilities import LocalProtocolError, RemoteProtocolError

    try:
        WSConnection(ConnectionType.SERVER).receive_data(request)
    except (RemoteProtocolError, UnicodeError) as error:
        # it decodes the host as a domain name, and does not expect that to fail
        return Witness("wsproto", version("wsproto"), f"WSConnection as the server: {type(error).__name__}: {error}")
    client = WSConnection(ConnectionType.CLIENT)
    client.send(Request(host="server", target="/"))
    try:
        client.receive_data(answer)
        events = list(client.events())
    except (RemoteProtocolError, LocalProtocolError) as problem:
        says = f"{type(problem).__name__}: {problem}"
    else:
        refusal = next((event for event in events if isinstance(event, RejectConnection)), None)
        if refusal is None:
            return None
        says = f"RejectConnection(status_code={refusal.status_code})"
    return Witness("wsproto", version("wsproto"), f"WSConnection as the client: {says}")


def accept_witness(key: str) -> Witness:
    """The accept that wsproto works out for a key."""
    from wsproto.utilities import generate_accept_token

    token = generate_accept_token(key.encode("latin-1", "replace")).decode()
    return Witness("wsproto", version("wsproto"), f"generate_accept_token({key!r}) gives {token}")


def is_request(message: Message) -> bool:
    """Whether a message asks for a WebSocket."""
    if message.side != CLIENT:
        return False
    if message.protocol == "http2":
        return message.kind == "headers" and message.summary.endswith(" as websocket")
    upgrade = str(message.facts.get("http.upgrade", "")).lower()
    return message.kind == "request" and "websocket" in upgrade
