"""Inflating bytes by the name of their coding, within bounds. Spec: RFC 9110 8.4.1; RFC 1950, 1951, 1952"""

import zlib
from typing import Final

MAX_INFLATED: Final = 64 << 20
"""Bytes that one message may inflate to; a few KB can be made to inflate to gigabytes."""


class Inflated:
    """What came out; `problem` says why it is not all, "" when it is."""

    __slots__ = ("data", "problem")

    def __init__(self, data: bytes, problem: str) -> None:
        self.data = data
        self.problem = problem


def inflate(coding: str, data: bytes, most: int = MAX_INFLATED) -> Inflated:
    """`data` without the coding of this name ("gzip", "deflate", "zstd", "br"), at most `most` bytes of it."""
    if coding in ("gzip", "x-gzip"):
        return _zlib(data, 31, most)
    if coding == "deflate":
        # RFC 9110 8.4.1.2: zlib's format; some senders leave its two bytes of header out
        found = _zlib(data, 15, most)
        return found if found.data or not found.problem else _zlib(data, -15, most)
    if coding in ("zstd", "br"):
        return _into(coding, data, most)
    return Inflated(b"", f"nobody here knows the coding {coding!r}" if coding else "the coding is not known")


def _zlib(data: bytes, bits: int, most: int) -> Inflated:
    worker = zlib.decompressobj(wbits=bits)
    try:
        found = worker.decompress(data, most)
    except zlib.error as error:
        return Inflated(b"", str(error))
    if worker.unconsumed_tail:
        return Inflated(found, f"only the first {most} bytes are shown")
    return Inflated(found, "" if worker.eof else "the compressed bytes end too early")


def _into(coding: str, data: bytes, most: int) -> Inflated:
    """Into a buffer of `most` bytes: these libraries have no other bound."""
    import cramjam

    target = bytearray(most)
    library = cramjam.zstd if coding == "zstd" else cramjam.brotli
    try:
        size = library.decompress_into(data, target)
    except cramjam.DecompressionError as error:
        if "write whole buffer" in str(error):
            return Inflated(bytes(target), f"only the first {most} bytes are shown")
        return Inflated(b"", str(error))
    return Inflated(bytes(target[:size]), "")
