"""The JSON documents of commands that answer with one document: what it says about itself, then its body."""

import msgspec
from msgspec import Struct

from inspector.export.records import TOOL, ExplanationRecord, FieldRecord, FindingRecord, GuideRecord


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
    fields: FieldRecord | None


def head(name: str, source: str, warnings: list[str]) -> Head:
    """The head of a document of shape `name`; the number goes up when a key changes its meaning."""
    return Head(f"inspector/{name}/1", source, warnings)


def opening(start: Head, key: str) -> bytes:
    """The beginning of a document that ends in a list named `key`, up to its bracket."""
    return msgspec.json.encode(start)[:-1] + b',"' + key.encode() + b'":['


def joined(start: bytes, body: bytes) -> bytes:
    """One object with the keys of two."""
    return start[:-1] + b"," + body[1:]
