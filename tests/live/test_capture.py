"""Real traffic on the loopback, captured by the command as users run it; needs root."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.capture.live.recording import by_program
from inspector.capture.live.settings import Settings
from inspector.capture.open import open_capture
from inspector.session import Session

pytestmark = pytest.mark.live
INSPECTOR = (sys.executable, "-m", "inspector")


class Hello(http.server.BaseHTTPRequestHandler):
    """Answers every GET."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def get(port: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while s.recv(4096):
            pass


def capture(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*INSPECTOR, "capture", *words], capture_output=True, text=True, timeout=60, check=False)


def test_root_is_here() -> None:
    assert os.geteuid() == 0, "these tests capture: run them as root"


@pytest.mark.parametrize("source", ["ring", "scapy"])
def test_a_command_is_captured_and_explained(port: int, tmp_path: Path, source: str) -> None:
    path = tmp_path / "out.pcapng"
    fetch = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/one').read()"
    words = ["--source", source, "-f", f"tcp port {port}", "-w", str(path), "--", sys.executable, "-c", fetch]
    done = capture(*words)
    assert done.returncode == 0, done.stderr
    assert "GET /one HTTP/1.1" in done.stdout
    assert "Nothing wrong was found" in done.stdout
    session = Session.open(str(path))
    assert session.issues == []
    assert [m.kind for m in session.messages if m.protocol == "http"] == ["request", "response"]
    numbers = [session.packet(n).data for n in range(1, session.packet_count + 1)]
    assert len(set(numbers)) == len(numbers), "the loopback shows each packet twice"


def test_a_failing_command_is_explained(port: int) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
    done = capture("-f", f"tcp port {closed}", "--", "curl", "-s", f"http://127.0.0.1:{closed}/")
    assert done.returncode == 1
    assert "refused" in done.stdout
    assert "ended with 7" in done.stderr


def test_messages_are_printed_within_half_a_second(port: int) -> None:
    words = [*INSPECTOR, "capture", "--jsonl", "-f", f"tcp port {port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert "capturing on lo" in running.stderr.readline()
        time.sleep(1.0)
        lags = []
        for number in range(5):
            get(port, f"/{number}")
            for _ in range(2):
                row = json.loads(running.stdout.readline())
                lags.append(time.time() - float(row["time"]))
                assert f"/{number}" in row["summary"] or row["kind"] == "response"
        running.send_signal(2)
        running.communicate(timeout=20)
    assert max(lags) < 0.5, lags


def test_no_packet_is_missing_at_the_end(port: int, tmp_path: Path) -> None:
    """The last packets are still in the kernel's ring when the capture is told to stop."""
    path = tmp_path / "out.pcapng"
    fetch = f"import urllib.request as u\nfor i in range(200): u.urlopen('http://127.0.0.1:{port}/').read()"
    done = capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", sys.executable, "-c", fetch)
    assert done.returncode == 0, done.stderr
    session = Session.open(str(path))
    assert len([m for m in session.messages if m.kind == "response"]) == 200
    assert all(flow.ends == ("fin", "fin") for flow in session.flows)


@pytest.mark.parametrize("words", [["-c", "3"], ["-a", "packets:3"]])
def test_exactly_as_many_packets_as_wanted(port: int, tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "out.pcapng"
    fetch = f"import urllib.request as u, time; u.urlopen('http://127.0.0.1:{port}/').read(); time.sleep(5)"
    assert capture("-q", *words, "-w", str(path), "--", sys.executable, "-c", fetch).returncode == 0
    assert len(open_capture(str(path)).table) == 3


def test_others_read_what_is_written(port: int, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    fetch = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/').read()"
    capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", sys.executable, "-c", fetch)
    fields = ["-T", "fields", "-e", "http.request.uri", "-e", "frame.comment"]
    seen = subprocess.run(["tshark", "-r", str(path), *fields], capture_output=True, text=True, check=True).stdout
    assert "/" in seen.split()
    assert f"pid {os.getpid()}" in seen, "the server's process is named where its connection opens"


def test_packets_go_to_standard_output(port: int, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    fetch = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/').read()"
    words = [*INSPECTOR, "capture", "-f", f"tcp port {port}", "-w", "-", "--", sys.executable, "-c", fetch]
    with path.open("wb") as out:
        assert subprocess.run(words, stdout=out, stderr=subprocess.PIPE, timeout=60, check=False).returncode == 0
    assert [m.kind for m in Session.open(str(path)).messages] == ["request", "response"]


def test_unknown_interfaces_are_told_with_the_known_ones() -> None:
    done = capture("-i", "nosuch0", "-c", "1")
    assert done.returncode == 6
    assert "no interface nosuch0; there are lo" in done.stderr


def test_filters_are_checked_before_anything_is_captured() -> None:
    done = capture("-f", "tcp prot 80", "-c", "1")
    assert done.returncode == 2
    assert "syntax error" in done.stderr


def without_rights(*words: str, path: str = "/nowhere") -> subprocess.CompletedProcess[str]:
    """Without capabilities but those that a program's file gives it (capabilities(7), SECBIT_NOROOT)."""
    drop = [str(shutil.which("setpriv")), "--securebits=+noroot", "--inh-caps=-all"]
    env = {**os.environ, "PATH": path}
    return subprocess.run(
        [*drop, *INSPECTOR, "capture", *words], capture_output=True, text=True, timeout=60, check=False, env=env
    )


def test_without_rights_the_failed_call_and_three_ways_out_are_told() -> None:
    done = without_rights("-c", "1")
    assert done.returncode == 5, done.stderr
    assert "socket(AF_PACKET, SOCK_RAW)" in done.stderr
    assert "EPERM" in done.stderr
    for way in ("sudo inspector capture -i lo -w - | inspector live -", "dumpcap", "inspector tap"):
        assert way in done.stderr
    assert "Traceback" not in done.stderr


def only(program: str, folder: Path) -> Path:
    """A folder with a copy of one program in it."""
    found = shutil.which(program)
    assert found is not None
    return Path(shutil.copy(found, folder / program))


def test_dumpcap_is_used_where_it_has_the_rights(port: int, tmp_path: Path) -> None:
    copy = only("dumpcap", tmp_path)
    subprocess.run(["setcap", "cap_net_raw,cap_net_admin=eip", str(copy)], check=True)
    fetch = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/mine').read()"
    done = without_rights("-f", f"tcp port {port}", "--", sys.executable, "-c", fetch, path=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "by dumpcap" in done.stderr
    assert "GET /mine HTTP/1.1" in done.stdout


@pytest.mark.parametrize("program", ["dumpcap", "tcpdump"])
def test_programs_of_the_system_capture_for_us(
    port: int, tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(program, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (tmp_path / "out").open("wb") as out:
        recording = by_program(Settings(bpf=f"tcp port {port}"), out, "refused")
        get(port, "/theirs")
        time.sleep(1)
        recording.stop()
    assert recording.status.source == program
    assert [m.kind for m in Session.open(str(tmp_path / "out")).messages] == ["request", "response"]
