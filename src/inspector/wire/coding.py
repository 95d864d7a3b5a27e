"""Undoing content codings piece by piece. Spec: RFC 9110 8.4; RFC 1950-1952, RFC 7932 (br), RFC 8878 (zstd)"""

import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from inspector.wire.zstd_frames import whole_blocks

MAX_INFLATED: Final = 64 << 20
"""Bytes that one body may inflate to; a few KB can be made to inflate to gigabytes."""
MAX_RATIO: Final = 2048
"""Bytes out for each byte in, once FREE have come out; deflate reaches 1032 at most, text rarely 20."""
FREE: Final = 1 << 20
"""Bytes that may come out whatever the ratio: a page of spaces is no attack."""
OFTEN: Final = 1 << 16
"""Compressed bytes up to which all but deflate is decoded again with every addition, from the beginning."""

SNAPPY_FRAMES: Final = b"\xff\x06\0\0sNaPpY"
"""How a stream of Snappy's framing format begins; without it the bytes are one raw block."""


class Decoder:
    """One coding. `problem` says why no more comes out ("" while all is well)."""

    def __init__(self) -> None:
        self.problem = ""

    def feed(self, data: bytes, most: int) -> bytes:
        """What comes out with these bytes, which is not much more than `most` bytes."""
        return b""

    def finish(self, most: int) -> bytes:
        """What still comes out when no more goes in; sets `problem` where the end is missing."""
        return b""


