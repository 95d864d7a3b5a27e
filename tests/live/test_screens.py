"""`inspector live` on a real interface: the process that decodes, and what the screen shows."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from inspector.capture.live.settings import Settings
from inspector.session import Options, Progress, Session
from inspector.tui.live import LiveApp
from inspector.tui.screens.live import LiveScreen
from inspector.tui.widgets.virtual_table import VirtualTable
from inspector.watching import Watcher
from live.traffic import get

pytestmark = pytest.mark.live


def opener(path: str, progress: Progress) -> Session:
    return Session.open(path, Options(), progress)


async def test_rows_come_within_half_a_second(port: int, tmp_path: Path) -> None:
    watcher = Watcher(Options(), Settings(), str(tmp_path / "live.pcapng"))
    watched = watcher.capture("lo", f"tcp port {port}")
    app = LiveApp(opener, watcher, watched)
    async with app.run_test(size=(120, 30)) as pilot:
        get(port, "/ready")
        while len(watched.rows) < 2:
            await pilot.pause(0.05)
        lags = []
        for number in range(5):
            get(port, f"/{number}")
            sent = time.monotonic()
            screen = app.screen
            assert isinstance(screen, LiveScreen)
            table = screen.query_one("#list", VirtualTable)
            while table.count() < 2 * (number + 2) and time.monotonic() - sent < 5:
                await pilot.pause(0.02)
            lags.append(time.monotonic() - sent)
        assert watched.error == ""
        assert median(lags) < 0.5, lags
        assert watched.dropped == 0
    watched.stop()
    assert [row.summary for row in watched.rows if row.side == 0] == [
        f"GET /{n} HTTP/1.1" for n in ("ready", *range(5))
    ]
    assert all("server" in row.process for row in watched.rows)


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    made = Watcher(Options(), Settings(), str(tmp_path / "live.pcapng"))
    yield made
    made.close()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_display_filters_look_at_all_that_was_captured(port: int, watcher: Watcher) -> None:
    watched = watcher.capture("lo", f"tcp port {port}")
    get(port, "/a")
    get(port, "/b")
    wait_for(lambda: len(watched.rows) == 4)
    for wanted, found in (
        ('http.request.uri == "/b"', 1),
        ("http.response.code == 404 || http.response.code == 200", 2),
        ("tcp.flags.push == 1 && frame.len > 60 && !http.response.code", 2),
        ("http.request.version", 2),
        ("latency < 5", 2),
        ("", 4),
    ):
        watched.look_for(wanted)
        wait_for(lambda found=found: len(watched.rows) == found and watched.messages == 4)  # type: ignore[misc]
    watched.look_for("http.request.method")
    get(port, "/c")
    wait_for(lambda: len(watched.rows) == 3)
    watched.stop()
    watched.look_for("http.response.code")
    assert len(watched.rows) == 3


def test_what_is_saved_meanwhile_is_whole_at_the_end(port: int, watcher: Watcher, tmp_path: Path) -> None:
    target = tmp_path / "saved.pcapng"
    watched = watcher.capture("lo", f"tcp port {port}")
    get(port, "/a")
    wait_for(lambda: len(watched.rows) == 2 and watched.recording.status.bytes > 1000)
    watched.save(str(target))
    early = Session.open(str(target))
    assert early.issues == [], "whole blocks only"
    get(port, "/b")
    wait_for(lambda: len(watched.rows) == 4)
    watched.stop()
    assert watched.path == str(target)
    saved = Session.open(str(target))
    assert saved.issues == []
    assert [m.summary for m in saved.messages if m.side == 0] == ["GET /a HTTP/1.1", "GET /b HTTP/1.1"]


def test_a_second_capture_never_overwrites_the_first(port: int, watcher: Watcher, tmp_path: Path) -> None:
    first = watcher.capture("lo", f"tcp port {port}")
    get(port, "/a")
    wait_for(lambda: len(first.rows) == 2)
    first.stop()
    second = first.again()
    assert second.path == str(tmp_path / "live-2.pcapng")
    second.stop()
    assert len(Session.open(first.path).messages) == 2


@pytest.mark.parametrize("which", ["recording", "following"])
def test_a_process_that_is_killed_is_told_and_nothing_is_lost(port: int, watcher: Watcher, which: str) -> None:
    watched = watcher.capture("lo", f"tcp port {port}")
    get(port, "/a")
    wait_for(lambda: len(watched.rows) == 2)
    assert watched.error == ""
    (watched.recording if which == "recording" else watched.following).process.kill()
    wait_for(lambda: "was ended by" in watched.error)
    if which == "following":
        watched.look_for("")
        get(port, "/b")
        wait_for(lambda: len(watched.rows) == 4)
        assert watched.error == ""
    watched.close()
    assert [m.kind for m in Session.open(watched.path).messages][:2] == ["request", "response"]
