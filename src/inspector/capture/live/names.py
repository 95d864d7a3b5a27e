"""Which processes local sockets belong to, as Linux tells: sock_diag(7) and proc(5)."""

import contextlib
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Final

from inspector.capture.processes import said

REST: Final = 0.2
"""Seconds between two looks through all processes; short ones in between stay nameless."""
SHARE: Final = 0.2
"""The part of a processor's time that naming may take while connections open one after the other."""
WAITS: Final = 0.1
"""The part of the time that the capture may wait for names."""
WAIT: Final = 0.02
"""Seconds that one name is waited for."""
PAUSE: Final = 0.0005
"""Seconds between two looks whether it is there."""
URGENT: Final = 1
"""The lowest of the priorities that do not wait for others, sched(7)."""
MOST_NAMED: Final = 10_000
"""Connections whose names are kept until their packets come."""
MOST_OWNERS: Final = 100_000
"""Sockets whose owners are remembered."""

_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_ANY_STATE: Final = 0xFFFFFFFF
_NO_COOKIE: Final = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
_PATIENCE: Final = 0.05
"""Seconds to wait for the kernel's answer."""

End = tuple[bytes, int]
"""An address (4 or 16 bytes) and a port."""
Ends = tuple[End, End]
"""The client's and the server's."""


class Names:
    """Names the processes at both ends of connections as they open.

    A client such as curl is gone before the ring hands its packets over: a thread hears of every SYN at once, where
    this process may and `hears` it, and looks while the client still waits for the answer.
    """

    def __init__(self, hears: bool = True) -> None:
        self.owners = Owners()
        self.asker: socket.socket | None = None
        self.named: dict[Ends, str] = {}
        self.waits = Budget(WAITS)
        self.hears = False
        if sys.platform == "linux":
            self.asker = _asker()
            # without the right to hear of SYNs there are names for what lives longer
            with contextlib.suppress(OSError):
                if hears:
                    heard = _syn_socket()
                    self.hears = True
                    threading.Thread(target=self._listen, args=(heard,), daemon=True).start()

    def of_segment(self, packet: bytes | memoryview) -> str:
        """What to say of an Ethernet frame that opens a connection: "client curl (pid 12), server nginx (pid 3)"."""
        ends = opening_ends(bytes(packet[14:74]))
        if ends is None or self.asker is None:
            return ""
        return self._heard(ends) or said(*self.of_ends(self.asker, *ends))

    def _heard(self, ends: Ends) -> str:
        """What the thread found. It may be looking just now: wait a little, and not for too many."""
        now = time.monotonic()
        self.waits.refill(now)
        end = now + min(WAIT, self.waits.left) if self.hears and ends not in self.named else now
        while ends not in self.named and time.monotonic() < end:
            time.sleep(PAUSE)
        self.waits.left -= time.monotonic() - now
        return self.named.pop(ends, "")

    def of_ends(self, asker: socket.socket, client: End, server: End, at_once: bool = False) -> tuple[str, str]:
        """The processes that opened and that accepts a connection; "" where that is not known.

        `at_once` looks through processes however short ago that was done before.
        """
        # the client first: it may not live long
        opened = self.owners.find(socket_inode(asker, client, server), at_once)
        peer = self.owners.known(socket_inode(asker, server, client))
        if not peer:
            # a connection that is over already has no owner any more, but who listens still has
            peer = self.owners.find(socket_inode(asker, server, (bytes(len(client[0])), 0)), at_once)
        return opened, peer

    def _listen(self, heard: socket.socket) -> None:
        """Name what opens connections, as long as that takes no more than its share of time."""
        asker = _asker()
        with contextlib.suppress(OSError):
            # it works for a millisecond now and then, and comes too late if it has to wait for its turn
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_RR, os.sched_param(URGENT))
        budget = Budget(SHARE)
        while True:
            try:
                packet = heard.recv(128)
            except OSError:
                self.hears = False
                return
            ends = opening_ends(packet)
            if ends is None or ends in self.named:
                continue
            begun = time.thread_time()
            budget.refill(time.monotonic())
            text = said(*self.of_ends(asker, *ends, at_once=True)) if budget.left > 0 else ""
            budget.left -= time.thread_time() - begun
            self.named[ends] = text
            if len(self.named) > MOST_NAMED:
                self.named.clear()


