"""A growing capture shows the messages that the finished file has."""

import random
from pathlib import Path

import pytest

from inspector.capture.blocks import interface_block, section_block
from inspector.capture.live.segments import ACK, FIN, SYN, Conversation
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


def test_conversations_that_are_over_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "many.pcapng"
    path.write_bytes(section_block([]) + interface_block(101, 0, "lo", ""))
    decoder = LiveDecoder(str(path), SCHEMAS, {})
    count, found, most = 300, 0, 0
    with path.open("ab") as file:
        for number in range(count):
            talk = Conversation(("127.0.0.1", 10_000 + number), ("127.0.0.1", 80))
            for side, flags, data in (
                (0, SYN, b""),
                (1, SYN | ACK, b""),
                (0, ACK, b"GET / HTTP/1.1\r\n\r\n"),
                (1, ACK, b"HTTP/1.1 204 No Content\r\n\r\n"),
                (1, FIN | ACK, b""),
                (0, FIN | ACK, b""),
            ):
                file.write(talk.segment(side, flags, 10**18 + number, data))
            file.flush()
            found += len(decoder.poll(number / 10))
            most = max(most, len(decoder.flows))
    assert found + len(decoder.finish()) == 2 * count
    assert decoder.flow_count == count
    assert most < 20
