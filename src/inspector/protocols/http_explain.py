"""The field tree of an HTTP/1.x message: its head, and its body as it was framed. Spec: RFC 9112."""

from inspector.model.message import Message
from inspector.model.sides import CLIENT
from inspector.protocols.http_body import attach_body, hand_on, text_of
from inspector.protocols.http_chunks import explain_chunks, read_trailers
from inspector.protocols.http_head import CHUNKED, NO_BODY
from inspector.protocols.http_lines import read_head
from inspector.schema.registry import Schemas
from inspector.wire.media import codings_of, is_utf8
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder


class Context:
    """What explaining a message needs: its body's framing and media type, and whether it has no head (HTTP/0.9)."""

    def __init__(self, framing: int, content_type: str, text: bool, bare: bool = False) -> None:
        self.framing = framing
        self.content_type = content_type
        self.text = text
        self.bare = bare


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The head field by field, then the body as it was framed."""
    context = message.context
    if not (isinstance(context, Context) and context.bare):
        read_head(r, message.side == CLIENT)
    framing = context.framing if isinstance(context, Context) else NO_BODY
    if framing == CHUNKED:
        _explain_chunked(message, r)
    elif r.left:
        _explain_plain(message, r, isinstance(context, Context) and context.text and not r.holes)


def _explain_plain(message: Message, r: Reader, is_text: bool) -> None:
    """A body in one piece."""
    codings = codings_in(message)
    header = str(message.facts.get("http.content_type", ""))
    text = text_of(r.data[r.pos : r.end], header) if is_text and not codings else None
    if text is None:
        r.skip("http.coded_data" if codings else "http.file_data", r.left)
    elif is_utf8(header):
        r.text("http.file_data", r.left)
    else:
        r.known("http.file_data", r.left, text)
    if isinstance(r, Recorder):
        hand_on(r, r.last, None, header, codings)


def codings_in(message: Message) -> list[str]:
    """The codings of a message's body, as its headers tell, outermost first."""
    facts = message.facts
    if "http.content_encoding" not in facts and "http.transfer_encoding" not in facts:
        return []
    return codings_of(str(facts.get("http.content_encoding", "")), str(facts.get("http.transfer_encoding", "")))


def _explain_chunked(message: Message, r: Reader) -> None:
    """Chunk by chunk, then the trailers; beside them the body without the lines between its chunks."""
    ranges: list[tuple[int, int]] = []
    problem = explain_chunks(r, ranges)
    if isinstance(r, Recorder) and ranges:
        name = f"{message.buffer.name}/body at {message.start}"
        header = str(message.facts.get("http.content_type", ""))
        attach_body(r, message.buffer, name, ranges, header, codings_in(message))
    if problem is not None:
        raise problem
    if r.left:
        read_trailers(r)
