"""Builds capture files byte by byte, from the formats' descriptions alone."""

import struct

PACKET = bytes(range(60))
"""What packets hold where their bytes do not matter."""


def pcap_header(
    order: str = "<",
    magic: int = 0xA1B2C3D4,
    version: tuple[int, int] = (2, 4),
    snap_length: int = 65535,
    link_type: int = 1,
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap_length, link_type)


def record(
    data: bytes,
    time: tuple[int, int] = (1_700_000_000, 123_456),
    order: str = "<",
    length: int | None = None,
    captured: int | None = None,
    extra: bytes = b"",
) -> bytes:
    claimed = len(data) if captured is None else captured
    return struct.pack(order + "IIII", *time, claimed, len(data) if length is None else length) + extra + data


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def block(kind: int, body: bytes, order: str = "<", total: int | None = None, trailer: int | None = None) -> bytes:
    """A pcapng block; `total` and `trailer` say other lengths than the true one."""
    size = len(padded(body)) + 12
    head = struct.pack(order + "II", kind, size if total is None else total)
    return head + padded(body) + struct.pack(order + "I", size if trailer is None else trailer)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def section(order: str = "<", options: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1) + options, order)


def interface(link_type: int = 1, snap_length: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_length) + options, order)


def enhanced(
    data: bytes = PACKET,
    ticks: int = 1_700_000_000_123_456,
    index: int = 0,
    order: str = "<",
    options: bytes = b"",
    length: int | None = None,
    captured: int | None = None,
) -> bytes:
    claimed = len(data) if captured is None else captured
    wire = len(data) if length is None else length
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, claimed, wire)
    return block(6, head + padded(data) + options, order)


def simple(data: bytes, length: int, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "I", length) + data, order)


def obsolete(data: bytes, ticks: int, index: int = 0, order: str = "<", options: bytes = b"") -> bytes:
    size = len(data)
    head = struct.pack(order + "HHIIII", index, 7, ticks >> 32, ticks & 0xFFFFFFFF, size, size)
    return block(2, head + padded(data) + options, order)


def secrets(data: bytes, kind: int = 0x544C534B, order: str = "<") -> bytes:
    return block(10, struct.pack(order + "II", kind, len(data)) + data, order)
