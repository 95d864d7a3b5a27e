"""Parquet's metadata, written with the `thrift` library's compact protocol."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TType
from thrift.transport.TTransport import TMemoryBuffer

from inspector.model.sides import SERVER
from inspector.model.verdict import MORE, NONE, STRONG
from inspector.protocols.base import Hints
from inspector.protocols.parquet import recognise
from streams import check_message, cut, every, keys


def field(out: Any, id_: int, kind: int, value: Any) -> None:
    """One field; structs are dicts of these, lists (kind, values)."""
    out.writeFieldBegin("", kind, id_)
    item(out, kind, value)
    out.writeFieldEnd()


def item(out: Any, kind: int, value: Any) -> None:
    if kind == TType.STRUCT:
        out.writeStructBegin("")
        for id_, (inner, content) in value.items():
            field(out, id_, inner, content)
        out.writeFieldStop()
        out.writeStructEnd()
    elif kind == TType.LIST:
        out.writeListBegin(value[0], len(value[1]))
        for each in value[1]:
            item(out, value[0], each)
        out.writeListEnd()
    elif kind == TType.I32:
        out.writeI32(value)
    elif kind == TType.I64:
        out.writeI64(value)
    else:
        out.writeString(value)


def metadata(names: list[str], rows: int, groups: int) -> bytes:
    memory = TMemoryBuffer()
    root = {4: (TType.STRING, "schema"), 5: (TType.I32, len(names))}
    columns = [{1: (TType.I32, 2), 4: (TType.STRING, name)} for name in names]
    chunk = {2: (TType.I64, 4)}
    group = {1: (TType.LIST, (TType.STRUCT, [chunk] * len(names))), 2: (TType.I64, 99), 3: (TType.I64, rows)}
    item(
        TCompactProtocol(memory),
        TType.STRUCT,
        {
            1: (TType.I32, 2),
            2: (TType.LIST, (TType.STRUCT, [root, *columns])),
            3: (TType.I64, rows),
            4: (TType.LIST, (TType.STRUCT, [group] * groups)),
            6: (TType.STRING, "a test"),
        },
    )
    return bytes(memory.getvalue())


def file(names: list[str], rows: int = 5, groups: int = 1, pages: bytes = b"pages") -> bytes:
    footer = metadata(names, rows, groups)
    return b"PAR1" + pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.text("abcdef_", min_size=1, max_size=9), min_size=1, max_size=20),
    st.integers(0, 2**40),
    st.integers(0, 4),
    st.binary(max_size=300),
    st.integers(1, 99),
)
def test_metadata_is_read_whatever_the_pieces(
    names: list[str], rows: int, groups: int, pages: bytes, size: int
) -> None:
    data = file(names, rows, groups, pages)
    (m,) = cut([(SERVER, data)])
    assert (m.protocol, m.kind, m.end, m.issue, m.complete) == ("parquet", "file", len(data), None, True)
    assert m.facts == {
        "parquet.num_rows": rows,
        "parquet.row_groups": groups,
        "parquet.columns": ", ".join(names),
        "parquet.created_by": "a test",
    }
    tree = check_message(m)
    assert not [node.issue for node in tree.walk() if node.issue]
    assert [node.label for node in tree.walk()].count("SchemaElement") == len(names) + 1
    assert keys(cut([(SERVER, data)], every(size))) == keys([m])


def test_the_end_of_a_file_is_enough() -> None:
    data = file(["a", "b"])
    (m,) = cut([(SERVER, data[6:])], forced="parquet")
    assert m.summary == "Parquet, 5 rows in 1 row group, 2 columns"
    assert [node.name for node in check_message(m).children] == [
        "parquet.pages",
        "parquet.metadata",
        "parquet.footer_length",
        "parquet.magic",
    ]


def test_metadata_that_began_before_is_told() -> None:
    data = file(["a", "b"])
    (m,) = cut([(SERVER, data[-20:])], forced="parquet")
    first, *_, last = check_message(m).children
    assert first.name == "parquet.metadata_part"
    assert last.issue is not None
    assert "before these" in last.issue


def test_encrypted_metadata_is_named() -> None:
    crypto = bytes.fromhex("1c 1c 00 00 00")
    footer = crypto + b"secret"
    (m,) = cut([(SERVER, b"PARExyz" + footer + len(footer).to_bytes(4, "little") + b"PARE")])
    assert [node.name for node in check_message(m).children][1:4] == [
        "parquet.pages",
        "parquet.crypto_metadata",
        "parquet.encrypted",
    ]


@pytest.mark.parametrize("end", [5, 30, 60, -1])
def test_a_cut_file_keeps_what_is_there(end: int) -> None:
    for message in cut([(SERVER, file(["a", "b"])[:end])]):
        check_message(message)
        assert message.issue or message.protocol == "data"


@pytest.mark.parametrize(
    ("data", "strength"),
    [(b"P", MORE), (b"PAR", MORE), (b"PAR1", STRONG), (b"PARE", STRONG), (b"PAR2", NONE), (b"", MORE)],
)
def test_recognition(data: bytes, strength: int) -> None:
    assert recognise(data, SERVER, Hints()).strength == strength
