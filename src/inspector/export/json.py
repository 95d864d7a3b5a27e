"""Field trees and rows as records; one routine for every JSON document that holds them."""

import math
from json.encoder import encode_basestring as quoted
from typing import Final

from msgspec import Raw

from inspector.export.origins import Window, packets
from inspector.export.records import MessageRecord
from inspector.guide import Guide
from inspector.model.buffer import Buffer
from inspector.model.field import Bits, Field
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES
from inspector.session import Session

MAX_REMEMBERED: Final = 10_000
"""Texts whose JSON is remembered, of at most MAX_REMEMBERED_TEXT characters."""
MAX_REMEMBERED_TEXT: Final = 200


class Titles:
    """Titles of field names, remembered: the guide is asked once for each name."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The guide's title of field `name`."""
        title = self.known.get(name)
        if title is None:
            title = self.guide.title(name)
            self.known[name] = title
        return title


class TreeWriter:
    """Writes field trees as JSON; `raw` adds the hex of each leaf.

    A node is an object with the keys name, title, value, start, end, buffer, origins (of packet, start, end, exact),
    issue and children; where there are some, bits (of name, title, value, shift, width); when asked for, raw. It is
    put together as text: a tree has dozens of nodes, whose every key would otherwise be encoded anew each time.
    """

    def __init__(self, titles: Titles, raw: bool = False) -> None:
        self.titles = titles
        self.raw = raw
        self.heads: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def tree(self, field: Field, buffer: Buffer, depth: int = -1) -> Raw:
        """`field`, whose offsets are in `buffer`, with children down to `depth` levels (-1: all)."""
        return self.node(field, Window(buffer, field.start, field.end), depth)

    def node(self, field: Field, window: Window, depth: int) -> Raw:
        """One node and what is below it, in a window that is there already."""
        parts: list[str] = []
        self._node(field, window, depth, parts)
        return Raw(encoded(parts))

    def _node(self, field: Field, window: Window, depth: int, parts: list[str]) -> None:
        start = field.start
        end = field.end
        buffer = window.buffer
        children = field.below
        leaf = True
        if children is not None:
            for child in children:
                if child.buffer is None or child.buffer is buffer:
                    leaf = False
                    break
        head = self._label(field.name, field.label) if field.label else self._head(field.name)
        value = field.value
        if value is None:
            bytes_shown = leaf and field.name != "hole"
            written = f'"{window.read(start, end).hex()}"' if bytes_shown else "null"
        elif isinstance(value, str):
            written = self._text(value)
        else:
            written = self._value(value)
        issue = "null" if field.issue is None else quoted(field.issue)
        place = window.place(start, end)
        if children is None and field.marks is None and not self.raw:
            parts.append(f'{head}{written}{place},"issue":{issue},"children":[]}}')
            return
        parts.append(f'{head}{written}{place},"issue":{issue},"children":[')
        if children is not None and depth:
            self._children(children, window, depth - 1, parts)
        parts.append("]")
        if field.marks is not None:
            parts.append(f',"bits":[{",".join([self._bits(each) for each in field.marks])}]')
        if self.raw and leaf:
            parts.append(f',"raw":"{"" if field.name == "hole" else window.read(start, end).hex()}"')
        parts.append("}")

    def _children(self, children: list[Field], window: Window, depth: int, parts: list[str]) -> None:
        first = True
        for child in children:
            if not first:
                parts.append(",")
            first = False
            own = child.buffer
            inner = window if own is None or own is window.buffer else Window(own, child.start, child.end)
            self._node(child, inner, depth, parts)

    def _head(self, name: str) -> str:
        """Everything up to the value."""
        head = self.heads.get(name)
        if head is None:
            head = self._label(name, self.titles.of(name))
            self.heads[name] = head
        return head

    def _label(self, name: str, title: str) -> str:
        return f'{{"name":{self._text(name)},"title":{self._text(title)},"value":'

    def _text(self, text: str) -> str:
        """Text in quotes; names and short values come again and again."""
        written = self.texts.get(text)
        if written is None:
            written = quoted(text)
            if len(text) <= MAX_REMEMBERED_TEXT:
                if len(self.texts) >= MAX_REMEMBERED:
                    self.texts.clear()
                self.texts[text] = written
        return written

    def _value(self, value: object) -> str:
        if value is True:
            return "true"
        if value is False:
            return "false"
        if isinstance(value, int):
            return str(value)
        found = plain(value)
        return quoted(found) if isinstance(found, str) else repr(found)

    def _bits(self, bits: Bits) -> str:
        """Some bits of a node."""
        return f'{self._head(bits.name)}{bits.value},"shift":{bits.shift},"width":{bits.width}}}'


