"""The field tree of a frame, with the state that it changed beside its bytes."""

from typing import Final

from inspector.model.buffer import Buffer, Slices
from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.protocols.hpack_block import read_block, shown
from inspector.protocols.hpack_table import STATIC, Snapshot, Table
from inspector.protocols.http2_frames import (
    MAGIC,
    SETTING_DEFAULTS,
    SETTINGS,
    BlockReader,
    Frame,
    read_header,
    read_payload,
    setting_name,
)
from inspector.protocols.http_body import StreamBody, read_stream_body
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

MAX_ENTRIES: Final = 256
"""Table entries drawn; a table of the default size holds at most 128."""


class HeaderContext:
    """The table before a header block; `ranges` are the parts of one that lies in several frames, which ends here."""

    __slots__ = ("ranges", "snapshot")

    def __init__(self, snapshot: Snapshot, ranges: list[tuple[int, int]] | None) -> None:
        self.snapshot = snapshot
        self.ranges = ranges


class SettingsContext:
    """For SETTINGS the values `before` it (None: not announced yet), for its acknowledgement what is `confirmed`."""

    __slots__ = ("before", "confirmed")

    def __init__(self, before: list[int | None], confirmed: list[tuple[int, int]]) -> None:
        self.before = before
        self.confirmed = confirmed


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The preface or one frame; state before and after are fields without bytes."""
    if message.kind == "preface":
        r.latin("http2.magic", min(len(MAGIC), r.left))
        return
    frame = read_header(r)
    _stream_state(message, r)
    context = message.context
    headers = context if isinstance(context, HeaderContext) else None
    blocks: BlockReader | None = None
    if headers is not None and headers.ranges is None:
        blocks = BlockReader(headers.snapshot.restore(), message)
        _table("http2.hpack.before", blocks.table, r)
    before = r.narrow(min(frame.length, r.left))
    read_payload(r, frame, blocks)
    r.widen(before)
    if blocks is not None and headers is not None:
        _table_after(headers.snapshot, blocks.table, r)
    elif headers is not None and headers.ranges is not None:
        _joined_block(message, headers, headers.ranges, r)
    if isinstance(context, SettingsContext):
        _settings_state(context, frame, r)
    _windows(message, frame, r)
    if isinstance(context, StreamBody) and isinstance(r, Recorder):
        read_stream_body(r, message, context)


def _stream_state(message: Message, r: Reader) -> None:
    state = message.facts.get("http2.stream.state")
    if isinstance(state, str):
        before, _, after = state.partition(" → ")
        r.known("http2.stream.state.before", 0, before)
        r.known("http2.stream.state.after", 0, after or before)


def _windows(message: Message, frame: Frame, r: Reader) -> None:
    """What may still be sent: after DATA its sender, after WINDOW_UPDATE the other side."""
    change = frame.length if message.kind == "data" else -frame.number
    for name in ("http2.window.stream", "http2.window.connection"):
        left = message.facts.get(name)
        if isinstance(left, int):
            r.known(f"{name}.before", 0, left + change)
            r.known(name, 0, left)


def _settings_state(context: SettingsContext, frame: Frame, r: Reader) -> None:
    if context.before and frame.kind == SETTINGS:
        for (identifier, value), known in zip(frame.settings or [], context.before, strict=False):
            before = known if known is not None else SETTING_DEFAULTS.get(identifier)
            was = "no limit" if before is None else str(before)
            if known is None:
                was += " by default"
            r.known("http2.settings.change", 0, f"{setting_name(identifier)}: {was} → {value}")
    for identifier, value in context.confirmed:
        r.known("http2.settings.in_force", 0, f"{setting_name(identifier)} = {value}")


def _table(name: str, table: Table, r: Reader) -> None:
    """The dynamic table as it stands, newest entry first."""
    r.begin(name)
    index = len(STATIC)
    for place in range(len(table.log) - 1, max(int(table.first), len(table.log) - MAX_ENTRIES) - 1, -1):
        index += 1
        r.known("http2.hpack.entry", 0, f"{index} {shown(table.log[place])}")
    r.close(_size(table))


def _size(table: Table) -> str:
    count = table.count
    known = f"{count} entr{'y' if count == 1 else 'ies'}"
    if table.lost:
        return f"{known} known, others {table.lost}"
    return f"{known}, {table.size} of {table.limit} bytes"


def _table_after(snapshot: Snapshot, table: Table, r: Reader) -> None:
    unchanged = table.first == 0 and len(table.log) == snapshot.end - snapshot.first
    if unchanged and table.limit == snapshot.limit and table.lost == snapshot.lost:
        r.known("http2.hpack.after", 0, "unchanged")
    else:
        _table("http2.hpack.after", table, r)


def _joined_block(message: Message, context: HeaderContext, ranges: list[tuple[int, int]], r: Reader) -> None:
    """A header block put together from several frames, in a buffer of its own."""
    if not isinstance(r, Recorder):
        return
    name = f"{message.buffer.name}/header block at {ranges[0][0]}"
    buffer = Buffer(name, Slices(list(ranges)), parent=message.buffer)
    blocks = BlockReader(context.snapshot.restore(), message)
    inner = Recorder(buffer.data, 0, buffer.holes, "http2.headers")
    issue: str | None = None
    try:
        _table("http2.hpack.before", blocks.table, inner)
        read_block(inner, blocks.table, message, blocks.block)
        _table_after(context.snapshot, blocks.table, inner)
    except DecodeError as error:
        issue = error.reason
    tree = inner.finish(issue)
    tree.buffer = buffer
    r.attach(tree)
