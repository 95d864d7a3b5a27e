"""TCP conversations made from scratch: say what each side does and when, get a capture."""

import struct
from itertools import count
from pathlib import Path

from inspector.model.finding import Finding
from inspector.session import Options, Session
from net.frames import ACK, FIN, PSH, RST, SYN, ethernet, ipv4, ipv6, tcp

CLIENT, SERVER = 0, 1
HOSTS = {4: ("10.0.0.1", "10.0.0.2"), 6: ("fd00::1", "fd00::2")}

GET = b"GET / HTTP/1.1\r\nHost: warehouse\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
POST = b"POST /api HTTP/1.1\r\nHost: warehouse\r\nContent-Length: 5\r\n\r\nhello"
CALL = b"\x80\x01\x00\x01\x00\x00\x00\x07getName\x00\x00\x00\x01\x00"
REPLY = b"\x80\x01\x00\x02\x00\x00\x00\x07getName\x00\x00\x00\x01\x0b\x00\x00\x00\x00\x00\x02ok\x00"

_ports = count(40_000)


class Wire:
    """A capture in the making: packets with times in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.packets: list[tuple[float, bytes]] = []

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def save(self, path: Path) -> Path:
        parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)]
        for time, data in self.packets:
            nanoseconds = round(time * 1e9)
            second, rest = divmod(1_700_000_000 * 10**9 + nanoseconds, 10**9)
            parts.append(struct.pack("<IIII", second, rest, len(data), len(data)) + data)
        path.write_bytes(b"".join(parts))
        return path

    def findings(self, folder: Path, options: Options | None = None) -> list[Finding]:
        return Session.open(str(self.save(folder / "made.pcap")), options).findings()


class Talk:
    """One connection on a wire; every step takes 50 µs."""

    def __init__(self, wire: Wire, port: int, version: int = 4, handshake: bool = True, host: str = "") -> None:
        self.wire = wire
        self.version = version
        client, server = HOSTS[version]
        self.hosts = (client, host or server)
        self.ports = (next(_ports), port)
        self.next = [1000, 9000]
        if handshake:
            self.send(CLIENT, SYN, acknowledge=False)
            self.send(SERVER, SYN | ACK)
            self.send(CLIENT, ACK)

    def send(
        self,
        side: int,
        flags: int,
        payload: bytes = b"",
        acknowledge: bool = True,
        window: int = 1000,
        at: int | None = None,
    ) -> int:
        """One packet; the packet's number. `at` is a sequence number that was used before: then nothing moves on."""
        hosts = self.hosts if side == CLIENT else self.hosts[::-1]
        ports = self.ports if side == CLIENT else self.ports[::-1]
        ack = self.next[1 - side] if acknowledge else 0
        seq = self.next[side] if at is None else at
        segment = tcp(seq, payload, flags, ack, ports, window=window, hosts=hosts)
        if self.version == 4:
            frame = ethernet(ipv4(segment, hosts=hosts))
        else:
            frame = ethernet(ipv6(segment, hosts=hosts), 0x86DD)
        self.wire.wait(50e-6)
        self.wire.packets.append((self.wire.now, frame))
        if at is None:
            self.next[side] += len(payload) + bool(flags & (SYN | FIN))
        return len(self.wire.packets)

    def say(self, side: int, data: bytes, acknowledged: bool = True) -> None:
        """Data in one segment, and the other side's acknowledgement."""
        self.send(side, PSH | ACK, data)
        if acknowledged:
            self.send(1 - side, ACK)

    def fin(self, side: int) -> int:
        return self.send(side, FIN | ACK)

    def rst(self, side: int) -> int:
        return self.send(side, RST | ACK)

    def close(self, first: int) -> None:
        """Both sides end in good order, `first` first."""
        self.fin(first)
        self.fin(1 - first)
        self.send(first, ACK)


def found(wire: Wire, folder: Path, flow: int = 1) -> list[Finding]:
    """What is said of a flow; its evidence must be the packets' bytes."""
    findings = [f for f in wire.findings(folder) if f.flow == flow]
    for finding in findings:
        assert finding.see
        assert finding.why
        assert finding.do
        assert finding.references
        assert finding.evidence
        for evidence in finding.evidence:
            data = wire.packets[evidence.packet - 1][1]
            assert data[evidence.start : evidence.end] == evidence.bytes
    return findings


def refuse(wire: Wire, port: int, version: int = 4, host: str = "") -> None:
    """An attempt to connect that is refused."""
    talk = Talk(wire, port, version, handshake=False, host=host)
    talk.send(CLIENT, SYN, acknowledge=False)
    talk.send(SERVER, RST | ACK)
