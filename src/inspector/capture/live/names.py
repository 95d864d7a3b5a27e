"""Which processes local sockets belong to, as Linux tells: sock_diag(7) and proc(5)."""

import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Final

REST: Final = 0.2
"""Seconds between two looks through all processes; short ones in between stay nameless."""

_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_ANY_STATE: Final = 0xFFFFFFFF
_NO_COOKIE: Final = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
_PATIENCE: Final = 0.05
"""Seconds to wait for the kernel's answer."""

End = tuple[bytes, int]
"""An address (4 or 16 bytes) and a port."""


class Names:
    """Names the processes at both ends of connections as they open."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {}
        self.looked = 0.0
        self.asker: socket.socket | None = None
        if sys.platform == "linux":
            self.asker = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG)
            self.asker.connect((0, 0))
            self.asker.settimeout(_PATIENCE)

    def of_segment(self, packet: bytes | memoryview) -> str:
        """What to say of an Ethernet frame that opens a connection: "client curl (pid 12), server nginx (pid 3)"."""
        raw = bytes(packet[:74])
        if raw[12:14] == b"\x08\x00":
            source, target, ports = raw[26:30], raw[30:34], raw[34:38]
        else:
            source, target, ports = raw[22:38], raw[38:54], raw[54:58]
        sport, dport = struct.unpack(">HH", ports)
        if raw[47 if len(source) == 4 else 67] & 0x10:
            # the SYN+ACK says nothing new
            return ""
        if self.asker is None:
            return ""
        client, server = self.of_ends(self.asker, (source, sport), (target, dport))
        said = [f"{who} {name}" for who, name in (("client", client), ("server", server)) if name]
        return ", ".join(said)

    def of_ends(self, asker: socket.socket, client: End, server: End) -> tuple[str, str]:
        """The processes that opened and that accepts a connection; "" where that is not known."""
        mine, peer = socket_inode(asker, client, server), socket_inode(asker, server, client)
        # a connection that is over already has no owner any more, but who listens still has
        listener = socket_inode(asker, server, (bytes(len(client[0])), 0))
        if any(inode and inode not in self.owners for inode in (mine, peer or listener)):
            self._look()
        return self.owners.get(mine, ""), self.owners.get(peer, "") or self.owners.get(listener, "")

    def _look(self) -> None:
        """Go through all processes that this user may look into."""
        now = time.monotonic()
        if now - self.looked < REST:
            return
        self.owners = socket_owners()
        self.looked = time.monotonic()


def socket_owners() -> dict[str, str]:
    """Socket inodes to "name (pid n)"."""
    found: dict[str, str] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 (thousands of names; objects cost more)
        try:
            links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]  # noqa: PTH115,PTH208
            sockets = [link[8:-1] for link in links if link.startswith("socket:[")]
            if sockets:
                command = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
                for inode in sockets:
                    # servers hand their listening socket down to workers: the first is the one that opened it
                    found.setdefault(inode, f"{command} (pid {pid})")
        except OSError:
            continue
    return found


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
