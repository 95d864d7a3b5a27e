"""The relay process: `python -m inspector.capture.live.tap LISTEN TARGET DESCRIPTOR`.

Passes TCP bytes on untouched and writes them to standard output as a capture of the conversation between the client
and the target; reports go to DESCRIPTOR. Needs no rights. It ends when standard input ends, or by SIGTERM or SIGINT.
"""

import asyncio
import contextlib
import errno
import ipaddress
import os
import signal
import socket
import struct
import sys
import time
from typing import Final

from inspector.capture.blocks import interface_block, section_block
from inspector.capture.live.helper import TELL_EVERY, Teller
from inspector.capture.live.names import Names
from inspector.capture.live.orders import Orders
from inspector.capture.live.segments import ACK, FIN, MOST, PSH, RST, SYN, Conversation, End
from inspector.capture.live.sink import Sink
from inspector.capture.processes import said
from inspector.model.errors import UsageError

LINK_RAW: Final = 101
CLIENT: Final = 0
SERVER: Final = 1
LOCAL: Final = "127.0.0.1"
_ABORT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing resets the connection."""


class Tap:
    """Accepts connections at `listen` and relays each to `target`."""

    def __init__(self, listen: End, target: End, teller: Teller) -> None:
        self.listen = listen
        self.target = target
        self.teller = teller
        self.names = Names(hears=False)
        self.packets = 0
        self.sink = Sink(Orders([], LINK_RAW))
        self.failure: OSError | None = None
        self.over = asyncio.Event()
        self.links: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Relay until told to stop. Raises OSError when it cannot listen or write, UsageError for an unknown target."""
        try:
            socket.getaddrinfo(*self.target, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UsageError(f"{self.target[0]}: {(error.strerror or str(error)).lower()}") from None
        host, port = self.listen
        server = await asyncio.start_server(self._accept, host, port, limit=MOST)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.over.set)
        loop.add_reader(sys.stdin.fileno(), self._heard)
        self.sink.begin(section_block([]) + interface_block(LINK_RAW, 0, "tap", f"relay from {host}:{port}"))
        bound = server.sockets[0].getsockname()
        self.teller.tell(started=f"{bound[0]}:{bound[1]}", source="tap")
        try:
            while not self.over.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.over.wait(), TELL_EVERY)
                self.teller.tell(packets=self.packets, dropped=0, bytes=self.sink.written, ring=0.0)
        finally:
            server.close()
            for link in self.links:
                link.cancel()
            await asyncio.gather(*self.links, return_exceptions=True)
        if self.failure is not None:
            raise self.failure

    def _heard(self) -> None:
        if not os.read(sys.stdin.fileno(), 64):
            self.over.set()

    def write(self, data: bytes) -> None:
        """Append to the capture; the relay ends when that fails."""
        if self.failure is not None:
            return
        try:
            self.sink.add(data)
        except OSError as error:
            self.failure = error
        else:
            self.packets += 1
        if self.failure is not None or self.sink.gone:
            self.over.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.links.add(task)
        try:
            await Link(self, reader, writer).run()
        finally:
            self.links.discard(task)


class Link:
    """One relayed connection."""

    def __init__(self, tap: Tap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tap = tap
        self.readers = [reader]
        self.writers = [writer]
        self.conversation: Conversation | None = None

    def note(self, side: int, flags: int, payload: bytes = b"", comments: list[str] | None = None) -> None:
        """Write a segment."""
        if self.conversation is not None:
            self.tap.write(self.conversation.segment(side, flags, time.time_ns(), payload, comments))

    async def run(self) -> None:
        """Connect to the target and pass on what both sides say."""
        client = self.writers[CLIENT].get_extra_info("peername")[:2]
        try:
            if not await self._connect(client):
                return
            pumps = [asyncio.create_task(self._pump(side)) for side in (CLIENT, SERVER)]
            try:
                # a reset ends both directions at once, a FIN only its own
                await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                for pump in pumps:
                    pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for writer in self.writers:
                writer.close()

    async def _connect(self, client: End) -> bool:
        """Open the other half; a target that refuses is written, and passed on, as a reset."""
        host, port = self.tap.target
        opened = time.time_ns()
        # the client first: it may not live long
        opener, _ = self._owners(client, self.writers[CLIENT].get_extra_info("sockname")[:2])
        try:
            reader, writer = await asyncio.open_connection(host, port, limit=MOST)
        except OSError:
            numeric = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4]
            self._open(client, (str(numeric[0]), port), opened, said(opener, ""))
            self.note(SERVER, RST | ACK)
            self._reset(CLIENT)
            return False
        self.readers.append(reader)
        self.writers.append(writer)
        near, far = (writer.get_extra_info(name)[:2] for name in ("sockname", "peername"))
        self._open(client, far, opened, said(opener, self._owners(near, far)[1]))
        self.note(SERVER, SYN | ACK)
        self.note(CLIENT, ACK)
        for each in self.writers:
            each.transport.set_write_buffer_limits(high=MOST)
        return True

    def _owners(self, client: End, server: End) -> tuple[str, str]:
        """The processes at both ends of a connection of this machine."""
        names = self.tap.names
        if names.asker is None:
            return "", ""
        a, b = ((ipaddress.ip_address(end[0].partition("%")[0]).packed, end[1]) for end in (client, server))
        return names.of_ends(names.asker, a, b, at_once=True)

    def _open(self, client: End, server: End, opened: int, owners: str) -> None:
        self.conversation = Conversation(client, server)
        self.tap.write(self.conversation.segment(CLIENT, SYN, opened, b"", [owners] if owners else []))

    async def _pump(self, side: int) -> None:
        """Pass on one direction, no faster than the other end takes it."""
        reader, writer = self.readers[side], self.writers[1 - side]
        while True:
            try:
                data = await reader.read(MOST)
            except OSError:
                self.note(side, RST | ACK)
                self.conversation = None  # the other direction ends with this, and not by a FIN of its own
                self._reset(1 - side)
                raise
            if not data:
                self.note(side, FIN | ACK)
                with contextlib.suppress(OSError):
                    writer.write_eof()
                self.note(1 - side, ACK)
                return
            self.note(side, PSH | ACK, data)
            # the direction back says why nothing can be written
            with contextlib.suppress(OSError):
                writer.write(data)
                await writer.drain()
            self.note(1 - side, ACK)

    def _reset(self, side: int) -> None:
        """Let this side see a reset, too."""
        writer = self.writers[side]
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        writer.transport.abort()


def parse_end(text: str) -> End:
    """`PORT`, `HOST:PORT` or `[IPV6]:PORT`; the loopback when no host is named. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) < 65_536:
        raise UsageError(f"{text}: write PORT, HOST:PORT or [IPV6]:PORT")
    return host.strip("[]") or LOCAL, int(port)


def main() -> int:
    """Relay; the exit code is that of the command line."""
    teller = Teller(int(sys.argv[3]))
    try:
        asyncio.run(_run(teller))
    except UsageError as error:
        teller.tell(error=str(error), code=error.exit_code)
        return error.exit_code
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "")
        call = error.filename or f"bind({sys.argv[1]})"
        code = 5 if error.errno in {errno.EACCES, errno.EPERM} and not error.filename else 6
        teller.tell(error=f"{call}: {os.strerror(error.errno or 0)} ({name})", code=code)
        return code
    return 0


async def _run(teller: Teller) -> None:
    tap = Tap(parse_end(sys.argv[1]), parse_end(sys.argv[2]), teller)
    await tap.run()
    teller.tell(ended="asked", packets=tap.packets, dropped=0, bytes=tap.sink.written)


if __name__ == "__main__":
    sys.exit(main())
