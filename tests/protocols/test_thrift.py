"""Thrift's binary protocol and SASL, held against the `thrift` library and against hand-made bytes."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TFramedTransport, TMemoryBuffer

from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import Buffer, Plain
from inspector.model.errors import DecodeError
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.model.verdict import MORE, NONE, STRONG, WEAK
from inspector.protocols.base import Hints
from inspector.protocols.thrift import MAX_PENDING, PROTOCOL, ThriftConversation
from inspector.protocols.thrift_detect import MAX_FRAME, recognise
from inspector.protocols.thrift_struct import MAX_STRING
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from protocols.driver import check_tiling, cut, row, rows, value_of

CALL, REPLY, EXCEPTION, ONEWAY = (
    TMessageType.CALL,
    TMessageType.REPLY,
    TMessageType.EXCEPTION,
    TMessageType.ONEWAY,
)

Typed = tuple[int, Any]
"""A wire type and a value: for structs {id: Typed}, for lists and sets (element type, [values]), for maps
(key type, value type, [(key, value)])."""


def write_value(out: Any, kind: int, value: Any) -> None:
    """Write one value as the library would."""
    if kind == TType.STRUCT:
        out.writeStructBegin("")
        for id_, (field_kind, field) in value.items():
            out.writeFieldBegin("", field_kind, id_)
            write_value(out, field_kind, field)
            out.writeFieldEnd()
        out.writeFieldStop()
        out.writeStructEnd()
    elif kind == TType.MAP:
        key_kind, value_kind, pairs = value
        out.writeMapBegin(key_kind, value_kind, len(pairs))
        for key, item in pairs:
            write_value(out, key_kind, key)
            write_value(out, value_kind, item)
        out.writeMapEnd()
    elif kind in (TType.LIST, TType.SET):
        element_kind, items = value
        (out.writeListBegin if kind == TType.LIST else out.writeSetBegin)(element_kind, len(items))
        for item in items:
            write_value(out, element_kind, item)
        (out.writeListEnd if kind == TType.LIST else out.writeSetEnd)()
    else:
        write = {
            TType.BOOL: out.writeBool,
            TType.BYTE: out.writeByte,
            TType.I16: out.writeI16,
            TType.I32: out.writeI32,
            TType.I64: out.writeI64,
            TType.DOUBLE: out.writeDouble,
            TType.STRING: out.writeBinary if isinstance(value, bytes) else out.writeString,
        }[kind]
        write(value)


def message(
    name: str,
    mtype: int = CALL,
    fields: dict[int, Typed] | None = None,
    seq_id: int = 0,
    strict: bool = True,
    framed: bool = False,
) -> bytes:
    """One message as the `thrift` library writes it."""
    memory = TMemoryBuffer()
    transport = TFramedTransport(memory) if framed else memory
    out = TBinaryProtocol(transport, strictRead=strict, strictWrite=strict)
    out.writeMessageBegin(name, mtype, seq_id)
    write_value(out, TType.STRUCT, fields or {})
    out.writeMessageEnd()
    transport.flush()
    return bytes(memory.getvalue())


def read_back(tree: Field) -> Any:
    """The value of a struct node of our tree, in the form that `write_value` takes."""
    return {
        next(c.value for c in field.children if c.name == "thrift.fid"): (field.children[0].value, _content(field))
        for field in tree.children
        if field.name == "thrift.field"
    }


def _content(node: Field) -> Any:
    return _of_leaves([c for c in node.children if c.name not in ("thrift.type", "thrift.fid")])[0]


def _of_leaves(nodes: list[Field]) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        if node.name == "thrift.struct":
            found.append(read_back(node))
        elif node.name in ("thrift.list", "thrift.set"):
            found.append((node.children[0].value, _of_leaves(node.children[2:])))
        elif node.name == "thrift.map":
            pairs = [tuple(_of_leaves(entry.children)) for entry in node.children[3:]]
            found.append((node.children[0].value, node.children[1].value, pairs))
        elif node.name != "thrift.str_len":
            found.append(node.value if node.value is not None else node)
    return found


def same(ours: Any, written: Any, data: bytes) -> bool:
    """Whether two values agree; strings that read as bytes are compared by their bytes."""
    if isinstance(ours, Field):
        raw = written.encode() if isinstance(written, str) else written
        return data[ours.start : ours.end] == raw
    if isinstance(written, dict):
        return ours.keys() == written.keys() and all(
            ours[k][0] == written[k][0] and same(ours[k][1], written[k][1], data) for k in written
        )
    if isinstance(written, (tuple, list)):
        return len(ours) == len(written) and all(same(a, b, data) for a, b in zip(ours, written, strict=True))
    if isinstance(written, float):
        return struct.pack(">d", ours) == struct.pack(">d", written)
    if isinstance(written, bytes):
        return bool(ours == written.decode())
    return bool(ours == written)


SCALARS: dict[int, st.SearchStrategy[Any]] = {
    TType.BOOL: st.booleans(),
    TType.BYTE: st.integers(-128, 127),
    TType.I16: st.integers(-(2**15), 2**15 - 1),
    TType.I32: st.integers(-(2**31), 2**31 - 1),
    TType.I64: st.integers(-(2**63), 2**63 - 1),
    TType.DOUBLE: st.floats(allow_nan=False),
    TType.STRING: st.text(max_size=60) | st.binary(max_size=60),
}


@st.composite
def of_kind(draw: st.DrawFn, kind: int, depth: int) -> Any:
    """A value of wire type `kind`, nested at most `depth` deeper."""
    kinds = st.sampled_from([*SCALARS] + ([TType.STRUCT, TType.MAP, TType.LIST, TType.SET] if depth else []))
    if kind == TType.STRUCT:
        ids = draw(st.lists(st.integers(-(2**15), 2**15 - 1), unique=True, max_size=4))
        return {id_: (k, draw(of_kind(k, depth - 1))) for id_ in ids for k in [draw(kinds)]}
    if kind == TType.MAP:
        key, value = draw(kinds), draw(kinds)
        pair = st.tuples(of_kind(key, depth - 1), of_kind(value, depth - 1))
        return key, value, draw(st.lists(pair, max_size=3))
    if kind in (TType.LIST, TType.SET):
        element = draw(kinds)
        return element, draw(st.lists(of_kind(element, depth - 1), max_size=4))
    return draw(SCALARS[kind])


structs = of_kind(TType.STRUCT, 3)
names = st.from_regex(r"[a-z_][A-Za-z0-9_]{0,30}", fullmatch=True)


@settings(deadline=None, max_examples=150)
@given(
    names,
    structs,
    st.sampled_from((CALL, REPLY, ONEWAY)),
    st.integers(-(2**31), 2**31 - 1),
    st.booleans(),
    st.booleans(),
)
def test_values_written_by_the_library_are_read_back(
    name: str, fields: dict[int, Typed], mtype: int, seq_id: int, strict: bool, framed: bool
) -> None:
    data = message(name, mtype, fields, seq_id, strict, framed)
    (m,) = cut([(CLIENT, data)], forced="thrift")
    assert (m.start, m.end, m.kind) == (0, len(data), {CALL: "call", REPLY: "reply", ONEWAY: "oneway"}[mtype])
    assert m.facts["thrift.method"] == name
    assert m.facts["thrift.mtype"] == mtype
    assert m.facts["thrift.seq_id"] == seq_id
    tree = check_tiling(m)
    assert (tree.children[0].name == "thrift.frame_len") == framed
    assert not [node.issue for node in tree.walk() if node.issue]
    body = next(node for node in tree.children if node.name == "thrift.struct")
    assert same(read_back(body), fields, data)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(names, structs, structs), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_splits_do_not_matter(
    exchanges: list[tuple[str, dict[int, Typed], dict[int, Typed]]], strict: bool, framed: bool
) -> None:
    turns = [
        turn
        for i, (name, args, result) in enumerate(exchanges)
        for turn in (
            (CLIENT, message(name, CALL, args, i, strict, framed)),
            (SERVER, message(name, REPLY, result, i, strict, framed)),
        )
    ]
    whole = cut(turns)
    assert [m.protocol for m in whole] == ["thrift"] * len(turns)
    for chunk in (1, 4, 5, 13):
        pieces = cut(turns, chunk)
        # Which side is cut first depends on the pieces, and with it who is known when a reply comes.
        assert [r[:7] for r in rows(pieces)] == [r[:7] for r in rows(whole)]


SAMPLES = [
    message("get_table", CALL, {1: (TType.STRING, "default"), 2: (TType.STRING, "t")}),
    message("get_table", CALL, {1: (TType.LIST, (TType.STRUCT, [{1: (TType.I32, 7)}]))}, strict=False),
    message("get_table", REPLY, {0: (TType.MAP, (TType.STRING, TType.I64, [("a", 1), ("b", 2)]))}, framed=True),
    message("get_table", EXCEPTION, {1: (TType.STRING, "no"), 2: (TType.I32, 1)}, strict=False, framed=True),
    b"\x01\0\0\0\x05PLAIN\x02\0\0\0\x0f\0pedro\0segredo\0\0",
    b"\x04\0\0\0\x11Invalid status 71",
]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SAMPLES), st.data())
def test_mutations_raise_nothing_but_decode_errors(sample: bytes, data: st.DataObject) -> None:
    mutated = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    mutated = mutated[: data.draw(st.integers(1, len(mutated)))]
    messages = cut([(CLIENT, bytes(mutated))], forced="thrift")
    at = 0
    for m in messages:
        assert m.start == at
        at = m.end
        check_tiling(m)
    assert at == len(mutated)
    assert recognise(bytes(mutated), CLIENT, Hints()).protocol == "thrift"


@pytest.mark.parametrize("sample", SAMPLES[:4])
def test_a_message_cut_anywhere_after_its_header_is_reported(sample: bytes) -> None:
    (whole,) = cut([(CLIENT, sample)], forced="thrift")
    header = next(n for n in check_tiling(whole).children if n.name in ("thrift.struct", "thrift.exception")).start
    for end in range(header, len(sample)):
        (m,) = cut([(CLIENT, sample[:end])], forced="thrift")
        assert (m.kind, m.end, m.complete) == (whole.kind, end, False)
        assert m.issue is not None
        assert m.facts["thrift.method"] == "get_table"
        tree = check_tiling(m)
        assert value_of(tree, "thrift.method") == "get_table"
    for end in range(1, header):
        assert {m.protocol for m in cut([(CLIENT, sample[:end])], forced="thrift")} == {"data"}


def fits(data: bytes, side: int = CLIENT, port: int = 0) -> int:
    """How strongly `data` is taken for Thrift."""
    return recognise(data, side, Hints(server_port=port)).strength


@pytest.mark.parametrize(
    ("data", "side", "strength"),
    [
        (b"", CLIENT, MORE),
        (b"\x80", CLIENT, MORE),
        (b"\x80\x01\0\x01", CLIENT, MORE),
        (b"\x80\x01\0\x01\0\0\0\x04pin", CLIENT, MORE),
        (b"\x80\x01\0\x01\0\0\0\x04ping", CLIENT, STRONG),
        (b"\x80\x01\0\x01\0\0\0\x04p\0ng", CLIENT, NONE),
        (b"\x80\x01\0\x05\0\0\0\x04ping", CLIENT, NONE),
        (b"\x80\x01\0\x01\0\0\xff\xff", CLIENT, NONE),
        (b"\x80\x01\0\x01\0\0\0\0", CLIENT, NONE),
        (b"\x80\x01\0\x03\0\0\0\0", SERVER, STRONG),
        (b"\x80\x02", CLIENT, NONE),
        (b"\0\0\0\x04ping\x01\0\0\0\0", CLIENT, MORE),
        (b"\0\0\0\x04ping\x01\0\0\0\0\0", CLIENT, STRONG),
        (b"\0\0\0\x04ping\x09", CLIENT, NONE),
        (b"\0\0\0\x04ping\x01\0\0\0\0\x63", CLIENT, NONE),
        (b"\0\0\0\x1c\x80\x01\0\x01", CLIENT, MORE),
        (b"\0\0\0\x1c\x80\x01\0\x01\0\0\0\x04ping", CLIENT, STRONG),
        (b"\0\0\0\x11\0\0\0\x04ping\x01\0\0\0\0\0", CLIENT, STRONG),
        # HTTP/2 SETTINGS, PostgreSQL SSLRequest and start-up, Kafka ApiVersions
        (b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80", SERVER, NONE),
        (b"\0\0\0\x08\x04\xd2\x16\x2f", CLIENT, NONE),
        (b"\0\0\0\x29\0\x03\0\0user\0", CLIENT, NONE),
        (b"\0\0\0\x1b\0\x12\0\0\0\0\0\x01\0\x07rdkafka", CLIENT, NONE),
        (b"GET / HTTP/1.1\r\n", CLIENT, NONE),
        (b"\x16\x03\x01\x02\0\x01", CLIENT, NONE),
        (b"\x01\0\0\0\x06GSS", CLIENT, MORE),
        (b"\x01\0\0\0\x06GSSAPI", CLIENT, STRONG),
        (b"\x01\0\0\0\x06GSSAPX", CLIENT, NONE),
        (b"\x01\0\0\0\x06GSSAPI", SERVER, NONE),
        (b"\x02\0\0\0\x02hi", CLIENT, NONE),
        (b"\x04\0\0", SERVER, MORE),
        (b"\x04\0\0\0\x11Inva", SERVER, MORE),
        (b"\x04\0\0\0\x11Invalid ", SERVER, STRONG),
        (b"\x04\0\0\0\x11Invalid status 71", SERVER, STRONG),
        (b"\x05\0\0\0\0", SERVER, STRONG),
        (b"\x05\0\0\0\0\0\0\0m\x80", SERVER, STRONG),
        (b"\x02\0\0\0\x6c\x60\x6a\x06\x09\x2a\x86\x48\x86", SERVER, STRONG),
        # MySQL's end of file, SOCKS 5
        (b"\x05\0\0\x03\xfe\0\0\x02\0", SERVER, NONE),
        (b"\x05\0\x05\0\0\x01\x7f\0\0\x01", SERVER, NONE),
    ],
)
def test_recognition(data: bytes, side: int, strength: int) -> None:
    assert fits(data, side) == strength


def test_evidence_quotes_the_bytes() -> None:
    assert "80 01 00 01" in recognise(message("ping"), CLIENT, Hints()).evidence
    assert "ping" in recognise(message("ping"), CLIENT, Hints()).evidence
    assert "00 00 00 04" in recognise(message("ping", strict=False), CLIENT, Hints()).evidence
    assert "00 00 00 11" in recognise(message("ping", framed=True), CLIENT, Hints()).evidence
    assert "04 00 00 00 11" in recognise(SAMPLES[5], SERVER, Hints()).evidence


@pytest.mark.parametrize(
    "sample",
    [
        *SAMPLES,
        b"\x04\0\0\0\x11Invalid sta\0us 71",
        b"GET / HTTP/1.1\r\n",
        bytes(32),
        b"\x80\x01\0\x01\0\0\0\x04p\0ng\0\0\0\0",
    ],
)
@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_a_verdict_once_given_stays(sample: bytes, side: int) -> None:
    decided = MORE
    for end in range(1, len(sample) + 1):
        strength = fits(sample[:end], side)
        assert decided in (MORE, strength)
        decided = strength


def test_a_late_start_on_a_usual_port_is_weak_evidence() -> None:
    late = b"\xfe\x00\x03tail\0" + message("get_table")
    assert fits(late, port=9083) == WEAK
    assert fits(late, port=1234) == NONE
    assert fits(late[:9], port=9083) == MORE
    assert fits(b"POST /", port=9083) == NONE
    cut_at = [(m.protocol, m.start) for m in cut([(CLIENT, late)], hints=Hints(server_port=9083))]
    assert cut_at == [("data", 0), ("thrift", 8)]


def test_strict_header_fields() -> None:
    (m,) = cut([(CLIENT, message("ping", seq_id=7))])
    tree = check_tiling(m)
    leaves = [(leaf.name, leaf.value) for leaf in tree.leaves()]
    assert leaves == [
        ("thrift.protocol_id", 0x80),
        ("thrift.version", 1),
        ("thrift.unused", 0),
        ("thrift.mtype", 1),
        ("thrift.str_len", 4),
        ("thrift.method", "ping"),
        ("thrift.seq_id", 7),
        ("thrift.stop", 0),
    ]


def numbers(m: Message | None) -> int | None:
    return m.number if m is not None else None


def test_replies_pair_by_sequence_id_even_out_of_order() -> None:
    turns = [(CLIENT, message("a", seq_id=1) + message("a", seq_id=2)), (SERVER, message("a", REPLY, seq_id=2))]
    messages = cut([*turns, (SERVER, message("a", REPLY, seq_id=1))])
    assert [numbers(m.answers) for m in messages] == [None, None, 2, 1]


def test_replies_pair_by_order_when_sequence_ids_repeat() -> None:
    turns = [(CLIENT, message("a") + message("b") + message("a"))]
    turns.append((SERVER, message("a", REPLY) + message("b", REPLY) + message("a", REPLY)))
    assert [numbers(m.answers) for m in cut(turns)] == [None, None, None, 1, 2, 3]


def test_a_reply_with_a_wrong_sequence_id_pairs_by_name() -> None:
    messages = cut([(CLIENT, message("a", seq_id=5)), (SERVER, message("a", REPLY, seq_id=0))])
    assert numbers(messages[1].answers) == 1


def test_an_exception_without_a_name_pairs_by_sequence_id() -> None:
    turns = [(CLIENT, message("a", seq_id=1) + message("b", seq_id=2)), (SERVER, message("", EXCEPTION, seq_id=2))]
    assert numbers(cut(turns)[2].answers) == 2


def test_a_multiplexed_call_pairs_with_the_bare_name() -> None:
    messages = cut([(CLIENT, message("Sums:add")), (SERVER, message("add", REPLY))])
    assert numbers(messages[1].answers) == 1


def test_a_oneway_call_waits_for_no_reply() -> None:
    messages = cut([(CLIENT, message("a", ONEWAY) + message("a")), (SERVER, message("a", REPLY))])
    assert [m.kind for m in messages] == ["oneway", "call", "reply"]
    assert numbers(messages[2].answers) == 2


def test_calls_never_answered_are_forgotten_in_the_end() -> None:
    out = stream()
    out.feed(CLIENT, message("a") * (MAX_PENDING + 10))
    conversation = out.lanes[CLIENT].conversation
    assert isinstance(conversation, ThriftConversation)
    assert len(conversation.pending) == MAX_PENDING


def stream() -> Stream:
    """A conversation's stream into which nothing was fed yet."""
    buffers = [Buffer(name, Plain(b"")) for name in ("client", "server")]
    return Stream(Context(Schemas(), Clock()), 1, buffers, Hints(), "thrift")


