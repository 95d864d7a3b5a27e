"""Clients that speak one protocol to a server of another, Thrift dialects mixed up: which rule speaks, how surely."""

from pathlib import Path

import pytest

from diagnosis.exchange import CALL, CLIENT, GET, REPLY, SERVER, Talk, Wire, found

HELLO = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(range(32)) + b"\x00\x00\x02\x13\x01\x01\x00"
ALERT = b"\x15\x03\x03\x00\x02\x02\x0a"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
PING = b"*1\r\n$4\r\nPING\r\n"
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"
COMPACT = b"\x82\x21\x01\x07getName\x00"
FRAMED = len(CALL).to_bytes(4, "big") + CALL
FRAMED_REPLY = len(REPLY).to_bytes(4, "big") + REPLY
JSON = b'[1,"getName",1,1,{}]'
START = b"\x01\x00\x00\x00\x06GSSAPI\x02\x00\x00\x00\x02ab"


def sasl(text: bytes) -> bytes:
    return b"\x04" + len(text).to_bytes(4, "big") + text


def silent(opening: bytes, port: int, how: str = "closed") -> Wire:
    """One connection whose server ends it without a byte."""
    wire = Wire()
    say_silent(wire, opening, port, how)
    return wire


def say_silent(wire: Wire, opening: bytes, port: int, how: str = "closed") -> None:
    talk = Talk(wire, port)
    talk.say(CLIENT, opening)
    wire.wait(0.003 if how != "hang" else 3.0)
    if how == "reset":
        talk.rst(SERVER)
    else:
        talk.close(SERVER if how == "closed" else CLIENT)


def answered(opening: bytes, port: int, answer: bytes) -> Wire:
    wire = Wire()
    talk = Talk(wire, port)
    talk.say(CLIENT, opening)
    talk.say(SERVER, answer)
    talk.close(SERVER)
    return wire


def works(wire: Wire, port: int, call: bytes = CALL, reply: bytes = REPLY) -> None:
    """A conversation on the same port that goes well."""
    talk = Talk(wire, port)
    talk.say(CLIENT, call)
    talk.say(SERVER, reply)
    talk.close(CLIENT)


@pytest.mark.parametrize("how", ["closed", "reset", "hang"])
@pytest.mark.parametrize("opening", [PREFACE, PING, SSL_REQUEST, SSH])
def test_other_protocols_to_a_port_that_speaks_thrift(tmp_path: Path, opening: bytes, how: str) -> None:
    wire = silent(opening, 7070, how)
    works(wire, 7070)
    (finding,) = found(wire, tmp_path)
    assert (finding.rule, finding.severity) == ("opening-unanswered", "error")
    assert finding.title.endswith("a port that speaks Thrift")
    (finding,) = found(silent(opening, 7070, how), tmp_path)
    assert finding.severity == "warning"


@pytest.mark.parametrize("how", ["closed", "reset", "hang"])
def test_tls_to_thrift(tmp_path: Path, how: str) -> None:
    wire = silent(HELLO, 9083, how)
    (finding,) = found(wire, tmp_path)
    assert (finding.rule, finding.severity) == ("tls-to-plain", "warning")
    assert finding.witness is not None
    assert "369,295,616" in finding.why
    works(wire, 9083)
    assert found(wire, tmp_path)[0].severity == "error"


@pytest.mark.parametrize(
    "answer", [sasl(b"Invalid status 22"), b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-ERR unknown command\r\n"]
)
def test_tls_answered_in_plain(tmp_path: Path, answer: bytes) -> None:
    findings = found(answered(HELLO, 10000, answer), tmp_path)
    assert [(f.rule, f.severity) for f in findings] == [("tls-to-plain", "error")]
    assert ("Invalid status 22" in findings[0].why) == answer.startswith(b"\x04")


@pytest.mark.parametrize("opening", [CALL, FRAMED, COMPACT, PREFACE, PING])
def test_plain_to_tls(tmp_path: Path, opening: bytes) -> None:
    findings = found(answered(opening, 9083, ALERT), tmp_path)
    assert [(f.rule, f.severity) for f in findings] == [("plain-to-tls", "error")]
    assert "unexpected_message" in findings[0].see
    assert findings[0].witness is not None


@pytest.mark.parametrize(
    ("sent", "call", "reply", "ours", "theirs"),
    [
        (FRAMED, CALL, REPLY, "Thrift binary, framed", "Thrift binary, not framed"),
        (CALL, FRAMED, FRAMED_REPLY, "Thrift binary, not framed", "Thrift binary, framed"),
        (COMPACT, CALL, REPLY, "Thrift compact, not framed", "Thrift binary, not framed"),
        (JSON, CALL, REPLY, "Thrift json, not framed", "Thrift binary, not framed"),
        (START, CALL, REPLY, "SASL before Thrift", "Thrift binary, not framed"),
    ],
)
@pytest.mark.parametrize("how", ["closed", "reset", "hang"])
def test_dialects_mixed_up(
    tmp_path: Path, sent: bytes, call: bytes, reply: bytes, ours: str, theirs: str, how: str
) -> None:
    wire = silent(sent, 7070, how)
    (alone,) = found(wire, tmp_path)
    assert (alone.rule, alone.severity) == ("thrift-unanswered", "warning")
    works(wire, 7070, call, reply)
    (finding,) = found(wire, tmp_path)
    assert (finding.severity, finding.title) == ("error", "Thrift dialects mixed up")
    assert f"speaks {ours}." in finding.why
    assert theirs in finding.why
    assert theirs in finding.do
    assert finding.witness is not None


def test_the_same_dialect_is_not_to_blame(tmp_path: Path) -> None:
    wire = silent(CALL, 7070)
    works(wire, 7070)
    (finding,) = found(wire, tmp_path)
    assert finding.severity == "warning"
    assert "same dialect" in finding.why


@pytest.mark.parametrize(("call", "status"), [(CALL, -128), (FRAMED, 0), (COMPACT, -126)])
def test_a_login_is_missing(tmp_path: Path, call: bytes, status: int) -> None:
    findings = found(answered(call, 10000, sasl(b"Invalid status %d" % status)), tmp_path)
    assert [(f.rule, f.severity) for f in findings] == [("thrift-sasl-missing", "error")]
    assert f"Invalid status {status}" in findings[0].see


def test_thrift_to_http(tmp_path: Path) -> None:
    findings = found(answered(CALL, 8080, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), tmp_path)
    assert [(f.rule, f.severity) for f in findings] == [("thrift-to-http", "error")]
    assert "1,213,486,160" in findings[0].why


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (b"-ERR wrong number of arguments for 'get' command\r\n", "Redis"),
        (b"E\x00\x00\x00\x1aSFATAL\x00VFATAL\x00Mno idea\x00\x00\x00", "PostgreSQL"),
    ],
)
def test_http_to_a_database(tmp_path: Path, answer: bytes, name: str) -> None:
    findings = found(answered(GET, 7070, answer), tmp_path)
    assert [(f.rule, f.title) for f in findings] == [("http-to-database", f"HTTP sent to {name}")]


