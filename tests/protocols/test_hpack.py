"""HPACK: tables and header blocks, against RFC 7541's examples and the hpack package."""

import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.protocols.hpack_block import BAD_HUFFMAN, Block, decode_block, read_block
from inspector.protocols.hpack_table import BEFORE_CAPTURE, IN_HOLE, STATIC, Entry, Table
from inspector.wire.recorder import Recorder

MESSAGE = Message(1, 0, "http2", "headers", Buffer("wire", Plain(b"")), 0, 0, "")


def message(number: int) -> Message:
    found = Message(1, 0, "http2", "headers", Buffer("wire", Plain(b"")), 0, 0, "")
    found.number = number
    return found


def pairs(block: Block) -> list[tuple[str, str]]:
    return [(entry.name, entry.value) for entry in block.fields]


def contents(table: Table) -> list[tuple[str, str]]:
    """The dynamic table, newest entry first."""
    return [(entry.name, entry.value) for entry in reversed(table.log[table.first :])]


def tree_of(data: bytes, table: Table) -> Field:
    r = Recorder(data)
    read_block(r, table, MESSAGE, Block())
    return r.finish()


# RFC 7541 C.3 and C.4: requests, plain and Huffman-coded
REQUESTS = [
    ("828684410f7777772e6578616d706c652e636f6d", "828684418cf1e3c2e5f23a6ba0ab90f4ff"),
    ("828684be58086e6f2d6361636865", "828684be5886a8eb10649cbf"),
    (
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ),
]


@pytest.mark.parametrize("coded", [0, 1], ids=["plain", "huffman"])
def test_requests_of_the_rfc(coded: int) -> None:
    table = Table()
    get = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")]
    assert pairs(decode_block(bytes.fromhex(REQUESTS[0][coded]), table, MESSAGE)) == get
    assert contents(table) == [(":authority", "www.example.com")]
    assert table.size == 57
    second = decode_block(bytes.fromhex(REQUESTS[1][coded]), table, MESSAGE)
    assert pairs(second) == [*get, ("cache-control", "no-cache")]
    assert table.size == 110
    third = decode_block(bytes.fromhex(REQUESTS[2][coded]), table, MESSAGE)
    assert pairs(third)[1:3] == [(":scheme", "https"), (":path", "/index.html")]
    assert contents(table)[0] == ("custom-key", "custom-value")
    assert table.size == 164


def test_responses_of_the_rfc_evict() -> None:
    """RFC 7541 C.5: a table of 256 bytes."""
    table = Table(256)
    first = "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54"
    first += "6e1768747470733a2f2f7777772e6578616d706c652e636f6d"
    decode_block(bytes.fromhex(first), table, MESSAGE)
    assert table.size == 222
    assert pairs(decode_block(bytes.fromhex("4803333037c1c0bf"), table, MESSAGE))[0] == (":status", "307")
    assert table.size == 222
    assert (":status", "302") not in contents(table)
    third = "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d"
    third += "4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31"
    decode_block(bytes.fromhex(third), table, MESSAGE)
    assert [name for name, _ in contents(table)] == ["set-cookie", "content-encoding", "date"]
    assert table.size == 215


NAMES = st.sampled_from([entry.name for entry in STATIC]) | st.text("abcdefgh-", min_size=1, max_size=12)
VALUES = st.sampled_from([entry.value for entry in STATIC]) | st.text(st.characters(max_codepoint=255), max_size=60)
HEADERS = st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=12)


@given(st.lists(st.tuples(HEADERS, st.booleans(), st.none() | st.integers(0, 9000)), max_size=12))
def test_generated_blocks_decode_as_with_the_hpack_package(
    blocks: list[tuple[list[tuple[str, str, bool]], bool, int | None]],
) -> None:
    encoder = hpack.Encoder()
    decoder = hpack.Decoder()
    decoder.max_allowed_table_size = 9000
    decoder.max_header_list_size = 1 << 20
    table = Table()
    explained = Table()
    for headers, coded, size in blocks:
        if size is not None:
            encoder.header_table_size = size
        wire = encoder.encode([(n.encode("latin-1"), v.encode("latin-1"), s) for n, v, s in headers], coded)
        expected = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in decoder.decode(wire, raw=True)]
        assert pairs(decode_block(wire, table, MESSAGE)) == expected
        theirs = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in decoder.header_table.dynamic_entries]
        assert contents(table) == theirs
        assert table.size == decoder.header_table._current_size
        tree = tree_of(wire, explained)
        nodes = [node for node in tree.children if node.name == "http2.header"]
        assert [tuple(node_value(node, part) for part in ("name", "value")) for node in nodes] == expected
        assert contents(explained) == theirs


def node_value(node: Field, part: str) -> object:
    return next(child.value for child in node.children if child.name == f"http2.header.{part}")


