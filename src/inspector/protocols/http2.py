"""HTTP/2. Spec: RFC 9113 (frames, streams), RFC 7541 (HPACK), RFC 8441 (WebSocket), RFC 7838, 8336 and 9218."""

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections import deque
from typing import Final

from mypy_extensions import i64

from inspector.model.errors import DecodeError, HoleError, Malformed, Truncated
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Child, Conversation, Hints, Protocol, Sink
from inspector.protocols.hpack_block import decode_block
from inspector.protocols.hpack_table import BEFORE_CAPTURE, IN_HOLE, UNDECODED, Table
from inspector.protocols.http2_detect import LARGE_FRAME, find_frames, plausible, recognise, sender
from inspector.protocols.http2_explain import HeaderContext, SettingsContext, explain
from inspector.protocols.http2_frames import (
    ACK,
    ALLOWED_MAX_FRAME,
    CONTINUATION,
    DATA,
    DEFAULT_MAX_FRAME,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADER,
    HEADERS,
    KINDS,
    MAGIC,
    MAX_FRAME_SIZE,
    PADDED,
    PING,
    PRIORITY,
    PRIORITY_UPDATE,
    PUSH_PROMISE,
    RST_STREAM,
    SETTING_FIELDS,
    SETTINGS,
    WINDOW_UPDATE,
    Frame,
    error_name,
    kind_has_block,
    kind_name,
    read_header,
    read_payload,
    setting_name,
)
from inspector.protocols.http2_headers import Digest, digest_of
from inspector.protocols.http2_streams import (
    CLIENT_DONE,
    CLOSED,
    END_SENT,
    HEADERS_SENT,
    IDLE,
    PROMISED,
    RESET_SENT,
    UNSEEN,
    Http2Stream,
    Window,
    state_change,
)
from inspector.schema.registry import Schemas
from inspector.wire.media import CONNECT_FIELD, JSON_TYPE, is_connect_answer
from inspector.wire.reader import Reader

MAX_WAITING: Final = 64
"""SETTINGS and PING frames remembered until they are acknowledged; peers have one or two under way."""
MAX_SETTINGS: Final = 64
"""Different settings remembered of one side; about ten exist."""
MAX_CLOSED: Final = 256
"""Closed streams remembered: a sender may not have heard of the end yet (RFC 9113 5.1)."""
MAX_GUESSES: Final = 8
"""Times that the data of a stream is offered to detection when its content-type is not known."""
MAX_SAMPLE: Final = 4096
MAX_SHOWN: Final = 80
"""Characters of debug data on the line of a frame."""


ON_CONNECTION: Final = frozenset((SETTINGS, PING, GOAWAY))
"""Frames of stream 0; all others of RFC 9113 but WINDOW_UPDATE belong to a stream."""


class Pending:
    """A header block whose frames are still coming: `first` began it, `ranges` are its parts in the side's buffer."""

    def __init__(self, first: Message, stream: Http2Stream, ends: bool) -> None:
        self.first = first
        self.stream = stream
        self.ends = ends
        self.ranges: list[tuple[int, int]] = []
        self.parts: list[bytes] = []
        self.lost = False


class Half:
    """What one side has sent. `synced` says that the next byte begins a frame; `window` is what it may still send.

    `announced` are its settings, which hold for the other side once acknowledged; `unacknowledged` those that wait.
    """

    def __init__(self) -> None:
        self.begun = False
        self.synced = False
        self.table = Table()
        self.window = Window()
        self.announced: dict[int, int] = {}
        self.unacknowledged: list[Unacknowledged] = []
        self.max_frame: i64 = DEFAULT_MAX_FRAME
        self.pending: Pending | None = None
        self.pings: dict[str, Message] = {}


class Unacknowledged:
    """Settings that the other side has not confirmed; `message` is None for those of an upgrade request."""

    def __init__(self, settings: list[tuple[int, int]], message: Message | None) -> None:
        self.settings = settings
        self.message = message


