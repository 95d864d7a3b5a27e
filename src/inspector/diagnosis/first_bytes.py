"""The first bytes of a connection: what they are, and what every kind of reader takes them for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from inspector.diagnosis import readings
from inspector.diagnosis.readings import MAX_FRAME, MAX_KAFKA, Reading, character, number, sized
from inspector.guide.rival import TEXT_OPENINGS

ROW: Final = 4
"""Bytes of a number, and what a bare number is turned back into."""
HTTP2_FRAME: Final = 16_384
"""Bytes of a frame that HTTP/2 allows before anything else is agreed (RFC 9113 4.2)."""
LOOKED_AT: Final = 64
"""First bytes that readings look at."""


@dataclass(frozen=True, slots=True)
class Magic:
    """First bytes that people meet: `pattern` in hex, x standing for any digit, what they begin, and who says so."""

    pattern: str
    what: str
    spec: str

    def matches(self, opening: bytes) -> bool:
        """Whether `opening` begins so."""
        return re.match(self.pattern.replace("x", "[0-9a-f]"), opening.hex(" ")) is not None

    @property
    def text(self) -> str:
        """The bytes as characters, "" where they are not all printable."""
        raw = self.raw("0")
        return raw.decode("ascii") if "x" not in self.pattern and all(0x20 <= byte < 0x7F for byte in raw) else ""

    def raw(self, digit: str) -> bytes:
        """The bytes with `digit` for every x."""
        return bytes.fromhex(self.pattern.replace("x", digit))

    @property
    def numbers(self) -> str:
        """The first four bytes as a reader of lengths has them: a number or a range, "" where they may be anything."""
        if "xx xx" in self.pattern or len(self.raw("0")) < ROW:
            return ""
        least, most = number(self.raw("0")), number(self.raw("f"))
        return f"{least:,}" + (f" to {most:,}" if most != least else "")


_NAMES: Final = {"Thrift, unframed binary", "Thrift, framed", "Thrift, compact", "Thrift, JSON", "Thrift with SASL"} | {
    *("zlib", "TLS", "HTTP/2", "PostgreSQL", "Redis", "Kafka"),
}
"""How the texts of readings begin."""

MAGICS: Final = (
    *(Magic(text.hex(" "), what, "RFC 9110 9") for text, what in TEXT_OPENINGS.items() if "HTTP " in what),
    Magic("50 52 49 20", "the HTTP/2 connection preface", "RFC 9113 3.4"),
    Magic("00 00 xx 04 xx 00 00 00 00", "an HTTP/2 SETTINGS frame, a server's first", "RFC 9113 6.5"),
    Magic("16 03 0x xx", "a TLS handshake record", "RFC 8446 5.1"),
    Magic("15 03 0x xx", "a TLS alert record", "RFC 8446 6"),
    Magic("80 01 00 01", "a Thrift call, binary", "thrift-binary-protocol.md"),
    Magic("80 01 00 02", "a Thrift reply, binary", "thrift-binary-protocol.md"),
    Magic("80 01 00 03", "a Thrift exception, binary", "thrift-binary-protocol.md"),
    Magic("80 01 00 04", "a Thrift oneway call, binary", "thrift-binary-protocol.md"),
    Magic("xx xx xx xx 80 01 00 0x", "a framed Thrift message, binary", "thrift-rpc.md"),
    Magic("82 21", "a Thrift call, compact", "thrift-compact-protocol.md"),
    Magic("82 41", "a Thrift reply, compact", "thrift-compact-protocol.md"),
    Magic("82 61", "a Thrift exception, compact", "thrift-compact-protocol.md"),
    Magic("xx xx xx xx 82 x1", "a framed Thrift message, compact", "thrift-rpc.md"),
    Magic("5b 31 2c 22", "a Thrift message, JSON", "TJSONProtocol"),
    Magic("xx xx xx xx 0f ff", "a framed Thrift message, THeader", "HeaderFormat.md"),
    Magic("01 00 00 00", "SASL START, the negotiation before Thrift", "thrift-sasl-spec.txt"),
    Magic("02 00 00 xx", "SASL OK, the negotiation before Thrift", "thrift-sasl-spec.txt"),
    Magic("05 00 00 xx", "SASL COMPLETE, the negotiation before Thrift", "thrift-sasl-spec.txt"),
    Magic("2a 3x 0d 0a", "a Redis command", "RESP"),
    Magic("00 00 00 08 04 d2 16 2f", "PostgreSQL's SSLRequest, 80877103", "PostgreSQL 55.7"),
    Magic("00 00 00 08 04 d2 16 30", "PostgreSQL's GSSENCRequest, 80877104", "PostgreSQL 55.7"),
    Magic("00 00 xx xx 00 03 00 00", "PostgreSQL's start-up packet, version 196608", "PostgreSQL 55.7"),
    Magic("00 00 xx xx 00 12 00 0x", "a Kafka ApiVersions request", "Kafka protocol guide"),
    Magic("53 53 48 2d", "an SSH greeting", "RFC 4253 4.2"),
    Magic("1f 8b 08", "gzip", "RFC 1952 2.3"),
    Magic("50 41 52 31", "a Parquet file", "parquet-format"),
)
"""What the first bytes of connections and files are, those first that are met most."""


@dataclass(frozen=True, slots=True)
class Taker:
    """A kind of reader: `meant` says what bytes are that it expects, "" for others; `misread` what it takes those for.

    It needs `takes` bytes to say anything.
    """

    name: str
    protocol: str
    takes: int
    meant: Callable[[bytes], str]
    misread: Callable[[bytes], Reading]


@dataclass(frozen=True, slots=True)
class Taken:
    """The first `end` bytes as one reader understands them; `fits` when they are what it expects."""

    reader: str
    protocol: str
    end: int
    text: str
    fits: bool


def magic_of(opening: bytes) -> Magic | None:
    """What these first bytes are, None when that is not known."""
    return next((magic for magic in MAGICS if magic.matches(opening)), None)


def taken(opening: bytes, protocol: str = "") -> list[Taken]:
    """What every kind of reader (of `protocol` only, when given) takes these bytes for; those they fit come first."""
    opening = opening[:LOOKED_AT]
    found: list[Taken] = []
    for taker in TAKERS:
        if len(opening) < taker.takes or protocol not in {"", taker.protocol}:
            continue
        meant = taker.meant(opening)
        reading = Reading(min(len(opening), max(taker.takes, ROW)), meant) if meant else taker.misread(opening)
        found.append(Taken(taker.name, taker.protocol, reading.end, _bare(reading.text), bool(meant)))
    return sorted(found, key=lambda each: not each.fits)


def begun_by(byte: int) -> list[str]:
    """The texts of known beginnings whose first letter is `byte`: what a server meant by "Invalid status 71"."""
    return [magic.text for magic in MAGICS if magic.text and ord(magic.text[0]) == byte]


def number_bytes(value: int) -> list[bytes]:
    """The bytes that a number in a log may be made of: one, four big end first, four little end first.

    Only those that begin a text that is known, besides four big end first. A number that no four bytes make gives none.
    """
    if not -(1 << 31) <= value < 1 << 32:
        return []
    four = (value & 0xFFFF_FFFF).to_bytes(ROW, "big")
    swapped = magic_of(four[::-1])
    found = [four[::-1], four] if magic_of(four) is None and swapped is not None and swapped.text else [four]
    return [bytes([value]), *found] if 0x20 < value < 0x7F else found


def _bare(text: str) -> str:
    """A reading without the reader's name in front of it."""
    name, _, rest = text.partition(": ")
    return rest if name in _NAMES else text


