"""Frames: RFC 9113 4.1 and 6, RFC 7838 4 (ALTSVC), RFC 8336 (ORIGIN), RFC 9218 7.1 (PRIORITY_UPDATE)."""

from typing import Final

from mypy_extensions import i64

from inspector.model.message import Message
from inspector.protocols.hpack_block import Block, read_block
from inspector.protocols.hpack_table import Table
from inspector.wire.reader import Reader

MAGIC: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113 3.4."""
HEADER: Final = 9
"""Bytes of a frame header."""
DEFAULT_MAX_FRAME: Final = 16384
"""Payload bytes allowed before SETTINGS_MAX_FRAME_SIZE says otherwise (RFC 9113 4.2)."""
ALLOWED_MAX_FRAME: Final = (1 << 24) - 1

DATA: Final = 0
HEADERS: Final = 1
PRIORITY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PUSH_PROMISE: Final = 5
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9
ALTSVC: Final = 10
ORIGIN: Final = 12
PRIORITY_UPDATE: Final = 16

KINDS: Final = {
    DATA: "data",
    HEADERS: "headers",
    PRIORITY: "priority",
    RST_STREAM: "rst_stream",
    SETTINGS: "settings",
    PUSH_PROMISE: "push_promise",
    PING: "ping",
    GOAWAY: "goaway",
    WINDOW_UPDATE: "window_update",
    CONTINUATION: "continuation",
    ALTSVC: "altsvc",
    ORIGIN: "origin",
    PRIORITY_UPDATE: "priority_update",
}

END_STREAM: Final = 1
ACK: Final = 1
END_HEADERS: Final = 4
PADDED: Final = 8
PRIORITY_FLAG: Final = 32

FLAGS: Final[dict[int, list[tuple[str, int]]]] = {
    DATA: [("http2.flags.end_stream", 0), ("http2.flags.padded", 3)],
    HEADERS: [
        ("http2.flags.end_stream", 0),
        ("http2.flags.eh", 2),
        ("http2.flags.padded", 3),
        ("http2.flags.priority", 5),
    ],
    SETTINGS: [("http2.flags.ack.settings", 0)],
    PUSH_PROMISE: [("http2.flags.eh", 2), ("http2.flags.padded", 3)],
    PING: [("http2.flags.ack.ping", 0)],
    CONTINUATION: [("http2.flags.eh", 2)],
}
"""The defined flags of each type: name and bit."""
DEFINED: Final = {
    DATA: END_STREAM | PADDED,
    HEADERS: END_STREAM | END_HEADERS | PADDED | PRIORITY_FLAG,
    SETTINGS: ACK,
    PUSH_PROMISE: END_HEADERS | PADDED,
    PING: ACK,
    CONTINUATION: END_HEADERS,
}

HEADER_TABLE_SIZE: Final = 1
MAX_CONCURRENT_STREAMS: Final = 3
INITIAL_WINDOW_SIZE: Final = 4
MAX_FRAME_SIZE: Final = 5

SETTING_FIELDS: Final = {
    HEADER_TABLE_SIZE: "http2.settings.header_table_size",
    2: "http2.settings.enable_push",
    MAX_CONCURRENT_STREAMS: "http2.settings.max_concurrent_streams",
    INITIAL_WINDOW_SIZE: "http2.settings.initial_window_size",
    MAX_FRAME_SIZE: "http2.settings.max_frame_size",
    6: "http2.settings.max_header_list_size",
    8: "http2.settings.extended_connect",
    9: "http2.settings.no_rfc7540_priorities",
    0xFE03: "http2.settings.grpc_allow_true_binary_metadata",
}
"""RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1, and gRPC's own."""
SETTING_DEFAULTS: Final = {HEADER_TABLE_SIZE: 4096, 2: 1, INITIAL_WINDOW_SIZE: 65535, MAX_FRAME_SIZE: 16384, 8: 0, 9: 0}

ERROR_NAMES: Final = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)
"""RFC 9113 7, by code."""


