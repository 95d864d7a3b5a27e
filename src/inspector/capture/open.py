"""Opening a capture: a path or standard input, compressed or not, of either format."""

import mmap
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from inspector.capture.pcap import is_pcap, read_pcap
from inspector.capture.pcapng import is_pcapng, read_pcapng
from inspector.capture.table import Capture
from inspector.model.errors import CaptureError

STDIN: Final = "-"

_GZIP: Final = b"\x1f\x8b"
_GZIP_MEMBER: Final = 31
"""zlib's window bits for one gzip member with its header and checksum."""

_CHUNK: Final = 1 << 18
"""Bytes read, or inflated, at a time."""

_RATIO: Final = 200
"""Inflated bytes for each compressed one: traffic stays far below, while deflate can reach 1032."""

_UNLIMITED: Final = 1 << 30
"""Inflated bytes of which any disk has room, whatever their ratio."""

Progress = Callable[[str, float], None]
Image = mmap.mmap | bytes


def open_capture(path: str, progress: Progress | None = None) -> Capture:
    """Index the pcap or pcapng file at `path` ("-": standard input), which may be compressed with gzip.

    The file is mapped, not read; what comes from a pipe or out of gzip is mapped from a temporary file. A damaged or
    cut file opens with the packets before the damage, and `Capture.issue` says where it is; offsets in it are
    relative to the inflated file. Raises CaptureError when there is no file, or it is no capture.
    """
    image, issue = _image(path, progress)
    head = bytes(image[:4])
    if is_pcap(head):
        capture = read_pcap(path, image, progress)
    elif is_pcapng(head):
        capture = read_pcapng(path, image, progress)
    else:
        raise CaptureError(_no_capture(path, head))
    if issue:
        capture.issue = f"{issue}; {capture.issue}" if capture.issue else issue
    if progress is not None:
        progress("reading", 1.0)
    return capture


def _image(path: str, progress: Progress | None) -> tuple[Image, str | None]:
    """The bytes of the capture, and what went wrong while inflating them."""
    try:
        if path == STDIN:
            return _unpacked(path, _spooled(sys.stdin.buffer), progress)
        with Path(path).open("rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            image = _mapped(file) if regular else _spooled(file)
        return _unpacked(path, image, progress)
    except OSError as error:
        raise CaptureError(f"{path}: {_reason(error)}") from None
    except ValueError as error:
        raise CaptureError(f"{path!r}: {error}") from None


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a directory, not a capture"
    return (error.strerror or str(error)).lower()


def _mapped(file: IO[bytes]) -> Image:
    """All of a regular file; the mapping outlives the file object."""
    if os.fstat(file.fileno()).st_size == 0:
        return b""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _spooled(source: IO[bytes]) -> Image:
    """All that `source` gives, from a temporary file that has no name any more."""
    with tempfile.TemporaryFile() as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
        file.flush()
        return _mapped(file)


def _unpacked(path: str, image: Image, progress: Progress | None) -> tuple[Image, str | None]:
    if len(image) == 0:
        raise CaptureError(f"{path}: is empty, not a capture")
    if image[:2] != _GZIP:
        return image, None
    with tempfile.TemporaryFile() as file:
        issue = inflate(image, file, progress)
        file.flush()
        inflated = _mapped(file)
    if len(inflated) == 0:
        raise CaptureError(f"{path}: {issue or 'holds nothing but empty gzip members'}")
    return inflated, issue


def inflate(image: Image, out: IO[bytes], progress: Progress | None, unlimited: int = _UNLIMITED) -> str | None:
    """Write what the members of a gzip file (RFC 1952) hold to `out`; returns where and why it stopped early.

    Beyond `unlimited` inflated bytes, no more than _RATIO of them may come from each compressed one.
    """
    size, pos, written, pending = len(image), 0, 0, b""
    member = zlib.decompressobj(wbits=_GZIP_MEMBER)
    while pos < size or pending:
        if not pending:
            pending = image[pos : pos + _CHUNK]
            pos += len(pending)
            if progress is not None:
                progress("inflating", pos / size)
        before = member.copy()
        try:
            piece = member.decompress(pending, _CHUNK)
        except zlib.error as error:
            out.write(_before_damage(before, pending))
            return f"gzip data are damaged before offset {pos}: {error}"
        out.write(piece)
        written += len(piece)
        pending = member.unconsumed_tail
        if written > max(unlimited, pos * _RATIO):
            return f"gzip data inflate more than {_RATIO} times: only the first {written} bytes were read"
        if member.eof:
            pos -= len(member.unused_data)
            if image[pos : pos + 2] != _GZIP:
                # Tapes and block devices pad with zeros (section 2.2 allows nothing else between members).
                padding = pos == size or not image[pos : pos + _CHUNK].strip(b"\0")
                return None if padding else f"{size - pos} bytes after the gzip data at offset {pos} were left out"
            member, pending = zlib.decompressobj(wbits=_GZIP_MEMBER), b""
    out.write(member.flush())
    return None if member.eof else f"gzip data end early at offset {size}"


def _before_damage(member: "zlib._Decompress", pending: bytes) -> bytes:
    """What `pending` inflates to before the damage in it, byte by byte."""
    good = bytearray()
    for i in range(len(pending)):
        try:
            good += member.decompress(pending[i : i + 1])
        except zlib.error:
            break
    return bytes(good)


def _no_capture(path: str, head: bytes) -> str:
    what = f"first {len(head)} bytes {head.hex(' ')} are" if len(head) > 1 else f"only byte {head.hex()} is"
    return (
        f"{path}: {what} no pcap (d4 c3 b2 a1, a1 b2 c3 d4, 4d 3c b2 a1, a1 b2 3c 4d, "
        "34 cd b2 a1, a1 b2 cd 34) or pcapng (0a 0d 0d 0a) magic; "
        f"raw bytes are decoded by: inspector bytes {'-' if path == STDIN else f'@{path}'}"
    )
