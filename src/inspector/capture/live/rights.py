"""Who may capture here: this process, or a program of the system."""

import errno
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

_PATIENCE: Final = 10


def refusal() -> str:
    """Why this process may not capture, naming the call that fails; "" when it may."""
    if sys.platform != "linux":
        return "" if os.access("/dev/bpf0", os.R_OK) else "open(/dev/bpf0): Permission denied (EACCES)"
    try:
        # protocol 0 receives nothing: only the right is tried
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        return f"socket(AF_PACKET, SOCK_RAW): {error.strerror} ({errno.errorcode.get(error.errno or 0, '')})"
    return ""


def capable_programs() -> dict[str, bool]:
    """The programs that could capture for us, and whether they may."""
    found: dict[str, bool] = {}
    for name, words in (("dumpcap", ["-D"]), ("tcpdump", ["-D"])):
        path = shutil.which(name)
        if path is not None:
            found[name] = _answers([path, *words])
    return found


def _answers(command: list[str]) -> bool:
    """Whether it lists an interface to capture on."""
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and bool(done.stdout.strip()) and not refusal_of_user(command[0])


def refusal_of_user(path: str) -> bool:
    """Whether the program runs without the rights: neither ours nor its file's."""
    if not refusal():
        return False
    try:
        return not os.getxattr(path, "security.capability")
    except (OSError, AttributeError):
        return not Path(path).stat().st_mode & 0o4000
