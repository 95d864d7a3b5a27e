"""What a client's first bytes are, where they are no HTTP/1, and what a Thrift conversation's dialect is."""

from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.readings import Reading
from inspector.diagnosis.scene import Case
from inspector.model.message import Message
from inspector.protocols.thrift_explain import Context
from inspector.protocols.thrift_header import MAGIC

SHOWN: Final = 16
"""Bytes of an opening that evidence shows."""

_STARTUP: Final = b"\x00\x03\x00\x00"
_POSTGRES: Final = {
    b"\x04\xd2\x16\x2f": "SSLRequest",
    b"\x04\xd2\x16\x30": "GSSENCRequest",
    _STARTUP: "a start-up packet",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """Which protocol a client began with: its name for people, what its first bytes are to it, its name in lists."""

    name: str
    reading: Reading
    family: str = ""


def proxy_header(data: bytes) -> Opening | None:
    """The PROXY protocol's header (proxy-protocol.txt 2.1 and 2.2), None when these bytes do not begin with one."""
    if data.startswith(b"PROXY "):
        line = data[:107].split(b"\r\n", 1)[0].decode("latin-1")
        shown = "".join(c if c.isprintable() else "·" for c in line)
        return Opening("the PROXY protocol's header, version 1", Reading(len(line), f'PROXY protocol: "{shown}"'))
    if data.startswith(b"\r\n\r\n\0\r\nQUIT\n") and len(data) >= 16:
        end = min(16 + int.from_bytes(data[14:16], "big"), len(data))
        text = f"PROXY protocol: the fixed 12 bytes, version {data[12] >> 4}, and {end - 16} bytes of addresses"
        return Opening("the PROXY protocol's header, version 2", Reading(end, text))
    return None


def opening_of(data: bytes) -> Opening | None:
    """The protocol that these first bytes belong to, None when they are of none that is known here."""
    if data.startswith(b"\x16\x03") and len(data) >= 5:
        return Opening("TLS", Reading(5, f"TLS: {data[:5].hex(' ')} is the header of a handshake record"), "tls")
    if data.startswith(b"PRI * HTTP/2.0"):
        return Opening("HTTP/2", Reading(min(24, len(data)), "HTTP/2: the connection preface"), "http2")
    if data.startswith(b"SSH-"):
        return Opening("SSH", Reading(4, "SSH: the beginning of its greeting"))
    # the same bytes are Kafka's request for metadata, version 0; start-up goes on with a parameter's name
    if data[4:8] in _POSTGRES and (data[4:8] != _STARTUP or data[8:9].isalpha()):
        name = _POSTGRES[data[4:8]]
        length = int.from_bytes(data[:4], "big")
        return Opening("PostgreSQL", Reading(8, f"PostgreSQL: {name} of {length} bytes, {data[4:8].hex(' ')}"), "pgsql")
    if data[:1] == b"*" and data[1:2].isdigit() and b"\r\n" in data[:12]:
        return Opening(
            "Redis", Reading(data.index(b"\r\n") + 2, "Redis: an array, which is how commands are sent"), "resp"
        )
    return None


def dialect_of(message: Message) -> str:
    """How a Thrift message travels: its encoding and its transport, in words."""
    context = message.context
    if not isinstance(context, Context):
        return "Thrift"
    if message.kind == "sasl":
        return "SASL before Thrift"
    head = message.buffer.read(message.start, min(message.start + 6, message.end))
    if context.secured:
        transport = "framed, after SASL"
    elif context.framed:
        transport = "with THeader" if head[4:6] == MAGIC else "framed"
    elif message.parent is not None:
        transport = f"inside {message.parent.protocol}"
    else:
        transport = "not framed"
    return f"Thrift {context.encoding}, {transport}"


def shown(case: Case) -> str:
    """The client's first bytes in hex."""
    return case.opening[:SHOWN].hex(" ")