class Budget:
    """Seconds that may be spent: a share of the time that passes, and at most that of one second."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.left = share
        self.seen = time.monotonic()

    def refill(self, now: float) -> None:
        """Add the share of the time since the last call."""
        self.left = min(self.share, self.left + (now - self.seen) * self.share)
        self.seen = now


class Owners:
    """The processes that hold sockets, by the sockets' inodes; looked for as little as can be."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.seen: set[int] = set()
        self.busy: list[int] = []
        self.looked = 0.0

    def known(self, inode: str) -> str:
        """The owner of a socket that was found before, "" otherwise."""
        return self.names.get(inode, "")

    def find(self, inode: str, at_once: bool) -> str:
        """The owner of a socket: most often a process that is new, or that opened a connection before."""
        if not inode or inode in self.names:
            return self.names.get(inode, "")
        if len(self.names) > MOST_OWNERS:
            self.names.clear()
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 (objects cost more)
        fresh = [pid for pid in reversed(pids) if pid not in self.seen]
        self.seen = set(pids)
        if self._among(fresh, inode) or (at_once and self._among(self.busy, inode)):
            return self.names[inode]
        if time.monotonic() - self.looked >= REST:
            self._among(pids, "")
            self.looked = time.monotonic()
        return self.names.get(inode, "")

    def _among(self, pids: list[int], inode: str) -> bool:
        """Look into processes until one has the socket."""
        for pid in pids:
            found = process_sockets(pid)
            if found:
                name = process_name(pid)
                for each in found:
                    # servers hand their listening socket down to workers: the first is the one that opened it
                    self.names.setdefault(each, name)
                if inode in found:
                    self.busy = [pid, *(each for each in self.busy[:3] if each != pid)]
                    return True
        return False


def opening_ends(packet: bytes) -> Ends | None:
    """The client and the server of an IP packet that is a SYN, None for anything else. RFC 791, RFC 8200, RFC 9293."""
    version = packet[0] >> 4 if len(packet) >= 40 else 0
    if version == 4:
        at = (packet[0] & 0x0F) * 4
        source, target, protocol = packet[12:16], packet[16:20], packet[9]
    elif version == 6:
        at = 40
        source, target, protocol = packet[8:24], packet[24:40], packet[6]
    else:
        return None
    if protocol != socket.IPPROTO_TCP or len(packet) < at + 14 or packet[at + 13] & 0x12 != 0x02:
        # the SYN+ACK says nothing new
        return None
    sport, dport = struct.unpack_from(">HH", packet, at)
    return (source, sport), (target, dport)


def process_sockets(pid: int) -> list[str]:
    """The inodes of a process's sockets; none when it is gone, or not ours to look into."""
    found: list[str] = []
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 (objects cost more)
    except OSError:
        return found
    for name in names:
        with contextlib.suppress(OSError):
            link = os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115
            if link.startswith("socket:["):
                found.append(link[8:-1])
    return found


def process_name(pid: int) -> str:
    """What a process is called: "curl (pid 12)"."""
    try:
        command = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        command = "?"
    return f"{command} (pid {pid})"


def socket_inode(asker: socket.socket, source: End, target: End) -> str:
    """The inode of the local TCP socket that talks from `source` to `target`, or listens at `source`; "" for none.

    sock_diag(7): asking for one socket costs microseconds, where reading /proc/net/tcp costs milliseconds.
    """
    family = socket.AF_INET if len(source[0]) == 4 else socket.AF_INET6
    identity = struct.pack(">HH16s16s", source[1], target[1], source[0], target[0]) + _NO_COOKIE
    request = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE) + identity
    head = struct.pack("=IHHII", 16 + len(request), _BY_FAMILY, _REQUEST, 0, 0)
    try:
        asker.send(head + request)
        answer = asker.recv(4096)
    except OSError:
        return ""
    if len(answer) < 88 or struct.unpack_from("=H", answer, 4)[0] != _BY_FAMILY:
        return ""
    inode = struct.unpack_from("=I", answer, 84)[0]
    return str(inode) if inode else ""


def _asker() -> socket.socket:
    asker = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG)
    asker.connect((0, 0))
    asker.settimeout(_PATIENCE)
    return asker


def _syn_socket() -> socket.socket:
    """Hears every SYN on every interface, from its IP header on. Raises OSError without the right."""
    from inspector.capture.live.ring import ETH_P_ALL, attach_filter

    # linux/filter.h: load the version; then protocol and flags of either
    program = [
        (0x30, 0, 0, 0),  # ldb [0]
        (0x54, 0, 0, 0xF0),  # and #0xf0
        (0x15, 6, 0, 0x60),  # jeq #0x60, IPv6
        (0x15, 0, 10, 0x40),  # jeq #0x40, else no
        (0x30, 0, 0, 9),  # ldb [9]
        (0x15, 0, 8, 6),  # jeq #6, else no
        (0xB1, 0, 0, 0),  # ldx 4*([0]&0xf)
        (0x50, 0, 0, 13),  # ldb [x+13]
        (0x05, 0, 0, 3),  # ja flags
        (0x30, 0, 0, 6),  # IPv6: ldb [6]
        (0x15, 0, 3, 6),  # jeq #6, else no
        (0x30, 0, 0, 53),  # ldb [53]
        (0x54, 0, 0, 0x12),  # flags: and #0x12
        (0x15, 1, 0, 0x02),  # jeq #0x02, yes
        (0x06, 0, 0, 0),  # no: ret #0
        (0x06, 0, 0, 128),  # yes: ret #128
    ]
    heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    try:
        attach_filter(heard, program)
    except OSError:
        heard.close()
        raise
    return heard
