"""Ring blocks turned into pcapng packets; the one loop that runs for every packet captured."""

import struct
from collections.abc import Callable
from mmap import mmap
from typing import Final

from inspector.capture.blocks import comment_options

convert: Callable[[bytes, int, int, bool, list[int]], tuple[bytes, int]] | None = None
"""The same loop, where it is compiled."""
try:
    from inspector.capture.live import native
except ImportError:
    pass
else:
    if not str(native.__file__).endswith(".py"):
        convert = native.convert

# tpacket3_hdr: next, seconds, nanoseconds, captured, length, status, link header; linux/if_packet.h
_PACKET: Final = struct.Struct("<IIIIIIH")
_VLAN: Final = struct.Struct("<IH")
_BLOCK: Final = struct.Struct("<II")
# the end of one enhanced packet block and the head of the next, draft-ietf-opsawg-pcapng 4.3
_HEADS: Final = tuple(struct.Struct(f"<{pad}xIIIIIIII") for pad in range(4))
_ENDS: Final = tuple(struct.Struct(f"<{pad}xI") for pad in range(4))
_LINK: Final = struct.Struct("<2x2siHBB8s")
_SLL2: Final = struct.Struct(">2s2xiHBB8s")
_WHOLE: Final = struct.Struct("<I")
_TAG: Final = struct.Struct(">HH")

VLAN_VALID: Final = 0x10
TPID_VALID: Final = 0x40
ANY_STATUS: Final = 0x1
"""TP_STATUS_USER, which every packet has."""
ETHERTYPE_VLAN: Final = 0x8100
MACS: Final = 12
"""Bytes of the two addresses before which nothing of a VLAN tag stands."""
ADDRESS_AT: Final = 48
"""Where behind a packet's header its sockaddr_ll stands, packet(7)."""

HEAD: Final = 28
"""Bytes of an enhanced packet block before its packet's."""
CAPTURED_AT: Final = 20
"""Where in it the number of these is."""
PACKETS_AT: Final = 12
"""Where in a block the number of its packets stands, then where its first one is."""
USED_AT: Final = 20
"""Where it says how many bytes of it are in use."""
SHORT: Final = 100
"""No segment that opens a connection is longer: headers with all options, and no payload."""
FLAGS_AT: Final = 33
"""Where TCP's flags stand behind an IPv4 header without options; behind IPv6's they are further on."""
MORE_IN_IPV6: Final = 20
"""Bytes by which its header is longer."""
SYN: Final = 0x02
ACK: Final = 0x10
TCP: Final = 6
IPV4_PLAIN: Final = 0x45
"""Version 4, and a header without options."""
IPV6: Final = 6
ETHERTYPE_IPV4: Final = b"\x08\x00"
ETHERTYPE_IPV6: Final = b"\x86\xdd"
SLL2_LENGTH: Final = 20
BILLION: Final = 1_000_000_000
LOW_HALF: Final = 0xFFFFFFFF


