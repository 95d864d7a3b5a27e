"""Link, network and transport headers of all packets as NumPy columns.

RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP), RFC 768 (UDP), https://www.tcpdump.org/linktypes.html
"""

from mmap import mmap
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inspector.capture.table import PacketTable
from inspector.net.fragments import Fragment, place_fragments
from inspector.net.numbers import (
    AUTHENTICATION,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    ETHERTYPE_TAGS,
    EXTENSIONS,
    FAMILY_IPV4,
    FAMILY_IPV6,
    FRAGMENT,
    LINK_ETHERNET,
    LINK_IPV4,
    LINK_IPV6,
    LINK_LOOP,
    LINK_NULL,
    LINK_RAW,
    LINK_SLL,
    LINK_SLL2,
    MAX_EXTENSIONS,
    MAX_TAGS,
    TCP,
    UDP,
)
from inspector.net.pages import drop_pages
from inspector.net.pairs import group_pairs

BLOCK: Final = 65_536
"""Packets parsed at a time: temporary columns stay near 0.5 MB each, which the processor's cache holds."""

MAX_OFFLOADED: Final = 1 << 20
"""Bytes of a segment before offload that a snap length may have cut; Linux makes at most 512 KiB (BIG TCP)."""

Index = NDArray[np.int64]


class View:
    """A file image as unaligned big-endian numbers: `u16[at]` is the number that starts at byte `at`."""

    def __init__(self, image: mmap | bytes) -> None:
        size = len(image)
        self.u8: NDArray[np.uint8] = np.ndarray((size,), ">u1", image)
        self.u16: NDArray[np.uint16] = np.ndarray((max(size - 1, 0),), ">u2", image, strides=(1,))
        self.u32: NDArray[np.uint32] = np.ndarray((max(size - 3, 0),), ">u4", image, strides=(1,))
        self.u64: NDArray[np.uint64] = np.ndarray((max(size - 7, 0),), ">u8", image, strides=(1,))


class Datagrams:
    """Columns of packets whose network header was read: `rows` of the table, `l4` where the transport header starts and
    `ends` where the network layer says that the packet ends, both from the packet's first byte."""

    def __init__(self, rows: Index, starts: Index, captured: Index, l4: Index, ends: Index, proto: Index) -> None:
        self.rows = rows
        self.starts = starts
        self.captured = captured
        self.l4 = l4
        self.ends = ends
        self.proto = proto

    def pick(self, mask: Any) -> "Datagrams":
        """Those that `mask` names."""
        return Datagrams(
            self.rows[mask],
            self.starts[mask],
            self.captured[mask],
            self.l4[mask],
            self.ends[mask],
            self.proto[mask],
        )


