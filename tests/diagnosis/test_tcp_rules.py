"""What TCP itself shows: lost SYNs, half-open and idle connections, closed windows, segments sent again and again."""

from pathlib import Path

import pytest

from diagnosis.exchange import CALL, CLIENT, GET, REPLY, SERVER, Talk, Wire, found
from inspector.model.finding import Finding
from net.frames import ACK, FIN, PSH, RST, SYN

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PART = bytes(200)
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + PART


def only(findings: list[Finding], rule: str) -> Finding:
    assert [f.rule for f in findings] == [rule]
    return findings[0]


def asked_and_answered(wire: Wire, port: int = 80) -> Talk:
    """A connection on which all went well once."""
    talk = Talk(wire, port)
    talk.say(CLIENT, GET)
    talk.say(SERVER, OK)
    return talk


# connecting


def syn_only(wire: Wire, port: int, waits: tuple[float, ...] = (1.0, 2.0)) -> None:
    talk = Talk(wire, port, handshake=False)
    talk.send(CLIENT, SYN, acknowledge=False)
    for wait in waits:
        wire.wait(wait)
        talk.send(CLIENT, SYN, acknowledge=False, at=1000)


def test_syn_without_an_answer(tmp_path: Path) -> None:
    wire = Wire()
    syn_only(wire, 5432)
    finding = only(found(wire, tmp_path), "tcp-connect-unanswered")
    assert finding.severity == "warning"
    assert "3 SYNs in 1 connection over 3.0 s" in finding.see
    assert [e.packet for e in finding.evidence] == [1, 2, 3]


def test_syn_without_an_answer_to_a_machine_that_lives(tmp_path: Path) -> None:
    wire = Wire()
    asked_and_answered(wire).close(CLIENT)
    syn_only(wire, 5432)
    assert "its port 80 accepts connections" in only(found(wire, tmp_path, 2), "tcp-connect-unanswered").why


def test_a_syn_at_the_end_of_the_capture_may_still_be_answered(tmp_path: Path) -> None:
    wire = Wire()
    syn_only(wire, 5432, waits=())
    wire.wait(0.2)
    asked_and_answered(wire).close(CLIENT)
    assert wire.findings(tmp_path) == []


def test_many_ports_are_told_once(tmp_path: Path) -> None:
    wire = Wire()
    for port in range(1, 12):
        syn_only(wire, port, waits=())
    wire.wait(2.0)
    asked_and_answered(wire).close(CLIENT)
    finding = only(wire.findings(tmp_path), "tcp-connect-unanswered")
    assert finding.severity == "note"
    assert "11 ports" in finding.title


def test_a_late_handshake(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80, handshake=False)
    talk.send(CLIENT, SYN, acknowledge=False)
    wire.wait(1.0)
    talk.send(CLIENT, SYN, acknowledge=False, at=1000)
    talk.send(SERVER, SYN | ACK)
    talk.send(CLIENT, ACK)
    talk.say(CLIENT, GET)
    talk.say(SERVER, OK)
    talk.close(CLIENT)
    finding = only(found(wire, tmp_path), "tcp-connect-unanswered")
    assert finding.severity == "note"
    assert finding.title == "Connecting took 1.0 s: the first SYN was not answered"


def test_only_the_clients_side_was_captured(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80, handshake=False)
    talk.send(CLIENT, SYN, acknowledge=False)
    talk.next[SERVER] += 1
    wire.wait(1.5)
    talk.send(CLIENT, ACK)
    for _ in range(5):
        talk.send(CLIENT, PSH | ACK, PART, at=1001)
        wire.wait(1.0)
    assert wire.findings(tmp_path) == []


def test_a_handshake_that_is_never_finished(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80, handshake=False)
    talk.send(CLIENT, SYN, acknowledge=False)
    talk.send(SERVER, SYN | ACK)
    for wait in (1.0, 2.0):
        wire.wait(wait)
        talk.send(SERVER, SYN | ACK, at=9000)
    finding = only(found(wire, tmp_path), "tcp-half-open")
    assert finding.severity == "warning"
    assert "sent that 3 times" in finding.see


# sent again and again


def storm(waits: tuple[float, ...], answered: bool, silence: float = 0.0) -> Wire:
    wire = Wire()
    talk = asked_and_answered(wire)
    wire.wait(silence)
    at = talk.next[CLIENT]
    talk.send(CLIENT, PSH | ACK, GET)
    for wait in waits:
        wire.wait(wait)
        talk.send(CLIENT, PSH | ACK, GET, at=at)
    if answered:
        talk.say(SERVER, OK)
        talk.close(CLIENT)
    else:
        wire.wait(5.0)
        talk.rst(CLIENT)
    return wire


def test_a_storm_that_ends_in_nothing(tmp_path: Path) -> None:
    finding = only(found(storm((0.2, 0.4, 0.8, 1.6), answered=False), tmp_path), "tcp-retransmissions")
    assert finding.severity == "error"
    assert "waiting 200 ms, 400 ms, 800 ms, 1.6 s" in finding.see
    assert "twice as long each time" in finding.why
    assert "No packet of the server came meanwhile" in finding.why