IDL = """
enum State { OFF = 0, ON = 1 }
typedef map<string, State> States
struct Point { 1: double x, 2: double y }
struct Reading { 1: string id, 2: State state, 3: binary raw, 4: list<Point> path, 5: States states, 6: Reading last }
exception NotFound { 1: string message, 2: i32 code }
service Sensors {
  Reading get(1: string id, 2: i64 at) throws (1: NotFound missing)
  void put(1: Reading reading)
  list<State> states(1: list<State> wanted)
  oneway void tell(1: string what)
}
"""


@pytest.fixture
def schemas(tmp_path: Path) -> Schemas:
    path = tmp_path / "sensors.thrift"
    path.write_text(IDL)
    found = Schemas()
    found.thrift.load(path)
    return found


READING = {
    1: (TType.STRING, "s-1"),
    2: (TType.I32, 1),
    3: (TType.STRING, b"\x01\x02"),
    4: (TType.LIST, (TType.STRUCT, [{1: (TType.DOUBLE, 1.5), 2: (TType.DOUBLE, -2.0)}])),
    5: (TType.MAP, (TType.STRING, TType.I32, [("a", 0)])),
    9: (TType.I16, 3),
}


def test_names_from_an_idl(schemas: Schemas) -> None:
    turns = [
        (CLIENT, message("get", CALL, {1: (TType.STRING, 's"1\n'), 2: (TType.I64, 5)})),
        (SERVER, message("get", REPLY, {0: (TType.STRUCT, READING)})),
        (CLIENT, message("get", CALL, {1: (TType.STRING, "x" * 99)})),
        (SERVER, message("get", REPLY, {1: (TType.STRUCT, {1: (TType.STRING, "no s"), 2: (TType.I32, 404)})})),
        (CLIENT, message("put", CALL, {1: (TType.STRUCT, {6: (TType.STRUCT, {1: (TType.STRING, "in")})})})),
        (SERVER, message("put", REPLY)),
        (CLIENT, message("tell", ONEWAY, {1: (TType.STRING, "olá")})),
        (CLIENT, message("states", CALL, {1: (TType.LIST, (TType.I32, [1, 7]))})),
    ]
    messages = cut(turns, schemas=schemas)
    assert [m.summary for m in messages] == [
        'get(id="s\\"1\\n", at=5)',
        'get → Reading(id="s-1", state=ON, raw=0x0102, path=[Point(x=1.5, y=-2.0)], states={"a": OFF}, 9: 3)',
        f'get(id="{"x" * 40}…")',
        'get → NotFound("no s", code=404)',
        'put(reading=Reading(last=Reading(id="in")))',
        "put → void",
        'tell(what="olá")',
        "states(wanted=[ON, 7])",
    ]
    assert messages[3].facts["thrift.exception"] == "NotFound"
    tree = check_tiling(messages[1], schemas)
    labels = [(node.name, node.label) for node in tree.walk() if node.label]
    assert ("thrift.field", "state") in labels
    assert ("thrift.enum", "ON") in labels
    assert ("thrift.struct", "Reading") in labels
    assert ("thrift.list", "list<Point>") in labels
    assert ("thrift.map", "map<string, State>") in labels
    state = next(node for node in tree.walk() if node.label == "state")
    assert state.value == "ON"
    raw = next(node for node in tree.walk() if node.label == "raw")
    assert [c.name for c in raw.children] == ["thrift.type", "thrift.fid", "thrift.str_len", "thrift.binary"]
    unknown = next(node for node in tree.walk() if node.name == "thrift.field" and node.value == 3)
    assert unknown.label == ""


