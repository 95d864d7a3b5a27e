"""How soon the live screen answers keys while packets are captured; needs root, nginx.

`python -m bench.keys [PACKETS_A_SECOND] [SECONDS]`, from the folder of the tests. Keys are written to a terminal, and
the time is taken until the change that they make comes out of it.
"""

import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from statistics import median

from bench.live import NGINX, PORT
from inspector.engine import core_kind

SIZE = (120, 40)
APART = 0.15
"""Seconds between two keys."""
GIVE_UP = 5.0
"""Seconds to wait for an answer."""
PACKETS_PER_REQUEST = 2
CALM = 100.0
"""Packets a second that cost next to nothing: what a key takes by itself."""
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

ROUND = (
    ("k", rb"F follows", "up, out of following"),
    ("F", rb"following", "follow again"),
    ("p", rb"paused", "pause"),
    ("k", rb"\x1b\[\d{2};1H", "up, while paused"),
    ("j", rb"\x1b\[\d{2};1H", "down, while paused"),
    ("p", rb"following|F follows", "go on"),
    ("F", rb"following", "follow again"),
)
"""Keys, what they make the terminal show, and what they are for."""


class Terminal:
    """A program in a terminal of its own, and what it wrote since the last key."""

    def __init__(self, command: list[str]) -> None:
        self.process, self.descriptor = pty.fork()
        if not self.process:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(command[0], command)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        self.written = b""
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.descriptor, 1 << 16)
            except OSError:
                return
            with self.changed:
                self.written += data
                self.changed.notify_all()

    def answer(self, key: str, shows: bytes) -> float:
        """Seconds from a key to its change."""
        sought = re.compile(shows)
        with self.changed:
            self.written = b""
            pressed = time.monotonic()
            os.write(self.descriptor, key.encode())
            while sought.search(self.written) is None:
                left = pressed + GIVE_UP - time.monotonic()
                if left <= 0:
                    break
                self.changed.wait(left)
            return time.monotonic() - pressed

    def close(self) -> None:
        """Leave the program."""
        os.write(self.descriptor, b"Q")
        time.sleep(2)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


def load(rate: float, over: threading.Event, counts: list[int]) -> None:
    """Make requests on one connection, so that `rate` packets a second pass."""
    with socket.create_connection(("127.0.0.1", PORT)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started, made = time.monotonic(), 0
        while not over.is_set():
            if made >= (time.monotonic() - started) * rate / PACKETS_PER_REQUEST:
                time.sleep(0.002)
                continue
            link.sendall(REQUEST)
            link.recv(65_536)
            made += 1
            counts[0] = made * PACKETS_PER_REQUEST


def loader(rate: float) -> None:
    """The process that makes requests until its input ends; prints the packets it made."""
    over, counts = threading.Event(), [0]
    thread = threading.Thread(target=load, args=(rate, over, counts))
    thread.start()
    begun = time.monotonic()
    sys.stdin.read()
    over.set()
    thread.join()
    print(round(counts[0] / (time.monotonic() - begun)))


def measure(rate: float, seconds: float) -> None:
    """Press keys in turn, and print how long each took."""
    command = [sys.executable, "-m", "inspector", "live", "-i", "lo", "-f", f"tcp port {PORT}"]
    terminal = Terminal(command)
    terminal.answer("", rb"REC")
    words = [sys.executable, "-m", "bench.keys", "load", str(rate)]
    loading = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(3)
    times: dict[str, list[float]] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, shows, what in ROUND:
            times.setdefault(what, []).append(terminal.answer(key, shows))
            time.sleep(APART)
    made = loading.communicate()[0].strip()
    terminal.close()
    every = sorted(1000 * each for found in times.values() for each in found)
    print(f"{made} packets/s made, {len(every)} keys: median {median(every):.0f} ms, 95 of 100 within", end=" ")
    print(f"{every[int(len(every) * 0.95)]:.0f} ms, at worst {every[-1]:.0f} ms")
    for what, found in times.items():
        mine = sorted(1000 * each for each in found)
        print(f"  {what:<22} median {median(mine):4.0f} ms, at worst {mine[-1]:4.0f} ms")


def main() -> None:
    """Print what was measured."""
    if sys.argv[1:2] == ["load"]:
        loader(float(sys.argv[2]))
        return
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 10_000.0
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 15.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nginx.conf").write_text(NGINX.replace("FOLDER", name))
        server = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            print(f"core: {core_kind()}")
            measure(CALM, seconds / 2)
            measure(rate, seconds)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