def test_fewer_bytes_than_a_length(tmp_path: Path) -> None:
    findings = found(silent(b"a\r\n", 9083, "hang"), tmp_path)
    assert [(f.rule, f.severity, f.title) for f in findings] == [
        ("opening-unanswered", "note", "A few bytes, and silence")
    ]
    (finding,) = found(silent(b"a\r\n", 9083, "closed"), tmp_path)
    assert (finding.severity, finding.title) == ("note", "A few bytes, and the server hung up")


def test_nothing_is_said_of_what_goes_well(tmp_path: Path) -> None:
    wire = Wire()
    for call, reply in [(CALL, REPLY), (FRAMED, FRAMED_REPLY), (PING, b"+PONG\r\n")]:
        works(wire, 7070 + len(call), call, reply)
    assert wire.findings(tmp_path) == []


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_bytes_that_nobody_knows(tmp_path: Path, how: str) -> None:
    (finding,) = found(silent(b"HELO, anybody there?\r\n", 7070, how), tmp_path)
    assert (finding.rule, finding.severity) == ("opening-unanswered", "note")
    assert "a protocol that is not known here" in finding.why


def test_a_cancel_request_is_owed_no_answer(tmp_path: Path) -> None:
    cancel = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\x01\x02\0\0\x03\x04"
    assert found(silent(cancel, 5432), tmp_path) == []


def test_kafka_is_not_taken_for_postgresql(tmp_path: Path) -> None:
    request = bytes.fromhex("00000012 00030000 00000007 0004") + b"test" + bytes(4)
    reply = bytes.fromhex("0000000c 00000007") + bytes(8)
    assert found(answered(request, 9092, reply), tmp_path) == []


def test_reports_that_are_owed_no_answer(tmp_path: Path) -> None:
    assert found(silent(b"servers.db.load 1.2 1700000000\n", 2003, "hang"), tmp_path) == []


@pytest.mark.parametrize(
    ("opening", "answer", "ours", "theirs"),
    [
        (PING, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "Redis", "HTTP"),
        (PING, b"<!DOCTYPE HTML>\n<html><p>Bad request syntax", "Redis", "HTTP"),
        (SSH, b"-ERR unknown command 'SSH-2.0-OpenSSH_9.2', with args beginning with: \r\n", "SSH", "Redis"),
        (SSL_REQUEST, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "PostgreSQL", "HTTP"),
        (CALL, b"<!DOCTYPE HTML>\n<html><p>Bad request version", "Thrift binary, not framed", "HTTP"),
        (PING, REPLY, "Redis", "Thrift"),
        (PING, sasl(b"Invalid status 42"), "Redis", "Thrift with a SASL login"),
        (PREFACE, sasl(b"Invalid status 80"), "HTTP/2", "Thrift with a SASL login"),
    ],
    ids=["redis-http", "redis-page", "ssh-redis", "pg-http", "thrift-page", "redis-thrift", "redis-sasl", "http2-sasl"],
)
def test_an_opening_that_is_answered_in_another_protocol(
    tmp_path: Path, opening: bytes, answer: bytes, ours: str, theirs: str
) -> None:
    (finding,) = found(answered(opening, 7070, answer), tmp_path)
    assert (finding.rule, finding.severity) == ("opening-misunderstood", "error")
    assert finding.title == f"{ours} sent to a server that speaks {theirs}"
