"""A growing capture shows the messages that the finished file has."""

import random
from pathlib import Path

import pytest

from inspector.engine.live import LiveDecoder
from inspector.model.message import Message
from inspector.session import Options, Session, bundled_captures, load_schemas

CAPTURES = bundled_captures()
SCHEMAS = load_schemas(Options())


def told(m: Message) -> tuple[object, ...]:
    """What a row says, but for its number."""
    return (m.side, m.protocol, m.kind, m.buffer.name.partition("/")[2], m.start, m.end, m.summary, m.issue, m.packet)


def followed(path: Path, grown: Path, cuts: random.Random, most: int) -> list[Message]:
    """The messages seen while the file grows by pieces of up to `most` bytes, a moment apart."""
    whole = path.read_bytes()
    at = cuts.randrange(most)
    grown.write_bytes(whole[:at])
    decoder = LiveDecoder(str(grown), SCHEMAS, {})
    found: list[Message] = []
    now = 0.0
    with grown.open("ab") as file:
        while at < len(whole):
            piece = whole[at : at + 1 + cuts.randrange(most)]
            at += len(piece)
            file.write(piece)
            file.flush()
            now += 0.01
            found += decoder.poll(now)
    before = -1
    while decoder.packets > before:
        before = decoder.packets
        found += decoder.poll(now)
    return found + decoder.finish()


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_growing_in_pieces_shows_what_the_file_has(path: Path, tmp_path: Path) -> None:
    batch = sorted(told(m) for m in Session.open(str(path)).messages)
    found = followed(path, tmp_path / "grown", random.Random(path.stem), 2000)
    assert sorted(told(m) for m in found) == batch
    assert len({m.number for m in found}) == len(found)
