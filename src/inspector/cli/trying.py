"""Prints bytes read as protocols that may not be theirs, and what first bytes are to every kind of reader."""

import sys
from collections.abc import Iterator
from typing import Final

from msgspec import Raw

from inspector.cli.colour import painter
from inspector.cli.opening import exit_code
from inspector.cli.output import Output
from inspector.cli.showing import Look, heading, tree_with_hex
from inspector.diagnosis.first_bytes import LOOKED_AT, ROW, Taken, begun_by, magic_of, taken
from inspector.diagnosis.readings import number
from inspector.engine.attempt import Attempt, explained
from inspector.engine.detect import verdicts
from inspector.export.documents import AttemptRecord, AttemptsBody, FirstBytesBody, PastedMessage, ReaderRecord, head
from inspector.export.json import Titles, TreeWriter
from inspector.export.origins import Window
from inspector.export.records import VerdictRecord
from inspector.export.story import Place, story_lines
from inspector.export.words import Paint, plural, printable
from inspector.guide import Guide
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES, Side
from inspector.model.verdict import NONE, STRENGTH_NAMES, WEAK
from inspector.protocols.base import Hints
from inspector.session import Session

SHOWN: Final = 16
"""First bytes that are printed."""
NAME_WIDTH: Final = 24
"""Columns for the name of a reader."""
HEX_WIDTH: Final = 14
"""Columns for the bytes that a reader looks at: five at most, but for a method."""


def pasted(found: list[tuple[Message, Field]]) -> list[PastedMessage]:
    """Messages of an attempt as JSON has them."""
    return [PastedMessage(m.number, m.protocol, m.kind, m.summary, m.start, m.end, m.issue) for m, _ in found]


def whole_tree(found: list[tuple[Message, Field]], guide: Guide, look: Look) -> Raw | None:
    """One tree: that of the only message, or a node around those of several."""
    trees = [tree for _, tree in found]
    if not trees or trees[0].buffer is None:
        return None
    tree = trees[0]
    if len(trees) > 1:
        own = [each for each in trees if each.buffer is tree.buffer]
        tree = Field("bytes", None, own[0].start, own[-1].end, "Bytes")
        tree.buffer = own[0].buffer
        tree.children = trees
    assert tree.buffer is not None
    return TreeWriter(Titles(guide), look.raw).tree(tree, tree.buffer, look.depth)


def attempt_record(done: Attempt, opening: bytes, guide: Guide, look: Look) -> AttemptRecord:
    """One attempt as JSON has it."""
    return AttemptRecord(
        done.protocol,
        done.explained,
        done.size,
        done.stop or None,
        _reader_records(taken(opening, done.protocol)),
        pasted(done.found),
        whole_tree(done.found, guide, look),
    )


def summary_lines(rows: list[tuple[str, int, int, str]], paint: Paint) -> Iterator[str]:
    """How far every reading gets: a name, bytes explained, bytes there are, and what is said of it."""
    width = max(len(name) for name, *_ in rows)
    digits = len(str(max(size for _, _, size, _ in rows)))
    for name, understood, size, said in rows:
        style = "title" if understood == size else "warning"
        yield f"{paint(style, name.ljust(width))}  {understood:>{digits}} of {plural(size, 'byte')}  {printable(said)}"


def said_of(done: Attempt) -> str:
    """What stops an attempt, else what its first message is."""
    return done.stop or (done.found[0][0].summary if done.found else "nothing is there")


def attempt_row(done: Attempt) -> tuple[str, int, int, str]:
    """An attempt for `summary_lines`."""
    return f"as {done.protocol}", done.explained, done.size, said_of(done)


def show_attempts(session: Session, message: Message, look: Look) -> int:
    """Print a message as it is beside how far other protocols get with it, and return the exit code."""
    attempts = [session.read_as(message, protocol) for protocol in look.protocols]
    opening = message.buffer.read(message.start, min(message.end, message.start + LOOKED_AT))
    output = Output()
    if look.as_json:
        records = [attempt_record(done, opening, session.guide, look) for done in attempts]
        body = AttemptsBody(message.number, SIDE_NAMES[message.side], records)
        output.document(head("attempts", session.path, session.issues), body)
    else:
        paint = painter(look.color, sys.stdout)
        output.lines(heading(session, message, paint))
        own = ("as it is", explained(session.explain(message)) - message.start, message.length, message.summary)
        output.lines(["", *summary_lines([own, *map(attempt_row, attempts)], paint)])
        output.lines(attempts_lines(attempts, opening, session.guide, look, False, paint))
    output.close()
    return exit_code(session)


