"""One table of keys makes bindings, footer and help."""

from pathlib import Path

import pytest

from inspector.model.errors import UsageError
from inspector.tui.keymap import KEYS, MAIN, bindings, footer, user_keymap, user_keys
from inspector.tui.screens.help import help_lines
from inspector.tui.screens.main import MainScreen

BANNED = {"ctrl+s", "ctrl+j", "ctrl+h", "ctrl+enter", "f10", "f11"}


@pytest.mark.parametrize("screen", KEYS)
def test_no_key_does_two_things(screen: str) -> None:
    keys = [each for key in KEYS[screen] for each in key.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert not BANNED & set(keys)
    assert len(bindings(screen)) == len(KEYS[screen])


def test_names_are_unique() -> None:
    names = [key.id for keys in KEYS.values() for key in keys]
    assert len(names) == len(set(names))


def test_every_action_of_the_main_screen_exists() -> None:
    for key in KEYS[MAIN]:
        name = key.action.partition("(")[0]
        assert name.startswith("app.") or hasattr(MainScreen, f"action_{name}"), name


@pytest.mark.parametrize("width", [20, 40, 80, 120, 300])
def test_the_footer_fits_and_keeps_the_important_keys(width: int) -> None:
    kept = footer(MAIN, width)
    assert sum(len(key.show) + len(key.label) + 3 for key in kept) <= width
    assert kept[0].id == "step.next"


def test_help_names_every_key() -> None:
    text = "\n".join("".join(span for _, span in line) for line in help_lines(MAIN))
    assert all(key.help in text for key in KEYS[MAIN])


def test_keys_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user_keymap() == {}
    user_keys().parent.mkdir(parents=True, exist_ok=True)
    user_keys().write_text('"step.next" = "n"\n', encoding="utf-8")
    assert user_keymap() == {"step.next": "n"}
    for wrong in ('"no.such" = "n"', '"step.next" = 3', "= x"):
        user_keys().write_text(wrong, encoding="utf-8")
        with pytest.raises(UsageError, match=r"keys\.toml"):
            user_keymap()
