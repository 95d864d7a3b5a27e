"""The packet table: one column per property, one entry per packet, objects only for what is looked at."""

from dataclasses import dataclass, field
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from inspector.model.packet import Packet


@dataclass(slots=True)
class Interface:
    """Where packets were captured; `link_type` is a LINKTYPE number, `snap_length` in bytes (0: unlimited)."""

    link_type: int
    name: str = ""
    description: str = ""
    snap_length: int = 0


@dataclass(slots=True)
class Secrets:
    """A pcapng decryption secrets block: `kind` is its type number (0x544c534b: a TLS key log)."""

    kind: int
    data: bytes


class PacketTable:
    """Columns over the file image `image`; packet number n is row n - 1.

    `starts` are offsets of packet data in `image`, `captured` and `lengths` bytes captured and on the wire,
    `times` nanoseconds since 1970, `links` LINKTYPE numbers, `interfaces` indices into `Capture.interfaces`.
    """

    def __init__(
        self,
        image: mmap | bytes,
        starts: NDArray[np.int64],
        captured: NDArray[np.int64],
        lengths: NDArray[np.int64],
        times: NDArray[np.int64],
        links: NDArray[np.int32],
        interfaces: NDArray[np.int32],
    ) -> None:
        self.image = image
        self.starts = starts
        self.captured = captured
        self.lengths = lengths
        self.times = times
        self.links = links
        self.interfaces = interfaces

    def __len__(self) -> int:
        return len(self.starts)

    def data(self, number: int) -> bytes:
        """The captured bytes of packet `number` (from 1)."""
        start = int(self.starts[number - 1])
        return self.image[start : start + int(self.captured[number - 1])]


@dataclass(slots=True)
class Capture:
    """An opened capture file.

    `issue` says in one line where and why reading stopped early, None when the file is whole.
    `comments` are per packet number; 0 holds those of the file itself.
    """

    path: str
    format: str
    table: PacketTable
    interfaces: list[Interface]
    comments: dict[int, list[str]] = field(default_factory=dict)
    secrets: list[Secrets] = field(default_factory=list)
    issue: str | None = None

    def packet(self, number: int) -> Packet:
        """Packet `number`, from 1. Raises IndexError outside 1..len(table)."""
        if not 1 <= number <= len(self.table):
            raise IndexError(number)
        row = number - 1
        table = self.table
        return Packet(
            number=number,
            time=int(table.times[row]),
            data=table.data(number),
            length=int(table.lengths[row]),
            link_type=int(table.links[row]),
            interface=int(table.interfaces[row]),
            comments=self.comments.get(number, []),
        )
