"""What a port is asked, in bytes that harm nobody, and how answers begin.

A harmless probe is a small length, none, or a negative one to everyone who reads a length first: nobody must allocate
or wait for much. "GET " is 1.1 GB to a Thrift server in Java that is not strict, and ends the process; a TLS hello
(0x16030100) and "PRI " are as bad. The few probes whose bytes might be more are only sent when an earlier answer, or
the lack of one, rules those readers out.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

HTTP: Final = "http"
HTTP2: Final = "http2"
TLS: Final = "tls"
SASL: Final = "sasl"
THRIFT: Final = "thrift"
REDIS: Final = "resp"
POSTGRES: Final = "pgsql"
KAFKA: Final = "kafka"
OTHER: Final = "other"
"""What an answer may be the beginning of; "" for none."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Bytes to send, what they are for people, and, where an answer of Thrift's tells its form, that form."""

    name: str
    data: bytes
    form: str = ""


def _framed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


NAME: Final = b"getName"
"""A method without arguments that every service of fb303's has; others answer that they do not know it."""
_CALL: Final = b"\x80\x01\x00\x01" + _framed(NAME) + b"\x00\x00\x00\x01\x00"
_OLD: Final = _framed(NAME) + b"\x01\x00\x00\x00\x01\x00"
_COMPACT: Final = b"\x82\x21\x01\x07" + NAME + b"\x00"
_JSON: Final = b'[1,"getName",1,1,{}]'
_HEADER: Final = _framed(b"\x0f\xff\x00\x00" + b"\x00\x00\x00\x01" + b"\x00\x01" + b"\x00\x00\x00\x00" + _CALL)

LISTENING: Final = Probe("listening", b"")
LINE: Final = Probe("a line of one letter", b"a\r\n")
"""Servers of text answer with an error, those of lengths wait for a fourth byte, Thrift's compact and JSON hang up."""
LENGTH: Final = Probe("a length of 64 and two bytes", b"\0\0\0\x40\r\n")
"""Whoever believes in lengths waits; SASL and TLS complain or hang up. The line's end lies where no length is read."""
BINARY: Final = Probe("a Thrift call, getName", _CALL, "binary, not framed")
FRAMED: Final = Probe("a framed Thrift call, getName", _framed(_CALL), "binary, framed")
COMPACT: Final = Probe("a compact Thrift call, getName", _COMPACT, "compact, not framed")
FRAMED_COMPACT: Final = Probe("a framed compact Thrift call, getName", _framed(_COMPACT), "compact, framed")
CALLS: Final = (BINARY, FRAMED, COMPACT, FRAMED_COMPACT)
OLD: Final = {
    BINARY.form: Probe("the same without a version, as old clients call", _OLD, "binary, not framed"),
    FRAMED.form: Probe("the same without a version, as old clients call", _framed(_OLD), "binary, framed"),
}
"""By the form that was answered: whether the server is not strict, and takes a stray request's text for a length."""
SSL_REQUEST: Final = Probe("PostgreSQL's SSLRequest", b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
API_VERSIONS: Final = Probe(
    "Kafka's request for its versions", _framed(struct.pack(">hhih", 18, 0, 1, len(b"probe")) + b"probe")
)
BRACKET: Final = Probe("a single bracket", b"[")
JSON: Final = Probe("a Thrift call in JSON, getName", _JSON, "json, not framed")
"""Only to a server that hangs up on the letter of a line but not on a bracket: none that reads lengths does that."""
HEADER: Final = Probe("a Thrift call with THeader, getName", _HEADER, "binary, with THeader")
"""Only where a framed call was not answered: to a framed reader that is not strict it would be a name of 256 MB."""


def _post(path: str) -> Probe:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-thrift\r\n"
    text = f"{head}Content-Length: {len(_CALL)}\r\nConnection: close\r\n\r\n"
    return Probe(f"a Thrift call over HTTP to {path}", text.encode() + _CALL, "binary, over HTTP")


POSTS: Final = (_post("/"), _post("/cliservice"))
"""Only to a server that speaks HTTP/1."""


def _grpc() -> Probe:
    """Preface, SETTINGS and one call: POST /grpc.health.v1.Health/Check with an empty message (RFC 9113 3.4, 6)."""
    fields = ((":path", "/grpc.health.v1.Health/Check"), (":authority", "localhost"), ("te", "trailers"))
    # RFC 7541 6.1: indices 3 and 6 of the static table are :method POST and :scheme http; 6.2.2: literals
    block = b"\x83\x86" + b"".join(_literal(*field) for field in (*fields, ("content-type", "application/grpc")))
    frames = _frame(4, 0, 0, b"") + _frame(1, 4, 1, block) + _frame(0, 1, 1, bytes(5))
    return Probe("a gRPC call, grpc.health.v1.Health/Check", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames)


def _literal(name: str, value: str) -> bytes:
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


GRPC: Final = _grpc()
"""Only to a server that speaks HTTP/2."""

_REDIS: Final = re.compile(rb"(\+[A-Z]|-[A-Z]{2,12} |[:$*]-?\d+\r\n)")
_POSTGRES: Final = re.compile(rb"E\0\0..[SM]", re.DOTALL)
SETTINGS: Final = 4
GOAWAY: Final = 7
_STATUSES: Final = (3, 4)


def kind_of(probe: Probe, answer: bytes) -> str:
    """What the first bytes of an answer to a probe belong to; "" for no answer."""
    if not answer:
        return ""
    if answer.startswith((b"HTTP/1.", b"<!DOCTYPE", b"<html", b"<HTML")):
        return HTTP
    if answer[:2] in {b"\x15\x03", b"\x16\x03"}:
        return TLS
    if len(answer) >= 9 and answer[3] in {SETTINGS, GOAWAY} and not any(answer[5:9]):
        return HTTP2
    if probe.form and _is_thrift(answer):
        return THRIFT
    if len(answer) > 5 and answer[0] in _STATUSES and answer[1:3] == b"\0\0" and answer[5:].isascii():
        return SASL
    if (probe is SSL_REQUEST and answer in {b"N", b"S"}) or _POSTGRES.match(answer):
        return POSTGRES
    if probe is API_VERSIONS and answer[4:8] == probe.data[8:12]:
        return KAFKA
    return REDIS if probe.data and _REDIS.match(answer) else OTHER


def _is_thrift(answer: bytes) -> bool:
    """A reply or an exception, framed or not, in one of the encodings."""
    return (
        answer.startswith((b"\x80\x01\x00", b"\x82", b"[1,"))
        or answer[4:7] == b"\x80\x01\x00"
        or answer[4:6] == b"\x0f\xff"
        or answer[4:5] == b"\x82"
        or answer[4 : 4 + len(NAME)] == NAME
        or answer[8 : 8 + len(NAME)] == NAME
    )
