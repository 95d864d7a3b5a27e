"""Limits on what a capture file may claim, shared by both formats."""

from typing import Final

MAX_CAPTURED: Final = 262_144
"""Bytes in one packet: the largest snap length of libpcap's tools (MAXIMUM_SNAPLEN); more means damaged lengths."""

MAX_CAPTURED_BUS: Final = 128 * 1024 * 1024
"""Bytes in one packet on buses whose transfers are larger (USB, D-Bus)."""

MAX_PACKETS: Final = 100_000_000
"""Packets in one file: their columns take 5 GB; a small damaged or hostile file must not fill the memory."""

PROGRESS_EVERY: Final = 1 << 24
"""Bytes of a file between two reports of progress."""

NO_PACKET: Final = -1
"""The link type of a record that Wireshark numbers like a packet but that carries none (a custom block)."""

_BUS_LINKS: Final = frozenset({186, 189, 220, 231, 249, 279})


def max_captured(link_type: int) -> int:
    """The most bytes that one packet of this LINKTYPE may have."""
    return MAX_CAPTURED_BUS if link_type in _BUS_LINKS else MAX_CAPTURED
