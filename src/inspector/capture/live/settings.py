"""What is to be captured, where, and until when."""

import re
import socket
import sys
from dataclasses import dataclass
from typing import Final

from inspector.capture.live.bpf import compile_filter
from inspector.capture.live.errors import CaptureFailedError
from inspector.capture.live.interfaces import interface_names, link_type_of
from inspector.capture.live.orders import BUFFER, LINK_SLL2, SNAP_LENGTH, Orders
from inspector.model.errors import UsageError

ANY: Final = "any"
"""All interfaces, as libpcap calls them."""

_LIMIT: Final = re.compile(r"(duration|packets|files|filesize):(\d+(?:\.\d+)?)")
_KILOBYTE: Final = 1000


@dataclass(slots=True)
class Settings:
    """`interface` may name several, separated by commas, or `any`; `snap_length` and `buffer` are in bytes.

    The limits are seconds, packets and bytes of all files, 0 for none. With `files`, `next_size` or `next_duration`
    packets go to a ring of files named after `write`, of which the newest `files` are kept (0: all).
    """

    interface: str = "lo"
    bpf: str = ""
    snap_length: int = SNAP_LENGTH
    buffer: int = BUFFER
    duration: float = 0.0
    packets: int = 0
    file_size: int = 0
    source: str = ""
    write: str = ""
    files: int = 0
    next_size: int = 0
    next_duration: float = 0.0

    def limit(self, text: str) -> None:
        """Add an autostop condition as dumpcap writes it: `duration:S`, `packets:N`, `filesize:KB`."""
        what, value = _condition("-a", text, ("duration", "packets", "filesize"))
        if what == "duration":
            self.duration = value
        elif what == "packets":
            self.packets = int(value)
        else:
            self.file_size = int(value * _KILOBYTE)

    def ring(self, text: str) -> None:
        """Add a condition of the ring of files as dumpcap writes it: `files:N`, `filesize:KB`, `duration:S`."""
        what, value = _condition("-b", text, ("files", "filesize", "duration"))
        if what == "files":
            self.files = int(value)
        elif what == "filesize":
            self.next_size = int(value * _KILOBYTE)
        else:
            self.next_duration = value

    def interfaces(self) -> list[str]:
        """Their names; none for all. Raises CaptureFailedError for one that is not there."""
        names = [name.strip() for name in self.interface.split(",") if name.strip()]
        if ANY in names:
            return []
        known = interface_names()
        for name in names:
            if name not in known:
                raise CaptureFailedError(f"there is no interface {name}; there are {', '.join(known)}, any")
        return list(dict.fromkeys(names))

    def orders(self) -> Orders:
        """What the capture process is told. Raises CaptureFailedError, UsageError for a filter."""
        names = self.interfaces()
        orders = Orders(names, link_type_of(names[0]) if len(names) == 1 else LINK_SLL2)
        for name in ("bpf", "source", "snap_length", "buffer", "duration", "packets", "file_size"):
            setattr(orders, name, getattr(self, name))
        if self.bpf or sys.platform == "linux":
            orders.program = compile_filter(self.bpf, orders.link_type, self.snap_length)
        if not hasattr(socket, "AF_PACKET"):
            orders.source = "scapy"
        if self.files or self.next_size or self.next_duration:
            orders.write, orders.files = self.write, self.files
            orders.next_size, orders.next_duration = self.next_size, self.next_duration
        return orders


def _condition(option: str, text: str, known: tuple[str, ...]) -> tuple[str, float]:
    """A condition's name and value. Raises UsageError."""
    found = _LIMIT.fullmatch(text)
    if found is None or found[1] not in known or float(found[2]) <= 0:
        units = {"duration": "SECONDS", "packets": "N", "files": "N", "filesize": "KILOBYTES"}
        words = [f"{name}:{units[name]}" for name in known]
        raise UsageError(f"{option} {text}: write {', '.join(words[:-1])} or {words[-1]}")
    return found[1], float(found[2])