def test_a_storm_after_a_long_silence_is_a_firewalls(tmp_path: Path) -> None:
    findings = found(storm((0.2, 0.4, 0.8, 1.6), answered=False, silence=400), tmp_path)
    finding = next(f for f in findings if f.rule == "tcp-retransmissions")
    assert "silent for 400 s before" in finding.why


def test_a_storm_that_is_survived(tmp_path: Path) -> None:
    finding = only(found(storm((0.2, 0.4, 0.8), answered=True), tmp_path), "tcp-retransmissions")
    assert finding.severity == "warning"
    assert "Only packet" in finding.see


def test_once_is_nothing(tmp_path: Path) -> None:
    assert found(storm((0.2,), answered=True), tmp_path) == []


def test_packets_captured_twice_are_not_sent_twice(tmp_path: Path) -> None:
    wire = Wire()
    talk = asked_and_answered(wire)
    at = talk.next[CLIENT]
    talk.send(CLIENT, PSH | ACK, GET)
    for _ in range(5):
        talk.send(CLIENT, PSH | ACK, GET, at=at)
    talk.say(SERVER, OK)
    talk.close(CLIENT)
    assert found(wire, tmp_path) == []


def test_keep_alive_probes_are_no_storm(tmp_path: Path) -> None:
    wire = Wire()
    talk = asked_and_answered(wire)
    for _ in range(6):
        wire.wait(10.0)
        talk.send(CLIENT, ACK, b"\0", at=talk.next[CLIENT] - 1)
        talk.send(SERVER, ACK)
    talk.close(CLIENT)
    assert found(wire, tmp_path) == []


