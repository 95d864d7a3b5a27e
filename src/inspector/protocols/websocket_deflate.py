"""Compression of messages. Spec: RFC 7692 (permessage-deflate), RFC 1951 (DEFLATE)."""

import zlib
from typing import Final

from inspector.model.buffer import Buffer, BufferSource, Pieces
from inspector.model.sides import CLIENT, Side
from inspector.protocols.websocket_frames import Part, unmasked

NAME: Final = "permessage-deflate"
TAIL: Final = b"\x00\x00\xff\xff"
"""The end of an empty block, which senders leave out (RFC 7692 7.2.1)."""
LAST: Final = b"\x01\x00\x00\xff\xff"
"""An empty block marked as the last one (RFC 1951 3.2.4)."""
MAX_BITS: Final = 15
MAX_INFLATED: Final = 64 << 20
"""Bytes that one message may inflate to; a few KB can be made to inflate to gigabytes."""
MAX_LAST_BLOCKS: Final = 64
"""Blocks marked as last in one message: each makes the decoder start anew (RFC 7692 7.2.3.5)."""
KEPT_EVERY: Final = 512
"""Messages after which a window is kept, so that explaining one inflates no more than so many before it."""
BLOCK: Final = 4096
"""Bytes compared at once."""
MAX_MAPPED: Final = 65536
"""Steps in which a message is inflated to learn which bytes led to which."""
WINDOW: Final = 1 << MAX_BITS
"""Bytes that a message may point back over at most; so many are kept, whatever was agreed on."""
DISTANCE: Final = "distance too far back"
"""How zlib says that a message points back further than there are bytes."""


class Terms:
    """What the handshake agreed on: `deflate`, and for each side the window in bits and whether it is kept.

    `known` says that the handshake was seen; `others` are extensions that nobody here reads, `faults` what no answer
    may say.
    """

    def __init__(self) -> None:
        self.known = False
        self.deflate = False
        self.bits = [MAX_BITS, MAX_BITS]
        self.keeps = [True, True]
        self.others: list[str] = []
        self.faults: list[str] = []

    def read(self, extensions: str) -> None:
        """Take in the Sec-WebSocket-Extensions header of the answer (RFC 6455 9.1, RFC 7692 7.1)."""
        self.known = True
        for extension in extensions.split(","):
            words = [word.strip() for word in extension.split(";")]
            if words[0] == NAME:
                if self.deflate:
                    self.faults.append(f"the handshake's answer agrees on {NAME} twice (RFC 7692 5)")
                self.deflate = True
                for parameter in words[1:]:
                    self._parameter(parameter)
            elif words[0]:
                self.others.append(words[0])

    def _parameter(self, text: str) -> None:
        before, given, after = text.partition("=")
        name, value = before.strip(), after.strip().strip('"')
        for side, whose in enumerate(("client", "server")):
            if name == f"{whose}_no_context_takeover" and not given:
                self.keeps[side] = False
                return
            if name == f"{whose}_max_window_bits" and value.isdecimal() and 8 <= int(value[:9]) <= MAX_BITS:
                self.bits[side] = int(value)
                return
        self.faults.append(
            f"the handshake's answer has {text.strip()[:60]!r}, which is no parameter of {NAME} (RFC 7692 7.1)"
        )

    @property
    def allowed(self) -> int:
        """The reserved bits that may be set."""
        if self.others:
            return 7
        return 4 if self.deflate or not self.known else 0

    def words(self, side: Side) -> str:
        """How a side compresses."""
        if not self.deflate:
            return "messages are not compressed"
        kept = "kept between messages" if self.keeps[side] else "empty for each message"
        return f"{'client' if side == CLIENT else 'server'}: a window of {1 << self.bits[side]:,} bytes, {kept}"


class Window:
    """The end of the messages before, which the next one may point back into.

    Where it is not known, `other` is a second one that differs there: what both make of a message does not depend on
    what is missing. `other` is empty when all is known.
    """

    __slots__ = ("data", "other")

    def __init__(self, data: bytes, other: bytes = b"") -> None:
        self.data = data
        self.other = other if other != data else b""


EMPTY: Final = Window(b"")
MISSING: Final = Window(bytes(WINDOW), b"\xff" * WINDOW)


class Inflated:
    """What came out of one message; `problem` says why it is not all, `window` is what the next one may refer to.

    `unknown` are the parts of `data` that point back into what is missing. `remark` is about a message that came out
    whole.
    """

    __slots__ = ("data", "problem", "remark", "unknown", "window")

    def __init__(self, data: bytes, problem: str, window: Window) -> None:
        self.data = data
        self.problem = problem
        self.remark = ""
        self.unknown: list[tuple[int, int]] = []
        self.window = window

    @property
    def shown(self) -> bytes:
        """The data with bytes that are in no text in place of those that are not known."""
        return masked(self.data, self.unknown)


