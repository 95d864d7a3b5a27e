"""Large captures made of recorded traffic: every copy a new connection with a port, an address and times of its own."""

from pathlib import Path

import numpy as np

from inspector.capture.open import open_capture
from inspector.net.flows import FlowTable

PCAP_HEADER = b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8) + b"\x00\x00\x04\x00\x01\x00\x00\x00"
RECORD = np.dtype([("sec", "<u4"), ("usec", "<u4"), ("captured", "<u4"), ("length", "<u4")])
FIRST_PORT = 1024
PORTS = 60_000
START = 1_700_000_000_000_000
ETHERNET, IPV4 = 14, 20


class Template:
    """The packets of one recorded capture of Ethernet, IPv4 and TCP on loopback, ready to be repeated."""

    def __init__(self, path: Path) -> None:
        capture = open_capture(str(path))
        flows = FlowTable(capture.table)
        self.packets = len(capture.table)
        times = capture.table.times // 1000
        self.span = int(times[-1] - times[0]) + 100
        parts: list[bytes] = []
        self.ports: list[tuple[int, int]] = []
        self.addresses: list[int] = []
        self.clock: list[tuple[int, int]] = []
        at = 0
        for number in range(1, self.packets + 1):
            packet = capture.packet(number)
            flow = int(flows.flow_of[number - 1])
            header = np.array([(0, 0, len(packet.data), packet.length)], RECORD).tobytes()
            parts.append(header + packet.data)
            self.clock.append((at, int(times[number - 1] - times[0])))
            ip = at + RECORD.itemsize + ETHERNET
            from_client = int(flows.side_of[number - 1]) == 0
            self.ports.append((ip + IPV4 + (0 if from_client else 2), flow - 1))
            self.addresses.append(ip + (12 if from_client else 16))
            at += len(parts[-1])
        self.data = np.frombuffer(b"".join(parts), np.uint8)
        self.flows = len(flows.flows)

    def copies(self, first: int, count: int, time: int) -> bytes:
        """`count` copies back to back; `first` numbers the connections before them, `time` is in microseconds."""
        block = np.tile(self.data, (count, 1))
        index = np.arange(count)
        for at, offset in self.clock:
            moment = time + index * self.span + offset
            block[:, at : at + 4] = (moment // 1_000_000).astype("<u4").view(np.uint8).reshape(count, 4)
            block[:, at + 4 : at + 8] = (moment % 1_000_000).astype("<u4").view(np.uint8).reshape(count, 4)
        for (port_at, flow), address_at in zip(self.ports, self.addresses, strict=True):
            connection = first + index * self.flows + flow
            block[:, port_at : port_at + 2] = (
                (FIRST_PORT + connection % PORTS).astype(">u2").view(np.uint8).reshape(count, 2)
            )
            block[:, address_at + 3] = 2 + connection // PORTS
        return block.tobytes()


def repeat(templates: list[Template], path: Path, packets: int) -> int:
    """Write at least `packets` packets to `path`, the templates in turn; returns how many."""
    written = connections = 0
    time = START
    with path.open("wb") as file:
        file.write(PCAP_HEADER)
        while written < packets:
            for template in templates:
                count = max(1, min(64, (packets - written) // template.packets))
                file.write(template.copies(connections, count, time))
                connections += count * template.flows
                written += count * template.packets
                time += count * template.span
    return written
