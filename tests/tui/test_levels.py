"""Columns of the lists."""

from inspector.capture.processes import Process
from inspector.tui.digest import quick
from inspector.tui.filtering import everything
from inspector.tui.levels import FLOWS, owners, rows_of
from inspector.tui.widgets.virtual_table import VirtualTable, arrange
from tui.driving import app_on, press, text_of
from tui.fake import session


def titles(named: bool, width: int) -> list[str]:
    made = session()
    made.capture.comments = {1: ["client curl (pid 12)"]} if named else {}
    digest = quick(made)
    columns = rows_of(FLOWS, made, digest, everything(made, digest)).columns
    return [columns[i].title for i, _ in arrange(columns, width)]


def test_processes_are_shown_where_the_capture_names_them() -> None:
    assert "processes" in titles(True, 118)
    assert "processes" not in titles(True, 78)
    assert "processes" not in titles(False, 118)
    assert "finding" in titles(True, 78)


def test_processes_are_said_in_short() -> None:
    assert owners((Process("curl", 12), Process("nginx", 3))) == "curl 12 ► nginx 3"
    assert owners((None, Process("nginx", 3))) == "► nginx 3"
    assert owners((None, None)) == ""


async def test_columns_fit_when_the_terminal_changes() -> None:
    app = app_on()
    async with app.run_test(size=(150, 30)) as pilot:
        main = await press(pilot, "1")
        assert "packets" in text_of(main.query_one("#list", VirtualTable)).split("\n")[1]
        await pilot.resize_terminal(80, 30)
        await press(pilot)
        head = text_of(main.query_one("#list", VirtualTable)).split("\n")[1]
        assert "packets" not in head
        assert "finding" in head