class Worker:
    """Inflates one message, `window` being the end of those before it."""

    def __init__(self, bits: int, window: bytes) -> None:
        self.bits = bits
        self.window = window
        self.out: list[bytes] = []
        self.size = 0
        self.problem = ""
        self.restarts = 0
        self.fed = False
        self.inner = self._start(window)

    def _start(self, window: bytes) -> "zlib._Decompress":
        return zlib.decompressobj(-self.bits, window) if window else zlib.decompressobj(-self.bits)

    def feed(self, data: bytes) -> int:
        """Take in more compressed bytes; how many bytes came out."""
        before = self.size
        self.fed = True
        while data and not self.problem:
            try:
                found = self.inner.decompress(data, MAX_INFLATED - self.size + 1)
            except zlib.error as error:
                self.problem = str(error).rpartition(": ")[2]
                break
            self.out.append(found)
            self.size += len(found)
            if self.size > MAX_INFLATED:
                self.problem = f"it inflates to more than {MAX_INFLATED:,} bytes"
            data = self.inner.unused_data
            if self.inner.eof:
                self._restart()
            else:
                break
        return self.size - before

    def _restart(self) -> None:
        """Behind a block marked as last the stream goes on with the same window (RFC 7692 7.2.3.5)."""
        self.restarts += 1
        if self.restarts > MAX_LAST_BLOCKS:
            self.problem = f"more than {MAX_LAST_BLOCKS} blocks are marked as the last one"
        else:
            self.inner = self._start(self.end())

    def end(self) -> bytes:
        """The bytes that the next message may refer to."""
        parts: list[bytes] = []
        size = 0
        for part in reversed(self.out):
            if size >= WINDOW:
                break
            parts.append(part)
            size += len(part)
        if size < WINDOW:
            parts.append(self.window)
        parts.reverse()
        return b"".join(parts)[-WINDOW:]

    def finish(self, whole: bool = True) -> Inflated:
        """End the message, unless it is not there `whole`; a last block in the end tells whether the decoder stood
        between two blocks."""
        if self.fed and not self.problem and whole:
            restarts = self.restarts
            self.feed(TAIL)
            self.feed(LAST)
            if restarts:
                # behind a last block senders may leave out the empty one that the tail belongs to
                self.problem = ""
            elif self.problem or not self.restarts:
                self.problem = "the compressed data ends too early"
        return Inflated(b"".join(self.out), self.problem, EMPTY if self.problem else Window(self.end()))


def inflate(bits: int, window: Window, payload: bytes, whole: bool = True) -> Inflated:
    """A message, the window before it given; `payload` is only its beginning when it is not `whole`."""
    found = _inflate(bits, window.data, payload, whole)
    if window.other:
        again = _inflate(bits, window.other, payload, whole)
        found.unknown = differences(found.data, again.data)
        found.window = Window(found.window.data, again.window.data)
    return found


def differences(one: bytes, other: bytes) -> list[tuple[int, int]]:
    """Where two byte strings of the same length differ."""
    found: list[tuple[int, int]] = []
    size = min(len(one), len(other))
    for block in range(0, size, BLOCK):
        if one[block : block + BLOCK] == other[block : block + BLOCK]:
            continue
        for at in range(block, min(block + BLOCK, size)):
            if one[at] != other[at]:
                if found and found[-1][1] == at:
                    found[-1] = (found[-1][0], at + 1)
                else:
                    found.append((at, at + 1))
    return found


def masked(data: bytes, unknown: list[tuple[int, int]]) -> bytes:
    """`data` with bytes that no UTF-8 has in the places `unknown`."""
    if not unknown:
        return data
    kept = bytearray(data)
    for start, end in unknown:
        kept[start:end] = b"\xff" * (end - start)
    return bytes(kept)


def _inflate(bits: int, window: bytes, payload: bytes, whole: bool) -> Inflated:
    worker = Worker(bits, window)
    worker.feed(payload)
    if worker.problem and worker.size <= MAX_INFLATED:
        # again in small steps, to keep what came before the fault
        worker = Worker(bits, window)
        stepwise(worker, payload)
    return worker.finish(whole)


