"""What is said of gRPC calls that fail, on recorded ones."""

from pathlib import Path

import hpack
import pytest

from diagnosis.exchange import CLIENT, SERVER, Talk, Wire
from inspector.diagnosis.grpc_calls import grouped, more_calls
from inspector.diagnosis.rules.grpc_status import MEANINGS
from inspector.model.buffer import Buffer, Plain
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.protocols.grpc_call import STATUS_NAMES, Call
from inspector.protocols.http2_frames import MAGIC
from inspector.session import Session, bundled
from protocols.test_http2 import ACKED, CALL, END_STREAM, MESSAGE, frame, headers, settings

DATA = 0


def findings(name: str, rule: str) -> list[Finding]:
    return [each for each in Session.open(str(bundled("captures") / name)).findings() if each.rule == rule]


def test_every_code_has_a_meaning() -> None:
    assert sorted(MEANINGS) == list(range(1, len(STATUS_NAMES)))


def test_statuses_are_explained() -> None:
    found = {each.title: each for each in findings("grpc-errors.pcap", "grpc-status")}
    assert {title: each.severity for title, each in found.items()} == {
        "1 gRPC call ended in NOT_FOUND": "note",
        "1 gRPC call ended in INVALID_ARGUMENT": "note",
        "1 gRPC call ended in UNKNOWN": "warning",
        "1 gRPC call ended in DATA_LOSS": "warning",
        "2 gRPC calls ended in UNIMPLEMENTED": "warning",
        "1 gRPC call ended in INTERNAL": "warning",
    }
    unknown = found["1 gRPC call ended in UNKNOWN"]
    assert 'with "Exception calling application: erro interno"' in unknown.see
    path, evidence = unknown.evidence
    assert path.reads_as == "calls /fabrica.v1.SensorService/GetTemperatura"
    assert b"grpc-status" in evidence.bytes
    assert evidence.bytes.endswith(b"\x012")
    assert len(found["2 gRPC calls ended in UNIMPLEMENTED"].evidence) == 4


def test_evidence_is_where_it_says() -> None:
    session = Session.open(str(bundled("captures") / "grpc-errors.pcap"))
    for finding in session.findings():
        for evidence in finding.evidence:
            assert session.packet(evidence.packet).data[evidence.start : evidence.end] == evidence.bytes


def test_failed_calls_are_marked() -> None:
    session = Session.open(str(bundled("captures") / "grpc-errors.pcap"))
    calls = [m for m in session.messages if m.kind == "call"]
    assert [session.severity(m) for m in calls] == [
        "note",
        "note",
        "warning",
        "warning",
        "warning",
        "warning",
        "warning",
    ]


def test_evidence_of_very_many_calls_is_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.diagnosis.grpc_calls.MAX_PRECISE", 3)
    found = findings("grpc-errors.pcap", "grpc-status")
    assert all(evidence.bytes[3] == 1 for each in found for evidence in each.evidence), "whole HEADERS frames"


def test_very_many_connections_share_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for flow in (1, 2, 2, 3, 4, 4):
        row = Message(flow, 0, "grpc", "call", Buffer("x", Plain(b"")), 0, 0, "")
        calls.append(("5", Call(row, 0, "proto")))
    monkeypatch.setattr("inspector.diagnosis.grpc_calls.MAX_CONNECTIONS", 2)
    groups = grouped(calls)
    assert [[call.row.flow for call in group] for group in groups] == [[1], [2, 2], [3, 4, 4]]
    assert [more_calls(group) for group in groups] == ["", "1 more call", "2 more calls in 2 connections"]


def test_a_deadline_that_passed() -> None:
    (finding,) = findings("grpc-sensor.pcapng", "grpc-deadline")
    assert finding.severity == "warning"
    assert "allowed sensor.SensorService/GetTemperatura 100 milliseconds" in finding.see
    assert "sent no message" in finding.see
    assert [evidence.reads_as for evidence in finding.evidence] == [
        "calls /sensor.SensorService/GetTemperatura",
        "grpc-timeout 100m: 100 milliseconds",
        "RST_STREAM, error code 8: CANCEL",
    ]


def test_trailers_of_grpc_web_are_evidence_too() -> None:
    (finding,) = findings("grpc-web.pcap", "grpc-status")
    assert finding.evidence[-1].bytes == b"grpc-status: 5\r\n"


def test_an_http_status_instead_of_a_grpc_status(tmp_path: Path) -> None:
    talk = Talk(wire := Wire(), 50051)
    client, server = hpack.Encoder(), hpack.Encoder()
    talk.say(CLIENT, MAGIC + settings() + headers(client, CALL, 1) + frame(DATA, END_STREAM, 1, MESSAGE))
    page = [(":status", "502"), ("content-type", "text/html"), ("via", "1.1 proxy")]
    talk.say(SERVER, settings() + ACKED + headers(server, page, 1) + frame(DATA, END_STREAM, 1, b"<html>"))
    (finding,) = [each for each in wire.findings(tmp_path) if each.rule == "grpc-http-status"]
    assert (finding.severity, finding.title) == ("warning", "1 gRPC call got HTTP status 502")
    assert finding.evidence[-1].reads_as == "HTTP status 502, no grpc-status"


def test_errors_of_connect_are_told_as_statuses() -> None:
    (finding,) = findings("grpc-connect.pcap", "grpc-status")
    assert finding.title == "1 gRPC call ended in NOT_FOUND"
    assert 'with "sensor não encontrado"' in finding.see
    assert finding.evidence[-1].bytes.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("name", ["grpc-gzip.pcap", "grpc-metadata.pcap", "grpc-reflection.pcap"])
def test_nothing_is_said_of_calls_that_succeed(name: str) -> None:
    assert [
        each for rule in ("grpc-status", "grpc-deadline", "grpc-http-status") for each in findings(name, rule)
    ] == []
