"""Header fields of HTTP messages where rules need one that lists do not keep. Spec: RFC 9112 5; RFC 7541 6"""

from typing import Final, NamedTuple

from inspector.engine.explain import explain
from inspector.model.message import Message
from inspector.schema.registry import Schemas

MAX_HEAD: Final = 8192
"""Bytes of an HTTP/1 message that are looked at."""


class HeaderField(NamedTuple):
    """A header field's `value`, and the bytes of its message that carry it, counted from its first byte."""

    start: int
    end: int
    value: str


ABSENT: Final = HeaderField(0, 0, "")


def head_of(message: Message) -> bytes:
    """The first bytes of an HTTP/1 message."""
    return message.buffer.read(message.start, min(message.end, message.start + MAX_HEAD))


def header_of(message: Message, name: str) -> HeaderField:
    """The header field `name` (lower case) of an HTTP/1 message or an HTTP/2 HEADERS frame; ABSENT without it."""
    if message.protocol == "http2":
        return _in_block(message, name)
    raw = head_of(message)
    lowered = raw.partition(b"\r\n\r\n")[0].lower()
    at = lowered.find(b"\n" + name.encode() + b":") + 1
    if not at:
        return ABSENT
    line = raw[at:].partition(b"\n")[0].rstrip(b"\r")
    return HeaderField(at, at + len(line), line[len(name) + 1 :].decode("latin-1").strip())


def _in_block(message: Message, name: str) -> HeaderField:
    for node in explain(message, Schemas()).walk():
        if node.name == "http2.header" and str(node.value).startswith(f"{name}: "):
            value = str(node.value)[len(name) + 2 :]
            return HeaderField(node.start - message.start, node.end - message.start, value)
    return ABSENT
