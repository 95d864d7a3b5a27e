"""The fast reading of ordinary heads says the same as the one that can be explained."""

from hypothesis import example, given
from hypothesis import strategies as st

from inspector.model.errors import DecodeError
from inspector.protocols.http import Head, read_head, scan_head
from inspector.wire.reader import Reader

NAMES = st.sampled_from(["Host", "content-length", "Content-Type", "X-Odd", "Transfer-Encoding", "te st", "", "Cookie"])
VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\n"), max_size=12)
ENDS = st.sampled_from(["\r\n"] * 8 + ["\n"])
STARTS = st.sampled_from(
    ["GET / HTTP/1.1", "HTTP/1.1 200 OK", "HTTP/1.0 304 Not Modified", "HTTP/1.1 200 ", "HTTP/1.1 20x OK", "GET /a b"]
)


def described(head: Head) -> tuple[object, ...]:
    return (head.facts, head.summary, head.framing, head.length, head.issues, head.content_type, head.plain_text)


@given(STARTS, st.lists(st.tuples(NAMES, st.sampled_from([":", ": ", " : ", ""]), VALUES, ENDS), max_size=6))
@example("GET / HTTP/1.1", [("Host", ": ", "a", "\r\n"), ("", " ", "folded", "\r\n")])
@example("HTTP/1.1 200 OK", [("content-length", ": ", "5", "\r\n"), ("Content-Length", ":", "6", "\r\n")])
def test_a_scanned_head_equals_the_head_read_field_by_field(
    start: str, headers: list[tuple[str, str, str, str]]
) -> None:
    lines = "".join(f"{name}{colon}{value}{end}" for name, colon, value, end in headers)
    raw = f"{start}\r\n{lines}\r\n".encode("latin-1") + b"body"
    is_request = start.startswith("GET")
    scanner = Reader(raw)
    scanned = scan_head(scanner, is_request)
    if scanned is None:
        assert scanner.pos == 0
        return
    reader = Reader(raw)
    try:
        read = read_head(reader, is_request)
    except DecodeError as error:
        raise AssertionError(error.reason) from error
    assert described(scanned) == described(read)
    assert scanner.pos == reader.pos


def test_an_ordinary_head_is_scanned() -> None:
    assert scan_head(Reader(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), True) is not None