class Headers:
    """One entry a packet in each column; packet n is row n - 1.

    `version` is 4, 6 or 0 (not IP); `proto` the IP protocol number; `transport` is `proto` when a TCP or UDP header
    could be read and 0 otherwise. `src` and `dst` are IPv4 addresses, or indices into `addresses` for IPv6. `start` is
    the payload's first byte in the packet, `length` its bytes on the wire as the IP header promises, `captured` how
    many of those were captured.

    The later fragments of a datagram carry the ports of the first; their `seq` is that of their first payload byte (for
    UDP the offset in the datagram), and UDP's `ack` is the number of the packet that the datagram starts in.
    """

    def __init__(self, table: PacketTable, block: int = BLOCK) -> None:
        count = len(table)
        self.table = table
        self.version: NDArray[np.uint8] = np.zeros(count, np.uint8)
        self.proto: NDArray[np.uint8] = np.zeros(count, np.uint8)
        self.transport: NDArray[np.uint8] = np.zeros(count, np.uint8)
        self.flags: NDArray[np.uint8] = np.zeros(count, np.uint8)
        self.src: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.dst: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.sport: NDArray[np.uint16] = np.zeros(count, np.uint16)
        self.dport: NDArray[np.uint16] = np.zeros(count, np.uint16)
        self.seq: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.ack: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.window: NDArray[np.uint16] = np.zeros(count, np.uint16)
        self.ident: NDArray[np.uint16] = np.zeros(count, np.uint16)
        self.start: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.length: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.captured: NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.addresses: list[bytes] = []
        self._address_ids: dict[bytes, int] = {}
        self._fragments: list[Fragment] = []
        if count:
            view = View(table.image)
            for first in range(0, count, block):
                self._parse(view, first, min(first + block, count))
                drop_pages(table.image)
        self._address_ids.clear()
        if self._fragments:
            place_fragments(self, self._fragments)
            self._fragments = []

    def __len__(self) -> int:
        return len(self.version)

    def _parse(self, view: View, first: int, last: int) -> None:
        table = self.table
        starts = table.starts[first:last].astype(np.int64)
        captured = table.captured[first:last].astype(np.int64)
        at, kind = network_layer(view, starts, captured, table.links[first:last])
        left = captured - at
        for ethertype, least in ((ETHERTYPE_IPV4, 20), (ETHERTYPE_IPV6, 40)):
            found = np.flatnonzero((kind == ethertype) & (left >= least))
            if not len(found):
                continue
            wire = table.lengths[first:last][found].astype(np.int64)
            here = Datagrams(found + first, starts[found], captured[found], at[found], wire, at[found])
            packets = self._ipv4(view, here) if ethertype == ETHERTYPE_IPV4 else self._ipv6(view, here)
            self._tcp(view, packets)
            self._udp(view, packets)

    def _ipv4(self, view: View, d: Datagrams) -> Datagrams:
        """RFC 791 3.1. Total length 0 is what segmentation offload leaves behind: then the wire length counts."""
        p = d.starts + d.l4
        first = view.u8[p]
        header = (first & 15).astype(np.int64) * 4
        total = view.u16[p + 2].astype(np.int64)
        total = np.where(total == 0, _offloaded(d) - d.l4, total)
        good = (first >> 4 == 4) & (header >= 20) & (total >= header)
        if not good.all():
            d, p, header, total = d.pick(good), p[good], header[good], total[good]
        rows = d.rows
        self.version[rows] = 4
        self.proto[rows] = view.u8[p + 9]
        self.ident[rows] = view.u16[p + 4]
        self.src[rows] = view.u32[p + 12]
        self.dst[rows] = view.u32[p + 16]
        found = Datagrams(rows, d.starts, d.captured, d.l4 + header, d.l4 + total, self.proto[rows].astype(np.int64))
        place = view.u16[p + 6]
        whole = place & 0x3FFF == 0
        if whole.all():
            return found
        pieces = found.pick(~whole)
        keys = view.u16[p[~whole] + 4].astype(np.int64)
        self._keep_fragments(pieces, keys, (place[~whole] & 0x1FFF).astype(np.int64) * 8, place[~whole] & 0x2000 != 0)
        return found.pick(whole)

    def _ipv6(self, view: View, d: Datagrams) -> Datagrams:
        """RFC 8200 3. Payload length 0 is a jumbogram or a segment before offload: then the wire length counts."""
        p = d.starts + d.l4
        good = view.u8[p] >> 4 == 6
        if not good.all():
            d, p = d.pick(good), p[good]
        rows = d.rows
        length = view.u16[p + 4].astype(np.int64)
        ends = np.where(length == 0, _offloaded(d), d.l4 + 40 + length)
        self.version[rows] = 6
        self.src[rows] = self._ids(view, p + 8)
        self.dst[rows] = self._ids(view, p + 24)
        found = Datagrams(rows, d.starts, d.captured, d.l4 + 40, ends, view.u8[p + 6].astype(np.int64))
        found = self._extensions(view, found)
        self.proto[found.rows] = found.proto
        return found

    def _extensions(self, view: View, d: Datagrams) -> Datagrams:
        """Step over extension headers; fragments are set aside."""
        for _ in range(MAX_EXTENSIONS):
            more = np.isin(d.proto, EXTENSIONS) & (d.captured - d.l4 >= 8)
            at = np.flatnonzero(more)
            if not len(at):
                break
            p = d.starts[at] + d.l4[at]
            proto = d.proto[at]
            count = view.u8[p + 1].astype(np.int64)
            d.proto[at] = view.u8[p]
            d.l4[at] += np.where(proto == AUTHENTICATION, count * 4 + 8, np.where(proto == FRAGMENT, 8, count * 8 + 8))
            place = view.u16[p + 2]
            # RFC 6946: offset 0 without more to come is a whole packet
            pieces = (proto == FRAGMENT) & (place & 0xFFF9 != 0)
            if pieces.any():
                rest = at[pieces]
                found = d.pick(rest)
                self.proto[found.rows] = found.proto
                keys = view.u32[p[pieces] + 4].astype(np.int64)
                self._keep_fragments(found, keys, (place[pieces] & 0xFFF8).astype(np.int64), place[pieces] & 1 != 0)
                d = d.pick(np.setdiff1d(np.arange(len(d.rows)), rest))
        return d

    def _ids(self, view: View, p: Index) -> Any:
        """Indices into `addresses` of the IPv6 addresses at `p`."""
        high, low = view.u64[p].astype(np.uint64), view.u64[p + 8].astype(np.uint64)
        firsts, groups = group_pairs(high, low)
        ids = np.zeros(len(firsts), np.int64)
        for i, row in enumerate(firsts.tolist()):
            address = int(high[row]).to_bytes(8, "big") + int(low[row]).to_bytes(8, "big")
            known = self._address_ids.setdefault(address, len(self.addresses))
            if known == len(self.addresses):
                self.addresses.append(address)
            ids[i] = known
        return ids[groups]

    def _keep_fragments(self, d: Datagrams, keys: Index, offsets: Index, more: Any) -> None:
        for i in range(len(d.rows)):
            start, end = int(d.l4[i]), int(d.ends[i])
            if end <= start:
                continue
            captured = max(0, min(int(d.captured[i]), end) - start)
            self._fragments.append(
                Fragment(int(d.rows[i]), int(keys[i]), int(offsets[i]), start, end - start, captured, bool(more[i]))
            )

    def _tcp(self, view: View, packets: Datagrams) -> None:
        """RFC 9293 3.1."""
        fits = (packets.proto == TCP) & (packets.captured - packets.l4 >= 20) & (packets.ends - packets.l4 >= 20)
        d = packets.pick(fits)
        if not len(d.rows):
            return
        p = d.starts + d.l4
        header = (view.u8[p + 12] >> 4).astype(np.int64) * 4
        good = header >= 20
        if not good.all():
            d, p, header = d.pick(good), p[good], header[good]
        rows = d.rows
        self.transport[rows] = TCP
        self.sport[rows] = view.u16[p]
        self.dport[rows] = view.u16[p + 2]
        self.seq[rows] = view.u32[p + 4]
        self.ack[rows] = view.u32[p + 8]
        self.flags[rows] = view.u8[p + 13]
        self.window[rows] = view.u16[p + 14]
        self._payload(d, d.l4 + header, d.ends)

    def _udp(self, view: View, packets: Datagrams) -> None:
        """RFC 768; length 0 is a jumbogram (RFC 2675 4)."""
        fits = (packets.proto == UDP) & (packets.captured - packets.l4 >= 8) & (packets.ends - packets.l4 >= 8)
        d = packets.pick(fits)
        if not len(d.rows):
            return
        p = d.starts + d.l4
        rows = d.rows
        self.transport[rows] = UDP
        self.sport[rows] = view.u16[p]
        self.dport[rows] = view.u16[p + 2]
        length = view.u16[p + 4].astype(np.int64)
        ends = np.where(length == 0, d.ends, np.minimum(d.ends, d.l4 + np.maximum(length, 8)))
        self._payload(d, d.l4 + 8, ends)

    def _payload(self, d: Datagrams, starts: Index, ends: Index) -> None:
        length = np.maximum(ends - starts, 0)
        self.start[d.rows] = starts
        self.length[d.rows] = length
        self.captured[d.rows] = np.clip(d.captured - starts, 0, length)