def test_a_lossy_path(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80)
    talk.say(CLIENT, GET)
    talk.send(SERVER, PSH | ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n")
    for index in range(40):
        at = talk.next[SERVER]
        talk.send(SERVER, PSH | ACK, PART)
        if index % 3 == 0:
            wire.wait(0.3)
            talk.send(SERVER, PSH | ACK, PART, at=at)
        talk.send(CLIENT, ACK)
    talk.close(CLIENT)
    finding = only(found(wire, tmp_path), "tcp-retransmissions")
    assert finding.severity == "warning"
    assert "25% of the server's segments were sent again" in finding.title


# windows


def test_a_window_that_stays_closed(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80)
    talk.say(CLIENT, GET)
    talk.send(SERVER, PSH | ACK, LONG)
    talk.send(CLIENT, ACK, window=0)
    for wait in (0.2, 0.4, 0.8):
        wire.wait(wait)
        talk.send(SERVER, ACK, at=talk.next[SERVER] - 1)
        talk.send(CLIENT, ACK, window=0)
    wire.wait(1.6)
    talk.send(CLIENT, ACK, window=500)
    talk.say(SERVER, bytes(800))
    talk.close(SERVER)
    finding = only(found(wire, tmp_path), "tcp-zero-window")
    assert finding.severity == "warning"
    assert finding.title == "The client did not read: its TCP window was 0 for 3.0 s"
    assert "asked 3 times whether there is room" in finding.see
    assert [e.bytes for e in finding.evidence] == [b"\0\0", b"\x01\xf4"]


def test_a_window_that_never_opens(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80)
    talk.say(CLIENT, GET)
    talk.send(SERVER, PSH | ACK, LONG)
    talk.send(CLIENT, ACK, window=0)
    wire.wait(4.0)
    talk.rst(CLIENT)
    finding = next(f for f in found(wire, tmp_path) if f.rule == "tcp-zero-window")
    assert finding.severity == "warning"
    assert "still 0 when the conversation" in finding.see


def test_a_window_closed_for_a_moment(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80)
    talk.say(CLIENT, GET)
    talk.send(SERVER, PSH | ACK, OK)
    talk.send(CLIENT, ACK, window=0)
    talk.send(CLIENT, ACK)
    talk.close(CLIENT)
    assert found(wire, tmp_path) == []


# one end has gone


def late_request(silence: float, request: bytes = GET, first: int = SERVER) -> Wire:
    """The server closes after a silence, and the client still asks."""
    wire = Wire()
    talk = asked_and_answered(wire)
    wire.wait(silence)
    talk.send(first, FIN | ACK)
    talk.send(1 - first, PSH | ACK, request)
    talk.send(first, RST)
    return wire


def test_an_idle_connection_is_closed_under_a_request(tmp_path: Path) -> None:
    finding = only(found(late_request(65.0), tmp_path), "tcp-idle-closed")
    assert finding.severity == "error"
    assert finding.title == "The server had dropped the connection after 65 s of silence: the next request was lost"
    assert "GET / HTTP/1.1 (message 3)" in finding.see
    assert finding.evidence[1].message == 3


def test_a_request_behind_a_close_without_a_pause(tmp_path: Path) -> None:
    finding = only(found(late_request(0.01), tmp_path), "tcp-half-open")
    assert finding.severity == "error"
    assert finding.title == "The client sent to a server that had closed"


def test_a_client_that_leaves_early(tmp_path: Path) -> None:
    finding = only(found(late_request(0.01, PART, first=CLIENT), tmp_path), "tcp-half-open")
    assert finding.severity == "note"


@pytest.mark.parametrize("farewell", [b"\x15\x03\x03" + bytes(80), b"QUIT\r\n"])
def test_a_farewell_to_a_closed_end_is_nothing(tmp_path: Path, farewell: bytes) -> None:
    assert [f.rule for f in found(late_request(10.0, farewell), tmp_path)] == []


def test_a_forgotten_connection(tmp_path: Path) -> None:
    wire = Wire()
    talk = asked_and_answered(wire)
    wire.wait(400.0)
    talk.send(CLIENT, PSH | ACK, GET)
    talk.send(SERVER, RST, acknowledge=False)
    finding = only(found(wire, tmp_path), "tcp-idle-closed")
    assert finding.severity == "error"
    assert "The RST has no ACK flag" in finding.why


def test_a_restarted_server(tmp_path: Path) -> None:
    wire = Wire()
    talk = asked_and_answered(wire)
    talk.send(CLIENT, PSH | ACK, GET)
    talk.send(SERVER, RST, acknowledge=False)
    finding = only(found(wire, tmp_path), "tcp-half-open")
    assert finding.severity == "error"
    assert finding.title == "The client sent to an end that knows no such connection"


def test_an_idle_connection_is_reset_with_nothing_lost(tmp_path: Path) -> None:
    wire = Wire()
    talk = asked_and_answered(wire)
    wire.wait(60.0)
    talk.rst(SERVER)
    finding = only(found(wire, tmp_path), "tcp-idle-closed")
    assert finding.severity == "note"
    assert "nothing is lost" in finding.why


def test_an_idle_connection_that_is_closed_in_good_order(tmp_path: Path) -> None:
    wire = Wire()
    talk = asked_and_answered(wire)
    wire.wait(60.0)
    talk.close(SERVER)
    assert found(wire, tmp_path) == []


# requests without an answer, answers cut short


def second_request(request: bytes, answer: bytes, how: str, port: int = 80) -> Wire:
    """The first request is answered, the second is not."""
    wire = Wire()
    talk = Talk(wire, port)
    talk.say(CLIENT, request)
    talk.say(SERVER, answer)
    talk.say(CLIENT, request)
    wire.wait(0.02)
    if how == "reset":
        talk.rst(SERVER)
    elif how == "closed":
        talk.close(SERVER)
    elif how == "gave up":
        wire.wait(10.0)
        talk.close(CLIENT)
    return wire


@pytest.mark.parametrize(("how", "severity"), [("reset", "error"), ("closed", "error"), ("gave up", "warning")])
@pytest.mark.parametrize(("request_bytes", "answer"), [(GET, OK), (CALL, REPLY)], ids=["http", "thrift"])
def test_the_last_request_is_not_answered(
    tmp_path: Path, request_bytes: bytes, answer: bytes, how: str, severity: str
) -> None:
    finding = only(found(second_request(request_bytes, answer, how), tmp_path), "request-unanswered")
    assert finding.severity == severity
    assert {e.message for e in finding.evidence} == {2, 3, None}


def test_a_capture_that_ends_at_once_says_nothing(tmp_path: Path) -> None:
    assert found(second_request(GET, OK, "nothing"), tmp_path) == []


def test_a_oneway_call_is_owed_nothing(tmp_path: Path) -> None:
    oneway = CALL.replace(b"\x80\x01\x00\x01", b"\x80\x01\x00\x04")
    wire = Wire()
    talk = Talk(wire, 9090)
    talk.say(CLIENT, CALL)
    talk.say(SERVER, REPLY)
    talk.say(CLIENT, oneway)
    wire.wait(2.0)
    talk.close(SERVER)
    assert found(wire, tmp_path) == []


@pytest.mark.parametrize(("reset", "severity"), [(True, "error"), (False, "warning")])
def test_an_answer_that_stops_in_the_middle(tmp_path: Path, reset: bool, severity: str) -> None:
    wire = Wire()
    talk = Talk(wire, 80)
    talk.say(CLIENT, GET)
    talk.say(SERVER, LONG)
    if reset:
        talk.rst(SERVER)
    else:
        talk.close(SERVER)
    finding = only(found(wire, tmp_path), "answer-cut-short")
    assert finding.severity == severity
    assert "200 of 1000 body bytes" in finding.see


def test_a_client_that_stops_reading_is_no_cut_answer(tmp_path: Path) -> None:
    wire = Wire()
    talk = Talk(wire, 80)
    talk.say(CLIENT, GET)
    talk.say(SERVER, LONG)
    talk.close(CLIENT)
    assert found(wire, tmp_path) == []
