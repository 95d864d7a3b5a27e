"""Whether to use colour, and which: the terminal's own sixteen, so that its theme is respected."""

import os
from typing import IO, Final

from inspector.export.words import Paint, plain_paint

CHOICES: Final = ("auto", "always", "never")

STYLES: Final = {
    "client": "36",
    "server": "33",
    "error": "1;31",
    "warning": "33",
    "note": "34",
    "title": "1",
    "value": "32",
    "bytes": "35",
    "dim": "2",
}


def wants_colour(choice: str, stream: IO[str]) -> bool:
    """--color decides, then NO_COLOR, then FORCE_COLOR, then whether `stream` is a terminal that knows colours.

    See https://no-color.org and https://force-color.org.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def painter(choice: str, stream: IO[str]) -> Paint:
    """What draws styled text on `stream`."""
    return _paint if wants_colour(choice, stream) else plain_paint


def _paint(style: str, text: str) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"
