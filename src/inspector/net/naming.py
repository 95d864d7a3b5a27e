"""Which side of each flow is the client, and the Flow objects that say so."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspector.model.buffer import Buffer, BufferSource
from inspector.model.flow import Endpoint, Flow
from inspector.net.clients import Judge, infer_client
from inspector.net.columns import Headers
from inspector.net.grouping import Groups
from inspector.net.numbers import ACK, FIN, RST, SYN, TCP
from inspector.net.rows import address_text

SENT_SYN: Final = "The client sent the SYN."
SENT_SYNACK: Final = "The server answered with SYN+ACK; the SYN itself was not captured."


def name_flows(headers: Headers, groups: Groups, source: BufferSource, judge: Judge | None = None) -> list[Flow]:
    """Make the flows of `groups`, whose `side_of` then says 0 for the client and 1 for the server.

    `source` fills the flows' buffers; their keys are the flow's number times two, plus the side. `judge` is asked
    where neither a handshake nor the ports tell who the client is.
    """
    if not len(groups):
        return []
    is_tcp = headers.transport == TCP
    handshake = headers.flags & (SYN | ACK)
    syn = _first_rows(groups, is_tcp & (handshake == SYN))
    synack = _first_rows(groups, is_tcp & (handshake == SYN | ACK))
    client = np.zeros(len(groups) + 1, np.int8)
    client[syn >= 0] = groups.side_of[syn[syn >= 0]]
    rest = (syn < 0) & (synack >= 0)
    client[rest] = 1 - groups.side_of[synack[rest]]
    known_by: dict[int, str] = {}
    for number in (np.flatnonzero((syn[1:] < 0) & (synack[1:] < 0)) + 1).tolist():
        client[number], known_by[number] = infer_client(headers, groups.rows(number), groups.side_of, judge)
    groups.side_of ^= client[groups.flow_of]
    # of the SYN+ACKs that cross in a simultaneous open (RFC 9293 3.5) only the server's tells where its bytes begin
    synack = _first_rows(groups, is_tcp & (handshake == SYN | ACK) & (groups.side_of == 1))
    flows = _make_flows(headers, groups, source)
    for flow, syn_row, synack_row in zip(flows, syn[1:].tolist(), synack[1:].tolist(), strict=True):
        flow.syn_packet = syn_row + 1
        flow.synack_packet = synack_row + 1
        flow.client_known_by = SENT_SYN if flow.syn_packet else known_by.get(flow.number, SENT_SYNACK)
    _note_ends(headers, groups, flows)
    return flows


def _first_rows(groups: Groups, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """By flow number, the row of the first packet that `mask` names, -1 when there is none."""
    found = np.full(len(groups) + 1, -1, np.int64)
    flows, rows = groups.first_of(mask)
    found[flows] = rows
    return found


def _make_flows(headers: Headers, groups: Groups, source: BufferSource) -> list[Flow]:
    first_rows = groups.order[groups.bounds[:-1]]
    last_rows = groups.order[groups.bounds[1:] - 1]
    forward = (groups.side_of[first_rows] == 0).tolist()
    firsts, lasts, counts = first_rows.tolist(), last_rows.tolist(), np.diff(groups.bounds).tolist()
    versions, transports = headers.version[first_rows].tolist(), headers.transport[first_rows].tolist()
    sources, sports = headers.src[first_rows].tolist(), headers.sport[first_rows].tolist()
    targets, dports = headers.dst[first_rows].tolist(), headers.dport[first_rows].tolist()
    ends: dict[int, Endpoint] = {}
    flows: list[Flow] = []
    for i in range(len(firsts)):
        a = _endpoint(headers, versions[i], sources[i], sports[i], ends)
        b = _endpoint(headers, versions[i], targets[i], dports[i], ends)
        transport = "tcp" if transports[i] == TCP else "udp"
        flow = Flow(i + 1, transport, a, b) if forward[i] else Flow(i + 1, transport, b, a)
        flow.first_packet = firsts[i] + 1
        flow.last_packet = lasts[i] + 1
        flow.packet_count = counts[i]
        flow.buffers = [
            Buffer(f"flow {i + 1} client", source, 2 * i + 2),
            Buffer(f"flow {i + 1} server", source, 2 * i + 3),
        ]
        flows.append(flow)
    return flows


def _endpoint(headers: Headers, version: int, address: int, port: int, known: dict[int, Endpoint]) -> Endpoint:
    """One object for each address and port: servers are in many flows."""
    key = (address << 16 | port) << 4 | version
    end = known.get(key)
    if end is None:
        end = known[key] = Endpoint(address_text(headers, version, address), port)
    return end


def _note_ends(headers: Headers, groups: Groups, flows: list[Flow]) -> None:
    is_tcp = headers.transport == TCP
    for side in (0, 1):
        sent = is_tcp & (groups.side_of == side)
        numbers, rows = groups.first_of(sent & (headers.flags & FIN != 0))
        for number, row in zip(numbers.tolist(), rows.tolist(), strict=True):
            flow = flows[number - 1]
            flow.fin_packets = _with(flow.fin_packets, side, row + 1)
        numbers, rows = groups.first_of(sent & (headers.flags & RST != 0))
        for number, row in zip(numbers.tolist(), rows.tolist(), strict=True):
            flow = flows[number - 1]
            flow.rst_packets = _with(flow.rst_packets, side, row + 1)
    for flow in flows:
        flow.refused = flow.syn_packet > 0 and flow.synack_packet == 0 and flow.rst_packets[1] > 0


def _with(packets: tuple[int, int], side: int, packet: int) -> tuple[int, int]:
    return (packet, packets[1]) if side == 0 else (packets[0], packet)
