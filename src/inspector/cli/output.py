"""Standard output in large pieces; a line at a time would take longer than decoding."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Final, TypeVar

import msgspec

from inspector.cli.spread import processes, spread
from inspector.export.documents import Head, joined

T = TypeVar("T")

CHUNK: Final = 1 << 18
"""Bytes collected before they are written."""
BATCH: Final = 256
"""Lines that are encoded together."""


class Output:
    """Writes lines to stdout as UTF-8; call `close` at the end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._encoder = msgspec.json.Encoder()
        self._interactive = sys.stdout.isatty()

    def line(self, text: str) -> None:
        """One line of text; lone surrogates, which UTF-8 does not have, become question marks."""
        self.raw(text.encode("utf-8", "replace"))

    def lines(self, texts: Iterable[str]) -> None:
        """Several lines of text, to people at once, else many together."""
        several = iter(texts)
        while batch := list(islice(several, 1 if self._interactive else BATCH)):
            self.line("\n".join(batch))

    def record(self, record: object, before: bytes = b"") -> None:
        """One JSON value on a line of its own, behind `before`."""
        self.raw(before + encode(self._encoder, record))

    def records(
        self, items: Iterable[T], make: Callable[[T], object], comma: bytes = b"", shared: bool = False
    ) -> None:
        """JSON values, each on a line of its own, `comma` between them.

        With `shared` they are many and take long to make: all processors do it, where nobody watches line by line.
        """
        if shared and not self._interactive:
            several = list(items)
            count = processes(len(several))
            if count > 1:
                # whatever is loaded when it is first needed is loaded by the first of them, for all processes
                self.record(make(several[0]))
                self.close()
                spread(several[1:], partial(self._line, make, comma), sys.stdout.fileno(), count)
                return
            items = several
        before = b""
        for item in items:
            self.record(make(item), before)
            before = comma

    def _line(self, make: Callable[[T], object], comma: bytes, item: T) -> bytes:
        return comma + encode(self._encoder, make(item)) + b"\n"

    def document(self, start: Head, body: object) -> None:
        """One JSON document, indented for people who look at it."""
        whole = joined(encode(self._encoder, start), encode(self._encoder, body))
        self.raw(msgspec.json.format(whole, indent=2))

    def raw(self, line: bytes) -> None:
        """One line of bytes."""
        self._parts.append(line)
        self._size += len(line)
        if self._size >= CHUNK or self._interactive:
            self.close()

    def close(self) -> None:
        """Write what was collected."""
        if self._parts:
            sys.stdout.flush()
            self._parts.append(b"")
            sys.stdout.buffer.write(b"\n".join(self._parts))
            sys.stdout.buffer.flush()
            self._parts = []
            self._size = 0


def encode(encoder: msgspec.json.Encoder, record: object) -> bytes:
    """A record as JSON; text that UTF-8 cannot hold is replaced."""
    try:
        return encoder.encode(record)
    except UnicodeEncodeError:
        return encoder.encode(_without_surrogates(msgspec.to_builtins(record, enc_hook=msgspec.json.decode)))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(each) for each in value]
    return value
