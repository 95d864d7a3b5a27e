"""Bodies read the same over HTTP/1.1 and HTTP/2, in however many pieces they came, and unfinished ones as far as."""

import gzip
import zlib

import cramjam
import hpack
import pytest

from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from streams import Turn, check_message, cut

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
JSON = b'{"a":[1,2.5,null],"b":"ol\xc3\xa1"}'
MULTIPART = b"--x\r\nContent-Type: application/json\r\n\r\n[1]\r\n--x\r\n\r\nplain\r\n--x--\r\n"
BODIES: dict[str, tuple[dict[str, str], bytes]] = {
    "json": ({"content-type": "application/json"}, JSON),
    "problem json": ({"content-type": "application/problem+json; charset=utf-8"}, JSON),
    "ndjson": ({"content-type": "application/x-ndjson"}, b'{"a":1}\n{"a":2}\n'),
    "form": ({"content-type": "application/x-www-form-urlencoded"}, b"a=1&b=x+y%21"),
    "multipart": ({"content-type": "multipart/mixed; boundary=x"}, MULTIPART),
    "latin": ({"content-type": "text/plain; charset=iso-8859-1"}, "olá".encode("latin-1")),
    "utf-16": ({"content-type": "text/plain; charset=utf-16"}, "olá".encode("utf-16")),
    "zeros": ({"content-type": "text/plain"}, b"a\0b"),
    "image": ({"content-type": "image/png"}, b"\x89PNG\r\n"),
    "gzip": ({"content-type": "application/json", "content-encoding": "gzip"}, gzip.compress(JSON)),
    "zlib": ({"content-type": "application/json", "content-encoding": "deflate"}, zlib.compress(JSON)),
    "raw deflate": ({"content-type": "application/json", "content-encoding": "deflate"}, zlib.compress(JSON)[2:-4]),
    "br": ({"content-type": "application/json", "content-encoding": "br"}, bytes(cramjam.brotli.compress(JSON))),
    "zstd": ({"content-type": "application/json", "content-encoding": "zstd"}, bytes(cramjam.zstd.compress(JSON))),
    "stacked": (
        {"content-type": "application/json", "content-encoding": "br, gzip"},
        gzip.compress(bytes(cramjam.brotli.compress(JSON))),
    ),
    "cut": ({"content-type": "text/plain", "content-encoding": "gzip"}, gzip.compress(JSON * 9)[:40]),
    "corrupt": ({"content-encoding": "gzip"}, gzip.compress(JSON)[:-2] + b"xx"),
    "unknown": ({"content-encoding": "compress"}, b"\x1f\x9d\x90"),
    "untyped": ({}, b"abc"),
}


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def head(fields: dict[str, str], stream: int = 1, flags: int = END_HEADERS) -> bytes:
    block = hpack.Encoder().encode(list(fields.items()), huffman=False)
    return frame(HEADERS, flags, stream, block)


REQUEST = {":method": "POST", ":scheme": "http", ":path": "/", ":authority": "h"}
OPENING = PREFACE + frame(SETTINGS, 0, 0)
ASKED = OPENING + head(REQUEST, flags=END_HEADERS | END_STREAM)


def answered(*frames: bytes, **more: str) -> list[Message]:
    """The DATA frames of an answer that is followed by what `frames` are."""
    fields = {":status": "200", **{name.replace("_", "-"): value for name, value in more.items()}}
    turns: list[Turn] = [(CLIENT, ASKED), (SERVER, frame(SETTINGS, 0, 0) + head(fields) + b"".join(frames))]
    return [m for m in cut(turns, ends=("", "")) if m.kind == "data"]


