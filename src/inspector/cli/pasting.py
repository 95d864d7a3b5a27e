"""Reads pasted hex and prints what it decodes to."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspector.cli.colour import painter
from inspector.cli.opening import PARTLY
from inspector.cli.output import Output
from inspector.cli.showing import Look, tree_with_hex
from inspector.export.documents import BytesBody, PastedMessage, head
from inspector.export.json import Titles, TreeWriter
from inspector.export.origins import Window
from inspector.export.story import Place, story_lines
from inspector.export.words import Paint, plural, printable
from inspector.guide import Guide
from inspector.model.errors import CaptureError, UsageError
from inspector.model.field import Field
from inspector.model.message import Message
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


def show_bytes(data: bytes, protocol: str, side: str, options: "Options", look: Look, in_words: bool) -> int:
    """Print the messages in `data` and return the exit code."""
    from inspector.session import read_bytes

    found = read_bytes(data, SIDE_NAMES.index(side), protocol, options)
    issues = [message.issue for message, _ in found if message.issue is not None]
    guide = Guide()
    output = Output()
    if look.as_json:
        output.document(head("bytes", "bytes", issues), _body(found, side, look, guide))
    else:
        output.lines(_lines(found, guide, look, in_words, painter(look.color, sys.stdout)))
    output.close()
    return PARTLY if issues or any(message.protocol != protocol for message, _ in found) else 0


def _body(found: list[tuple[Message, Field]], side: str, look: Look, guide: Guide) -> BytesBody:
    messages = [PastedMessage(m.number, m.protocol, m.kind, m.summary, m.start, m.end, m.issue) for m, _ in found]
    tree = _whole([tree for _, tree in found])
    if tree is None or tree.buffer is None:
        return BytesBody(side, messages, None)
    return BytesBody(side, messages, TreeWriter(Titles(guide), look.raw).tree(tree, tree.buffer, look.depth))


def _whole(trees: list[Field]) -> Field | None:
    """One tree: that of the only message, or a node around those of several."""
    own = [tree for tree in trees if tree.buffer is trees[0].buffer]
    if len(trees) < 2:
        return trees[0] if trees else None
    whole = Field("bytes", None, own[0].start, own[-1].end, "Bytes")
    whole.buffer = own[0].buffer
    whole.children = trees
    return whole


def _lines(found: list[tuple[Message, Field]], guide: Guide, look: Look, in_words: bool, paint: Paint) -> Iterator[str]:
    for number, (message, tree) in enumerate(found):
        if number:
            yield ""
        assert tree.buffer is not None
        window = Window(tree.buffer, tree.start, tree.end)
        yield paint("title", printable(message.summary))
        yield f"{message.protocol} {message.kind}, {plural(message.length, 'byte')}"
        if message.issue is not None:
            yield paint("warning", f"? {printable(message.issue)}")
        yield ""
        if in_words:
            yield from story_lines(Place(tree, window), guide, paint)
        else:
            yield from tree_with_hex(tree, window, guide, look, paint)
