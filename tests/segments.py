"""A capture written again with its TCP payloads cut into smaller segments."""

import struct
from pathlib import Path

from inspector.capture.open import open_capture


def resegmented(path: Path, size: int) -> bytes:
    """`path` (Ethernet, IPv4, TCP) as pcap whose segments carry at most `size` bytes; a FIN stays on the last."""
    table = open_capture(str(path)).table
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, int(table.links[0]))]
    for row in range(len(table)):
        frame = table.data(row + 1)
        seconds, rest = divmod(int(table.times[row]), 10**9)
        pieces = _pieces(frame, size)
        out.extend(struct.pack("<IIII", seconds, rest, len(piece), len(piece)) + piece for piece in pieces)
    return b"".join(out)


def _pieces(frame: bytes, size: int) -> list[bytes]:
    ip = 14
    if frame[12:14] != b"\x08\x00" or frame[ip + 9] != 6:
        return [frame]
    tcp = ip + 4 * (frame[ip] & 15)
    data = tcp + 4 * (frame[tcp + 12] >> 4)
    end = ip + int.from_bytes(frame[ip + 2 : ip + 4], "big")
    payload = frame[data:end]
    if len(payload) <= size:
        return [frame]
    sequence = int.from_bytes(frame[tcp + 4 : tcp + 8], "big")
    found = []
    for at in range(0, len(payload), size):
        part = payload[at : at + size]
        head = bytearray(frame[:data])
        head[ip + 2 : ip + 4] = (data - ip + len(part)).to_bytes(2, "big")
        head[tcp + 4 : tcp + 8] = ((sequence + at) & 0xFFFFFFFF).to_bytes(4, "big")
        if at + size < len(payload):
            head[tcp + 13] &= 0xFE
        found.append(bytes(head) + part)
    return found
