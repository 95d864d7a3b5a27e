"""One line about a Thrift message, and what its header says of the struct that follows."""

from typing import Final

from inspector.protocols.thrift_body import Body, read_body
from inspector.protocols.thrift_struct import (
    APPLICATION_EXCEPTION,
    CALL,
    EXCEPTION,
    EXCEPTION_TYPES,
    ONEWAY,
    REPLY,
    Encoding,
    Header,
)
from inspector.protocols.thrift_text import escape, quote
from inspector.schema.thrift import Function, StructType
from inspector.schema.thrift_story import Story, words
from inspector.wire.reader import Reader

_SUMMARY: Final = 120
"""Characters of a summary."""

_ROOM: Final = 100
"""Characters for arguments in a summary."""


class Digest(Body):
    """What the fields of one message come to: read once, then told in a line."""

    __slots__ = ("function", "header", "story")

    def __init__(self, header: Header, function: Function | None) -> None:
        story = story_of(header, function)
        super().__init__(story.size if story is not None else 0)
        self.header = header
        self.function = function
        self.story = story

    def read(self, encoding: Encoding, r: Reader) -> None:
        """Read the message's fields."""
        struct = struct_of(self.header, self.function)
        story = self.story
        if story is None:
            read_body(encoding, r, struct, _ROOM, self)
        else:
            read_body(encoding, r, struct, 0, self, story.root)

    def summary(self) -> str:
        """The method with its arguments, its result or its exception, or the function's own words for that."""
        story = self.story
        line = ""
        if story is not None and (self.header.mtype != REPLY or not self.shape or self.shape[0][0] == 0):
            line = story.tell(self.told)
        line = line or _line(self.header, self.function, self)
        return line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1].rstrip('…, ')}…"


def story_of(header: Header, function: Function | None) -> Story | None:
    """The words in which the function's calls or replies are told; None where it has none."""
    if function is None or header.mtype == EXCEPTION:
        return None
    reply = header.mtype == REPLY
    lines = function.reply_lines if reply else function.call_lines
    if not lines:
        return None
    found = function.reply_story if reply else function.call_story
    if found is not None:
        assert isinstance(found, Story)
        return found
    # Whatever a reply holds besides a result is an exception, told field by field.
    story = Story(lines, function.result, _ROOM) if reply else Story(lines, function.args, 0)
    if reply:
        function.reply_story = story
    else:
        function.call_story = story
    return story


def struct_of(header: Header, function: Function | None) -> StructType | None:
    """The struct that a message of `function` holds; None when that is not known."""
    if header.mtype == EXCEPTION:
        return APPLICATION_EXCEPTION
    if function is None:
        return None
    return function.result if header.mtype == REPLY else function.args


def bare(method: str) -> str:
    """A method's name without the service that multiplexing puts before it."""
    return method.rpartition(":")[2] if ":" in method else method


def declared_exception(id_: int, function: Function | None) -> str:
    """The name of the exception that a reply's field holds."""
    spec = function.result.fields.get(id_) if function is not None else None
    return spec.type.name if spec is not None else f"field {id_}"


def exception_facts(body: Body) -> list[tuple[str, object]]:
    """Message (field 1) and type (field 2) of a TApplicationException, as far as they are there."""
    found: list[tuple[str, object]] = []
    for i in range(len(body.values)):
        id_, value = body.shape[i][0], body.values[i]
        if id_ == 1 and isinstance(value, str):
            found.append(("thrift.exception.message", value))
        elif id_ == 2 and isinstance(value, int):
            found.append(("thrift.exception.type", value))
    return found


def _line(header: Header, function: Function | None, body: Body) -> str:
    if header.mtype in (CALL, ONEWAY):
        return f"{header.method}({', '.join(body.texts)})"
    if header.mtype == EXCEPTION:
        return _exception_line(header, body)
    method = words(function.name) if function is not None and function.reply_lines else header.method
    if not body.texts:
        void = function is not None and 0 not in function.result.fields
        return f"{method} → void" if void else f"{method} → ()"
    id_ = body.shape[0][0]
    separator = "=" if function is not None and id_ in function.result.fields else ": "
    text = body.texts[0].partition(separator)[2]
    if id_ == 0:
        return f"{method} → {text}"
    if function is not None and id_ in function.result.fields:
        # NoSuchObjectException(message="...") says no more than NoSuchObjectException("...").
        return f"{method} → {text.replace('(message=', '(', 1)}"
    return f"{method} → declared exception {id_}{text}"


def _exception_line(header: Header, body: Body) -> str:
    words, text = "unknown error", ""
    for name, value in exception_facts(body):
        if name == "thrift.exception.message":
            text = f": {value}"
        elif isinstance(value, int) and value:
            words = EXCEPTION_TYPES.get(value, f"type {value}").lower().replace("_", " ")
    return f"EXCEPTION {words} {quote(header.method)}{escape(text)}"
