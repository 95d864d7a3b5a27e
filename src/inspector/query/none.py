"""What to say when a filter matches nothing: which of its terms do, and what there is of the fields of the others."""

from collections.abc import Iterable
from typing import Final

from inspector.query.conditions import Lookup
from inspector.query.language import Filter

MOST_VALUES: Final = 5
"""Values of a field that are named."""
LONGEST: Final = 24
"""Characters of a value that are shown."""
MOST_TERMS: Final = 6
"""Terms that are looked at one by one."""


class _Term:
    """One term of a filter: how many rows it matches alone, and what its field is where it matches none."""

    def __init__(self, alone: Filter) -> None:
        self.alone = alone
        self.matched = 0
        self.seen: dict[str, None] = {}
        self.name = next(iter(alone.names)) if len(alone.names) == 1 else ""

    def look(self, lookup: Lookup) -> None:
        if self.alone.matches(lookup):
            self.matched += 1
        elif self.name and not self.matched and len(self.seen) <= MOST_VALUES:
            for value in lookup(self.name):
                self.seen.setdefault(_words(value))

    def said(self) -> str:
        """The term, and how many rows it matches alone."""
        here = "" if self.matched else self.here()
        return f"`{self.alone.text}` alone matches {self.matched:,}" + (f" ({here})" if here else "")

    def here(self) -> str:
        """What there is of the field instead."""
        if not self.name:
            return ""
        if list(self.seen) == ["True"]:
            return f"{self.name} is in all of them"
        values = list(self.seen)[:MOST_VALUES]
        more = ", …" if len(self.seen) > MOST_VALUES else ""
        return f"{self.name} is {', '.join(values)}{more} here" if values else f"there is no {self.name} here"


def why_none(wanted: Filter, rows: Iterable[Lookup]) -> str:
    """One sentence about a filter that matches none of `rows`."""
    terms = [_Term(each) for each in wanted.terms[:MOST_TERMS] or (wanted,)]
    for lookup in rows:
        for term in terms:
            term.look(lookup)
    if not wanted.terms:
        return terms[0].here()
    said = ", ".join(each.said() for each in terms)
    return f"{'drop a term' if any(each.matched for each in terms) else 'no term does'}: {said}"


def _words(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
