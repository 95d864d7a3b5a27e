"""The header transport (THeader): what stands before a message in its frame. Spec: thrift/doc/specs/HeaderFormat.md"""

from typing import Final

from inspector.protocols.thrift_compact import read_varint
from inspector.wire.coding import Inflated, inflate
from inspector.wire.reader import Reader

MAGIC: Final = b"\x0f\xff"
"""The two bytes behind the frame length."""

FIXED: Final = 10
"""Bytes from the magic number to where the counted part of the header begins."""

PROTOCOLS: Final = {0: "binary", 2: "compact"}
ZLIB: Final = 1
HMAC: Final = 2
SNAPPY: Final = 3
TRANSFORMS: Final = {ZLIB: "zlib", HMAC: "hmac", SNAPPY: "snappy"}
_CODINGS: Final = {ZLIB: "deflate", SNAPPY: "snappy"}

KEY_VALUES: Final = (1, 2)
"""Kinds of info headers: pairs for this message, and pairs that hold for the connection."""

MAX_TRANSFORMS: Final = 16
MAX_INFOS: Final = 4096


class Envelope:
    """What a THeader says of its message; `infos` are its pairs of texts, `mac` the bytes of a signature at the end."""

    __slots__ = ("infos", "mac", "protocol", "transforms")

    def __init__(self, protocol: int) -> None:
        self.protocol = protocol
        self.mac = 0
        self.transforms: list[int] = []
        self.infos: list[tuple[str, str]] = []

    @property
    def coded(self) -> bool:
        """Whether the message's bytes are others than those that travel."""
        return any(transform != HMAC for transform in self.transforms)


def read_envelope(r: Reader) -> Envelope:
    """The header behind a frame's length, up to the payload."""
    r.begin("thrift.header")
    r.u16("thrift.header.magic")
    r.u16("thrift.header.flags")
    r.u32("thrift.header.seq_id")
    size = 4 * r.u16("thrift.header.size")
    before = r.narrow(size)
    try:
        envelope = _read_counted(r)
    finally:
        r.widen(before)
    r.close()
    return envelope


def _read_counted(r: Reader) -> Envelope:
    envelope = Envelope(read_varint(r, "thrift.header.protocol_id", False))
    if envelope.protocol not in PROTOCOLS:
        raise r.malformed(f"protocol {envelope.protocol} is neither binary (0) nor compact (2)")
    count = read_varint(r, "thrift.header.num_transforms", False)
    if count > MAX_TRANSFORMS:
        raise r.malformed(f"{count} transforms are more than {MAX_TRANSFORMS}")
    for _ in range(count):
        envelope.transforms.append(read_varint(r, "thrift.header.transform", False))
        if envelope.transforms[-1] == HMAC:
            # HeaderFormat.md, "Transform IDs": one byte says how long the signature at the end of the frame is
            envelope.mac = r.u8("thrift.header.mac_size")
    while r.left:
        # HeaderFormat.md, "Info headers": a kind of 0 is where padding begins
        if r.peek_u8() == 0:
            break
        kind = read_varint(r, "thrift.header.info_type", False)
        if kind not in KEY_VALUES:
            break
        _read_infos(r, envelope)
    if r.left:
        r.skip("thrift.header.padding", r.left)
    return envelope


def _read_infos(r: Reader, envelope: Envelope) -> None:
    count = read_varint(r, "thrift.header.num_info", False)
    if count > MAX_INFOS:
        raise r.malformed(f"{count} info headers are more than {MAX_INFOS}")
    for _ in range(count):
        r.begin("thrift.header.info")
        key = r.text("thrift.header.info_key", read_varint(r, "thrift.str_len", False))
        value = r.text("thrift.header.info_value", read_varint(r, "thrift.str_len", False))
        r.close()
        envelope.infos.append((key, value))


def undo(transforms: list[int], payload: bytes) -> Inflated:
    """The payload, without its signature, as it was before its transforms, which were done in the order given."""
    found = Inflated(payload, "")
    for transform in reversed(transforms):
        if transform == HMAC:
            continue
        coding = _CODINGS.get(transform)
        if coding is None:
            return Inflated(b"", f"transform {transform} is none of zlib (1), hmac (2) and snappy (3)")
        found = inflate(coding, found.data)
        if found.problem:
            return found
    return found
