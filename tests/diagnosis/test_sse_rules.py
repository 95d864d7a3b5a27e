"""Event streams that go wrong, and those that do not: which rule speaks, and what it shows."""

from collections.abc import Sequence
from pathlib import Path

import hpack
import pytest

from diagnosis.exchange import CLIENT, SERVER, Talk, Wire
from inspector.model.finding import Finding
from inspector.protocols.http2_frames import MAGIC
from inspector.session import Session, bundled_captures
from protocols.test_http2 import ACKED, END_HEADERS, END_STREAM, frame, headers, settings

ASKED = b"GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def begun(wire: Wire, head: bytes = HEAD, asked: bytes = ASKED) -> Talk:
    talk = Talk(wire, 8000)
    talk.say(CLIENT, asked)
    talk.say(SERVER, head)
    return talk


def rules(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in findings if finding.rule.startswith("sse-")]


def shown(finding: Finding) -> list[bytes]:
    return [each.bytes for each in finding.evidence]


def test_events_in_bursts_were_held_back(tmp_path: Path) -> None:
    wire = Wire()
    talk = begun(wire)
    for burst in range(3):
        wire.wait(2.0)
        talk.say(SERVER, b"".join(chunk(b"data: %d\n\n" % (10 * burst + n)) for n in range(4)))
    findings = wire.findings(tmp_path)
    assert rules(findings) == [("sse-buffered", "warning")]
    assert shown(findings[0]) == [b"data: 10\n\n", b"data: 13\n\n"]
    assert "2.0 s of silence" in findings[0].see


@pytest.mark.parametrize("pause", [0.02, 1.0])
def test_events_one_by_one_are_as_they_should_be(tmp_path: Path, pause: float) -> None:
    wire = Wire()
    talk = begun(wire)
    for number in range(12):
        wire.wait(pause)
        talk.say(SERVER, chunk(b"data: %d\n\n" % number))
    talk.say(SERVER, b"0\r\n\r\n")
    talk.close(SERVER)
    assert rules(wire.findings(tmp_path)) == []


def test_all_events_at_once_may_be_all_there_was_to_say(tmp_path: Path) -> None:
    wire = Wire()
    talk = begun(wire)
    wire.wait(3.0)
    talk.say(SERVER, b"".join(chunk(b"data: %d\n\n" % n) for n in range(10)) + b"0\r\n\r\n")
    assert rules(wire.findings(tmp_path)) == []


def test_a_stream_cut_off_after_silence(tmp_path: Path) -> None:
    wire = Wire()
    talk = begun(wire)
    talk.say(SERVER, chunk(b"data: 1\n\n"))
    wire.wait(60.0)
    talk.close(SERVER)
    findings = wire.findings(tmp_path)
    assert rules(findings) == [("sse-idle-closed", "warning")]
    assert "60 seconds is a usual limit" in findings[0].why
    assert shown(findings[0])[0] == b"data: 1\n\n"
    assert len(findings[0].evidence) == 2


@pytest.mark.parametrize(
    ("end", "idle", "closer"), [(b"0\r\n\r\n", 60.0, SERVER), (b"", 2.0, SERVER), (b"", 60.0, CLIENT)]
)
def test_other_ends_are_not_blamed_on_a_time_limit(tmp_path: Path, end: bytes, idle: float, closer: int) -> None:
    wire = Wire()
    talk = begun(wire)
    talk.say(SERVER, chunk(b"data: 1\n\n"))
    wire.wait(idle)
    if end:
        talk.say(SERVER, end)
    if closer == SERVER:
        talk.close(SERVER)
    else:
        talk.rst(CLIENT)
    assert rules(wire.findings(tmp_path)) == []


@pytest.mark.parametrize(
    ("status", "media"), [(b"200 OK", b"application/json"), (b"502 Bad Gateway", b"text/html"), (b"404 Not Found", b"")]
)
def test_an_answer_of_another_type(tmp_path: Path, status: bytes, media: bytes) -> None:
    wire = Wire()
    line = b"Content-Type: " + media + b"\r\n" if media else b""
    begun(wire, b"HTTP/1.1 " + status + b"\r\n" + line + b"Content-Length: 2\r\n\r\n{}")
    findings = wire.findings(tmp_path)
    assert rules(findings) == [("sse-wrong-content-type", "error")]
    assert shown(findings[0])[0] == b"Accept: text/event-stream"
    assert (media or status) in shown(findings[0])[1]


def test_events_that_are_sent_as_plain_text(tmp_path: Path) -> None:
    wire = Wire()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    begun(wire, head + chunk(b"data: 1\n\n"), b"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n")
    assert rules(wire.findings(tmp_path)) == [("sse-wrong-content-type", "error")]


