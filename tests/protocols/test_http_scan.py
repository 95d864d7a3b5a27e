"""The fast reading of ordinary heads, held to the reading that explains them."""

from hypothesis import given
from hypothesis import strategies as st

from inspector.model.errors import DecodeError
from inspector.protocols.http_head import Head, scan_head
from inspector.protocols.http_lines import read_head
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

PARTS = (
    b"GET|POST|HTTP/1.1|HTTP/1.0|HTTP/|/|/a b|200|404|20|2000|OK|Not Found| |  |\t|:|: |\r\n|\n|\r|\r\n\r\n|\n\n".split(
        b"|"
    )
)
HEADERS = (
    b"Host|Host: a|host:b |Content-Length: 5|Transfer-Encoding: chunked|X-Other: 1| fold|Bad Name: x|\0|\xe9|".split(
        b"|"
    )
)
STARTS = (
    b"GET / HTTP/1.1|GET  HTTP/1.1|GET /a b HTTP/1.1|G\0T / HTTP/1.1|GET / http/1.1|GET /|HTTP/1.1 200 OK|"
    b"HTTP/1.1 200 |HTTP/1.1 200|HTTP/1.1 2x0 OK|HTTP/1.1 200 Not  Found"
).split(b"|")
NAMES = b"Host|hOST|Content-Length|Transfer-Encoding|Vary|X".split(b"|")

loose = st.lists(st.sampled_from(PARTS + HEADERS), max_size=14).map(b"".join)
values = st.sampled_from(b"| a| a |\tb\t| a:b| \xe9| a\rb| 5| chunked".split(b"|"))
ends = st.sampled_from([b"\r\n"] * 12 + [b"\n"])
ordinary = st.tuples(st.sampled_from(NAMES), st.just(b":"), values, st.just(b"\r\n")).map(b"".join)
odd = st.tuples(st.sampled_from([*NAMES, b"Bad Name", b"", b" Y"]), st.sampled_from([b":", b""]), values, ends)
headers = st.lists(st.one_of(ordinary, odd.map(b"".join)), max_size=5).map(b"".join)
heads = st.tuples(st.sampled_from(STARTS), ends, headers, ends, st.sampled_from([b"", b"body\r\n\r\n"]))


def said(head: Head) -> dict[str, object]:
    names = ("is_request", "method", "target", "version", "code", "phrase", "headers", "lengths", "issues")
    return {name: getattr(head, name) for name in names}


@given(st.one_of(loose, heads.map(b"".join)), st.booleans())
def test_what_is_scanned_is_what_would_be_read(data: bytes, is_request: bool) -> None:
    scanned = Reader(data)
    head = scan_head(scanned, is_request)
    if head is None:
        assert scanned.pos == 0
        return
    for reader in (Reader(data), Recorder(data)):
        assert said(read_head(reader, is_request)) == said(head)
        assert reader.pos == scanned.pos


@given(st.lists(ordinary, max_size=4))
def test_ordinary_heads_are_scanned(lines: list[bytes]) -> None:
    head = b"GET / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"
    assert scan_head(Reader(head), is_request=True) is not None
    for cut in range(len(head)):
        reader = Reader(head[:cut])
        assert scan_head(reader, is_request=True) is None
        assert reader.pos == 0


@given(loose, st.booleans())
def test_unusual_heads_raise_nothing_but_decode_errors(data: bytes, is_request: bool) -> None:
    try:
        read_head(Reader(data), is_request)
    except DecodeError:
        return
