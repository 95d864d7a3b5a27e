"""Diagnoses of HTTP/2 connections, made from scratch and recorded."""

from pathlib import Path

import hpack
import pytest

from diagnosis.exchange import CLIENT, SERVER, Talk, Wire
from inspector.model.finding import Finding
from inspector.protocols.http2_frames import MAGIC
from inspector.session import Session, bundled, bundled_captures
from protocols.test_http2 import ACKED, END_HEADERS, END_STREAM, REQUEST, frame, headers, settings

DATA, RST, PING, GOAWAY, WINDOW = 0, 3, 6, 7, 8
HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"


class Http2(Talk):
    """A connection whose first exchange is done: a request on stream 1 that the server may answer."""

    def __init__(self, wire: Wire, **client_settings: int) -> None:
        super().__init__(wire, 8080)
        self.encoders = [hpack.Encoder(), hpack.Encoder()]
        self.say(CLIENT, MAGIC + settings(**client_settings))
        self.say(SERVER, settings() + ACKED)
        self.say(CLIENT, ACKED + headers(self.encoders[CLIENT], REQUEST, 1, END_HEADERS | END_STREAM))

    def answer(self, flags: int = END_HEADERS) -> None:
        self.say(SERVER, headers(self.encoders[SERVER], [(":status", "200")], 1, flags))


@pytest.fixture
def wire() -> Wire:
    return Wire()


def of_rule(findings: list[Finding], rule: str) -> list[Finding]:
    return [finding for finding in findings if finding.rule == rule]


def test_a_healthy_connection_has_no_finding(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire)
    talk.answer()
    talk.say(SERVER, frame(DATA, END_STREAM, 1, b"hello"))
    assert wire.findings(tmp_path) == []


@pytest.mark.parametrize("path", [p for p in bundled_captures() if p.name.startswith(("http2-", "grpc-"))], ids=str)
def test_recorded_traffic_that_works_has_no_error(path: Path) -> None:
    found = [finding.rule for finding in Session.open(str(path)).findings() if finding.severity == "error"]
    expected = {"http2-to-http1-port.pcap": ["http2-to-http1"]}
    if path.name.startswith("http2-"):
        assert found == expected.get(path.name, [])
    else:
        assert [rule for rule in found if rule.startswith("http2")] == []


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        (frame(DATA, 0, 1, bytes(70_000)), "FRAME_SIZE_ERROR", "FrameTooLargeError"),
        (frame(DATA, 0, 1, bytes(16_000)) * 5, "FLOW_CONTROL_ERROR", "FlowControlError"),
        (frame(DATA, END_STREAM, 1, b"x") * 2, "STREAM_CLOSED", "answers RST_STREAM for stream 1"),
        (frame(DATA, 0, 9, b"x"), "PROTOCOL_ERROR", "NoSuchStreamError: 9"),
        (frame(PING, 0, 0, b"short"), "FRAME_SIZE_ERROR", "FrameDataMissingError"),
        (frame(1, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff"), "", "ProtocolError"),
    ],
)
def test_broken_rules_are_named_by_h2(wire: Wire, tmp_path: Path, sent: bytes, code: str, says: str) -> None:
    talk = Http2(wire)
    talk.answer()
    for at in range(0, len(sent), 1400):
        talk.say(SERVER, sent[at : at + 1400])
    (finding,) = of_rule(wire.findings(tmp_path), "http2-protocol-error")
    assert finding.severity == "error"
    assert code in finding.title
    assert "the server" in finding.title
    assert finding.witness is not None
    assert says in finding.witness.says
    assert finding.witness.says.startswith("H2Connection as the client: ")
    assert finding.evidence
    assert sum(len(evidence.bytes) for evidence in finding.evidence) >= 9


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([*REQUEST, ("Upper", "x")], "Received uppercase header name b'Upper'"),
        ([*REQUEST, ("connection", "close")], "Connection-specific header field present: b'connection'"),
        ([*REQUEST, ("te", "gzip")], "Invalid value for TE header: b'gzip'"),
        ([*REQUEST, ("x", " padded ")], "Received header value surrounded by whitespace"),
        ([("x", "y"), *REQUEST], "Received pseudo-header field out of sequence"),
        ([*REQUEST, REQUEST[0]], "Received duplicate pseudo-header field"),
        ([(":odd", "1"), *REQUEST], "Received custom pseudo-header field b':odd'"),
        ([field for field in REQUEST if field[0] != ":path"], "missing mandatory b':path' header"),
    ],
)
def test_header_fields_that_a_strict_peer_refuses(
    wire: Wire, tmp_path: Path, fields: list[tuple[str, str]], says: str
) -> None:
    talk = Http2(wire)
    talk.answer(END_HEADERS | END_STREAM)
    talk.say(CLIENT, headers(talk.encoders[CLIENT], fields, 3, END_HEADERS | END_STREAM))
    (finding,) = of_rule(wire.findings(tmp_path), "http2-protocol-error")
    assert "PROTOCOL_ERROR" in finding.title
    assert "the client" in finding.title
    assert finding.witness is not None
    assert says in finding.witness.says