def _offloaded(d: Datagrams) -> Index:
    """Where datagrams end whose header does not say: with the packet, unless its wire length is beyond belief."""
    return np.where(d.ends - d.captured > MAX_OFFLOADED, d.captured, d.ends)


def network_layer(view: View, starts: Index, captured: Index, links: NDArray[np.int32]) -> tuple[Index, Index]:
    """Where each packet's network header starts (from the packet's first byte) and its EtherType, 0 when unknown."""
    at = np.zeros(len(starts), np.int64)
    kind = np.zeros(len(starts), np.int64)
    for link in np.unique(links).tolist():
        least = {LINK_ETHERNET: 14, LINK_SLL: 16, LINK_SLL2: 20, LINK_NULL: 4, LINK_LOOP: 4}.get(link, 1)
        rows = np.flatnonzero((links == link) & (captured >= least))
        p = starts[rows]
        if link == LINK_ETHERNET:
            kind[rows] = view.u16[p + 12]
            at[rows] = 14
        elif link == LINK_SLL:
            kind[rows] = view.u16[p + 14]
            at[rows] = 16
        elif link == LINK_SLL2:
            kind[rows] = view.u16[p]
            at[rows] = 20
        elif link in {LINK_NULL, LINK_LOOP}:
            kind[rows] = _family(view.u32[p].astype(np.int64))
            at[rows] = 4
        elif link in LINK_RAW or link in {LINK_IPV4, LINK_IPV6}:
            first = view.u8[p] >> 4
            kind[rows] = np.where(first == 4, ETHERTYPE_IPV4, np.where(first == 6, ETHERTYPE_IPV6, 0))
    _skip_tags(view, starts, captured, at, kind)
    return at, kind


def _family(value: Index) -> Index:
    """The EtherType of an address family, which LINKTYPE_NULL stores in the byte order of the capturing host."""
    family = np.where(value & 0xFFFF == 0, value >> 24 | (value >> 8 & 0xFF00), value)
    found = np.where(family == FAMILY_IPV4, ETHERTYPE_IPV4, 0)
    return np.where(np.isin(family, FAMILY_IPV6), ETHERTYPE_IPV6, found)


def _skip_tags(view: View, starts: Index, captured: Index, at: Index, kind: Index) -> None:
    """Step over VLAN tags (IEEE 802.1Q 9.5) and the SNAP header after a length (RFC 1042), in place."""
    snap = np.flatnonzero((kind > 0) & (kind <= 1500) & (captured - at >= 8))
    if len(snap):
        p = starts[snap] + at[snap]
        snap = snap[(view.u32[p] == 0xAAAA0300) & (view.u16[p + 4] == 0)]
        kind[snap] = view.u16[starts[snap] + at[snap] + 6]
        at[snap] += 8
    outer, service, older = ETHERTYPE_TAGS
    for _ in range(MAX_TAGS):
        tagged = np.flatnonzero(((kind == outer) | (kind == service) | (kind == older)) & (captured - at >= 4))
        if not len(tagged):
            return
        kind[tagged] = view.u16[starts[tagged] + at[tagged] + 2]
        at[tagged] += 4
