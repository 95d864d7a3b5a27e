"""Pictures of a few screens; a change of one is to be looked at before it is accepted."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from tui.driving import app_on, press, settle

SnapCompare = Callable[..., bool]


def after(*keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys once the screen has settled."""

    async def run(pilot: Pilot[int]) -> None:
        await press(pilot, *keys)
        await settle(pilot)

    return run


def test_main_screen(snap_compare: SnapCompare) -> None:
    assert snap_compare(app_on(), terminal_size=(120, 40), run_before=after("full_stop", "full_stop", "full_stop"))


def test_main_screen_narrow(snap_compare: SnapCompare) -> None:
    assert snap_compare(app_on(), terminal_size=(80, 24), run_before=after("j", "6", "full_stop"))


def test_why(snap_compare: SnapCompare) -> None:
    assert snap_compare(app_on(), terminal_size=(120, 40), run_before=after("W"))


def test_why_narrow(snap_compare: SnapCompare) -> None:
    assert snap_compare(app_on(), terminal_size=(80, 24), run_before=after("W"))


def test_without_colour(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app_on(), terminal_size=(120, 40), run_before=after("j", "full_stop"))
