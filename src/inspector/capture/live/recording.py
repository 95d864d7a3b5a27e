"""The capture process as seen by whoever started it: the ring, or a program of the system that has the rights."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, NamedTuple

from inspector.capture.live.errors import CaptureFailedError, NoRightError
from inspector.capture.live.settings import Settings

START: Final = 15.0
"""Seconds for a capture process to begin or to say why it cannot."""
STOP: Final = 10.0
"""Seconds for it to write what it has and end."""
NO_RIGHT: Final = 5

_REFUSED: Final = ("permission", "not permitted", "privilege")


class Drop(NamedTuple):
    """The kernel had no room for `packets` shortly before `time`, in nanoseconds since 1970."""

    time: int
    packets: int


class Status:
    """How a capture goes: counts so far, `ring` the part of the kernel's buffer in use, `ended` why it stopped."""

    def __init__(self) -> None:
        self.started = ""
        self.source = ""
        self.packets = 0
        self.dropped = 0
        self.drops: list[Drop] = []
        self.bytes = 0
        self.ring = 0.0
        self.ended = ""
        self.error = ""
        self.code = 0


class Recording:
    """A running capture that writes pcapng (or pcap, with tcpdump) to `out`."""

    def __init__(self, command: list[str], out: IO[bytes], read: Callable[[Status, str], None]) -> None:
        self.status = Status()
        self._reads = read
        self._begun = threading.Event()
        report, write = os.pipe()
        if "{}" in command:
            command = [str(write) if word == "{}" else word for word in command]
            keep: tuple[int, ...] = (write,)
            errors: int | None = subprocess.DEVNULL
        else:
            keep = ()
            errors = write
        self.process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=out, stderr=errors, pass_fds=keep, start_new_session=True
        )
        os.close(write)
        self._thread = threading.Thread(target=self._listen, args=(report,), daemon=True)
        self._thread.start()

    def _listen(self, report: int) -> None:
        with os.fdopen(report, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self._reads(self.status, line)
                if self.status.started or self.status.error:
                    self._begun.set()
        self._begun.set()

    def begin(self) -> None:
        """Wait until it captures. Raises NoRightError or CaptureFailedError."""
        self._begun.wait(START)
        if self.status.started:
            return
        self.stop()
        text = self.status.error or "the capture process ended without a word"
        if self.status.code == NO_RIGHT or any(word in text.lower() for word in _REFUSED):
            raise NoRightError(text)
        raise CaptureFailedError(text)

    @property
    def running(self) -> bool:
        """Whether it still captures."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Let it write what it has, and wait for its end."""
        if self.running:
            assert self.process.stdin is not None
            self.process.stdin.close()
            if not self.status.source or self.status.source in _PROGRAMS:
                self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(STOP)


def record(settings: Settings, out: IO[bytes]) -> Recording:
    """Start capturing to `out`: by the ring, scapy, or a program that may.

    Raises NoRightError with the ways out when nothing here has the right, CaptureFailedError for anything else.
    """
    ring = [sys.executable, "-m", "inspector.capture.live.helper", settings.written(), "{}"]
    recording = Recording(ring, out, _read_report)
    try:
        recording.begin()
    except NoRightError as refused:
        return by_program(settings, out, str(refused))
    return recording


def relay(listen: str, target: str, out: IO[bytes]) -> Recording:
    """Start relaying from `listen` to `target` and writing what passes to `out`; see inspector.capture.live.tap.

    Raises NoRightError for a port that only root may listen on, CaptureFailedError for one in use.
    """
    recording = Recording([sys.executable, "-m", "inspector.capture.live.tap", listen, target, "{}"], out, _read_report)
    recording.begin()
    return recording


def by_program(settings: Settings, out: IO[bytes], refused: str) -> Recording:
    """Start a program of the system that has the rights. Raises NoRightError, saying `refused`, when none has."""
    for program in _PROGRAMS:
        path = shutil.which(program)
        if path is None or settings.source:
            continue
        recording = Recording(_PROGRAMS[program](path, settings), out, _read_words)
        try:
            recording.begin()
        except (NoRightError, CaptureFailedError):
            continue
        recording.status.source = program
        return recording
    raise NoRightError(f"{refused}\n{ways_out()}")


def _dumpcap(path: str, s: Settings) -> list[str]:
    command = [path, "-q", "-i", s.interface, "-w", "-", "-s", str(s.snap_length), "-B", str(max(1, s.buffer >> 20))]
    limits = (("duration", s.duration), ("packets", s.packets), ("filesize", s.file_size // 1000))
    for name, value in limits:
        command += ["-a", f"{name}:{value:g}"] if value else []
    return [*command, "-f", s.bpf] if s.bpf else command


def _tcpdump(path: str, s: Settings) -> list[str]:
    command = [path, "-U", "-n", "--immediate-mode", "-i", s.interface, "-w", "-", "-s", str(s.snap_length)]
    command += ["-B", str(s.buffer >> 10)]
    command += ["-c", str(s.packets)] if s.packets else []
    return [*command, *s.bpf.split()]


_PROGRAMS: Final = {"dumpcap": _dumpcap, "tcpdump": _tcpdump}


def _read_report(status: Status, line: str) -> None:
    """One line of our own process."""
    report = json.loads(line)
    status.packets = report.get("packets", status.packets)
    dropped = report.get("dropped", status.dropped)
    if dropped > status.dropped:
        status.drops.append(Drop(time.time_ns(), dropped - status.dropped))
    status.dropped = dropped
    status.bytes = report.get("bytes", status.bytes)
    status.ring = report.get("ring", status.ring)
    status.code = report.get("code", status.code)
    status.error = report.get("error", status.error)
    status.source = report.get("source", status.source)
    status.ended = report.get("ended", status.ended)
    status.started = report.get("started", status.started)


def _read_words(status: Status, line: str) -> None:
    """One line that dumpcap or tcpdump writes for people."""
    words = line.strip()
    if words.startswith("File:") or "listening on" in words:
        status.started = words
    elif "packets captured" in words:
        status.packets = int(words.split()[0])
    elif "dropped by kernel" in words:
        status.dropped = int(words.split()[0])
    elif words.startswith("Packets received/dropped on interface"):
        received, _, dropped = words.rsplit(": ", 1)[1].split(" ")[0].partition("/")
        status.packets, status.dropped = int(received), int(dropped)
    elif words and not status.started and not words.startswith("Capturing on"):
        status.error = f"{status.error} {words}".strip()


def ways_out() -> str:
    """What a user without the right can do on this system, none of it running the screens as root."""
    lines = ["Three ways to go on:"]
    if sys.platform == "linux":
        lines += [
            "  sudo inspector capture -i lo -w - | inspector -       only the capture runs as root",
            f"  {_helper_advice()}",
            "  inspector tap 9083 localhost:9084                     needs no rights: a relay before the server",
        ]
    else:
        lines += [
            "  sudo inspector capture -i lo0 -w - | inspector -      only the capture runs as root",
            "  sudo chmod g+r /dev/bpf*                              let your group read the packet devices",
            "  inspector tap 9083 localhost:9084                     needs no rights: a relay before the server",
        ]
    return "\n".join(lines)


def _helper_advice() -> str:
    path = shutil.which("dumpcap") or shutil.which("tcpdump")
    if path is None:
        return "install dumpcap (package wireshark-common) and let your group use it"
    real = Path(path).resolve()
    return f"sudo setcap cap_net_raw,cap_net_admin=eip {real}   then this command uses it"
