"""However a capture ends, what was captured can be read, and nobody is left behind."""

import os
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.capture.blocks import STATISTICS
from inspector.capture.live.recording import Drop, Status
from inspector.capture.open import open_capture
from live.traffic import begin, capture, get, gone, helper_of, wait_until

pytestmark = pytest.mark.live


def packets_in(path: Path) -> int:
    """Packets that our reader and tshark both find, neither of them complaining."""
    opened = open_capture(str(path))
    assert opened.issue is None
    seen = subprocess.run(
        ["tshark", "-r", str(path), "-z", "expert,warn", "-q"], capture_output=True, text=True, check=True
    )
    assert "cut short" not in seen.stderr
    assert "Warns" not in seen.stdout
    assert "Errors" not in seen.stdout
    return len(opened.table)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_all_packets(port: int, tmp_path: Path, how: signal.Signals) -> None:
    path = tmp_path / "out.pcapng"
    with begin("-f", f"tcp port {port}", "-w", str(path)) as running:
        helper = helper_of(running)
        for _ in range(20):
            get(port, "/")
        running.send_signal(how)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 0, said
    assert gone(helper)
    assert packets_in(path) >= 20 * 9
    assert f"{packets_in(path)} packets captured, 0 dropped" in said


def test_when_the_command_is_killed_the_capture_ends_with_all_packets(port: int, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    with begin("-f", f"tcp port {port}", "-w", str(path)) as running:
        helper = helper_of(running)
        for _ in range(20):
            get(port, "/")
        running.kill()
        running.communicate()
    assert wait_until(lambda: gone(helper))
    assert packets_in(path) >= 20 * 9


@pytest.mark.parametrize("source", ["ring", "scapy", "dumpcap", "tcpdump"])
def test_nobody_is_left_behind(port: int, tmp_path: Path, source: str) -> None:
    path = tmp_path / "out.pcapng"
    with begin("--source", source, "-f", f"tcp port {port}", "-w", str(path)) as running:
        helper = helper_of(running)
        children = Path(f"/proc/{helper}/task/{helper}/children").read_text().split()
        programs = [int(pid) for pid in children]
        assert len(programs) == (1 if source in {"dumpcap", "tcpdump"} else 0)
        running.kill()
        running.communicate()
    assert wait_until(lambda: all(gone(pid) for pid in [helper, *programs]))


def test_when_the_capture_process_is_killed_it_is_told_and_packets_are_kept(port: int, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    with begin("-f", f"tcp port {port}", "-w", str(path)) as running:
        for _ in range(20):
            get(port, "/")
        time.sleep(0.5)
        os.kill(helper_of(running), signal.SIGKILL)
        out, said = running.communicate(timeout=20)
    assert running.returncode == 6
    assert "the capture process was ended by signal SIGKILL" in said
    assert out.count("200 OK") == 20
    assert packets_in(path) >= 20 * 9


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 300 kB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_ends_behind_a_whole_packet(port: int, small_disk: Path) -> None:
    path = small_disk / "out.pcapng"
    code = f"import urllib.request as u\nfor i in range(400): u.urlopen('http://127.0.0.1:{port}/').read()"
    done = capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", "python3", "-c", code)
    assert done.returncode == 6
    assert "write: No space left on device (ENOSPC)" in done.stderr
    assert packets_in(path) > 500


def test_an_interface_that_goes_down_is_told_and_packets_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    name = f"tun{os.getpid() % 10_000}"
    subprocess.run(["ip", "tuntap", "add", name, "mode", "tun"], check=True)
    try:
        # without a reader it has no carrier, but what is sent is seen on its way out
        subprocess.run(["ip", "address", "add", "10.99.0.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        with begin("-i", name, "-w", str(path)) as running:
            subprocess.run(["ip", "link", "set", name, "down"], check=True)
            _, said = running.communicate(timeout=20)
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)
    assert running.returncode == 6
    assert f"the interface {name} went down" in said
    assert packets_in(path) == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["true"], 0, "ended with 0"),
        (["sh", "-c", "exit 3"], 1, "ended with 3"),
        (["sh", "-c", "kill -9 $$"], 1, "ended with -9"),
        (["no-such-command"], 2, "no-such-command: no such command"),
    ],
)
def test_exit_codes_tell_the_command_s_failure_from_ours(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    path = tmp_path / "out.pcapng"
    done = capture("-f", "tcp port 1", "-w", str(path), "--", *words)
    assert done.returncode == code
    assert said in done.stderr
    assert path.exists() == (code != 2)


def test_what_the_kernel_dropped_is_in_the_file(port: int, tmp_path: Path) -> None:
    """While the capture process stands still its buffer runs over: the statistics block at the end says by how much."""
    path = tmp_path / "out.pcapng"
    with begin("-B", "4", "-f", f"tcp port {port}", "-w", str(path)) as running:
        helper = helper_of(running)
        os.kill(helper, signal.SIGSTOP)
        end = time.monotonic() + 2.0
        while time.monotonic() < end:
            get(port, "/")
        os.kill(helper, signal.SIGCONT)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    received, dropped = statistics(path.read_bytes())
    assert dropped > 0
    assert f"{dropped} dropped by the kernel" in said
    assert received == packets_in(path) + dropped


def statistics(image: bytes) -> tuple[int, int]:
    """What the interface statistics block says, draft-ietf-opsawg-pcapng 4.6."""
    at = 0
    while struct.unpack_from("<I", image, at)[0] != STATISTICS:
        at += struct.unpack_from("<I", image, at + 4)[0]
    options = {}
    at += 20
    while (head := struct.unpack_from("<HH", image, at))[0]:
        options[head[0]] = int.from_bytes(image[at + 4 : at + 4 + head[1]], "little")
        at += 4 + head[1]
    return options[4], options[5]


def test_each_loss_is_known_with_its_time_and_count() -> None:
    status = Status()
    before = time.time_ns()
    for dropped in (0, 5, 5, 12):
        status.take({"packets": 100, "dropped": dropped})
    assert [drop.packets for drop in status.drops] == [5, 7]
    assert all(isinstance(drop, Drop) and before <= drop.time <= time.time_ns() for drop in status.drops)
    assert status.dropped == 12
