"""What Linux tells of network interfaces: rtnetlink(7). Other than /sys it speaks of this network namespace."""

import socket
import struct
import sys
from typing import Final, NamedTuple

_ROUTE: Final = 0
_REQUEST: Final = 0x301
"""NLM_F_REQUEST, NLM_F_DUMP."""
_ERROR: Final = 2
_DONE: Final = 3
_GET_LINK: Final = 18
_GET_ADDRESS: Final = 22
_NAME: Final = 3
_MTU: Final = 4
_STATE: Final = 16
_COUNTS: Final = 23
_ADDRESS: Final = 1
_LOCAL: Final = 2
_ROOM: Final = 1 << 16

_HEAD: Final = struct.Struct("=IHHII")
_LINK: Final = struct.Struct("=BxHiII")
_OF: Final = struct.Struct("=BBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH")


class Link(NamedTuple):
    """`kind` is the hardware's ARPHRD number, `flags` are IFF_ ones, `state` is RFC 2863's, 6 for up."""

    number: int
    name: str
    kind: int
    flags: int
    state: int
    mtu: int
    packets: int


def links() -> list[Link]:
    """All interfaces. Raises OSError."""
    found = []
    for body in _dump(_GET_LINK, _LINK.pack(0, 0, 0, 0, 0)):
        _, kind, index, flags, _ = _LINK.unpack_from(body)
        said = _attributes(body[_LINK.size :])
        name = said.get(_NAME, b"").rstrip(b"\0").decode(errors="replace")
        mtu = int.from_bytes(said.get(_MTU, b"")[:4], sys.byteorder)
        packets = int.from_bytes(said.get(_COUNTS, b"")[:8], sys.byteorder)
        found.append(Link(index, name, kind, flags, said.get(_STATE, b"\0")[0], mtu, packets))
    return found


def addresses() -> dict[int, list[str]]:
    """The addresses of interfaces by their index. Raises OSError."""
    found: dict[int, list[str]] = {}
    for body in _dump(_GET_ADDRESS, _OF.pack(0, 0, 0, 0, 0)):
        family, _, _, _, index = _OF.unpack_from(body)
        said = _attributes(body[_OF.size :])
        # of a point-to-point link the address is the peer's
        raw = said.get(_LOCAL, said.get(_ADDRESS, b""))
        if family in {socket.AF_INET, socket.AF_INET6} and raw:
            found.setdefault(index, []).append(socket.inet_ntop(family, raw))
    return found


def _dump(kind: int, body: bytes) -> list[bytes]:
    """The bodies of all messages that answer a request."""
    found: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _ROUTE) as asker:
        asker.send(_HEAD.pack(_HEAD.size + len(body), kind, _REQUEST, 1, 0) + body)
        while True:
            answer = asker.recv(_ROOM)
            at = 0
            while at + _HEAD.size <= len(answer):
                length, said, _, _, _ = _HEAD.unpack_from(answer, at)
                if said in {_DONE, _ERROR} or length < _HEAD.size:
                    return found
                found.append(answer[at + _HEAD.size : at + length])
                at += length + 3 & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = data[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
    return found