def test_without_an_idl_ids_and_types() -> None:
    fields: dict[int, Typed] = {
        1: (TType.STRING, "x"),
        2: (TType.I32, 7),
        3: (TType.STRING, b"\xff\xfe"),
        4: (TType.SET, (TType.BOOL, [True])),
    }
    turns = [
        (CLIENT, message("foo", CALL, fields)),
        (SERVER, message("foo", REPLY, {0: (TType.I32, 3)})),
        (CLIENT, message("foo")),
        (SERVER, message("foo", REPLY, {2: (TType.STRUCT, {1: (TType.STRING, "why")})})),
    ]
    messages = cut(turns)
    assert [m.summary for m in messages] == [
        'foo(1: "x", 2: 7, 3: 0xfffe, 4: [true])',
        "foo → 3",
        "foo()",
        'foo → declared exception 2(1: "why")',
    ]
    assert messages[3].facts["thrift.exception"] == "field 2"


def test_a_type_other_than_the_idl_says_is_remarked_and_read_as_it_is(schemas: Schemas) -> None:
    (m,) = cut([(CLIENT, message("get", CALL, {1: (TType.I32, 5)}))], schemas=schemas)
    tree = check_tiling(m, schemas)
    assert m.summary == "get(id=5)"
    assert [node.issue for node in tree.walk() if node.issue] == ["the IDL declares string"]


