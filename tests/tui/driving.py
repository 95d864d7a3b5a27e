"""Driving the application in tests: start it, wait until it has settled, read what is on the screen."""

from collections.abc import Callable

from textual.pilot import Pilot
from textual.widget import Widget

from inspector.session import Session
from inspector.tui.app import InspectorApp
from inspector.tui.screens.main import MainScreen
from inspector.tui.widgets.lines import Lines
from tui.fake import session

ROUNDS = 3
"""Times in a row that nothing is left to do: an answer may lead to the next question."""


def app_on(made: Session | None = None, display_filter: str = "") -> InspectorApp:
    """The application with a session already at hand."""
    opened = made if made is not None else session()
    return InspectorApp(lambda path, progress: opened, "made/by/hand.pcap", display_filter)


async def settle(pilot: Pilot[int]) -> MainScreen:
    """Wait until the workers have answered and the main screen shows it."""
    calm = 0
    for _ in range(400):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause(0.01)
        found = [screen for screen in pilot.app.screen_stack if isinstance(screen, MainScreen)]
        main = found[-1] if found else None
        quiet = main is not None and main.is_mounted and main.digest.complete and not main.desk.busy
        calm = calm + 1 if quiet else 0
        if main is not None and calm == ROUNDS:
            return main
    raise AssertionError(f"not settled: {pilot.app.screen_stack}")


async def until(pilot: Pilot[int], happened: Callable[[], bool]) -> MainScreen:
    """Wait until something has happened, and the screen shows it."""
    for _ in range(1000):
        if happened():
            return await settle(pilot)
        await pilot.pause(0.01)
    raise AssertionError("it never happened")


async def press(pilot: Pilot[int], *keys: str) -> MainScreen:
    """Press keys one by one, each after the answer to the one before."""
    main = await settle(pilot)
    for key in keys:
        await pilot.press(key)
        main = await settle(pilot)
    return main


def text_of(pane: Widget) -> str:
    """What a pane draws, line by line."""
    assert isinstance(pane, Lines)
    return "\n".join(pane.render_line(y).text.rstrip() for y in range(pane.size.height))


def field(main: MainScreen) -> str:
    """The name of the field under the cursor."""
    assert main.study is not None
    return main.study.outline.nodes[main.index].name
