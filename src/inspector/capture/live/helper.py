"""The capture process: `python -m inspector.capture.live.helper SETTINGS DESCRIPTOR`.

It alone needs CAP_NET_RAW. Packets go to standard output as pcapng, one JSON object a line about how it goes to
DESCRIPTOR; it ends when a limit is reached, when standard input ends, or by SIGTERM or SIGINT.
"""

import errno
import json
import os
import select
import signal
import sys
import time
from typing import Final

from inspector.capture.blocks import interface_block, section_block, statistics_block
from inspector.capture.live.bpf import compile_filter
from inspector.capture.live.interfaces import interface_names, link_type_of
from inspector.capture.live.names import Names
from inspector.capture.live.records import Records
from inspector.capture.live.ring import Ring, without_outgoing
from inspector.capture.live.settings import Settings, read_settings
from inspector.model.errors import InspectorError

LOOPBACK: Final = "lo"
TELL_EVERY: Final = 0.2
"""Seconds between two reports."""
NO_LIMIT: Final = 1 << 62

_NO_RIGHT: Final = (errno.EPERM, errno.EACCES)


class Teller:
    """Writes reports to the process that started this one."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.last = 0.0

    def tell(self, **report: object) -> None:
        """One report; nobody may be listening any more."""
        self.last = time.monotonic()
        try:
            os.write(self.descriptor, json.dumps(report).encode() + b"\n")
        except OSError:
            self.descriptor = os.open(os.devnull, os.O_WRONLY)


class Helper:
    """Moves packets from the ring to standard output."""

    def __init__(self, settings: Settings, teller: Teller) -> None:
        self.settings = settings
        self.teller = teller
        self.records = Records()
        self.names = Names()
        self.written = 0
        self.stopped = ""
        self.dropped = 0

    def run(self) -> None:
        """Capture until told to stop. Raises OSError, InspectorError."""
        s = self.settings
        link_type = link_type_of(s.interface)
        program = compile_filter(s.bpf, link_type, s.snap_length)
        if s.interface == LOOPBACK:
            program = without_outgoing(program)
        ring = Ring(s.interface, program, s.buffer)
        self._write(section_block([]) + interface_block(link_type, s.snap_length, s.interface, bpf=s.bpf))
        ring.poll.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
        self.teller.tell(started=s.interface, source="ring", buffer=ring.count << 20)
        try:
            self._loop(ring)
            ring.stop()
            self._drain(ring)
            ring.count_packets()
            self._write(statistics_block(0, self.records.last_time, ring.received, ring.dropped))
        finally:
            self._report(ring)
            ring.close()

    def _loop(self, ring: Ring) -> None:
        duration = self.settings.duration
        end = time.monotonic() + duration if duration else float("inf")
        while not self.stopped:
            self._drain(ring)
            now = time.monotonic()
            if now >= end:
                self.stopped = "duration"
            elif now - self.teller.last >= TELL_EVERY:
                self._report(ring)
            if not self.stopped:
                ring.wait(max(0.0, min(end - now, TELL_EVERY)) * 1000)
                if select.select([sys.stdin], [], [], 0)[0] and not os.read(sys.stdin.fileno(), 64):
                    self.stopped = "asked"

    def _drain(self, ring: Ring) -> None:
        """Write what the kernel has handed over."""
        s = self.settings
        for _ in range(ring.count):
            block = ring.block()
            if block is None:
                return
            left = s.packets - self.records.count if s.packets else NO_LIMIT
            if left > 0 and self.stopped != "filesize":
                opened = self.records.take(block, left)
                for index in opened:
                    text = self.names.of_segment(self.records.parts[index + 1])
                    if text:
                        self.records.comment(index, text)
                self._write(self.records.joined())
            block.release()
            ring.done()
            if s.packets and self.records.count >= s.packets:
                self.stopped = self.stopped or "packets"
            if s.file_size and self.written >= s.file_size:
                self.stopped = "filesize"

    def _write(self, data: bytes) -> None:
        self.written += len(data)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(1, view) :]
            except BrokenPipeError:
                self.stopped = "reader gone"
                return

    def _report(self, ring: Ring) -> None:
        ring.count_packets()
        self.dropped = ring.dropped
        self.teller.tell(
            packets=self.records.count, dropped=ring.dropped, bytes=self.written, ring=round(ring.fullness(), 3)
        )

    def stop(self, _signal: int, _frame: object) -> None:
        """Stop as soon as what has been captured is written."""
        self.stopped = "asked"


def main() -> int:
    """Capture; the exit code is that of the command line."""
    teller = Teller(int(sys.argv[2]))
    try:
        settings = read_settings(sys.argv[1])
        if settings.source == "scapy":
            from inspector.capture.live.scapy_source import ScapyHelper

            helper: Helper = ScapyHelper(settings, teller)
        else:
            helper = Helper(settings, teller)
        signal.signal(signal.SIGTERM, helper.stop)
        signal.signal(signal.SIGINT, helper.stop)
        helper.run()
    except InspectorError as error:
        teller.tell(error=str(error), code=error.exit_code)
        return error.exit_code
    except OSError as error:
        code = 5 if error.errno in _NO_RIGHT else 6
        teller.tell(error=_said(error, read_settings(sys.argv[1])), code=code)
        return code
    teller.tell(ended=helper.stopped, packets=helper.records.count, dropped=helper.dropped, bytes=helper.written)
    return 0


def _said(error: OSError, settings: Settings) -> str:
    """The call that failed and the system's words for it."""
    name = errno.errorcode.get(error.errno or 0, "")
    if error.errno == errno.ENODEV:
        return f"there is no interface {settings.interface}; there are {', '.join(interface_names())}"
    return f"{error.filename or 'capture'}: {error.strerror} ({name})"


if __name__ == "__main__":
    sys.exit(main())
