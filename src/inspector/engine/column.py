"""A column of numbers that only gets longer: the newest in memory, the rest in a file."""

import os
import tempfile
from array import array
from typing import IO, Final

NEWEST: Final = 1 << 16
"""Numbers that are kept in memory: those of the packets that are still talked about."""
WIDTH: Final = 8
"""Bytes of a number."""


class Column:
    """Numbers of 64 bits by their place, from 0. Raises OSError when the disk is full."""

    def __init__(self) -> None:
        self.newest: array[int] = array("q")
        self.before = 0
        self.file: IO[bytes] | None = None

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
        file = self.file
        assert file is not None
        found: array[int] = array("q")
        found.frombytes(os.pread(file.fileno(), WIDTH, place * WIDTH))
        return found[0]

    def _spill(self) -> None:
        """Move the older half to the file."""
        file = self.file
        if file is None:
            file = self.file = tempfile.TemporaryFile(prefix="inspector-column-", buffering=0)  # noqa: SIM115 (kept)
        data = self.newest[:NEWEST].tobytes()
        at = self.before * WIDTH
        while data:
            written = os.pwrite(file.fileno(), data, at)
            data = data[written:]
            at += written
        del self.newest[:NEWEST]
        self.before += NEWEST
