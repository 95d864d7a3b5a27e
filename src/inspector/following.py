"""Messages of a growing capture, decoded in a process of its own so that screens answer keys meanwhile.

`python -m inspector.following PATH OPTIONS` prints one JSON list a message; it ends when standard input does.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

from inspector.engine.detect import protocols
from inspector.engine.live import LiveDecoder
from inspector.model.errors import CaptureError
from inspector.session import Options, load_schemas

POLL: Final = 0.04
"""Seconds between two looks at the file."""
STOP: Final = 5.0
"""Seconds for the process to end."""


class Row(NamedTuple):
    """What a list shows of a message; `time` in nanoseconds since 1970, `process` who opened the connection."""

    number: int
    time: int
    packet: int
    flow: int
    side: int
    client: int
    server: int
    protocol: str
    length: int
    issue: str
    summary: str
    complete: bool
    process: str


class Following:
    """Follows the capture at `path`; `rows` only ever grows, and may be read by any thread."""

    def __init__(self, path: str, options: Options) -> None:
        self.rows: list[Row] = []
        self.lag = 0.0
        self.issue = ""
        said = json.dumps([options.decode_as, [str(p) for p in options.thrift], [str(p) for p in options.proto]])
        command = [sys.executable, "-m", "inspector.following", path, said]
        self.process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if isinstance(said, str):
                self.issue = said
                continue
            row = Row(*said)
            self.lag = max(0.0, time.time() - row.time / 1e9)
            self.rows.append(row)

    def finish(self) -> None:
        """The file grows no more: wait for the last rows."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        self._thread.join(STOP)
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()


def follow(path: str, options: Options) -> None:
    """Print rows until standard input ends, then all that is left."""
    schemas = load_schemas(options)
    protocols()
    decoder = LiveDecoder(path, schemas, options.decode_as)
    out = sys.stdout
    over = False
    while True:
        before = decoder.packets
        _print(decoder, False)
        out.flush()
        if decoder.packets == before:
            if over:
                break
            over = bool(select.select([sys.stdin], [], [], POLL)[0]) and not os.read(sys.stdin.fileno(), 64)
    _print(decoder, True)
    out.flush()


def _print(decoder: LiveDecoder, finished: bool) -> None:
    messages = decoder.finish() if finished else decoder.poll(time.monotonic())
    for m in messages:
        flow = decoder.flow(m.flow)
        said = decoder.comments.get(flow.syn_packet, [""])[0]
        row = Row(
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
            said,
        )
        sys.stdout.write(json.dumps(row) + "\n")


def main() -> int:
    """The process that decodes."""
    decode_as, thrift, proto = json.loads(sys.argv[2])
    options = Options(decode_as=decode_as, thrift=[Path(p) for p in thrift], proto=[Path(p) for p in proto])
    try:
        follow(sys.argv[1], options)
    except CaptureError as error:
        sys.stdout.write(json.dumps(str(error)) + "\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
