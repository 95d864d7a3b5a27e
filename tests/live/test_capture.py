"""Real traffic on the loopback, captured by the command as users run it; needs root."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

from inspector.capture.open import open_capture
from inspector.session import Session
from live.conftest import port  # noqa: F401 (the screens' tests take it from here)
from live.traffic import INSPECTOR, begin, capture, fetch, get

pytestmark = pytest.mark.live


def test_root_is_here() -> None:
    assert os.geteuid() == 0, "these tests capture: run them as root"


@pytest.mark.parametrize("source", ["ring", "scapy"])
def test_a_command_is_captured_and_explained(port: int, tmp_path: Path, source: str) -> None:  # noqa: F811
    path = tmp_path / "out.pcapng"
    words = ["--source", source, "-f", f"tcp port {port}", "-w", str(path), "--", *fetch(port, "/one")]
    done = capture(*words)
    assert done.returncode == 0, done.stderr
    assert "GET /one HTTP/1.1" in done.stdout
    assert "Nothing wrong was found" in done.stdout
    session = Session.open(str(path))
    assert session.issues == []
    assert [m.kind for m in session.messages if m.protocol == "http"] == ["request", "response"]
    numbers = [session.packet(n).data for n in range(1, session.packet_count + 1)]
    assert len(set(numbers)) == len(numbers), "the loopback shows each packet twice"


def test_a_failing_command_is_explained(port: int) -> None:  # noqa: F811
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
    done = capture("-f", f"tcp port {closed}", "--", "curl", "-s", f"http://127.0.0.1:{closed}/")
    assert done.returncode == 1
    assert "refused" in done.stdout
    assert "ended with 7" in done.stderr


def test_messages_are_printed_within_half_a_second(port: int) -> None:  # noqa: F811
    with begin("--jsonl", "-f", f"tcp port {port}") as running:
        assert running.stdout is not None
        lags = []
        get(port, "/ready")
        for _ in range(2):
            running.stdout.readline()
        for number in range(5):
            get(port, f"/{number}")
            for _ in range(2):
                row = json.loads(running.stdout.readline())
                lags.append(time.time() - float(row["time"]))
                assert f"/{number}" in row["summary"] or row["kind"] == "response"
        running.send_signal(2)
        running.communicate(timeout=20)
    assert median(lags) < 0.5, lags


def test_events_of_a_server_that_trickles_come_one_by_one(tmp_path: Path) -> None:
    """An open stream, a byte of an event at a time: each event is shown within half a second of its last byte."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        port = server.getsockname()[1]
        with begin("--jsonl", "-f", f"tcp port {port}") as running:
            assert running.stdout is not None
            client.connect(server.getsockname())
            client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            link, _ = server.accept()
            link.recv(1000)
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            lags = []
            for number in range(4):
                for byte in f"data: tick {number}\n\n".encode():
                    link.sendall(bytes([byte]))
                    time.sleep(0.01)
                sent = time.monotonic()
                while (row := json.loads(running.stdout.readline()))["kind"] != "event":
                    pass
                lags.append(time.monotonic() - sent)
                assert f"tick {number}" in row["summary"]
            link.close()
            running.send_signal(2)
            running.communicate(timeout=20)
    assert median(lags) < 0.5, lags


def test_no_packet_is_missing_at_the_end(port: int, tmp_path: Path) -> None:  # noqa: F811
    """The last packets are still in the kernel's ring when the capture is told to stop."""
    path = tmp_path / "out.pcapng"
    code = f"import urllib.request as u\nfor i in range(200): u.urlopen('http://127.0.0.1:{port}/').read()"
    done = capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    session = Session.open(str(path))
    assert len([m for m in session.messages if m.kind == "response"]) == 200
    assert all(flow.ends == ("fin", "fin") for flow in session.flows)


@pytest.mark.parametrize("words", [["-c", "3"], ["-a", "packets:3"]])
def test_exactly_as_many_packets_as_wanted(port: int, tmp_path: Path, words: list[str]) -> None:  # noqa: F811
    path = tmp_path / "out.pcapng"
    assert capture("-q", *words, "-w", str(path), "--", *fetch(port, then="time.sleep(5)")).returncode == 0
    assert len(open_capture(str(path)).table) == 3


def test_others_read_what_is_written(port: int, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "out.pcapng"
    capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", *fetch(port))
    fields = ["-T", "fields", "-e", "http.request.uri", "-e", "frame.comment"]
    seen = subprocess.run(["tshark", "-r", str(path), *fields], capture_output=True, text=True, check=True).stdout
    assert "/" in seen.split()
    assert f"pid {os.getpid()}" in seen, "the server's process is named where its connection opens"


def test_packets_go_to_standard_output(port: int, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "out.pcapng"
    words = [*INSPECTOR, "capture", "-f", f"tcp port {port}", "-w", "-", "--", *fetch(port)]
    with path.open("wb") as out:
        assert subprocess.run(words, stdout=out, stderr=subprocess.PIPE, timeout=60, check=False).returncode == 0
    assert [m.kind for m in Session.open(str(path)).messages] == ["request", "response"]
