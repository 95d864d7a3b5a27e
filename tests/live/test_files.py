"""Files that are written while we read them, pipes, and rings of files."""

import os
import pty
import select
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from inspector.capture.open import open_capture
from live.traffic import INSPECTOR, begin, capture, fetch, get, wait_until

pytestmark = pytest.mark.live


def test_a_file_that_another_program_writes_is_followed_while_it_grows(port: int, tmp_path: Path) -> None:
    """dumpcap begins the file long before the first packet, and ends in the middle of a write."""
    path = tmp_path / "theirs.pcapng"
    writer = subprocess.Popen(
        ["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(path)], stderr=subprocess.DEVNULL
    )
    try:
        assert wait_until(path.exists)
        with begin("--tail", str(path)) as running:
            assert running.stdout is not None
            for number in range(3):
                get(port, f"/{number}")
                assert f"GET /{number}" in running.stdout.readline()
                assert "200 OK" in running.stdout.readline()
            running.send_signal(2)
            _, said = running.communicate(timeout=20)
        assert running.returncode == 0, said
        assert "6 messages in 3 flows" in said
    finally:
        writer.terminate()
        writer.wait()


@pytest.mark.parametrize("program", ["inspector", "tcpdump"])
def test_a_file_that_is_replaced_is_followed_by_its_name(port: int, tmp_path: Path, program: str) -> None:
    """Half of the first packet at first, then the rest, then another file in its place, then that one cut off."""
    first, second, path = tmp_path / "1", tmp_path / "2", tmp_path / "followed"
    source = [] if program == "inspector" else ["--source", program]
    for name, place in (("/one", first), ("/two", second)):
        words = ["-q", "-f", f"tcp port {port}", "-w", str(place), *source]
        assert capture(*words, "--", *fetch(port, name)).returncode == 0
    whole, packets = first.read_bytes(), len(open_capture(str(second)).table)
    path.write_bytes(whole[:20])
    kept = tmp_path / "kept.pcapng"
    with begin("--tail", str(path), "-w", str(kept)) as running:
        assert running.stdout is not None
        with path.open("ab") as out:
            for at in range(20, len(whole), 301):
                out.write(whole[at : at + 301])
                out.flush()
        assert "GET /one" in running.stdout.readline()
        assert "200 OK" in running.stdout.readline()
        second.rename(path)
        assert "GET /two" in running.stdout.readline()
        assert "200 OK" in running.stdout.readline()
        path.write_bytes(b"")
        time.sleep(0.5)
        path.write_bytes(whole)
        assert "GET /one" in running.stdout.readline()
        running.send_signal(2)
        running.communicate(timeout=20)
    assert running.returncode == 0
    capture_kept = open_capture(str(kept))
    assert capture_kept.issue is None
    assert len(capture_kept.table) == packets + 2 * len(open_capture(str(path)).table)


def test_messages_of_a_pipe_are_printed_before_it_ends(port: int) -> None:
    source = subprocess.Popen(
        [*INSPECTOR, "capture", "-q", "-f", f"tcp port {port}", "-w", "-"], stdout=subprocess.PIPE
    )
    assert source.stdout is not None
    with subprocess.Popen(
        [*INSPECTOR, "capture", "--tail", "-"],
        stdin=source.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        time.sleep(2)
        get(port, "/piped")
        assert "GET /piped" in running.stdout.readline()
        assert source.poll() is None
        source.terminate()
        _, said = running.communicate(timeout=20)
    source.wait()
    assert running.returncode == 0, said
    assert "2 messages in 1 flow" in said


def test_a_capture_ends_when_nobody_reads_it_any_more(port: int) -> None:
    """Even without a packet that could not be written."""
    source = subprocess.Popen([*INSPECTOR, "capture", "-f", "tcp port 1", "-w", "-"], stdout=subprocess.PIPE)
    assert source.stdout is not None
    assert source.stdout.read(4) == b"\x0a\x0d\x0d\x0a"
    source.stdout.close()
    assert source.wait(15) == 0


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(b"garbage and more garbage", 3, "67 61 72 62"), (None, 3, "no such file")],
)
def test_what_cannot_be_followed_is_told(tmp_path: Path, content: bytes | None, code: int, said: str) -> None:
    path = tmp_path / "notes"
    if content is not None:
        path.write_bytes(content)
    done = capture("--tail", str(path))
    assert done.returncode == code
    assert said in done.stderr


