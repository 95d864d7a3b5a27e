"""Protobuf in WebSocket messages by the type that the user names, and what filters see of it."""

from pathlib import Path

import pytest

from conftest import Run
from diagnosis.exchange import CLIENT, SERVER, Talk, Wire
from diagnosis.test_websocket_rules import REQUEST, switched
from protocols.test_websocket import KEY, frame

READING = b"\x0a\x08sensor-1\x10\x05"


@pytest.fixture
def capture(tmp_path: Path) -> str:
    wire = Wire()
    talk = Talk(wire, 8080)
    talk.say(CLIENT, REQUEST)
    talk.say(SERVER, switched())
    talk.say(CLIENT, frame(2, READING, key=KEY))
    talk.say(SERVER, frame(1, b'{"unit": "C"}'))
    return str(wire.save(tmp_path / "made.pcap"))


def test_the_type_gives_names(run: Run, capture: str) -> None:
    plain = run("ls", capture, "--fields", "summary").out.splitlines()
    assert plain[2] == 'BINARY 12 bytes protobuf (1: "sensor-1", 2: 5)'
    named = run("ls", capture, "--type", "sensor.SensorRequest", "--fields", "summary")
    assert named.code == 0, named.err
    assert "SensorRequest" in named.out
    assert 'sensor_id="sensor-1"' in named.out


def test_filters_see_what_messages_hold(run: Run, capture: str) -> None:
    assert run("ls", capture, "-Y", 'json.value.string == "C"', "--fields", "number").out.split() == ["4"]
    assert run("ls", capture, "-Y", "protobuf.field.number == 2", "--fields", "number").out.split() == ["3"]


def test_an_unknown_type_is_an_error(run: Run, capture: str) -> None:
    assert run("ls", capture, "--type", "no.Such").code == 2
