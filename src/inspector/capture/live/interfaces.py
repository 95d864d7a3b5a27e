"""The network interfaces of this machine, from what Linux shows in /sys and /proc; scapy's list elsewhere."""

import ipaddress
import socket
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NET: Final = Path("/sys/class/net")
_SIOCGIFADDR: Final = 0x8915
_LINK_TYPES: Final = {"1": 1, "772": 1, "65534": 101, "512": 101, "768": 101, "778": 101}
"""ARPHRD numbers (linux/if_arp.h) to LINKTYPE: Ethernet and loopback, tunnels without a link header."""
ETHERNET: Final = 1


@dataclass(slots=True)
class NetworkInterface:
    """`state` is up, down or unknown; `packets` were received since it is there."""

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
    """The LINKTYPE of what is captured on an interface."""
    return _LINK_TYPES.get(_read(name, "type"), ETHERNET)


def network_interfaces() -> list[NetworkInterface]:
    """All interfaces with what is known of them."""
    return [_describe(name) for name in interface_names()]


def _describe(name: str) -> NetworkInterface:
    if sys.platform != "linux":
        return NetworkInterface(name, loopback=name.startswith("lo"))
    flags = int(_read(name, "flags") or "0", 16)
    # the loopback's operstate is "unknown": IFF_UP says it
    state = _read(name, "operstate") or "unknown"
    if state == "unknown":
        state = "up" if flags & 0x1 else "down"
    return NetworkInterface(
        name=name,
        state=state,
        loopback=bool(flags & 0x8),
        addresses=_ipv4(name) + _ipv6(name),
        mtu=int(_read(name, "mtu") or "0"),
        packets=int(_read(name, "statistics/rx_packets") or "0"),
    )


def _read(name: str, what: str) -> str:
    try:
        return (_NET / name / what).read_text().strip()
    except OSError:
        return ""


def _ipv4(name: str) -> list[str]:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            found = fcntl.ioctl(asker.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
        except OSError:
            return []
    return [socket.inet_ntoa(found[20:24])]


def _ipv6(name: str) -> list[str]:
    try:
        lines = Path("/proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [str(ipaddress.IPv6Address(bytes.fromhex(row[0]))) for row in rows if row[5] == name]