@given(st.binary(max_size=200), st.binary(max_size=60))
def test_any_bytes_decode_to_something(data: bytes, more: bytes) -> None:
    table = Table()
    decode_block(data, table, MESSAGE)
    second = decode_block(more, table, MESSAGE)
    assert table.size == sum(entry.size for entry in table.log[table.first :])
    assert all(isinstance(entry.value, str) for entry in second.fields)


def test_the_same_block_on_the_same_table_is_decoded_once() -> None:
    wire = bytes.fromhex(REQUESTS[0][1])
    tables = [Table(), Table()]
    first = [decode_block(wire, table, MESSAGE) for table in tables]
    assert first[0] is first[1]
    assert decode_block(wire, tables[0], MESSAGE) is not first[0]
    assert contents(tables[1]) == [(":authority", "www.example.com")]
    assert tables[0].version != tables[1].version


def test_an_entry_names_the_message_that_inserted_it_in_its_own_table() -> None:
    wire = bytes.fromhex(REQUESTS[0][0])
    for number in (7, 9):
        table = Table()
        decode_block(wire, table, message(number))
        tree = tree_of(b"\xbe", table)
        assert [node.value for node in tree.walk() if node.name == "http2.header.inserted_by"] == [number]


def test_bits_of_a_long_index_and_a_huffman_length() -> None:
    table = Table()
    for i in range(80):
        table.insert(Entry(f"n{i}", "v"), MESSAGE)
    index = tree_of(b"\xff\x0a", table).children[0].children[0]
    assert index.value == 137
    assert [(bits.name, bits.value, bits.shift, bits.width) for bits in index.bits] == [
        ("http2.hpack.pattern", 1, 15, 1),
        ("http2.hpack.prefix", 127, 8, 7),
        ("http2.hpack.more", 0, 7, 1),
        ("http2.hpack.septet", 10, 0, 7),
    ]
    literal = tree_of(bytes.fromhex("4186a8eb10649cbf"), Table()).children[0]
    length = next(child for child in literal.children if child.name == "http2.header.value.length")
    assert [(bits.name, bits.value) for bits in length.bits] == [("http2.hpack.huffman", 1), ("http2.hpack.prefix", 6)]


def test_a_table_joined_late_knows_what_it_saw() -> None:
    table = Table()
    table.forget(BEFORE_CAPTURE)
    wire = b"\xbe" + b"\x40\x01a\x01b" + b"\xbe" + b"\xbf"
    found = pairs(decode_block(wire, table, MESSAGE))
    assert found[0] == ("<index 62, inserted before the capture>", "")
    assert found[1:3] == [("a", "b"), ("a", "b")]
    assert found[3] == ("<index 63, inserted before the capture>", "")
    assert pairs(decode_block(b"\x7f\x00\x01x\xbe", table, MESSAGE)) == [
        ("<index 63, inserted before the capture>", "x"),
        ("<index 63, inserted before the capture>", "x"),
    ]
    decode_block(b"\x20\x3f\xe1\x1f", table, MESSAGE)
    assert (table.lost, table.count, table.limit) == ("", 0, 4096)
    block = decode_block(b"\xbe\x82", table, MESSAGE)
    assert "beyond the table" in block.issues[0]
    assert pairs(block)[1] == (":method", "GET")


def test_a_hole_and_a_late_start_are_told_apart() -> None:
    for why in (BEFORE_CAPTURE, IN_HOLE):
        table = Table()
        table.forget(why)
        assert pairs(decode_block(b"\xc0", table, MESSAGE)) == [(f"<index 64, {why}>", "")]


@pytest.mark.parametrize(
    ("wire", "issue"),
    [
        (b"\x80", "index 0"),
        (b"\xff\xff\xff\xff\xff\xff\xff", "an integer of more than"),
        (b"\x40\x05ab", "the header block cannot be decoded"),
        (b"\x82\x3e", "behind header fields"),
    ],
)
def test_what_is_wrong_is_said(wire: bytes, issue: str) -> None:
    assert issue in "; ".join(decode_block(wire, Table(), MESSAGE).issues)


def test_a_bad_huffman_code_costs_one_string_only() -> None:
    block = decode_block(b"\x40\x01a\x81\x00\x82", Table(), MESSAGE)
    assert pairs(block) == [("a", BAD_HUFFMAN), (":method", "GET")]
    assert any("Huffman" in issue for issue in block.issues)


def test_a_snapshot_keeps_what_the_table_was() -> None:
    table = Table(100)
    table.insert(Entry("a", "1"), message(3))
    table.insert(Entry("b", "2"), message(4))
    snapshot = table.snapshot()
    assert table.insert(Entry("c" * 60, "3"), message(5)) == 2
    restored = snapshot.restore()
    assert contents(restored) == [("b", "2"), ("a", "1")]
    assert [m.number for m in restored.inserters] == [3, 4]
