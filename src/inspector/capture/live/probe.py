"""Asks a port what it speaks: listens first, then sends one harmless probe after another, and records the exchange."""

import errno
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from inspector.capture.blocks import SECRETS, block, interface_block, padded, section_block
from inspector.capture.live import probes
from inspector.capture.live.probes import Probe, kind_of
from inspector.capture.live.segments import ACK, FIN, MOST, PSH, RST, SYN, Conversation, End
from inspector.model.errors import CaptureError

CONNECT: Final = 3.0
"""Seconds to wait for a connection."""
PATIENCE: Final = 0.8
"""Seconds to wait for an answer's next byte."""
MOST_ANSWER: Final = 65_536
"""Bytes of an answer that are read."""
RAW_IP: Final = 101
"""LINKTYPE_RAW."""
TLS_KEY_LOG: Final = 0x544C534B
"""A decryption secrets block's type for TLS key logs, draft-ietf-opsawg-pcapng 4.7."""
FIRST_PORT: Final = 49_152
"""Of the ports that are nobody's (RFC 6335 6)."""
ALPN: Final = ["h2", "http/1.1"]

REFUSED: Final = "refused"
FIREWALLED: Final = "firewalled"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back to a probe, and how it ended: "fin", "rst", "" for silence, REFUSED or FIREWALLED.

    `inside` is what TLS agreed on, its version and ALPN protocol, where the probe was sent inside TLS: then `answer` is
    the plain text. `flow` is the conversation in the recording, from 1.
    """

    probe: Probe
    answer: bytes
    ending: str
    flow: int
    inside: tuple[str, str] | None = None

    @property
    def kind(self) -> str:
        """What the answer is the beginning of, "" for none."""
        return kind_of(self.probe, self.answer)


class Prober:
    """Connections to one end, recorded one behind the other."""

    def __init__(self, end: End, out: IO[bytes]) -> None:
        self.end = end
        self.out = out
        self.heard: list[Heard] = []
        out.write(section_block([]) + interface_block(RAW_IP, 0, "probe", "what a few harmless probes were answered"))

    def ask(self, probe: Probe) -> Heard:
        """One probe on a connection of its own. Raises CaptureError when there is no way to the other end at all."""
        flow = len(self.heard) + 1
        try:
            link = socket.create_connection(self.end, CONNECT)
        except OSError as error:
            self.heard.append(Heard(probe, b"", self._not_connected(error), flow))
            return self.heard[-1]
        with link:
            wire = Wire(link, self.out)
            if probe.data:
                wire.send(probe.data)
            answer, ending = wire.listen()
            wire.close(ending)
        self.heard.append(Heard(probe, answer, ending, flow))
        return self.heard[-1]

    def ask_inside(self, probe: Probe) -> Heard:
        """The same inside TLS; where the handshake fails, `answer` is empty and `inside` None."""
        flow = len(self.heard) + 1
        answer, ending, inside = b"", "", None
        with TemporaryDirectory() as folder:
            keys = Path(folder) / "keys"
            context = _context(keys)
            try:
                link = socket.create_connection(self.end, CONNECT)
            except OSError as error:
                self.heard.append(Heard(probe, b"", self._not_connected(error), flow))
                return self.heard[-1]
            with link:
                wire = Wire(link, self.out, keys)
                secure = Secure(wire, context)
                if secure.shake():
                    inside = (secure.version, secure.protocol)
                    answer = secure.exchange(probe.data)
                ending = wire.ending
                wire.close(ending)
        self.heard.append(Heard(probe, answer, ending, flow, inside))
        return self.heard[-1]

    def _not_connected(self, error: OSError) -> str:
        """Record an attempt in vain, and say what it came to."""
        server = (self.end[0], self.end[1])
        # the port that the kernel took is not known; one of its own keeps the attempt a conversation of its own
        talk = Conversation(("::1" if ":" in server[0] else "127.0.0.1", FIRST_PORT + len(self.heard)), server)
        self.out.write(talk.segment(0, SYN, time.time_ns()))
        if isinstance(error, ConnectionRefusedError):
            self.out.write(talk.segment(1, RST | ACK, time.time_ns()))
            return REFUSED
        if isinstance(error, TimeoutError) or error.errno in {errno.EHOSTUNREACH, errno.ETIMEDOUT}:
            return FIREWALLED
        raise CaptureError(f"{self.end[0]}:{self.end[1]}: {(error.strerror or str(error)).lower()}") from None


class Wire:
    """One connection and its recording; its blocks are written when it ends, behind the secrets that explain them."""

    def __init__(self, link: socket.socket, out: IO[bytes], keys: Path | None = None) -> None:
        self.link = link
        self.out = out
        self.keys = keys
        self.ending = ""
        self.talk = Conversation(link.getsockname()[:2], link.getpeername()[:2])
        self.blocks = [self.talk.segment(side, flags, time.time_ns()) for side, flags in _HANDSHAKE]
        link.settimeout(PATIENCE)

    def send(self, data: bytes) -> None:
        """Send and record; a server that has gone is noticed when listening."""
        self.blocks.append(self.talk.segment(0, PSH | ACK, time.time_ns(), data))
        try:
            self.link.sendall(data)
        except OSError:
            return
        self.blocks.append(self.talk.segment(1, ACK, time.time_ns()))

    def receive(self) -> bytes:
        """What comes next; b"" when it ends or nothing comes, and then `ending` says which."""
        try:
            data = self.link.recv(MOST)
        except TimeoutError:
            return b""
        except OSError:
            self.ending = "rst"
            self.blocks.append(self.talk.segment(1, RST | ACK, time.time_ns()))
            return b""
        if not data:
            self.ending = "fin"
            self.blocks.append(self.talk.segment(1, FIN | ACK, time.time_ns()))
        else:
            self.blocks.append(self.talk.segment(1, PSH | ACK, time.time_ns(), data))
        return data

    def listen(self) -> tuple[bytes, str]:
        """All that comes until it ends, or nothing more comes."""
        answer = b""
        while len(answer) < MOST_ANSWER:
            data = self.receive()
            if not data:
                break
            answer += data
        return answer, self.ending

    def close(self, ending: str) -> None:
        """End our side, and write what was recorded."""
        if ending != "rst":
            self.blocks.append(self.talk.segment(0, FIN | ACK, time.time_ns()))
        if self.keys is not None and self.keys.exists():
            secrets = self.keys.read_bytes()
            self.out.write(block(SECRETS, struct.pack("<II", TLS_KEY_LOG, len(secrets)) + padded(secrets)))
        self.out.write(b"".join(self.blocks))


_HANDSHAKE: Final = ((0, SYN), (1, SYN | ACK), (0, ACK))


def _context(keys: Path) -> ssl.SSLContext:
    """Trusts everybody: nothing is said that would have to be kept from the other end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(ALPN)
    context.keylog_filename = str(keys)
    return context


