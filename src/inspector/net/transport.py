"""TCP and UDP headers as trees.

RFC 9293, RFC 7323 (window scale, timestamps), RFC 2018 (SACK), RFC 7413 (fast open), RFC 2385 (MD5), RFC 5482
(user timeout), RFC 768
"""

from typing import Final

from inspector.net.checksums import add_ones, ones_sum, pseudo_header, remark
from inspector.net.layers import Datagram, set_value
from inspector.net.numbers import TCP, UDP
from inspector.wire.recorder import Recorder

TCP_BITS: Final = (
    ("tcp.flags.res", 9, 3),
    ("tcp.flags.ae", 8, 1),
    ("tcp.flags.cwr", 7, 1),
    ("tcp.flags.ece", 6, 1),
    ("tcp.flags.urg", 5, 1),
    ("tcp.flags.ack", 4, 1),
    ("tcp.flags.push", 3, 1),
    ("tcp.flags.reset", 2, 1),
    ("tcp.flags.syn", 1, 1),
    ("tcp.flags.fin", 0, 1),
)
"""RFC 9293 3.1, the accurate ECN bit of RFC 7560."""

END_OF_LIST: Final = 0
NO_OPERATION: Final = 1

OPTION_NAMES: Final = {
    2: "tcp.options.mss",
    3: "tcp.options.wscale",
    4: "tcp.options.sack_perm",
    5: "tcp.options.sack",
    8: "tcp.options.timestamp",
    19: "tcp.options.md5",
    28: "tcp.options.user_to",
    34: "tcp.options.tfo",
}
"""IANA TCP option kinds."""


def read_tcp(r: Recorder, datagram: Datagram) -> None:
    """RFC 9293 3.1; stops at the payload."""
    start = r.pos
    r.begin("tcp")
    r.u16("tcp.srcport")
    r.u16("tcp.dstport")
    r.u32("tcp.seq_raw")
    r.u32("tcp.ack_raw")
    word = r.u16("tcp.flags")
    set_value(r, word & 0xFFF)
    size = (word >> 12) * 4
    r.bits("tcp.hdr_len", size, 12, 4)
    for name, shift, width in TCP_BITS:
        r.bits(name, word >> shift & (1 << width) - 1, shift, width)
    r.u16("tcp.window_size_value")
    stored = r.u16("tcp.checksum")
    if datagram.whole:
        _verify(r, stored, start, 16, datagram.end, pseudo_header(datagram.addresses, TCP, datagram.end - start))
    r.u16("tcp.urgent_pointer")
    if size < 20:
        raise r.malformed(f"header length {size} is below 20")
    if start + size > datagram.end:
        raise r.malformed(f"header length {size} reaches past the end of the datagram")
    if size > 20:
        r.begin("tcp.options")
        before = r.narrow(start + size - r.pos)
        while r.left:
            _option(r)
        r.widen(before)
        r.close()
    r.close()


def _verify(r: Recorder, stored: int, start: int, at: int, end: int, pseudo: int) -> None:
    """Check the checksum that lies `at` bytes after `start` over the bytes `start:end`."""
    rest = add_ones(ones_sum(r.data[start : start + at]), ones_sum(r.data[start + at + 2 : end]))
    issue = remark(stored, rest, pseudo)
    if issue is not None:
        r.note(issue)


def _option(r: Recorder) -> None:
    """RFC 9293 3.2: a kind, and but for two of them a length that counts both."""
    kind = r.peek(1)[0]
    if kind == NO_OPERATION:
        r.u8("tcp.options.nop")
        return
    if kind == END_OF_LIST:
        r.u8("tcp.options.eol")
        if r.left:
            r.skip("tcp.options.padding", r.left)
        return
    r.begin(OPTION_NAMES.get(kind, "tcp.options.unknown"))
    r.u8("tcp.option_kind")
    if not r.left:
        r.note("its length is missing")
        r.close(kind)
        return
    size = r.u8("tcp.option_len")
    if size < 2 or size - 2 > r.left:
        r.note(f"length {size} cannot be: {r.left + 2} bytes of options are left")
        size = r.left + 2
        kind = -1
    before = r.narrow(size - 2)
    _option_value(r, kind)
    if r.left:
        r.take("tcp.options.unknown.payload", r.left)
    r.widen(before)
    r.close(kind)


def _option_value(r: Recorder, kind: int) -> None:
    """The options whose content is known; one of an unusual length is left to the caller."""
    size = r.left
    if kind == 2 and size == 2:
        r.u16("tcp.options.mss_val")
    elif kind == 3 and size == 1:
        r.u8("tcp.options.wscale.shift")
    elif kind == 5 and size % 8 == 0:
        while r.left:
            r.u32("tcp.options.sack_le")
            r.u32("tcp.options.sack_re")
    elif kind == 8 and size == 8:
        r.u32("tcp.options.timestamp.tsval")
        r.u32("tcp.options.timestamp.tsecr")
    elif kind == 19 and size == 16:
        r.take("tcp.options.md5.digest", 16)
    elif kind == 28 and size == 2:
        value = r.u16("tcp.options.user_to_val")
        set_value(r, value & 0x7FFF)
        r.bits("tcp.options.user_to_granularity", value >> 15, 15, 1)
    elif kind == 34 and size:
        r.take("tcp.options.tfo.cookie", size)


def read_udp(r: Recorder, datagram: Datagram) -> int:
    """RFC 768; stops at the payload and returns where that ends, as an index into the packet."""
    start = r.pos
    r.begin("udp")
    r.u16("udp.srcport")
    r.u16("udp.dstport")
    length = r.u16("udp.length")
    end = datagram.end if length == 0 else min(start + length, datagram.end)
    if 0 < length < 8:
        r.note(f"length {length} is below the 8 bytes of this header")
        end = start + 8
    elif start + length > datagram.end and not datagram.fragment:
        r.note(f"length {length} reaches past the end of the datagram, {datagram.end - start} bytes away")
    stored = r.u16("udp.checksum")
    # RFC 768: zero means that the sender computed none
    if stored and datagram.whole and start + max(length, 8) == end:
        _verify(r, stored, start, 6, end, pseudo_header(datagram.addresses, UDP, length))
    r.close()
    return end
