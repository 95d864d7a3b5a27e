"""Asking a port what it speaks: listens first, then sends a few bytes that harm nobody, and records the exchange.

A harmless probe is a small length, or none, to everyone: readers of a four-byte length must neither allocate nor wait
for much. "GET " is 1.1 GB to a Java server with old Thrift, and has killed one.
"""

import socket
import time
from dataclasses import dataclass
from typing import IO, Final

from inspector.capture.blocks import interface_block, section_block
from inspector.capture.live.segments import ACK, FIN, MOST, PSH, RST, SYN, Conversation, End
from inspector.model.errors import CaptureError

CONNECT: Final = 3.0
"""Seconds to wait for a connection."""
PATIENCE: Final = 0.8
"""Seconds to wait for an answer's next byte."""
MOST_ANSWER: Final = 65_536
"""Bytes of an answer that are read."""
RAW_IP: Final = 101
"""LINKTYPE_RAW."""

_NAME: Final = b"\x00\x00\x00\x07getName"
_CALL: Final = b"\x80\x01\x00\x01" + _NAME + b"\x00\x00\x00\x01\x00"


@dataclass(frozen=True, slots=True)
class Probe:
    """Bytes to send, and what they are to whom."""

    name: str
    data: bytes


PROBES: Final = (
    Probe("listening", b""),
    Probe("a length of 4 and line ends", b"\x00\x00\x00\x04\r\n\r\n"),
    Probe("a framed Thrift call, getName", len(_CALL).to_bytes(4, "big") + _CALL),
    Probe("a Thrift call, getName", _CALL),
    Probe("a compact Thrift call, getName", b"\x82\x21\x01\x07getName\x00"),
)
"""Sent in this order, each on a connection of its own."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back to a probe, and how it ended: "fin", "rst", or "" for silence."""

    probe: Probe
    answer: bytes
    ending: str


def probe(end: End, out: IO[bytes]) -> list[Heard]:
    """Send all probes to `end` and write the exchange to `out` as pcapng. Raises CaptureError when none gets through.

    A server that speaks first is only listened to.
    """
    out.write(section_block([]) + interface_block(RAW_IP, 0, "probe", "what a few harmless probes were answered"))
    found: list[Heard] = []
    for each in PROBES:
        found.append(_ask(end, each, out))
        if not each.data and found[0].answer:
            break
    return found


def _ask(end: End, each: Probe, out: IO[bytes]) -> Heard:
    try:
        link = socket.create_connection(end, CONNECT)
    except OSError as error:
        raise CaptureError(f"{end[0]}:{end[1]}: {(error.strerror or str(error)).lower()}") from None
    with link:
        talk = Conversation(link.getsockname()[:2], link.getpeername()[:2])
        for side, flags in ((0, SYN), (1, SYN | ACK), (0, ACK)):
            out.write(talk.segment(side, flags, time.time_ns()))
        if each.data:
            out.write(talk.segment(0, PSH | ACK, time.time_ns(), each.data))
            link.sendall(each.data)
        return _listen(link, each, talk, out)


def _listen(link: socket.socket, each: Probe, talk: Conversation, out: IO[bytes]) -> Heard:
    link.settimeout(PATIENCE)
    answer = b""
    ending = ""
    if each.data:
        out.write(talk.segment(1, ACK, time.time_ns()))
    while len(answer) < MOST_ANSWER:
        try:
            part = link.recv(min(MOST, MOST_ANSWER - len(answer)))
        except TimeoutError:
            break
        except OSError:
            ending = "rst"
            out.write(talk.segment(1, RST | ACK, time.time_ns()))
            break
        if not part:
            ending = "fin"
            out.write(talk.segment(1, FIN | ACK, time.time_ns()))
            break
        out.write(talk.segment(1, PSH | ACK, time.time_ns(), part))
        answer += part
    if ending != "rst":
        out.write(talk.segment(0, FIN | ACK, time.time_ns()))
    return Heard(each, answer, ending)