def test_of_functions_of_one_name_the_one_that_fits_the_bytes_names_the_fields(tmp_path: Path) -> None:
    found = Schemas()
    for name, args in (("one", "1: string text"), ("two", "1: i32 count")):
        (tmp_path / f"{name}.thrift").write_text(f"service S{name} {{ void go({args}) }}")
        found.thrift.load(tmp_path / f"{name}.thrift")
    turns = [(CLIENT, message("go", CALL, {1: (TType.I32, 3)}) + message("go", CALL, {1: (TType.STRING, "a")}))]
    assert [m.summary for m in cut(turns, schemas=found)] == ["go(count=3)", 'go(text="a")']
    (multiplexed,) = cut([(CLIENT, message("Sone:go", CALL, {1: (TType.STRING, "a")}))], schemas=found)
    assert multiplexed.summary == 'Sone:go(text="a")'


def test_exceptions_say_their_type_and_message() -> None:
    data = message("foo", EXCEPTION, {1: (TType.STRING, "Invalid method name: 'foo'"), 2: (TType.I32, 1)})
    (m,) = cut([(SERVER, data)])
    assert m.kind == "exception"
    assert m.summary == "EXCEPTION unknown method \"foo\": Invalid method name: 'foo'"
    assert m.facts["thrift.exception.message"] == "Invalid method name: 'foo'"
    assert m.facts["thrift.exception.type"] == 1
    tree = check_tiling(m)
    assert value_of(tree, "thrift.exception.message") == "Invalid method name: 'foo'"
    assert value_of(tree, "thrift.exception.type") == 1
    (bare,) = cut([(SERVER, message("foo", EXCEPTION))])
    assert bare.summary == 'EXCEPTION unknown error "foo"'


