"""A value written in a filter, and how it compares with the values of fields."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_BYTES: Final = re.compile(r"[0-9a-fA-F]{2}(?:[:\-][0-9a-fA-F]{2})*")
_NETWORK: Final = re.compile(r"[0-9a-fA-F:.]+/\d{1,3}")
_TRUTH: Final = {"true": True, "false": False}


class Literal:
    """One written value and everything it may stand for: text, a number, bytes, a network.

    Quotes take away all readings but text (and the same text as bytes).
    """

    __slots__ = ("data", "network", "number", "text")

    def __init__(self, source: str) -> None:
        quoted = source[-1:] in {'"', "'"} and len(source) > 1
        self.text = unquote(source) if quoted else source
        self.number: int | float | None = None if quoted else read_number(source)
        self.network: IPv4Network | IPv6Network | None = None if quoted else _read_network(source)
        self.data = self.text.encode() if quoted else _read_bytes(source)

    def equals(self, value: object) -> bool:
        """Whether a field's value is this one."""
        if isinstance(value, int | float):
            return self.number is not None and value == self.number
        if isinstance(value, bytes):
            return value == self.data
        text = str(value)
        if text == self.text:
            return True
        if self.network is not None:
            return _inside(text, self.network)
        if self.number is not None and read_number(text) == self.number:
            return True
        return self.data is not None and ":" in self.text and text == self.data.hex()

    def below(self, value: object) -> bool:
        """Whether a field's value is less than this one; False for values of different kinds."""
        return self._order(value) < 0

    def above(self, value: object) -> bool:
        """Whether a field's value is greater than this one; False for values of different kinds."""
        return self._order(value) > 0

    def _order(self, value: object) -> int:
        if isinstance(value, str) and self.number is not None:
            number = read_number(value)
            value = value if number is None else number
        if isinstance(value, int | float):
            return 0 if self.number is None else _sign(value, self.number)
        if isinstance(value, bytes):
            return 0 if self.data is None else _sign(value, self.data)
        return _sign(str(value), self.text)

    def within(self, value: object) -> bool:
        """Whether a field's value contains this one."""
        if isinstance(value, bytes):
            return (self.data if self.data is not None else self.text.encode()) in value
        return self.text in str(value)


def unquote(source: str) -> str:
    """The text inside quotes; r"..." keeps backslashes, unknown escapes stay as written."""
    if source[0] == "r":
        return source[2:-1]
    return _ESCAPE.sub(_unescape, source[1:-1])


def _unescape(found: re.Match[str]) -> str:
    escaped = found[1]
    if len(escaped) == 3:
        return chr(int(escaped[1:], 16))
    return ESCAPES.get(escaped, found[0])


def read_number(text: str) -> int | float | None:
    """A decimal or 0x number, true or false; None when `text` is something else."""
    if text in _TRUTH:
        return _TRUTH[text]
    if not text or text[-1] not in "0123456789abcdefABCDEF" or text[0] not in "-+.0123456789":
        return None
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def _read_bytes(source: str) -> bytes | None:
    if source[:2].lower() == "0x" and len(source) % 2 == 0:
        source = source[2:]
        separated = source
    else:
        separated = source.replace("-", ":")
    if not _BYTES.fullmatch(separated) and not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", source):
        return None
    return bytes.fromhex(separated.replace(":", ""))


def _read_network(source: str) -> IPv4Network | IPv6Network | None:
    if not _NETWORK.fullmatch(source):
        return None
    try:
        return ip_network(source, strict=False)
    except ValueError:
        return None


def _inside(text: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(text) in network
    except ValueError:
        return False


def _sign(left: object, right: object) -> int:
    if left == right:
        return 0
    return -1 if left < right else 1  # type: ignore[operator]