def _http(opening: bytes) -> str:
    if opening.startswith(b"HTTP"):
        return "the start of a response's status line"
    what = TEXT_OPENINGS.get(opening[:4], "")
    if not what.startswith("an HTTP"):
        return ""
    return f"the method {opening.split(b' ', 1)[0][:16].decode('latin-1')}, the start of {what}"


def _not_http(opening: bytes) -> Reading:
    return Reading(1, f"{character(opening[0])}, where a method in capital letters is expected")


def _http2(opening: bytes) -> str:
    return "the connection preface" if opening.startswith(b"PRI ") else ""


def _frame(opening: bytes) -> Reading:
    length, kind = int.from_bytes(opening[:3], "big"), opening[3]
    allowed = f"; {HTTP2_FRAME:,} are allowed at first" if length > HTTP2_FRAME else ""
    return Reading(4, f"a frame of {length:,} bytes and of type 0x{kind:02x}{allowed}")


def _frame_meant(opening: bytes) -> str:
    plausible = opening[3] <= 9 and int.from_bytes(opening[:3], "big") <= HTTP2_FRAME and not opening[0]
    return _frame(opening).text if plausible and opening[5:9].hex() == "00000000" else ""


def _prefix(opening: bytes) -> Reading:
    length = int.from_bytes(opening[1:5], "big")
    return Reading(5, f"flag 0x{opening[0]:02x}, where 0 or 1 is expected, and a message of {length:,} bytes")


def _prefix_meant(opening: bytes) -> str:
    length = int.from_bytes(opening[1:5], "big")
    if opening[0] > 1 or length > MAX_FRAME:
        return ""
    return f"{'a compressed' if opening[0] else 'a'} message of {length:,} bytes"


def _binary(opening: bytes) -> str:
    kind = {1: "call", 2: "reply", 3: "exception", 4: "oneway call"}.get(opening[3])
    if opening.startswith(b"\x80\x01\0") and kind is not None:
        return f"0x{opening[:4].hex()}: version 1, a {kind}"
    return ""


