"""Traffic to capture, and the commands that capture it."""

import http.server
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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


def get(port: int, path: str, host: str = "127.0.0.1") -> None:
    with socket.create_connection((host, port)) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while s.recv(4096):
            pass


def fetch(port: int, path: str = "/", then: str = "") -> list[str]:
    """A command that makes a request."""
    code = f"import time, urllib.request as u; u.urlopen('http://127.0.0.1:{port}{path}').read(); {then}"
    return [sys.executable, "-c", code]


def capture(*words: str) -> subprocess.CompletedProcess[str]:
    """`inspector capture` with these words, to its end."""
    return subprocess.run([*INSPECTOR, "capture", *words], capture_output=True, text=True, timeout=60, check=False)


def begin(*words: str, prefix: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """`inspector capture` with these words, when it captures."""
    running = subprocess.Popen(
        [*prefix, *INSPECTOR, "capture", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    said = running.stderr.readline()
    assert "Ctrl+C stops" in said, said + running.stderr.read()
    return running


def helper_of(running: "subprocess.Popen[str]") -> int:
    """The capture process that a command started."""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    found = [int(pid) for pid in children if b"inspector.capture.live" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(found) == 1, found
    return found[0]


def gone(pid: int) -> bool:
    """Whether a process has ended, though nobody may have asked how."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether it gets true in that time."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def without_rights(*words: str, path: str = "/nowhere") -> subprocess.CompletedProcess[str]:
    """Without capabilities but those that a program's file gives it (capabilities(7), SECBIT_NOROOT)."""
    drop = [str(shutil.which("setpriv")), "--securebits=+noroot", "--inh-caps=-all"]
    env = {**os.environ, "PATH": path}
    return subprocess.run(
        [*drop, *INSPECTOR, "capture", *words], capture_output=True, text=True, timeout=60, check=False, env=env
    )


def only(program: str, folder: Path) -> Path:
    """A folder with a copy of one program in it."""
    found = shutil.which(program)
    assert found is not None
    return Path(shutil.copy(found, folder / program))
