"""JSON, and values one after the other as in NDJSON. Spec: RFC 8259; https://github.com/ndjson/ndjson-spec"""

import json
import re
from typing import Final

from inspector.model.errors import DecodeError, Truncated
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import NONE, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.surrogates import whole_characters

MAX_FIELDS: Final = 100_000
"""Fields drawn for one body: a megabyte of JSON has some tens of thousands."""
MAX_SHOWN: Final = 100
"""Characters in a summary."""

SPACES: Final = re.compile(rb"[ \t\r\n]*")
STRING: Final = re.compile(rb'"[^"\\]*(?:\\[\s\S][^"\\]*)*"')
NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
NUMBER_BYTES: Final = b"-+.eE0123456789"
LONGEST_NUMBER: Final = 400
"""Digits up to which a number is worked out."""
BOM: Final = b"\xef\xbb\xbf"


class Budget:
    """How many more fields are drawn."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_FIELDS


class JsonConversation(Conversation):
    """The values that a side sends, each a message; white space belongs to the value before it."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.last: list[Message | None] = [None, None]

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        r.peek_u8()
        last = self.last[side]
        if last is not None and last.end == r.offset and spaces_at(r):
            r.skip("json.space", spaces_at(r))
            last.end = r.offset
            return
        start, at = r.offset, r.pos
        read_space(r)
        read_value(r, Budget())
        self._report(side, start, r.offset, r.data[at : r.pos], out)

    def _report(self, side: Side, start: int, end: int, raw: bytes, out: Sink) -> Message:
        text = raw[: 4 * MAX_SHOWN].decode("utf-8", "replace").strip()
        m = out.message(side, "value", start, end, text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…")
        self.last[side] = m
        return m

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        """A value that the bytes end in; a number only ends when something else follows."""
        if not isinstance(error, Truncated):
            return None
        start, raw = r.offset, r.data[r.pos : r.end]
        r.seek(r.end)
        m = self._report(side, start, r.offset, raw, out)
        if NUMBER.fullmatch(raw.strip()) is None:
            m.complete = False
            m.issue = "the bytes end inside this value"
        return m

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        at = data.find(b"\n", pos)
        return at + 1 if 0 <= at < len(data) - 1 else -1


def spaces_at(r: Reader) -> int:
    """How many bytes of white space come next."""
    found = SPACES.match(r.data, r.pos, r.limit)
    return found.end() - found.start() if found is not None else 0


def read_space(r: Reader) -> None:
    """White space (RFC 8259 2)."""
    count = spaces_at(r)
    if count:
        r.skip("json.space", count)


def read_value(r: Reader, budget: Budget) -> None:
    """One value (RFC 8259 3). Raises Malformed where it is none, Truncated where it goes on behind the bytes."""
    budget.left -= 1
    if budget.left < 0:
        raise r.malformed(f"only the first {MAX_FIELDS:,} values are drawn")
    first = r.peek_u8()
    if first == 123:
        _object(r, budget)
    elif first == 91:
        _array(r, budget)
    elif first == 34:
        read_string(r, "json.value.string")
    elif first == 45 or 48 <= first <= 57:
        _number(r)
    elif first == 116:
        _word(r, "json.value.true", b"true", True)
    elif first == 102:
        _word(r, "json.value.false", b"false", False)
    elif first == 110:
        _word(r, "json.value.null", b"null", "null")
    else:
        raise r.malformed(f"no JSON value starts with {bytes([first])!r}")


def _object(r: Reader, budget: Budget) -> None:
    """RFC 8259 4."""
    r.begin("json.object")
    r.skip("json.begin", 1)
    read_space(r)
    count = 0
    while r.peek_u8() != 125:
        if count:
            _separator(r, 44, "json.comma")
            read_space(r)
        count += 1
        r.begin("json.member")
        # a member is no level of its own
        r.depth -= 1
        key = read_string(r, "json.key")
        read_space(r)
        _separator(r, 58, "json.colon")
        read_space(r)
        read_value(r, budget)
        r.depth += 1
        r.close(key)
        read_space(r)
    r.skip("json.end", 1)
    r.close(f"{count} member{'' if count == 1 else 's'}")


def _array(r: Reader, budget: Budget) -> None:
    """RFC 8259 5."""
    r.begin("json.array")
    r.skip("json.begin", 1)
    read_space(r)
    count = 0
    while r.peek_u8() != 93:
        if count:
            _separator(r, 44, "json.comma")
            read_space(r)
        count += 1
        read_value(r, budget)
        read_space(r)
    r.skip("json.end", 1)
    r.close(f"{count} element{'' if count == 1 else 's'}")


def _separator(r: Reader, byte: int, name: str) -> None:
    found = r.peek_u8()
    if found != byte:
        raise r.malformed(f"{chr(byte)!r} should stand here, not {bytes([found])!r}")
    r.skip(name, 1)


def read_string(r: Reader, name: str) -> str:
    """A string (RFC 8259 7), with its quotes; returns what it stands for."""
    if r.peek_u8() != 34:
        raise r.malformed("a member begins with its name in quotes")
    found = STRING.match(r.data, r.pos, r.limit)
    if found is None:
        # the end is still to come
        r.need(r.left + 1)
        raise r.malformed("a string without its end")
    count = found.end() - found.start()
    if not r.recording:
        r.skip(name, count)
        return ""
    raw = r.data[r.pos + 1 : r.pos + count - 1]
    text = raw.decode("utf-8", "replace")
    issue = ""
    if "\\" in text:
        text, issue = _unescaped(text)
    elif any(ord(character) < 32 for character in text):
        issue = "control characters must be escaped (RFC 8259 7)"
    r.known(name, count, text)
    if issue:
        r.note(issue)
    return text


def _unescaped(text: str) -> tuple[str, str]:
    try:
        value = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text, "an escape that does not exist (RFC 8259 7)"
    return whole_characters(str(value)), ""


def _number(r: Reader) -> None:
    """RFC 8259 6."""
    stop: int = r.pos
    while stop < r.limit and r.data[stop] in NUMBER_BYTES:
        stop += 1
    if stop == r.limit and not r.narrowed and not r.recording:
        # more digits may come
        r.need(stop - r.pos + 1)
    raw = r.data[r.pos : stop]
    if NUMBER.fullmatch(raw) is None:
        raise r.malformed(f"{raw[:40]!r} is no number")
    r.known("json.value.number", len(raw), _worth(raw.decode()) if r.recording else None)


def _worth(text: str) -> object:
    """The number, or its text where a computer's number would be another."""
    if len(text) > LONGEST_NUMBER:
        return text
    if text.lstrip("-").isdecimal():
        return int(text)
    value = float(text)
    return text if value in (float("inf"), float("-inf")) else value


def _word(r: Reader, name: str, word: bytes, value: object) -> None:
    found = r.data[r.pos : min(r.limit, r.pos + len(word))]
    if not word.startswith(found):
        raise r.malformed(f"{found!r} is no JSON value")
    r.need(len(word))
    r.known(name, len(word), value)


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Text in braces is no protocol of its own: it is read where a media type or the user says so."""
    return Verdict("json", NONE, "no media type announces JSON")


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """All values, each with its members."""
    budget = Budget()
    if r.data.startswith(BOM):
        r.skip("json.bom", len(BOM))
        r.note("JSON does not begin with a byte order mark (RFC 8259 8.1)")
    read_space(r)
    while r.left:
        read_value(r, budget)
        read_space(r)


PROTOCOL = Protocol(
    name="json",
    title="JSON",
    spec="RFC 8259",
    recognise=recognise,
    conversation=JsonConversation,
    explain=explain,
    content_types=("application/json", "*+json", "application/x-ndjson", "application/ndjson", "application/jsonl"),
    inline=True,
)
