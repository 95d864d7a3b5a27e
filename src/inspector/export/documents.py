"""The JSON documents of commands that answer with one document: what it says about itself, then its body."""

import msgspec
from msgspec import Raw, Struct

from inspector.export.records import TOOL, ExplanationRecord, FindingRecord, GuideRecord, VerdictRecord


class Head(Struct):
    """The keys that every document begins with; `schema` names the shape of the rest, `input` what was read."""

    schema: str
    input: str
    warnings: list[str]
    tool: str = TOOL


class FindingsBody(Struct):
    """`why --json`."""

    findings: list[FindingRecord]


class FieldsBody(Struct):
    """`fields --json`."""

    fields: list[GuideRecord]


class ExplanationsBody(Struct):
    """`explain --json`."""

    message: int
    explanations: list[ExplanationRecord]


class PastedMessage(Struct):
    """One message in pasted bytes; `start` and `end` are offsets in them."""

    number: int
    protocol: str
    kind: str
    summary: str
    start: int
    end: int
    issue: str | None


class BytesBody(Struct):
    """`bytes --json`: `fields` is the tree of the message, or a node that holds the trees of several."""

    side: str
    messages: list[PastedMessage]
    fields: Raw | None


class ReaderRecord(Struct):
    """What one kind of reader takes the first `end` bytes for; `fits` when they are what it expects."""

    reader: str
    protocol: str
    end: int
    reads_as: str
    fits: bool


class FirstBytesBody(Struct):
    """`bytes --json` without `--as`: `number` is what the first four bytes are to a reader of lengths."""

    bytes: str
    number: int | None
    known: str | None
    verdicts: list[VerdictRecord]
    readers: list[ReaderRecord]


class AttemptRecord(Struct):
    """Bytes read as a protocol: the first `explained` of `size` are understood, `stop` is what is wrong behind them."""

    protocol: str
    explained: int
    size: int
    stop: str | None
    readers: list[ReaderRecord]
    messages: list[PastedMessage]
    fields: Raw | None


class AttemptsBody(Struct):
    """`show --as --json` (with the number of the message), and `bytes --json` with more than one `--as`."""

    message: int | None
    side: str
    attempts: list[AttemptRecord]


def head(name: str, source: str, warnings: list[str]) -> Head:
    """The head of a document of shape `name`; the number goes up when a key changes its meaning."""
    return Head(f"inspector/{name}/1", source, warnings)


def opening(start: Head, key: str) -> bytes:
    """The beginning of a document that ends in a list named `key`, up to its bracket."""
    return msgspec.json.encode(start)[:-1] + b',"' + key.encode() + b'":['


def joined(start: bytes, body: bytes) -> bytes:
    """One object with the keys of two."""
    return start[:-1] + b"," + body[1:]
