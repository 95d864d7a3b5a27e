"""The recording reader: the same reads, building the field tree of one message."""

from typing import Final

from mypy_extensions import i64 as Int64

from inspector.model.buffer import Buffer
from inspector.model.field import Bits, Field
from inspector.wire.reader import Reader

MAX_CHILDREN: Final = 10_000
"""Children kept under one node; a list of a million numbers is counted, not drawn."""


class Body:
    """Bytes inside a message for whoever knows their media type: they are those of `node`, in `buffer` (None: the
    message's own).

    `content_type` is a Content-Type header, `codings` are to be undone first, outermost first; what they make becomes
    a field called `name`.
    """

    __slots__ = ("buffer", "codings", "content_type", "is_text", "name", "node")

    def __init__(self, node: Field, buffer: Buffer | None, content_type: str, is_text: bool) -> None:
        self.node = node
        self.buffer = buffer
        self.content_type = content_type
        self.is_text = is_text
        self.codings: list[str] = []
        self.name = node.name


class Recorder(Reader):
    """Builds `root`, whose leaves, gaps and holes tile the bytes from `base` to where reading stopped.

    `bodies` are those that the decoder hands on; `content_type` is the Content-Type header of a body that is read.
    """

    def __init__(self, data: bytes, base: int = 0, holes: list[tuple[int, int]] | None = None, name: str = "") -> None:
        super().__init__(data, base, holes)
        self.root = Field(name, None, base, base + len(data))
        self.open: list[Field] = [self.root]
        self.last: Field = self.root
        self.muted: Int64 = 0
        self.bodies: list[Body] = []
        self.content_type = ""

    @property
    def recording(self) -> bool:
        return True

    def leaf(self, name: str, value: object, count: Int64) -> None:
        """Record the `count` bytes before this place."""
        if self.muted:
            return
        end = self.base + self.pos
        self.last = Field(name, value, end - count, end)
        self._append(self.last)

    def _append(self, child: Field) -> bool:
        children = self.open[-1].children
        if len(children) < MAX_CHILDREN:
            children.append(child)
            return True
        if len(children) == MAX_CHILDREN:
            more = Field("more", 0, child.start, child.end)
            more.issue = f"only the first {MAX_CHILDREN} entries are drawn"
            children.append(more)
        children[-1].end = child.end
        return False

    def begin(self, name: str, label: str = "") -> None:
        super().begin(name, label)
        if self.muted:
            self.muted += 1
            return
        here = self.base + self.pos
        node = Field(name, None, here, here, label)
        if not self._append(node):
            self.muted = 1
            return
        self.open.append(node)
        self.last = node

    def close(self, value: object = None) -> None:
        super().close(value)
        if self.muted:
            self.muted -= 1
            if not self.muted:
                self.open[-1].children[-1].end = self.base + self.pos
            return
        node = self.open.pop()
        node.end = self.base + self.pos
        node.value = value
        self.last = node

    def attach(self, tree: Field) -> None:
        """Add a reading of derived bytes; it names its own buffer and takes no part in the tiling."""
        self.open[-1].children.append(tree)

    def note(self, issue: str) -> None:
        if self.muted:
            return
        self.last.issue = issue if self.last.issue is None else f"{self.last.issue}; {issue}"

    def bits(self, name: str, value: int, shift: int, width: int) -> None:
        if not self.muted:
            self.last.bits.append(Bits(name, value, shift, width))

    def finish(self, issue: str | None = None) -> Field:
        """Close what is open and return the tree.

        With `issue` (why decoding stopped) the bytes not yet explained become a gap that states it;
        without, bytes left over become a gap all the same: none is dropped.
        """
        here = self.base + self.pos
        end = self.root.end
        if issue is not None:
            self.open[-1].issue = issue
        if self.muted:
            self.open[-1].children[-1].end = here
            self.muted = 0
        while len(self.open) > 1:
            self.open.pop().end = here
        if here < end:
            gap = Field("gap", None, here, end)
            gap.issue = issue or "no field explains these bytes"
            self.root.children.append(gap)
            self._split_holes(gap)
        return self.root

    def _split_holes(self, leaf: Field) -> None:
        """Give a leaf that lies across holes one child for each captured and each missing part."""
        if not self.holes:
            return
        inside = [(max(s, leaf.start), min(e, leaf.end)) for s, e in self.holes if s < leaf.end and e > leaf.start]
        if not inside:
            return
        at = leaf.start
        for start, end in inside:
            if at < start:
                leaf.children.append(Field(leaf.name, None, at, start))
            hole = Field("hole", None, start, end)
            hole.issue = f"{end - start} bytes were never captured"
            leaf.children.append(hole)
            at = end
        if at < leaf.end:
            leaf.children.append(Field(leaf.name, None, at, leaf.end))

    # reads

    def u8(self, name: str) -> int:
        value = super().u8(name)
        self.leaf(name, value, 1)
        return value

    def i8(self, name: str) -> int:
        value = super().i8(name)
        self.leaf(name, value, 1)
        return value

    def u16(self, name: str) -> int:
        value = super().u16(name)
        self.leaf(name, value, 2)
        return value

    def i16(self, name: str) -> int:
        value = super().i16(name)
        self.leaf(name, value, 2)
        return value

    def u24(self, name: str) -> int:
        value = super().u24(name)
        self.leaf(name, value, 3)
        return value

    def u32(self, name: str) -> int:
        value = super().u32(name)
        self.leaf(name, value, 4)
        return value

    def i32(self, name: str) -> int:
        value = super().i32(name)
        self.leaf(name, value, 4)
        return value

    def u64(self, name: str) -> int:
        value = super().u64(name)
        self.leaf(name, value, 8)
        return value

    def i64(self, name: str) -> int:
        value = super().i64(name)
        self.leaf(name, value, 8)
        return value

    def f64(self, name: str) -> float:
        value = super().f64(name)
        self.leaf(name, value, 8)
        return value

    def u16le(self, name: str) -> int:
        value = super().u16le(name)
        self.leaf(name, value, 2)
        return value

    def u32le(self, name: str) -> int:
        value = super().u32le(name)
        self.leaf(name, value, 4)
        return value

    def u64le(self, name: str) -> int:
        value = super().u64le(name)
        self.leaf(name, value, 8)
        return value

    def take(self, name: str, count: Int64) -> bytes:
        value = super().take(name, count)
        self.leaf(name, None, count)
        return value

    def skip(self, name: str, count: Int64) -> None:
        super().skip(name, count)
        self.leaf(name, None, count)
        if not self.muted:
            self._split_holes(self.last)

    def known(self, name: str, count: Int64, value: object) -> None:
        super().known(name, count, value)
        self.leaf(name, value, count)

    def text(self, name: str, count: Int64) -> str:
        value = super().text(name, count)
        self.leaf(name, value, count)
        if "\ufffd" in value and not self._is_utf8(count):
            self.note("not valid UTF-8")
        return value

    def _is_utf8(self, count: Int64) -> bool:
        try:
            self.data[self.pos - count : self.pos].decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def latin(self, name: str, count: Int64) -> str:
        value = super().latin(name, count)
        self.leaf(name, value, count)
        return value

    def number(self, name: str, count: Int64, base: int = 10) -> int:
        value = super().number(name, count, base)
        self.leaf(name, value, count)
        return value
