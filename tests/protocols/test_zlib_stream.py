"""Thrift inside a deflated stream, as the `thrift` library's zlib transport sends it."""

import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport.TTransport import TMemoryBuffer
from thrift.transport.TZlibTransport import TZlibTransport

from inspector.engine import core_kind
from inspector.model.sides import CLIENT, SERVER
from inspector.model.verdict import MORE, NONE, STRONG
from inspector.protocols.base import Hints
from inspector.protocols.zlib_stream import MIDDLE, recognise
from streams import Turn, check_message, cut, every, keys


class Peer:
    """One side: each message it writes is deflated into the same stream."""

    def __init__(self, protocol: Any) -> None:
        self.memory = TMemoryBuffer()
        self.transport = TZlibTransport(self.memory)
        self.out = protocol(self.transport)

    def say(self, name: str, mtype: int, text: str) -> bytes:
        before = len(self.memory.getvalue())
        self.out.writeMessageBegin(name, mtype, 7)
        self.out.writeStructBegin("")
        self.out.writeFieldBegin("", 11, 1 if mtype == 1 else 0)
        self.out.writeString(text)
        self.out.writeFieldEnd()
        self.out.writeFieldStop()
        self.out.writeStructEnd()
        self.out.writeMessageEnd()
        self.transport.flush()
        return bytes(self.memory.getvalue()[before:])


@pytest.mark.parametrize("protocol", [TBinaryProtocol, TCompactProtocol])
@settings(deadline=None, max_examples=25)
@given(texts=st.lists(st.text(max_size=300), min_size=1, max_size=4), size=st.integers(1, 50))
def test_messages_come_out_whatever_the_pieces(protocol: Any, texts: list[str], size: int) -> None:
    client, server = Peer(protocol), Peer(protocol)
    turns: list[Turn] = []
    for text in texts:
        turns += [(CLIENT, client.say("ping", 1, text)), (SERVER, server.say("ping", 2, text))]
    messages = cut(turns)
    assert [m.protocol for m in messages] == ["zlib", "thrift"] * len(turns)
    assert [m.issue for m in messages] == [None] * len(messages)
    calls = [m for m in messages if m.kind == "call"]
    assert [m.answers for m in messages if m.kind == "reply"] == calls
    assert [m.parent for m in messages[1::2]] == messages[0::2]
    for message in messages:
        check_message(message)
    assert keys(cut(turns, every(size))) == keys(messages)


def test_only_thrift_is_recognised_in_it() -> None:
    data = Peer(TBinaryProtocol).say("ping", 1, "x")
    strengths = [recognise(data[:end], CLIENT, Hints()).strength for end in range(1, len(data) + 1)]
    assert strengths == sorted(strengths)
    assert strengths[-1] == STRONG
    assert strengths[0] == MORE
    assert recognise(zlib.compress(b"something else " * 9), CLIENT, Hints()).strength == NONE
    assert recognise(b"x\x9cmarks the spot", CLIENT, Hints()).strength == NONE
    assert recognise(b"x marks the spot", CLIENT, Hints()).strength == NONE


def test_a_stream_that_breaks_keeps_what_came_before() -> None:
    client = Peer(TBinaryProtocol)
    first, second = client.say("ping", 1, "x"), client.say("ping", 1, "y" * 50)
    messages = cut([(CLIENT, first), (CLIENT, b"\xff" * 9 + second)])
    assert messages[1].summary == 'ping(eco="x")'
    assert any(m.issue for m in messages)
    for message in messages:
        check_message(message)


def test_a_block_without_a_flush_is_told() -> None:
    data = Peer(TBinaryProtocol).say("ping", 1, "x" * 50)
    messages = cut([(CLIENT, data[:-2])])
    assert messages[0].protocol == "zlib"
    assert not messages[0].complete


def test_blocks_behind_a_hole_are_cut_and_say_why_they_stay_deflated() -> None:
    client = Peer(TBinaryProtocol)
    first, lost, *rest = (client.say("ping", 1, "x" * size) for size in (5, 100, 50, 70))
    messages = cut([(CLIENT, first), (CLIENT, len(lost)), (CLIENT, rest[0] + rest[1])])
    assert [(m.protocol, m.kind) for m in messages] == [
        ("zlib", "block"),
        ("thrift", "call"),
        ("data", "hole"),
        ("zlib", "block"),
        ("zlib", "block"),
    ]
    assert [m.issue for m in messages[3:]] == [MIDDLE, MIDDLE]
    assert [m.length for m in messages[3:]] == [len(part) for part in rest]
    for message in messages:
        check_message(message)


def test_a_stream_that_makes_too_much_says_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    if core_kind() == "compiled":
        size = 40 << 20
    else:
        size = 3000
        monkeypatch.setattr("inspector.wire.coding.MAX_INFLATED", 5000)
    client = Peer(TBinaryProtocol)
    messages = cut([(CLIENT, client.say("ping", 1, "x" * size)), (CLIENT, client.say("ping", 1, "y" * size))])
    last = [m for m in messages if m.protocol == "zlib"][-1]
    assert last.issue is not None
    assert "stopped after" in last.issue
    assert last.issue.endswith("; the rest of this direction stays deflated")
