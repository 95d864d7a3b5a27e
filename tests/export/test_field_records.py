"""The JSON of field trees: the contract's keys, values of every kind, origins that hold for every bundled capture."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inspector.export.json import Titles, TreeWriter, plain, plain_facts, seconds
from inspector.export.levels import Level, level_named
from inspector.guide import Guide
from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Bits, Field
from inspector.session import Session, bundled_captures

CAPTURES = bundled_captures()
KEYS = ["name", "title", "value", "start", "end", "buffer", "origins", "issue", "children"]


def as_json(record: object) -> Any:
    return json.loads(msgspec.json.encode(record))


def tree(field: Field, data: bytes, raw: bool = False, depth: int = -1) -> Any:
    writer = TreeWriter(Titles(Guide()), raw)
    return as_json(writer.tree(field, Buffer("bytes", Plain(data)), depth))


def test_a_leaf_has_the_keys_of_the_contract_in_order() -> None:
    record = tree(Field("http.request.method", "GET", 0, 3), b"GET /")
    assert list(record) == KEYS
    assert record["title"] == "Method"
    assert record["value"] == "GET"
    assert (record["start"], record["end"], record["buffer"]) == (0, 3, "bytes")
    assert record["issue"] is None


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (b"\x00\xff", "00ff"),
        (None, "474554"),
        (True, True),
        (2**70, 2**70),
        (-1, -1),
        (0.5, 0.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ("GET\x00\u202e", "GET\x00\u202e"),
    ],
)
def test_values_as_json_has_them(value: object, written: object) -> None:
    assert tree(Field("x", value, 0, 3), b"GET /")["value"] == written


def test_a_node_without_value_is_null_and_its_label_is_its_title() -> None:
    node = Field("thrift.struct", None, 0, 5, "get_table_args")
    node.children.append(Field("thrift.stop", 0, 0, 5))
    record = tree(node, b"GET /")
    assert record["value"] is None
    assert record["title"] == "get_table_args"
    assert record["children"][0]["title"] == Guide().title("thrift.stop")


def test_text_that_utf8_does_not_have_is_replaced() -> None:
    assert tree(Field("json.value.string", "a\ud800b", 0, 3), b"GET /")["value"] == "a?b"


def test_bits_and_raw_only_where_there_are_some() -> None:
    leaf = Field("ip.flags", 2, 0, 1)
    leaf.bits.append(Bits("ip.flags.df", 1, 6, 1))
    record = tree(leaf, b"\x40", raw=True)
    assert record["bits"] == [
        {"name": "ip.flags.df", "title": Guide().title("ip.flags.df"), "value": 1, "shift": 6, "width": 1}
    ]
    assert record["raw"] == "40"
    assert list(tree(Field("x", 1, 0, 1), b"@")) == KEYS


def test_holes_show_no_bytes() -> None:
    record = tree(Field("hole", None, 0, 3), b"\0\0\0", raw=True)
    assert record["value"] is None
    assert record["raw"] == ""


def test_readings_of_derived_bytes_name_their_buffer() -> None:
    node = Field("http.body", None, 0, 5)
    reading = Field("json", None, 0, 2)
    reading.buffer = Buffer("inflated", Plain(b"{}"))
    node.children.append(reading)
    record = tree(node, b"GET /")
    assert record["value"] == b"GET /".hex()
    assert record["children"][0]["buffer"] == "inflated"
    assert record["children"][0]["value"] == b"{}".hex()


def test_depth_cuts_below_it() -> None:
    node = Field("a", None, 0, 5)
    inner = Field("b", None, 0, 5)
    inner.children.append(Field("c", None, 0, 5))
    node.children.append(inner)
    record = tree(node, b"GET /", depth=1)
    assert record["children"][0]["children"] == []
    assert record["children"][0]["value"] is None
    assert tree(node, b"GET /", depth=0)["children"] == []


def test_times_keep_all_nine_digits() -> None:
    assert seconds(1_700_000_000_123_456_789) == "1700000000.123456789"
    assert seconds(5) == "0.000000005"
    assert seconds(-1_500_000_000) == "-1.500000000"


def test_facts_are_plain() -> None:
    facts: dict[str, object] = {"a": "x", "b": 1}
    assert plain_facts(facts) is facts
    assert plain_facts({"a": b"\x01", "b": float("inf")}) == {"a": "01", "b": "inf"}
    assert plain([1]) == "[1]"


# every bundled capture


def nodes(record: Any) -> Iterator[Any]:
    yield record
    for child in record["children"]:
        yield from nodes(child)


def own_leaves(record: Any) -> Iterator[Any]:
    own = [child for child in record["children"] if child["buffer"] == record["buffer"]]
    if not own:
        yield record
    for child in own:
        yield from own_leaves(child)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
@pytest.mark.parametrize("level", ["message", "packet"])
def test_trees_tile_and_origins_are_true(path: Path, level: str) -> None:
    session = Session.open(str(path))
    rows: Level[Any] = level_named(level, session, raw=True)
    for item in rows.rows(None):
        record = as_json(rows.record(item, True))
        root = record["fields"]
        at = root["start"]
        for leaf in own_leaves(root):
            assert leaf["start"] == at, leaf["name"]
            at = leaf["end"]
        assert at == root["end"]
        for node in nodes(root):
            assert list(node)[: len(KEYS)] == KEYS
            check_origins(session, node)
        if level == "message":
            assert record["packets"] == session.packets_of(item)
            assert record["layers"] == session.layers(item)


MASKED = re.compile("/unmasked at|client/message at")
"""Buffers each of whose bytes comes from one byte that differs from it by a mask."""


def check_origins(session: Session, node: Any) -> None:
    found = b""
    for origin in node["origins"]:
        data = session.packet(origin["packet"]).data
        assert 0 <= origin["start"] < origin["end"] <= len(data)
        found += data[origin["start"] : origin["end"]]
    exact = all(origin["exact"] for origin in node["origins"])
    if "raw" in node and exact and node["origins"]:
        if MASKED.search(node["buffer"]):
            assert len(found.hex()) == len(node["raw"])
        else:
            assert found.hex() == node["raw"]
