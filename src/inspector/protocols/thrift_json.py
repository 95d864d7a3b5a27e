"""Apache Thrift's JSON protocol. Spec: thrift/doc/specs/thrift-json-protocol.md and lib/*/TJSONProtocol"""

import json
from base64 import b64decode
from binascii import Error
from typing import Final

from mypy_extensions import i64

from inspector.protocols.thrift_struct import MAX_NAME, MAX_STRING, Encoding, Header, check_mtype
from inspector.schema.thrift import BOOL, BYTE, DOUBLE, I16, I32, I64, LIST, MAP, SET, STRING, STRUCT, UUID, ThriftType
from inspector.wire.reader import Reader

VERSION: Final = 1

WIRES: Final[dict[str, int]] = {
    "tf": BOOL,
    "i8": BYTE,
    "i16": I16,
    "i32": I32,
    "i64": I64,
    "dbl": DOUBLE,
    "str": STRING,
    "rec": STRUCT,
    "map": MAP,
    "set": SET,
    "lst": LIST,
    "uid": UUID,
}
"""Type numbers by the names that stand for them."""

_MAX_NUMBER: Final = 64
"""Characters of a number; a double that is written out in full takes about 25."""
_NUMBER: Final = frozenset(b"0123456789+-.eE")
_SPECIAL: Final = (
    (b'"NaN"', float("nan")),
    (b'"Infinity"', float("inf")),
    (b'"-Infinity"', float("-inf")),
    (b"nan", float("nan")),
    (b"inf", float("inf")),
    (b"-inf", float("-inf")),
)
"""Doubles that are no digits; Python's library writes them bare."""


class JsonEncoding(Encoding):
    """A message is an array, a struct an object: {"1":{"i32":5}}. Written without spaces, and read so."""

    def __init__(self) -> None:
        super().__init__("json")
        self.in_key = False

    def read_header(self, r: Reader) -> Header:
        _token(r, b"[")
        version = _integer(r, "thrift.version")
        if version != VERSION:
            raise r.malformed(f"version {version} of the JSON protocol is not known")
        _token(r, b',"')
        size = _string_size(r, 6 * MAX_NAME)
        method = _unescape(r.peek(size))
        r.known("thrift.method", size, method)
        if not method.isprintable():
            raise r.malformed("the method name holds bytes that are no text")
        _token(r, b'",')
        mtype = check_mtype(r, _integer(r, "thrift.mtype"))
        _token(r, b",")
        seq_id = _integer(r, "thrift.seq_id")
        _token(r, b",")
        return Header(mtype, method, seq_id)

    def end_message(self, r: Reader) -> None:
        _token(r, b"]")

    def open_struct(self, r: Reader) -> None:
        self.in_key = False
        _token(r, b"{")

    def next_field(self, r: Reader, last: int, first: bool) -> bool:
        if r.peek_u8() == ord("}"):
            _token(r, b"}")
            return False
        if not first:
            _token(r, b",")
        at = r.pos + 1
        end = at
        while end < r.limit and end - at < 6 and r.data[end] in b"-0123456789":
            end += 1
        digits = r.data[at:end]
        self.id = int(digits) if digits.lstrip(b"-").isdigit() and b"-" not in digits[1:] else 0
        return True

    def open_field(self, r: Reader) -> None:
        _token(r, b'"')
        self.id = _integer(r, "thrift.fid")
        if not -32768 <= self.id <= 32767:
            raise r.malformed(f"field number {self.id} does not fit in 16 bits")
        _token(r, b'":{"')
        self.wire = _type(r)
        _token(r, b'":')

    def close_field(self, r: Reader) -> None:
        _token(r, b"}")

    def open_list(self, r: Reader, name: str) -> None:
        _token(r, b'["')
        self.wire = _type(r)
        _token(r, b'",')
        self.count = _integer(r, name)

    def open_map(self, r: Reader) -> None:
        _token(r, b'["')
        self.key_wire = _type(r)
        _token(r, b'","')
        self.wire = _type(r)
        _token(r, b'",')
        self.count = _integer(r, "thrift.num_map_item")
        _token(r, b",{")

    def before_element(self, r: Reader, first: bool) -> None:
        _token(r, b",")

    def before_key(self, r: Reader, first: bool) -> None:
        if not first:
            _token(r, b",")
        self.in_key = True

    def before_value(self, r: Reader) -> None:
        _token(r, b":")
        self.in_key = False

    def close_list(self, r: Reader) -> None:
        _token(r, b"]")

    def close_map(self, r: Reader) -> None:
        _token(r, b"}]")

    def boolean(self, r: Reader, in_field: bool) -> bool:
        return self._whole(r, "thrift.bool") != 0

    def i8(self, r: Reader) -> int:
        return self._whole(r, "thrift.i8")

    def integer(self, r: Reader, wire: int, name: str) -> int:
        return self._whole(r, name)

    def _whole(self, r: Reader, name: str) -> int:
        """A whole number, which stands in quotes where it is a key."""
        quoted = self.in_key
        if quoted:
            _token(r, b'"')
        value = _integer(r, name)
        if quoted:
            _token(r, b'"')
        return value

    def peek_i32(self, r: Reader) -> int:
        at = r.pos + 1 if self.in_key else r.pos
        end = at
        while end < r.limit and r.data[end] in _NUMBER:
            end += 1
        try:
            return int(r.data[at:end])
        except ValueError:
            return 0

    def double(self, r: Reader) -> float:
        ahead = r.data[r.pos : min(r.limit, r.pos + 11)]
        for text, value in _SPECIAL:
            if ahead.startswith(text):
                r.known("thrift.double", len(text), value)
                return value
            if text.startswith(ahead):
                r.peek(len(text))
        if r.peek_u8() != ord('"'):
            return _double(r)
        _token(r, b'"')
        number = _double(r)
        _token(r, b'"')
        return number

    def uuid(self, r: Reader) -> object:
        return self._text(r, "thrift.uuid", 36)

    def string(self, r: Reader, declared: ThriftType | None, leaf: str, wanted: bool) -> object:
        if not (r.recording or wanted):
            _token(r, b'"')
            r.skip("", _string_size(r, MAX_STRING))
            _token(r, b'"')
            return None
        if declared is None or not declared.binary:
            return self._text(r, leaf or "thrift.string", MAX_STRING)
        text = self._text(r, "thrift.binary", MAX_STRING)
        try:
            # The libraries leave the padding out
            return b64decode(text + "=" * (-len(text) % 4))
        except (Error, ValueError):
            return text

    def _text(self, r: Reader, name: str, most: int) -> str:
        _token(r, b'"')
        size = _string_size(r, most)
        value = _unescape(r.peek(size))
        r.known(name, size, value)
        _token(r, b'"')
        return value