def stepwise(worker: Worker, payload: bytes) -> Pieces:
    """Feed `payload` in small steps; tells for every run of inflated bytes which bytes of it were read for it."""
    pieces = Pieces()
    size = len(payload)
    step = max(1, size // MAX_MAPPED)
    first = 0
    at = 0
    while at < size and not worker.problem:
        end = min(at + step, size)
        count = worker.feed(payload[at:end])
        if count:
            pieces.add_range(first, end, count)
            # a code may begin in the byte in which the one before it ends
            first = end - 1
        at = end
    return pieces


class Direction:
    """Inflates the messages of one side in their order, and later any of them again.

    What a message may refer to is the window before it. It is kept now and then, and for the message after the one
    explained last; the others follow from the messages in between. `missing` is why the window is not known.
    """

    def __init__(self, bits: int, keeps: bool, missing: str) -> None:
        self.bits = bits
        self.keeps = keeps
        self.missing = missing
        self.window = MISSING if missing and keeps else EMPTY
        self.torn = True
        self.messages: list[list[Part]] = []
        self.kept: dict[int, Window] = {}
        self.latest = -1
        self.latest_window = EMPTY

    def add(self, parts: list[Part], payload: bytes, whole: bool = True) -> Inflated:
        """Inflate the next message, which lies in `parts`; it is the last of `messages` afterwards. Of one that is not
        `whole`, `payload` is the beginning.
        """
        index = len(self.messages)
        if self.keeps and (self.torn or index % KEPT_EVERY == 0):
            self.kept[index] = self.window
        self.torn = False
        self.messages.append(parts)
        found = inflate(self.bits, self.window, payload, whole)
        if DISTANCE in found.problem and self.bits < MAX_BITS:
            found = self._wider(found, payload, whole)
        if found.unknown:
            count = sum(end - start for start, end in found.unknown)
            back = f"{count:,} of {len(found.data):,} bytes point back into earlier messages that are missing"
            found.remark = f"{back}: {self.missing}"
        if found.problem:
            self.lose("a message before it could not be inflated")
        elif whole and self.keeps:
            self.window = found.window
        return found

    def _wider(self, found: Inflated, payload: bytes, whole: bool) -> Inflated:
        """Senders that do not keep to the window agreed on are read all the same."""
        again = inflate(MAX_BITS, self.window, payload, whole)
        if again.problem:
            return found
        again.remark = f"points back over more than the {1 << self.bits:,} bytes agreed on (RFC 7692 7.1.2)"
        self.bits = MAX_BITS
        return again

    def lose(self, why: str) -> None:
        """A message was never seen, or cannot be read: what refers to it cannot be inflated."""
        if not self.keeps:
            return
        if not self.window.other:
            self.missing = why
        self.window = MISSING
        self.torn = True

    def before(self, index: int, buffer: Buffer) -> Window:
        """The window before message `index`, whose bytes lie in `buffer`."""
        if not self.keeps:
            return EMPTY
        at = index
        while at not in self.kept and at != self.latest:
            at -= 1
        window = self.latest_window if at == self.latest else self.kept[at]
        while at < index:
            window = inflate(self.bits, window, payload_of(buffer, self.messages[at])).window
            at += 1
        self.latest = index
        self.latest_window = window
        return window


def payload_of(buffer: Buffer, parts: list[Part]) -> bytes:
    """The unmasked bytes of some parts of a buffer, joined."""
    return unmasked(buffer, parts, "").data


class Unpacked(BufferSource):
    """Inflated bytes; each run of them was made from the compressed bytes that were read for it."""

    def __init__(self, content: bytes, pieces: Pieces, unknown: list[tuple[int, int]]) -> None:
        self.content = content
        self.pieces = pieces
        self.unknown = unknown

    def load(self, buffer: Buffer) -> None:
        buffer.fill(self.pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return self.content[start:end]

    def lacking(self, start: int, end: int) -> list[tuple[int, int]]:
        return [(max(low, start), min(high, end)) for low, high in self.unknown if low < end and high > start]


def unpacked(parent: Buffer, bits: int, window: Window, name: str) -> tuple[Buffer, str]:
    """The inflated contents of `parent` up to its first hole, and what stopped inflating ("" when nothing did)."""
    holes = parent.holes
    payload = parent.read(0, holes[0][0] if holes else parent.size)
    worker = Worker(bits, window.data)
    pieces = stepwise(worker, payload)
    found = worker.finish(not holes)
    if pieces.size < len(found.data):
        last = len(payload)
        pieces.add_range(max(last - 1, 0), last, len(found.data) - pieces.size)
    unknown: list[tuple[int, int]] = []
    if window.other:
        unknown = differences(found.data, _inflate(bits, window.other, payload, not holes).data)
    content = bytearray(found.data)
    for start, end in unknown:
        content[start:end] = bytes(end - start)
    buffer = Buffer(name, Unpacked(bytes(content), pieces, unknown), parent=parent)
    buffer.exact = False
    return buffer, found.problem or ("what follows was never captured" if holes else "")
