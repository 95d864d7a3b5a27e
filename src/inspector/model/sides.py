"""The two sides of a flow, as small integers because hot loops index lists by them."""

from typing import Final

Side = int

CLIENT: Final = 0
SERVER: Final = 1
SIDE_NAMES: Final = ("client", "server")


def other(side: Side) -> Side:
    """The opposite side."""
    return 1 - side
