"""Terminals of all sizes, and lists of a million rows."""

import pytest
from textual.app import App, ComposeResult

from inspector.tui.screens.base import too_small
from inspector.tui.text import Line
from inspector.tui.widgets.text_pane import Bar
from inspector.tui.widgets.virtual_table import Column, VirtualTable, arrange
from tui.driving import app_on, field, press, text_of
from tui.fake import session


class Million:
    """A million rows, and how many of them were ever made."""

    columns = (Column("#", 8), Column("text", 10, grow=True))

    def __init__(self) -> None:
        self.made: set[int] = set()

    def __len__(self) -> int:
        return 1_000_000

    def cells(self, row: int) -> Line:
        self.made.add(row)
        return [("", str(row)), ("", f"row {row}")]


class TableApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.rows = Million()

    def compose(self) -> ComposeResult:
        yield VirtualTable(id="list")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        from inspector.tui.theme import PLAIN

        return PLAIN

    def on_mount(self) -> None:
        self.query_one(VirtualTable).show(self.rows, 0)


async def test_a_million_rows_are_made_only_where_they_are_seen() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.query_one(VirtualTable)
        for by, expected in ((1, 999_999), (-1, 0), (1, 999_999)):
            table.edge(by)
            await pilot.pause()
            assert f"row {expected}" in text_of(table)
        table.move_page(-1)
        await pilot.pause()
        assert len(app.rows.made) < 150


async def test_a_message_far_down_opens_at_once() -> None:
    app = app_on(session(20_000))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "end")
        assert main.table.cursor == 39_999
        assert field(main) == "thrift"
        main = await press(pilot, "home", "3", "end", "1", "end")
        assert main.table.cursor == 19_999


@pytest.mark.parametrize("size", [(20, 5), (59, 20), (80, 14)])
async def test_a_tiny_terminal_says_what_it_needs(size: tuple[int, int]) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        main = await press(pilot, "full_stop", "j", "W", "q", "6", "z")
        assert text_of(main.query_one("#small", Bar)).startswith("The terminal is")
        assert too_small(*size)


async def test_resizing_never_loses_the_place() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "full_stop", "full_stop")
        for size in ((80, 24), (40, 10), (1, 1), (250, 70), (60, 15), (109, 29), (120, 40)):
            await pilot.resize_terminal(*size)
            main = await press(pilot, "6", "5")
            assert field(main) == "http.space"
        assert "step 5/10" in text_of(main.fields)


async def test_a_narrow_terminal_shows_one_lower_pane_and_a_strip() -> None:
    app = app_on()
    async with app.run_test(size=(80, 24)) as pilot:
        main = await press(pilot, "full_stop")
        assert main.fields.region.height > 5
        assert main.hex.region.height == 0
        assert "What http.request.method is" in text_of(main.strip)
        main = await press(pilot, "6")
        assert main.fields.region.height == 0
        assert main.hex.region.height > 5
        assert "6 BYTES" in text_of(main.hex)
        main = await press(pilot, "7")
        assert "What http.request.method is" in text_of(main.explain)


def test_columns_are_dropped_before_any_is_cut() -> None:
    columns = (Column("a", 4), Column("b", 6, drop=1), Column("c", 8, drop=2), Column("d", 10, grow=True))
    assert arrange(columns, 40) == [(0, 4), (1, 6), (2, 8), (3, 19)]
    assert arrange(columns, 30) == [(0, 4), (1, 6), (3, 18)]
    assert arrange(columns, 16) == [(0, 4), (3, 11)]
    assert arrange(columns, 5) == [(0, 4), (3, 10)]
