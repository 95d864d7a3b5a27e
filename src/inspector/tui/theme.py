"""Colours: two themes of our own; with NO_COLOR the terminal's own foreground, background, bold and reverse.

The direction pair, severities and cursor keep their contrast for colour-blind eyes (Okabe and Ito's palette),
and nothing is told by colour alone.
"""

from typing import Final

from textual.theme import Theme

DARK: Final = "inspector-dark"
LIGHT: Final = "inspector-light"
NO_COLOUR: Final = "ansi-dark"

_DARK: Final = {
    "client": "#56B4E9",
    "server": "#E69F00",
    "failure": "#FF7A45",
    "caution": "#F0E442",
    "remark": "#7FC8B0",
    "quiet": "#8A8F98",
    "faint": "#5C626C",
    "around": "#26384A",
    "mark": "#3A3F47",
    "rule": "#3A4250",
    "reading": "#9FD8C0",
}
_LIGHT: Final = {
    "client": "#00588F",
    "server": "#8A5A00",
    "failure": "#B23A00",
    "caution": "#7A6A00",
    "remark": "#00664B",
    "quiet": "#5A5F66",
    "faint": "#80858C",
    "around": "#CFE4F5",
    "mark": "#D8DBE0",
    "rule": "#B8BEC8",
    "reading": "#00563F",
}
PLAIN: Final = dict.fromkeys(_DARK, "ansi_default")
"""The palette of every theme that does not have its own."""

THEMES: Final = (
    Theme(
        name=DARK,
        primary="#56B4E9",
        secondary="#E69F00",
        accent="#56B4E9",
        warning="#F0E442",
        error="#FF7A45",
        success="#7FC8B0",
        foreground="#DCE0E6",
        background="#121212",
        surface="#181A1D",
        panel="#22262C",
        dark=True,
        variables=_DARK,
    ),
    Theme(
        name=LIGHT,
        primary="#00588F",
        secondary="#8A5A00",
        accent="#00588F",
        warning="#7A6A00",
        error="#B23A00",
        success="#00664B",
        foreground="#1B1E23",
        background="#FBFBF9",
        surface="#F2F3F1",
        panel="#E4E6E8",
        dark=False,
        variables=_LIGHT,
    ),
)
