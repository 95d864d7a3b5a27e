"""What nobody looks at is passed over, and ends where reading it ends."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.Thrift import TType

from inspector.model.errors import DecodeError, Truncated
from inspector.protocols.thrift_binary import BinaryEncoding
from inspector.protocols.thrift_body import Body, read_body
from inspector.protocols.thrift_compact import CompactEncoding
from inspector.wire.reader import MAX_DEPTH, Reader
from inspector.wire.recorder import Recorder
from protocols.test_thrift_encodings import values, written

ENCODINGS: dict[str, type[BinaryEncoding] | type[CompactEncoding]] = {
    "binary": BinaryEncoding,
    "compact": CompactEncoding,
}
EVERYTHING = 1 << 40
"""Room for all that a message says: nothing is passed over."""


def outcome(name: str, r: Reader, room: int) -> object:
    """Where reading a message ended, and how; wire types and ids of its fields."""
    encoding = ENCODINGS[name]()
    body = Body()
    try:
        encoding.read_header(r)
        read_body(encoding, r, None, room, body)
    except DecodeError as error:
        return type(error), error.offset, error.wanted if isinstance(error, Truncated) else 0, body.shape
    return r.pos, body.shape


@pytest.mark.parametrize("name", ENCODINGS)
@settings(deadline=None, max_examples=60)
@given(values(TType.STRUCT, 4), st.data())
def test_passing_and_reading_agree(name: str, fields: Any, data: st.DataObject) -> None:
    message = bytearray(written((name, "bare"), fields=fields))
    whole = bytes(message)
    assert (
        outcome(name, Reader(whole), 0) == outcome(name, Recorder(whole), 0) == outcome(name, Reader(whole), EVERYTHING)
    )
    for end in range(len(whole)):
        assert outcome(name, Reader(whole[:end]), 0) == outcome(name, Reader(whole[:end]), EVERYTHING)
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(6, len(message) - 1))] = data.draw(st.integers(0, 255))
    changed = bytes(message)
    assert outcome(name, Reader(changed), 0) == outcome(name, Reader(changed), EVERYTHING)
    hole = data.draw(st.integers(6, len(whole)))
    holes = [(hole, hole + data.draw(st.integers(1, 9)))]
    assert outcome(name, Reader(whole, 0, holes), 0) == outcome(name, Reader(whole, 0, holes), EVERYTHING)


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("kind", [TType.STRUCT, TType.LIST, TType.MAP])
@pytest.mark.parametrize("depth", [5, MAX_DEPTH - 3, MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 500])
def test_both_stop_at_the_same_depth(name: str, kind: int, depth: int) -> None:
    value: Any = 7
    inner = TType.I32
    for _ in range(depth):
        wrapped = {1: (inner, value)} if kind == TType.STRUCT else (inner, [value])
        value = (TType.I32, inner, [(1, value)]) if kind == TType.MAP else wrapped
        inner = kind
    data = written((name, "bare"), fields={1: (inner, value)})
    assert outcome(name, Reader(data), 0) == outcome(name, Reader(data), EVERYTHING) == outcome(name, Recorder(data), 0)


@pytest.mark.parametrize("name", ENCODINGS)
def test_counts_that_cannot_be_are_told_by_both(name: str) -> None:
    head = written((name, "bare"))[:-1]
    for tail in ("0f00010cffffffff", "0f00010c7fffffff", "0d00010b0b7fffffff", "0b00017fffffff", "0b0001ffffffff"):
        data = head + bytes.fromhex(tail) + bytes(64)
        assert outcome(name, Reader(data), 0) == outcome(name, Reader(data), EVERYTHING)
    for tail in ("19fcffffffff0f", "19f8ffffff7f", "1bffffffff0f88", "18ffffffff0f", "19fc8080808080808001"):
        data = head + bytes.fromhex(tail) + bytes(64)
        assert outcome(name, Reader(data), 0) == outcome(name, Reader(data), EVERYTHING)
