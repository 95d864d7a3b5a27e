"""The rules every message keeps, on the captures that live outside the project."""

import os
from pathlib import Path

import pytest

from inspector.model.errors import CaptureError
from streams import Recorded, check_cover, check_message, check_true_origins, every, keys

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
MOST_BYTES = 60_000
"""Bytes of a flow that is fed again in small pieces."""
SUFFIXES = (".pcap", ".pcapng", ".pcap.gz", ".cap", ".pcapng.gz")
pytestmark = pytest.mark.shared


def files() -> list[Path]:
    return sorted(p for p in SHARED.glob("c*/**/*") if p.is_file() and p.name.endswith(SUFFIXES))


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SHARED)))
def test_all_messages_keep_the_rules(path: Path) -> None:
    try:
        recorded = Recorded(path)
    except CaptureError:
        pytest.skip("no capture: another test holds what is said of it")
    for flow in recorded.flows:
        turns = recorded.turns(flow)
        messages = recorded.cut(flow, turns)
        check_cover(messages, [buffer.size for buffer in flow.buffers])
        for message in messages:
            check_true_origins(recorded, check_message(message), message.buffer)
        if flow.transport == "tcp" and sum(buffer.size for buffer in flow.buffers) <= MOST_BYTES:
            expected = keys(messages)
            for size in (1, 5, 700):
                assert keys(recorded.cut(flow, turns, every(size))) == expected