def encoded(parts: list[str]) -> bytes:
    """Joined text as UTF-8, where ASCII, as most is, is encoded much faster by itself."""
    done: list[bytes] = []
    start = 0
    for index in range(len(parts)):
        part = parts[index]
        if not part.isascii():
            done.append("".join(parts[start:index]).encode())
            done.append(part.encode("utf-8", "replace"))
            start = index + 1
    done.append("".join(parts[start:]).encode())
    return b"".join(done)


def plain(value: object) -> object:
    """A value as JSON has it: bytes as hex, numbers that JSON does not have as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def plain_facts(facts: dict[str, object]) -> dict[str, object]:
    """Facts as JSON has them; the very same dictionary when nothing needs to change."""
    for value in facts.values():
        if not isinstance(value, (str, int)):
            return {name: plain(each) for name, each in facts.items()}
    return facts


def seconds(nanoseconds: int) -> str:
    """Decimal seconds with nine digits."""
    digits = str(abs(nanoseconds)).rjust(10, "0")
    return f"{'-' if nanoseconds < 0 else ''}{digits[:-9]}.{digits[-9:]}"


def stack(message: Message) -> list[str]:
    """The protocols of a message and of those that carried it, outermost first."""
    above = [message.protocol]
    at = message.parent
    while at is not None:
        if above[-1] != at.protocol:
            above.append(at.protocol)
        at = at.parent
    above.reverse()
    return above


class RowWriter:
    """Turns messages into records; `raw` adds the hex of each leaf to trees."""

    def __init__(self, session: Session, raw: bool = False) -> None:
        self.session = session
        self.trees = TreeWriter(Titles(session.guide), raw)
        self.below: dict[tuple[int, int], list[str]] = {}

    def message(self, message: Message) -> MessageRecord:
        """The row of a message."""
        return self._row(message, packets(message.buffer, message.start, message.end))

    def _row(self, message: Message, carriers: list[int]) -> MessageRecord:
        session = self.session
        parent = message.parent
        answers = message.answers
        return MessageRecord(
            message.number,
            seconds(message.time),
            message.flow,
            SIDE_NAMES[message.side],
            message.protocol,
            message.kind,
            message.summary,
            message.end - message.start,
            carriers,
            self.layers(message),
            None if parent is None else parent.number,
            None if answers is None else answers.number,
            session.latency(message),
            session.severity(message),
            message.issue,
            plain_facts(message.facts),
        )

    def layers(self, message: Message) -> list[str]:
        """Protocol names from the link up; all messages of one side of a flow have the same below their own."""
        key = (message.flow, message.side)
        below = self.below.get(key)
        if below is None:
            below = self.session.flow_table.layers(message.packet) if message.packet else []
            self.below[key] = below
        return below + stack(message)

    def with_tree(self, message: Message, depth: int = -1) -> MessageRecord:
        """The row of a message with its field tree."""
        root = self.session.explain(message, keep=False)
        buffer = root.buffer if root.buffer is not None else message.buffer
        window = Window(buffer, root.start, root.end)
        own = buffer is message.buffer and root.start == message.start and root.end == message.end
        record = self._row(message, window.packets()) if own else self.message(message)
        record.fields = self.trees.node(root, window, depth)
        return record
