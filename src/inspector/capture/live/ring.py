"""A memory-mapped ring that the Linux kernel fills with packets, block by block.

Kernel documentation, networking/packet_mmap (TPACKET_V3); packet(7); linux/if_packet.h
"""

import ctypes
import mmap
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Final, TypeVar

Result = TypeVar("Result")

SOL_PACKET: Final = 263
PACKET_RX_RING: Final = 5
PACKET_STATISTICS: Final = 6
PACKET_VERSION: Final = 10
TPACKET_V3: Final = 2
SO_ATTACH_FILTER: Final = 26
ETH_P_ALL: Final = 3

BLOCK: Final = 1 << 20
"""Bytes of a block: the longest packet (a snap length of 256 KiB) must fit with its header."""
FRAME: Final = 2048
"""Only checked by the kernel: packets of this version lie close together."""
RETIRE: Final = 40
"""Milliseconds after which a block that is not full is handed over."""

BLOCK_STATUS: Final = 8
"""Where in a block the kernel says whose it is: 0 the kernel's, bit 0 the user's."""

# skb's packet type, a negative offset that filters know: linux/filter.h SKF_AD_OFF + SKF_AD_PKTTYPE
_LOAD_TYPE: Final = (0x28, 0, 0, 0xFFFFF004)
_IF_OUTGOING: Final = (0x15, 0, 1, 4)
_DROP: Final = (0x06, 0, 0, 0)

Program = list[tuple[int, int, int, int]]
"""A compiled filter: code, jump if true, jump if false, operand."""


def without_outgoing(program: Program) -> Program:
    """The filter, passing over what the loopback interface shows a second time, on its way out."""
    return [_LOAD_TYPE, _IF_OUTGOING, _DROP, *program]


class Ring:
    """The packets of one interface; needs CAP_NET_RAW.

    `size` is in bytes. The text of an OSError says which call failed.
    """

    def __init__(self, interface: str, program: Program, size: int) -> None:
        self.interface = interface
        self.count = max(4, size // BLOCK)
        self.received = 0
        self.dropped = 0
        self.next = 0
        self.socket = _call("socket(AF_PACKET, SOCK_RAW)", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        try:
            self._open(program)
        except OSError:
            self.socket.close()
            raise
        self.poll = select.poll()
        self.poll.register(self.socket.fileno(), select.POLLIN | select.POLLERR)

    def _open(self, program: Program) -> None:
        s = self.socket
        _call("setsockopt(PACKET_VERSION)", lambda: s.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3))
        self.attach(program)
        self._map()
        self.view = memoryview(self.map)
        address = (self.interface, ETH_P_ALL)
        _call(f"bind({self.interface})", lambda: s.bind(address))

    def _map(self) -> None:
        """Ask for the ring, and for half of it as long as the system has no room for more."""
        while True:
            wanted = struct.pack("IIIIIII", BLOCK, self.count, FRAME, self.count * BLOCK // FRAME, RETIRE, 0, 0)
            try:
                self.socket.setsockopt(SOL_PACKET, PACKET_RX_RING, wanted)
                self.map = mmap.mmap(self.socket.fileno(), self.count * BLOCK)
            except OSError as error:
                if self.count <= 4:
                    raise OSError(error.errno, error.strerror, "setsockopt(PACKET_RX_RING)") from None
                self.count //= 2
            else:
                return

    def attach(self, program: Program) -> None:
        """Filter what arrives from now on."""
        code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
        room = ctypes.create_string_buffer(code, len(code))
        filter_struct = struct.pack("HL", len(program), ctypes.addressof(room))
        _call(
            "setsockopt(SO_ATTACH_FILTER)",
            lambda: self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_struct),
        )

    def block(self) -> memoryview | None:
        """The next block that the kernel has handed over, None when there is none yet; give it back with `done`."""
        start = self.next * BLOCK
        found = self.view[start : start + BLOCK]
        return found if found[BLOCK_STATUS] & 1 else None

    def done(self) -> None:
        """Give the block back to the kernel."""
        struct.pack_into("I", self.map, self.next * BLOCK + BLOCK_STATUS, 0)
        self.next = (self.next + 1) % self.count

    def wait(self, milliseconds: float) -> None:
        """Sleep until a block is handed over. Raises OSError when the interface is gone."""
        for _, event in self.poll.poll(milliseconds):
            if event & select.POLLERR:
                code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, f"the interface {self.interface} went down", "poll")

    def fullness(self) -> float:
        """The part of the blocks that wait to be read, 0 to 1."""
        return sum(self.map[i * BLOCK + BLOCK_STATUS] & 1 for i in range(self.count)) / self.count

    def count_packets(self) -> None:
        """Bring `received` and `dropped` up to date; the kernel starts again at 0 after each look."""
        raw = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12)
        received, dropped, _ = struct.unpack("III", raw)
        self.received += received
        self.dropped += dropped

    def stop(self) -> None:
        """Let nothing more in and have the last block handed over."""
        self.attach([_DROP])
        time.sleep(3 * RETIRE / 1000)

    def close(self) -> None:
        """Give everything back."""
        self.view.release()
        self.map.close()
        self.socket.close()


def _call(name: str, call: Callable[[], Result]) -> Result:
    """Make a system call; an error names it in `filename`."""
    try:
        return call()
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None
