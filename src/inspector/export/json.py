"""Field trees and rows as records; one routine for every JSON document that holds them."""

import math

from inspector.export.origins import Window, packets
from inspector.export.records import BitsRecord, FieldRecord, MessageRecord
from inspector.guide import Guide
from inspector.model.buffer import Buffer
from inspector.model.field import Bits, Field
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES
from inspector.session import Session


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
    """Turns the field trees of many messages into records; `raw` adds the hex of each leaf."""

    def __init__(self, titles: Titles, raw: bool = False) -> None:
        self.titles = titles
        self.raw = raw

    def tree(self, field: Field, buffer: Buffer, depth: int = -1) -> FieldRecord:
        """The record of `field`, whose offsets are in `buffer`, with children down to `depth` levels (-1: all)."""
        return self.node(field, Window(buffer, field.start, field.end), depth)

    def node(self, field: Field, window: Window, depth: int) -> FieldRecord:
        """One node and what is below it."""
        start = field.start
        end = field.end
        children: list[FieldRecord] = []
        leaf = True
        for child in field.children:
            own = child.buffer
            if own is None or own is window.buffer:
                leaf = False
                if depth:
                    children.append(self.node(child, window, depth - 1))
            elif depth:
                children.append(self.tree(child, own, depth - 1))
        value = field.value
        if value is None:
            value = window.read(start, end).hex() if leaf and field.name != "hole" else None
        elif not isinstance(value, str) and not isinstance(value, int):
            value = plain(value)
        record = FieldRecord(
            field.name,
            field.label or self.titles.of(field.name),
            value,
            start,
            end,
            window.name,
            window.origins(start, end),
            field.issue,
            children,
        )
        if field.bits:
            record.bits = [self.bits(each) for each in field.bits]
        if self.raw and leaf:
            record.raw = "" if field.name == "hole" else window.read(start, end).hex()
        return record

    def bits(self, bits: Bits) -> BitsRecord:
        """Some bits of a node."""
        return BitsRecord(bits.name, self.titles.of(bits.name), bits.value, bits.shift, bits.width)


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


class RowWriter:
    """Turns messages into records; `raw` adds the hex of each leaf to trees."""

    def __init__(self, session: Session, raw: bool = False) -> None:
        self.session = session
        self.trees = TreeWriter(Titles(session.guide), raw)
        self.below: dict[tuple[int, int], list[str]] = {}

    def message(self, message: Message) -> MessageRecord:
        """The row of a message."""
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
            packets(message.buffer, message.start, message.end),
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
            below = self.session.packet_row(message.packet).layers if message.packet else []
            self.below[key] = below
        above = [message.protocol]
        at = message.parent
        while at is not None:
            if above[-1] != at.protocol:
                above.append(at.protocol)
            at = at.parent
        above.reverse()
        return below + above

    def with_tree(self, message: Message, depth: int = -1) -> MessageRecord:
        """The row of a message with its field tree."""
        record = self.message(message)
        root = self.session.explain(message, keep=False)
        buffer = root.buffer
        record.fields = self.trees.tree(root, buffer if buffer is not None else message.buffer, depth)
        return record
