"""Which message of which capture a command is about, as `[FILE] NUMBER[:FIELD|@OFFSET]`."""

import re
from dataclasses import dataclass
from typing import Final

from inspector.cli.options import Reading
from inspector.model.errors import UsageError

_PLACE: Final = re.compile(r"(\d+)(?:(?::|(?=@))(?:@(0[xX][0-9a-fA-F]+|\d+)|([^@].*)))?", re.DOTALL)


@dataclass(slots=True)
class Target:
    """`number` counts from 1; `offset` is a byte of the message, from 0; `field` a name or path."""

    path: str
    how: Reading
    number: int
    field: str | None = None
    offset: int | None = None


def parse_target(words: tuple[str, ...], how: Reading, with_place: bool = False) -> Target:
    """The words of a command line as a target. Raises UsageError."""
    if len(words) > 2 or (len(words) == 2 and how.file is not None):
        raise UsageError(f"one FILE and one NUMBER are expected, not {' '.join(words)}")
    if len(words) == 1 and how.file is None:
        how.path(words[0])
        raise UsageError(
            f"which capture? Write FILE {words[0]}" if words[0].isdigit() else f"which number in {words[0]}?"
        )
    path = how.path(words[0] if len(words) == 2 else None)
    number, field, offset = parse_place(words[-1])
    if not with_place and (field is not None or offset is not None):
        raise UsageError(f"{words[-1]}: a number alone is expected (explain takes NUMBER:FIELD)")
    return Target(path, how, number, field, offset)


def parse_place(text: str) -> tuple[int, str | None, int | None]:
    """Number, field and offset in `7`, `7:http.host`, `7@0x10` or `7:@16`. Raises UsageError."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise UsageError(f"{text}: write a number from 1, NUMBER:FIELD or NUMBER@OFFSET")
    return int(found[1]), found[3], int(found[2], 0) if found[2] is not None else None