def test_answers_and_trailers_are_held_to_the_rules_too(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire)
    talk.answer()
    talk.say(SERVER, headers(talk.encoders[SERVER], [(":status", "200")], 1, END_HEADERS | END_STREAM))
    (finding,) = of_rule(wire.findings(tmp_path), "http2-protocol-error")
    assert finding.witness is not None
    assert "the server" in finding.title


def test_bytes_that_grpc_agrees_on_are_no_error(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire)
    fields = [*REQUEST, ("x-trace-bin", "\0\n\r raw ")]
    talk.answer(END_HEADERS | END_STREAM)
    talk.say(CLIENT, headers(talk.encoders[CLIENT], fields, 3, END_HEADERS | END_STREAM))
    assert of_rule(wire.findings(tmp_path), "http2-protocol-error") == []


def test_a_list_longer_than_the_peer_wishes_is_no_error(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire, list=100)
    fields = [(":status", "200"), ("x", "y" * 200)]
    talk.say(SERVER, ACKED + headers(talk.encoders[SERVER], fields, 1, END_HEADERS | END_STREAM))
    assert of_rule(wire.findings(tmp_path), "http2-protocol-error") == []


def test_what_was_on_its_way_to_a_reset_stream_is_nobodys_fault(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire)
    talk.answer()
    talk.say(CLIENT, frame(RST, 0, 1, (8).to_bytes(4, "big")))
    talk.say(SERVER, frame(DATA, 0, 1, b"late"))
    assert of_rule(wire.findings(tmp_path), "http2-protocol-error") == []


def test_a_wrong_preface_is_told_in_the_words_of_h2(wire: Wire, tmp_path: Path) -> None:
    talk = Talk(wire, 8080)
    talk.say(CLIENT, MAGIC.replace(b"SM", b"XX") + settings())
    talk.say(SERVER, settings() + frame(GOAWAY, 0, 0, bytes(7) + b"\1"))
    findings = wire.findings(tmp_path)
    (finding,) = of_rule(findings, "http2-protocol-error")
    assert finding.witness is not None
    assert "Invalid HTTP/2 preamble" in finding.witness.says
    assert of_rule(findings, "http2-goaway")[0].title == "The server ended the HTTP/2 connection: PROTOCOL_ERROR"


@pytest.mark.parametrize(("opening", "title"), [(HELLO, "TLS"), (b"\x00\x01\x02\x03 and more", "Another protocol")])
def test_foreign_bytes_on_an_http2_port(wire: Wire, tmp_path: Path, opening: bytes, title: str) -> None:
    talk = Talk(wire, 50051)
    talk.say(SERVER, settings(streams=100, window=70_000))
    talk.say(CLIENT, opening)
    (finding,) = of_rule(wire.findings(tmp_path), "http2-bad-preface")
    assert finding.title.startswith(title)
    assert finding.evidence[0].bytes == opening[:16]
    assert finding.evidence[1].bytes == settings(streams=100, window=70_000)[:9]


