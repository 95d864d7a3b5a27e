"""Capture by scapy's sockets, packet by packet: BPF devices on macOS, and wherever the ring cannot be had."""

import os
import select
import sys
import time
from typing import Any, Final

from inspector.capture.blocks import interface_block, packet_block, section_block
from inspector.capture.live.helper import LOOPBACK, TELL_EVERY, Helper

_LINK_TYPES: Final = {"Loopback": 0, "IP": 101}
"""scapy's link classes to LINKTYPE numbers; Ethernet is the rule."""


class ScapyHelper(Helper):
    """Moves packets from a scapy socket to standard output."""

    def run(self) -> None:
        from scapy.all import conf

        s = self.settings
        # a listening socket of scapy's shows each packet of the loopback twice, on its way out and back in
        opener = conf.L2socket if s.interface == LOOPBACK else conf.L2listen
        source = opener(iface=s.interface, filter=s.bpf or None)
        try:
            link_type = _LINK_TYPES.get(getattr(source, "LL", type(source)).__name__, 1)
            self._write(section_block([]) + interface_block(link_type, s.snap_length, s.interface, bpf=s.bpf))
            self.teller.tell(started=s.interface, source="scapy", buffer=0)
            self._listen(source)
        finally:
            source.close()

    def _listen(self, source: Any) -> None:
        s = self.settings
        end = time.monotonic() + s.duration if s.duration else float("inf")
        while not self.stopped:
            ready, _, _ = select.select([source, sys.stdin], [], [], min(TELL_EVERY, max(0.0, end - time.monotonic())))
            if source in ready:
                self._packet(source)
            if sys.stdin in ready and not os.read(sys.stdin.fileno(), 64):
                self.stopped = "asked"
            now = time.monotonic()
            if now >= end:
                self.stopped = "duration"
            if now - self.teller.last >= TELL_EVERY:
                self.teller.tell(packets=self.records.count, dropped=0, bytes=self.written, ring=0.0)

    def _packet(self, source: Any) -> None:
        s = self.settings
        _, data, moment = source.recv_raw(s.snap_length)
        if data is None:
            return
        nanoseconds = int((moment or time.time()) * 1e9)
        self.records.count += 1
        self._write(packet_block(0, nanoseconds, len(data), data[: s.snap_length], []))
        if s.packets and self.records.count >= s.packets:
            self.stopped = "packets"
        elif s.file_size and self.written >= s.file_size:
            self.stopped = "filesize"