class Unknown(Decoder):
    """A coding that nobody here can undo."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.problem = f"nobody here knows the coding {name[:40]!r}" if name else "the coding is not named"


class Deflate(Decoder):
    """gzip, whose members may follow each other (RFC 1952 2.2), and deflate, with or without its zlib header."""

    def __init__(self, gzip: bool) -> None:
        super().__init__()
        self.name = "gzip" if gzip else "deflate"
        self.head = b""
        self.ended = False
        self.begun = False
        self.worker = zlib.decompressobj(wbits=31)

    def feed(self, data: bytes, most: int) -> bytes:
        if not self.begun:
            self.head += data
            if len(self.head) < 2:
                return b""
            data = self.head
            self._begin(data)
        out: list[bytes] = []
        size = 0
        while data and not self.problem and size <= most:
            if self.ended and not self._next_member(data):
                break
            found, data = self._inflate(data, most - size + 1)
            out.append(found)
            size += len(found)
        return out[0] if len(out) == 1 else b"".join(out)

    def _begin(self, data: bytes) -> None:
        """RFC 9110 8.4.1.2: deflate is zlib's format; some senders leave its two bytes of header out."""
        self.begun = True
        if self.name == "deflate":
            with_header = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self.worker = zlib.decompressobj(wbits=15 if with_header else -15)

    def _next_member(self, data: bytes) -> bool:
        """What follows the end: another gzip member, zero bytes that pad it, or something that does not belong."""
        if self.name == "gzip" and data[0] == 0x1F:
            self.ended = False
            self.worker = zlib.decompressobj(wbits=31)
            return True
        if data.strip(b"\0"):
            self.problem = f"bytes behind the end of the {self.name} data"
        return False

    def _inflate(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """What comes out, at most `most` bytes, and the bytes behind the end of the member.

        zlib keeps back what came out together with a byte that is wrong: ever smaller parts find what lies before it.
        """
        out: list[bytes] = []
        at, step, size = 0, len(data), 0
        while at < len(data) and size < most:
            before = self.worker.copy()
            try:
                found = self.worker.decompress(data[at : at + step], most - size)
            except zlib.error as error:
                if step == 1:
                    self.problem = f"the {self.name} data is corrupt: {error_text(str(error))}"
                    break
                self.worker = before
                step = (step + 1) // 2
                continue
            out.append(found)
            size += len(found)
            at += step
            if self.worker.eof:
                self.ended = True
                return b"".join(out), self.worker.unused_data + data[at:]
        return b"".join(out), b""

    def finish(self, most: int) -> bytes:
        if not self.problem and not self.ended and (self.begun or self.head):
            self.problem = f"the {self.name} data ends too early"
        return b""


def error_text(text: str) -> str:
    """What zlib found, without its number."""
    return text.partition("decompressing data: ")[2] or text


class Whole(Decoder):
    """Codings for which there is no decoder that goes on: the bytes so far are decoded again from the first."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.parts: list[bytes] = []
        self.size = 0
        self.tried = 0
        self.given = 0
        self.ended = False

    def feed(self, data: bytes, most: int) -> bytes:
        self.parts.append(data)
        self.size += len(data)
        if self.size > OFTEN and self.size < self.tried + self.tried // 8:
            return b""
        return self._more(most)

    def finish(self, most: int) -> bytes:
        if not self.size:
            return b""
        out = self._more(most) if self.tried < self.size else b""
        if not self.problem and not self.ended:
            self.problem = f"the {self.name} data ends too early, or is corrupt"
        return out

    def _more(self, most: int) -> bytes:
        self.parts = [b"".join(self.parts)]
        self.tried = self.size
        data = self.parts[0]
        if self.name == "zstd":
            out = self._zstd(data, self.given + most)
        else:
            out, self.ended = decompressed(self.name, data, self.given + most)
        more = out[self.given :]
        self.given = max(self.given, len(out))
        return more

    def _zstd(self, data: bytes, most: int) -> bytes:
        """All blocks that are there in full; the checksum counts when the last frame has ended."""
        blocks, self.ended, self.problem = whole_blocks(data)
        if self.ended:
            out, good = decompressed("zstd", data, most)
            if good or len(out) >= most:
                return out
        out, good = decompressed("zstd", blocks, most) if blocks else (b"", not self.ended)
        if (not good or self.ended) and not self.problem and len(out) < most:
            self.problem = "the zstd data is corrupt"
        return out


def decompressed(name: str, data: bytes, most: int) -> tuple[bytes, bool]:
    """What comes out up to `most` bytes or the first wrong one, and whether that is all there should be."""
    import cramjam

    decompress_into = library_of(name)
    room = min(most + 1, max(4 * len(data), 4096))
    if is_snappy_block(name, data):
        return _snappy_block(data)
    while True:
        target = bytearray(room)
        try:
            size = decompress_into(data, target)
        except cramjam.DecompressionError as error:
            if "write whole buffer" not in str(error):
                # the library says nothing of how far it came: the room it has not touched differs between two fills
                return _written(name, data, target), False
            if room > most:
                return bytes(target), False
            room = min(most + 1, 4 * room)
            continue
        return bytes(target[:size]), True


def _snappy_block(data: bytes) -> tuple[bytes, bool]:
    """A block says how much it makes; of one that is not whole nothing is certain, as its decoder copies ahead."""
    import cramjam

    try:
        if cramjam.snappy.decompress_raw_len(data) > MAX_INFLATED:
            return b"", False
        return bytes(cramjam.snappy.decompress_raw(data)), True
    except cramjam.DecompressionError:
        return b"", False


def _written(name: str, data: bytes, target: bytearray) -> bytes:
    """The bytes that a decoder that failed has put into `target`, which held zeros."""
    import cramjam

    other = bytearray(b"\xff") * len(target)
    with suppress(cramjam.DecompressionError):
        library_of(name)(data, other)
    low, high = 0, len(target)
    while low < high:
        middle = (low + high + 1) // 2
        if target[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return bytes(target[:low])


def library_of(name: str) -> Callable[[bytes, bytearray], int]:
    """What decodes a coding into an array."""
    import cramjam

    found: dict[str, Callable[[bytes, bytearray], int]] = {
        "br": cramjam.brotli.decompress_into,
        "zstd": cramjam.zstd.decompress_into,
        "lz4": cramjam.lz4.decompress_into,
        "snappy": cramjam.snappy.decompress_into,
    }
    return found[name]


def is_snappy_block(name: str, data: bytes) -> bool:
    """Whether Snappy's bytes are one block rather than frames."""
    return name == "snappy" and not SNAPPY_FRAMES.startswith(data[: len(SNAPPY_FRAMES)])


def decoder_of(name: str) -> Decoder:
    """The decoder of the coding of this name (IANA HTTP Content Coding Registry; gRPC knows snappy and lz4 too)."""
    if name in ("gzip", "x-gzip"):
        return Deflate(True)
    if name == "deflate":
        return Deflate(False)
    if name in ("br", "zstd", "lz4", "snappy"):
        return Whole(name)
    return Unknown(name)


class Codings:
    """Several codings, undone one after the other, outermost first; within the limits of this module."""

    def __init__(self, names: list[str]) -> None:
        self.decoders = [decoder_of(name) for name in names]
        self.taken = 0
        self.given = 0
        self.problem = ""

    def feed(self, data: bytes) -> bytes:
        """What comes out with the next bytes."""
        if self.problem:
            return b""
        self.taken += len(data)
        return self._through(data, 0)

    def finish(self) -> bytes:
        """What still comes out when no more goes in; `problem` then says whether that was all."""
        out: list[bytes] = []
        for index, decoder in enumerate(self.decoders):
            if self.problem:
                break
            rest = decoder.finish(self._room())
            self._note(decoder.problem)
            out.append(self._through(rest, index + 1, after_problem=True) if rest else b"")
        return b"".join(out)

    def give_up(self, problem: str) -> None:
        """No more can be undone, for a reason that lies outside."""
        self._note(problem)

    def _room(self) -> int:
        return min(MAX_INFLATED, max(FREE, MAX_RATIO * self.taken)) - self.given

    def _note(self, problem: str) -> None:
        if problem and not self.problem:
            self.problem = problem

    def _through(self, data: bytes, first: int, after_problem: bool = False) -> bytes:
        room = self._room()
        problem = ""
        for index in range(first, len(self.decoders)):
            if not data:
                break
            decoder = self.decoders[index]
            data = decoder.feed(data, room)
            problem = problem or decoder.problem
        for decoder in self.decoders:
            problem = problem or decoder.problem
        if len(data) > room:
            data = data[:room]
            problem = f"stopped after {self.given + room:,} bytes: {self.taken:,} make more than is safe to hold"
        self.given += len(data)
        self._note(problem)
        return data


class Inflated:
    """What came out; `problem` says why it is not all, "" when it is."""

    __slots__ = ("data", "problem")

    def __init__(self, data: bytes, problem: str) -> None:
        self.data = data
        self.problem = problem


def inflate(name: str, data: bytes, most: int = MAX_INFLATED) -> Inflated:
    """`data`, which is all there is, without the coding of this name: at most `most` bytes of it."""
    decoder = decoder_of(name)
    out = decoder.feed(data, most) if data else b""
    if len(out) <= most and not decoder.problem:
        out += decoder.finish(most - len(out))
    if len(out) > most:
        return Inflated(out[:most], f"only the first {most:,} bytes are shown")
    return Inflated(out, decoder.problem)
