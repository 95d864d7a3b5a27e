"""Probes harm nobody: the whole interrogation is run against readers of every kind, and what they take is measured."""

import io
import struct
from collections.abc import Callable

import pytest

from inspector.capture.live import probes
from inspector.capture.live.probe import Heard, Prober, interrogate
from inspector.capture.live.probes import Probe

SMALL = 4096
"""Bytes that anybody may allocate or wait for."""
MOST = {"mongodb": 33 << 20}
"""A TLS hello, read with the lowest byte first, is 32 MiB: less than the 48 MB that MongoDB takes from anybody."""
REPLY = b"\x80\x01\x00\x03"

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32))


class Short(Exception):
    """The reader waits for more than has come."""


class Refused(Exception):
    """The reader closes."""


class Bytes:
    """What has arrived, and the largest length that was believed of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.largest = 0

    def take(self, size: int) -> bytes:
        self.largest = max(self.largest, size)
        if len(self.data) < size:
            raise Short
        found, self.data = self.data[:size], self.data[size:]
        return found

    def signed(self) -> int:
        return int(struct.unpack(">i", self.take(4))[0])

    def unsigned(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])


def binary(data: Bytes, strict: bool) -> None:
    """Thrift's binary protocol, without any limit of length, as in Java."""
    first = data.signed()
    if first < 0:
        if first & 0xFFFF0000 != 0x80010000:
            raise Refused
        data.take(data.signed())
    elif strict:
        raise Refused
    else:
        data.take(first)
        data.take(1)
    data.take(4)
    data.take(1)


def compact(data: Bytes) -> None:
    if data.take(1) != b"\x82":
        raise Refused
    data.take(1)
    for _ in range(2):
        size = data.take(1)[0]
        if size > 127:
            raise Refused
    data.take(size)
    data.take(1)


def framed(inner: Callable[[Bytes], None], limit: int, unsigned: bool = False) -> Callable[[Bytes], None]:
    def read(data: Bytes) -> None:
        size = data.unsigned() if unsigned else data.signed()
        if not 0 <= size <= limit:
            raise Refused
        inside = Bytes(data.take(size))
        try:
            inner(inside)
        except Short:
            raise Refused from None
        finally:
            data.largest = max(data.largest, inside.largest)

    return read


def length(limit: int, unsigned: bool = False) -> Callable[[Bytes], None]:
    """Any protocol whose messages begin with their length: it reads one and refuses it."""

    def read(data: Bytes) -> None:
        size = data.unsigned() if unsigned else data.signed()
        if not 0 <= size <= limit:
            raise Refused
        data.take(size)
        raise Refused

    return read


def little(data: Bytes) -> None:
    """A length with the lowest byte first, up to 48 MB, as MongoDB's."""
    size = int.from_bytes(data.take(4), "little", signed=True)
    if not 0 <= size <= 48_000_000:
        raise Refused
    data.take(size)
    raise Refused


def two_bytes(data: Bytes) -> None:
    """A length of two bytes, as DNS over TCP has it: never much."""
    data.take(min(int.from_bytes(data.take(2), "big"), SMALL))


def sasl(data: Bytes) -> None:
    head = data.take(5)
    if not 1 <= head[0] <= 5:
        raise Refused
    data.take(int.from_bytes(head[1:], "big"))


def json(data: Bytes) -> None:
    if data.take(1) != b"[":
        raise Refused
    data.take(19)


def zlib(data: Bytes) -> None:
    if int.from_bytes(data.take(2), "big") % 31:
        raise Refused
    data.take(1000)


