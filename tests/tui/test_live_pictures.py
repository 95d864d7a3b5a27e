"""Pictures of the live screens; a change of one is to be looked at before it is accepted."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from inspector.capture.live.interfaces import NetworkInterface
from inspector.tui.live import PICK, LiveApp
from inspector.tui.live_status import Status
from inspector.tui.screens import picker
from inspector.tui.screens.picker import PickerScreen
from tui.growing import SECOND, Growing, Starting, opener

SnapCompare = Callable[..., bool]
REFUSED = "socket(AF_PACKET, SOCK_RAW): Operation not permitted (EPERM)"


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    interfaces = [
        NetworkInterface("lo", "up", loopback=True, addresses=["127.0.0.1", "::1"], packets=10),
        NetworkInterface("eth0", "up", addresses=["192.0.2.2"], packets=1000),
        NetworkInterface("wlan0", "down"),
    ]
    monkeypatch.setattr(Status, "elapsed", lambda self, now: "00:42")
    monkeypatch.setattr(Status, "rate", lambda self, now: 1234.0)
    monkeypatch.setattr(picker, "network_interfaces", lambda: interfaces)
    monkeypatch.setattr(picker, "ALL_AT_ONCE", True)
    monkeypatch.setattr(picker, "LOOK_EVERY", 3600.0)
    monkeypatch.setattr(picker, "refusal", lambda: REFUSED)
    monkeypatch.setattr(picker, "capable_programs", dict)
    monkeypatch.setattr(picker, "ways_out", lambda: "Three ways to go on:\n  inspector tap 1 2   needs no rights")


def watched() -> LiveApp:
    source = Growing()
    source.grow(30)
    for place in range(1, 30, 2):
        source.rows[place] = source.rows[place]._replace(side=1, summary="HTTP/1.1 200 OK", length=1234)
    source.rows[21] = source.rows[21]._replace(protocol="thrift", issue="cut", summary="exception: old client?")
    source.lose(312, 25 * SECOND + 1)
    return LiveApp(opener, Starting(), source)


async def wait(pilot: "Pilot[int]") -> None:
    await pilot.app.workers.wait_for_complete()
    for _ in range(200):
        screen = pilot.app.screen
        if not isinstance(screen, PickerScreen) or (screen.found and screen.refused):
            break
        await pilot.pause(0.01)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.2)


async def paused(pilot: "Pilot[int]") -> None:
    await wait(pilot)
    await pilot.press("p")


async def filtering(pilot: "Pilot[int]") -> None:
    await wait(pilot)
    await pilot.press("slash", *"htp")
    await wait(pilot)


def test_live(snap_compare: SnapCompare) -> None:
    assert snap_compare(watched(), terminal_size=(120, 40), run_before=paused)


def test_live_narrow(snap_compare: SnapCompare) -> None:
    assert snap_compare(watched(), terminal_size=(80, 24), run_before=filtering)


def test_before_the_first_packet(snap_compare: SnapCompare) -> None:
    assert snap_compare(LiveApp(opener, Starting(), Growing()), terminal_size=(80, 24), run_before=wait)


def test_where_to_capture(snap_compare: SnapCompare) -> None:
    assert snap_compare(LiveApp(opener, Starting(), PICK), terminal_size=(100, 24), run_before=wait)