def test_long_summaries_are_cut() -> None:
    fields: dict[int, Typed] = dict.fromkeys(range(1, 9), (TType.STRING, "y" * 30))
    (m,) = cut([(CLIENT, message("foo", CALL, fields))])
    assert len(m.summary) <= 120
    assert m.summary.endswith("…)")


def test_several_frames_and_bytes_after_a_message_in_its_frame() -> None:
    inner = message("a")
    data = message("a", framed=True) + struct.pack(">i", len(inner) + 3) + inner + b"xyz"
    messages = cut([(CLIENT, data)])
    assert [m.kind for m in messages] == ["call", "call"]
    assert messages[1].issue == "3 bytes follow the message in its frame"
    assert check_tiling(messages[1]).children[-1].name == "thrift.frame_rest"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x05\0\x01", "field type 5"),
        (b"\x0b\0\x01\xff\xff\xff\xff", "negative"),
        (b"\x0b\0\x01" + struct.pack(">i", MAX_STRING + 1), "a string of"),
        (b"\x0f\0\x01\x08\xff\xff\xff\xff", "fewer than none"),
        (b"\x0f\0\x01\x08" + struct.pack(">i", MAX_STRING + 1), "more than"),
        (b"\x0f\0\x01\x05\0\0\0\x01", "element type 5"),
        (b"\x0d\0\x01\x05\x08\0\0\0\x01", "element type 5"),
    ],
)
def test_bytes_that_break_the_protocol(body: bytes, reason: str) -> None:
    data = message("a")[:-1] + body
    after = message("later", framed=False)
    messages = cut([(CLIENT, data + after)])
    assert messages[0].kind == "call"
    assert messages[0].issue is not None
    assert reason in messages[0].issue
    assert messages[-1].summary == "later()"
    for m in messages:
        check_tiling(m)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02\0\x01\0\0\0\x01a\0\0\0\0\0",
        b"\x80\x01\0\x07\0\0\0\x01a\0\0\0\0\0",
        b"\x80\x01\0\x01\x7f\0\0\x01a\0\0\0\0\0",
        b"\x80\x01\0\x01\0\0\0\x02a\x07\0\0\0\0\0",
        struct.pack(">i", MAX_FRAME + 1) + b"\x80\x01\0\x01\0\0\0\x01a\0\0\0\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x04\x7f\0\0\0abc",
    ],
)
def test_bytes_that_are_no_message_are_left_to_data(data: bytes) -> None:
    assert cut([(CLIENT, data)], forced="thrift")[0].protocol == "data"


