"""What the guide holds about a field, and what it says of one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of the guide.

    `text` is a template (see template.py). `values` names enumerated values: "short name" or
    "short name: a sentence about it".
    """

    name: str
    title: str
    text: str
    spec: str
    values: dict[int | str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the guide says of one field of one message.

    `meaning` is the value in words ("call", "71 = 'G'"), "" when there is nothing to add.
    """

    title: str
    meaning: str
    text: str
    spec: str
