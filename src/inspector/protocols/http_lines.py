"""Start lines and header lines of HTTP/1.x, byte by byte. Spec: RFC 9112 2 to 5."""

from typing import Final

from mypy_extensions import i64

from inspector.protocols.http_head import TOKEN, Head, head_summary, header_name, keep
from inspector.wire.reader import Reader

MAX_LINE: Final = 256 * 1024
"""Bytes in one line; RFC 9112 3 asks for at least 8,000, servers stop at 8 to 64 KiB."""
MAX_HEADERS: Final = 10_000
"""Header lines in one head; servers stop at 100 to 1,000."""


def read_head(r: Reader, is_request: bool) -> Head:
    """A start line and header section, up to and with the empty line (RFC 9112 2.1)."""
    head = Head(is_request)
    skip_blank_lines(r)
    r.begin("http.start_line")
    if is_request:
        request_line(r, head)
    else:
        status_line(r, head)
    r.close(head_summary(head))
    if head.version:
        read_header_section(r, head, "http.request.line" if is_request else "http.response.line")
    head.settle()
    return head


def skip_blank_lines(r: Reader) -> None:
    """RFC 9112 2.2: ignore at least one empty line before the start line."""
    while True:
        first = r.peek_u8()
        if first == 13 and r.peek(2)[1] == 10:
            r.skip("http.leading_crlf", 2)
        elif first == 10:
            r.skip("http.leading_crlf", 1)
        else:
            return


def line_length(r: Reader, most: i64) -> i64:
    """Bytes before the line end at CRLF, or at a lone LF (RFC 9112 2.2)."""
    count = r.find(b"\n", most)
    if count > 0 and r.data[r.pos + count - 1] == 13:
        return count - 1
    return count


def _remark(head: Head, issue: str) -> None:
    if issue not in head.issues:
        head.issues.append(issue)


def line_end(r: Reader, name: str, head: Head) -> None:
    """CRLF, or a lone LF, which is remarked (RFC 9112 2.2)."""
    if r.data[r.pos] == 13:
        r.skip(name, 2)
    else:
        r.skip(name, 1)
        r.note("a lone LF ends this line")
        _remark(head, "lines end in a lone LF")


def request_line(r: Reader, head: Head) -> None:
    """Method, target and version (RFC 9112 3)."""
    length = line_length(r, MAX_LINE)
    words = r.data[r.pos : r.pos + length]
    first = words.find(b" ")
    if first <= 0 or words[:first].strip(TOKEN):
        raise r.malformed(f"{bytes(words[:24])!r} does not start with a method")
    head.method = r.latin("http.request.method", first)
    r.skip("http.space", 1)
    last = words.rfind(b" ")
    if last == first or words[last + 1 : last + 6].upper() != b"HTTP/":
        head.target = r.latin("http.request.uri", length - first - 1)
        if head.method != "GET" or not head.target.startswith("/"):
            raise r.malformed("no HTTP version ends the request line, and it is no HTTP/0.9 request")
        head.issues.append("HTTP/0.9: no version")
    else:
        head.target = r.latin("http.request.uri", last - first - 1)
        r.skip("http.space", 1)
        head.version = r.latin("http.request.version", length - last - 1)
        if not head.version.startswith("HTTP/"):
            r.note("HTTP is written in capitals (RFC 9112 2.3)")
            head.issues.append("HTTP is not written in capitals")
    line_end(r, "http.line_end", head)


def status_line(r: Reader, head: Head) -> None:
    """Version, code and phrase (RFC 9112 4)."""
    length = line_length(r, MAX_LINE)
    words = r.data[r.pos : r.pos + length]
    first = words.find(b" ")
    if first < 0 or not words.startswith(b"HTTP/"):
        raise r.malformed(f"{bytes(words[:24])!r} is no status line")
    head.version = r.latin("http.response.version", first)
    r.skip("http.space", 1)
    second = words.find(b" ", first + 1)
    digits: i64 = (second if second >= 0 else length) - first - 1
    if digits > 9:
        raise r.malformed(f"a status code of {digits} digits")
    head.code = r.number("http.response.code", digits)
    if second >= 0:
        r.skip("http.space", 1)
        if length > second + 1:
            head.phrase = r.latin("http.response.phrase", length - second - 1)
    line_end(r, "http.line_end", head)


def read_header_section(r: Reader, head: Head, name: str) -> None:
    """Header lines up to and with the empty line (RFC 9112 5)."""
    for _ in range(MAX_HEADERS):
        first = r.peek_u8()
        if first == 10 or (first == 13 and r.peek(2)[1] == 10):
            line_end(r, "http.head_end", head)
            return
        _header(r, head, name)
    raise r.malformed(f"more than {MAX_HEADERS} header lines")


def _header(r: Reader, head: Head, name: str) -> None:
    length = line_length(r, MAX_LINE)
    r.begin(name)
    start = r.pos
    stop = start + length
    colon: i64 = r.data.find(b":", start, stop)
    if colon <= start:
        text = r.latin("http.header.value", length)
        r.note("no colon: not a header line")
        _remark(head, "a line without a colon among the headers")
        line_end(r, "http.line_end", head)
        r.close(text)
        return
    header = header_name(r.data[start:colon])
    r.known("http.header.name", colon - start, header.shown)
    if not header.valid:
        r.note("not a valid header name")
        _remark(head, "a header name with characters that are not allowed, such as a space before the colon")
    r.skip("http.header.colon", 1)
    padding = _blanks(r.data, colon + 1, stop)
    if padding:
        r.skip("http.header.padding", padding)
    after = _blanks_before(r.data, r.pos, stop)
    value = ""
    if header.kept or r.recording:
        value = r.latin(header.field, stop - after - r.pos)
    else:
        r.skip(header.field, stop - after - r.pos)
    if r.recording and header.key == "content-length" and value.isascii() and value.isdecimal() and len(value) <= 18:
        r.known("http.content_length", 0, int(value))
    if after:
        r.skip("http.header.padding", after)
    line_end(r, "http.line_end", head)
    next_byte = r.peek_u8()
    while next_byte == 32 or next_byte == 9:
        value = f"{value} {_fold(r, head)}"
        next_byte = r.peek_u8()
    if header.kept:
        keep(head, header.key, value)
    r.close(f"{header.shown}: {value}" if r.recording else None)


def _blanks(data: bytes, start: i64, stop: i64) -> i64:
    """Spaces and tabs from `start`."""
    at = start
    while at < stop and (data[at] == 32 or data[at] == 9):
        at += 1
    return at - start


def _blanks_before(data: bytes, start: i64, stop: i64) -> i64:
    """Spaces and tabs that end at `stop`."""
    at = stop
    while at > start and (data[at - 1] == 32 or data[at - 1] == 9):
        at -= 1
    return stop - at


def _fold(r: Reader, head: Head) -> str:
    """A line that continues the header before it (RFC 9112 5.2, obsolete)."""
    length = line_length(r, MAX_LINE)
    text = r.latin("http.header.fold", length)
    r.note("obsolete line folding")
    line_end(r, "http.line_end", head)
    _remark(head, "obsolete line folding")
    return text.strip(" \t")
