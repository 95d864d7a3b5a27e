"""The processes behind connections, as captures name them."""

import os
from pathlib import Path

import pytest

from inspector.capture.open import open_capture
from live.traffic import capture

pytestmark = pytest.mark.live


def test_clients_that_live_short_are_named(port: int, tmp_path: Path) -> None:
    """curl is gone before its packets are handed over; on a machine with time for both, nearly all are named."""
    path = tmp_path / "out.pcapng"
    loop = f"for i in $(seq 20); do curl -s -o /dev/null http://127.0.0.1:{port}/; done"
    assert capture("-q", "-f", f"tcp port {port}", "-w", str(path), "--", "sh", "-c", loop).returncode == 0
    comments = [" ".join(each) for number, each in open_capture(str(path)).comments.items() if number]
    assert len(comments) == 20, "each connection is opened once"
    assert all(f"(pid {os.getpid()})" in each for each in comments), "the server lives long"
    assert sum("client curl (pid" in each for each in comments) >= 10, comments
