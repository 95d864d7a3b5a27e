"""The network interfaces of this machine: from Linux itself, from scapy's list elsewhere."""

import socket
import sys
from dataclasses import dataclass, field
from typing import Final

from inspector.capture.live.netlink import Link, addresses, links
from inspector.capture.live.orders import LINK_SLL2

ETHERNET: Final = 1
_UP: Final = 0x1
_LOOPBACK: Final = 0x8
_STATES: Final = {0: "unknown", 1: "down", 2: "down", 3: "down", 4: "testing", 5: "dormant", 6: "up"}

_RAW: Final = 101
_LINK_TYPES: Final = {
    ETHERNET: 1,
    772: 1,
    801: 105,
    802: 119,
    803: 127,
    **dict.fromkeys((519, 768, 769, 776, 65534), _RAW),
}
"""ARPHRD numbers (linux/if_arp.h) to LINKTYPE: Ethernet and loopback, wireless, tunnels without a link header."""


@dataclass(slots=True)
class NetworkInterface:
    """`state` is up, down, dormant, testing or unknown; `packets` were received since it is there."""

    name: str
    state: str = "unknown"
    loopback: bool = False
    addresses: list[str] = field(default_factory=list)
    mtu: int = 0
    packets: int = 0


def interface_names() -> list[str]:
    """All names, the loopback first."""
    names = [name for _, name in socket.if_nameindex()]
    return sorted(names, key=lambda name: (not name.startswith("lo"), name))


def loopback_name() -> str:
    """What the loopback interface is called here."""
    return next((name for name in interface_names() if name in {"lo", "lo0"}), "lo")


def link_type_of(name: str) -> int:
    """The LINKTYPE of what is captured on an interface: one with a header made of what the kernel says, if need be."""
    if sys.platform != "linux":
        return ETHERNET
    kind = next((link.kind for link in links() if link.name == name), ETHERNET)
    return _LINK_TYPES.get(kind, LINK_SLL2)


def network_interfaces() -> list[NetworkInterface]:
    """All interfaces with what is known of them, the loopback first."""
    found = _by_kernel() if sys.platform == "linux" else by_scapy()
    return sorted(found, key=lambda each: (not each.loopback, each.name))


def _by_kernel() -> list[NetworkInterface]:
    known = addresses()
    return [_described(link, known.get(link.number, [])) for link in links()]


def _described(link: Link, known: list[str]) -> NetworkInterface:
    state = _STATES.get(link.state, "unknown")
    # the loopback and tunnels do not tell their state: whether they are switched on does
    if state == "unknown":
        state = "up" if link.flags & _UP else "down"
    return NetworkInterface(link.name, state, bool(link.flags & _LOOPBACK), known, link.mtu, link.packets)


def by_scapy() -> list[NetworkInterface]:
    """What scapy knows, on any system; it counts no packets and knows no sizes."""
    from scapy.all import conf

    return [
        NetworkInterface(
            str(each.name),
            "up" if "UP" in str(each.flags) else "down",
            "LOOPBACK" in str(each.flags),
            [str(address) for version in (4, 6) for address in each.ips[version]],
        )
        for each in conf.ifaces.values()
    ]
