"""WebSocket frames: header, masking and close codes. Spec: RFC 6455 5 and 7.4."""

from typing import Final

from inspector.model.buffer import Buffer, BufferSource, Pieces
from inspector.model.sides import CLIENT, Side
from inspector.wire.reader import Reader

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
KINDS: Final = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}
"""RFC 6455 5.2; the other opcodes are reserved."""
RESERVED: Final = "reserved"
"""The kind of a frame whose opcode nobody has defined."""

RSV1: Final = 4
"""RFC 7692 6: the bit that says that a message is compressed."""
MAX_CONTROL: Final = 125
"""Bytes of a control frame's payload (RFC 6455 5.5)."""
MAX_FRAME: Final = 64 << 20
"""Bytes of one frame that are waited for; libraries stop at 1 to 64 MiB unless told otherwise."""
TOP_BIT: Final = "the highest bit of a 64-bit length is set"
MAX_LARGE: Final = 1 << 40
"""Bytes of one frame that are passed over as they come: more than any capture holds is no length."""
KEY_SIZE: Final = 4

CLOSE_NAMES: Final = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no status received",
    1006: "abnormal closure",
    1007: "invalid payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failed",
}
"""RFC 6455 7.4.1 and the IANA registry that goes on with it."""
NEVER_SENT: Final = frozenset((1005, 1006, 1015))
"""Codes for programs to report, which no frame may carry (RFC 6455 7.4.1)."""


