"""Bytes read as protocols that are not theirs."""

import random

import pytest

from inspector.engine.attempt import Attempt, attempt, attempt_part
from inspector.engine.detect import protocols
from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field
from inspector.schema.registry import Schemas

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CALL = bytes.fromhex("8001000100000004 70696e67 00000001 00".replace(" ", ""))
NO_LINE = f"no request line: starts with {CALL[:16]!r}"
SCHEMAS = Schemas()


def tried(data: bytes, protocol: str, side: int = 0) -> Attempt:
    return attempt(Buffer("bytes", Plain(data)), side, protocol, SCHEMAS)


def leaves(tree: Field) -> list[Field]:
    own = [child for child in tree.children if child.buffer is None]
    return [leaf for child in own for leaf in leaves(child)] if own else [tree]


@pytest.mark.parametrize(
    ("data", "protocol", "explained", "stop"),
    [
        (GET, "http", len(GET), ""),
        (GET, "thrift", 4, "a method name of 1195725856 bytes is longer than 1024"),
        (GET, "tls", 0, "71 is no TLS content type"),
        (GET, "http2", 9, "no frame header starts here"),
        (GET, "data", 0, ""),
        (CALL, "thrift", len(CALL), ""),
        (
            CALL,
            "http",
            0,
            NO_LINE,
        ),
        (CALL + GET, "thrift", len(CALL), "a method name of 1195725856 bytes is longer than 1024"),
        (b"\x16\x03\x01\x00\xc8\x01", "thrift", 4, "a frame of 369295616 bytes; 1 to 16384000 are allowed"),
    ],
)
def test_how_far_a_reading_gets(data: bytes, protocol: str, explained: int, stop: str) -> None:
    done = tried(data, protocol)
    assert (done.explained, done.size, done.stop) == (explained, len(data), stop)


def test_the_fields_read_before_giving_up_are_kept() -> None:
    ((_, tree),) = tried(GET, "thrift").found
    assert [(leaf.name, leaf.value, leaf.start, leaf.end) for leaf in leaves(tree)] == [
        ("thrift.str_len", 1195725856, 0, 4),
        ("gap", None, 4, len(GET)),
    ]


@pytest.mark.parametrize("protocol", sorted(protocols()))
@pytest.mark.parametrize("side", [0, 1])
def test_every_byte_of_any_bytes_has_its_place(protocol: str, side: int) -> None:
    chance = random.Random(protocol + str(side))
    openings = [GET, CALL, b"", b"\0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"]
    for data in [*openings, *(chance.randbytes(chance.randrange(60)) for _ in range(40))]:
        done = tried(data, protocol, side)
        assert 0 <= done.explained <= done.size == len(data)
        tops = [tree for m, tree in done.found if m.parent is None and tree.buffer is done.found[0][1].buffer]
        tiled = [(leaf.start, leaf.end) for tree in tops for leaf in leaves(tree) if leaf.length]
        assert [start for start, _ in tiled] == [0, *(end for _, end in tiled[:-1])][: len(tiled)]
        assert not data or tiled[-1][1] == len(data)


def test_a_part_of_a_buffer_knows_where_it_is_from() -> None:
    buffer = Buffer("bytes", Plain(CALL + GET))
    done = attempt_part(buffer, len(CALL), len(CALL) + len(GET), 0, "thrift", SCHEMAS)
    tree = done.found[0][1]
    assert tree.buffer is not None
    assert tree.buffer.parent is buffer
    assert tree.buffer.read(0, 4) == b"GET "
