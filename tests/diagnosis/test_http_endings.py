"""HTTP requests and every way in which a server ends them: which rule speaks, and how sure it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diagnosis.exchange import CALL, CLIENT, GET, POST, REPLY, SERVER, Talk, Wire, refuse
from inspector.diagnosis.evidence import tcp_evidence
from inspector.diagnosis.scene import MOST_ALIKE
from inspector.model.finding import Finding
from inspector.session import Options, Session
from net.frames import ACK, FIN, RST

HEAD = b"HEAD / HTTP/1.1\r\nHost: warehouse\r\n\r\n"
PUT = b"PUT /x HTTP/1.1\r\nHost: warehouse\r\nContent-Length: 2\r\n\r\nhi"
REQUESTS = {"GET": GET, "POST": POST, "HEAD": HEAD, "PUT": PUT}
THRIFT_PORTS = (9083, 9090, 10000)
UNKNOWN = 9251

Ending = Callable[[Talk], None]


def closed(talk: Talk) -> None:
    talk.wire.wait(0.004)
    talk.close(SERVER)


def closed_late(talk: Talk) -> None:
    talk.wire.wait(3.0)
    talk.close(SERVER)


def closed_then_reset(talk: Talk) -> None:
    talk.fin(SERVER)
    talk.send(CLIENT, 16)
    talk.rst(SERVER)


def reset(talk: Talk) -> None:
    talk.wire.wait(0.001)
    talk.rst(SERVER)


def gave_up(talk: Talk) -> None:
    talk.wire.wait(2.0)
    talk.close(CLIENT)


def gave_up_with_reset(talk: Talk) -> None:
    talk.wire.wait(2.0)
    talk.rst(CLIENT)


def silence(talk: Talk) -> None:
    talk.wire.wait(1.5)
    talk.send(CLIENT, 16)


def half_closed(talk: Talk) -> None:
    talk.close(CLIENT)


def half_closed_then_reset(talk: Talk) -> None:
    talk.fin(CLIENT)
    talk.rst(SERVER)


ENDINGS: dict[Ending, str] = {
    closed: "closed",
    closed_late: "closed",
    closed_then_reset: "closed",
    reset: "reset",
    gave_up: "hang",
    gave_up_with_reset: "hang",
    silence: "hang",
}


def sasl(first: int) -> bytes:
    text = b"Invalid status %d" % first
    return b"\x04" + len(text).to_bytes(4, "big") + text


def exchange(
    folder: Path, port: int, request: bytes, ending: Ending, version: int = 4, answer: bytes = b""
) -> list[Finding]:
    wire = Wire()
    talk = Talk(wire, port, version)
    talk.say(CLIENT, request)
    if answer:
        talk.say(SERVER, answer)
    ending(talk)
    return wire.findings(folder)


def one(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, [f"{f.rule} in flow {f.flow}" for f in findings]
    return findings[0]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("port", THRIFT_PORTS)
def test_thrift_port_is_named_by_its_ending(
    tmp_path: Path, port: int, ending: Ending, method: str, version: int
) -> None:
    request = REQUESTS[method]
    found = one(exchange(tmp_path, port, request, ending, version))
    assert (found.rule, found.severity, found.flow) == (f"http-to-thrift-{ENDINGS[ending]}", "error", 1)
    number = int.from_bytes(request[:4], "big")
    assert f"0x{request[:4].hex()} = {number:,}" in found.why
    assert {e.message for e in found.evidence if e.bytes == request[:4]} == {1}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("ending", [e for e in ENDINGS if e is not silence])
def test_unknown_port_is_unanswered(tmp_path: Path, ending: Ending, method: str, version: int) -> None:
    found = one(exchange(tmp_path, UNKNOWN, REQUESTS[method], ending, version))
    assert (found.rule, found.severity) == ("http-unanswered", "error")
    for candidate in ("Thrift, binary", "Thrift, framed", "HTTP/2", "TLS", "PostgreSQL", "Redis", "Kafka"):
        assert candidate in found.why


def test_silence_until_the_capture_ends_is_a_warning_on_an_unknown_port(tmp_path: Path) -> None:
    found = one(exchange(tmp_path, UNKNOWN, GET, silence))
    assert (found.rule, found.severity) == ("http-unanswered", "warning")


def test_giving_up_on_a_slow_web_server_is_a_warning(tmp_path: Path) -> None:
    assert one(exchange(tmp_path, 8080, GET, gave_up)).severity == "warning"


@pytest.mark.parametrize("ending", [half_closed, half_closed_then_reset])
def test_a_client_that_ends_first_makes_the_finding_weaker(tmp_path: Path, ending: Ending) -> None:
    assert one(exchange(tmp_path, 9083, GET, ending)).severity == "warning"
    assert one(exchange(tmp_path, UNKNOWN, GET, ending)).severity == "note"


@pytest.mark.parametrize(("ending", "first"), [
    (closed, "Thrift, binary, strict, buffered"),
    (closed_late, "Thrift, framed or JSON, in thriftpy2"),
    (reset, "Thrift, framed, in a Python thread server"),
    (gave_up, "Thrift, binary, not strict and without a length limit"),
])  # fmt: skip
def test_the_best_explanation_comes_first(tmp_path: Path, ending: Ending, first: str) -> None:
    for port in (9083, UNKNOWN):
        assert f"best first:\n1. {first}" in one(exchange(tmp_path, port, GET, ending)).why.replace(
            "best explanation first", "best first"
        )


@pytest.mark.parametrize(("port", "ending", "name"), [
    (5432, closed, "PostgreSQL"),
    (6379, closed, "Redis"),
    (9092, reset, "Kafka"),
    (8443, closed, "TLS"),
    (8080, gave_up, "An HTTP server after all"),
    (8080, reset, "An HTTP server after all"),
])  # fmt: skip
def test_a_usual_port_breaks_ties(tmp_path: Path, port: int, ending: Ending, name: str) -> None:
    assert f"best explanation first:\n1. {name}" in one(exchange(tmp_path, port, GET, ending)).why


def test_redis_answers_a_request_without_host(tmp_path: Path) -> None:
    why = one(exchange(tmp_path, 6379, b"GET / HTTP/1.0\r\n\r\n", closed)).why
    assert "Redis" in why.partition("Ruled out:")[2]


# answers that are no HTTP


@pytest.mark.parametrize("port", [*THRIFT_PORTS, UNKNOWN])
@pytest.mark.parametrize("method", REQUESTS)
def test_sasl_answer_names_the_first_byte(tmp_path: Path, port: int, method: str) -> None:
    request = REQUESTS[method]
    found = one(exchange(tmp_path, port, request, closed, answer=sasl(request[0])))
    assert (found.rule, found.severity) == ("http-to-thrift-sasl", "error")
    assert f"'{chr(request[0])}', for the status: 0x{request[0]:02x} = {request[0]}" in found.why
    assert "The text proves it" in found.why
    assert found.witness is not None
    assert f"Invalid status {request[0]}" in found.witness.says
    parts = {e.bytes: e.message for e in found.evidence}
    assert parts[b"\x04"] == 2
    assert parts[b"Invalid status %d" % request[0]] == 2


def test_sasl_answer_that_names_another_byte_is_said_so(tmp_path: Path) -> None:
    why = one(exchange(tmp_path, 9083, GET, closed, answer=sasl(80))).why
    assert "The text names 80, which is not the first byte that the client sent (71)" in why


def test_sasl_answer_without_a_number(tmp_path: Path) -> None:
    answer = b"\x03\x00\x00\x00\x07go away"
    found = one(exchange(tmp_path, 9083, GET, closed, answer=answer))
    assert found.rule == "http-to-thrift-sasl"
    assert "does not name the byte" in found.why


@pytest.mark.parametrize("answer", [
    b"\x04\x00\x00\x00\x00",
    b"\x04\x7f\xff\xff\xffInvalid",
    b"\x04\x00\x00",
    b"\x04\x00\x00\x00\x03\x00\x01\x02",
    b"\x02\x00\x00\x00\x05hello",
])  # fmt: skip
def test_other_bytes_are_no_sasl_refusal(tmp_path: Path, answer: bytes) -> None:
    assert exchange(tmp_path, 9083, GET, closed, answer=answer) == []


@pytest.mark.parametrize("port", [9083, 10000, 8443])
def test_tls_alert(tmp_path: Path, port: int) -> None:
    found = one(exchange(tmp_path, port, GET, closed, answer=b"\x15\x03\x03\x00\x02\x02\x0a"))
    assert (found.rule, found.severity) == ("http-to-tls-alert", "error")
    assert "unexpected_message" in found.see
    assert ("Thrift service with TLS" in found.why) == (port != 8443)
    assert found.witness is not None
    assert "http request" in found.witness.says


def test_unknown_alert_level_is_no_alert(tmp_path: Path) -> None:
    assert exchange(tmp_path, 8443, GET, closed, answer=b"\x15\x03\x03\x00\x02\x07\x0a") == []


SETTINGS = bytes.fromhex("000018040000000000 000400400000 000500400000 000600004000 fe0300000001")


def test_http2_settings(tmp_path: Path) -> None:
    found = one(exchange(tmp_path, 50051, GET, closed, answer=SETTINGS))
    assert (found.rule, found.severity) == ("http1-to-http2", "error")
    assert "INITIAL_WINDOW_SIZE = 4,194,304" in found.evidence[-2].reads_as
    assert "this is a gRPC server" in found.why
    assert found.witness is not None
    assert "preamble" in found.witness.says


def test_http2_settings_before_the_request(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 50051)
    talk.say(SERVER, SETTINGS)
    talk.say(CLIENT, GET)
    talk.close(SERVER)
    assert one(wire.findings(tmp_path)).rule == "http1-to-http2"


@pytest.mark.parametrize("change", [(3, b"\x01"), (4, b"\x01"), (8, b"\x01"), (2, b"\x17")])
def test_other_frames_are_no_settings(tmp_path: Path, change: tuple[int, bytes]) -> None:
    at, byte = change
    assert exchange(tmp_path, 50051, GET, closed, answer=SETTINGS[:at] + byte + SETTINGS[at + 1 :]) == []


@pytest.mark.parametrize(("settings", "said"), [(b"", ""), (b"\0\3\0\0\0\x80", "MAX_CONCURRENT_STREAMS = 128")])
def test_http2_settings_of_a_web_server(tmp_path: Path, settings: bytes, said: str) -> None:
    answer = len(settings).to_bytes(3, "big") + b"\4\0\0\0\0\0" + settings
    found = one(exchange(tmp_path, 8081, GET, reset, answer=answer))
    assert found.rule == "http1-to-http2"
    assert any(said in e.reads_as for e in found.evidence)
    assert "gRPC server" not in found.why
    assert found.evidence[-1].bytes == b"\x14"


def test_an_answer_without_an_end(tmp_path: Path) -> None:
    found = one(exchange(tmp_path, 10000, POST, lambda talk: None, answer=sasl(80)))
    assert (found.rule, found.evidence[-1].bytes) == ("http-to-thrift-sasl", b"Invalid status 80")


# evidence from elsewhere


def test_tls_elsewhere_speaks_against_plain_thrift(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
    talk.say(SERVER, b"\x15\x03\x03\x00\x02\x02\x28")
    talk.close(SERVER)
    other = Talk(wire, 9083)
    other.say(CLIENT, GET)
    closed(other)
    found = one(wire.findings(tmp_path))
    assert (found.rule, found.flow) == ("http-unanswered", 2)
    assert "best explanation first:\n1. TLS" in found.why


def test_thrift_elsewhere_on_the_port_is_proof(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, UNKNOWN)
    talk.say(CLIENT, CALL)
    talk.say(SERVER, REPLY)
    talk.close(CLIENT)
    other = Talk(wire, UNKNOWN)
    other.say(CLIENT, GET)
    half_closed(other)
    found = one(wire.findings(tmp_path))
    assert (found.rule, found.severity, found.flow) == ("http-to-thrift-closed", "error", 2)
    assert "speaks Thrift in flow 1, message 2" in found.why


@pytest.mark.parametrize(("ending", "framed", "first"), [
    (closed, False, "Thrift, binary, strict, buffered"),
    (closed, True, "Thrift, framed, in Java, Node or a non-blocking server"),
    (gave_up, True, "Thrift, framed, without a length limit"),
])  # fmt: skip
def test_the_dialect_seen_elsewhere_decides(tmp_path: Path, ending: Ending, framed: bool, first: str) -> None:
    wire = Wire()
    talk = Talk(wire, UNKNOWN)
    for side, data in ((CLIENT, CALL), (SERVER, REPLY)):
        talk.say(side, len(data).to_bytes(4, "big") + data if framed else data)
    talk.close(CLIENT)
    other = Talk(wire, UNKNOWN)
    other.say(CLIENT, GET)
    ending(other)
    why = one(wire.findings(tmp_path)).why
    assert f"best first:\n1. {first}" in why
    assert "in flow 1 the port speaks another dialect" in why


def test_thrift_on_another_port_or_address_proves_nothing(tmp_path: Path) -> None:
    wire = Wire()
    for port, host in ((UNKNOWN + 1, ""), (UNKNOWN, "10.0.0.9")):
        talk = Talk(wire, port, host=host)
        talk.say(CLIENT, CALL)
        talk.say(SERVER, REPLY)
        talk.close(CLIENT)
    other = Talk(wire, UNKNOWN)
    other.say(CLIENT, GET)
    closed(other)
    assert one(wire.findings(tmp_path)).rule == "http-unanswered"


def test_http_elsewhere_speaks_against_a_thrift_port(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9090)
    talk.say(CLIENT, GET)
    talk.say(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    talk.close(CLIENT)
    other = Talk(wire, 9090)
    other.say(CLIENT, GET)
    closed(other)
    found = one(wire.findings(tmp_path))
    assert (found.rule, found.flow) == ("http-unanswered", 2)
    assert (
        "best explanation first:\n1. An HTTP server after all: the same server port answers HTTP in flow 1" in found.why
    )


def test_sasl_in_another_flow_is_proof(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, UNKNOWN)
    talk.say(CLIENT, GET)
    talk.say(SERVER, sasl(71))
    talk.close(SERVER)
    other = Talk(wire, UNKNOWN)
    other.say(CLIENT, GET)
    closed(other)
    assert [f.rule for f in wire.findings(tmp_path)] == ["http-to-thrift-sasl", "http-to-thrift-closed"]


# segments and acknowledgements


def test_a_request_in_many_segments(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    for at in range(0, len(GET), 3):
        talk.say(CLIENT, GET[at : at + 3], acknowledged=at + 3 >= len(GET))
    closed(talk)
    found = one(wire.findings(tmp_path))
    assert found.rule == "http-to-thrift-closed"
    numbers = [e for e in found.evidence if e.reads_as.startswith("Thrift, unframed")]
    assert [e.bytes for e in numbers] == [b"GET", b" "]
    assert [e.packet for e in numbers] == [4, 5]


def test_a_request_that_nobody_acknowledged_is_no_error(tmp_path: Path) -> None:
    for port, rule in ((9083, "http-to-thrift-hang"), (UNKNOWN, "")):
        wire = Wire()
        talk = Talk(wire, port)
        talk.say(CLIENT, GET, acknowledged=False)
        gave_up_with_reset(talk)
        found = wire.findings(tmp_path)
        assert [(f.rule, f.severity) for f in found] == ([(rule, "warning")] if rule else [])


def test_a_reset_in_the_middle_of_a_long_body(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, b"POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 100000\r\n\r\n")
    talk.say(CLIENT, b"x" * 1400, acknowledged=False)
    talk.rst(SERVER)
    assert one(wire.findings(tmp_path)).rule == "http-to-thrift-reset"


def test_evidence_points_at_the_packet_bytes(tmp_path: Path) -> None:
    for version in (4, 6):
        wire = Wire()
        talk = Talk(wire, 9083, version)
        talk.say(CLIENT, GET)
        fin = talk.fin(SERVER)
        session = Session.open(str(wire.save(tmp_path / "made.pcap")))
        evidence = one(session.findings()).evidence
        for each in evidence:
            assert session.packet(each.packet).data[each.start : each.end] == each.bytes
        flags = next(e for e in evidence if "FIN" in e.reads_as)
        assert (flags.packet, flags.bytes) == (fin, b"\x11")
        acknowledged = next(e for e in evidence if "acknowledgement" in e.reads_as)
        assert acknowledged.bytes == (1001 + len(GET)).to_bytes(4, "big")
        assert session.severity(session.message(1)) == "error"


def test_a_request_acknowledged_in_part(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, UNKNOWN)
    talk.say(CLIENT, POST[:20])
    talk.say(CLIENT, POST[20:], acknowledged=False)
    talk.next[CLIENT] -= len(POST) - 20
    talk.fin(SERVER)
    found = one(wire.findings(tmp_path))
    assert (found.rule, found.severity) == ("http-unanswered", "warning")
    assert "acknowledged 20 bytes of it" in found.see


def test_a_server_that_ends_while_it_is_being_asked(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, POST[:20])
    talk.fin(SERVER)
    talk.say(CLIENT, POST[20:])
    found = one(wire.findings(tmp_path))
    assert (found.rule, found.severity) == ("http-to-thrift-closed", "error")
    assert "While the client was still sending, the server closed" in found.see


def test_packets_cut_by_a_snap_length(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, GET)
    closed(talk)
    data = wire.save(tmp_path / "whole.pcap").read_bytes()
    parts, at = [data[:24]], 24
    while at < len(data):
        size = int.from_bytes(data[at + 8 : at + 12], "little")
        kept = min(size, 80)
        parts.append(data[at : at + 8] + kept.to_bytes(4, "little") + data[at + 12 : at + 16 + kept])
        at += 16 + size
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(b"".join(parts))
    found = one(Session.open(str(cut)).findings())
    assert (found.rule, found.severity) == ("http-to-thrift-closed", "error")


def test_waiting_longer_than_a_timeout_rules_it_out(tmp_path: Path) -> None:
    def gave_up_late(talk: Talk) -> None:
        talk.wire.wait(10.0)
        talk.close(CLIENT)

    why = one(exchange(tmp_path, UNKNOWN, GET, gave_up_late)).why
    assert "in thriftpy2: it would have closed after 3.0 s" in why.partition("Ruled out:")[2]


def test_a_header_field_that_was_not_captured_is_no_evidence(tmp_path: Path) -> None:
    wire = Wire()
    Talk(wire, 9083)
    table = Session.open(str(wire.save(tmp_path / "made.pcap"))).flow_table
    assert len(tcp_evidence(table, 1, "tcp.flags", 1, "seen")) == 1
    assert tcp_evidence(table, 1, "tcp.payload", 1, "unseen") == []


# nothing wrong, or nothing known


@pytest.mark.parametrize("data", [b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02me", b"hello there\r\n", b"\0" * 64])
def test_what_is_no_http_is_left_to_other_rules(tmp_path: Path, data: bytes) -> None:
    for ending, rules in ((closed, ["opening-unanswered"]), (reset, ["opening-unanswered"]), (gave_up, [])):
        findings = exchange(tmp_path, UNKNOWN, data, ending)
        assert [f.rule for f in findings] == rules
        assert all(f.severity == "note" for f in findings)


def test_a_request_that_was_lost(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.next[CLIENT] += len(GET)
    talk.send(SERVER, ACK)
    closed(talk)
    assert wire.findings(tmp_path) == []


def test_events_inside_an_answer_are_no_first_message(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: x\n\n"
    assert exchange(tmp_path, UNKNOWN, GET, closed, answer=answer) == []


def test_nothing_is_said_of_what_is_well(tmp_path: Path) -> None:
    answered = b"HTTP/1.1 204 No Content\r\n\r\n"
    for ending in (closed, reset, gave_up, half_closed):
        assert exchange(tmp_path, 9083, GET, ending, answer=answered) == []


def test_pipelined_requests_that_are_answered(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2
    assert exchange(tmp_path, UNKNOWN, GET * 2, closed, answer=answer) == []


def test_a_request_whose_answer_lies_beyond_the_capture(tmp_path: Path) -> None:
    for port in (9083, UNKNOWN):
        assert exchange(tmp_path, port, GET, lambda talk: None) == []


@pytest.mark.parametrize("port", [9083, UNKNOWN])
def test_a_client_that_aborts_at_once(tmp_path: Path, port: int) -> None:
    for flags in (RST | ACK, FIN | ACK):
        wire = Wire()
        talk = Talk(wire, port)
        talk.say(CLIENT, GET)
        talk.send(CLIENT, flags)
        assert wire.findings(tmp_path) == []


@pytest.mark.parametrize("port", [9083, UNKNOWN])
def test_a_server_that_ends_before_it_is_asked(tmp_path: Path, port: int) -> None:
    wire = Wire()
    talk = Talk(wire, port)
    talk.fin(SERVER)
    talk.send(CLIENT, 24, GET)
    talk.rst(SERVER)
    findings = wire.findings(tmp_path)
    assert [f.rule for f in findings] == ["tcp-half-open"]
    assert "accepted the connection and closed it without reading a byte" in findings[0].why


def test_a_server_whose_packets_were_not_captured(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083, handshake=False)
    talk.send(CLIENT, 2, acknowledge=False)
    talk.send(CLIENT, 24, GET)
    gave_up_with_reset(talk)
    assert wire.findings(tmp_path) == []


def test_a_server_whose_answer_was_not_captured(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, GET)
    talk.next[SERVER] += 100
    talk.send(CLIENT, 16)
    closed(talk)
    assert wire.findings(tmp_path) == []


def test_a_capture_that_begins_in_the_middle_is_never_sure(tmp_path: Path) -> None:
    for port in (9083, UNKNOWN):
        for ending in ENDINGS:
            wire = Wire()
            talk = Talk(wire, port, handshake=False)
            talk.say(CLIENT, GET)
            ending(talk)
            assert one(wire.findings(tmp_path)).severity == "warning"


def test_an_unfinished_request_may_be_waited_for(tmp_path: Path) -> None:
    for port in (9083, UNKNOWN):
        assert exchange(tmp_path, port, GET[:-2], gave_up) == []


def test_udp_and_empty_flows_are_left_alone(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.close(CLIENT)
    assert wire.findings(tmp_path) == []


# refused connections


def test_refused_after_a_crash(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, UNKNOWN)
    talk.say(CLIENT, GET)
    talk.wire.wait(0.1)
    talk.close(SERVER)
    last = len(wire.packets)
    refuse(wire, UNKNOWN)
    refuse(wire, UNKNOWN)
    unanswered, refused = wire.findings(tmp_path)
    assert (unanswered.rule, unanswered.severity) == ("http-unanswered", "error")
    assert "best explanation first:\n1. Thrift, binary, not strict, in Java" in unanswered.why
    assert "OutOfMemoryError" in unanswered.do
    assert (refused.rule, refused.severity, refused.flow) == ("connection-refused", "warning", 2)
    assert f"open until packet {last}:" in refused.see
    assert "OutOfMemoryError" in refused.why


def test_refused_while_a_connection_stays_open(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, CALL)
    talk.say(SERVER, REPLY)
    refuse(wire, 9083)
    found = one(wire.findings(tmp_path))
    assert found.severity == "warning"
    assert "It was open before" in found.why
    assert [e.bytes for e in found.evidence] == [b"\x02", b"\x14"]


def test_refused_after_something_that_was_no_http(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, b"\0" * 64)
    closed(talk)
    other = Talk(wire, UNKNOWN)
    other.say(CLIENT, b"\0" * 64)
    closed(other)
    refuse(wire, UNKNOWN)
    assert "It was open before" in one([f for f in wire.findings(tmp_path) if f.severity != "note"]).why


def test_refused_from_the_start_is_a_note(tmp_path: Path) -> None:
    wire = Wire()
    refuse(wire, 9083)
    found = one(wire.findings(tmp_path))
    assert (found.rule, found.severity, found.title) == (
        "connection-refused", "note", "Connection refused: nothing listens on 10.0.0.2:9083",
    )  # fmt: skip
    assert [e.bytes for e in found.evidence] == [b"\x02", b"\x14"]


def test_refused_on_one_address_of_two(tmp_path: Path) -> None:
    wire = Wire()
    refuse(wire, 9083, version=6)
    talk = Talk(wire, 9083)
    talk.say(CLIENT, CALL)
    talk.say(SERVER, REPLY)
    talk.close(CLIENT)
    found = one(wire.findings(tmp_path))
    assert found.severity == "note"
    assert "The same port is open on 10.0.0.2" in found.why


def test_refused_for_a_while(tmp_path: Path) -> None:
    wire = Wire()
    Talk(wire, 9083).close(CLIENT)
    refuse(wire, 9083)
    Talk(wire, 9083).close(CLIENT)
    found = one(wire.findings(tmp_path))
    assert found.severity == "note"
    assert "Later the port is open again: it accepts flow 3" in found.why


def test_a_port_scan_is_told_once(tmp_path: Path) -> None:
    wire = Wire()
    for port in range(1, 40):
        refuse(wire, port)
    found = one(wire.findings(tmp_path))
    assert found.title == "Connections refused on 39 ports of 10.0.0.2"


# order


def test_worst_first_then_in_the_order_of_flows(tmp_path: Path) -> None:
    wire = Wire()
    refuse(wire, 1)
    for _ in range(2):
        talk = Talk(wire, 9083)
        talk.say(CLIENT, GET)
        closed(talk)
    assert [(f.severity, f.flow) for f in wire.findings(tmp_path)] == [("error", 2), ("error", 3), ("note", 1)]


def test_told_to_read_http_as_thrift_the_finding_stays(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 9083)
    talk.say(CLIENT, GET)
    closed(talk)
    assert [f.rule for f in wire.findings(tmp_path, Options(decode_as={"port 9083": "thrift"}))] == [
        "http-to-thrift-closed"
    ]


def test_very_many_alike_are_counted(tmp_path: Path) -> None:
    wire = Wire()
    for _ in range(MOST_ALIKE + 20):
        talk = Talk(wire, 9083)
        talk.say(CLIENT, GET)
        closed(talk)
    findings = wire.findings(tmp_path)
    assert len(findings) == MOST_ALIKE
    assert findings[-1].see.endswith("So it was in 20 more conversations with this server, not listed one by one.")
