"""The capture process: `python -m inspector.capture.live.helper ORDERS DESCRIPTOR`.

It alone needs CAP_NET_RAW. Packets go to standard output as pcapng, one JSON object a line about how it goes to
DESCRIPTOR; it ends when a limit is reached, when standard input ends, or by SIGTERM or SIGINT.
"""

import contextlib
import errno
import gc
import json
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Final

from inspector.capture.blocks import interface_block, section_block, statistics_block
from inspector.capture.live.framing import NO_LIMIT
from inspector.capture.live.names import Names
from inspector.capture.live.orders import LINK_SLL2, Orders, read_orders
from inspector.capture.live.records import Records, commented
from inspector.capture.live.ring import Ring
from inspector.capture.live.sink import Sink

TELL_EVERY: Final = 0.2
"""Seconds between two reports."""
MOST_NAMED: Final = 32
"""Connections of a block whose processes are looked up: asking takes a moment, and packets come first."""
LARGE: Final = 8 << 20
"""Bytes of more than a block and all that is made of it."""
HEADERS: Final = {1: 14}
"""Bytes of the link header by LINKTYPE."""

_NO_RIGHT: Final = (errno.EPERM, errno.EACCES)
_NO_RING: Final = ("setsockopt(PACKET_VERSION)", "setsockopt(PACKET_RX_RING)")
"""What fails where the system has packet sockets but no ring of this version."""


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
    """Moves packets to where they are wanted; `stopped` says why it ended, "" while it goes on."""

    def __init__(self, orders: Orders, teller: Teller) -> None:
        self.orders = orders
        self.teller = teller
        self.sink = Sink(orders)
        self.packets = 0
        self.dropped = 0
        self.stopped = ""
        self.end = time.monotonic() + orders.duration if orders.duration else float("inf")

    def run(self) -> None:
        """Capture until told to stop, and report it. Raises OSError, InspectorError."""
        raise NotImplementedError

    def begin(self, link_type: int, source: str) -> None:
        """Write what stands before the first packet, and tell that packets come."""
        orders = self.orders
        name = ", ".join(orders.interfaces) or "any"
        self.sink.begin(section_block([]) + interface_block(link_type, orders.snap_length, name, bpf=orders.bpf))
        self.teller.tell(started=name, source=source)

    def stop(self, _signal: int, _frame: object) -> None:
        """Stop as soon as what has been captured is written."""
        self.stopped = "asked"

    def left(self) -> int:
        """How many packets are wanted still."""
        if self.sink.full or self.sink.gone:
            return 0
        return self.orders.packets - self.packets if self.orders.packets else NO_LIMIT

    def look(self) -> None:
        """See whether a limit is reached, and report now and then."""
        now = time.monotonic()
        if self.sink.gone:
            self.stopped = "reader gone"
        elif self.sink.full:
            self.stopped = "filesize"
        elif self.left() <= 0:
            self.stopped = "packets"
        elif now >= self.end:
            self.stopped = self.stopped or "duration"
        if now - self.teller.last >= TELL_EVERY:
            self.report()

    def patience(self) -> float:
        """Seconds to sleep at most."""
        return max(0.0, min(self.end - time.monotonic(), TELL_EVERY))

    def heard(self) -> None:
        """Standard input has something to say: its end means that nobody wants more."""
        if not os.read(sys.stdin.fileno(), 64):
            self.stopped = "asked"

    def report(self, fullness: float = 0.0, **more: object) -> None:
        """Tell how it goes."""
        names = {"files": self.sink.names} if self.sink.names else {}
        self.teller.tell(
            packets=self.packets,
            dropped=self.dropped,
            bytes=self.sink.written,
            ring=round(fullness, 3),
            **names,
            **more,
        )


