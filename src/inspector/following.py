"""Messages of a growing capture, decoded in a process of its own so that screens answer keys meanwhile.

`python -m inspector.following PATH OPTIONS` prints one JSON list a message and, now and then, an object about how it
goes; it ends when standard input does.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspector.engine.detect import protocols
from inspector.engine.live import LiveDecoder
from inspector.model.errors import InspectorError
from inspector.model.message import Message
from inspector.session import Options, load_schemas
from inspector.spool import Row, Rows

if TYPE_CHECKING:
    from inspector.export.live_filter import LiveFilter

POLL: Final = 0.04
"""Seconds between two looks at the file."""
STOP: Final = 5.0
"""Seconds for the process to end."""
TELL_EVERY: Final = 0.2
"""Seconds between two reports."""
CHUNK: Final = 1 << 18
"""Bytes of rows read together."""


class Following:
    """Follows the capture at `path`, keeping the messages that match the display filter `wanted` ("": all).

    `lag` is in seconds from the wire to the newest row captured since it began; `packets` and `messages` are how many
    were decoded.
    """

    def __init__(self, path: str, options: Options, wanted: str = "") -> None:
        self.rows = Rows()
        self.begun = time.time()
        self.lag = 0.0
        self.packets = 0
        self.messages = 0
        self.issue = ""
        said = asdict(options)
        for paths in ("thrift", "proto"):
            said[paths] = [str(each) for each in said[paths]]
        command = [sys.executable, "-m", "inspector.following", path, json.dumps([said, wanted])]
        self.process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        rest = b""
        while chunk := os.read(pipe, CHUNK):
            lines, feed, after = chunk.rpartition(b"\n")
            if not feed:
                rest += chunk
                continue
            self._take(rest + lines + feed)
            rest = after

    def _take(self, lines: bytes) -> None:
        """Rows are kept unread; parsing them all would take the time that keys need."""
        if lines.startswith(b"{") or b"\n{" in lines:
            each = lines.splitlines(keepends=True)
            for line in each:
                if line.startswith(b"{"):
                    self._told(json.loads(line))
            lines = b"".join(line for line in each if not line.startswith(b"{"))
        if lines:
            try:
                self.rows.add(lines)
            except OSError as error:
                self.issue = f"rows cannot be kept: {error.strerror}"
                return
            now, seen = time.time(), self.rows[-1].time / 1e9
            if seen >= self.begun:
                self.lag = max(0.0, now - seen)

    def _told(self, report: dict[str, object]) -> None:
        self.packets = int(str(report.get("packets", self.packets)))
        self.messages = int(str(report.get("messages", self.messages)))
        self.issue = str(report.get("issue", self.issue))

    @property
    def running(self) -> bool:
        """Whether it still decodes."""
        return self.process.poll() is None

    def finish(self) -> None:
        """The file grows no more: wait for the last rows."""
        self._let_go()
        self._thread.join(STOP)
        self.close()

    def close(self) -> None:
        """Nobody wants more rows."""
        self._let_go()
        self.process.kill()
        self.process.wait()

    def _let_go(self) -> None:
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()


class Printer:
    """Prints the rows of a growing capture."""

    def __init__(self, path: str, options: Options, wanted: str) -> None:
        # what takes a moment is done before there is traffic
        protocols()
        self.decoder = LiveDecoder(path, load_schemas(options), options.decode_as)
        self.messages = 0
        self.told = 0.0
        self.chosen = filter_of(self.decoder, wanted) if wanted else None

    def run(self) -> None:
        """Print until standard input ends, then all that is left."""
        over = False
        while True:
            before = self.decoder.packets
            self._print(self.decoder.poll(time.monotonic()))
            if self.decoder.packets == before:
                if over:
                    break
                over = bool(select.select([sys.stdin], [], [], POLL)[0]) and not os.read(sys.stdin.fileno(), 64)
        self._print(self.decoder.finish())
        self._tell()

    def _print(self, messages: list[Message]) -> None:
        self.messages += len(messages)
        if self.chosen is not None:
            messages = self.chosen.of(messages)
        sys.stdout.write("".join([self._row(message).written() for message in messages]))
        if time.monotonic() - self.told >= TELL_EVERY:
            self._tell()
        sys.stdout.flush()

    def _tell(self) -> None:
        self.told = time.monotonic()
        sys.stdout.write(json.dumps({"packets": self.decoder.packets, "messages": self.messages}) + "\n")
        sys.stdout.flush()

    def _row(self, m: Message) -> Row:
        flow = self.decoder.flow(m.flow)
        return Row(
            m.number,
            m.time,
            m.packet,
            m.flow,
            m.side,
            flow.client.port,
            flow.server.port,
            m.protocol,
            m.length,
            m.issue or "",
            m.summary,
            m.complete,
            self.decoder.comments.get(flow.syn_packet, [""])[0],
        )


def filter_of(decoder: LiveDecoder, wanted: str) -> "LiveFilter":
    """The display filter; lists without one begin sooner, as they do not import it. Raises UsageError."""
    from inspector.export.live_filter import LiveFilter

    return LiveFilter(decoder, wanted)


def main() -> int:
    """The process that decodes."""
    said, wanted = json.loads(sys.argv[2])
    for paths in ("thrift", "proto"):
        said[paths] = [Path(each) for each in said[paths]]
    try:
        Printer(sys.argv[1], Options(**said), wanted).run()
    except InspectorError as error:
        sys.stdout.write(json.dumps({"issue": str(error)}) + "\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
