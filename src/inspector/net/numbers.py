"""Numbers of the link, network and transport layers that more than one file needs."""

from typing import Final

# https://www.tcpdump.org/linktypes.html
LINK_NULL: Final = 0
LINK_ETHERNET: Final = 1
LINK_LOOP: Final = 108
LINK_SLL: Final = 113
LINK_SLL2: Final = 276
LINK_RAW: Final = (101, 12, 14)
LINK_IPV4: Final = 228
LINK_IPV6: Final = 229

# IEEE 802 numbers; 802.1Q, 802.1ad and its pre-standard value
ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_IPV6: Final = 0x86DD
ETHERTYPE_TAGS: Final = (0x8100, 0x88A8, 0x9100)

FAMILY_IPV4: Final = 2
FAMILY_IPV6: Final = (10, 24, 28, 30)
"""AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS."""

TCP: Final = 6
UDP: Final = 17

HOP_BY_HOP: Final = 0
ROUTING: Final = 43
FRAGMENT: Final = 44
AUTHENTICATION: Final = 51
DESTINATION: Final = 60
EXTENSIONS: Final = (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION, 135, 139, 140)
"""IPv6 extension headers whose length can be read: RFC 8200 4, RFC 4302 2.2, RFC 6275, RFC 7401, RFC 5533."""

MAX_TAGS: Final = 8
"""VLAN tags followed; two are usual (QinQ), more come from tests and attacks."""

MAX_EXTENSIONS: Final = 16
"""IPv6 extension headers followed; RFC 8200 4.1 allows each once, destination options twice."""

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
URG: Final = 0x20