class RingHelper(Helper):
    """Takes packets from the kernel's ring."""

    def __init__(self, orders: Orders, teller: Teller, ring: Ring) -> None:
        super().__init__(orders, teller)
        self.ring = ring
        self.records = Records(HEADERS.get(orders.link_type, 0), orders.link_type == LINK_SLL2)
        self.names = Names()

    def run(self) -> None:
        ring = self.ring
        ring.poll.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
        # of a pipe it tells that nobody reads any more
        ring.poll.register(sys.stdout.fileno(), 0)
        self.begin(self.orders.link_type, "ring")
        failure: OSError | None = None
        try:
            while not self.stopped:
                self._drain()
                self.look()
                try:
                    if not self.stopped:
                        self._wait()
                except OSError as error:
                    failure, self.stopped = error, "failed"
            ring.stop()
            self._drain()
            ring.count_packets()
            self.sink.end(statistics_block(0, self.records.last_time, ring.received, ring.dropped))
        finally:
            self.report(ended=self.stopped)
            ring.close()
        if failure is not None:
            raise failure

    def _wait(self) -> None:
        ready = self.ring.wait(self.patience() * 1000)
        if sys.stdin.fileno() in ready:
            self.heard()
        if sys.stdout.fileno() in ready:
            self.sink.gone = True

    def _drain(self) -> None:
        """Write what the kernel has handed over."""
        records, ring = self.records, self.ring
        for _ in range(ring.count):
            block = ring.block()
            if block < 0:
                return
            left = self.left()
            if left > 0:
                data = records.take(ring.map, block, left)
                self.packets = records.count
                self.sink.add(self._named(data) if records.opened else data)
            ring.done()

    def _named(self, data: bytes) -> bytes:
        """The packets with comments on those that open connections: which processes they belong to."""
        records = self.records
        texts: list[tuple[int, str]] = []
        # names are a gift: whatever is the matter with them, packets are kept
        with contextlib.suppress(OSError, ValueError, LookupError, struct.error):
            texts = [(at, self.names.of_segment(records.frame(data, at))) for at in records.opened[:MOST_NAMED]]
        for at, text in reversed(texts):
            if text:
                data = commented(data, at, text)
        return data

    def report(self, fullness: float = 0.0, **more: object) -> None:
        self.ring.count_packets()
        self.dropped = self.ring.dropped
        super().report(fullness or self.ring.fullness(), **more)


def make_helper(orders: Orders, teller: Teller) -> Helper:
    """The ring, or scapy's sockets where there is none. Raises OSError when neither may be had."""
    if orders.source != "scapy":
        try:
            cooked = orders.link_type == LINK_SLL2
            return RingHelper(orders, teller, Ring(orders.interfaces, cooked, orders.program or [], orders.buffer))
        except OSError as error:
            if orders.source == "ring" or error.errno in _NO_RIGHT or error.filename not in _NO_RING:
                raise
    from inspector.capture.live.scapy_source import ScapyHelper

    return ScapyHelper(orders, teller)


def run_helper(make: Callable[[], Helper], teller: Teller) -> int:
    """Let a helper capture; the exit code is that of the command line."""
    # nothing here makes cycles, and looking for them takes time
    gc.disable()
    # malloc keeps pieces as large as one that was given back: mallopt(3), M_MMAP_THRESHOLD
    bytes(LARGE)
    try:
        helper = make()
        signal.signal(signal.SIGTERM, helper.stop)
        signal.signal(signal.SIGINT, helper.stop)
        helper.run()
    except OSError as error:
        code = 5 if error.errno in _NO_RIGHT and error.filename != "write" else 6
        name = errno.errorcode.get(error.errno or 0, "")
        teller.tell(error=f"{error.filename or 'capture'}: {error.strerror or error} ({name})", code=code)
        return code
    except Exception as error:
        # an InspectorError; their module belongs to the compiled core, which takes long to load
        code = getattr(error, "exit_code", 0)
        if not code:
            raise
        teller.tell(error=str(error), code=code)
        return code
    return 0


def main() -> int:
    """The capture process."""
    teller = Teller(int(sys.argv[2]))
    orders = read_orders(sys.argv[1])
    return run_helper(lambda: make_helper(orders, teller), teller)


if __name__ == "__main__":
    sys.exit(main())