def test_a_frame_that_ends_inside_its_message_is_malformed() -> None:
    inner = message("a", CALL, {1: (TType.STRING, "hello")})
    broken = struct.pack(">i", len(inner) - 3) + inner[:-3]
    messages = cut([(CLIENT, broken + message("b", framed=True))], forced="thrift")
    assert [(m.kind, m.end) for m in messages] == [("call", len(broken)), ("call", len(broken) + 18)]
    assert messages[0].issue is not None
    check_tiling(messages[0])


def test_a_frame_too_short_for_a_header_is_left_to_data() -> None:
    messages = cut([(CLIENT, b"\0\0\0\x03" + message("a"))], forced="thrift")
    assert [(m.protocol, m.start) for m in messages] == [("data", 0), ("thrift", 4)]


def test_a_broken_call_is_paired_with_its_reply_all_the_same() -> None:
    broken = message("a", CALL, {1: (TType.STRING, "hello")}, framed=True).replace(b"\x0b", b"\x05")
    messages = cut([(CLIENT, broken), (SERVER, message("a", EXCEPTION, framed=True))])
    assert messages[0].issue == "field type 5 is none of Thrift's types"
    assert messages[1].answers is messages[0]


def test_replies_lost_in_a_hole_do_not_shift_the_pairing() -> None:
    out = stream()
    reply = message("a", REPLY)
    for at in range(3):
        out.feed(CLIENT, message("a"))
        if at == 1:
            out.feed_hole(SERVER, len(reply))
        else:
            out.feed(SERVER, reply)
    calls = [m for m in out.context.messages if m.kind == "call"]
    assert [m.answers for m in out.context.messages if m.kind == "reply"] == [calls[0], calls[2]]


