"""The tables of HPACK: RFC 7541 2.3, 4 and appendix A."""

from typing import Final

from hpack.table import HeaderTable
from mypy_extensions import i64

from inspector.model.message import Message

OVERHEAD: Final = 32
"""Bytes that an entry counts beyond its name and value (RFC 7541 4.1)."""
DEFAULT_SIZE: Final = 4096
"""Bytes of a dynamic table before anyone says otherwise (RFC 9113 6.5.2)."""
BEFORE_CAPTURE: Final = "inserted before the capture"
IN_HOLE: Final = "inserted while bytes were lost"
UNDECODED: Final = "inserted by a header block that cannot be decoded"
UNSEEN: Final = "inserted where nobody saw it"
REASONS: Final = (BEFORE_CAPTURE, IN_HOLE, UNDECODED, UNSEEN)
"""Why entries of a table may be unknown. An empty table has version 0, one lost for reason i version i + 1."""


class Entry:
    """A header field: name and value as ISO 8859-1 text, so that every byte is kept; what the table holds."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    @property
    def size(self) -> int:
        """Bytes that it counts in a table."""
        return len(self.name) + len(self.value) + OVERHEAD


STATIC: Final = [Entry(name.decode("latin-1"), value.decode("latin-1")) for name, value in HeaderTable.STATIC_TABLE]
"""RFC 7541 appendix A; index 1 is the first."""


class Table:
    """The dynamic table of one direction: all that was ever inserted, of which the end of the list is in the table.

    `lost` says why older entries may be there that nobody saw ("" when there are none). Nothing is evicted then: the
    newest entries keep their indices whatever lies behind them. `version` is the same for tables of the same content
    and limit that came about in the same way.
    """

    def __init__(self, limit: int = DEFAULT_SIZE) -> None:
        self.log: list[Entry] = []
        self.inserters: list[Message] = []
        self.first: i64 = 0
        self.size: i64 = 0
        self.limit: i64 = limit
        self.lost = ""
        self.version: i64 = 0

    @property
    def count(self) -> int:
        """Entries in the table."""
        return len(self.log) - self.first

    def dynamic(self, index: i64) -> i64:
        """The place in `log` of the entry with `index` (62 is the newest), -1 when it is not there."""
        place: i64 = len(self.log) - 1 - (index - len(STATIC) - 1)
        return place if place >= self.first and index > len(STATIC) else -1

    def insert(self, entry: Entry, message: Message) -> int:
        """Put an entry in front, evict what no longer fits (RFC 7541 4.4); returns how many went."""
        self.log.append(entry)
        self.inserters.append(message)
        self.size += entry.size
        return self._evict()

    def resize(self, limit: int) -> int:
        """Change the size allowed (RFC 7541 4.3); returns how many entries went."""
        self.limit = limit
        if limit == 0 and self.lost:
            gone = self.count
            self.first = len(self.log)
            self.size = 0
            self.lost = ""
            return gone
        return self._evict()

    def _evict(self) -> int:
        if self.lost:
            return 0
        before = self.first
        while self.size > self.limit:
            self.size -= self.log[self.first].size
            self.first += 1
        return self.first - before

    def forget(self, why: str) -> None:
        """Nothing is known of the contents any more, for one of REASONS."""
        self.first = len(self.log)
        self.size = 0
        self.lost = why
        self.version = REASONS.index(why) + 1

    def snapshot(self) -> "Snapshot":
        """The table as it is now, to be looked at later."""
        return Snapshot(self, self.first, len(self.log), self.size, self.limit, self.lost)


class Snapshot:
    """A table as it once was: a window on the list of all that was inserted, so that keeping it costs nothing."""

    __slots__ = ("end", "first", "limit", "lost", "size", "table")

    def __init__(self, table: Table, first: int, end: int, size: int, limit: int, lost: str) -> None:
        self.table = table
        self.first = first
        self.end = end
        self.size = size
        self.limit = limit
        self.lost = lost

    def restore(self) -> Table:
        """A table of its own with these contents."""
        table = Table(self.limit)
        table.log = self.table.log[self.first : self.end]
        table.inserters = self.table.inserters[self.first : self.end]
        table.size = self.size
        table.lost = self.lost
        return table
