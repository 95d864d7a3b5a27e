"""Finding bytes in all messages."""

from threading import Lock

import pytest
from textual.widgets import Input

from inspector.tui.finding import Wanted, search, wanted
from inspector.tui.screens.main import MainScreen
from tui.driving import app_on, field, press, settle, until
from tui.fake import session


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("GET", Wanted(b"GET", False)),
        ("get", Wanted(b"get", True)),
        ("47 45", Wanted(b"GE", False)),
        ("47:45", Wanted(b"GE", False)),
        ("0x4745", Wanted(b"GE", False)),
        ("4745", Wanted(b"4745", True)),
        ("face", Wanted(b"face", True)),
        ("ol\u00e1", Wanted("ol\u00e1".encode(), True)),
    ],
)
def test_what_is_wanted(text: str, found: Wanted | None) -> None:
    assert wanted(text) == found


def walk(text: str, by: int, place: int, offset: int, times: int) -> list[tuple[int, int]]:
    made = session()
    want = wanted(text)
    assert want is not None
    codes = range(len(made.messages))
    found: list[tuple[int, int]] = []
    for _ in range(times):
        hit = search(made, codes, place, offset, want, by, Lock(), lambda: False)
        assert hit is not None
        found.append(hit)
        place, offset = hit
    return found


def test_it_goes_around_in_both_directions() -> None:
    places = [(0, 2), (0, 7), (0, 8), (2, 2), (2, 7), (2, 8)]
    assert walk("T", 1, 0, -1, 7) == [*places, places[0]]
    assert walk("T", -1, 0, 2, 6) == [*reversed(places[1:]), places[0]]
    assert walk("invalid", 1, 0, -1, 2) == [(1, 5), (3, 5)]


def test_what_is_nowhere_is_not_found() -> None:
    made = session()
    assert search(made, range(4), 0, -1, Wanted(b"nowhere", True), 1, Lock(), lambda: False) is None
    assert search(made, range(4), 0, -1, Wanted(b"GET", False), 1, Lock(), lambda: True) is None


async def test_finding_puts_the_cursor_on_the_field_that_holds_it() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "ctrl+f")
        main.query_one("#find Input", Input).value = "status 71"
        main = await press(pilot, "enter")
        main = await until(pilot, lambda: main.table.cursor == 1)
        assert field(main) == "thrift.sasl.payload"
        assert main.focused is main.table
        await pilot.press("n")
        main = await until(pilot, lambda: main.table.cursor == 3)
        assert field(main) == "thrift.sasl.payload"
        await pilot.press("N")
        main = await until(pilot, lambda: main.table.cursor == 1)
        assert field(main) == "thrift.sasl.payload"


async def test_what_is_not_found_is_told_and_nothing_moves() -> None:
    app = app_on()
    async with app.run_test(size=(80, 24)) as pilot:
        main = await press(pilot, "n")
        assert isinstance(main, MainScreen)
        assert main.finder.has_class("-open")
        main.query_one("#find Input", Input).value = "00 01 02 03 04"
        await press(pilot, "enter")
        await settle(pilot)
        assert [note.message for note in app._notifications] == ["Not in any of 4 messages."]
        main = await press(pilot, "ctrl+f", "escape")
        assert (main.table.cursor, main.finder.has_class("-open")) == (0, False)
