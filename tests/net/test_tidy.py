"""Flows made all at once have the same pieces as the reassembler gives them."""

from pathlib import Path

import pytest

from inspector.capture.open import open_capture
from inspector.net.flows import FlowTable

CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.pcap*"))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_tidy_pieces_equal_reassembled_pieces(path: Path) -> None:
    table = FlowTable(open_capture(str(path)).table)
    for flow in table.flows:
        if not table._tidy.has(flow.number):
            continue
        for side, reassembled in enumerate(table._reassemble(flow, None)):
            made = table._tidy.pieces(flow.number, side)
            assert (made.starts, made.sources, made.offsets, made.size) == (
                reassembled.pieces.starts,
                reassembled.pieces.sources,
                reassembled.pieces.offsets,
                reassembled.pieces.size,
            )


def test_recorded_connections_are_tidy_unless_something_is_missing() -> None:
    expected = {"http-get.pcap": True, "http-out-of-order.pcap": False, "http-missing-segment.pcap": False}
    found = {}
    for path in CAPTURES:
        if path.name in expected:
            found[path.name] = FlowTable(open_capture(str(path)).table)._tidy.has(1)
    assert found == expected