class Http2Conversation(Conversation):
    """The frames of both sides and their streams, as conversations inside the conversation.

    `whole` says that nothing was missed since the connection began: only then states and windows are certain.
    """

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.halves = [Half(), Half()]
        self.streams: dict[int, Http2Stream] = {}
        self.highest: i64 = 0
        self.closed: deque[int] = deque()
        self.forgotten: i64 = 0
        self.whole = True
        if hints.message is not None:
            self._upgraded(hints.message, hints.details.get("http2-settings", ""))

    def _upgraded(self, request: Message, settings: str) -> None:
        """An HTTP/1 request became stream 1, which the client has finished (RFC 7540 3.2)."""
        stream = Http2Stream(1, CLIENT_DONE)
        stream.request = request
        stream.ended[CLIENT] = True
        self.streams[1] = stream
        self.highest = 1
        try:
            payload = urlsafe_b64decode(settings + "=" * (-len(settings) % 4))
        except (Base64Error, ValueError):
            return
        found = [
            (int.from_bytes(payload[at : at + 2], "big"), int.from_bytes(payload[at + 2 : at + 6], "big"))
            for at in range(0, min(len(payload), 6 * MAX_SETTINGS) - 5, 6)
        ]
        # the 101 answer acknowledges them (RFC 7540 3.2.1)
        self.halves[SERVER].window.apply(found)
        self._announce(self.halves[CLIENT], found)

    # cutting

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        half = self.halves[side]
        if not half.begun and side == CLIENT and self._preface(half, r, out):
            return
        start = r.offset
        at = r.pos
        frame = read_header(r)
        self._check_header(side, half, r, at, frame)
        r.need(frame.length)
        if not half.begun:
            self._join(side, half, frame)
        half.synced = True
        end: i64 = r.pos + frame.length
        missing = end > r.limit
        before = r.narrow(frame.length)
        try:
            read_payload(r, frame, None)
        except DecodeError as error:
            frame.issue = error.reason
        r.widen(before)
        r.seek(end)
        m = out.message(side, kind_name(frame.kind), start, r.offset, "")
        m.facts["http2.type"] = frame.kind
        m.facts["http2.flags"] = frame.flags
        m.facts["http2.streamid"] = frame.stream
        if missing:
            self.whole = False
            m.issue = "not all bytes of this frame were captured"
        elif frame.issue:
            m.issue = frame.issue
        self._frame(side, half, frame, m, r, out)

    def _preface(self, half: Half, r: Reader, out: Sink) -> bool:
        """The client's first 24 bytes (RFC 9113 3.4); False when frames begin at once."""
        have = r.data[r.pos : min(r.limit, r.pos + len(MAGIC))]
        if have[:14] != MAGIC[:14] and not MAGIC.startswith(have):
            return False
        raw = r.take("http2.magic", len(MAGIC))
        half.begun = True
        m = out.message(CLIENT, "preface", r.offset - len(MAGIC), r.offset, "connection preface, PRI * HTTP/2.0")
        if raw == MAGIC:
            half.synced = True
        else:
            m.issue = "not the preface that RFC 9113 3.4 asks for"
        return True

    def _check_header(self, side: Side, half: Half, r: Reader, at: i64, frame: Frame) -> None:
        """Whether this is a frame header at all; later ones are believed unless they are absurd."""
        most = self._most(side)
        if half.synced:
            if frame.length <= most or frame.kind in KINDS:
                return
        elif plausible(r.data, at, most):
            return
        raise Malformed(r.base + at, "no frame header starts here")

    def _most(self, side: Side) -> int:
        """Payload bytes that a frame of `side` may have; those who joined late may not know what is allowed."""
        peer = self.halves[1 - side]
        known = self.whole or MAX_FRAME_SIZE in peer.announced
        return peer.max_frame if known else LARGE_FRAME

    def _join(self, side: Side, half: Half, frame: Frame) -> None:
        """The first frame of a side: a server begins with SETTINGS, whoever begins otherwise was joined late."""
        half.begun = True
        opening = side == SERVER and frame.kind == SETTINGS and not frame.flags
        if not opening or (self.halves[CLIENT].begun and not self.whole):
            self.whole = False
            half.table.forget(BEFORE_CAPTURE)

    def _frame(self, side: Side, half: Half, frame: Frame, m: Message, r: Reader, out: Sink) -> None:
        kind = frame.kind
        if half.pending is not None and not (kind == CONTINUATION and frame.stream == half.pending.stream.number):
            half.pending = None
            half.table.forget(UNDECODED)
            note(m, "the header block before this frame is not finished (RFC 9113 4.3)")
        if (kind <= CONTINUATION and kind != WINDOW_UPDATE) and (frame.stream == 0) != (kind in ON_CONNECTION):
            note(m, f"{kind_name(kind).upper()} may not be sent on stream {frame.stream} (RFC 9113 6)")
        if kind == DATA:
            self._data(side, half, frame, m, r, out)
        elif kind == HEADERS:
            self._headers(side, half, frame, m, r, out)
        elif kind == WINDOW_UPDATE:
            self._window_update(side, frame, m)
        elif kind == SETTINGS:
            self._settings(side, half, frame, m)
        elif kind == PING:
            self._ping(side, half, frame, m)
        elif kind == RST_STREAM:
            self._reset(side, frame, m, out)
        elif kind == CONTINUATION:
            self._continuation(half, frame, m, r, out)
        elif kind == PUSH_PROMISE:
            self._promise(side, half, frame, m, r, out)
        elif kind == GOAWAY:
            debug = f' "{frame.text[:MAX_SHOWN]}"' if frame.text else ""
            m.summary = f"GOAWAY last stream {frame.last}: {error_name(frame.number)}{debug}"
            m.facts["http2.goaway.last_stream_id"] = frame.last
            m.facts["http2.goaway.error"] = frame.number
        elif kind == PRIORITY:
            m.summary = f"PRIORITY stream {frame.stream}: {frame.text}"
        elif kind == PRIORITY_UPDATE:
            m.summary = f"PRIORITY_UPDATE stream {frame.number}: {frame.text[:MAX_SHOWN]}"
        else:
            where = f" stream {frame.stream}" if frame.stream else ""
            content = f": {frame.text[:MAX_SHOWN]}" if frame.text else f", {frame.length} bytes"
            m.summary = f"{kind_name(kind).upper()}{where}{content}"
        if not m.complete:
            m.summary += ", cut"

    # streams

    def _stream(self, number: i64, opening: bool) -> Http2Stream:
        """The stream of a frame; one not yet seen is idle, or was opened before the capture."""
        stream = self.streams.get(number)
        if stream is None:
            known = self.whole or (opening and number > self.highest)
            state = CLOSED if number <= self.forgotten else IDLE
            stream = Http2Stream(number, state if known else UNSEEN)
            self.streams[number] = stream
            self.highest = max(self.highest, number)
        return stream

    def _move(self, stream: Http2Stream, event: i64, side: Side, frame: Frame, m: Message) -> None:
        """Apply a frame to its stream's state; say so where the state forbids it."""
        before = stream.state
        if stream.ended[side] and event != RESET_SENT:
            if self.whole:
                note(m, f"{kind_name(frame.kind).upper()} on a stream that its sender has finished (RFC 9113 5.1)")
        elif not stream.on(event, side) and self.whole and not stream.reset:
            note(m, f"{kind_name(frame.kind).upper()} on a stream that is {state_change(before, before)}")
        if frame.flags & END_STREAM and event == HEADERS_SENT:
            stream.on(END_SENT, side)
            stream.ended[side] = True
        m.facts["http2.stream.state"] = state_change(before, stream.state)

    def _data(self, side: Side, half: Half, frame: Frame, m: Message, r: Reader, out: Sink) -> None:
        stream = self._stream(frame.stream, False)
        before = stream.state
        if self.whole and (stream.ended[side] or before == IDLE):
            how = "that its sender has finished" if stream.ended[side] else "that is idle"
            note(m, f"DATA on a stream {how} (RFC 9113 5.1)")
        window = half.window
        window.left -= frame.length
        stream.spend(side, frame.length)
        child = stream.children[side]
        if child is None and stream.blind and frame.end > frame.start:
            child = self._guess(side, stream, m, r.data[frame.start - r.base : frame.end - r.base], out)
        if child is None or stream.mute[side]:
            stream.keep(side, frame.start, frame.end, m)
        elif frame.end > frame.start:
            child.add(frame.start, frame.end)
        ends = frame.flags & END_STREAM != 0
        if ends and m.complete:
            stream.on(END_SENT, side)
            self._end(stream, side, out)
        m.facts["http2.stream.state"] = state_change(before, stream.state)
        if self.whole:
            left = window.initial - stream.spent(side)
            m.facts["http2.window.stream"] = left
            m.facts["http2.window.connection"] = window.left
            if left < 0 or window.left < 0:
                whose = "stream's" if left < 0 else "connection's"
                note(m, f"{-min(left, window.left)} bytes more than the {whose} window allows (RFC 9113 6.9.1)")
        size = frame.end - frame.start
        ending = ", end of stream" if ends else ""
        m.summary = f"DATA stream {frame.stream}, {size} byte{'' if size == 1 else 's'}{ending}"

    def _end(self, stream: Http2Stream, side: Side, out: Sink) -> None:
        """A side said END_STREAM."""
        stream.ended[side] = True
        stream.end_body(side, "fin")
        child = stream.children[side]
        if child is not None:
            stream.children[side] = None
            child.finish()
        if stream.ended[1 - side]:
            self._close(stream, out)

    def _close(self, stream: Http2Stream, out: Sink) -> None:
        """Both sides are done with a stream: only the ones that closed last are remembered."""
        out.forget(stream.number)
        stream.hints = None
        self.closed.append(stream.number)
        if len(self.closed) > MAX_CLOSED:
            number = self.closed.popleft()
            self.streams.pop(number, None)
            self.forgotten = max(self.forgotten, number)

    def _reset(self, side: Side, frame: Frame, m: Message, out: Sink) -> None:
        """RFC 9113 6.4: both sides of the stream end here. Its readers are told why."""
        stream = self._stream(frame.stream, False)
        self._move(stream, RESET_SENT, side, frame, m)
        name = error_name(frame.number)
        m.summary = f"RST_STREAM stream {frame.stream}: {name}"
        m.facts["http2.rst_stream.error"] = frame.number
        stream.ended[side] = True
        stream.reset = True
        for each in (CLIENT, SERVER):
            stream.end_body(each, "rst")
        if stream.hints is not None:
            child = stream.children[side]
            if child is None:
                child = out.derive(m, stream.number, stream.hints, f"stream {stream.number}")
            if child is not None:
                child.tell({":reset": name}, m)
                child.finish("rst")
            other = stream.children[1 - side]
            if other is not None:
                other.finish("rst")
            stream.children = [None, None]
        self._close(stream, out)

    # header blocks

    def _headers(self, side: Side, half: Half, frame: Frame, m: Message, r: Reader, out: Sink) -> None:
        stream = self._stream(frame.stream, side == CLIENT)
        if side == CLIENT and stream.state == IDLE and not frame.stream & 1:
            note(m, "clients open streams of odd numbers (RFC 9113 5.1.1)")
        self._move(stream, HEADERS_SENT, side, frame, m)
        pending = Pending(m, stream, frame.flags & END_STREAM != 0)
        self._fragment(side, half, pending, frame, m, r, out)

    def _promise(self, side: Side, half: Half, frame: Frame, m: Message, r: Reader, out: Sink) -> None:
        """RFC 9113 6.6: the server makes the request itself."""
        stream = self._stream(frame.number, True)
        self._move(stream, PROMISED, side, frame, m)
        m.facts["http2.push_promise.promised_stream_id"] = frame.number
        stream.ended[CLIENT] = True
        self._fragment(side, half, Pending(m, stream, False), frame, m, r, out)

    def _continuation(self, half: Half, frame: Frame, m: Message, r: Reader, out: Sink) -> None:
        pending = half.pending
        m.summary = f"CONTINUATION stream {frame.stream}, {frame.length} bytes"
        if pending is None:
            if self.whole:
                note(m, "no header block is open (RFC 9113 6.10)")
            half.table.forget(UNDECODED)
            return
        self._fragment(m.side, half, pending, frame, m, r, out)

    def _fragment(
        self, side: Side, half: Half, pending: Pending, frame: Frame, m: Message, r: Reader, out: Sink
    ) -> None:
        """The next part of a header block; with the last one it is decoded (RFC 9113 4.3)."""
        low, high = frame.start, frame.end
        pending.ranges.append((low, high))
        pending.parts.append(r.data[low - r.base : high - r.base])
        pending.lost = pending.lost or (r.holes != [] and touches(r.holes, low, high))
        if frame.flags & END_HEADERS and m.complete:
            half.pending = None
            self._block(side, half, pending, m, out)
            return
        half.pending = pending
        if m.complete:
            m.summary = f"{kind_name(frame.kind).upper()} stream {frame.stream}, {high - low} bytes, to be continued"
        else:
            m.summary = f"{kind_name(frame.kind).upper()} stream {frame.stream}"
            m.context = HeaderContext(half.table.snapshot(), None)

    def _block(self, side: Side, half: Half, pending: Pending, m: Message, out: Sink) -> None:
        first, stream = pending.first, pending.stream
        m.context = HeaderContext(half.table.snapshot(), None if m is first else pending.ranges)
        kind = first.kind.upper()
        ending = ", end of stream" if pending.ends else ""
        if pending.lost:
            half.table.forget(IN_HOLE)
            first.summary = f"{kind} stream {stream.number}{ending}"
            self._after_block(side, stream, pending.ends, out)
            return
        parts = pending.parts
        block = decode_block(parts[0] if len(parts) == 1 else b"".join(parts), half.table, m)
        digest = digest_of(block)
        first.facts.update(digest.facts)
        if digest.issue:
            note(m, digest.issue)
        what = digest.summary
        if first.kind == "push_promise":
            number = first.facts["http2.streamid"]
            first.summary = f"PUSH_PROMISE stream {number} promises stream {stream.number}: {what}"
            stream.request = first
            stream.asked = block
            return
        if not pending.ends and not digest.informational and stream.heads[side] is None:
            stream.heads[side] = digest.fields
        if side == CLIENT:
            if stream.request is None:
                stream.request = first
                stream.asked = block
            else:
                what = f"trailers {what}"
        elif digest.status:
            first.answers = stream.request
        elif stream.answered:
            what = f"trailers {what}"
        first.summary = f"{kind} stream {stream.number}: {what}{ending}"
        self._tell(side, stream, first, digest, out)
        if side == SERVER and not digest.informational:
            stream.answered = True
            stream.asked = None
        if stream.blind and len(stream.told) < MAX_GUESSES:
            stream.told.append((first, block))
        self._after_block(side, stream, pending.ends, out)

    def _after_block(self, side: Side, stream: Http2Stream, ends: bool, out: Sink) -> None:
        if ends:
            self._end(stream, side, out)

    # what is above

    def _tell(self, side: Side, stream: Http2Stream, m: Message, digest: Digest, out: Sink) -> None:
        """Hand header fields to the reader of this side's data; make one as soon as it is known who reads."""
        child = stream.children[side]
        if child is None and not stream.reset:
            child = self._child(side, stream, m, digest, out)
            if child is None and side == SERVER and stream.hints is not None:
                # an answer in another media type, such as an error page, concerns whoever reads the request
                other = out.derive(m, stream.number, stream.hints, f"stream {stream.number}")
                if other is not None:
                    other.tell(digest.fields, m)
        if child is None and digest.blind:
            stream.blind = True
        if child is not None:
            child.tell(digest.fields, m)

    def _child(self, side: Side, stream: Http2Stream, m: Message, digest: Digest, out: Sink) -> Child | None:
        content_type = digest.content_type
        protocol = digest.fields.get(":protocol", "")
        hints = stream.hints
        if hints is None or (content_type and content_type != hints.content_type):
            if not content_type and not protocol:
                return None
            why = f"the content-type of stream {stream.number} is {content_type}"
            if protocol:
                why = f"extended CONNECT on stream {stream.number} (RFC 8441)"
            hints = Hints("tcp", self.hints.server_port, self.hints.client_port, protocol, content_type, why)
            hints.details = digest.fields
            if content_type == JSON_TYPE and CONNECT_FIELD in digest.fields:
                hints.protocol = "grpc"
        child = out.derive(m, stream.number, hints, f"stream {stream.number}")
        if child is None and stream.hints is not None:
            # an answer in another media type, such as an error page: it concerns whoever reads the request
            stream.mute[side] = not is_connect_answer(stream.hints.content_type, content_type)
            child = out.derive(m, stream.number, stream.hints, f"stream {stream.number}")
        if child is None:
            return None
        if stream.hints is None:
            stream.hints = hints
            request, asked = stream.request, stream.asked
            if side == SERVER and request is not None and asked is not None and request.kind == "headers":
                self._tell_request(stream, request, digest_of(asked), hints, out)
        stream.children[side] = child
        return child

    def _tell_request(self, stream: Http2Stream, request: Message, asked: Digest, hints: Hints, out: Sink) -> None:
        """The response told who reads this stream: the request's fields come first all the same."""
        child = out.derive(request, stream.number, hints, f"stream {stream.number}")
        if child is not None:
            child.tell(asked.fields, request)
            if stream.ended[CLIENT]:
                child.finish()
            else:
                stream.children[CLIENT] = child

    def _guess(self, side: Side, stream: Http2Stream, m: Message, content: bytes, out: Sink) -> Child | None:
        """Who reads a stream whose header fields were not captured: whoever recognises its data."""
        hints = stream.hints
        if hints is None:
            if stream.guesses == MAX_GUESSES:
                return None
            stream.guesses += 1
            why = f"the content-type of stream {stream.number} was not captured"
            hints = Hints("tcp", self.hints.server_port, self.hints.client_port, "", "", why)
            hints.sample = content[:MAX_SAMPLE]
            for _, block in stream.told:
                hints.details = {**hints.details, **digest_of(block).fields}
        child = out.derive(m, stream.number, hints, f"stream {stream.number}")
        if child is None:
            return None
        told = stream.told if stream.hints is None else []
        stream.hints = hints
        stream.children[side] = child
        for message, block in told:
            teller = stream.children[message.side] or out.derive(
                message, stream.number, hints, f"stream {stream.number}"
            )
            if teller is not None:
                teller.tell(digest_of(block).fields, message)
                if not stream.ended[message.side]:
                    stream.children[message.side] = teller
        stream.told = []
        return child

    # the connection

    def _window_update(self, side: Side, frame: Frame, m: Message) -> None:
        other = 1 - side
        window = self.halves[other].window
        if not frame.stream:
            window.left += frame.number
            if self.whole:
                m.facts["http2.window.connection"] = window.left
            m.summary = f"WINDOW_UPDATE connection +{frame.number}"
            return
        stream = self._stream(frame.stream, False)
        stream.spend(other, -frame.number)
        m.facts["http2.stream.state"] = state_change(stream.state, stream.state)
        if self.whole:
            m.facts["http2.window.stream"] = window.initial - stream.spent(other)
        m.summary = f"WINDOW_UPDATE stream {frame.stream} +{frame.number}"

    def _settings(self, side: Side, half: Half, frame: Frame, m: Message) -> None:
        if frame.flags & ACK:
            other = self.halves[1 - side]
            m.summary = "SETTINGS ack"
            if other.unacknowledged:
                waiting = other.unacknowledged.pop(0)
                half.window.apply(waiting.settings)
                m.answers = waiting.message
                m.context = SettingsContext([], waiting.settings)
            return
        settings = frame.settings or []
        m.context = SettingsContext([half.announced.get(identifier) for identifier, _ in settings], [])
        self._announce(half, settings)
        if len(half.unacknowledged) < MAX_WAITING:
            half.unacknowledged.append(Unacknowledged(settings, m))
        for identifier, value in settings:
            if identifier in SETTING_FIELDS:
                m.facts[SETTING_FIELDS[identifier]] = value
        named = ", ".join(f"{setting_name(identifier)}={value}" for identifier, value in settings[:MAX_SETTINGS])
        m.summary = f"SETTINGS {named}" if named else "SETTINGS, all as before"

    def _announce(self, half: Half, settings: list[tuple[int, int]]) -> None:
        for identifier, value in settings:
            if identifier in half.announced or len(half.announced) < MAX_SETTINGS:
                half.announced[identifier] = value
            if identifier == MAX_FRAME_SIZE and DEFAULT_MAX_FRAME <= value <= ALLOWED_MAX_FRAME:
                half.max_frame = max(half.max_frame, value)

    def _ping(self, side: Side, half: Half, frame: Frame, m: Message) -> None:
        if frame.flags & ACK:
            m.answers = self.halves[1 - side].pings.pop(frame.text, None)
            m.summary = f"PING ack {frame.text}"
            return
        if len(half.pings) < MAX_WAITING:
            half.pings[frame.text] = m
        m.summary = f"PING {frame.text}"

    # ends and losses

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        half = self.halves[side]
        if half.pending is not None:
            note(half.pending.first, "the rest of this header block never came")
            half.pending = None
        for stream in self.streams.values():
            stream.end_body(side, "rst" if ending == "rst" else "")
            child = stream.children[side]
            if child is not None:
                stream.children[side] = None
                child.finish(ending)

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        half = self.halves[side]
        if isinstance(error, Truncated):
            return self._cut_short(side, half, r, out)
        if half.begun:
            half.table.forget(IN_HOLE if isinstance(error, HoleError) else UNDECODED)
        else:
            half.begun = True
            half.table.forget(BEFORE_CAPTURE)
            error.reason = "these bytes belong to a frame that began before the capture"
        half.synced = False
        half.pending = None
        self.whole = False
        return None

    def _cut_short(self, side: Side, half: Half, r: Reader, out: Sink) -> Message | None:
        """A preface or frame that the bytes end in."""
        start = r.offset
        if side == CLIENT and not half.begun and MAGIC.startswith(r.data[r.pos : r.end]):
            r.seek(r.end)
            m = out.message(side, "preface", start, r.offset, "connection preface, cut")
            m.issue = f"{r.offset - start} of {len(MAGIC)} bytes of the preface"
            m.complete = False
            return m
        if r.left < HEADER or r.pos + HEADER > r.limit:
            return None
        frame = read_header(r)
        if not half.begun:
            self._join(side, half, frame)
        have = r.left
        padded = frame.kind == DATA and frame.flags & PADDED != 0 and have > 0
        padding: i64 = r.data[r.pos] if padded else 0
        frame.start = r.offset + (1 if padded else 0)
        r.seek(r.end)
        frame.end = max(frame.start, min(r.offset, frame.start + frame.length - padding))
        m = out.message(side, kind_name(frame.kind), start, r.offset, "")
        m.facts["http2.type"] = frame.kind
        m.facts["http2.flags"] = frame.flags
        m.facts["http2.streamid"] = frame.stream
        m.complete = False
        m.issue = f"the bytes end after {have} of {frame.length} bytes of this frame"
        if frame.kind == DATA or (kind_has_block(frame.kind) and frame.kind != PUSH_PROMISE):
            self._frame(side, half, frame, m, r, out)
        else:
            where = f" stream {frame.stream}" if frame.stream else ""
            m.summary = f"{kind_name(frame.kind).upper()}{where}, cut"
        return m

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        return find_frames(data, pos, self._most(side), 2, self.over)


def note(m: Message, issue: str) -> None:
    """Add to what is wrong with a message."""
    m.issue = issue if m.issue is None else f"{m.issue}; {issue}"


def touches(holes: list[tuple[int, int]], low: int, high: int) -> bool:
    """Whether any hole lies in `low:high`."""
    return any(start < high and low < end for start, end in holes)


PROTOCOL = Protocol(
    name="http2",
    title="HTTP/2",
    spec="RFC 9113",
    recognise=recognise,
    conversation=Http2Conversation,
    explain=explain,
    ports=(50051, 19530),
    sender=sender,
)
