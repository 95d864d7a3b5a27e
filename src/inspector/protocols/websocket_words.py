"""Payloads in a line, and whether text is text. Spec: RFC 6455 8.1."""

from codecs import getincrementaldecoder
from typing import Final

PREVIEW: Final = 200
"""Characters of a text kept for lists."""
SHOWN: Final = 80
"""Characters of a text in a summary."""
HEX: Final = 16
"""Bytes of binary data in a summary."""


class Utf8:
    """Checks text that comes in pieces; `fault` says what is wrong, "" while nothing is."""

    def __init__(self) -> None:
        self.decoder = getincrementaldecoder("utf-8")()
        self.fault = ""
        self.size = 0

    def feed(self, data: bytes, last: bool) -> str:
        """The next bytes; what is wrong since then."""
        if self.fault:
            return ""
        try:
            self.decoder.decode(data, last)
        except UnicodeDecodeError as error:
            at = self.size + len(data) - len(error.object) + error.start
            self.fault = (
                f"text that is not UTF-8: byte {at} of the message, 0x{error.object[error.start]:02x} (RFC 6455 8.1)"
            )
        self.size += len(data)
        return self.fault


def preview(content: bytes) -> str:
    """The first characters of a text."""
    return content[: PREVIEW * 4].decode("utf-8", "replace")[:PREVIEW]


def quoted_start(content: bytes) -> str:
    """The first characters of a text for a row."""
    return quoted(content[: SHOWN * 4 + 4].decode("utf-8", "replace"))


def quoted(text: str) -> str:
    """A text on one line, the end of a long one left out; in quotes unless it has some itself."""
    shown = text[:SHOWN]
    if not shown.isprintable():
        shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in shown)
    if len(text) > SHOWN:
        shown = f"{shown}…"
    return shown if '"' in shown else f'"{shown}"'


def described(content: bytes) -> str:
    """Bytes in short: their number and the first ones; text when they are that."""
    return f"{counted(len(content))} {opening(content)}" if content else "empty"


def opening(content: bytes) -> str:
    """The first ones of some bytes; text when they are that."""
    if content[:SHOWN].isascii() and content[:SHOWN].decode("latin-1").isprintable():
        return quoted_start(content)
    return f"{content[:HEX].hex(' ')}{' …' if len(content) > HEX else ''}"


def counted(size: int) -> str:
    """A number of bytes."""
    return "1 byte" if size == 1 else f"{size:,} bytes"
