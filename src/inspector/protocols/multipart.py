"""Bodies of several parts: forms with files, byte ranges. Spec: RFC 2046 5.1, RFC 7578 (form-data)"""

from typing import Final

from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import NONE, Verdict
from inspector.protocols.base import Hints, Protocol
from inspector.protocols.whole import WholeConversation
from inspector.schema.registry import Schemas
from inspector.wire.media import media_type, parameter
from inspector.wire.reader import Reader
from inspector.wire.recorder import Body, Recorder

MAX_PARTS: Final = 1000
MAX_HEADER_LINES: Final = 100
"""Parts, and header lines of a part, that are drawn."""
MAX_BOUNDARY: Final = 70
"""RFC 2046 5.1.1."""


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Only the media type tells the boundary."""
    return Verdict("mime_multipart", NONE, "no media type announces several parts")


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """What stands before the first boundary, the parts, and what stands behind the last boundary."""
    boundary = parameter(r.content_type, "boundary") if isinstance(r, Recorder) else ""
    if not boundary or len(boundary) > MAX_BOUNDARY:
        raise r.malformed("the media type names no boundary")
    line = b"--" + boundary.encode("utf-8", "replace")
    first = _find(r, line, True)
    if first < 0:
        raise r.malformed("the boundary never comes")
    if first:
        r.skip("mime_multipart.preamble", first)
    for _ in range(MAX_PARTS):
        last = r.data.startswith(b"--", r.pos + len(line))
        count = len(line) + (2 if last else 0)
        r.text("mime_multipart.last_boundary" if last else "mime_multipart.boundary", count)
        if last:
            if r.left:
                r.skip("mime_multipart.epilogue", r.left)
            return
        _rest_of_line(r)
        _part(r, line)
        if not r.left:
            raise r.malformed("the last boundary never comes")
    raise r.malformed(f"only the first {MAX_PARTS:,} parts are drawn")


def _find(r: Reader, line: bytes, at_start: bool) -> int:
    """Bytes before the next boundary, which begins a line; -1 without one."""
    if at_start and r.data.startswith(line, r.pos):
        return 0
    at = r.data.find(b"\n" + line, r.pos, r.end)
    return at + 1 - r.pos if at >= 0 else -1


def _rest_of_line(r: Reader) -> None:
    """Padding behind a boundary, and its line end."""
    at = r.data.find(b"\n", r.pos, r.end)
    count = (at + 1 if at >= 0 else r.end) - r.pos
    if count:
        r.skip("mime_multipart.line_end", count)


def _part(r: Reader, line: bytes) -> None:
    """Header lines, an empty line, and a body up to the line end before the next boundary."""
    r.begin("mime_multipart.part")
    content_type, name = "text/plain", ""
    for _ in range(MAX_HEADER_LINES):
        at = r.data.find(b"\n", r.pos, r.end)
        if at < 0 or r.data.startswith(line, r.pos):
            break
        raw = r.data[r.pos : at + 1]
        if not raw.strip(b"\r\n"):
            r.skip("mime_multipart.line_end", len(raw))
            break
        text = r.latin("mime_multipart.header", len(raw)).strip()
        key, _, value = text.partition(":")
        if key.lower() == "content-type":
            content_type = value.strip()
        elif key.lower() == "content-disposition":
            name = parameter(value, "name")
    _content(r, line, content_type)
    r.close(name or content_type)


def _content(r: Reader, line: bytes, content_type: str) -> None:
    count = _find(r, line, True)
    count = r.left if count < 0 else count
    end = 0
    if count and r.data[r.pos + count - 1] == 10:
        end = 2 if count > 1 and r.data[r.pos + count - 2] == 13 else 1
    if count > end:
        media = media_type(content_type)
        is_text = media.startswith("text/") or media.endswith(("json", "xml"))
        if is_text:
            r.text("mime_multipart.data", count - end)
        else:
            r.skip("mime_multipart.data", count - end)
        if isinstance(r, Recorder):
            r.bodies.append(Body(r.last, None, content_type, is_text))
    if end:
        r.skip("mime_multipart.line_end", end)


PROTOCOL = Protocol(
    name="mime_multipart",
    title="Multipart body",
    spec="RFC 2046 5.1",
    recognise=recognise,
    conversation=WholeConversation,
    explain=explain,
    content_types=("multipart/*",),
    inline=True,
)
