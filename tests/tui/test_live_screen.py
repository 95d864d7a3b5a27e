"""The live screen, driven by keys over a capture that a test makes grow."""

from pathlib import Path

from inspector.following import Row
from inspector.session import Options, Progress, Session, bundled_captures
from inspector.tui.live import LiveApp
from inspector.tui.screens.live import LiveScreen
from inspector.tui.screens.main import MainScreen
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import VirtualTable

CAPTURE = next(path for path in bundled_captures() if path.stem == "http-keepalive" or path.stem.startswith("http-"))


class Growing:
    """A capture whose messages come when the test says so."""

    def __init__(self) -> None:
        self.name = "lo tcp port 80"
        self.path = str(CAPTURE)
        self.rows: list[Row] = []
        self.packets = 0
        self.dropped = 0
        self.ring = 0.0
        self.lag = 0.1
        self.running = True
        self.error = ""

    def stop(self) -> None:
        self.running = False

    def grow(self, count: int) -> None:
        for _ in range(count):
            number = len(self.rows) + 1
            self.rows.append(
                Row(
                    number,
                    number * 10**9,
                    4,
                    1,
                    0,
                    50000,
                    80,
                    "http",
                    10,
                    "",
                    f"GET /{number}",
                    True,
                    "client curl (pid 7)",
                )
            )
            self.packets += 3


def opener(path: str, progress: Progress) -> Session:
    return Session.open(path, Options(), progress)


def text_of(app: LiveApp) -> str:
    screen = app.screen
    head = "".join(span for _, span in screen.query_one("#head", Bar).left + screen.query_one("#head", Bar).right)
    empty = "".join(span for line in screen.query_one("#empty", TextPane).text for _, span in line)
    return f"{head}\n{empty}"


async def test_opens_before_the_first_packet_and_follows_the_newest() -> None:
    source = Growing()
    app = LiveApp(opener, source)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        assert "REC lo tcp port 80" in text_of(app)
        assert "no packets yet" in text_of(app)
        source.grow(100)
        screen = app.screen
        assert isinstance(screen, LiveScreen)
        screen.look()
        table = screen.query_one("#list", VirtualTable)
        assert (table.count(), table.cursor) == (100, 99)
        assert "300 packets" in text_of(app)
        assert "kernel drop 0" in text_of(app)
        line = "".join(span for _, span in table.line(99, 110))
        assert "GET /100" in line
        assert "curl (pid 7)" in line


async def test_up_stops_following_and_end_goes_on() -> None:
    source = Growing()
    source.grow(50)
    app = LiveApp(opener, source)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LiveScreen)
        table = screen.query_one("#list", VirtualTable)
        await pilot.press("up")
        source.grow(10)
        screen.look()
        assert (table.count(), table.cursor) == (60, 48)
        await pilot.press("F")
        source.grow(10)
        screen.look()
        assert (table.count(), table.cursor) == (70, 69)


async def test_frozen_lists_count_what_is_new() -> None:
    source = Growing()
    source.grow(5)
    app = LiveApp(opener, source)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("p")
        source.grow(12)
        screen = app.screen
        assert isinstance(screen, LiveScreen)
        screen.look()
        assert screen.query_one("#list", VirtualTable).count() == 5
        assert "frozen, +12 new" in text_of(app)
        await pilot.press("p")
        assert screen.query_one("#list", VirtualTable).count() == 17


async def test_drops_and_the_end_are_told() -> None:
    source = Growing()
    source.dropped = 3
    app = LiveApp(opener, source)
    async with app.run_test(size=(140, 30)) as pilot:
        await pilot.pause()
        assert "kernel drop 3" in text_of(app)
        await pilot.press("S")
        await app.workers.wait_for_complete()
        screen = app.screen
        assert isinstance(screen, LiveScreen)
        screen.look()
        assert "stopped" in text_of(app)


async def test_enter_looks_into_a_message_and_q_comes_back() -> None:
    source = Growing()
    source.grow(3)
    app = LiveApp(opener, source)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)
        assert Path(app.screen.session.path) == CAPTURE
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, LiveScreen)
