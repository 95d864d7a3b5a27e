"""Every TCP stream of the public captures, held against what tshark reassembles."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from inspector.capture.open import open_capture
from inspector.model.buffer import Buffer
from inspector.model.flow import Flow
from inspector.net.flows import FlowTable

pytestmark = pytest.mark.shared

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CORPUS = SHARED / "corpus"

SCRAMBLED = "zeek-zeek/tcp__reassembly.pcap"
"""Its retransmissions carry other bytes than the first transmissions; see test_bytes_captured_first_win."""


def expectations() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted((CORPUS / "expected").glob("*/*.json")):
        case = json.loads(path.read_text())
        if "tcp" in case:
            found.append((case["file"], case["tcp"]))
    return found


CASES = expectations()


def tcp_flows(name: str) -> tuple[FlowTable, list[Flow]]:
    table = FlowTable(open_capture(str(CORPUS / name)).table)
    return table, [flow for flow in table.flows if flow.transport == "tcp"]


def is_snapped(table: FlowTable, buffer: Buffer, start: int, end: int) -> bool:
    """Whether hole `start:end` is exactly what a snap length cut off one packet."""
    packet = buffer.packet_at(start)
    if not packet or table.table.captured[packet - 1] == table.table.lengths[packet - 1]:
        return False
    missing = int(table.headers.length[packet - 1]) - int(table.headers.captured[packet - 1])
    return end - start == missing


def as_tshark_writes(table: FlowTable, buffer: Buffer) -> bytes:
    """The bytes as "follow stream" has them: a text with a NUL in place of lost segments, nothing for snapped bytes."""
    data, parts, at = buffer.data, [], 0
    for start, end in buffer.holes:
        parts.append(data[at:start])
        if not is_snapped(table, buffer, start, end) and end < len(data):
            parts.append(b"[%d bytes missing in capture file]\0" % (end - start))
        at = end
    return b"".join(parts) + data[at:]


@pytest.mark.parametrize(("name", "expected"), CASES, ids=[name for name, _ in CASES])
def test_streams_equal_tsharks(name: str, expected: dict[str, Any]) -> None:
    table, flows = tcp_flows(name)
    assert len(flows) == expected["streams"]
    for stream in expected["stream_bytes"]:
        flow = flows[stream["stream"]]
        sides = {str(flow.client): 0, str(flow.server): 1}
        for node in "01":
            buffer = flow.buffers[sides[stream[f"node{node}"]]]
            data = as_tshark_writes(table, buffer)
            assert len(data) == stream[f"bytes{node}"]
            if name != SCRAMBLED:
                assert hashlib.sha256(data).hexdigest()[:32] == stream[f"sha256_{node}"]


@pytest.mark.parametrize(("name", "expected"), CASES, ids=[name for name, _ in CASES])
def test_holes_are_tsharks_gaps_and_what_it_leaves_out(name: str, expected: dict[str, Any]) -> None:
    # tshark calls only lost segments in the middle a gap: bytes cut by a snap length it drops without a word, and
    # bytes that were acknowledged but never captured at a stream's end it cannot know of.
    table, flows = tcp_flows(name)
    for stream in expected["stream_bytes"]:
        lost = False
        for buffer in flows[stream["stream"]].buffers:
            for start, end in buffer.holes:
                lost |= not is_snapped(table, buffer, start, end) and end < buffer.size
        assert lost == stream["gap"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared captures are not here")
def test_bytes_captured_first_win() -> None:
    # tshark reads positions 6114..7542 from packet 39, a retransmission, although packet 16 had delivered them long
    # before with other bytes. A receiver keeps what it has (RFC 9293 3.10.7.4), so do we, and note the conflict.
    table, (flow,) = tcp_flows(SCRAMBLED)
    assert [origin.packet for origin in flow.buffers[0].origins(6114, 7542)] == [16]
    assert ("conflict", 39) in [(note.kind, note.packet) for note in table.notes(1)]


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_origins_are_true(name: str) -> None:
    table, flows = tcp_flows(name)
    for flow in flows[:50]:
        for buffer in flow.buffers:
            data = buffer.data
            covered = 0
            for origin in buffer.origins(0, len(data)):
                covered += origin.end - origin.start
                assert origin.exact
            assert covered == len(data) - sum(end - start for start, end in buffer.holes)
            for at in range(0, len(data), max(1, len(data) // 200)):
                for origin in buffer.origins(at, at + 1):
                    assert table.table.data(origin.packet)[origin.start] == data[at]
