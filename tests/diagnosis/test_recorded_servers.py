"""The truth table: real servers, recorded while curl and a few bytes of other protocols were sent to each of them.

Every recording holds, in this order: curl with GET, with --http0.9, with POST, with https://, with
--http2-prior-knowledge; then `a\\r\\n`, Thrift's getName in three forms, Redis' PING, an SSH greeting, PostgreSQL's
SSLRequest, the PROXY protocol's header in both versions, CONNECT, and a whole URL in the request line.
"""

import gzip
from pathlib import Path
from typing import NamedTuple

import pytest

from inspector.model.finding import Finding
from inspector.model.sides import CLIENT, SERVER
from inspector.session import Session

HERE = Path(__file__).parent / "recorded"

STRICT = "Thrift, binary, strict, buffered"
LIMITED = "Thrift, binary, not strict but with a length limit"
UNLIMITED = "Thrift, binary, not strict and without a length limit"
COMPACT = "Thrift, compact, buffered"
JSON = "Thrift, JSON, buffered"
FRAMED = "Thrift, framed, in Java, Node or a non-blocking server"
FRAMED_THREADS = "Thrift, framed, in a Python thread server"
FRAMED_UNLIMITED = "Thrift, framed, without a length limit"
THRIFTPY2 = "Thrift, framed or JSON, in thriftpy2"


class Row(NamedTuple):
    """curl's exit codes for GET, for https:// and for HTTP/2; the reader that the server is, where it stayed silent."""

    get: int
    https: int
    http2: int
    reader: str


