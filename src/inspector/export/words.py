"""Captured values as words that are safe to print, and the styles that a terminal may draw them in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

Paint = Callable[[str, str], str]
"""Draws a text (second) in a style (first); leaves it alone where colour is not wanted."""

GLYPHS: Final = {"error": "!", "warning": "?", "note": "i"}
"""Severity is never told by colour alone."""
ARROWS: Final = ("→", "←")
SHORT: Final = 32
"""Bytes of a value shown beside its field; --hex shows all."""
LONG: Final = 200
"""Characters of a text shown beside its field."""

_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain_paint(style: str, text: str) -> str:
    """No colour."""
    return text


def printable(text: str) -> str:
    """The text with everything that could move a cursor or hide other text written as an escape."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    code = ord(letter)
    if letter in _NAMED:
        return _NAMED[letter]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, most: int = LONG) -> str:
    """At most `most` characters, saying how many there were."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def value_words(value: object, raw: bytes) -> str:
    """What a field means in one line; its bytes when it means nothing else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return shorten(printable(value))
    if value is None:
        value = raw
    if isinstance(value, bytes):
        return byte_words(value)
    return str(value)


def byte_words(raw: bytes) -> str:
    """Bytes as text when they are plain ASCII of some length, else as hex."""
    if len(raw) > 3 and all(0x20 <= byte < 0x7F or byte in {9, 10, 13} for byte in raw[:LONG]):
        text = printable(raw[:LONG].decode("latin-1"))
        return f'"{text}"' if len(raw) <= LONG else f'"{text}"… ({len(raw)} bytes)'
    return raw.hex(" ") if len(raw) <= SHORT else f"{raw[:SHORT].hex(' ')} … ({len(raw)} bytes)"


def plural(count: int, word: str) -> str:
    """`1 packet`, `2 packets`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def packets_words(numbers: list[int]) -> str:
    """`packet 4`, `packets 4 to 6`, `packets 4, 6, 9`."""
    if not numbers:
        return "no packet"
    if len(numbers) == 1:
        return f"packet {numbers[0]}"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"packets {numbers[0]} to {numbers[-1]}"
    shown = ", ".join(str(number) for number in numbers[:8])
    return f"packets {shown}" if len(numbers) <= 8 else f"{len(numbers)} packets, {shown}, …"


def decimal_seconds(nanoseconds: int) -> str:
    """Seconds with six digits. A list writes one for each row, and integers format four times as fast as floats."""
    if nanoseconds < 0:
        return "-" + decimal_seconds(-nanoseconds)
    digits = str(nanoseconds // 1000).rjust(7, "0")
    return f"{digits[:-6]}.{digits[-6:]}"


class Clock:
    """Writes capture times in the format of `-t`: r(elative), a(bsolute, local), u(tc) or d(elta)."""

    def __init__(self, form: str, start: int, end: int) -> None:
        self.form = form
        self.start = start
        self.last = start
        self.width = 26 if form in {"a", "u"} else len(decimal_seconds(end - start))

    def write(self, time: int) -> str:
        """A time in nanoseconds since 1970, right-aligned."""
        if self.form == "r":
            return decimal_seconds(time - self.start).rjust(self.width)
        if self.form == "d":
            before, self.last = self.last, time
            return decimal_seconds(time - before).rjust(self.width)
        moment = datetime.fromtimestamp(time // 1_000_000_000, UTC)
        if self.form == "a":
            moment = moment.astimezone()
        return f"{moment:%Y-%m-%d %H:%M:%S}.{time // 1000 % 1_000_000:06d}"
