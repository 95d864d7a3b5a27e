"""Writing captures: a selection of packets as pcapng, with all that belongs to them."""

import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from inspector.capture.blocks import SECRETS, block, interface_block, packet_block, padded, section_block
from inspector.capture.limits import NO_PACKET
from inspector.capture.table import Capture, Interface, Secrets
from inspector.model.errors import UsageError


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
    out.write(section_block(capture.comments.get(0, [])))
    for interface in capture.interfaces:
        out.write(_interface(interface))
    for secrets in capture.secrets:
        out.write(_secrets(secrets))
    links = capture.table.links
    for number in numbers:
        if links[number - 1] != NO_PACKET:
            out.write(_packet(capture, number))
    out.flush()


def _interface(interface: Interface) -> bytes:
    return interface_block(interface.link_type, interface.snap_length, interface.name, interface.description)


def _secrets(secrets: Secrets) -> bytes:
    return block(SECRETS, struct.pack("<II", secrets.kind, len(secrets.data)) + padded(secrets.data))


def _packet(capture: Capture, number: int) -> bytes:
    packet = capture.packet(number)
    return packet_block(packet.interface, packet.time, packet.length, packet.data, packet.comments)
