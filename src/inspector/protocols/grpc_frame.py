"""The prefix of a gRPC message and its compression. Spec: grpc/grpc, doc/PROTOCOL-HTTP2.md, "Requests" """

from typing import Final

from inspector.model.sides import Side
from inspector.protocols.grpc_call import CONNECT, GRPC, Call
from inspector.protocols.protobuf_guess import as_text, count_fields
from inspector.protocols.protobuf_wire import I32, Wire
from inspector.wire.coding import MAX_INFLATED, Inflated, inflate
from inspector.wire.reader import Reader

PREFIX: Final = 5
"""One byte of flags and four of length."""
COMPRESSED: Final = 0x01
END: Final = 0x02
"""Connect: the last envelope of a stream."""
TRAILERS: Final = 0x80
"""gRPC-Web: trailers instead of a message."""

BEGINNINGS: Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xff\x06\0\0sNaPpY": "snappy",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x78": "deflate",
}
"""How the bytes of each coding begin (RFC 1952 2.3.1, RFC 8878 3.1.1, Snappy's and LZ4's frames, RFC 1950)."""
MAX_MESSAGE: Final = 1 << 30
"""Bytes of one message; gRPC refuses more than 4 MiB unless told otherwise, and protobuf more than 2 GiB."""
MAX_UNCOMPRESSED: Final = 4 << 20
"""Bytes of a message whose beginning alone is believed: gRPC's usual limit."""
MAX_CHAIN: Final = 64
"""Messages in a row that prove enough."""
MAX_FIRST: Final = 64
"""The largest field number that the first field of a message is expected to have."""


def check_flags(r: Reader, flags: int, style: int) -> None:
    """Raise Malformed, at the byte just read or about to be read, where flags are set that do not exist."""
    allowed = COMPRESSED if style == GRPC else COMPRESSED | END if style == CONNECT else COMPRESSED | TRAILERS
    if flags & ~allowed:
        raise r.malformed(f"flags 0x{flags:02x} before a length: no message starts here")


def inflated(call: Call, side: Side, payload: bytes, most: int = MAX_INFLATED) -> Inflated:
    """A compressed message's contents. An unknown coding is told from the bytes where they say it."""
    coding = call.encoding(side)
    if not coding or coding.startswith("<"):
        coding = coding_in(payload)
    if coding == "identity":
        return Inflated(payload, "the compressed flag is set, but the encoding is identity")
    return inflate(coding, payload, most)


def coding_in(payload: bytes) -> str:
    """The coding that compressed bytes begin like, "" when they do not say."""
    for start, coding in BEGINNINGS.items():
        if payload.startswith(start):
            return coding
    return ""


def codec_in(call: Call, payload: bytes) -> str:
    """What a message is written in: as the media type says, but JSON that it does not speak of is JSON all the same.

    As protobuf an opening brace or bracket would begin a group, which nobody has used since 2008.
    """
    if call.codec not in ("proto", ""):
        return call.codec
    if payload[:1] in (b"{", b"[") and payload.rstrip()[-1:] in (b"}", b"]") and as_text(payload) is not None:
        return "json"
    return "proto"


def chain(data: bytes, at: int) -> int:
    """How many whole messages fill the bytes from `at` to their end exactly, at most MAX_CHAIN; 0 when they do not."""
    count = 0
    size = len(data)
    while at < size:
        if size - at < PREFIX or data[at] > COMPRESSED:
            return 0
        length = int.from_bytes(data[at + 1 : at + PREFIX], "big")
        end = at + PREFIX + length
        if end > size or (length and not _fits(data, at, end)):
            return 0
        at = end
        count += 1
        if count == MAX_CHAIN:
            break
    return count


def _fits(data: bytes, at: int, end: int) -> bool:
    """Whether the bytes behind a prefix are a message: compressed ones are believed by their first bytes."""
    if data[at] == COMPRESSED:
        return end - at < PREFIX + 2 or data[at + PREFIX] in (0x1F, 0x78, 0x28, 0xFF) or end - at > PREFIX + 8
    return count_fields(data, at + PREFIX, end) > 0


def starts_plausibly(data: bytes) -> bool:
    """Whether the bytes begin with a prefix whose message goes on behind their end, and with a field of protobuf."""
    if len(data) < PREFIX + 2 or data[0] > COMPRESSED:
        return False
    length = int.from_bytes(data[1:PREFIX], "big")
    if not len(data) - PREFIX < length <= MAX_UNCOMPRESSED:
        return False
    if data[0] == COMPRESSED:
        return coding_in(data[PREFIX:]) != ""
    wire = Wire(data, PREFIX, len(data))
    return wire.tag() and wire.number <= MAX_FIRST and wire.wire <= I32
