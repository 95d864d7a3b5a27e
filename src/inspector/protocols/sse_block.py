"""A block of an event stream: the lines that one empty line ends. Spec: WHATWG HTML 9.2.6"""

from typing import Final

CR: Final = 13
LF: Final = 10
BOM: Final = b"\xef\xbb\xbf"

MAX_DATA: Final = 1 << 20
"""Characters of one event's data that are kept; what is longer is counted."""

DIGITS: Final = frozenset("0123456789")


class Block:
    """What the lines so far say; `start` and `end` are buffer offsets.

    `data` are the values of the data lines joined by LF, `data_size` their length in characters. `torn` says that its
    beginning was never captured (`start` is then -1 until a byte has been seen).
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.torn = False
        self.event = ""
        self.values: list[str] = []
        self.data_size = -1
        self.last_id = ""
        self.has_id = False
        self.retry = -1

    def begin(self, start: int) -> None:
        """Bytes at `start` belong to this block."""
        if self.start < 0:
            self.start = start

    @property
    def has_data(self) -> bool:
        """Whether there was any data line, even an empty one."""
        return self.data_size >= 0

    @property
    def data(self) -> str:
        """The data buffer as the event gets it."""
        return "\n".join(self.values)

    def add(self, line: bytes, end: int) -> None:
        """The next line, which is not empty, without its end."""
        self.end = end
        name, value = split_line(line.decode("utf-8", "replace"))
        if name == "data":
            if self.data_size < MAX_DATA:
                self.values.append(value[:MAX_DATA])
            self.data_size += 1 + len(value)
        elif name == "event":
            self.event = value
        elif name == "id":
            # an id with U+0000 is ignored
            if "\0" not in value:
                self.last_id = value
                self.has_id = True
        elif name == "retry" and is_number(value):
            self.retry = int(value[:18])

    def remembered(self) -> str:
        """What a browser keeps of a block that it does not dispatch."""
        kept = [f"id {self.last_id!r}"] if self.has_id else []
        if self.retry >= 0:
            kept.append(f"retry {self.retry} ms")
        return f", {' and '.join(kept)} remembered" if kept else ""


def split_line(line: str) -> tuple[str, str]:
    """Field name and value; one space behind the colon is no part of the value. The name of a comment is empty."""
    name, _, value = line.partition(":")
    return name, value[1:] if value.startswith(" ") else value


def is_number(value: str) -> bool:
    """Whether `retry` takes it: ASCII digits only."""
    return value != "" and DIGITS.issuperset(value)
