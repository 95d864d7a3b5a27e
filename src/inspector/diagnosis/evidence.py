"""Evidence: packet bytes, their place and their reading."""

from inspector.diagnosis.ending import Ending, seconds
from inspector.diagnosis.readings import Reading
from inspector.diagnosis.scene import Case
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Evidence
from inspector.model.message import Message
from inspector.model.packet import Packet
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.net.flows import FlowTable
from inspector.net.headers import explain_packet
from inspector.net.numbers import ACK, FIN, PSH, RST, SYN

SHOWN = 16
"""Bytes of a payload that are shown where it does not matter what they say."""
FLAGS = ((FIN, "FIN"), (SYN, "SYN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"))


def opening_evidence(
    case: Case, side: Side, start: int, end: int, text: str, message: Message | None
) -> list[Evidence]:
    """Bytes `start:end` of what a side sent, in every packet that carries a part of them."""
    buffer = case.flow.buffers[side]
    at = start
    found: list[Evidence] = []
    for origin in buffer.origins(start, end):
        length = origin.end - origin.start
        data = buffer.read(at, at + length)
        at += length
        number = message.number if message is not None else None
        found.append(Evidence(number, origin.packet, origin.start, origin.end, data, text))
    return found


def message_evidence(message: Message, start: int, end: int, text: str) -> list[Evidence]:
    """Bytes `start:end` of a message, counted from its first byte, in every packet that carries a part of them."""
    buffer = message.buffer
    at = message.start + start
    found: list[Evidence] = []
    for origin in buffer.origins(at, min(message.start + end, message.end)):
        length = origin.end - origin.start
        data = buffer.read(at, at + length)
        found.append(Evidence(message.number, origin.packet, origin.start, origin.end, data, text))
        at += length
    return found


def reading_evidence(case: Case, readings: list[Reading]) -> list[Evidence]:
    """How each reader takes the client's first bytes, each reading once."""
    found: list[Evidence] = []
    seen: set[str] = set()
    for reading in readings:
        if reading.text not in seen:
            seen.add(reading.text)
            found.extend(opening_evidence(case, CLIENT, 0, reading.end, reading.text, case.asked))
    return found


def tcp_evidence(flow_table: FlowTable, packet: int, field: str, last: int, text: str) -> list[Evidence]:
    """The last `last` bytes of a TCP header field of a packet; none where the field was not captured."""
    table = flow_table.table
    row = packet - 1
    data = table.data(packet)
    tree = explain_packet(Packet(packet, int(table.times[row]), data, int(table.lengths[row]), int(table.links[row])))
    for node in tree.walk():
        if node.name == field:
            start = node.end - last
            return [Evidence(None, packet, start, node.end, data[start : node.end], text)]
    return []


def payload_evidence(flow_table: FlowTable, packet: int, text: str, message: Message | None) -> list[Evidence]:
    """The first bytes of a packet's payload; none where they were not captured."""
    h = flow_table.headers
    start = int(h.start[packet - 1])
    end = start + min(int(h.captured[packet - 1]), SHOWN)
    if end <= start:
        return []
    data = flow_table.table.data(packet)[start:end]
    return [Evidence(message.number if message is not None else None, packet, start, end, data, text)]


def flags_evidence(flow_table: FlowTable, packet: int, text: str) -> list[Evidence]:
    """The byte that holds FIN and RST (RFC 9293 3.1)."""
    flags = int(flow_table.headers.flags[packet - 1])
    names = ", ".join(name for bit, name in FLAGS if flags & bit)
    return tcp_evidence(flow_table, packet, "tcp.flags", 1, f"TCP flags {names}: {text}")


def ack_evidence(case: Case) -> list[Evidence]:
    """The acknowledgement that proves that the request reached the server's kernel."""
    ending = case.ending
    if not ending.ack_packet:
        return []
    asked = case.flow.buffers[CLIENT].size
    what = "the whole request" if ending.acknowledged >= asked else f"{ending.acknowledged:,} bytes of the request"
    text = f"TCP acknowledgement: the server's kernel has {what} ({ending.acknowledged:,} of {count(asked, 'byte')})"
    return tcp_evidence(case.scene.flow_table, ending.ack_packet, "tcp.ack_raw", 4, text)


def ending_evidence(case: Case) -> list[Evidence]:
    """What ended a silent conversation, and what the other side did about it."""
    ending = case.ending
    flow_table = case.scene.flow_table
    found: list[Evidence] = []
    if not ending.packet:
        return found
    if ending.packet == ending.server_packet:
        how = "the server resets the connection" if ending.server_flag == "rst" else "the server closes its side"
        text = f"{how} {duration(ending.waited)} after the request, having sent no bytes"
        return flags_evidence(flow_table, ending.packet, text)
    found += flags_evidence(
        flow_table, ending.packet, f"the client gives up after {duration(ending.waited)} without a byte of answer"
    )
    found += _late_end(case, ending)
    return found


def _late_end(case: Case, ending: Ending) -> list[Evidence]:
    if not ending.server_packet:
        return []
    later = duration(seconds(case.scene.flow_table, ending.packet, ending.server_packet))
    text = f"only then, {later} later, the server ends its side too, still without a byte"
    return flags_evidence(case.scene.flow_table, ending.server_packet, text)


def answer_evidence(case: Case, parts: list[tuple[int, int, str]]) -> list[Evidence]:
    """Parts of the server's first bytes: start, end, and what they are."""
    found: list[Evidence] = []
    for start, end, text in parts:
        found.extend(opening_evidence(case, SERVER, start, end, text, case.answered))
    return found


def server_end_evidence(case: Case) -> list[Evidence]:
    """How the server ended its side after it had answered."""
    flow = case.flow
    if flow.rst_packets[SERVER]:
        return flags_evidence(case.scene.flow_table, flow.rst_packets[SERVER], "the server resets the connection")
    if flow.fin_packets[SERVER]:
        return flags_evidence(case.scene.flow_table, flow.fin_packets[SERVER], "the server sends no more")
    return []
