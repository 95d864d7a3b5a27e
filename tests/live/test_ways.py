"""Every way to packets: the ring, scapy, programs of the system; and what is said where none may be gone."""

import subprocess
import sys
from pathlib import Path

import pytest

from inspector.capture.live.recording import by_program
from inspector.capture.live.settings import Settings
from inspector.capture.open import open_capture
from inspector.session import Session
from live.traffic import capture, fetch, get, only, wait_until, without_rights

pytestmark = pytest.mark.live


def test_without_rights_the_failed_call_and_three_ways_out_are_told() -> None:
    done = without_rights("-c", "1")
    assert done.returncode == 5, done.stderr
    assert "socket(AF_PACKET, SOCK_RAW)" in done.stderr
    assert "EPERM" in done.stderr
    for way in ("sudo inspector capture -i lo -w - | inspector live -", "dumpcap", "inspector tap"):
        assert way in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_left_of_a_capture_that_was_refused(tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    assert without_rights("-c", "1", "-w", str(path)).returncode == 5
    assert not path.exists()


def test_a_program_is_used_where_only_that_has_the_rights(port: int, tmp_path: Path) -> None:
    """tcpdump changes its user when root starts it, which these rights do not allow: see the next test."""
    copy = only("dumpcap", tmp_path)
    subprocess.run(["setcap", "cap_net_raw,cap_net_admin=eip", str(copy)], check=True)
    done = without_rights("-f", f"tcp port {port}", "--", *fetch(port, "/mine"), path=str(tmp_path))
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
        # packets are counted while they come, which these programs do not tell
        assert wait_until(lambda: recording.status.packets >= 8)
        recording.stop()
    assert recording.status.source == program
    assert recording.failure == ""
    assert [m.kind for m in Session.open(str(tmp_path / "out")).messages] == ["request", "response"]


@pytest.mark.parametrize("source", ["ring", "scapy", "dumpcap", "tcpdump"])
def test_limits_hold_whoever_captures(port: int, tmp_path: Path, source: str) -> None:
    path = tmp_path / "out.pcapng"
    words = ["--source", source, "-f", f"tcp port {port}", "-c", "5", "-w", str(path)]
    done = capture(*words, "--", *fetch(port, then="time.sleep(20)"))
    assert done.returncode == 0, done.stderr
    assert len(open_capture(str(path)).table) == 5
    assert "was stopped with the capture" in done.stderr


@pytest.mark.parametrize("source", ["ring", "scapy", "dumpcap", "tcpdump"])
def test_packets_are_cut_at_the_snap_length(port: int, tmp_path: Path, source: str) -> None:
    path = tmp_path / "out.pcapng"
    words = ["--source", source, "-f", f"tcp port {port}", "-s", "80", "-w", str(path)]
    assert capture("-q", *words, "--", *fetch(port)).returncode == 0
    table = open_capture(str(path)).table
    assert max(table.captured) == 80
    assert max(table.lengths) > 100


def test_a_source_that_is_not_there_is_told() -> None:
    done = without_rights("--source", "dumpcap", "-c", "1")
    assert done.returncode == 5
    assert "dumpcap: is not installed, or has no right" in done.stderr


def test_a_system_without_the_ring_is_captured_by_scapy(port: int, tmp_path: Path) -> None:
    """Some kernels have packet sockets but refuse this ring: so does a process whose setsockopt we replace."""
    code = (
        "import sys, errno\n"
        "from inspector.capture.live import helper, ring\n"
        "def no(self, program): raise OSError(errno.ENOPROTOOPT, 'no', 'setsockopt(PACKET_VERSION)')\n"
        "ring.Ring._open = no\n"
        "sys.exit(helper.main())\n"
    )
    orders = Settings(bpf=f"tcp port {port}", packets=8).orders().written()
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", code, orders, "2"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert '"source": "scapy"' in process.stderr.readline()
        get(port, "/two")
        process.wait(30)
        process.communicate()
    assert process.returncode == 0
    assert len(open_capture(str(tmp_path / "out")).table) == 8


@pytest.mark.parametrize("interfaces", [["any"], ["lo", "eth0"]])
def test_several_interfaces_go_into_one_capture_each_packet_once(
    port: int, tmp_path: Path, interfaces: list[str]
) -> None:
    path = tmp_path / "out.pcapng"
    words = [word for name in interfaces for word in ("-i", name)]
    done = capture(*words, "-f", f"tcp port {port}", "-w", str(path), "--", *fetch(port))
    assert done.returncode == 0, done.stderr
    session = Session.open(str(path))
    assert [m.kind for m in session.messages] == ["request", "response"]
    assert all(flow.ends == ("fin", "fin") for flow in session.flows)
    assert session.notes(1) == [], "the loopback shows each packet twice"
    fields = ["-T", "fields", "-e", "sll.ifindex", "-e", "frame.comment"]
    seen = subprocess.run(["tshark", "-r", str(path), *fields], capture_output=True, text=True, check=True).stdout
    assert {line.split("\t")[0] for line in seen.splitlines()} == {"1"}
    assert "pid" in seen


@pytest.mark.parametrize(
    ("words", "said"),
    [(["-f", "tcp prot 80"], "syntax error"), (["-i", "any", "-f", "ether host 1:2:3:4:5:6"], "ethernet")],
)
def test_filters_are_checked_before_anything_is_captured(words: list[str], said: str) -> None:
    done = capture(*words, "-c", "1")
    assert done.returncode == 2
    assert said in done.stderr


def test_unknown_interfaces_are_told_with_the_known_ones() -> None:
    done = capture("-i", "nosuch0", "-c", "1")
    assert done.returncode == 6
    assert "no interface nosuch0; there are lo" in done.stderr