def test_http1_on_an_http2_port_stays_with_its_own_rule() -> None:
    findings = Session.open(str(bundled("captures") / "http1-to-http2-port.pcap")).findings()
    assert [finding.rule for finding in findings] == ["http1-to-http2"]


def test_http2_to_an_http1_server() -> None:
    (finding,) = Session.open(str(bundled("captures") / "http2-to-http1-port.pcap")).findings()
    assert finding.rule == "http2-to-http1"
    assert finding.evidence[0].bytes == MAGIC
    assert finding.evidence[1].bytes == b"HTT"
    assert "4,740,180 bytes" in finding.evidence[1].reads_as


@pytest.mark.parametrize(
    ("side", "code", "severity"),
    [(CLIENT, 8, "note"), (SERVER, 8, "warning"), (SERVER, 7, "warning"), (SERVER, 2, "error")],
)
def test_resets_by_who_and_why(wire: Wire, tmp_path: Path, side: int, code: int, severity: str) -> None:
    talk = Http2(wire)
    talk.say(side, frame(RST, 0, 1, code.to_bytes(4, "big")))
    (finding,) = wire.findings(tmp_path)
    assert (finding.rule, finding.severity) == ("http2-stream-reset", severity)
    assert "GET /a" in finding.see
    assert finding.evidence[-1].bytes == code.to_bytes(4, "big")


def test_a_reset_without_an_error_is_no_finding(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire)
    talk.answer(END_HEADERS | END_STREAM)
    talk.say(SERVER, frame(RST, 0, 1, bytes(4)))
    talk.say(SERVER, frame(GOAWAY, 0, 0, bytes(8)))
    assert wire.findings(tmp_path) == []


def test_goaway_with_words(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire)
    talk.say(SERVER, frame(GOAWAY, 0, 0, b"\0\0\0\1" + (11).to_bytes(4, "big") + b"too_many_pings"))
    (finding,) = wire.findings(tmp_path)
    assert finding.title == "The server ended the HTTP/2 connection: ENHANCE_YOUR_CALM"
    assert 'said "too_many_pings"' in finding.see
    assert "keepalive" in finding.do


def test_time_lost_with_an_empty_window(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire, window=100)
    talk.answer()
    talk.say(SERVER, frame(DATA, 0, 1, bytes(100)))
    wire.wait(0.25)
    talk.say(CLIENT, frame(WINDOW, 0, 1, (100).to_bytes(4, "big")))
    talk.say(SERVER, frame(DATA, END_STREAM, 1, bytes(100)))
    (finding,) = wire.findings(tmp_path)
    assert (finding.rule, finding.severity) == ("http2-window-stall", "warning")
    assert "The server could not send DATA 1 time, 250 ms in all" in finding.see
    assert "250 ms later" in finding.evidence[-1].reads_as
    assert finding.evidence[-1].bytes == frame(WINDOW, 0, 1, (100).to_bytes(4, "big"))


def test_a_window_that_never_opens_again(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire, window=100)
    talk.answer()
    talk.say(SERVER, frame(DATA, 0, 1, bytes(100)))
    wire.wait(5)
    talk.say(CLIENT, frame(PING, 0, 0, bytes(8)))
    (finding,) = wire.findings(tmp_path)
    assert "it does not read its data" in finding.why


def test_a_window_that_ends_with_the_data_is_no_wait(wire: Wire, tmp_path: Path) -> None:
    talk = Http2(wire, window=100)
    talk.answer()
    talk.say(SERVER, frame(DATA, END_STREAM, 1, bytes(100)))
    wire.wait(5)
    talk.say(CLIENT, frame(PING, 0, 0, bytes(8)))
    assert wire.findings(tmp_path) == []


def test_the_small_window_that_was_recorded() -> None:
    (finding,) = Session.open(str(bundled("captures") / "http2-small-window.pcap")).findings()
    assert finding.rule == "http2-window-stall"
    assert "68 times" in finding.see