def nested(levels: int, kind: bytes) -> bytes:
    """A call whose argument is nested so deep."""
    if kind == b"\x0c":
        return message("deep")[:-1] + b"\x0c\0\x01" * levels + b"\0" * levels + b"\0"
    return message("deep")[:-1] + b"\x0f\0\x01" + b"\x0f\0\0\0\x01" * levels + b"\x08\0\0\0\0" + b"\0"


@pytest.mark.parametrize("kind", [b"\x0c", b"\x0f"])
def test_nesting_has_a_limit(kind: bytes) -> None:
    (fine,) = cut([(CLIENT, nested(60, kind))], forced="thrift")
    assert fine.complete
    check_tiling(fine)
    messages = cut([(CLIENT, nested(5000, kind))], forced="thrift")
    assert messages[0].issue == "nested deeper than 64 levels"
    for m in messages:
        check_tiling(m)


def test_a_long_list_of_numbers_is_cut_and_drawn_in_part() -> None:
    data = message("sum", CALL, {1: (TType.LIST, (TType.I64, list(range(20_000))))})
    (m,) = cut([(CLIENT, data)])
    assert m.summary.startswith("sum(1: [0, 1, 2")
    assert m.end == len(data)
    check_tiling(m)


PLAIN = [
    (CLIENT, b"\x01\0\0\0\x05PLAIN"),
    (CLIENT, b"\x02\0\0\0\x0e\0pedro\0segredo"),
    (SERVER, b"\x05\0\0\0\0"),
    (CLIENT, message("OpenSession", framed=True)),
    (SERVER, message("OpenSession", REPLY, framed=True)),
]