ROWS = {
    "grpc-plain": Row(1, 35, 92, ""),
    "grpc-tls": Row(52, 92, 18, "TLS"),
    "hms-2.3.9-binary": Row(52, 35, 18, STRICT),
    "hms-2.3.9-compact": Row(52, 35, 18, COMPACT),
    "hms-2.3.9-framed": Row(52, 35, 18, FRAMED),
    "hms-2.3.9-tls": Row(1, 52, 18, ""),
    "hs2-spark-sasl": Row(1, 35, 55, ""),
    "hypercorn-tls": Row(52, 0, 18, "TLS"),
    "java-libthrift-0.12-nonblocking": Row(52, 35, 18, FRAMED),
    "java-libthrift-0.12-pool_json": Row(52, 35, 18, JSON),
    "java-libthrift-0.12-pool_nonstrict": Row(28, 28, 28, "Thrift, binary, not strict, in Java"),
    "java-libthrift-0.12-simple_nonstrict": Row(52, 7, 7, "Thrift, binary, not strict, in Java"),
    "java-libthrift-0.12-simple_strict": Row(52, 35, 18, STRICT),
    "java-libthrift-0.12-threadedselector": Row(52, 35, 18, FRAMED),
    "kafka-mock": Row(56, 35, 55, ""),
    "nginx-expects-proxy": Row(52, 35, 18, "An HTTP server after all"),
    "nginx-h2c": Row(1, 35, 0, ""),
    "nginx-http1": Row(0, 35, 52, ""),
    "nginx-tls": Row(0, 0, 52, ""),
    "npm-thrift-buffered_binary": Row(28, 28, 28, UNLIMITED),
    "npm-thrift-buffered_compact": Row(52, 35, 18, COMPACT),
    "npm-thrift-buffered_json": Row(52, 35, 18, JSON),
    "npm-thrift-framed_binary": Row(52, 35, 18, FRAMED),
    "postgresql-15": Row(52, 35, 18, "PostgreSQL"),
    "pythrift0.13.0-http-none-binary": Row(0, 35, 52, ""),
    "pythrift0.13.0-nonblocking-framed-binary": Row(28, 28, 28, FRAMED_UNLIMITED),
    "pythrift0.13.0-simple-buffered-binary": Row(28, 28, 28, UNLIMITED),
    "pythrift0.13.0-threaded-buffered-binary_strict": Row(52, 35, 18, STRICT),
    "pythrift0.13.0-threaded-buffered-compact": Row(52, 35, 18, COMPACT),
    "pythrift0.13.0-threaded-buffered-json": Row(52, 35, 18, JSON),
    "pythrift0.13.0-threaded-framed-binary_strict": Row(28, 28, 28, FRAMED_UNLIMITED),
    "pythrift0.25.0-http-none-binary": Row(0, 35, 55, ""),
    "pythrift0.25.0-http-none-json": Row(0, 35, 52, ""),
    "pythrift0.25.0-nonblocking-framed-binary": Row(52, 35, 18, FRAMED),
    "pythrift0.25.0-simple-buffered-binary": Row(52, 35, 18, LIMITED),
    "pythrift0.25.0-simple-buffered-binary_strict": Row(52, 35, 18, STRICT),
    "pythrift0.25.0-threaded-buffered-binary": Row(52, 35, 18, LIMITED),
    "pythrift0.25.0-threaded-buffered-binary_acc": Row(52, 35, 18, LIMITED),
    "pythrift0.25.0-threaded-buffered-binary_strict": Row(52, 35, 56, STRICT),
    "pythrift0.25.0-threaded-buffered-compact": Row(52, 35, 56, COMPACT),
    "pythrift0.25.0-threaded-buffered-compact_acc": Row(52, 35, 18, COMPACT),
    "pythrift0.25.0-threaded-buffered-json": Row(52, 35, 18, JSON),
    "pythrift0.25.0-threaded-framed-binary": Row(56, 35, 56, FRAMED_THREADS),
    "pythrift0.25.0-threaded-framed-binary_strict": Row(56, 35, 56, FRAMED_THREADS),
    "pythrift0.25.0-threaded-framed-compact": Row(56, 35, 56, FRAMED_THREADS),
    "pythrift0.25.0-threaded-framed-json": Row(56, 35, 56, FRAMED_THREADS),
    "pythrift0.25.0-threaded-none-binary_strict": Row(56, 35, 56, "Thrift, binary, strict, unbuffered"),
    "pythrift0.25.0-threaded-none-header": Row(56, 35, 56, "Thrift, header transport"),
    "pythrift0.25.0-threaded-zlib-binary": Row(56, 35, 56, "Thrift over zlib"),
    "redis-7": Row(52, 28, 52, "Redis"),
    "smtpd": Row(1, 35, 52, ""),
    "sshd": Row(1, 35, 52, ""),
    "thriftpy2-0.7.1-buf_bin": Row(52, 35, 18, STRICT),
    "thriftpy2-0.7.1-buf_compact": Row(52, 35, 18, COMPACT),
    "thriftpy2-0.7.1-buf_json": Row(52, 35, 18, THRIFTPY2),
    "thriftpy2-0.7.1-cybuf_cybin": Row(52, 35, 18, STRICT),
    "thriftpy2-0.7.1-framed_bin": Row(52, 35, 18, THRIFTPY2),
    "tinyproxy": Row(0, 28, 55, ""),
}

WITNESSED = [
    name for name, row in ROWS.items() if row.reader[:6] == "Thrift" and row.reader not in {FRAMED_UNLIMITED, THRIFTPY2}
]
"""Rows for which a library is at hand that reads as the server does."""
SHORT = b"a\r\n"
WELL = {
    "kafka-mock": {1},
    "nginx-expects-proxy": {13, 14},
    "postgresql-15": {12},
    "redis-7": {10},
    "sshd": {11},
}
"""Flows that went well though nobody here decodes their protocol: the server's own."""


@pytest.fixture(scope="module", params=ROWS)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Session]:
    """One recording, opened."""
    name = str(request.param)
    path = tmp_path_factory.mktemp("recorded") / f"{name}.pcap"
    path.write_bytes(gzip.decompress((HERE / f"{name}.pcap.gz").read_bytes()))
    return name, Session.open(str(path))


def opened_with(session: Session, protocol: str, start: bytes) -> int:
    """The first flow that the client opened with `start`; 0 when there is none."""
    for message in session.messages:
        is_first = message.side == CLIENT and message.protocol == protocol and message.start == 0
        if is_first and message.buffer.read(0, len(start)) == start:
            return message.flow
    return 0


def about(session: Session, flow: int) -> list[Finding]:
    return [finding for finding in session.findings() if finding.flow == flow]


