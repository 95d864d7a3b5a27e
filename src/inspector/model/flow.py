"""Both directions of one TCP or UDP conversation."""

from inspector.model.buffer import Buffer
from inspector.model.sides import Side


class Endpoint:
    """An address and port."""

    __slots__ = ("address", "port")

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class FlowNote:
    """Something seen in a flow that is not payload: `kind` in FLOW_NOTE_KINDS, on packet `packet`, sent by `side`."""

    __slots__ = ("kind", "packet", "side", "text")

    def __init__(self, kind: str, side: Side, packet: int, text: str) -> None:
        self.kind = kind
        self.side = side
        self.packet = packet
        self.text = text


FLOW_NOTE_KINDS = (
    "retransmission",
    "out-of-order",
    "overlap",
    "conflict",
    "hole",
    "keep-alive",
    "duplicate",
    "zero-window",
)


NEVER = (0, 0)
"""Packet numbers of both sides that were never seen; one for all flows, as a port scan has hundreds of thousands."""


class Flow:
    """One conversation. Packet numbers count from 1; 0 means never seen.

    `ends` says how each side ended: "fin", "rst" or "" (still open when the capture stopped).
    """

    __slots__ = (
        "buffers",
        "client",
        "client_known_by",
        "fin_packets",
        "first_packet",
        "last_packet",
        "number",
        "packet_count",
        "refused",
        "rst_packets",
        "server",
        "syn_packet",
        "synack_packet",
        "transport",
    )

    def __init__(self, number: int, transport: str, client: Endpoint, server: Endpoint) -> None:
        self.number = number
        self.transport = transport
        self.client = client
        self.server = server
        self.client_known_by = ""
        self.first_packet = 0
        self.last_packet = 0
        self.packet_count = 0
        self.buffers: list[Buffer] = []
        self.syn_packet = 0
        self.synack_packet = 0
        self.fin_packets: tuple[int, int] = NEVER
        self.rst_packets: tuple[int, int] = NEVER
        self.refused = False

    @property
    def ends(self) -> tuple[str, str]:
        """How the client's and the server's side ended."""
        return (self._end(0), self._end(1))

    def end_packet(self, side: Side) -> int:
        """The packet in which a side first said that it ends, 0 when it never did."""
        fin, rst = self.fin_packets[side], self.rst_packets[side]
        return min(fin, rst) if fin and rst else fin or rst

    def _end(self, side: Side) -> str:
        if self.rst_packets[side]:
            return "rst"
        return "fin" if self.fin_packets[side] else ""
