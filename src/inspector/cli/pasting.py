"""Reads pasted hex and prints what it decodes to."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspector.cli.colour import painter
from inspector.cli.opening import PARTLY
from inspector.cli.output import Output
from inspector.cli.showing import Look
from inspector.cli.trying import (
    attempt_record,
    attempt_row,
    attempts_lines,
    message_lines,
    misread_lines,
    pasted,
    summary_lines,
    whole_tree,
)
from inspector.diagnosis.first_bytes import number_bytes
from inspector.export.documents import AttemptsBody, BytesBody, head
from inspector.export.words import printable
from inspector.guide import Guide
from inspector.model.errors import CaptureError, UsageError
from inspector.model.sides import SIDE_NAMES

if TYPE_CHECKING:
    from inspector.session import Options

MAX_PASTED: Final = 64 << 20
"""Bytes read from a file or stdin; more than that is no paste but a capture."""
_PREFIX: Final = re.compile(r"0[xX]|\\x")
_SEPARATORS: Final = frozenset(" \t\r\n:,-_;|'\"{}[]()\0")


def read_words(words: tuple[str, ...]) -> bytes:
    """The bytes that the words of a command line give. Raises UsageError (bad hex) and CaptureError (missing file)."""
    if len(words) == 1 and (words[0] == "-" or words[0].startswith("@")):
        content = _content(words[0])
        try:
            return parse_hex(content.decode("ascii"))
        except (UsageError, UnicodeDecodeError):
            return content
    return parse_hex(" ".join(words))


def _content(word: str) -> bytes:
    if word == "-":
        content = sys.stdin.buffer.read(MAX_PASTED + 1)
    else:
        try:
            with Path(word[1:]).open("rb") as file:
                content = file.read(MAX_PASTED + 1)
        except OSError as error:
            raise CaptureError(f"{word[1:]}: {error.strerror}") from None
    if len(content) > MAX_PASTED:
        raise UsageError(f"more than {MAX_PASTED >> 20} MiB: put it in a capture")
    return content


def parse_hex(text: str) -> bytes:
    """Pairs of hex digits, separated or not, 0x and \\x before them allowed. Raises UsageError that shows the place."""
    bare = _PREFIX.sub(lambda found: "\0" * len(found[0]), text)
    digits: list[str] = []
    for at, letter in enumerate(bare):
        if letter in "0123456789abcdefABCDEF":
            digits.append(letter)
        elif letter not in _SEPARATORS:
            raise _error(text, at, f'"{printable(letter)}" is no hex digit')
    if not digits:
        raise UsageError("no hex digits were given")
    if len(digits) % 2:
        last = max(at for at, letter in enumerate(bare) if letter in "0123456789abcdefABCDEF")
        raise _error(text, last, f"{len(digits)} hex digits make no whole bytes: this one has no partner")
    return bytes.fromhex("".join(digits))


def _error(text: str, at: int, reason: str) -> UsageError:
    start = max(0, at - 60)
    shown = "".join(letter if letter.isprintable() else " " for letter in text[start : at + 20])
    return UsageError(f"{reason}\n  {shown}\n  {' ' * (at - start)}^")


def parse_number(text: str) -> list[bytes]:
    """The bytes that a number from a log may be made of, the likeliest first. Raises UsageError."""
    try:
        value = int(text.replace(",", "").replace("_", ""), 0)
    except ValueError:
        raise UsageError(f"--int {text}: write a number as the log has it, such as 1195725856 or 0x47455420") from None
    found = number_bytes(value)
    if not found:
        raise UsageError(f"--int {text}: four bytes hold -2147483648 to 4294967295")
    return found


def show_bytes(
    data: bytes, protocols: tuple[str, ...], side: str, options: "Options", look: Look, in_words: bool
) -> int:
    """Print the messages in `data` for each protocol and return the exit code."""
    from inspector.session import read_bytes

    attempts = [read_bytes(data, SIDE_NAMES.index(side), protocol, options) for protocol in protocols]
    guide = Guide()
    output = Output()
    paint = painter(look.color, sys.stdout)
    only = attempts[0]
    issues = [message.issue for done in attempts for message, _ in done.found if message.issue is not None]
    if look.as_json:
        if len(attempts) == 1:
            body: object = BytesBody(side, pasted(only.found), whole_tree(only.found, guide, look))
        else:
            body = AttemptsBody(None, side, [attempt_record(done, data, guide, look) for done in attempts])
        output.document(head("bytes" if len(attempts) == 1 else "attempts", "bytes", issues), body)
    elif len(attempts) == 1:
        output.lines(message_lines(only.found, guide, look, in_words, paint))
        if not only.explained:
            output.lines(["", *misread_lines(only, data, paint)][:-1])
    else:
        output.lines(summary_lines([attempt_row(done) for done in attempts], paint))
        output.lines(attempts_lines(attempts, data, guide, look, in_words, paint))
    output.close()
    whole = all(not done.stop and all(m.protocol == done.protocol for m, _ in done.found) for done in attempts)
    return 0 if whole else PARTLY
