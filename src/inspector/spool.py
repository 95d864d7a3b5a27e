"""Rows of a live list, spilled to a file: memory holds eight bytes for each."""

import json
import os
import tempfile
from array import array
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple, overload

import numpy as np

LINE_FEED = 0x0A
NEAR = 256
"""Rows kept in memory besides: those that a screen draws again and again."""


class Row(NamedTuple):
    """What a list shows of a message; `time` in nanoseconds since 1970, `process` who opened the connection."""

    number: int
    time: int
    packet: int
    flow: int
    side: int
    client: int
    server: int
    protocol: str
    length: int
    issue: str
    summary: str
    complete: bool
    process: str

    def written(self) -> str:
        """One line for `Rows.add`."""
        return json.dumps(self) + "\n"


class Rows(Sequence[Row]):
    """Only ever grows; written by one thread and read by any."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="inspector-rows-", buffering=0)  # noqa: SIM115 (lives as long as this)
        self._ends = array("q", [0])
        self._near: dict[int, Row] = {}
        self._writing = Lock()

    def add(self, lines: bytes) -> None:
        """Append whole lines that `Row.written` made. Raises OSError when the disk is full."""
        with self._writing:
            size = self._ends[-1]
            view, at = memoryview(lines), size
            while view:
                done = os.pwrite(self._file.fileno(), view, at)
                view, at = view[done:], at + done
            ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == LINE_FEED) + (size + 1)
            self._ends.frombytes(ends.astype(np.int64).tobytes())

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        count = len(self)
        place = index + count if index < 0 else index
        if not 0 <= place < count:
            raise IndexError(index)
        row = self._near.get(place)
        if row is None:
            start, end = self._ends[place], self._ends[place + 1]
            row = Row(*json.loads(os.pread(self._file.fileno(), end - start, start)))
            if len(self._near) >= NEAR:
                self._near.clear()
            self._near[place] = row
        return row
