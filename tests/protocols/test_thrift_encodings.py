"""Thrift's binary, compact and JSON protocols and the header transport, held against the `thrift` library."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.protocol.THeaderProtocol import THeaderProtocol
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.THeaderTransport import THeaderSubprotocolID, THeaderTransformID
from thrift.transport.TTransport import TFramedTransport, TMemoryBuffer

from inspector.model.field import Field
from inspector.model.sides import CLIENT, SERVER
from inspector.model.verdict import MORE, NONE, STRONG
from inspector.protocols.base import Hints
from inspector.protocols.thrift_compact import varint_size, varint_value, zigzag
from inspector.protocols.thrift_detect import find_start, recognise
from protocols.driver import cut, row, value_of
from streams import check_message

CALL, REPLY, EXCEPTION, ONEWAY = TMessageType.CALL, TMessageType.REPLY, TMessageType.EXCEPTION, TMessageType.ONEWAY
PROTOCOLS = {"binary": TBinaryProtocol, "compact": TCompactProtocol, "json": TJSONProtocol}
TRANSPORTS = ("bare", "framed", "header", "header zlib")
FORMS = [(p, t) for p in PROTOCOLS for t in TRANSPORTS if p != "json" or not t.startswith("header")]
NAMES = {
    "tf": 2,
    "i8": 3,
    "dbl": 4,
    "i16": 6,
    "i32": 8,
    "i64": 10,
    "str": 11,
    "rec": 12,
    "map": 13,
    "set": 14,
    "lst": 15,
}
COMPACT = {1: 2, 2: 2, 3: 3, 4: 6, 5: 8, 6: 10, 7: 4, 8: 11, 9: 15, 10: 14, 11: 13, 12: 12}
NESTED = (TType.STRUCT, TType.MAP, TType.LIST, TType.SET)

SCALARS: dict[int, st.SearchStrategy[Any]] = {
    TType.BOOL: st.booleans(),
    TType.BYTE: st.integers(-128, 127),
    TType.I16: st.integers(-(2**15), 2**15 - 1),
    TType.I32: st.integers(-(2**31), 2**31 - 1),
    TType.I64: st.integers(-(2**63), 2**63 - 1),
    TType.DOUBLE: st.floats(allow_nan=False),
    TType.STRING: st.text(max_size=40),
}
KEYS = (TType.BOOL, TType.BYTE, TType.I16, TType.I32, TType.I64, TType.STRING)


@st.composite
def values(draw: st.DrawFn, kind: int, depth: int) -> Any:
    """A value of a kind: structs as {id: (kind, value)}, lists as (kind, [...]), maps as (kind, kind, [(k, v)])."""
    kinds = st.sampled_from([*SCALARS, *(NESTED if depth else ())])
    if kind == TType.STRUCT:
        ids = draw(st.lists(st.integers(-(2**15), 2**15 - 1) | st.integers(1, 40), unique=True, max_size=4))
        return {id_: (k, draw(values(k, depth - 1))) for id_ in ids for k in [draw(kinds)]}
    if kind == TType.MAP:
        key, value = draw(st.sampled_from(KEYS)), draw(kinds)
        keys = draw(st.lists(SCALARS[key], unique=True, max_size=3))
        return key, value, [(k, draw(values(value, depth - 1))) for k in keys]
    if kind in (TType.LIST, TType.SET):
        element = draw(kinds)
        return element, draw(st.lists(values(element, depth - 1), max_size=20 if element in SCALARS else 3))
    return draw(SCALARS[kind])


def write(out: Any, kind: int, value: Any) -> None:
    """Write a value as the library would."""
    if kind == TType.STRUCT:
        out.writeStructBegin("")
        for id_, (field_kind, field) in value.items():
            out.writeFieldBegin("", field_kind, id_)
            write(out, field_kind, field)
            out.writeFieldEnd()
        out.writeFieldStop()
        out.writeStructEnd()
    elif kind == TType.MAP:
        out.writeMapBegin(value[0], value[1], len(value[2]))
        for key, item in value[2]:
            write(out, value[0], key)
            write(out, value[1], item)
        out.writeMapEnd()
    elif kind in (TType.LIST, TType.SET):
        (out.writeListBegin if kind == TType.LIST else out.writeSetBegin)(value[0], len(value[1]))
        for item in value[1]:
            write(out, value[0], item)
        (out.writeListEnd if kind == TType.LIST else out.writeSetEnd)()
    else:
        names = {TType.BOOL: "Bool", TType.BYTE: "Byte", TType.I16: "I16", TType.I32: "I32", TType.I64: "I64"}
        names |= {TType.DOUBLE: "Double", TType.STRING: "String"}
        getattr(out, f"write{names[kind]}")(value)


def written(form: tuple[str, str], name: str = "ping", mtype: int = CALL, fields: Any = None, seq_id: int = 1) -> bytes:
    """One message as the library sends it by this protocol and transport."""
    protocol, transport = form
    memory = TMemoryBuffer()
    if transport.startswith("header"):
        kind = THeaderSubprotocolID.BINARY if protocol == "binary" else THeaderSubprotocolID.COMPACT
        out = THeaderProtocol(memory, None, default_protocol=kind)
        out.trans.set_header(b"x-trace", b"abc")
        if transport.endswith("zlib"):
            out.trans.add_transform(THeaderTransformID.ZLIB)
        flushed = out.trans
    else:
        flushed = TFramedTransport(memory) if transport == "framed" else memory
        out = PROTOCOLS[protocol](flushed)
    out.writeMessageBegin(name, mtype, seq_id)
    write(out, TType.STRUCT, fields or {})
    out.writeMessageEnd()
    flushed.flush()
    return bytes(memory.getvalue())


def read_struct(node: Field) -> dict[int, Any]:
    """The value of a struct node, in the form that `write` takes."""
    return dict(read_field(field) for field in node.children if field.name == "thrift.field")


def read_field(field: Field) -> tuple[int, Any]:
    number = next(c.value for c in field.children if c.name == "thrift.fid")
    assert isinstance(number, int)
    kind = type_of(field.children)
    rest = [c for c in field.children if c.name in VALUES or c.name in CONTAINERS]
    return number, (kind, read_one(rest[0], kind) if rest else field.value)


def type_of(nodes: list[Field]) -> int:
    """The binary protocol's number of the type that stands among these nodes."""
    for node in nodes:
        if node.name == "thrift.type" and isinstance(node.value, int):
            return node.value
        if node.name == "thrift.json.type":
            return NAMES[str(node.value)]
        for bits in node.bits:
            if bits.name == "thrift.compact_type":
                return COMPACT[bits.value]
    raise AssertionError([node.name for node in nodes])


