"""Writing captures: a selection of packets as pcapng, with all that belongs to them."""

import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from inspector.capture.limits import NO_PACKET
from inspector.capture.pcapng import (
    BYTE_ORDER,
    ENHANCED,
    IF_DESCRIPTION,
    IF_NAME,
    IF_TSRESOL,
    INTERFACE,
    OPT_COMMENT,
    SECRETS,
    SECTION,
)
from inspector.capture.table import Capture, Interface, Secrets
from inspector.model.errors import UsageError

_NANOSECONDS: Final = b"\x09"
_MAX_OPTION: Final = 0xFFFF
_UNKNOWN_SECTION_LENGTH: Final = -1


def write_pcapng(path: str, capture: Capture, numbers: Iterable[int]) -> None:
    """Write packets `numbers` (from 1, in the order given) of `capture` as pcapng to `path` ("-": standard output).

    Interfaces, comments and decryption secrets go with them; times are in nanoseconds. Records that carry no packet
    (custom blocks) are left out. Raises UsageError when the file cannot be written, or is the capture itself.
    """
    if path == "-":
        _write(sys.stdout.buffer, capture, numbers)
        return
    target = Path(path)
    try:
        # The capture is mapped into memory: cutting its file off would end the program.
        if target.exists() and Path(capture.path).exists() and target.samefile(capture.path):
            raise UsageError(f"{path}: is the capture being read; choose another name")
        with target.open("wb") as out:
            _write(out, capture, numbers)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None


def _write(out: IO[bytes], capture: Capture, numbers: Iterable[int]) -> None:
    out.write(_section(capture.comments.get(0, [])))
    for interface in capture.interfaces:
        out.write(_interface(interface))
    for secrets in capture.secrets:
        out.write(_secrets(secrets))
    links = capture.table.links
    for number in numbers:
        if links[number - 1] != NO_PACKET:
            out.write(_packet(capture, number))
    out.flush()


def _section(comments: list[str]) -> bytes:
    body = struct.pack("<IHHq", BYTE_ORDER, 1, 0, _UNKNOWN_SECTION_LENGTH)
    return _block(SECTION, body + _comments(comments))


def _interface(interface: Interface) -> bytes:
    options = b""
    if interface.name:
        options += _option(IF_NAME, interface.name.encode())
    if interface.description:
        options += _option(IF_DESCRIPTION, interface.description.encode())
    options += _option(IF_TSRESOL, _NANOSECONDS)
    body = struct.pack("<HHI", interface.link_type & 0xFFFF, 0, interface.snap_length)
    return _block(INTERFACE, body + options + _option(0, b""))


def _secrets(secrets: Secrets) -> bytes:
    return _block(SECRETS, struct.pack("<II", secrets.kind, len(secrets.data)) + _padded(secrets.data))


def _packet(capture: Capture, number: int) -> bytes:
    packet = capture.packet(number)
    time = max(packet.time, 0)
    head = struct.pack("<IIIII", packet.interface, time >> 32, time & 0xFFFFFFFF, packet.captured, packet.length)
    return _block(ENHANCED, head + _padded(packet.data) + _comments(packet.comments))


def _comments(comments: list[str]) -> bytes:
    if not comments:
        return b""
    return b"".join(_option(OPT_COMMENT, comment.encode(errors="replace")) for comment in comments) + _option(0, b"")


def _option(code: int, value: bytes) -> bytes:
    if len(value) > _MAX_OPTION:
        value = value[:_MAX_OPTION].decode(errors="ignore").encode()
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes) -> bytes:
    total = len(body) + 12
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)