def in_frames(body: bytes, count: int, last: bytes | None = b"") -> list[bytes]:
    size = max(1, -(-len(body) // count))
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    if last is not None:
        parts.append(last)
    return [frame(DATA, END_STREAM if index == len(parts) - 1 else 0, 1, part) for index, part in enumerate(parts)]


def field(tree: Field, name: str) -> Field:
    return next(node for node in tree.walk() if node.name == name)


def reading(tree: Field, base: int) -> list[tuple[object, ...]]:
    """What is read below the body, with offsets from its start."""
    return [(n.name, n.value, n.issue, n.start - base, n.end - base) for c in tree.children for n in c.walk()]


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("name", BODIES)
def test_the_same_body_reads_the_same_over_both_versions(name: str, frames: int) -> None:
    fields, body = BODIES[name]
    lines = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
    turns: list[Turn] = [(SERVER, f"HTTP/1.1 200 OK\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body)]
    (old,) = cut(turns)
    messages = answered(*in_frames(body, frames), **{key.replace("-", "_"): value for key, value in fields.items()})
    first, second = check_message(old), check_message(messages[-1])
    coded = "content-encoding" in fields
    before = field(first, "http.coded_data" if coded else "http.file_data")
    after = field(second, "http2.body.reassembled.data" if coded else "http.file_data")
    assert after.buffer is not None
    assert after.buffer.data == body
    assert reading(after, 0) == reading(before, 0 if coded else before.start)
    if not coded:
        assert after.value == before.value
    for message in messages[:-1]:
        tree = check_message(message)
        assert field(tree, "http2.body.reassembled.in").value == messages[-1].packet
        assert not any(node.name == "http.file_data" for node in tree.walk())


def test_requests_have_bodies_too() -> None:
    fields = {**REQUEST, "content-type": "application/x-www-form-urlencoded"}
    turns: list[Turn] = [(CLIENT, OPENING + head(fields) + in_frames(b"a=1", 1, None)[0])]
    message = cut(turns)[-1]
    tree = check_message(message)
    assert field(tree, "http.file_data").value == "a=1"
    assert field(tree, "urlencoded-form.key").value == "a"
    assert not any(node.name.startswith("http2.body") for node in tree.walk())


def test_padding_and_frames_of_other_streams_are_no_part_of_a_body() -> None:
    padded = frame(DATA, PADDED, 1, b"\x03" + b"[1" + bytes(3))
    other = head({":status": "200"}, 3) + frame(DATA, END_STREAM, 3, b"other")
    messages = answered(padded, other, frame(DATA, END_STREAM, 1, b"]"), content_type="application/json")
    trees = [check_message(m) for m in messages]
    assert field(trees[2], "http.file_data").value == "[1]"
    assert field(trees[1], "http.file_data").length == 5


def test_a_body_that_trailers_end_is_shown_with_its_last_frame() -> None:
    frames = in_frames(b"[1]", 2, None)
    frames[-1] = frame(DATA, 0, 1, b"]")
    trailers = head({"expires": "now"}, 1, END_HEADERS | END_STREAM)
    messages = answered(*frames, trailers, content_type="application/json")
    body = field(check_message(messages[-1]), "http2.body.reassembled.data")
    assert (body.length, body.issue) == (3, None)


@pytest.mark.parametrize(
    ("rest", "issue"),
    [
        (b"", "the stream is not ended: the body may go on"),
        (frame(RST, 0, 1, bytes(4)), "the stream was reset before the body ended"),
        (frame(DATA, 0, 1, b"cde")[:-2], "the stream is not ended: the body may go on"),
    ],
    ids=["open", "reset", "cut"],
)
def test_an_unfinished_body_is_read_as_far_as_it_came(rest: bytes, issue: str) -> None:
    packed = gzip.compress(b'{"a":1,"b":' + bytes(range(48, 58)) * 50)
    frames = in_frames(packed[:-12], 3, None)
    frames[-1] = frames[-1][:4] + b"\0" + frames[-1][5:]
    messages = answered(*frames, rest, content_type="application/json", content_encoding="gzip")
    coded = field(check_message(messages[-1]), "http.coded_data")
    assert coded.issue == issue
    assert field(coded, "json.key").value == "a"


def test_a_length_that_does_not_fit_is_told() -> None:
    (*_, message) = answered(*in_frames(b"abc", 1), content_length="5")
    body = field(check_message(message), "http2.body.reassembled.data")
    assert body.issue == "3 bytes came, content-length announced 5 (RFC 9113 8.1.1)"
    (*_, message) = answered(*in_frames(b"abc", 1), content_length="3")
    assert field(check_message(message), "http2.body.reassembled.data").issue is None


def test_what_was_never_captured_of_a_body_is_a_hole() -> None:
    whole = in_frames(b"a" * 40, 1, None)[0]
    turns: list[Turn] = [
        (CLIENT, ASKED),
        (SERVER, frame(SETTINGS, 0, 0) + head({":status": "200", "content-type": "text/plain"}) + whole[:19]),
        (SERVER, 20),
        (SERVER, whole[39:]),
    ]
    (message,) = [m for m in cut(turns) if m.kind == "data"]
    body = field(check_message(message), "http.file_data")
    assert body.buffer is not None
    assert (body.value, body.buffer.holes) == (None, [(10, 30)])
