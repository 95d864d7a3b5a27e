"""The copying process: `python -m inspector.capture.live.copying ORDERS DESCRIPTOR KIND [WORD...]`.

Passes on, whole packet by whole packet, what something else captures: KIND `program` is a command that has the rights,
`file` a file that grows and may be replaced by a new one, `stdin` our standard input. Reports go to DESCRIPTOR. It ends
as the capture process does; with `stdin` at its end, or by a signal.
"""

import os
import re
import select
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from inspector.capture.live.errors import CaptureFailedError, NoRightError
from inspector.capture.live.framing import FIRST, Framing
from inspector.capture.live.helper import Helper, Teller, run_helper
from inspector.capture.live.orders import Orders, read_orders
from inspector.model.errors import CaptureError

CHUNK: Final = 1 << 20
POLL: Final = 0.05
"""Seconds between two looks at a file."""
STOP: Final = 5.0
"""Seconds for a program to write what it has and end."""

# tcpdump's words, and dumpcap's
_DROPPED: Final = re.compile(r"(\d+) packets dropped by kernel|received/dropped on interface .*: \d+/(\d+)")
_REFUSED: Final = ("permission", "not permitted", "privilege")


class CopyHelper(Helper):
    """Counts and passes on packets; limits hold as for our own capture."""

    def __init__(self, orders: Orders, teller: Teller, name: str, source: str) -> None:
        super().__init__(orders, teller)
        self.name = name
        self.source = source
        self.rest = b""
        self.framing: Framing | None = None
        self.head = b""
        self.again = False

    def take(self, data: bytes) -> None:
        """Pass on all packets that are whole by now. Raises CaptureError, CaptureFailedError, OSError."""
        self.rest += data
        try:
            if self.framing is None and not self._begun():
                return
            assert self.framing is not None
            end, found = self.framing.walk(self.rest, most=max(0, self.left()))
        except ValueError as error:
            raise CaptureError(f"{self.name}: {error}") from None
        if end:
            self.packets += found
            self.sink.add(self.rest[:end])
            self.rest = self.rest[end:]

    def _begun(self) -> bool:
        """Whether all that stands before the first packet has come."""
        if len(self.rest) < FIRST:
            return False
        framing = Framing(self.rest)
        length = framing.head(self.rest)
        if not length:
            return False
        head, self.rest = self.rest[:length], self.rest[length:]
        if not self.again:
            self.head = head
            self.sink.begin(head)
        elif not framing.pcapng or head[:4] != self.head[:4]:
            if head != self.head:
                raise CaptureFailedError(f"{self.name}: was replaced by a capture of another kind")
        else:
            self.sink.add(head)
        self.framing = framing
        return True

    def restart(self) -> None:
        """Another file took the place of the one before."""
        self.rest = b""
        self.framing = None
        self.again = bool(self.head)


class StdinHelper(CopyHelper):
    """Passes on what comes to standard input."""

    def run(self) -> None:
        self.teller.tell(started=self.name, source=self.source)
        while not self.stopped:
            if select.select([sys.stdin], [], [], self.patience())[0]:
                data = os.read(sys.stdin.fileno(), CHUNK)
                self.take(data)
                if not data:
                    self.stopped = self.stopped or "end"
            self.look()
        self.report(ended=self.stopped)


class FileHelper(CopyHelper):
    """Passes on what is appended to a file, and goes on with the one that takes its place."""

    def run(self) -> None:
        try:
            file = os.open(self.name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CaptureError(f"{self.name}: {(error.strerror or str(error)).lower()}") from None
        state = os.fstat(file)
        if stat.S_ISDIR(state.st_mode):
            raise CaptureError(f"{self.name}: is a directory, not a capture")
        grows = stat.S_ISREG(state.st_mode)
        self.teller.tell(started=self.name, source=self.source)
        while not self.stopped:
            ready = select.select([file, sys.stdin], [], [], self.patience())[0]
            data = os.read(file, CHUNK) if file in ready else b""
            self.take(data)
            if grows and not data:
                file = self._replaced(file)
                time.sleep(POLL)
            elif file in ready and not data:
                self.stopped = "end"
            if sys.stdin in ready:
                self.heard()
            self.look()
        self.report(ended=self.stopped)

    def _replaced(self, file: int) -> int:
        """The file to go on with: another one of that name, or the same from its start if it was cut off."""
        try:
            new = os.open(self.name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            # between two files there is none
            return file
        same = os.path.samestat(os.fstat(new), os.fstat(file))
        if same and os.fstat(file).st_size >= os.lseek(file, 0, os.SEEK_CUR):
            os.close(new)
            return file
        os.close(file)
        self.restart()
        return new


class ProgramHelper(CopyHelper):
    """Passes on what dumpcap or tcpdump captures."""

    def __init__(self, orders: Orders, teller: Teller, command: list[str]) -> None:
        super().__init__(orders, teller, command[0], Path(command[0]).name)
        self.command = command
        self.said = b""
        self.began = False

    def run(self) -> None:
        process = subprocess.Popen(  # noqa: S603
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        out, words = process.stdout.fileno(), process.stderr.fileno()
        open_ends = {out, words}
        try:
            end = float("inf")
            while open_ends and time.monotonic() < end:
                watched = [*open_ends, *([] if self.stopped else [sys.stdin.fileno()])]
                ready = select.select(watched, [], [], self.patience())[0]
                if out in ready and not self._pass_on(out):
                    open_ends.discard(out)
                if words in ready and not self._listen(words):
                    open_ends.discard(words)
                if sys.stdin.fileno() in ready:
                    self.heard()
                self.look()
                if self.stopped and end == float("inf"):
                    process.terminate()
                    end = time.monotonic() + STOP
        finally:
            process.kill()
            process.wait()
        if not self.began or not self.stopped:
            text = self._words() or f"{self.name} ended with {process.returncode}"
            refused = any(word in text.lower() for word in _REFUSED)
            raise NoRightError(text) if refused else CaptureFailedError(text)
        self.report(ended=self.stopped)

    def _pass_on(self, out: int) -> bool:
        data = os.read(out, CHUNK)
        self.take(data)
        return bool(data)

    def _listen(self, words: int) -> bool:
        """Note what the program writes for people: that it listens, and what it counted."""
        data = os.read(words, CHUNK)
        self.said += data
        for line in self.said.decode(errors="replace").splitlines():
            text = line.strip()
            if not self.began and (text.startswith("File:") or "listening on" in text):
                self.began = True
                self.teller.tell(started=", ".join(self.orders.interfaces) or "any", source=self.source)
            elif (dropped := _DROPPED.search(text)) is not None:
                self.dropped = int(dropped[1] or dropped[2])
        return bool(data)

    def _words(self) -> str:
        lines = (line.strip() for line in self.said.decode(errors="replace").splitlines())
        told = [line for line in lines if line and not line.startswith(("Capturing on", "File:", "Running as"))]
        return " ".join(told)


def make_copier(orders: Orders, teller: Teller, kind: str, words: list[str]) -> Helper:
    """Who copies from where."""
    if kind == "program":
        return ProgramHelper(orders, teller, words)
    return FileHelper(orders, teller, words[0], "file") if kind == "file" else StdinHelper(orders, teller, "-", "stdin")


def main() -> int:
    """The copying process."""
    teller = Teller(int(sys.argv[2]))
    orders = read_orders(sys.argv[1])
    return run_helper(lambda: make_copier(orders, teller, sys.argv[3], sys.argv[4:]), teller)


if __name__ == "__main__":
    sys.exit(main())
