"""Bodies of HTTP messages, in whatever pieces they were sent. Spec: RFC 9110 6.4 and 8.4, RFC 9112 7.1, RFC 9113 8.1"""

from inspector.model.buffer import Buffer, Slices
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.wire.media import body_text, codings_of, is_utf8, media_type
from inspector.wire.recorder import Body, Recorder


class StreamBody:
    """What one side of an HTTP/2 stream sent as its body: bytes `ranges` of the side's buffer, shown with the DATA
    frame that came `last`.

    `name` is that of the joined bytes, `frames` counts DATA frames, `issue` says why the body is not whole ("" when it
    is); the others are what the header fields say.
    """

    __slots__ = ("codings", "content_length", "content_type", "ended", "frames", "issue", "last", "name", "ranges")

    def __init__(self, name: str, fields: dict[str, str]) -> None:
        self.name = name
        self.content_type = fields.get("content-type", "")
        self.codings = codings_of(fields.get("content-encoding", ""))
        self.content_length = fields.get("content-length", "")
        self.ranges: list[tuple[int, int]] = []
        self.frames = 0
        self.ended = False
        self.last: Message | None = None
        self.issue = "the stream goes on: this is the body so far"

    def add(self, start: int, end: int, frame: Message) -> None:
        """The next bytes, which lie in `frame`."""
        if start < end:
            self.ranges.append((start, end))
        self.frames += 1
        self.last = frame
        frame.context = self

    def finish(self, ending: str) -> None:
        """No more will come; `ending` as for `Conversation.finish`, "fin" when the stream was ended as it should."""
        size = sum(end - start for start, end in self.ranges)
        told = self.content_length
        self.ended = ending == "fin"
        if ending == "fin" and (not told.isdecimal() or len(told) > 18 or int(told) == size):
            self.issue = ""
        elif ending == "fin":
            self.issue = f"{size} bytes came, content-length announced {told} (RFC 9113 8.1.1)"
        elif ending == "rst":
            self.issue = "the stream was reset before the body ended"
        else:
            self.issue = "the stream is not ended: the body may go on"


def read_stream_body(r: Recorder, message: Message, body: StreamBody) -> None:
    """The whole body with the DATA frame that came last; the others say which that is."""
    last = body.last
    if last is not None and last is not message:
        r.known("http2.body.reassembled.in", 0, last.buffer.packet_at(max(last.start, last.end - 1)))
        return
    joined = ""
    if body.ended and body.frames > 1:
        joined = "http2.body.reassembled.data"
        r.known("http2.body.fragment.count", 0, len(body.ranges))
        r.known("http2.body.reassembled.length", 0, sum(end - start for start, end in body.ranges))
    tree = attach_body(r, message.buffer, body.name, body.ranges, body.content_type, body.codings, joined)
    if body.issue:
        tree.issue = body.issue


def attach_body(
    r: Recorder,
    parent: Buffer,
    name: str,
    ranges: list[tuple[int, int]],
    header: str,
    codings: list[str],
    joined: str = "",
) -> Field:
    """A body put together from bytes `ranges` of `parent`, in a buffer of its own; `header` is its Content-Type.

    `joined` is what the field of the joined bytes is called, below which what it means then stands.
    """
    body = Buffer(f"{name}, coded" if codings else name, Slices(list(ranges)), parent=parent)
    text = None
    if not codings and is_text(media_type(header)) and not body.holes:
        text = text_of(body.data, header)
    node = Field("http.coded_data" if codings else "http.file_data", text, 0, body.size)
    node.buffer = body
    tree = node
    if joined:
        tree = Field(joined, None, 0, body.size)
        tree.buffer = body
        if codings:
            node = tree
        else:
            tree.children.append(node)
    r.attach(tree)
    hand_on(r, node, body, header, codings)
    return tree


def text_of(data: bytes, header: str) -> str | None:
    """A body of text in its charset; None where it cannot be text, whatever its media type says."""
    return None if is_utf8(header) and b"\0" in data else body_text(data, header)


def hand_on(r: Recorder, node: Field, buffer: Buffer | None, header: str, codings: list[str]) -> None:
    """The body is for whoever knows its media type."""
    if header or codings:
        body = Body(node, buffer, header, is_text(media_type(header)))
        body.codings = codings
        body.name = "http.file_data"
        r.bodies.append(body)


def is_text(content_type: str) -> bool:
    """Whether a media type is text to people."""
    return content_type.startswith("text/") or content_type.endswith(
        ("json", "xml", "javascript", "x-www-form-urlencoded")
    )