def _framed(opening: bytes) -> str:
    inside = opening[4:]
    if not 0 < number(opening) <= MAX_FRAME or not inside.startswith((b"\x80\x01", b"\x0f\xff", b"\x82", b"[1,")):
        return ""
    return f"{sized(opening)} bytes in the first frame, which begins {inside[:2].hex(' ')}"


def _not_compact(opening: bytes) -> Reading:
    if opening[0] == 0x82:
        return Reading(2, f"the protocol id 0x82, but version {opening[1] & 31}, where 1 is the only one there is")
    return readings.compact_reading(opening)


def _compact(opening: bytes) -> str:
    return "the protocol id 0x82, version 1" if opening[0] == 0x82 and (opening[1:2] or b"\1")[0] & 31 == 1 else ""


def _json(opening: bytes) -> str:
    return "a message's array" if opening.startswith(b"[1,") else ""


def _zlib(opening: bytes) -> str:
    fits = opening[0] == 0x78 and not int.from_bytes(opening[:2], "big") % 31
    return f"the header 0x{opening[:2].hex()} of a compressed stream" if fits else ""


def _not_zlib(opening: bytes) -> Reading:
    if not int.from_bytes(opening[:2], "big") % 31:
        return Reading(1, f"the method {opening[0] & 15}, where 8 is deflate")
    return readings.zlib_reading(opening)


def _sasl(opening: bytes) -> str:
    length = int.from_bytes(opening[1:5], "big")
    name = {1: "START", 2: "OK", 3: "BAD", 4: "ERROR", 5: "COMPLETE"}.get(opening[0])
    return f"negotiation status {name} with {length:,} bytes" if name and length <= MAX_FRAME else ""


def _tls(opening: bytes) -> str:
    name = {20: "change of ciphers", 21: "alert", 22: "handshake", 23: "application data"}.get(opening[0])
    return f"the header of a record: {name}" if name and opening[1:2] in {b"\3", b""} else ""


def _not_tls(opening: bytes) -> Reading:
    if 20 <= opening[0] <= 23:
        return Reading(2, f"content type {opening[0]}, but version {opening[1]}, where 3 is expected")
    return readings.tls_reading(opening)


def _postgres(opening: bytes) -> str:
    magic = magic_of(opening)
    if magic is None or not magic.what.startswith("PostgreSQL"):
        return ""
    return f"a packet of {number(opening):,} bytes: {magic.what.partition(' ')[2]}"


def _redis(opening: bytes) -> str:
    return "an array, which is how commands are sent" if re.match(rb"\*\d+\r", opening) else ""


def _not_redis(opening: bytes) -> Reading:
    if not 0x20 < opening[0] < 0x7F:
        return Reading(1, f"{character(opening[0])}, where * or a word begins a command")
    return readings.redis_reading(opening)


def _kafka(opening: bytes) -> str:
    key = int.from_bytes(opening[4:6], "big")
    fits = len(opening) >= 8 and 8 <= number(opening) <= MAX_KAFKA and key < 90 and opening[6] == 0 and opening[7] < 20
    return f"a request of {number(opening):,} bytes, API key {key}" if fits else ""


def _websocket(opening: bytes) -> Reading:
    code, length = opening[0] & 15, opening[1] & 127
    masked = "masked" if opening[1] & 128 else "not masked"
    return Reading(2, f"a frame with opcode {code}, length {length}, {masked}; clients must mask theirs")


def _websocket_meant(opening: bytes) -> str:
    fits = opening[0] in {0x81, 0x82, 0x88, 0x89, 0x8A, 0xC1, 0xC2} and opening[1] & 128
    return f"a masked frame with opcode {opening[0] & 15}" if fits else ""


TAKERS: Final = (
    Taker("HTTP/1", "http", 1, _http, _not_http),
    Taker("HTTP/2 server", "http2", 4, _http2, readings.http2_reading),
    Taker("HTTP/2 frames", "http2", 4, _frame_meant, _frame),
    Taker("gRPC message", "grpc", 5, _prefix_meant, _prefix),
    Taker("Thrift binary, unframed", "thrift", 4, _binary, readings.name_reading),
    Taker("Thrift framed", "thrift", 4, _framed, readings.frame_reading),
    Taker("Thrift compact, unframed", "thrift", 1, _compact, _not_compact),
    Taker("Thrift JSON", "thrift", 1, _json, readings.json_reading),
    Taker("Thrift with SASL", "thrift", 1, _sasl, readings.sasl_reading),
    Taker("Thrift over zlib", "zlib", 2, _zlib, _not_zlib),
    Taker("TLS", "tls", 1, _tls, _not_tls),
    Taker("WebSocket", "websocket", 2, _websocket_meant, _websocket),
    Taker("PostgreSQL", "pgsql", 4, _postgres, readings.postgres_reading),
    Taker("Redis", "resp", 1, _redis, _not_redis),
    Taker("Kafka", "kafka", 4, _kafka, readings.kafka_reading),
)
"""Who may be reading, one entry for each way to take the same bytes."""