def _token(r: Reader, wanted: bytes) -> None:
    """Punctuation that must stand here."""
    size: i64 = len(wanted)
    found = r.data[r.pos : min(r.limit, r.pos + size)]
    if not wanted.startswith(found):
        # up to the first byte that differs, whatever else has come
        end = 1
        while wanted.startswith(found[:end]):
            end += 1
        raise r.malformed(f"{found[:end].decode('latin-1')!r} stands where Thrift's JSON has {wanted.decode()!r}")
    r.peek(size)
    r.skip("thrift.json.syntax", size)


def _number_size(r: Reader) -> i64:
    """Bytes of the number ahead; what follows it must be there, or more digits could come."""
    end: i64 = r.pos
    while end < r.limit and r.data[end] in _NUMBER:
        end += 1
    if end - r.pos > _MAX_NUMBER:
        raise r.malformed(f"a number of more than {_MAX_NUMBER} characters")
    if end == r.limit:
        r.peek(r.limit - r.pos + 1)
    return end - r.pos


def _integer(r: Reader, name: str) -> int:
    size = _number_size(r)
    text = r.data[r.pos : r.pos + size]
    try:
        value = int(text)
    except ValueError as error:
        raise r.malformed(f"{r.peek(size + 1)[:24]!r} stands where a whole number is needed") from error
    r.known(name, size, value)
    return value


def _double(r: Reader) -> float:
    size = _number_size(r)
    try:
        value = float(r.data[r.pos : r.pos + size])
    except ValueError as error:
        raise r.malformed(f"{r.peek(size + 1)[:24]!r} stands where a number is needed") from error
    r.known("thrift.double", size, value)
    return value


def _type(r: Reader) -> int:
    """A type's name; three letters at most."""
    size: i64 = 0
    while size < 4 and r.peek(size + 1)[size] != ord('"'):
        size += 1
    name = r.peek(size).decode("latin-1")
    wire = WIRES.get(name, 0)
    if not wire:
        raise r.malformed(f"{name!r} is none of the types of Thrift's JSON")
    r.known("thrift.json.type", size, name)
    return wire


def _string_size(r: Reader, most: int) -> int:
    """Bytes up to the quote that ends a string."""
    data = r.data
    at: i64 = r.pos
    while True:
        found: i64 = data.find(b'"', at, r.limit)
        if (found if found >= 0 else r.limit) - r.pos > most:
            raise r.malformed(f"a string of more than {most} bytes")
        if found < 0:
            r.peek(r.limit - r.pos + 1)
        slashes: i64 = found
        while slashes > r.pos and data[slashes - 1] == 0x5C:
            slashes -= 1
        if (found - slashes) % 2 == 0:
            return int(found - r.pos)
        at = found + 1


def _unescape(raw: bytes) -> str:
    """The text that stands between quotes; as it is where its escapes are wrong."""
    text = raw.decode("utf-8", "replace")
    if "\\" not in text:
        return text
    try:
        value = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    # Half of a surrogate pair is no character
    return str(value).encode("utf-8", "replace").decode("utf-8")
