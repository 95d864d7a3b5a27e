"""Where to capture: interfaces, filters checked in place, and what to do without the right."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from inspector.capture.live.errors import NoRightError
from inspector.capture.live.interfaces import NetworkInterface
from inspector.model.errors import UsageError
from inspector.tui import remembered
from inspector.tui.interfaces import InterfaceRows, Traffic
from inspector.tui.live import PICK, START, LiveApp
from inspector.tui.screens import picker
from inspector.tui.screens.live import LiveScreen
from inspector.tui.screens.picker import PickerScreen
from inspector.tui.screens.start import StartScreen
from inspector.tui.widgets.filter_bar import FilterBar
from inspector.tui.widgets.text_pane import Bar, TextPane
from tui.growing import Starting, opener

LO = NetworkInterface("lo", "up", loopback=True, addresses=["127.0.0.1", "::1"], packets=10)
ETH0 = NetworkInterface("eth0", "up", addresses=["192.0.2.2"], packets=1000)
DOWN = NetworkInterface("ifb0", "down")


@pytest.fixture(autouse=True)
def _interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picker, "network_interfaces", lambda: [LO, ETH0, DOWN])
    monkeypatch.setattr(picker, "ALL_AT_ONCE", True)
    monkeypatch.setattr(picker, "refusal", lambda: "")
    monkeypatch.setattr(picker, "compile_filter", _compile)


def _compile(text: str, link_type: int, length: int) -> None:
    if text and not text.startswith("tcp port"):
        raise UsageError(f"-f {text}: syntax error")


@asynccontextmanager
async def picking(starting: Starting, first: str = PICK) -> AsyncIterator["Pilot[int]"]:
    async with LiveApp(opener, starting, first).run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, StartScreen) or bool(screen(pilot).found))
        yield pilot


def screen(pilot: "Pilot[int]") -> PickerScreen:
    found = pilot.app.screen
    assert isinstance(found, PickerScreen)
    return found


async def until(pilot: "Pilot[int]", happened: Callable[[], bool]) -> None:
    for _ in range(500):
        if happened():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never happened")


def verdict(pilot: "Pilot[int]") -> str:
    return "".join(text for _, text in screen(pilot).query_one("#verdict", Bar).left)


def about(pilot: "Pilot[int]") -> str:
    return "\n".join("".join(text for _, text in line) for line in screen(pilot).query_one("#about", TextPane).text)


def test_traffic_is_drawn() -> None:
    traffic = Traffic()
    for packets in (0, 10, 40, 40, 120):
        traffic.add([NetworkInterface("lo", "up", packets=packets)], 0.5)
    assert traffic.picture("lo") == "▂▄▁█"
    assert traffic.rate("lo") == 160
    assert traffic.picture("eth0") == ""


def test_rows_say_who_may_listen() -> None:
    for refused, words in ((None, "…"), ("", "✓"), ("socket: EPERM", "✗ right")):
        rows = InterfaceRows([LO, DOWN], Traffic(), {"lo": "tcp port 1"}, refused)
        assert rows.cells(0)[2][1] == words
        assert rows.cells(0)[5][1] == "tcp port 1"
        assert rows.cells(1)[2][1] == "✗ down"
        assert rows.cells(2)[2][1] == "✓", "a relay needs no rights"


async def test_the_loopback_is_the_default_and_filters_are_remembered() -> None:
    starting = Starting()
    async with picking(starting) as pilot:
        assert screen(pilot).at == "lo"
        await pilot.press("slash", *"tcp prt")
        await until(pilot, lambda: "syntax error" in verdict(pilot))
        await pilot.press("backspace", "backspace", "backspace", *"port 9083")
        await until(pilot, lambda: verdict(pilot) == "ok")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        assert [(each.name, each.bpf) for each in starting.begun] == [("lo", "tcp port 9083")]
        assert remembered.filters() == {"lo": "tcp port 9083"}
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
        await until(pilot, lambda: not starting.begun[0].running)
    async with picking(starting) as pilot:
        assert screen(pilot).query_one(FilterBar).text == "tcp port 9083"
        await pilot.press("j")
        assert screen(pilot).at == "eth0"
        assert screen(pilot).query_one(FilterBar).text == ""


async def test_a_relay_needs_two_ends() -> None:
    starting = Starting()
    async with picking(starting) as pilot:
        await pilot.press("G", "enter")
        assert "two ends" in verdict(pilot)
        await pilot.press(*"9083 localhost:9084", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        assert starting.begun[0].name == "9083 to localhost:9084"


async def test_without_rights_the_call_and_the_ways_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picker, "refusal", lambda: "socket(AF_PACKET, SOCK_RAW): Operation not permitted (EPERM)")
    monkeypatch.setattr(picker, "capable_programs", lambda: {"dumpcap": False})
    starting = Starting()
    async with picking(starting) as pilot:
        await until(pilot, lambda: "EPERM" in about(pilot))
        assert "inspector tap" in about(pilot)
        assert "sudo inspector capture" in about(pilot)
        starting.refused = NoRightError("bind: no\nThree ways to go on:\n  inspector tap 1 2   a relay")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen) and "bind: no" in about(pilot))
        await pilot.press("y")
        assert pilot.app.clipboard.startswith("bind: no")


async def test_from_the_start_screen_and_back() -> None:
    async with picking(Starting(), START) as pilot:
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickerScreen))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, StartScreen))


async def test_interfaces_come_and_go_under_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    async with picking(Starting()) as pilot:
        await pilot.press("j")
        assert screen(pilot).at == "eth0"
        monkeypatch.setattr(picker, "network_interfaces", lambda: [LO, DOWN, ETH0])
        screen(pilot).look()
        await until(pilot, lambda: screen(pilot).list.cursor == 2)
        assert screen(pilot).at == "eth0"
        monkeypatch.setattr(picker, "network_interfaces", lambda: [LO, DOWN])
        screen(pilot).look()
        await until(pilot, lambda: screen(pilot).at == "lo")
        assert screen(pilot).list.cursor == 0
