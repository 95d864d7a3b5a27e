"""The loop of `records` for when it is compiled: as it, but every step is a machine instruction or two.

mypyc compiles the readers and the writer of librt into plain memory accesses; interpreted they would only be calls.
"""

from typing import Final

from librt.strings import BytesWriter, read_i32_le, write_i32_le
from mypy_extensions import i32, i64

PACKET: Final = 6
SYN: Final = 0x02
ACK: Final = 0x10
TCP: Final = 6
IPV4_PLAIN: Final = 0x45
VLAN_VALID: Final = 0x10
TPID_VALID: Final = 0x40
LOW_HALF: Final = 0xFFFFFFFF
SIGN: Final = 0x80000000


def convert(block: bytes, most: int, header: int, cooked: bool, opened: list[int]) -> tuple[bytes, int]:
    """The first `most` packets of a ring block as pcapng, and the time of the last; see Records.take.

    Adds to `opened` where in the result the blocks of SYN segments begin.
    """
    out = BytesWriter()
    left: i64 = min(i64(read_i32_le(block, 12)), i64(most))
    at: i64 = i64(read_i32_le(block, 16))
    time: i64 = 0
    while left > 0:
        left -= 1
        time = (i64(read_i32_le(block, at + 4)) & LOW_HALF) * 1_000_000_000 + i64(read_i32_le(block, at + 8))
        low: i64 = time & LOW_HALF
        captured: i64 = i64(read_i32_le(block, at + 12))
        status: i64 = i64(block[at + 20])
        start: i64 = at + i64(block[at + 24]) + (i64(block[at + 25]) << 8)
        more: i64 = 20 if cooked else 4 if status & VLAN_VALID else 0
        if _opens(block, start + header, captured - header):
            opened.append(len(out))
        pad: i64 = -(captured + more) & 3
        whole: i64 = 32 + captured + more + pad
        write_i32_le(out, PACKET)
        write_i32_le(out, i32(whole))
        write_i32_le(out, 0)
        write_i32_le(out, i32(time >> 32))
        write_i32_le(out, i32(low if low < SIGN else low - 2 * SIGN))
        write_i32_le(out, i32(captured + more))
        write_i32_le(out, i32(i64(read_i32_le(block, at + 16)) + more))
        if cooked:
            _link_header(out, block, at + 48)
            out.write(block[start : start + captured])
        elif status & VLAN_VALID:
            out.write(block[start : start + 12])
            _tag(out, block, at, status)
            out.write(block[start + 12 : start + captured])
        else:
            out.write(block[start : start + captured])
        while pad > 0:
            out.append(0)
            pad -= 1
        write_i32_le(out, i32(whole))
        at += i64(read_i32_le(block, at))
    return out.getvalue(), time


def _opens(block: bytes, ip: i64, length: i64) -> bool:
    """Whether a TCP segment with SYN and without ACK stands behind a plain IP header."""
    if length < 40:
        return False
    if block[ip] == IPV4_PLAIN:
        return block[ip + 9] == TCP and i64(block[ip + 33]) & (SYN | ACK) == SYN
    return block[ip] >> 4 == 6 and length >= 60 and block[ip + 6] == TCP and i64(block[ip + 53]) & (SYN | ACK) == SYN


def _tag(out: BytesWriter, block: bytes, at: i64, status: i64) -> None:
    """The tag that the network card took out of the frame (802.1Q): protocol, then control information."""
    if status & TPID_VALID:
        out.append(block[at + 37])
        out.append(block[at + 36])
    else:
        out.append(0x81)
        out.append(0)
    out.append(block[at + 33])
    out.append(block[at + 32])


def _link_header(out: BytesWriter, block: bytes, at: i64) -> None:
    """LINUX_SLL2, made of the sockaddr_ll at `at`: packet(7)."""
    out.write(block[at + 2 : at + 4])
    out.append(0)
    out.append(0)
    for place in (7, 6, 5, 4, 9, 8):
        out.append(block[at + place])
    out.write(block[at + 10 : at + 20])