@pytest.mark.parametrize(
    ("accept", "head"),
    [
        (b"application/json, text/event-stream", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"),
        (b"text/event-stream", b"HTTP/1.1 204 No Content\r\n"),
        (b"text/event-stream", b"HTTP/1.1 302 Found\r\nLocation: /login\r\n"),
        (b"*/*", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"),
    ],
)
def test_answers_that_are_in_order(tmp_path: Path, accept: bytes, head: bytes) -> None:
    wire = Wire()
    body = b"" if b"204" in head else b"Content-Length: 8\r\n\r\ndata: 1\n"
    begun(wire, head + (body or b"\r\n"), b"GET / HTTP/1.1\r\nHost: a\r\nAccept: " + accept + b"\r\n\r\n")
    assert rules(wire.findings(tmp_path)) == []


def test_a_stream_that_is_taken_up_again(tmp_path: Path) -> None:
    wire = Wire()
    first = begun(wire)
    first.say(SERVER, chunk(b"id: 4\ndata: a\n\n") + chunk(b"id: 5\ndata: b\n\n"))
    first.rst(SERVER)
    again = begun(wire, HEAD, ASKED[:-2] + b"Last-Event-ID: 5\r\n\r\n")
    again.say(SERVER, chunk(b"id: 6\ndata: c\n\n"))
    findings = wire.findings(tmp_path)
    assert rules(findings) == [("sse-resumed", "note")]
    (found,) = (each for each in findings if each.rule == "sse-resumed")
    assert shown(found) == [b"Last-Event-ID: 5", b"id: 5\ndata: b\n\n"]


def test_healthy_captures_have_no_errors() -> None:
    for path in bundled_captures():
        if path.name.startswith("sse-") and path.stem not in {"sse-server-dies", "sse-idle-proxy"}:
            findings = Session.open(str(path)).findings()
            assert [each.rule for each in findings if each.severity != "note"] == []


# over HTTP/2


class Http2(Talk):
    """A connection on which the client has asked for events on stream 1."""

    def __init__(self, wire: Wire, *more: tuple[str, str]) -> None:
        super().__init__(wire, 8000)
        self.encoders = [hpack.Encoder(), hpack.Encoder()]
        asked = [(":method", "GET"), (":scheme", "http"), (":path", "/events"), (":authority", "a")]
        self.say(CLIENT, MAGIC + settings())
        self.say(SERVER, settings() + ACKED)
        fields = [*asked, ("accept", "text/event-stream"), *more]
        self.say(CLIENT, ACKED + headers(self.encoders[CLIENT], fields, 1, END_HEADERS | END_STREAM))

    def answer(self, status: str = "200", media: str = "text/event-stream") -> None:
        fields = [(":status", status), *([("content-type", media)] if media else [])]
        self.say(SERVER, headers(self.encoders[SERVER], fields, 1, END_HEADERS))

    def data(self, content: bytes, flags: int = 0) -> None:
        self.say(SERVER, frame(0, flags, 1, content))


@pytest.mark.parametrize(("status", "media"), [("200", "application/json"), ("502", "text/html"), ("404", "")])
def test_an_answer_of_another_type_over_http2(tmp_path: Path, status: str, media: str) -> None:
    wire = Wire()
    talk = Http2(wire)
    talk.answer(status, media)
    talk.data(b"{}", END_STREAM)
    findings = [each for each in wire.findings(tmp_path) if each.rule.startswith("sse-")]
    assert rules(findings) == [("sse-wrong-content-type", "error")]
    assert "what the client asks for" in findings[0].evidence[0].reads_as
    assert len(findings[0].evidence) == 2


def test_events_that_are_sent_as_plain_text_over_http2(tmp_path: Path) -> None:
    wire = Wire()
    talk = Http2(wire, ("accept", "*/*"))
    talk.answer("200", "text/plain")
    talk.data(b"data: 1\r\n\r\n")
    assert rules(wire.findings(tmp_path)) == [("sse-wrong-content-type", "error")]


def test_a_stream_that_is_taken_up_again_over_http2(tmp_path: Path) -> None:
    wire = Wire()
    first = begun(wire)
    first.say(SERVER, chunk(b"id: 5\ndata: b\n\n"))
    first.rst(SERVER)
    again = Http2(wire, ("last-event-id", "5"))
    again.answer()
    again.data(b"id: 6\ndata: c\n\n")
    (found,) = (each for each in wire.findings(tmp_path) if each.rule.startswith("sse-"))
    assert found.rule == "sse-resumed"
    assert "That is message" in found.see
    assert found.evidence[1].bytes == b"id: 5\ndata: b\n\n"
    assert b"/events" not in found.evidence[0].bytes


@pytest.mark.parametrize("reset", [True, False])
def test_a_stream_cut_off_after_silence_over_http2(tmp_path: Path, reset: bool) -> None:
    wire = Wire()
    talk = Http2(wire)
    talk.answer()
    talk.data(b"data: 1\n\n")
    wire.wait(60.0)
    if reset:
        talk.say(SERVER, frame(3, 0, 1, b"\0\0\0\2"))
    else:
        talk.close(SERVER)
    (found,) = (each for each in wire.findings(tmp_path) if each.rule.startswith("sse-"))
    assert found.rule == "sse-idle-closed"
    assert ("reset the stream" if reset else "closed the connection") in found.see


def test_ends_in_good_order_over_http2(tmp_path: Path) -> None:
    wire = Wire()
    talk = Http2(wire)
    talk.answer()
    talk.data(b"data: 1\n\n")
    wire.wait(60.0)
    talk.data(b"data: 2\n\n", END_STREAM)
    wire.wait(60.0)
    talk.close(SERVER)
    other = Http2(wire)
    other.answer()
    other.data(b"data: 1\n\n")
    wire.wait(60.0)
    other.say(CLIENT, frame(3, 0, 1, b"\0\0\0\x08"))
    assert rules(wire.findings(tmp_path)) == []


def test_a_stream_without_a_single_event_may_be_cut_off_too(tmp_path: Path) -> None:
    wire = Wire()
    talk = begun(wire)
    wire.wait(30.0)
    talk.close(SERVER)
    assert rules(wire.findings(tmp_path)) == [("sse-idle-closed", "warning")]
