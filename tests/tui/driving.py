"""Driving the application in tests: start it, wait until it has settled, read what is on the screen."""

from textual.pilot import Pilot
from textual.widget import Widget

from inspector.session import Session
from inspector.tui.app import InspectorApp
from inspector.tui.screens.main import MainScreen
from inspector.tui.widgets.lines import Lines
from tui.fake import session


def app_on(made: Session | None = None, display_filter: str = "") -> InspectorApp:
    """The application with a session already at hand."""
    opened = made if made is not None else session()
    return InspectorApp(lambda path, progress: opened, "made/by/hand.pcap", display_filter)


async def settle(pilot: Pilot[int]) -> MainScreen:
    """Wait until the workers have answered and the main screen shows it."""
    main: MainScreen | None = None
    for _ in range(400):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        found = [screen for screen in pilot.app.screen_stack if isinstance(screen, MainScreen)]
        main = found[-1] if found else None
        if main is not None and main.is_mounted and main.digest.complete and not main.desk.busy:
            await pilot.pause()
            return main
    raise AssertionError(f"not settled: {pilot.app.screen_stack}, {main}")


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
