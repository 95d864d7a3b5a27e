"""The three lists of a capture (messages, packets, flows), each able to write its rows in every way."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from inspector.export.json import RowWriter
from inspector.export.listing import FlowLines, Lines, MessageLines, PacketLines
from inspector.export.lookup import HEADERS, Lookup, collect
from inspector.export.rows import FlowRows, packet_record, packet_with_tree
from inspector.export.words import Clock, Paint
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES
from inspector.net.rows import PacketRow
from inspector.query import Filter
from inspector.session import Session

Item = TypeVar("Item")


class Level(Generic[Item]):
    """One kind of row."""

    name = ""

    def __init__(self, session: Session, writer: RowWriter) -> None:
        self.session = session
        self.writer = writer

    def rows(self, chosen: Filter | None) -> Iterator[Item]:
        """The rows that match, in order."""
        raise NotImplementedError

    def lines(self, clock: Clock, paint: Paint) -> Lines[Item]:
        """What writes rows as text."""
        raise NotImplementedError

    def record(self, item: Item, tree: bool) -> object:
        """A row as JSON, with its fields when `tree`."""
        raise NotImplementedError

    def values(self, item: Item, name: str) -> list[object]:
        """The values of a field by name."""
        raise NotImplementedError

    def packets(self, item: Item) -> list[int]:
        """The packets that make up a row."""
        raise NotImplementedError


class MessageLevel(Level[Message]):
    """One row a message."""

    name = "message"

    def __init__(self, session: Session, writer: RowWriter) -> None:
        super().__init__(session, writer)
        self.lookup = Lookup(session)

    def rows(self, chosen: Filter | None) -> Iterator[Message]:
        if chosen is None:
            yield from self.session.messages
            return
        lookup = self.lookup
        for message in self.session.messages:
            if chosen.matches(lookup.at(message).values):
                yield message

    def lines(self, clock: Clock, paint: Paint) -> Lines[Message]:
        return MessageLines(self.session, clock, paint)

    def record(self, item: Message, tree: bool) -> object:
        return self.writer.with_tree(item) if tree else self.writer.message(item)

    def values(self, item: Message, name: str) -> list[object]:
        return self.lookup.look(item).values(name)

    def packets(self, item: Message) -> list[int]:
        return self.session.packets_of(item)


class PacketLevel(Level[PacketRow]):
    """One row a packet; filters see its headers and the messages that it carries a part of."""

    name = "packet"

    def __init__(self, session: Session, writer: RowWriter) -> None:
        super().__init__(session, writer)
        self.lookup = PacketLookup(session)

    def rows(self, chosen: Filter | None) -> Iterator[PacketRow]:
        for number in range(1, self.session.packet_count + 1):
            row = self.session.packet_row(number)
            if chosen is None or chosen.matches(self.lookup.at(row).values):
                yield row

    def lines(self, clock: Clock, paint: Paint) -> Lines[PacketRow]:
        return PacketLines(self.session, clock, paint)

    def record(self, item: PacketRow, tree: bool) -> object:
        return (
            packet_with_tree(self.session, self.writer.trees, item.number)
            if tree
            else packet_record(self.session, item.number)
        )

    def values(self, item: PacketRow, name: str) -> list[object]:
        return self.lookup.look(item).values(name)

    def packets(self, item: PacketRow) -> list[int]:
        return [item.number]


class FlowLevel(Level[Flow]):
    """One row a flow; one is shown when any of its messages matches."""

    name = "flow"

    def __init__(self, session: Session, writer: RowWriter) -> None:
        super().__init__(session, writer)
        self.lookup = Lookup(session)
        self.flow_rows = FlowRows(session)
        self.messages: dict[int, list[Message]] = {}
        for message in session.messages:
            self.messages.setdefault(message.flow, []).append(message)

    def rows(self, chosen: Filter | None) -> Iterator[Flow]:
        for flow in self.session.flows:
            if chosen is None or self._matches(flow, chosen):
                yield flow

    def _matches(self, flow: Flow, chosen: Filter) -> bool:
        messages = self.messages.get(flow.number, [])
        if not messages:
            return chosen.matches(lambda name: self.values(flow, name))
        return any(chosen.matches(self.lookup.at(message).values) for message in messages)

    def lines(self, clock: Clock, paint: Paint) -> Lines[Flow]:
        return FlowLines(self.session, clock, paint)

    def record(self, item: Flow, tree: bool) -> object:
        return self.flow_rows.record(item)

    def values(self, item: Flow, name: str) -> list[object]:
        """The values of all its messages, each once; a flow without payload has those of its two ends."""
        found: list[object] = []
        for message in self.messages.get(item.number) or [_silent(item)]:
            found += [value for value in self.lookup.at(message).values(name) if value not in found]
        return found

    def packets(self, item: Flow) -> list[int]:
        return self.session.flow_table.packets(item.number)


def _silent(flow: Flow) -> Message:
    """Stands for a flow that carried no payload."""
    return Message(flow.number, 0, flow.transport, "", flow.buffers[0], 0, 0, "")


class PacketLookup:
    """Values by name, for one packet at a time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.messages = Lookup(session)
        self._carried: dict[int, list[Message]] | None = None
        self._row: PacketRow | None = None
        self._tree: dict[str, list[object]] | None = None

    def at(self, row: PacketRow) -> "PacketLookup":
        """Look at `row` from now on."""
        self._row = row
        self._tree = None
        return self

    def look(self, row: PacketRow) -> "PacketLookup":
        """Look at `row`, keeping what is known when it is the same as before."""
        return self if self._row is row else self.at(row)

    def values(self, name: str) -> list[object]:
        """All values of `name` in the packet looked at."""
        row = self._row
        assert row is not None
        found = self._column(row, name)
        if found is not None:
            return found
        prefix, dot, last = name.partition(".")
        if prefix in HEADERS:
            if not dot:
                return [True] if name in row.layers else []
            if last in {"port", "addr"}:
                ends = ("srcport", "dstport") if last == "port" else ("src", "dst")
                return [value for end in ends for value in self._header(row, f"{prefix}.{end}")]
            if last == "stream":
                return self._stream(row, prefix)
            return self._header(row, name)
        carried = self._messages_of(row.number)
        return [value for message in carried for value in self.messages.at(message).values(name)]

    def _column(self, row: PacketRow, name: str) -> list[object] | None:
        first = self.messages.start
        if name in {"number", "frame.number"}:
            return [row.number]
        if name in {"length", "frame.len"}:
            return [row.length]
        if name == "frame.cap_len":
            return [self.session.packet(row.number).captured]
        if name in {"time", "frame.time_epoch"}:
            return [row.time / 1e9]
        if name == "frame.time_relative":
            return [(row.time - first) / 1e9]
        if name in {"flow", "side"}:
            value: object = row.flow if name == "flow" else SIDE_NAMES[row.side]
            return [value] if row.flow else []
        if name == "protocol":
            return [row.protocol]
        return [row.summary] if name == "summary" else None

    def _header(self, row: PacketRow, name: str) -> list[object]:
        if self._tree is None:
            self._tree = collect(self.session.explain_packet(row.number), None)
        return self._tree.get(name, [])

    def _stream(self, row: PacketRow, transport: str) -> list[object]:
        flow = self.messages.flows.get(row.flow)
        return [self.messages.streams[row.flow]] if flow is not None and flow.transport == transport else []

    def _messages_of(self, number: int) -> list[Message]:
        if self._carried is None:
            self._carried = {}
            for message in self.session.messages:
                for each in self.session.packets_of(message):
                    self._carried.setdefault(each, []).append(message)
        return self._carried.get(number, [])


def level_named(name: str, session: Session, raw: bool = False) -> Level[Message] | Level[PacketRow] | Level[Flow]:
    """The list called message, packet or flow."""
    writer = RowWriter(session, raw)
    if name == "packet":
        return PacketLevel(session, writer)
    return FlowLevel(session, writer) if name == "flow" else MessageLevel(session, writer)
