"""Thrift messages by every transport: what carries them changes, what they say does not."""

import struct
import zlib
from typing import Any

import cramjam
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer
from thrift.transport.TZlibTransport import TZlibTransport

from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.thrift_detect import find_start
from protocols.test_thrift_encodings import PROTOCOLS, like, plain, read_struct, values, written
from streams import Turn, check_message, cut, every, keys

CALL, REPLY = TMessageType.CALL, TMessageType.REPLY
STRICT = ("binary", "bare")


def frame(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def post(data: bytes) -> bytes:
    head = f"POST /s HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-thrift\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def answer(data: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def sasl(status: int, payload: bytes) -> bytes:
    return struct.pack(">bi", status, len(payload)) + payload


LOGIN: list[Turn] = [
    (CLIENT, sasl(1, b"PLAIN") + sasl(2, b"\0ana\0segredo")),
    (SERVER, sasl(5, b"")),
]


def deflated(out: Any, data: bytes) -> bytes:
    """What a zlib transport that has written before sends for more bytes."""
    memory, transport = out
    before = len(memory.getvalue())
    transport.write(data)
    transport.flush()
    return bytes(memory.getvalue()[before:])


def exchange(transport: str, call: bytes, reply: bytes) -> list[Turn]:
    """A call and its reply, both twice."""
    if transport == "http":
        return [(CLIENT, post(call)), (SERVER, answer(reply))] * 2
    if transport == "sasl":
        return LOGIN + [(CLIENT, frame(call)), (SERVER, frame(reply))] * 2
    if transport == "zlib":
        client, server = ((memory, TZlibTransport(memory)) for memory in (TMemoryBuffer(), TMemoryBuffer()))
        return [
            turn for _ in range(2) for turn in ((CLIENT, deflated(client, call)), (SERVER, deflated(server, reply)))
        ]
    return [(CLIENT, frame(call)), (SERVER, frame(reply))] * 2


def struct_of(message: Message) -> Field:
    return next(node for node in check_message(message).walk() if node.name == "thrift.struct")


@pytest.mark.parametrize("transport", ["framed", "zlib", "http", "sasl"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(deadline=None, max_examples=15)
@given(fields=values(TType.STRUCT, 3), size=st.integers(1, 200))
def test_what_is_said_does_not_depend_on_what_carries_it(protocol: str, transport: str, fields: Any, size: int) -> None:
    call = written((protocol, "bare"), "pergunta", CALL, fields, 5)
    reply = written((protocol, "bare"), "pergunta", REPLY, {0: (TType.STRUCT, fields)}, 5)
    turns = exchange(transport, call, reply)
    messages = [m for m in cut(turns) if m.protocol == "thrift" and m.kind != "sasl"]
    assert [m.kind for m in messages] == ["call", "reply", "call", "reply"]
    assert [m.answers for m in messages] == [None, messages[0], None, messages[2]]
    assert not [m.issue for m in messages if m.issue]
    for message in messages[::2]:
        assert like(read_struct(struct_of(message)), plain(TType.STRUCT, fields))
    assert like(read_struct(struct_of(messages[1])), plain(TType.STRUCT, {0: (TType.STRUCT, fields)}))
    assert keys(cut(turns, every(size))) == keys(cut(turns))


def test_calls_over_http_2() -> None:
    client, server = H2Connection(H2Configuration()), H2Connection(H2Configuration(client_side=False))
    client.initiate_connection()
    head = [(":method", "POST"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
    client.send_headers(1, [*head, ("content-type", "application/x-thrift")])
    client.send_data(1, written(STRICT, "soma", CALL, {1: (TType.I32, 20)}), end_stream=True)
    said = client.data_to_send()
    server.initiate_connection()
    server.receive_data(said)
    server.send_headers(1, [(":status", "200"), ("content-type", "application/x-thrift")])
    server.send_data(1, written(STRICT, "soma", REPLY, {0: (TType.I32, 22)}), end_stream=True)
    messages = [m for m in cut([(CLIENT, said), (SERVER, server.data_to_send())]) if m.protocol == "thrift"]
    assert [m.summary for m in messages] == ["soma(a=20)", "soma → 22"]
    assert messages[1].answers is messages[0]
    for message in messages:
        check_message(message)


def headed(transforms: bytes, payload: bytes, mac: bytes = b"") -> bytes:
    """A frame with a THeader whose transforms (their count before them) are these bytes."""
    counted = b"\0" + transforms
    counted += bytes(-len(counted) % 4)
    head = struct.pack(">HHIH", 0x0FFF, 0, 1, len(counted) // 4) + counted
    return frame(head + payload + mac)


def test_a_message_compressed_with_snappy() -> None:
    data = written(STRICT, "soma", CALL, {1: (TType.I32, 20), 2: (TType.STRING, "x" * 99)})
    (m,) = cut([(CLIENT, headed(b"\x01\x03", bytes(cramjam.snappy.compress_raw(data))))])
    assert m.summary.startswith("soma(a=20, ")
    tree = check_message(m)
    assert "transform" not in str([node.issue for node in tree.walk()])
    assert [node.value for node in tree.walk() if node.name == "thrift.method"] == ["soma"]


def test_a_signed_message_and_its_signature() -> None:
    data = written(STRICT, "soma", CALL, {1: (TType.I32, 20)})
    mac = bytes(range(32))
    frames = headed(b"\x01\x02\x20", data, mac) + headed(b"\x02\x01\x02\x20", zlib.compress(data), mac)
    first, second = cut([(CLIENT, frames)])
    for message in (first, second):
        assert (message.summary, message.issue) == ("soma(a=20)", None)
        tree = check_message(message)
        assert [node.end - node.start for node in tree.walk() if node.name == "thrift.header.mac"] == [32]
        assert [node.issue for node in tree.walk() if node.issue] == []


def test_a_transform_that_nobody_knows_is_named_and_the_next_frame_is_read() -> None:
    data = written(STRICT, "soma", CALL, {1: (TType.I32, 20)})
    start = written(("binary", "header"), "soma", CALL, {1: (TType.I32, 1)})
    _, odd, after = cut([(CLIENT, start + headed(b"\x01\x09", data) + start)])
    assert odd.issue == "transform 9 is none of zlib (1), hmac (2) and snappy (3)"
    assert (odd.kind, odd.summary) == ("call", odd.issue)
    assert after.summary == "soma(a=1)"
    check_message(odd)


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@pytest.mark.parametrize("size", [1, 7, 999])
def test_several_messages_of_one_frame(protocol: str, size: int) -> None:
    one, two = (written((protocol, "bare"), "soma", CALL, {1: (TType.I32, n)}, n) for n in (1, 2))
    oneway = written((protocol, "bare"), "avisar", TMessageType.ONEWAY, {}, 3)
    turns = [
        (CLIENT, frame(one + two + oneway) + frame(one)),
        (SERVER, frame(written((protocol, "bare"), "soma", REPLY, {}, 2))),
    ]
    messages = cut(turns, every(size))
    assert [m.summary for m in messages] == ["soma(a=1)", "soma(a=2)", "avisar()", "soma(a=1)", "soma → ()"]
    assert [m.start for m in messages[:4]] == [0, *[m.end for m in messages[:3]]]
    assert messages[4].answers is messages[1]
    for message in messages:
        assert message.issue is None
        check_message(message)


def test_bytes_behind_the_messages_of_a_frame_belong_to_the_last() -> None:
    one = written(STRICT, "soma", CALL, {1: (TType.I32, 1)})
    broken = one[:-1] + b"\xff"
    first, second, after = cut([(CLIENT, frame(one + one + b"???") + frame(one))])
    assert (first.issue, second.issue) == (None, "3 bytes follow the message in its frame")
    assert [node.name for node in check_message(second).leaves()][-1] == "thrift.frame_rest"
    assert after.start == second.end
    first, after = cut([(CLIENT, frame(one + broken) + frame(one))])
    assert first.issue == f"{len(broken)} bytes follow the message in its frame"
    check_message(first)


def old(name: bytes, mtype: int, number: int) -> bytes:
    return struct.pack(">i", len(name)) + name + struct.pack(">bi", mtype, number) + b"\x08\0\1" + bytes(4) + b"\0"


def test_old_messages_are_found_again_behind_noise() -> None:
    data = b"\0\0\0\x02no \0\0\1\xffxyz\xff" + old(b"acha", 1, 7)
    assert find_start(data, 0, framed=False) == -1
    assert find_start(data, 0, framed=False, old=True) == data.index(b"\0\0\0\4acha")
    messages = cut([(CLIENT, old(b"acha", 1, 1) + b"\x0c noise" + old(b"acha", 1, 2) + old(b"acha", 1, 3))])
    assert [m.facts.get("thrift.seq_id") for m in messages] == [1, None, 2, 3]
    assert messages[1].protocol == "data"