def is_explained(finding: Finding) -> bool:
    """Whether it says what both sides believe, what to do, and proves it."""
    beliefs = "The client" in finding.why and ("he server" in finding.why or "What may have read" in finding.why)
    return beliefs and bool(finding.see and finding.do and finding.evidence and finding.references)


def test_every_recording_is_in_the_table() -> None:
    assert {path.name.removesuffix(".pcap.gz") for path in HERE.iterdir()} == set(ROWS)


def test_what_curl_printed_is_told(recorded: tuple[str, Session]) -> None:
    name, session = recorded
    row = ROWS[name]
    if row.get:
        finding = about(session, opened_with(session, "http", b"GET / HTTP/1.1"))[0]
        assert finding.severity == "error"
        assert f"({row.get})" in finding.see
        assert is_explained(finding)
    https = opened_with(session, "tls", b"\x16\x03")
    if row.https in {35, 28}:
        assert any(
            (f"({row.https})" in each.see and is_explained(each)) or each.rule == "http2-bad-preface"
            for each in about(session, https)
        )
    else:
        assert about(session, https) == []
    if row.http2 in {18, 28, 56}:
        http2 = about(session, opened_with(session, "http2", b"PRI * HTTP/2.0"))
        assert any(f"({row.http2})" in each.see or each.rule == "plain-to-tls" for each in http2)


@pytest.mark.parametrize("recorded", [name for name, row in ROWS.items() if row.reader], indirect=True)
def test_the_right_reader_is_among_the_first(recorded: tuple[str, Session]) -> None:
    name, session = recorded
    (finding, *_) = about(session, opened_with(session, "http", b"GET / HTTP/1.1"))
    listed = [line for line in finding.why.splitlines() if line[:3] in {"1. ", "2. "}]
    assert any(line[3:].startswith(ROWS[name].reader) for line in listed), listed


@pytest.mark.parametrize("recorded", WITNESSED, indirect=True)
def test_the_witness_is_quoted(recorded: tuple[str, Session]) -> None:
    _, session = recorded
    witness = about(session, opened_with(session, "http", b"GET / HTTP/1.1"))[0].witness
    assert witness is not None
    assert witness.library == "thrift"
    assert witness.version
    assert "having taken" in witness.says


def test_every_conversation_in_the_wrong_protocol_is_explained(recorded: tuple[str, Session]) -> None:
    name, session = recorded
    explained = {finding.flow for finding in session.findings()}
    first: dict[int, list[str]] = {}
    for message in session.messages:
        if message.parent is None:
            sides = first.setdefault(message.flow, ["", ""])
            sides[message.side] = sides[message.side] or message.protocol
    for flow, (asked, answered) in first.items():
        opening = session.flow(flow).buffers[CLIENT].read(0, 4)
        is_short = opening == SHORT and bool(session.flow(flow).buffers[SERVER].size)
        is_well = asked == answered != "data" or flow in WELL.get(name, set()) or is_short
        assert is_well or flow in explained, f"flow {flow}: {asked} answered by {answered or 'nothing'}"


def test_all_evidence_is_in_the_packets(recorded: tuple[str, Session]) -> None:
    _, session = recorded
    for finding in session.findings():
        for evidence in finding.evidence:
            data = session.packet(evidence.packet).data
            assert data[evidence.start : evidence.end] == evidence.bytes, f"{finding.rule}: {evidence.reads_as}"


@pytest.mark.parametrize(
    ("recorded", "name"),
    [("redis-7", "Redis"), ("postgresql-15", "PostgreSQL"), ("hypercorn-tls", "TLS"), ("kafka-mock", "Kafka")],
    indirect=["recorded"],
)
def test_a_port_that_speaks_for_itself_elsewhere_is_named(recorded: tuple[str, Session], name: str) -> None:
    _, session = recorded
    (finding,) = about(session, opened_with(session, "http", b"GET / HTTP/1.1"))
    assert finding.title.startswith(f"HTTP sent to {name}: ")
    assert f"spoke to it on port {session.flow(finding.flow).server.port}: {name} (flow" in finding.why
    calls = [f for f in session.findings() if f.rule == "thrift-unanswered"]
    assert all(f.title == f"Thrift sent to a port that speaks {name}" and f.severity == "error" for f in calls)