class Secure:
    """TLS over a wire, whose bytes are recorded as they were sent."""

    def __init__(self, wire: Wire, context: ssl.SSLContext) -> None:
        self.wire = wire
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    @property
    def version(self) -> str:
        """Such as "TLSv1.3"."""
        return self.object.version() or ""

    @property
    def protocol(self) -> str:
        """What ALPN chose, "" without."""
        return self.object.selected_alpn_protocol() or ""

    def shake(self) -> bool:
        """The handshake; False when it fails."""
        return self._until(self.object.do_handshake)

    def exchange(self, data: bytes) -> bytes:
        """Send, and return the plain text that comes back."""
        if data:
            self.object.write(data)
        answer = b""
        parts: list[bytes] = []
        while len(answer) < MOST_ANSWER and self._until(lambda: parts.append(self.object.read(MOST))) and parts[-1]:
            answer = b"".join(parts)
        return answer

    def _until(self, step: Callable[[], object]) -> bool:
        """Take a step of TLS as often as it needs bytes from the other side; False when none come any more."""
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.wire.receive()
                if not data:
                    return False
                self.incoming.write(data)
            except ssl.SSLError:
                self._flush()
                return False
            else:
                self._flush()
                return True

    def _flush(self) -> None:
        data = self.outgoing.read()
        if data:
            self.wire.send(data)


def probe(end: End, out: IO[bytes]) -> list[Heard]:
    """Ask `end` what it speaks, and write the exchange to `out` as pcapng. Raises CaptureError without a way to it."""
    prober = Prober(end, out)
    interrogate(prober)
    return prober.heard


def interrogate(prober: Prober) -> None:
    """One probe after another; each answer, or the lack of one, decides what is asked next.

    A server that speaks first is only listened to, unless it speaks HTTP/2.
    """
    first = prober.ask(probes.LISTENING)
    if first.ending in {REFUSED, FIREWALLED}:
        return
    kind = first.kind or _ask_all(prober)
    if kind == probes.HTTP:
        _ask_http(prober)
    elif kind == probes.HTTP2:
        prober.ask(probes.GRPC)
    elif kind == probes.TLS:
        _ask_inside(prober)
    elif kind == probes.THRIFT:
        old = probes.OLD.get(prober.heard[-1].probe.form)
        if old is not None:
            prober.ask(old)


def _ask_all(prober: Prober) -> str:
    """One probe after another until one is answered; the kind of its answer, "" when none is."""
    line = prober.ask(probes.LINE)
    if line.kind:
        return line.kind
    length = prober.ask(probes.LENGTH)
    if length.kind:
        return length.kind
    for each in (*probes.CALLS, probes.SSL_REQUEST, probes.API_VERSIONS):
        kind = prober.ask(each).kind
        if kind:
            return kind
    # a TLS hello is 369 MB to whoever believes in lengths: that one would have waited for 64 bytes
    if length.ending and _ask_inside(prober):
        return ""
    if line.ending and not prober.ask(probes.BRACKET).ending:
        return prober.ask(probes.JSON).kind
    return prober.ask(probes.HEADER).kind


def _ask_http(prober: Prober) -> None:
    """Whether TLS is spoken too, as some servers complain in clear of its lack; or Thrift inside HTTP."""
    if not _ask_inside(prober):
        for each in probes.POSTS:
            if _carries_thrift(prober.ask(each).answer):
                return


def _ask_inside(prober: Prober) -> bool:
    """What is spoken inside TLS; False when there is no TLS."""
    first = prober.ask_inside(probes.LINE)
    if first.inside is None:
        return False
    if first.inside[1] == "h2" or first.kind == probes.HTTP2:
        prober.ask_inside(probes.GRPC)
    elif not first.kind:
        for each in (probes.LENGTH, *probes.CALLS):
            if prober.ask_inside(each).kind:
                break
    return True


def _carries_thrift(answer: bytes) -> bool:
    return b"application/x-thrift" in answer.partition(b"\r\n\r\n")[0].lower()
