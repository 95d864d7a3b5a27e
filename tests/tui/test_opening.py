"""Opening captures: progress, errors, the start screen, the bundled captures."""

from pathlib import Path

import pytest

from inspector.model.errors import CaptureError
from inspector.session import Options, Progress, Session, bundled_captures
from inspector.tui.app import InspectorApp
from inspector.tui.captures import lessons, told_lessons
from inspector.tui.screens.opening import FailedScreen, meter
from inspector.tui.screens.start import StartScreen
from inspector.tui.terminal import keys_from_terminal
from inspector.tui.widgets.text_pane import TextPane
from inspector.tui.widgets.virtual_table import VirtualTable
from tui.driving import settle, text_of
from tui.fake import session


async def test_what_cannot_be_opened_is_told_and_ends_with_its_exit_code() -> None:
    def refuse(path: str, progress: Progress) -> Session:
        raise CaptureError(f"{path}: first 4 bytes are no capture")

    app = InspectorApp(refuse, "notes.txt")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(app.screen, FailedScreen)
        assert "notes.txt: first 4 bytes are no capture" in text_of(app.screen.query_one("#text", TextPane))
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 3


async def test_a_bug_while_opening_is_told_and_ends_with_its_exit_code() -> None:
    def broken(path: str, progress: Progress) -> Session:
        raise ZeroDivisionError("no such luck")

    app = InspectorApp(broken, "x.pcap")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        assert isinstance(app.screen, FailedScreen)
        assert "bug: ZeroDivisionError: no such luck" in text_of(app.screen.query_one("#text", TextPane))
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 70


async def test_the_start_screen_lists_the_bundled_captures_and_opens_one() -> None:
    asked: list[str] = []

    def open_it(path: str, progress: Progress) -> Session:
        asked.append(path)
        progress("cutting messages", 0.5)
        return session()

    app = InspectorApp(open_it)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(app.screen, StartScreen)
        table = app.screen.query_one(VirtualTable)
        assert table.count() == 1 + len(bundled_captures()) > 1
        await pilot.press("down", "enter")
        await settle(pilot)
        assert asked == [str(lessons(bundled_captures())[1].path)]
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, StartScreen)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value in {None, 0}


WALKS = (
    ("j", "j", "j", "greater_than_sign"),
    ("full_stop", "full_stop", "comma", "l", "h", "right_parenthesis", "left_parenthesis"),
    ("r", "full_stop", "r", "right_square_bracket"),
    ("3", "j", "full_stop", "1", "j", "2", "G"),
)


WALKED = (
    "hms-curl-plain hms-curl-kerberos hms-only-client-side hms-python-client thrift-over-http http-missing-segment "
    "http-cut-file http-any-interface grpc-sensor http2-push"
).split()


@pytest.mark.parametrize(
    "path", [path for path in bundled_captures() if path.stem in WALKED], ids=lambda path: path.stem
)
async def test_captures_of_every_kind_can_be_stepped_through(path: Path) -> None:
    app = InspectorApp(lambda name, progress: Session.open(name, Options(), progress), str(path))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        for keys in WALKS:
            await pilot.press(*keys)
            main = await settle(pilot)
        assert main.study is not None


def test_lessons_come_in_their_order_and_files_without_one_last() -> None:
    found = lessons([Path("a-new-one.pcap"), Path("http-get.pcap"), Path("hms-curl-plain.pcapng")])
    assert [lesson.path.stem for lesson in found] == ["hms-curl-plain", "http-get", "a-new-one"]
    assert (found[2].title, found[2].text) == ("a new one", "")
    assert "(52)" in found[0].text
    assert lessons([]) == []


def test_every_lesson_is_about_a_bundled_capture() -> None:
    assert set(told_lessons()) <= {path.stem for path in bundled_captures()}


def test_progress_keeps_within_its_meter() -> None:
    for done in (-1.0, 0.0, 0.5, 1.0, 7.0):
        full, rest = meter("reading", done)[:2]
        assert len(full[1].strip()) + len(rest[1]) == 40


def test_keys_need_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from inspector.model.errors import UsageError

    monkeypatch.setattr("os.isatty", lambda descriptor: True)
    with pytest.raises(UsageError, match="standard input is the terminal"):
        keys_from_terminal()
