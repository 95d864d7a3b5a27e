"""Values of Thrift messages in a line of text."""

from codecs import utf_8_decode
from typing import Final

from inspector.schema.thrift import ThriftType

SHOWN: Final = 40
"""Characters of one string in a list of arguments."""

TOLD: Final = 100
"""Characters of one value in a story."""

_SPACES: Final = {9: " ", 10: " ", 13: " "}


def as_text(raw: bytes, whole: bool, declared: bool) -> str | None:
    """The text that bytes hold, None when they hold none. A declared string is text however odd.

    `whole`: they do not end in the middle of a text.
    """
    try:
        text = raw.decode("utf-8") if whole else utf_8_decode(raw, "strict", False)[0]
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if declared else None
    if declared or text.isprintable() or text.translate(_SPACES).isprintable():
        return text
    return None


def show(value: object, declared: ThriftType | None) -> str:
    """A scalar in a list of arguments."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if declared is not None and declared.enum is not None:
            return declared.enum.names.get(value, str(value))
        return str(value)
    if isinstance(value, bytes):
        return f"0x{value[:8].hex()}{'…' if len(value) > 8 else ''}"
    return str(value) if value is not None else "?"


def tell(value: object, declared: ThriftType | None) -> str:
    """A scalar in a story: text on one line without quotes, bytes as the first of their hex digits."""
    if isinstance(value, bytes):
        return value[:4].hex()
    if not isinstance(value, str):
        return show(value, declared)
    text = value if value.isprintable() else escape(" ".join(value.split()))
    word, colon, rest = text.partition(": ")
    if colon and "." in word and " " not in word:
        # org.apache.hive.service.cli.HiveSQLException: the packages of an exception say little
        text = f"{word.rpartition('.')[2]}: {rest}"
    return text if len(text) <= TOLD else f"{text[: TOLD - 1]}…"


def quote(text: str) -> str:
    """Text in quotes, cut to `SHOWN` characters."""
    short = text[:SHOWN]
    if "\\" in short or '"' in short:
        short = short.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escape(short)}…"' if len(text) > SHOWN else f'"{escape(short)}"'


def escape(text: str) -> str:
    """Text on one line: control characters as escapes."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else ascii(c)[1:-1] for c in text])