class Frame:
    """A frame's header; `payload` is the buffer offset behind it, `length` the bytes of payload that it announces."""

    __slots__ = ("fin", "key", "length", "masked", "opcode", "payload", "rsv", "short", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.fin = True
        self.rsv = 0
        self.opcode = 0
        self.masked = False
        self.short = 0
        self.length = 0
        self.key = b""
        self.payload = start

    @property
    def control(self) -> bool:
        """Whether it is about the connection rather than part of a message (RFC 6455 5.5)."""
        return self.opcode >= CLOSE

    @property
    def kind(self) -> str:
        """The name of its opcode."""
        return KINDS.get(self.opcode, RESERVED)


def read_header(r: Reader) -> Frame:
    """Everything before the payload (RFC 6455 5.2)."""
    frame = Frame(r.offset)
    first = r.peek_u8()
    frame.fin = first >= 0x80
    frame.rsv = first >> 4 & 7
    frame.opcode = first & 15
    r.known("websocket.opcode", 1, frame.opcode)
    r.bits("websocket.fin", first >> 7, 7, 1)
    r.bits("websocket.rsv", frame.rsv, 4, 3)
    if frame.rsv & RSV1 and not frame.control:
        r.bits("websocket.pmc", 1, 6, 1)
    second = r.peek_u8()
    frame.masked = second >= 0x80
    frame.short = second & 127
    frame.length = frame.short
    r.known("websocket.payload_length", 1, frame.short)
    r.bits("websocket.mask", second >> 7, 7, 1)
    if frame.short == 126:
        frame.length = r.u16("websocket.payload_length_ext_16")
    elif frame.short == 127:
        frame.length = r.u64("websocket.payload_length_ext_64")
    if frame.masked:
        frame.key = r.take("websocket.masking_key", KEY_SIZE)
    frame.payload = r.offset
    return frame


def faults(frame: Frame, side: Side, allowed: int) -> list[str]:
    """What the header breaks of the rules; `allowed` are the reserved bits that an extension uses."""
    found: list[str] = []
    if frame.opcode not in KINDS:
        found.append(f"opcode {frame.opcode} is reserved (RFC 6455 5.2)")
    if frame.rsv & ~allowed:
        bits = ", ".join(f"RSV{4 - i}" for i in (3, 2, 1) if frame.rsv & ~allowed & 1 << i - 1)
        found.append(f"{bits} set, which no extension agreed on explains (RFC 6455 5.2)")
    if frame.rsv & allowed & RSV1 and frame.control:
        found.append("RSV1 on a control frame, which is never compressed (RFC 7692 6)")
    if frame.masked != (side == CLIENT):
        whose = "a client must mask its frames" if side == CLIENT else "a server must not mask its frames"
        found.append(f"{whose} (RFC 6455 5.1)")
    if frame.control and frame.length > MAX_CONTROL:
        found.append(f"a control frame of {frame.length:,} bytes; at most {MAX_CONTROL} are allowed (RFC 6455 5.5)")
    if frame.control and not frame.fin:
        found.append("a control frame in fragments (RFC 6455 5.5)")
    if frame.length < {126: 126, 127: 65536}.get(frame.short, 0):
        found.append("the length is not written in the shortest form (RFC 6455 5.2)")
    if frame.length >> 63:
        found.append(f"{TOP_BIT}, which must be 0 (RFC 6455 5.2)")
    return found


def unmask(data: bytes, key: bytes, phase: int = 0) -> bytes:
    """`data` with byte i combined by exclusive or with key byte (i + phase) mod 4 (RFC 6455 5.3)."""
    size = len(data)
    if not size or not key:
        return data
    turn = phase % KEY_SIZE
    repeated = ((key[turn:] + key[:turn]) * (size // KEY_SIZE + 1))[:size]
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return mixed.to_bytes(size, "little")


def close_fault(payload: bytes) -> str:
    """What is wrong with the payload of a close frame, "" when nothing is (RFC 6455 5.5.1, 7.4)."""
    if len(payload) == 1:
        return "a close code has two bytes, here is one (RFC 6455 5.5.1)"
    if len(payload) < 2:
        return ""
    code = payload[0] << 8 | payload[1]
    if code in NEVER_SENT:
        return f"close code {code} is for programs to report and must not be sent (RFC 6455 7.4.1)"
    if not (1000 <= code <= 1014 and code != 1004) and not 3000 <= code <= 4999:
        return f"nobody may use close code {code} (RFC 6455 7.4.2)"
    return "" if is_utf8(payload[2:]) else "the reason is not UTF-8 (RFC 6455 5.5.1)"


def is_utf8(data: bytes) -> bool:
    """Whether `data` is UTF-8 from its first byte to its last."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def close_words(code: int) -> str:
    """A close code in words."""
    name = CLOSE_NAMES.get(code)
    if name is not None:
        return name
    if 3000 <= code <= 3999:
        return "a registered code of a library"
    return "a code of the application" if 4000 <= code <= 4999 else "an undefined code"


class Part:
    """Bytes `start:end` of a buffer, masked with `key` (b"": not masked)."""

    __slots__ = ("end", "key", "start")

    def __init__(self, start: int, end: int, key: bytes) -> None:
        self.start = start
        self.end = end
        self.key = key


class Unmasked(BufferSource):
    """The payloads of one or more frames, unmasked and joined: every byte comes from the one byte in its place."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        for part in self.parts:
            if part.start < part.end:
                pieces.add_range(part.start, part.end, part.end - part.start)
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        found: list[bytes] = []
        at = 0
        for part in self.parts:
            size = part.end - part.start
            low, high = max(start - at, 0), min(end - at, size)
            if low < high:
                found.append(self._part(buffer, part, low, high))
            at += size
        return b"".join(found)

    def _part(self, buffer: Buffer, part: Part, low: int, high: int) -> bytes:
        parent = buffer.parent
        assert parent is not None
        start = part.start + low
        data = unmask(parent.read(start, part.start + high), part.key, low)
        holes = parent.holes_in(start, part.start + high)
        if not holes:
            return data
        # what was never captured stays zero: unmasked zeros would look like the key
        kept = bytearray(data)
        for first, last in holes:
            kept[first - start : last - start] = bytes(last - first)
        return bytes(kept)


def unmasked(parent: Buffer, parts: list[Part], name: str) -> Buffer:
    """A buffer of the unmasked bytes of `parts` of `parent`."""
    return Buffer(name, Unmasked(parts), parent=parent)
