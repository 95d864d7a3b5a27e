"""A column of numbers that only gets longer: the newest in memory, the rest in a file."""

import os
import tempfile
from array import array
from typing import Final

NEWEST: Final = 1 << 16
"""Numbers that are kept in memory: those of the packets that are still talked about."""
WIDTH: Final = 8
"""Bytes of a number."""


class Column:
    """Numbers of 64 bits by their place, from 0. Raises OSError when the disk is full."""

    def __init__(self) -> None:
        self.newest: array[int] = array("q")
        self.before = 0
        self.file = -1

    def __len__(self) -> int:
        return self.before + len(self.newest)

    def append(self, number: int) -> None:
        """Add a number behind all others."""
        self.newest.append(number)
        if len(self.newest) >= 2 * NEWEST:
            self._spill()

    def at(self, place: int) -> int:
        """The number at `place`."""
        if place >= self.before:
            return self.newest[place - self.before]
        found: array[int] = array("q")
        found.frombytes(os.pread(self.file, WIDTH, place * WIDTH))
        return found[0]

    def _spill(self) -> None:
        """Move the older half to the file."""
        if self.file < 0:
            self.file, name = tempfile.mkstemp(prefix="inspector-column-")
            os.unlink(name)  # noqa: PTH108 (it lives as long as it is open)
        data = self.newest[:NEWEST].tobytes()
        at = self.before * WIDTH
        while data:
            written = os.pwrite(self.file, data, at)
            data = data[written:]
            at += written
        del self.newest[:NEWEST]
        self.before += NEWEST

    def __del__(self) -> None:
        if self.file >= 0:
            os.close(self.file)
