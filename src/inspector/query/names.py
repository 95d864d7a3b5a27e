"""The name somebody probably meant."""

from collections.abc import Collection
from difflib import SequenceMatcher
from typing import Final

ENOUGH: Final = 0.7
"""Likeness from which a name is worth suggesting; `http.methd` and `http.request.method` reach 0.75."""


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name most like `name`, None when none is near."""
    best, score = None, ENOUGH
    for other in sorted(known):
        likeness = _likeness(name.lower(), other)
        if likeness > score:
            best, score = other, likeness
    return best


def _likeness(name: str, other: str) -> float:
    """How alike two names are, the first part (the protocol) and the last (the field) counting by themselves."""
    matcher = SequenceMatcher(None, name, other)
    whole = matcher.ratio() if matcher.real_quick_ratio() > ENOUGH else 0.0
    if "." not in name or "." not in other:
        return whole
    head, _, tail = name.rpartition(".")
    other_head, _, other_tail = other.rpartition(".")
    ends = (
        0.5 * SequenceMatcher(None, tail, other_tail).ratio()
        + 0.3 * (head.partition(".")[0] == other_head.partition(".")[0])
        + 0.2 * SequenceMatcher(None, head, other_head).ratio()
    )
    return max(whole, ends)