VALUES = {f"thrift.{kind}" for kind in ("bool", "i8", "i16", "i32", "i64", "double", "string", "binary")}
CONTAINERS = {"thrift.struct", "thrift.list", "thrift.set", "thrift.map"}


def read_one(node: Field, kind: int) -> Any:
    if node.name == "thrift.struct":
        return read_struct(node)
    if node.name in ("thrift.list", "thrift.set"):
        element = type_of(node.children)
        return element, [read_one(c, element) for c in node.children if c.name in VALUES | CONTAINERS]
    if node.name == "thrift.map":
        pairs = [
            [c for c in entry.children if c.name in VALUES | CONTAINERS]
            for entry in node.children
            if entry.name == "thrift.entry"
        ]
        return [(read_one(key, 0), read_one(value, 0)) for key, value in pairs]
    return node.value == 1 if kind == TType.BOOL else node.value


def plain(kind: int, value: Any) -> Any:
    """A written value as `read_one` gives it back: maps without their types, their booleans as numbers."""
    if kind == TType.STRUCT:
        return {id_: (k, plain(k, v)) for id_, (k, v) in value.items()}
    if kind in (TType.LIST, TType.SET):
        return value[0], [plain(value[0], each) for each in value[1]]
    if kind == TType.MAP:
        return [(plain(value[0], k), plain(value[1], v)) for k, v in value[2]]
    return value