def message_lines(
    found: list[tuple[Message, Field]], guide: Guide, look: Look, in_words: bool, paint: Paint
) -> Iterator[str]:
    """The messages of an attempt, each with its tree or its story."""
    for place, (message, tree) in enumerate(found):
        if place:
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


def attempts_lines(
    attempts: list[Attempt], opening: bytes, guide: Guide, look: Look, in_words: bool, paint: Paint
) -> Iterator[str]:
    """Attempts one after the other: how far each gets, what its readers take the first bytes for, its messages."""
    for done in attempts:
        yield ""
        yield paint("title", f"as {done.protocol}")
        yield from misread_lines(done, opening, paint)
        yield from message_lines(done.found, guide, look, in_words, paint)


def misread_lines(done: Attempt, opening: bytes, paint: Paint) -> Iterator[str]:
    """What readers of an attempt's protocol take the first bytes for, where they could not be read."""
    found = taken(opening, done.protocol) if done.stop else []
    if found:
        yield "What its readers take the first bytes for:"
        yield from _reader_lines(found, opening, paint)
        yield ""


def _reader_lines(found: list[Taken], opening: bytes, paint: Paint) -> Iterator[str]:
    for each in found:
        mark = paint("title", "*") if each.fits else " "
        name = paint("title" if each.fits else "dim", each.reader.ljust(NAME_WIDTH))
        text = f"{opening[: each.end].hex(' '):<{HEX_WIDTH}}  {printable(each.text)}"
        yield f"{mark} {name}  {text}"


def _reader_records(found: list[Taken]) -> list[ReaderRecord]:
    return [ReaderRecord(each.reader, each.protocol, each.end, each.text, each.fits) for each in found]


def show_first_bytes(candidates: list[bytes], side: Side, as_json: bool, color: str) -> int:
    """Print what first bytes are and who would read them as what; of several `candidates` JSON has the likeliest."""
    output = Output()
    if as_json:
        output.document(head("first-bytes", "bytes", []), _first_bytes(candidates[0], side))
    else:
        paint = painter(color, sys.stdout)
        for place, data in enumerate(candidates):
            output.lines([""] if place else [])
            output.lines(_first_lines(data, side, paint))
    output.close()
    return 0


def _first_bytes(data: bytes, side: Side) -> FirstBytesBody:
    magic = magic_of(data)
    found = [
        VerdictRecord(SIDE_NAMES[side], each.protocol, STRENGTH_NAMES[each.strength], each.evidence, False)
        for each in verdicts(data, side, Hints())
        if each.strength > NONE
    ]
    value = number(data) if len(data) >= ROW else None
    return FirstBytesBody(data.hex(), value, magic.what if magic else None, found, _reader_records(taken(data)))


def _first_lines(data: bytes, side: Side, paint: Paint) -> Iterator[str]:
    magic = magic_of(data)
    more = "…" if len(data) > SHOWN else ""
    what = f"the start of {magic.what} ({magic.spec})" if magic else "no known beginning"
    yield paint("title", f"{data[:SHOWN].hex(' ')}{more}: {what}")
    first = data[:ROW]
    text = f', as text "{first.decode("ascii")}"' if first.isascii() and first.decode("ascii").isprintable() else ""
    if len(data) >= ROW:
        little = int.from_bytes(first, "little", signed=True)
        yield f"the first four bytes{text}: {number(data):,} (0x{first.hex()}), little end first {little:,}"
    else:
        yield f"{plural(len(data), 'byte')}{text}: {int.from_bytes(data, 'big'):,}"
    if len(data) == 1 and begun_by(data[0]):
        yield f"the first letter of {', '.join(begun_by(data[0]))}"
    for verdict in verdicts(data, side, Hints()):
        if verdict.strength >= WEAK:
            said = f"{verdict.protocol} ({STRENGTH_NAMES[verdict.strength]}): {printable(verdict.evidence)}"
            yield f"detection says {said}; --as {verdict.protocol} decodes it"
    yield ""
    yield "Who would read them as what (* they are what it expects):"
    yield from _reader_lines(taken(data), data, paint)
