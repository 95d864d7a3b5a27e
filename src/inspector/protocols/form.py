"""Bodies of HTML forms, key=value&key=value. Spec: WHATWG URL 5 (application/x-www-form-urlencoded)"""

from typing import Final
from urllib.parse import unquote_to_bytes

from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import NONE, Verdict
from inspector.protocols.base import Hints, Protocol
from inspector.protocols.whole import WholeConversation
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_PAIRS: Final = 10_000
"""Pairs drawn; PHP accepts 1,000 by default."""


def unescaped(raw: bytes) -> str:
    """Plus signs are spaces, %XX is a byte of UTF-8 (WHATWG URL 5.1)."""
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Never by the bytes: much text looks like a form."""
    return Verdict("urlencoded-form", NONE, "no media type announces a form")


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The pairs in order; curl's --data-binary says "form" of any bytes, and those are not drawn as pairs."""
    body = r.data[r.pos : r.end]
    if not body.isascii() or not body.rstrip(b"\r\n").decode("ascii").isprintable():
        raise r.malformed("the media type says a form, but the bytes are no form")
    for _ in range(MAX_PAIRS):
        if not r.left:
            return
        _pair(r)
    if r.left:
        raise r.malformed(f"only the first {MAX_PAIRS:,} pairs are drawn")


def _pair(r: Reader) -> None:
    start, stop = r.pos, r.data.find(b"&", r.pos, r.end)
    raw = r.data[start : stop if stop >= 0 else r.end]
    key, equals, value = raw.partition(b"=")
    r.begin("urlencoded-form.pair")
    if key:
        r.known("urlencoded-form.key", len(key), unescaped(key))
    if equals:
        r.skip("urlencoded-form.equals", 1)
    if value:
        r.known("urlencoded-form.value", len(value), unescaped(value))
    if stop >= 0:
        r.skip("urlencoded-form.separator", 1)
    r.close(f"{unescaped(key)} = {unescaped(value)}" if r.recording else None)


PROTOCOL = Protocol(
    name="urlencoded-form",
    title="HTML form, URL-encoded",
    spec="WHATWG URL 5",
    recognise=recognise,
    conversation=WholeConversation,
    explain=explain,
    content_types=("application/x-www-form-urlencoded",),
    inline=True,
)