def like(ours: Any, theirs: Any) -> bool:
    """Equal, but that a string may read as bytes, and in maps compact booleans are 1 and 2."""
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(like(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(like(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(theirs, bool):
        return (ours in (True, 1)) == theirs
    if isinstance(theirs, str):
        return ours is None or bool(ours == theirs)
    if isinstance(theirs, float):
        return isinstance(ours, (int, float)) and float(ours) == theirs
    return bool(ours == theirs)


@pytest.mark.parametrize("form", FORMS, ids="-".join)
@settings(deadline=None, max_examples=60)
@given(
    st.from_regex(r"[a-z_][A-Za-z0-9_]{0,30}", fullmatch=True),
    values(TType.STRUCT, 3),
    st.sampled_from((CALL, REPLY, ONEWAY)),
    st.integers(-(2**31), 2**31 - 1),
)
def test_what_the_library_writes_is_read_back(
    form: tuple[str, str], name: str, fields: Any, mtype: int, seq_id: int
) -> None:
    data = written(form, name, mtype, fields, seq_id)
    (m,) = cut([(CLIENT, data)], forced="thrift")
    assert (m.protocol, m.start, m.end, m.issue) == ("thrift", 0, len(data), None)
    assert m.kind == {CALL: "call", REPLY: "reply", ONEWAY: "oneway"}[mtype]
    assert (m.facts["thrift.method"], m.facts["thrift.seq_id"]) == (name, seq_id)
    tree = check_message(m)
    assert not [node.issue for node in tree.walk() if node.issue]
    body = next(node for node in tree.walk() if node.name == "thrift.struct")
    assert like(read_struct(body), plain(TType.STRUCT, fields))


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_exchanges_are_recognised_and_paired_in_any_pieces(form: tuple[str, str]) -> None:
    fields = {
        1: (TType.STRING, 'a "quoted" \\ name'),
        3: (TType.LIST, (TType.I64, [1, -1, 2**40])),
        4: (TType.BOOL, True),
    }
    turns = [
        (CLIENT, written(form, "soma", CALL, fields, 1)),
        (SERVER, written(form, "soma", REPLY, {0: (TType.I32, 7)}, 1)),
        (CLIENT, written(form, "falha", CALL, {}, 2) + written(form, "avisar", ONEWAY, fields, 3)),
        (SERVER, written(form, "falha", EXCEPTION, {1: (TType.STRING, "no"), 2: (TType.I32, 1)}, 2)),
    ]
    messages = cut(turns)
    assert [(m.protocol, m.kind) for m in messages] == [
        ("thrift", kind) for kind in ("call", "reply", "call", "oneway", "exception")
    ]
    assert [m.answers for m in messages] == [None, messages[0], None, None, messages[2]]
    assert messages[1].summary == "soma → 7"
    assert messages[4].summary == 'EXCEPTION unknown method "falha": no'
    assert messages[0].summary == 'soma(1: "a \\"quoted\\" \\\\ name", 3: [1, -1, 1099511627776], 4: true)'
    for chunk in (1, 2, 3, 5, 17):
        assert sorted(map(repr, map(row, cut(turns, chunk)))) == sorted(map(repr, map(row, messages)))


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_a_strong_verdict_needs_the_name_and_stays(form: tuple[str, str]) -> None:
    data = written(form, "get_table", CALL, {1: (TType.STRING, "x" * 40)})
    strengths = [recognise(data[:end], CLIENT, Hints()).strength for end in range(1, len(data) + 1)]
    assert strengths == sorted(strengths), "a verdict became weaker"
    assert strengths[-1] == STRONG
    assert set(strengths[:9]) == {MORE}
    assert recognise(data, CLIENT, Hints()).protocol == "thrift"


@pytest.mark.parametrize("form", FORMS, ids="-".join)
@settings(deadline=None, max_examples=80)
@given(st.data())
def test_changed_bytes_break_nothing(form: tuple[str, str], data: st.DataObject) -> None:
    sample = bytearray(
        written(form, "soma", CALL, {1: (TType.MAP, (TType.STRING, TType.I32, [("a", 1)])), 2: (TType.DOUBLE, 1.5)})
    )
    for _ in range(data.draw(st.integers(1, 4))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    at = 0
    for m in cut([(CLIENT, bytes(sample[: data.draw(st.integers(1, len(sample)))]))], forced="thrift"):
        assert m.start == at
        at = m.end
        check_message(m)


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_the_next_message_is_found_behind_noise(form: tuple[str, str]) -> None:
    data = written(form, "soma", CALL, {1: (TType.I32, 1)})
    if not form[1].startswith("header"):
        assert find_start(b"noise " + data, 0, framed=form[1] == "framed") == 6


@pytest.mark.parametrize(
    ("data", "strength"),
    [
        (b"\x82", MORE),
        (b"\x82\x21", MORE),
        (b"\x82\x22", NONE),
        (b"\x82\x01\x00\x04ping\x00", NONE),
        (b"\x82\x21\x00\x04pi", MORE),
        (b"\x82\x21\x00\x04ping", MORE),
        (b"\x82\x21\x00\x04ping\x00", STRONG),
        (b"\x82\x21\x00\x04ping\x1f", NONE),
        (b"\x82\x21\x00\x04p\x00ng\x00", NONE),
        (b"\x82\x21\xff\xff\xff\xff\xff\xff\x04ping\x00", NONE),
        (b"\x82\x61\x00\x00", STRONG),
        (b"[1", MORE),
        (b"[1,2,3]", NONE),
        (b'["ping"]', NONE),
        (b'[1,"ping"', MORE),
        (b'[1,"ping",1,', STRONG),
        (b'[1,"ping",9,', NONE),
        (b'[1,"ping","x"]', NONE),
        (b'[1,"two words",1,', NONE),
        (b"\0\0\0\x10\x0f\xff\0\0\0\0\0\0\0\1", MORE),
        (b"\0\0\0\x10\x0f\xff\0\0\0\0\0\0\0\1\x07\x00", NONE),
        (b"\0\0\0\x20\x0f\xff\0\0\0\0\0\0\0\1\x02\x00\0\0\x82\x21\x00\x04ping\x00", STRONG),
        (b"\0\0\0\x20\x0f\xff\0\0\0\0\0\0\0\1\x02\x00\0\0GET /", NONE),
    ],
)
def test_recognition(data: bytes, strength: int) -> None:
    assert recognise(data, CLIENT, Hints()).strength == strength


@pytest.mark.parametrize(("value", "data"), [(0, b"\0"), (-1, b"\1"), (1, b"\2"), (-(2**31), b"\xff\xff\xff\xff\x0f")])
def test_zigzag_varints(value: int, data: bytes) -> None:
    assert varint_size(data, 0, len(data)) == len(data)
    assert zigzag(varint_value(data, 0, len(data))) == value


def test_varints_have_an_end() -> None:
    assert varint_size(b"\xff" * 4, 0, 4) == 0
    assert varint_size(b"\xff" * 20, 0, 20) == -1


def test_header_fields_are_named() -> None:
    (m,) = cut([(CLIENT, written(("compact", "header"), "ping"))])
    tree = check_message(m)
    assert value_of(tree, "thrift.header.magic") == 0x0FFF
    assert value_of(tree, "thrift.header.protocol_id") == 2
    assert (value_of(tree, "thrift.header.info_key"), value_of(tree, "thrift.header.info_value")) == ("x-trace", "abc")


def test_a_transformed_message_is_read_beside_its_bytes() -> None:
    (m,) = cut([(CLIENT, written(("compact", "header zlib"), "ping", CALL, {1: (TType.STRING, "x" * 500)}))])
    tree = check_message(m)
    inflated = next(node for node in tree.walk() if node.buffer is not None and node is not tree)
    assert inflated.buffer is not None
    assert not inflated.buffer.exact
    assert value_of(inflated, "thrift.string") == "x" * 500
    assert m.length < 200


def test_a_long_compact_list_has_its_count_behind() -> None:
    (m,) = cut([(CLIENT, written(("compact", "bare"), "p", CALL, {1: (TType.LIST, (TType.I32, list(range(20))))}))])
    tree = check_message(m)
    assert value_of(tree, "thrift.num_list_item") == 20


def test_json_binary_is_base64() -> None:
    text = b64encode(b"\x00\x01\xff").decode()
    (m,) = cut([(CLIENT, written(("json", "bare"), "p", CALL, {1: (TType.STRING, text)}))])
    assert value_of(check_message(m), "thrift.string") == text


@pytest.mark.parametrize(
    "text", ['[1,"p",1,0,{"1":{"xyz":5}}]', '[1,"p",1,0,{"99999":{"i32":5}}]', '[1,"p",1,0,{"1":{"i32":five}}]']
)
def test_wrong_json_is_told(text: str) -> None:
    m = cut([(CLIENT, text.encode())])[0]
    assert m.issue
    assert m.facts["thrift.method"] == "p"


def test_what_json_lacks_is_told_the_same_however_its_bytes_come() -> None:
    said = b'[1,"ping",1,0,{"1":[]}]'
    messages = cut([(CLIENT, said)], forced="thrift")
    assert messages[0].issue is not None
    assert "stands where Thrift's JSON has" in messages[0].issue
    assert [row(m) for m in cut([(CLIENT, said)], 1, forced="thrift")] == [row(m) for m in messages]
