"""`inspector live` on a real interface: the process that decodes, and what the screen shows."""

import time
from pathlib import Path

import pytest

from inspector.capture.live.recording import record
from inspector.capture.live.settings import Settings
from inspector.cli.watching import Watched
from inspector.session import Options, Progress, Session
from inspector.tui.live import LiveApp
from inspector.tui.screens.live import LiveScreen
from inspector.tui.widgets.virtual_table import VirtualTable
from live.test_capture import get, port  # noqa: F401

pytestmark = pytest.mark.live


def opener(path: str, progress: Progress) -> Session:
    return Session.open(path, Options(), progress)


async def test_rows_come_within_half_a_second(port: int, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "live.pcapng"
    with path.open("wb") as out:
        recording = record(Settings(bpf=f"tcp port {port}"), out)
        watched = Watched("lo", str(path), recording, Options())
        app = LiveApp(opener, watched)
        async with app.run_test(size=(120, 30)) as pilot:
            await pilot.pause(2.0)
            lags = []
            for number in range(5):
                get(port, f"/{number}")
                sent = time.monotonic()
                screen = app.screen
                assert isinstance(screen, LiveScreen)
                table = screen.query_one("#list", VirtualTable)
                while table.count() < 2 * (number + 1) and time.monotonic() - sent < 5:
                    await pilot.pause(0.02)
                lags.append(time.monotonic() - sent)
            assert max(lags) < 0.5, lags
            assert watched.dropped == 0
        watched.stop()
    assert [row.summary for row in watched.rows if row.side == 0] == [f"GET /{n} HTTP/1.1" for n in range(5)]
    assert all("server" in row.process for row in watched.rows)