BIG = 1 << 31
READERS: dict[str, Callable[[Bytes], None]] = {
    "binary, not strict, Java": lambda data: binary(data, strict=False),
    "binary, strict": lambda data: binary(data, strict=True),
    "framed, not strict, no limit": framed(lambda data: binary(data, strict=False), BIG),
    "framed, not strict, non-blocking Java": framed(lambda data: binary(data, strict=False), 256 << 20),
    "framed, strict": framed(lambda data: binary(data, strict=True), 16_384_000),
    "framed, strict, Go": framed(lambda data: binary(data, strict=True), 16_384_000, unsigned=True),
    "compact": compact,
    "framed compact": framed(compact, BIG),
    "json": json,
    "framed json": framed(json, BIG),
    "zlib": zlib,
    "sasl": sasl,
    "kafka": length(104_857_600),
    "postgresql": length(10_000, unsigned=True),
    "any signed length": length(BIG),
    "zookeeper": length(0xFFFFF),
    "two bytes of length": two_bytes,
    "mongodb": little,
}


class Subject(Prober):
    """A prober whose other end is a reader of this table; nothing is sent anywhere."""

    def __init__(self, reader: Callable[[Bytes], None]) -> None:
        super().__init__(("127.0.0.1", 9), io.BytesIO())
        self.reader = reader
        self.largest: dict[str, int] = {}

    def ask(self, probe: Probe) -> Heard:
        data = Bytes(probe.data)
        answer, ending = b"", ""
        try:
            if probe.data:
                self.reader(data)
                answer = REPLY
        except Short:
            pass
        except Refused:
            ending = "fin"
        self.largest[probe.name] = data.largest
        self.heard.append(Heard(probe, answer if probe.form else b"", ending, len(self.heard) + 1))
        return self.heard[-1]

    def ask_inside(self, probe: Probe) -> Heard:
        """A TLS hello; nobody here speaks TLS."""
        return self.ask(Probe(f"{probe.name} inside TLS", HELLO))


@pytest.mark.parametrize("name", READERS)
def test_nobody_takes_a_probe_for_much(name: str) -> None:
    subject = Subject(READERS[name])
    interrogate(subject)
    assert {probe: size for probe, size in subject.largest.items() if size > MOST.get(name, SMALL)} == {}
    assert len(subject.heard) > 1


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n", b"\x16\x03\x01\x00\xa5" + bytes(99)])
def test_the_table_knows_harm_when_it_sees_it(opening: bytes) -> None:
    subject = Subject(READERS["binary, not strict, Java"])
    subject.ask(Probe("harm", opening))
    assert subject.largest["harm"] > 300_000_000


def test_what_is_only_sent_on_evidence_would_harm_without() -> None:
    subject = Subject(READERS["framed, not strict, no limit"])
    subject.ask(probes.HEADER)
    assert subject.largest[probes.HEADER.name] == 0x0FFF0000
    interrogate(subject)
    assert [heard.probe for heard in subject.heard].count(probes.HEADER) == 1


@pytest.mark.parametrize("probe", [*probes.CALLS, probes.LENGTH, probes.SSL_REQUEST, probes.API_VERSIONS])
def test_the_first_word_is_small_or_negative(probe: Probe) -> None:
    assert int.from_bytes(probe.data[:4], "big", signed=True) <= 64


@pytest.mark.parametrize(
    ("probe", "answer", "kind"),
    [
        (probes.LINE, b"HTTP/1.1 400 Bad Request\r\n", probes.HTTP),
        (probes.LINE, b"<!DOCTYPE HTML>", probes.HTTP),
        (probes.LINE, b"\x15\x03\x03\x00\x02\x02\x0a", probes.TLS),
        (probes.LISTENING, bytes.fromhex("000018040000000000"), probes.HTTP2),
        (probes.LINE, b"-ERR unknown command", probes.REDIS),
        (probes.LENGTH, b"\x04\x00\x00\x00\x10Invalid status 0", probes.SASL),
        (probes.SSL_REQUEST, b"N", probes.POSTGRES),
        (probes.FRAMED, b"E\x00\x00\x00\x8aSFATAL\x00", probes.POSTGRES),
        (probes.BINARY, bytes.fromhex("80010003"), probes.THRIFT),
        (probes.LISTENING, b"220 mail ESMTP\r\n", probes.OTHER),
        (probes.LINE, b"", ""),
    ],
)
def test_answers_are_told_by_how_they_begin(probe: Probe, answer: bytes, kind: str) -> None:
    assert probes.kind_of(probe, answer) == kind