def test_a_ring_of_files_keeps_the_newest(port: int, tmp_path: Path) -> None:
    words = ["-f", f"tcp port {port}", "-w", str(tmp_path / "kept.pcapng"), "-b", "files:3", "-b", "filesize:20"]
    code = f"import urllib.request as u\nfor i in range(100): u.urlopen('http://127.0.0.1:{port}/' + str(i)).read()"
    done = capture(*words, "--", "python3", "-c", code)
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert [file.name.split("_")[0] for file in files] == ["kept"] * 3
    numbers = [int(file.name.split("_")[1]) for file in files]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert numbers[0] > 1
    for file in files:
        assert str(file) in done.stderr
        assert open_capture(str(file)).issue is None
    # full ones end with the packet that reaches the size
    assert all(20_000 <= file.stat().st_size < 20_000 + 1000 for file in files[:2])


def test_a_ring_of_files_begins_a_new_one_in_time(port: int, tmp_path: Path) -> None:
    words = ["-f", f"tcp port {port}", "-w", str(tmp_path / "kept"), "-b", "duration:1", "-a", "packets:30"]
    code = f"import time, urllib.request as u\nwhile 1: u.urlopen('http://127.0.0.1:{port}/').read(); time.sleep(0.7)"
    done = capture(*words, "--", "python3", "-c", code)
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.iterdir())
    assert len(files) >= 2
    assert all(file.suffix == ".pcapng" for file in files)
    assert sum(len(open_capture(str(file)).table) for file in files) == 30


@pytest.mark.parametrize("words", [["-b", "files:2"], ["-b", "hours:1", "-w", "x"], ["-a", "files:2"]])
def test_other_rings_are_refused(words: list[str]) -> None:
    assert capture(*words).returncode == 2


def test_the_file_that_is_followed_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0")
    assert capture("--tail", str(path), "-w", str(path)).returncode == 2
    assert path.read_bytes() == b"0"


def test_a_file_of_an_earlier_program_may_be_a_pipe(port: int, tmp_path: Path) -> None:
    pipe, whole = tmp_path / "pipe", tmp_path / "whole"
    assert capture("-q", "-f", f"tcp port {port}", "-w", str(whole), "--", *fetch(port)).returncode == 0
    os.mkfifo(pipe)
    feeder = subprocess.Popen(["cp", "--", str(whole), "/dev/fd/1"], stdout=os.open(pipe, os.O_RDWR))
    feeder.wait()
    with begin("--tail", str(pipe)) as running:
        assert running.stdout is not None
        assert "GET /" in running.stdout.readline()
        running.send_signal(2)
        running.communicate(timeout=20)
    assert running.returncode == 0


@pytest.mark.parametrize("way", ["pipe", "file"])
def test_the_screens_follow_a_file_or_a_pipe(port: int, tmp_path: Path, way: str) -> None:
    """On a terminal of its own, from which keys come even while standard input is the capture."""
    path = tmp_path / "whole"
    assert capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", *fetch(port, "/shown")).returncode == 0
    words = [*INSPECTOR, "live", "-" if way == "pipe" else str(path), "-w", str(tmp_path / "kept")]
    command = f"cat {path} - | {shlex.join(words)}" if way == "pipe" else shlex.join(words)
    process, terminal = pty.fork()
    if not process:
        os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="30")
        os.execvp("sh", ["sh", "-c", command])
    seen = b""
    try:
        end = time.monotonic() + 40
        while b"/shown" not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                seen += os.read(terminal, 65536)
    finally:
        os.kill(process, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(process, 0)
    assert b"GET /shown HTTP/1.1" in seen