class Frame:
    """One frame. Offsets are relative to the buffer.

    `start` and `end` enclose the content: DATA without padding, a header block fragment. `number` is an error code, a
    window increment, a promised or prioritised stream; `last` GOAWAY's last stream. `settings` are identifiers and
    values in order, `text` is debug data, an origin or a field value.
    """

    def __init__(self, length: i64, kind: i64, flags: i64, stream: i64) -> None:
        self.length = length
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.start: i64 = 0
        self.end: i64 = 0
        self.number: i64 = 0
        self.last: i64 = 0
        self.settings: list[tuple[int, int]] | None = None
        self.text = ""
        self.issue = ""

    def has(self, flag: i64) -> bool:
        """Whether a flag is set."""
        return self.flags & flag != 0


class BlockReader:
    """Reads header blocks where they lie, for explaining them."""

    def __init__(self, table: Table, message: Message) -> None:
        self.table = table
        self.message = message
        self.block = Block()

    def read(self, r: Reader, count: i64) -> None:
        """The header block of the next `count` bytes."""
        before = r.narrow(count)
        read_block(r, self.table, self.message, self.block)
        r.widen(before)


def kind_name(kind: int) -> str:
    """The kind of message that a frame of this type is."""
    name = KINDS.get(kind)
    return name if name is not None else f"frame_0x{kind:02x}"


def error_name(code: int) -> str:
    """An error code in words."""
    return ERROR_NAMES[code] if code < len(ERROR_NAMES) else f"error 0x{code:x}"


def setting_name(identifier: int) -> str:
    """A setting's name."""
    field = SETTING_FIELDS.get(identifier)
    return field.rpartition(".")[2] if field is not None else f"0x{identifier:04x}"


def read_header(r: Reader) -> Frame:
    """The nine bytes before every payload (RFC 9113 4.1)."""
    if not r.recording and r.pos + HEADER <= r.limit:
        return _fast_header(r)
    length = r.u24("http2.length")
    kind = r.u8("http2.type")
    flags = r.u8("http2.flags")
    if r.recording:
        _flag_bits(r, kind, flags)
    return Frame(length, kind, flags, _number31(r, "http2.streamid", "http2.r"))


def _fast_header(r: Reader) -> Frame:
    """The same without names: most of what is read of a capture are these bytes."""
    data, p = r.data, r.pos
    r.pos = p + HEADER
    length: i64 = (i64(data[p]) << 16) | (i64(data[p + 1]) << 8) | i64(data[p + 2])
    return Frame(length, i64(data[p + 3]), i64(data[p + 4]), _word(data, p + 5) & 0x7FFFFFFF)


def _word(data: bytes, p: i64) -> i64:
    """Four bytes, big-endian."""
    high: i64 = (i64(data[p]) << 24) | (i64(data[p + 1]) << 16)
    return high | (i64(data[p + 2]) << 8) | i64(data[p + 3])


def _flag_bits(r: Reader, kind: int, flags: int) -> None:
    for name, shift in FLAGS.get(kind, []):
        r.bits(name, flags >> shift & 1, shift, 1)
    if flags & ~DEFINED.get(kind, 0):
        r.note(f"flags 0x{flags & ~DEFINED.get(kind, 0):02x} have no meaning for this type")


def _number31(r: Reader, name: str, reserved: str) -> i64:
    """31 bits below a reserved one."""
    if r.pos + 4 > r.limit:
        r.peek(4)
    raw = _word(r.data, r.pos)
    if not r.recording:
        r.pos += 4
        return raw & 0x7FFFFFFF
    r.known(name, 4, raw & 0x7FFFFFFF)
    r.bits(reserved, raw >> 31, 31, 1)
    if raw >> 31:
        r.note("the reserved bit is set")
    return raw & 0x7FFFFFFF


