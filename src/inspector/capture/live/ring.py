"""A memory-mapped ring that the Linux kernel fills with packets, block by block.

Kernel documentation, networking/packet_mmap (TPACKET_V3); packet(7); linux/if_packet.h
"""

import mmap
import select
import socket
import struct
import time
from array import array
from collections.abc import Callable
from typing import Final, TypeVar

from inspector.capture.live.orders import Program

Result = TypeVar("Result")

SOL_PACKET: Final = 263
PACKET_RX_RING: Final = 5
PACKET_STATISTICS: Final = 6
PACKET_VERSION: Final = 10
TPACKET_V3: Final = 2
SO_ATTACH_FILTER: Final = 26
ETH_P_ALL: Final = 3

BLOCK: Final = 1 << 18
"""Bytes of a block: the longest packet must fit with its header, and a stall of RETIRE takes one of them."""
FRAME: Final = 2048
"""Only checked by the kernel: packets of this version lie close together."""
RETIRE: Final = 40
"""Milliseconds after which a block that is not full is handed over."""

BLOCK_STATUS: Final = 8
"""Where in a block the kernel says whose it is: 0 the kernel's, bit 0 the user's."""

LOOPBACK: Final = "lo"

# what filters know of a packet besides its bytes, at negative offsets: linux/filter.h SKF_AD_OFF
_LOAD_TYPE: Final = (0x28, 0, 0, 0xFFFFF004)
_LOAD_INTERFACE: Final = (0x28, 0, 0, 0xFFFFF008)
_EQUAL: Final = 0x15
_OUTGOING: Final = 4
_DROP: Final = (0x06, 0, 0, 0)


def without_outgoing(program: Program, index: int = 0) -> Program:
    """The filter, passing over what the loopback interface shows a second time, on its way out.

    `index` is the loopback's when other interfaces are listened to, too.
    """
    only_there = [_LOAD_INTERFACE, (_EQUAL, 0, 3, index)] if index else []
    return [*only_there, _LOAD_TYPE, (_EQUAL, 0, 1, _OUTGOING), _DROP, *program]


def only_on(program: Program, indices: list[int]) -> Program:
    """The filter, for packets of some interfaces only."""
    last = len(indices)
    tests = [(_EQUAL, last - place, 0, index) for place, index in enumerate(indices)]
    return [_LOAD_INTERFACE, *tests, _DROP, *program]


class Ring:
    """The packets of one interface, of several, or (none named) of all; needs CAP_NET_RAW.

    They come without link headers when `cooked`, which those of several interfaces always are. `size` is in
    bytes. The text of an OSError says which call failed.
    """

    def __init__(self, interfaces: list[str], cooked: bool, program: Program, size: int) -> None:
        self.name = interfaces[0] if len(interfaces) == 1 else ""
        self.count = max(4, size // BLOCK)
        self.received = 0
        self.dropped = 0
        self.next = 0
        # of one interface nothing comes before it is named; Python has no name for all
        kind, text = (socket.SOCK_DGRAM, "SOCK_DGRAM") if cooked else (socket.SOCK_RAW, "SOCK_RAW")
        protocol = 0 if self.name else socket.htons(ETH_P_ALL)
        self.socket = _call(f"socket(AF_PACKET, {text})", lambda: socket.socket(socket.AF_PACKET, kind, protocol))
        try:
            self._open(_chosen(program, interfaces))
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
        if self.name:
            address = (self.name, ETH_P_ALL)
            _call(f"bind({self.name})", lambda: s.bind(address))
        else:
            # what came before there was a ring does not count
            s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12)

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
        attach_filter(self.socket, program)

    def block(self) -> int:
        """Where in `map` the next block is that the kernel has handed over, -1 when there is none yet.

        Give it back with `done`.
        """
        start = self.next * BLOCK
        return start if self.map[start + BLOCK_STATUS] & 1 else -1

    def done(self) -> None:
        """Give the block back to the kernel."""
        struct.pack_into("I", self.map, self.next * BLOCK + BLOCK_STATUS, 0)
        self.next = (self.next + 1) % self.count

    def wait(self, milliseconds: float) -> list[int]:
        """Sleep until a block is handed over; the other descriptors of `poll` that have something to say.

        Raises OSError when the interface is gone or down.
        """
        others: list[int] = []
        for descriptor, event in self.poll.poll(milliseconds):
            if descriptor != self.socket.fileno():
                others.append(descriptor)
            elif event & select.POLLERR:
                code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, f"the interface {self.name} went down", "poll")
        return others

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
        self.map.close()
        self.socket.close()


def _chosen(program: Program, interfaces: list[str]) -> Program:
    """The filter for these interfaces, each packet once."""
    if interfaces == [LOOPBACK]:
        return without_outgoing(program)
    if len(interfaces) == 1:
        return program
    indices = [socket.if_nametoindex(name) for name in interfaces]
    every = without_outgoing(program, socket.if_nametoindex(LOOPBACK))
    return only_on(every, indices) if indices else every


def attach_filter(listener: socket.socket, program: Program) -> None:
    """Let a packet socket hear only what `program` lets through from now on. Raises OSError."""
    code = array("B", b"".join(struct.pack("HBBI", *instruction) for instruction in program))
    filter_struct = struct.pack("HL", len(program), code.buffer_info()[0])
    _call(
        "setsockopt(SO_ATTACH_FILTER)",
        lambda: listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_struct),
    )


def _call(name: str, call: Callable[[], Result]) -> Result:
    """Make a system call; an error names it in `filename`."""
    try:
        return call()
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), name) from None
