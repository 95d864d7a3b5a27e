"""The blocks of the block-structured capture format as bytes, draft-ietf-opsawg-pcapng."""

import struct
from typing import Final

SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
PACKET: Final = 2
SIMPLE: Final = 3
STATISTICS: Final = 5
ENHANCED: Final = 6
SECRETS: Final = 10

OPT_COMMENT: Final = 1
IF_NAME: Final = 2
IF_DESCRIPTION: Final = 3
IF_TSRESOL: Final = 9
IF_FILTER: Final = 11
IF_TSOFFSET: Final = 14
STATISTICS_RECEIVED: Final = 4
STATISTICS_DROPPED: Final = 5

BYTE_ORDER: Final = 0x1A2B3C4D
MAGIC: Final = b"\x0a\x0d\x0d\x0a"

_NANOSECONDS: Final = b"\x09"
_MAX_OPTION: Final = 0xFFFF
_UNKNOWN_SECTION_LENGTH: Final = -1


def section_block(comments: list[str]) -> bytes:
    """A section header block, section 4.1."""
    body = struct.pack("<IHHq", BYTE_ORDER, 1, 0, _UNKNOWN_SECTION_LENGTH)
    return block(SECTION, body + comment_options(comments))


def interface_block(link_type: int, snap_length: int, name: str = "", description: str = "", bpf: str = "") -> bytes:
    """An interface description block, section 4.2, with times in nanoseconds; `bpf` is its capture filter."""
    options = b""
    if name:
        options += option(IF_NAME, name.encode())
    if description:
        options += option(IF_DESCRIPTION, description.encode())
    options += option(IF_TSRESOL, _NANOSECONDS)
    if bpf:
        options += option(IF_FILTER, b"\0" + bpf.encode(errors="replace"))
    body = struct.pack("<HHI", link_type & 0xFFFF, 0, snap_length)
    return block(INTERFACE, body + options + option(0, b""))


def packet_block(interface: int, time: int, length: int, data: bytes, comments: list[str]) -> bytes:
    """An enhanced packet block, section 4.3; `time` in nanoseconds since 1970, `length` in bytes on the wire."""
    time = max(time, 0)
    head = struct.pack("<IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(data), length)
    return block(ENHANCED, head + padded(data) + comment_options(comments))


def statistics_block(interface: int, time: int, received: int, dropped: int) -> bytes:
    """An interface statistics block, section 4.6: packets received and dropped since the capture began."""
    body = struct.pack("<III", interface, time >> 32, time & 0xFFFFFFFF)
    counts = option(STATISTICS_RECEIVED, struct.pack("<Q", received))
    counts += option(STATISTICS_DROPPED, struct.pack("<Q", dropped))
    return block(STATISTICS, body + counts + option(0, b""))


def comment_options(comments: list[str]) -> bytes:
    """Comments with the option that ends them; nothing when there are none."""
    if not comments:
        return b""
    return b"".join(option(OPT_COMMENT, comment.encode(errors="replace")) for comment in comments) + option(0, b"")


def option(code: int, value: bytes) -> bytes:
    """One option, section 3.5; a value too long for one is cut."""
    if len(value) > _MAX_OPTION:
        value = value[:_MAX_OPTION].decode(errors="ignore").encode()
    return struct.pack("<HH", code, len(value)) + padded(value)


def padded(data: bytes) -> bytes:
    """The bytes, filled with zeros to a multiple of four."""
    return data + bytes(-len(data) % 4)


def block(kind: int, body: bytes) -> bytes:
    """A block of any kind, section 3.1."""
    total = len(body) + 12
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)
