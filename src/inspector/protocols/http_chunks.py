"""Bodies in chunks. Spec: RFC 9112 7.1."""

from typing import Final

from mypy_extensions import i64

from inspector.model.errors import DecodeError
from inspector.protocols.http_head import Head
from inspector.protocols.http_lines import line_length, read_header_section
from inspector.wire.reader import Reader

MAX_CHUNK_LINE: Final = 16 * 1024
"""Bytes in a chunk-size line with its extensions (RFC 9112 7.1.1 asks recipients to limit them)."""


def read_chunk_size(r: Reader) -> int:
    """The line that begins a chunk; 0 begins the trailers."""
    length = line_length(r, MAX_CHUNK_LINE)
    line = r.data[r.pos : r.pos + length]
    digits: i64 = len(line) - len(line.lstrip(b"0123456789abcdefABCDEF"))
    if not digits:
        raise r.malformed(f"no chunk size: the line starts with {line[:16]!r}")
    if digits > 15:
        raise r.malformed(f"a chunk size of {digits} hex digits")
    size = r.number("http.chunk_size", digits, 16)
    if digits < length:
        r.skip("http.chunk_extension", length - digits)
    r.skip("http.line_end", 2 if r.data[r.pos] == 13 else 1)
    return size


def read_chunk_end(r: Reader) -> None:
    """The line end behind a chunk's data."""
    first = r.peek_u8()
    if first == 10:
        r.skip("http.chunk_boundary", 1)
    elif first == 13 and r.peek(2)[1] == 10:
        r.skip("http.chunk_boundary", 2)
    else:
        raise r.malformed("no line end after the chunk data")


def read_trailers(r: Reader) -> None:
    """Trailer lines after the last chunk, up to and with the empty line (RFC 9112 7.1.2)."""
    read_header_section(r, Head(False), "http.chunked_trailer_part")


def explain_chunks(r: Reader, ranges: list[tuple[int, int]]) -> DecodeError | None:
    """All chunks that are there; puts where their data lies into `ranges`. Returns what stopped it, None at the end."""
    try:
        while r.left:
            r.begin("http.chunk")
            size = read_chunk_size(r)
            if size:
                ranges.append(_explain_data(r, size))
                if r.left:
                    read_chunk_end(r)
            r.close(size)
            if not size:
                break
    except DecodeError as error:
        return error
    return None


def _explain_data(r: Reader, size: i64) -> tuple[int, int]:
    start = r.offset
    have = min(size, r.left)
    r.skip("http.chunk_data", have)
    if have < size:
        r.note(f"{have} of {size} bytes of this chunk came")
    return start, start + have
