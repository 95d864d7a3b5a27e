"""What different readers take the same first bytes for: always computed from the bytes at hand."""

from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.words import size

MAX_FRAME: Final = 16_384_000
"""Bytes of one frame that Thrift servers accept: TConfiguration's DEFAULT_MAX_FRAME_SIZE."""
MAX_STARTUP: Final = 10_000
"""Bytes of a PostgreSQL startup packet: MAX_STARTUP_PACKET_LENGTH."""
MAX_KAFKA: Final = 104_857_600
"""Bytes of one Kafka request: the broker's socket.request.max.bytes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The first `end` bytes of a side, as one reader understands them."""

    end: int
    text: str


def number(opening: bytes) -> int:
    """The first four bytes as a signed big-endian number, as Thrift, Kafka and PostgreSQL read a length."""
    return int.from_bytes(opening[:4].ljust(4, b"\0"), "big", signed=True)


def sized(opening: bytes) -> str:
    """The same number in hexadecimal and decimal."""
    return f"0x{opening[:4].hex()} = {number(opening):,}"


def character(byte: int) -> str:
    """A byte as a character where it is one."""
    return f"'{chr(byte)}'" if 32 <= byte < 127 else f"byte 0x{byte:02x}"


def http_reading(opening: bytes) -> Reading:
    """What the client meant."""
    method = opening.split(b" ", 1)[0][:32]
    line = opening.split(b"\n", 1)[0][:60].decode("latin-1").rstrip("\r")
    text = f'HTTP/1: the method {method.decode("latin-1")} and a space, the start of "{line}"'
    return Reading(min(len(method) + 1, len(opening)), text)


def no_status_line(answer: bytes) -> Reading:
    """What an HTTP client makes of an answer that is none (RFC 9112 4)."""
    end = min(4, len(answer))
    return Reading(end, f'HTTP/1: no status line, {answer[:end].hex(" ")} where 48 54 54 50, "HTTP", is expected')


def name_reading(opening: bytes) -> Reading:
    """Thrift's binary protocol, unframed: a version word, or the length of a name (thrift-binary-protocol.md)."""
    value = number(opening)
    if value < 0:
        return Reading(4, f"Thrift, unframed binary: the version word 0x{opening[:4].hex()}")
    return Reading(
        4,
        f"Thrift, unframed binary: {sized(opening)}. The top bit is 0, so there is no version word, and an old "
        f"client's method name of {size(value)} follows",
    )


def frame_reading(opening: bytes) -> Reading:
    """Thrift's framed transport: a frame's length (thrift-rpc.md, Framed transport)."""
    value = number(opening)
    verdict = f"servers accept {MAX_FRAME:,}" if value > MAX_FRAME else "a length that is accepted"
    if value < 0:
        verdict = "a negative length"
    return Reading(4, f"Thrift, framed: {sized(opening)} bytes in the first frame; {verdict}")


def compact_reading(opening: bytes) -> Reading:
    """Thrift's compact protocol: the protocol id 0x82 (thrift-compact-protocol.md)."""
    return Reading(1, f"Thrift, compact: protocol id 0x{opening[0]:02x}, where 0x82 is the only one there is")


def json_reading(opening: bytes) -> Reading:
    """Thrift's JSON protocol: an array."""
    return Reading(1, f"Thrift, JSON: {character(opening[0])}, where a message begins with '['")


def zlib_reading(opening: bytes) -> Reading:
    """RFC 1950 2.2: CMF and FLG, together a multiple of 31."""
    check = int.from_bytes(opening[:2], "big")
    return Reading(2, f"zlib: header 0x{opening[:2].hex()} = {check:,}, and {check:,} mod 31 is {check % 31}, not 0")


def sasl_reading(opening: bytes) -> Reading:
    """Thrift's SASL negotiation: a status byte (thrift-sasl-spec.txt)."""
    first = opening[0]
    return Reading(
        1, f"Thrift with SASL: negotiation status {first} ({character(first)}); there are only 1 START to 5 COMPLETE"
    )


def tls_reading(opening: bytes) -> Reading:
    """A TLS record's content type (RFC 8446 5.1)."""
    return Reading(1, f"TLS: content type {opening[0]}, where a handshake is 22 (0x16)")


def http2_reading(opening: bytes) -> Reading:
    """The connection preface (RFC 9113 3.4)."""
    return Reading(
        min(4, len(opening)), f'HTTP/2: "{opening[:4].decode("latin-1")}", where the preface begins with "PRI "'
    )


def postgres_reading(opening: bytes) -> Reading:
    """The length of the startup packet (PostgreSQL, Message Formats)."""
    return Reading(4, f"PostgreSQL: {sized(opening)} bytes of startup packet; {MAX_STARTUP:,} are allowed")


def redis_reading(opening: bytes) -> Reading:
    """A command in one line (RESP, inline commands)."""
    word = opening.split(None, 1)[0][:32].decode("latin-1") if opening.strip() else ""
    return Reading(min(len(word), len(opening)), f"Redis: {word} as an inline command")


def kafka_reading(opening: bytes) -> Reading:
    """The size of a request (Kafka protocol guide, Common Request and Response Structure)."""
    return Reading(4, f"Kafka: {sized(opening)} bytes of request; {MAX_KAFKA:,} are allowed")
