"""The capture process as seen by whoever started it: the ring, a program of the system that has the rights, a copy."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from inspector.capture.live.errors import CaptureFailedError, NoRightError
from inspector.capture.live.orders import Orders
from inspector.capture.live.settings import Settings
from inspector.model.errors import CaptureError, InspectorError, UsageError

START: Final = 15.0
"""Seconds for a capture process to begin or to say why it cannot."""
STOP: Final = 10.0
"""Seconds for it to write what it has and end."""
_ERRORS: Final[dict[int, type[InspectorError]]] = {
    each.exit_code: each for each in (UsageError, CaptureError, NoRightError)
}


class Drop(NamedTuple):
    """The kernel had no room for `packets` shortly before `time`, in nanoseconds since 1970."""

    time: int
    packets: int


class Status:
    """How a capture goes: counts so far, `ring` the part of the kernel's buffer in use, `ended` why it stopped.

    `files` are those of a ring that are there.
    """

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
        self.files: list[str] = []

    def take(self, report: dict[str, Any]) -> None:
        """A report of the process."""
        dropped = int(report.get("dropped", self.dropped))
        if dropped > self.dropped:
            self.drops.append(Drop(time.time_ns(), dropped - self.dropped))
        for name, value in report.items():
            setattr(self, name, value)


class Recording:
    """A running process of ours that writes packets to `out`; `module` gets `words`, and "{}" for its reports' end.

    With `source` that is its standard input, and it is stopped by a signal instead of the end of that.
    """

    def __init__(self, module: str, words: list[str], out: IO[bytes], source: IO[bytes] | None = None) -> None:
        self.status = Status()
        self._begun = threading.Event()
        self._signals = source is not None
        report, write = os.pipe()
        said = [str(write) if word == "{}" else word for word in words]
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", f"inspector.capture.live.{module}", *said],
            stdin=subprocess.PIPE if source is None else source,
            stdout=out,
            stderr=subprocess.DEVNULL,
            pass_fds=(write,),
            start_new_session=True,
        )
        os.close(write)
        self._thread = threading.Thread(target=self._listen, args=(report,), daemon=True)
        self._thread.start()

    def _listen(self, report: int) -> None:
        with os.fdopen(report, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.status.take(json.loads(line))
                if self.status.started or self.status.error:
                    self._begun.set()
        self._begun.set()

    def begin(self) -> None:
        """Wait until it captures. Raises NoRightError, CaptureFailedError, UsageError or CaptureError."""
        self._begun.wait(START)
        if self.status.started:
            return
        self.stop()
        text = self.status.error or self.failure or "the capture process does not begin"
        raise _ERRORS.get(self.status.code, CaptureFailedError)(text)

    @property
    def running(self) -> bool:
        """Whether it still captures."""
        return self.process.poll() is None

    @property
    def failure(self) -> str:
        """Why it broke off, "" if it did not."""
        status, code = self.status, self.process.poll()
        if status.error or status.ended or code is None:
            return status.error
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"itself (code {code})"
        return f"the capture process was ended by {how}; what it wrote is kept"

    def check(self) -> None:
        """Raise an InspectorError when it broke off."""
        if self.failure:
            raise _ERRORS.get(self.status.code, CaptureFailedError)(self.failure)

    def stop(self) -> None:
        """Let it write what it has, and wait for its end."""
        if self.running:
            if self.process.stdin is not None:
                self.process.stdin.close()
            if self._signals:
                self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(STOP)


def record(settings: Settings, out: IO[bytes]) -> Recording:
    """Start capturing to `out`: by the ring, scapy, or a program that may.

    Raises NoRightError with the ways out when nothing here has the right, UsageError for a filter, CaptureFailedError
    for anything else.
    """
    orders = settings.orders()
    if settings.source in _PROGRAMS:
        return by_program(settings, out, f"{settings.source}: is not installed, or has no right to capture here")
    recording = Recording("helper", [orders.written(), "{}"], out)
    try:
        recording.begin()
    except NoRightError as refused:
        return by_program(settings, out, str(refused))
    return recording


def by_program(settings: Settings, out: IO[bytes], refused: str) -> Recording:
    """Start a program of the system that has the rights. Raises NoRightError, saying `refused`, when none has."""
    orders = settings.orders()
    for name, command in _PROGRAMS.items():
        path = shutil.which(name)
        if path is None or settings.source not in {"", name} or len(orders.interfaces) > 1:
            continue
        recording = Recording("copying", [orders.written(), "{}", "program", *command(path, settings)], out)
        try:
            recording.begin()
        except (NoRightError, CaptureFailedError):
            continue
        return recording
    raise NoRightError(f"{refused}\n{ways_out()}")


def relay(listen: str, target: str, out: IO[bytes]) -> Recording:
    """Start relaying from `listen` to `target` and writing what passes to `out`; see inspector.capture.live.tap.

    Raises NoRightError for a port that only root may listen on, CaptureFailedError for one in use.
    """
    recording = Recording("tap", [listen, target, "{}"], out)
    recording.begin()
    return recording


def follow_file(path: str, out: IO[bytes]) -> Recording:
    """Copy to `out` what is in a capture file ("-": comes to standard input) and what is still appended to it.

    Raises CaptureError when there is no such file.
    """
    orders = Orders([], 0)
    words = [orders.written(), "{}"]
    if path == "-":
        recording = Recording("copying", [*words, "stdin"], out, sys.stdin.buffer)
    else:
        recording = Recording("copying", [*words, "file", path], out)
    recording.begin()
    return recording


def _dumpcap(path: str, s: Settings) -> list[str]:
    command = [path, "-q", "-i", s.interface, "-w", "-", "-s", str(s.snap_length), "-B", str(max(1, s.buffer >> 20))]
    return [*command, "-f", s.bpf] if s.bpf else command


def _tcpdump(path: str, s: Settings) -> list[str]:
    command = [path, "-U", "-n", "--immediate-mode", "-i", s.interface, "-w", "-", "-s", str(s.snap_length)]
    return [*command, "-B", str(s.buffer >> 10), "--", s.bpf] if s.bpf else [*command, "-B", str(s.buffer >> 10)]


_PROGRAMS: Final = {"dumpcap": _dumpcap, "tcpdump": _tcpdump}


def ways_out() -> str:
    """What a user without the right can do on this system, none of it running the screens as root."""
    lines = ["Three ways to go on:"]
    if sys.platform == "linux":
        lines += [
            "  sudo inspector capture -i lo -w - | inspector live -  only the capture runs as root",
            f"  {_helper_advice()}",
            "  inspector tap 9083 localhost:9084                     needs no rights: a relay before the server",
        ]
    else:
        lines += [
            "  sudo inspector capture -i lo0 -w - | inspector live - only the capture runs as root",
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
