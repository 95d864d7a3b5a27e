"""A node of the decode tree."""

from collections.abc import Iterator

from inspector.model.buffer import Buffer

Value = object
"""What a field means: int, float, bool, str, bytes or None. None on a leaf: the bytes themselves."""


class Bits:
    """Some bits of a leaf: `width` bits whose lowest is `shift` bits above the leaf's lowest bit."""

    __slots__ = ("name", "shift", "value", "width")

    def __init__(self, name: str, value: int, shift: int, width: int) -> None:
        self.name = name
        self.value = value
        self.shift = shift
        self.width = width


class Field:
    """A named range of a buffer and its meaning.

    `start` and `end` are offsets in `buffer` of the nearest field up the tree that names one.
    Children lie inside their parent and tile it, unless they name a buffer of their own. `below` and `marks` are
    `children` and `bits`, None while there are none: most fields have neither.
    """

    __slots__ = ("below", "buffer", "end", "issue", "label", "marks", "name", "start", "value")

    def __init__(self, name: str, value: Value, start: int, end: int, label: str = "") -> None:
        self.name = name
        self.value = value
        self.start = start
        self.end = end
        self.below: list[Field] | None = None
        self.marks: list[Bits] | None = None
        self.label = label
        self.issue: str | None = None
        self.buffer: Buffer | None = None

    @property
    def children(self) -> list["Field"]:
        """The fields inside this one, and readings of bytes derived from it."""
        found = self.below
        if found is None:
            found = []
            self.below = found
        return found

    @children.setter
    def children(self, fields: list["Field"]) -> None:
        self.below = fields

    @property
    def bits(self) -> list[Bits]:
        """Named bits of a leaf."""
        found = self.marks
        if found is None:
            found = []
            self.marks = found
        return found

    @bits.setter
    def bits(self, bits: list[Bits]) -> None:
        self.marks = bits

    @property
    def length(self) -> int:
        """Bytes covered."""
        return self.end - self.start

    def walk(self) -> Iterator["Field"]:
        """This field and all below it, parents before children, in byte order."""
        yield self
        for child in self.below or ():
            yield from child.walk()

    def leaves(self) -> Iterator["Field"]:
        """The fields without children, in byte order, derived readings left out."""
        own = False
        for child in self.below or ():
            if child.buffer is None:
                own = True
                yield from child.leaves()
        if not own:
            yield self
