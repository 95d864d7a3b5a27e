"""What the capture process is told; imports little, as that process does."""

import json
from typing import Any, Final

SNAP_LENGTH: Final = 262_144
"""Bytes of a packet that are kept: all of it, even offloaded segments."""
LINK_SLL2: Final = 276
"""LINUX_SLL2: IP behind a header that says where it came from, for all interfaces together."""
BUFFER: Final = 16 << 20
"""Bytes of the kernel's buffer: a second of a busy loopback interface; all of it is cleared before the first packet."""

Program = list[tuple[int, int, int, int]]
"""A compiled filter: code, jump if true, jump if false, operand."""


class Orders:
    """`snap_length`, `buffer` and the file sizes are in bytes, durations in seconds; 0 is for no limit.

    `interfaces` are names, none of them for all; `link_type` is a LINKTYPE. `program` is the filter `bpf` for it, None
    where scapy compiles it. `files` that are kept of a ring are named after `write`, which is "" for standard output.
    """

    def __init__(self, interfaces: list[str], link_type: int) -> None:
        self.interfaces = interfaces
        self.link_type = link_type
        self.bpf = ""
        self.program: Program | None = None
        self.source = ""
        self.snap_length = SNAP_LENGTH
        self.buffer = BUFFER
        self.duration = 0.0
        self.packets = 0
        self.file_size = 0
        self.write = ""
        self.files = 0
        self.next_size = 0
        self.next_duration = 0.0

    def written(self) -> str:
        """For a command line."""
        return json.dumps(vars(self))


def read_orders(text: str) -> Orders:
    """What `written` wrote."""
    said: dict[str, Any] = json.loads(text)
    orders = Orders(said["interfaces"], said["link_type"])
    for name, value in said.items():
        setattr(orders, name, value)
    return orders