@pytest.mark.parametrize("chunk", [0, 1, 4])
def test_sasl_negotiation_and_the_frames_after_it(chunk: int) -> None:
    messages = cut(PLAIN, chunk)
    found = [(m.side, m.kind, m.summary) for m in messages]
    assert sorted(found, key=lambda item: item[0]) == [
        (CLIENT, "sasl", "SASL START PLAIN"),
        (CLIENT, "sasl", 'SASL OK, user "pedro"'),
        (CLIENT, "call", "OpenSession()"),
        (SERVER, "sasl", "SASL COMPLETE"),
        (SERVER, "reply", "OpenSession → ()"),
    ]
    assert messages[0].facts == {"thrift.sasl.status": "START", "thrift.sasl.mechanism": "PLAIN"}
    trees = [check_tiling(m) for m in messages]
    password = next(n for tree in trees for n in tree.walk() if n.name == "thrift.sasl.password")
    assert (password.value, password.end - password.start) == ("segredo", 7)
    assert all("segredo" not in str(row(m)) for m in messages)


def test_a_sasl_server_answers_http() -> None:
    (request, answer) = cut([(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (SERVER, SAMPLES[5])])
    assert request.protocol == "http"
    assert (answer.protocol, answer.kind, answer.summary) == ("thrift", "sasl", 'SASL ERROR "Invalid status 71"')
    assert answer.facts == {"thrift.sasl.status": "ERROR", "thrift.sasl.error": "Invalid status 71"}
    assert value_of(check_tiling(answer), "thrift.sasl.error") == "Invalid status 71"


@pytest.mark.parametrize(
    ("mechanism", "start", "words"),
    [
        (b"GSSAPI", "050406ff", "SASL wrapped payload, encrypted with Kerberos, 64 bytes"),
        (b"GSSAPI", "050404ff", "SASL wrapped payload, signed, 64 bytes"),
        (b"GSSAPI", "01020304", "SASL wrapped payload, signed or encrypted by GSSAPI, 64 bytes"),
        (b"DIGEST-MD5", "01020304", "SASL wrapped payload, signed or encrypted by DIGEST-MD5, 64 bytes"),
        (b"PLAIN", "01020304", "payload that holds no Thrift message, 64 bytes"),
    ],
)
def test_frames_that_sasl_wraps_are_opaque(mechanism: bytes, start: str, words: str) -> None:
    wrapped = bytes.fromhex(start) + bytes(range(60))
    frame = struct.pack(">i", len(wrapped)) + wrapped
    login = b"\x01" + struct.pack(">i", len(mechanism)) + mechanism
    messages = cut([(CLIENT, login), *PLAIN[1:3], (CLIENT, frame), (SERVER, frame)])
    assert [m.summary for m in messages[3:]] == [words] * 2
    for m in messages:
        tree = check_tiling(m)
    assert [child.name for child in tree.children] == ["thrift.frame_len", "thrift.sasl.payload"]


def test_a_negotiation_cut_short() -> None:
    messages = cut([(CLIENT, PLAIN[0][1] + PLAIN[1][1][:-4])])
    assert [(m.kind, m.complete) for m in messages] == [("sasl", True), ("sasl", False)]
    check_tiling(messages[1])


def test_resync_finds_the_next_header_with_its_frame() -> None:
    conversation = ThriftConversation(Hints(), Schemas())
    junk = b"\x80\x01\0\x09junk" * 3
    assert conversation.resync(CLIENT, junk + message("next"), 0) == len(junk)
    assert conversation.resync(CLIENT, junk + message("next", framed=True), 1) == len(junk)
    assert conversation.resync(CLIENT, junk, 0) == -1


def test_step_raises_only_decode_errors_and_reports_nothing_then() -> None:
    whole = SAMPLES[0]
    for end in range(1, len(whole)):
        out = stream()
        with pytest.raises(DecodeError):
            ThriftConversation(Hints(), Schemas()).step(CLIENT, Reader(whole[:end]), out)
        assert out.context.messages == []


def test_the_descriptor() -> None:
    assert PROTOCOL.name == "thrift"
    assert 9083 in PROTOCOL.ports