def read_payload(r: Reader, frame: Frame, blocks: BlockReader | None) -> None:
    """The payload, to which `r` is narrowed. Raises DecodeError where it is too short for its type."""
    kind = frame.kind
    if kind == DATA:
        padding = _padding(r, frame)
        _content(r, frame, padding, "http2.data.data", "http2.data.padding", None)
    elif kind == HEADERS:
        padding = _padding(r, frame)
        if frame.flags & PRIORITY_FLAG:
            _priority(r, frame)
        _content(r, frame, padding, "http2.headers", "http2.headers.padding", blocks)
    elif kind == WINDOW_UPDATE:
        frame.number = _number31(r, "http2.window_update.window_size_increment", "http2.window_update.r")
        if not frame.number:
            frame.issue = "an increment of 0 is an error (RFC 9113 6.9)"
    elif kind == SETTINGS:
        _settings(r, frame)
    elif kind == PING:
        frame.text = r.take("http2.pong" if frame.flags & ACK else "http2.ping", 8).hex()
    elif kind == RST_STREAM:
        frame.number = r.u32("http2.rst_stream.error")
    elif kind == GOAWAY:
        frame.last = _number31(r, "http2.goaway.last_stream_id", "http2.goway.r")
        frame.number = r.u32("http2.goaway.error")
        if r.left:
            frame.text = r.text("http2.goaway.addata", r.left)
    elif kind == CONTINUATION:
        _content(r, frame, 0, "http2.continuation.header", "http2.headers.padding", blocks)
    elif kind == PUSH_PROMISE:
        padding = _padding(r, frame)
        frame.number = _number31(r, "http2.push_promise.promised_stream_id", "http2.push_promise.r")
        _content(r, frame, padding, "http2.push_promise.header", "http2.push_promise.padding", blocks)
    elif kind == PRIORITY:
        _priority(r, frame)
    else:
        _extension(r, frame)
    if r.left:
        frame.issue = f"{r.left} bytes more than this frame may have"
        r.skip("http2.unknown", r.left)


def _padding(r: Reader, frame: Frame) -> int:
    """The pad length (RFC 9113 6.1), 0 without padding."""
    return r.u8("http2.padding") if frame.flags & PADDED else 0


def _content(r: Reader, frame: Frame, padding: i64, name: str, padding_name: str, blocks: BlockReader | None) -> None:
    left: i64 = r.left
    if padding > left:
        frame.issue = f"{padding} bytes of padding do not fit (RFC 9113 6.1)"
        padding = left
    frame.start = r.base + r.pos
    frame.end = frame.start + left - padding
    if left > padding:
        if blocks is not None and (kind_has_block(frame.kind)):
            r.begin(name)
            blocks.read(r, left - padding)
            r.close()
        else:
            r.skip(name, left - padding)
    if padding:
        r.skip(padding_name, padding)


def kind_has_block(kind: i64) -> bool:
    """Whether frames of this type carry a header block or a part of one."""
    return kind in (HEADERS, CONTINUATION, PUSH_PROMISE)


def _priority(r: Reader, frame: Frame) -> None:
    """A dependency and weight (RFC 7540 6.3, deprecated by RFC 9113 5.3.2)."""
    raw = int.from_bytes(r.peek(4), "big")
    frame.last = raw & 0x7FFFFFFF
    exclusive = raw >> 31
    r.known("http2.stream_dependency", 4, frame.last)
    r.bits("http2.exclusive", exclusive, 31, 1)
    weight = r.u8("http2.headers.weight") + 1
    if r.recording:
        r.known("http2.headers.weight_real", 0, weight)
    frame.text = f"depends on {frame.last}{' exclusively' if exclusive else ''}, weight {weight}"


def _settings(r: Reader, frame: Frame) -> None:
    """RFC 9113 6.5.1."""
    found: list[tuple[int, int]] = []
    while r.left:
        r.begin("http2.settings")
        identifier = r.u16("http2.settings.id")
        value = r.u32(SETTING_FIELDS.get(identifier, "http2.settings.unknown"))
        found.append((identifier, value))
        r.close(f"{setting_name(identifier)} = {value}" if r.recording else None)
    frame.settings = found


def _extension(r: Reader, frame: Frame) -> None:
    """Types from other documents, and unknown ones."""
    kind = frame.kind
    if kind == ALTSVC:
        count = r.u16("http2.altsvc.origin.len")
        origin = r.latin("http2.altsvc.origin", count) if count else ""
        value = r.latin("http2.altsvc.field_value", r.left) if r.left else ""
        frame.text = f"{origin} {value}".strip()
    elif kind == ORIGIN:
        origins: list[str] = []
        while r.left:
            r.begin("http2.origin")
            count = r.u16("http2.origin.origin_len")
            origins.append(r.latin("http2.origin.origin", count))
            r.close(origins[-1])
        frame.text = ", ".join(origins)
    elif kind == PRIORITY_UPDATE:
        frame.number = _number31(r, "http2.priority_update_stream_id", "http2.r")
        frame.text = r.latin("http2.priority_update_field_value", r.left) if r.left else ""
    elif r.left:
        r.skip("http2.unknown", r.left)
