"""How a conversation ended in which the server sent not a single byte."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from inspector.model.flow import Flow
from inspector.model.sides import CLIENT, SERVER
from inspector.net.flows import FlowTable
from inspector.net.numbers import ACK, FIN, RST

CLOSED: Final = "closed"
RESET: Final = "reset"
HANG: Final = "hang"
HALF_CLOSED: Final = "half-closed"
"""The client ended its side at once, then the server closed or reset: who gave up on whom is not known."""
ABORTED: Final = "aborted"
EARLY: Final = "early"
"""The server ended its side before it was asked anything."""
OPEN: Final = "open"
UNSEEN: Final = "unseen"
"""No packet of the server was captured."""

PATIENCE: Final = 0.9
"""Seconds of silence after which we speak of hanging: clients are told whole seconds and round them down."""


@dataclass(frozen=True, slots=True)
class Ending:
    """`packet` ended the conversation (0: the capture did); `waited` is seconds from the client's last byte to it.

    `acknowledged` counts the client's bytes that the server's kernel acknowledged, `ack_packet` is the first packet
    that acknowledges the most of them. `server_flag` is "fin" or "rst" where the server ended its side.
    """

    kind: str
    packet: int
    waited: float
    acknowledged: int
    ack_packet: int
    server_flag: str
    server_packet: int


def find_ending(flow_table: FlowTable, flow: Flow) -> Ending:
    """The ending of a TCP flow whose server sent no payload."""
    h = flow_table.headers
    rows = np.array(flow_table.packets(flow.number)) - 1
    sides = flow_table.side_of[rows]
    flags = h.flags[rows]
    if not (sides == SERVER).any():
        return Ending(UNSEEN, 0, 0.0, 0, 0, "", 0)
    buffer = flow.buffers[CLIENT]
    asked = buffer.packet_at(0)
    last = buffer.packet_at(buffer.size - 1)
    acknowledged, ack_packet = _acknowledged(flow_table, flow)
    ends = [_first(rows, (sides == side) & (flags & (FIN | RST) != 0)) for side in (CLIENT, SERVER)]
    kind, packet = _kind(flow_table, asked, last, ends)
    until = packet or len(flow_table.table)
    server = ends[SERVER]
    flag = "" if not server else "rst" if h.flags[server - 1] & RST else "fin"
    # a server may end its side while the client is still sending
    waited = max(0.0, seconds(flow_table, last, until))
    return Ending(kind, packet, waited, acknowledged, ack_packet, flag, server)


def _kind(flow_table: FlowTable, asked: int, last: int, ends: list[int]) -> tuple[str, int]:
    client, server = ends
    if server and (not client or server < client):
        if server < asked:
            return EARLY, server
        return (RESET if flow_table.headers.flags[server - 1] & RST else CLOSED), server
    if client:
        if seconds(flow_table, last, client) >= PATIENCE:
            return HANG, client
        reset = flow_table.headers.flags[client - 1] & RST
        return (HALF_CLOSED, server) if server and not reset else (ABORTED, client)
    return (HANG if seconds(flow_table, last, len(flow_table.table)) >= PATIENCE else OPEN), 0


def _first(
    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", mask: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> int:
    """The number of the first packet that `mask` names, 0 when there is none."""
    found = np.flatnonzero(mask)
    return int(rows[found[0]]) + 1 if len(found) else 0


def _acknowledged(flow_table: FlowTable, flow: Flow) -> tuple[int, int]:
    """How many of the client's bytes the server acknowledged, and with which packet first; RFC 9293 3.4."""
    h = flow_table.headers
    buffer = flow.buffers[CLIENT]
    row = buffer.packet_at(buffer.size - 1) - 1
    end = int(h.seq[row]) + int(h.length[row])
    best, best_packet = 0, 0
    for packet in flow_table.packets(flow.number):
        if flow_table.side_of[packet - 1] != SERVER or not h.flags[packet - 1] & ACK:
            continue
        beyond = (int(h.ack[packet - 1]) - end) & 0xFFFFFFFF
        beyond -= (beyond & 0x80000000) << 1
        count = min(buffer.size, buffer.size + beyond)
        if count > best:
            best, best_packet = count, packet
    return best, best_packet


def seconds(flow_table: FlowTable, first: int, last: int) -> float:
    """Seconds from packet `first` to packet `last`."""
    times = flow_table.table.times
    return (int(times[last - 1]) - int(times[first - 1])) / 1e9
