"""What a filter compiles to: conditions that ask for field values by name."""

import re
from collections.abc import Callable

from inspector.query.literal import Literal

Lookup = Callable[[str], list[object]]
"""All values of a field by name, none when it does not occur; a protocol's name has one value when it is there."""

Test = Callable[[object], bool]


class Condition:
    """Holds or does not hold for what `lookup` knows about."""

    def matches(self, lookup: Lookup) -> bool:
        raise NotImplementedError


class Exists(Condition):
    """The field or protocol occurs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def matches(self, lookup: Lookup) -> bool:
        return bool(lookup(self.name))


class Some(Condition):
    """At least one value of the field passes the test."""

    def __init__(self, name: str, test: Test) -> None:
        self.name = name
        self.test = test

    def matches(self, lookup: Lookup) -> bool:
        for value in lookup(self.name):  # noqa: SIM110 (called for every message; a generator costs twice as much)
            if self.test(value):
                return True
        return False


class NoneEqual(Condition):
    """The field occurs and all its values differ, as Wireshark 4 reads `!=`."""

    def __init__(self, name: str, test: Test) -> None:
        self.name = name
        self.test = test

    def matches(self, lookup: Lookup) -> bool:
        values = lookup(self.name)
        for value in values:
            if self.test(value):
                return False
        return bool(values)


class Not(Condition):
    """The condition does not hold."""

    def __init__(self, inner: Condition) -> None:
        self.inner = inner

    def matches(self, lookup: Lookup) -> bool:
        return not self.inner.matches(lookup)


class Every(Condition):
    """All conditions hold."""

    def __init__(self, parts: list[Condition]) -> None:
        self.parts = parts

    def matches(self, lookup: Lookup) -> bool:
        return all(part.matches(lookup) for part in self.parts)


class Either(Condition):
    """At least one condition holds."""

    def __init__(self, parts: list[Condition]) -> None:
        self.parts = parts

    def matches(self, lookup: Lookup) -> bool:
        return any(part.matches(lookup) for part in self.parts)


def comparison(name: str, operator: str, literal: Literal) -> Condition:
    """The condition for `name operator literal`. Raises re.error for a broken pattern after `matches`."""
    if operator in {"!=", "ne"}:
        return NoneEqual(name, literal.equals)
    if operator in {"matches", "~"}:
        return Some(name, _pattern(literal.text))
    return Some(name, _TESTS[operator](literal))


def span(name: str, low: Literal, high: Literal) -> Condition:
    """The condition that a value lies from `low` to `high`, both included."""
    return Some(name, lambda value: _at_least(low)(value) and _at_most(high)(value))


def _at_least(literal: Literal) -> Test:
    return lambda value: literal.above(value) or literal.equals(value)


def _at_most(literal: Literal) -> Test:
    return lambda value: literal.below(value) or literal.equals(value)


_TESTS: dict[str, Callable[[Literal], Test]] = {
    "==": lambda literal: literal.equals,
    "eq": lambda literal: literal.equals,
    ">": lambda literal: literal.above,
    "gt": lambda literal: literal.above,
    "<": lambda literal: literal.below,
    "lt": lambda literal: literal.below,
    ">=": _at_least,
    "ge": _at_least,
    "<=": _at_most,
    "le": _at_most,
    "contains": lambda literal: literal.within,
}


def _pattern(text: str) -> Test:
    """Wireshark's `matches` takes no notice of case."""
    in_text = re.compile(text, re.IGNORECASE)
    in_bytes = re.compile(text.encode(), re.IGNORECASE)
    return lambda value: (
        (in_bytes.search(value) if isinstance(value, bytes) else in_text.search(str(value))) is not None
    )
