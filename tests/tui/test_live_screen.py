"""The live screen, driven by keys over a capture that a test makes grow."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from inspector.tui.keymap import KEYS, LIVE, PICKER, START
from inspector.tui.live import LiveApp
from inspector.tui.screens.help import HelpScreen
from inspector.tui.screens.live import LiveScreen
from inspector.tui.screens.main import MainScreen
from inspector.tui.screens.picker import PickerScreen
from inspector.tui.screens.start import StartScreen
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import VirtualTable
from tui.growing import CAPTURE, SECOND, Growing, Starting, opener


@asynccontextmanager
async def watching(source: Growing, size: tuple[int, int] = (120, 30)) -> AsyncIterator["Pilot[int]"]:
    app = LiveApp(opener, Starting(), source)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


def live(pilot: "Pilot[int]") -> LiveScreen:
    screen = pilot.app.screen
    assert isinstance(screen, LiveScreen)
    return screen


def table(pilot: "Pilot[int]") -> VirtualTable:
    return live(pilot).query_one("#list", VirtualTable)


def text_of(pilot: "Pilot[int]") -> str:
    screen = live(pilot)
    bars = [screen.query_one(f"#{name}", Bar) for name in ("head", "trouble")]
    head = "".join(span for bar in bars for _, span in bar.left + bar.right)
    empty = "".join(span for line in screen.query_one("#empty", TextPane).text for _, span in line)
    title = "".join(span for _, span in table(pilot).title)
    return f"{head}\n{empty}\n{title}"


def line(pilot: "Pilot[int]", row: int) -> str:
    return "".join(span for _, span in table(pilot).line(row, 118))


async def until(pilot: "Pilot[int]", happened: Callable[[], bool]) -> None:
    for _ in range(500):
        if happened():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never happened")


@pytest.mark.parametrize("screen", [(LIVE, LiveScreen), (PICKER, PickerScreen), (START, StartScreen)])
def test_every_action_exists(screen: tuple[str, type]) -> None:
    for key in KEYS[screen[0]]:
        name = key.action.partition("(")[0]
        assert name.startswith("app.") or hasattr(screen[1], f"action_{name}"), name


async def test_opens_before_the_first_packet_and_follows_the_newest() -> None:
    source = Growing()
    async with watching(source) as pilot:
        assert re.search(r"REC lo 00:\d\d ", text_of(pilot))
        assert re.search(r"Listening on lo, filter tcp port 80, 0 packets, 00:\d\d", text_of(pilot))
        source.grow(100)
        live(pilot).look()
        assert (table(pilot).count(), table(pilot).cursor) == (100, 99)
        assert "300 packets" in text_of(pilot)
        assert "kernel drop 0" in text_of(pilot)
        assert "GET /100" in line(pilot, 99)
        assert "curl 7 ► nginx 8" in line(pilot, 99)


async def test_up_stops_following_and_end_goes_on() -> None:
    source = Growing()
    source.grow(50)
    async with watching(source) as pilot:
        await pilot.press("up")
        source.grow(10)
        live(pilot).look()
        assert (table(pilot).count(), table(pilot).cursor) == (60, 48)
        assert "F follows" in text_of(pilot)
        for key in ("F", "end"):
            await pilot.press("up", key)
            source.grow(10)
            live(pilot).look()
            assert table(pilot).cursor == len(source.rows) - 1


async def test_paused_lists_count_what_is_new() -> None:
    source = Growing()
    source.grow(5)
    async with watching(source) as pilot:
        await pilot.press("p")
        source.grow(312)
        live(pilot).look()
        assert table(pilot).count() == 5
        assert "paused, +312 new" in text_of(pilot)
        await pilot.press("p")
        assert table(pilot).count() == 317


async def test_drops_are_rows_at_their_time() -> None:
    source = Growing()
    source.grow(4)
    async with watching(source) as pilot:
        source.lose(37, 2 * SECOND + 1)
        source.lose(5, 5 * SECOND)
        live(pilot).look()
        assert "kernel drop 42" in text_of(pilot)
        assert table(pilot).count() == 6, "a loss that nothing follows for a second is at the end"
        assert "! " in line(pilot, 2)
        assert "37 packets lost" in line(pilot, 2)
        assert "GET /3" in line(pilot, 3)
        assert "5 packets lost" in line(pilot, 5)
        source.grow(1)
        live(pilot).look()
        assert "GET /5" in line(pilot, 6)
        await pilot.press("g", "right_square_bracket")
        assert table(pilot).cursor == 2
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, LiveScreen), "there is nothing to look into"
        await pilot.press("left_square_bracket")
        assert table(pilot).cursor == 2


async def test_the_capture_is_stopped_and_started_again() -> None:
    source = Growing()
    source.grow(3)
    async with watching(source) as pilot:
        await pilot.press("ctrl+e")
        await until(pilot, lambda: "stopped" in text_of(pilot))
        assert table(pilot).count() == 3
        await pilot.press("ctrl+e")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen) and live(pilot).source is not source)
        await until(pilot, lambda: "REC lo" in text_of(pilot))


async def test_what_broke_off_is_told() -> None:
    source = Growing()
    async with watching(source) as pilot:
        source.running, source.error = False, "poll: the interface eth0 went down"
        live(pilot).look()
        assert "stopped" in text_of(pilot)
        assert "eth0 went down" in text_of(pilot)


async def test_enter_looks_into_that_message_and_q_comes_back() -> None:
    source = Growing()
    source.grow(3)
    session = opener(str(CAPTURE), lambda what, done: None)
    wanted = session.messages[-1]
    source.rows[1] = source.rows[1]._replace(packet=wanted.packet, side=wanted.side, summary=wanted.summary)
    async with watching(source, (120, 40)) as pilot:
        await pilot.press("up", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MainScreen) and pilot.app.screen.stop is not None)
        screen = pilot.app.screen
        assert isinstance(screen, MainScreen)
        assert Path(screen.session.path) == CAPTURE
        assert screen.stop is not None
        assert screen.stop.message == len(session.messages) - 1
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        assert not live(pilot).follows


async def test_a_display_filter_is_checked_and_applied() -> None:
    source = Growing()
    source.grow(10)
    async with watching(source) as pilot:
        await pilot.press("slash", *"htp", "enter")
        await until(pilot, lambda: "unknown field htp" in str(live(pilot).filter.query_one("#verdict", Bar).left))
        assert source.wanted == ""
        await pilot.press("backspace", "backspace", "backspace", *"http", "enter")
        await until(pilot, lambda: source.wanted == "http")
        await until(pilot, lambda: table(pilot).count() == 5)
        assert "5 of 10 messages match http" in text_of(pilot)
        await pilot.press("C")
        await until(pilot, lambda: source.wanted == "")


async def test_packets_are_saved_where_the_user_says(tmp_path: Path) -> None:
    source = Growing()
    target = tmp_path / "a.pcapng"
    async with watching(source) as pilot:
        for offered in ("lo-", str(target)):
            await pilot.press("w")
            assert live(pilot).saving.text.startswith(offered)
            live(pilot).saving.set(str(target))
            await pilot.press("enter")
            if target.exists():
                assert "replaces it" in str(live(pilot).saving.query_one("#verdict", Bar).left)
                await pilot.press("enter")
            await pilot.app.workers.wait_for_complete()
            target.touch()
        assert source.saved == [str(target)] * 2
        await pilot.press("w")
        live(pilot).saving.set("/no/folder/a.pcapng")
        await pilot.press("enter")
        await pilot.app.workers.wait_for_complete()
        await until(pilot, lambda: any("No such file" in each.message for each in pilot.app._notifications))


async def test_every_key_and_size_is_survived() -> None:
    source = Growing()
    source.grow(200)
    source.lose(3, 100 * SECOND)
    async with watching(source) as pilot:
        for size in ((80, 24), (60, 15), (40, 10), (200, 60)):
            await pilot.resize_terminal(*size)
            for key in KEYS[LIVE]:
                if key.id not in {"live.quit", "live.back", "live.suspend", "live.open", "live.palette", "live.stop"}:
                    await pilot.press(*key.keys.split(","))
                    await pilot.press("escape") if not isinstance(pilot.app.screen, LiveScreen) else None
                    if isinstance(pilot.app.screen, LiveScreen) and not live(pilot).list.has_focus:
                        await pilot.press("escape")
            source.grow(10)
            await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, LiveScreen)
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