class Records:
    """Turns the packets of ring blocks into a pcapng file's.

    The bytes of a packet begin with a link header of `header` bytes, or are `cooked`: they begin with IP, and get a
    LINUX_SLL2 header. `last_time` is in nanoseconds since 1970. `opened` says where in what was taken last the blocks
    of segments with SYN begin.
    """

    def __init__(self, header: int, cooked: bool = False) -> None:
        self.header = header
        self.cooked = cooked
        self.opened: list[int] = []
        self.count = 0
        self.last_time = 0

    def take(self, image: mmap, block: int, most: int) -> bytes:
        """Up to `most` packets of the block at offset `block` of a ring."""
        total, first = _BLOCK.unpack_from(image, block + PACKETS_AT)
        count = min(total, most)
        if not count:
            return b""
        self.count += count
        self.opened = []
        if convert is None:
            return self._loop(image, block + first, count)
        used = _WHOLE.unpack_from(image, block + USED_AT)[0]
        data, self.last_time = convert(image[block : block + used], count, self.header, self.cooked, self.opened)
        return data

    def _loop(self, image: mmap, at: int, left: int) -> bytes:
        parts: list[bytes] = []
        opened: list[int] = []
        read = _PACKET.unpack_from
        heads = [each.pack for each in _HEADS]
        special = ANY_STATUS if self.cooked else VLAN_VALID
        ip = self.header
        flags = ip + FLAGS_AT
        longer = flags + MORE_IN_IPV6
        second = -1
        high = low = upper = time = whole = pad = 0
        for _ in range(left):
            following, seconds, fraction, captured, length, status, link = read(image, at)
            if seconds != second:
                second = seconds
                high = second * BILLION >> 32
                low = second * BILLION & LOW_HALF
            upper = high
            time = low + fraction
            if time > LOW_HALF:
                upper += 1
                time &= LOW_HALF
            start = at + link
            data = image[start : start + captured]
            # the flags behind IPv4 without options; what may be IPv6 is looked at more closely
            if flags < captured <= SHORT and (data[flags] & SYN or captured > longer) and _opens(data, ip):
                opened.append(len(parts))
            if status & special:
                data = _cooked(image, at, data) if self.cooked else _tagged(image, at, data, status)
                length += len(data) - captured
                captured = len(data)
            before = whole
            whole = captured + 35 & -4
            parts.append(heads[pad](before, 6, whole, 0, upper, time, captured, length))
            parts.append(data)
            pad = -captured & 3
            at += following
        parts[0] = parts[0][4:]
        parts.append(_ENDS[pad].pack(whole))
        self.last_time = (upper << 32) + time
        # a head begins with what ends the block before
        self.opened = [sum(map(len, parts[: index + 1])) - HEAD for index in opened]
        return b"".join(parts)

    def frame(self, data: bytes, at: int) -> bytes:
        """The packet of the block at `at` of `data` as an Ethernet frame, whatever its link header is."""
        end = at + HEAD + _WHOLE.unpack_from(data, at + CAPTURED_AT)[0]
        packet = data[at + HEAD + (SLL2_LENGTH if self.cooked else self.header) : end]
        return bytes(MACS) + (ETHERTYPE_IPV6 if packet[0] >> 4 == IPV6 else ETHERTYPE_IPV4) + packet


def commented(data: bytes, at: int, text: str) -> bytes:
    """The packets with a comment on the one whose block begins at `at`."""
    end = at + _WHOLE.unpack_from(data, at + 4)[0]
    options = comment_options([text])
    whole = _WHOLE.pack(end - at + len(options))
    return data[: at + 4] + whole + data[at + 8 : end - 4] + options + whole + data[end:]


def _tagged(image: mmap, at: int, frame: bytes, status: int) -> bytes:
    """The frame with the tag that the network card took out of it (802.1Q)."""
    tci, tpid = _VLAN.unpack_from(image, at + 32)
    tag = _TAG.pack(tpid if status & TPID_VALID else ETHERTYPE_VLAN, tci)
    return frame[:MACS] + tag + frame[MACS:]


def _cooked(image: mmap, at: int, packet: bytes) -> bytes:
    """The packet behind a LINUX_SLL2 header, which is made of its sockaddr_ll: packet(7)."""
    protocol, index, kind, direction, size, address = _LINK.unpack_from(image, at + ADDRESS_AT)
    return _SLL2.pack(protocol, index, kind, direction, size, address) + packet


def _opens(packet: bytes, ip: int) -> bool:
    """Whether a packet holds a TCP segment with SYN and without ACK behind a plain IP header at `ip`."""
    if packet[ip] == IPV4_PLAIN:
        return packet[ip + 9] == TCP and packet[ip + FLAGS_AT] & (SYN | ACK) == SYN
    if packet[ip] >> 4 != IPV6 or len(packet) <= ip + FLAGS_AT + MORE_IN_IPV6 or packet[ip + 6] != TCP:
        return False
    return packet[ip + FLAGS_AT + MORE_IN_IPV6] & (SYN | ACK) == SYN
