"""Capture by scapy's sockets, packet by packet: BPF devices on macOS, and wherever the ring cannot be had."""

import select
import struct
import sys
import time
from typing import Any, Final

from inspector.capture.blocks import packet_block, statistics_block
from inspector.capture.live.errors import CaptureFailedError
from inspector.capture.live.helper import Helper
from inspector.capture.live.ring import LOOPBACK, PACKET_STATISTICS, SOL_PACKET

_LINK_TYPES: Final = {"Loopback": 0, "IP": 101}
"""scapy's link classes to LINKTYPE numbers; Ethernet is the rule."""


class ScapyHelper(Helper):
    """Takes packets from a scapy socket."""

    def run(self) -> None:
        from scapy.all import conf

        orders = self.orders
        if len(orders.interfaces) != 1:
            raise CaptureFailedError("without the kernel's ring (Linux) one interface at a time can be captured")
        # a listening socket of scapy's shows each packet of the loopback twice, on its way out and back in
        opener = conf.L2socket if orders.interfaces == [LOOPBACK] else conf.L2listen
        source = opener(iface=orders.interfaces[0], filter=orders.bpf or None)
        try:
            self.begin(_LINK_TYPES.get(getattr(source, "LL", type(source)).__name__, 1), "scapy")
            self._listen(source)
            self.dropped += _dropped(source)
            self.sink.end(statistics_block(0, time.time_ns(), self.packets + self.dropped, self.dropped))
            self.report(ended=self.stopped)
        finally:
            source.close()

    def _listen(self, source: Any) -> None:
        looked = 0.0
        while not self.stopped:
            ready, _, _ = select.select([source, sys.stdin], [], [], self.patience())
            if source in ready:
                self._packet(source)
            if sys.stdin in ready:
                self.heard()
            now = time.monotonic()
            if now - looked >= self.patience():
                looked = now
                self.dropped += _dropped(source)
            self.look()

    def _packet(self, source: Any) -> None:
        kept = self.orders.snap_length
        _, data, moment = source.recv_raw(65_535 + 14)
        if data is None:
            return
        self.packets += 1
        self.sink.add(packet_block(0, int((moment or time.time()) * 1e9), len(data), data[:kept], []))


def _dropped(source: Any) -> int:
    """Packets that the kernel had no room for since the last look; 0 where it does not tell."""
    if sys.platform != "linux":
        return 0
    _, dropped = struct.unpack("II", source.ins.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    return int(dropped)
