"""Protobuf against the protobuf library, with a schema and without."""

import struct
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field
from inspector.protocols.protobuf_guess import choose_length_delimited, length_readings
from inspector.protocols.protobuf_read import read_message
from inspector.protocols.protobuf_summary import summarise
from inspector.schema.proto import ProtoMessage
from inspector.session import Options, bundled, load_schemas, read_bytes
from inspector.wire.recorder import Recorder
from protobuf_values import decoded, expected, fields_of, same
from streams import check_tree

SCHEMAS = load_schemas(Options())
POOL = descriptor_pool.DescriptorPool()
for file in FileDescriptorSet.FromString((bundled("protos") / "all.desc").read_bytes()).file:
    POOL.Add(file)


def type_named(name: str) -> ProtoMessage:
    found = SCHEMAS.proto.message(name)
    assert found is not None
    return found


def library(name: str) -> Any:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


def tree_of(data: bytes, name: str = "") -> Field:
    """The tree of a message, held to the rules for trees."""
    r = Recorder(data, 0, [], "protobuf")
    read_message(r, type_named(name) if name else None, SCHEMAS.proto)
    tree = r.finish()
    tree.buffer = Buffer("bytes", Plain(data))
    check_tree(tree, tree.buffer)
    return tree


INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
ANYTHING = st.fixed_dictionaries(
    {},
    optional={
        "sensor_id": st.text(max_size=40),
        "temperatura": st.floats(),
        "instante": st.builds(lambda s, n: {"seconds": s, "nanos": n}, INT64, INT32),
        "estado": INT32,
        "local": st.builds(lambda a, b: {"latitude": a, "longitude": b}, st.floats(), st.floats()),
        "atributos": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=1),
        "mensagem": st.text(max_size=10),
        "deltas": st.lists(INT32, max_size=20),
        "codigos": st.lists(st.integers(0, 2**32 - 1), max_size=5),
        "contador": INT64,
        "umidade": st.builds(lambda v: {"value": v}, st.floats(width=32)),
        "carimbo": INT64,
        "critico": st.booleans(),
        "pressao": st.floats(width=32),
        "grande": st.integers(0, 2**64 - 1),
    },
)


@given(ANYTHING)
def test_typed_messages_decode_to_what_was_encoded(values: dict[str, Any]) -> None:
    message = library("fabrica.v1.TemperaturaResponse")(**values)
    data = message.SerializeToString()
    assert same(decoded(tree_of(data, "fabrica.v1.TemperaturaResponse"), data), expected(message))


@given(ANYTHING)
def test_fields_decode_without_a_schema(values: dict[str, Any]) -> None:
    message = library("fabrica.v1.TemperaturaResponse")(**values)
    data = message.SerializeToString()
    numbers = [int(field.label.removeprefix("field ")) for field in fields_of(tree_of(data))]
    assert sorted(set(numbers)) == [descriptor.number for descriptor, _ in message.ListFields()]


@given(st.binary(max_size=300), st.sampled_from(["", "fabrica.v1.TemperaturaResponse", "google.protobuf.Value"]))
def test_any_bytes_have_a_tree(data: bytes, name: str) -> None:
    tree_of(data, name)
    summarise(data, 0, len(data), type_named(name) if name else None)


@given(ANYTHING, st.data())
def test_damaged_messages_have_a_tree(values: dict[str, Any], data: st.DataObject) -> None:
    whole = bytearray(library("fabrica.v1.TemperaturaResponse")(**values).SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        if whole:
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    raw = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    tree = tree_of(raw, "fabrica.v1.TemperaturaResponse")
    try:
        library("fabrica.v1.TemperaturaResponse").FromString(raw)
    except DecodeError:
        broken = [node.issue for node in tree.walk() if node.issue]
        assert broken


def nest(parts: list[bytes]) -> bytes:
    return b"".join(b"\x0a" + bytes([len(part) & 0x7F]) + part[: len(part) & 0x7F] for part in parts)


@given(st.recursive(st.just(b""), lambda inner: st.lists(inner, max_size=3).map(nest), max_leaves=40))
def test_nesting_without_a_schema(data: bytes) -> None:
    tree_of(data)


@pytest.mark.parametrize("step", [lambda d: b"\x0a" + length(d) + d, lambda d: b"\x0b" + d + b"\x0c"])
def test_deep_nesting_ends(step: Any) -> None:
    data = b"\x08\x01"
    for _ in range(500):
        data = step(data)
    issues = [node.issue for node in tree_of(data).walk() if node.issue]
    assert any("nested deeper" in issue for issue in issues)


def length(data: bytes) -> bytes:
    size = len(data)
    found = b""
    while size > 0x7F:
        found += bytes([size & 0x7F | 0x80])
        size >>= 7
    return found + bytes([size])


def test_the_lesson_example() -> None:
    (message, tree), *rest = read_bytes(bytes.fromhex("08970112024131"), 0, "protobuf").found
    assert not rest
    assert (message.summary, message.issue) == ('(1: 151, 2: "A1")', None)
    first, second = fields_of(tree)
    assert (first.label, first.value, first.children[1].end - first.children[1].start) == ("field 1", 151, 2)
    assert (second.label, second.value) == ("field 2", "A1")
    readings = [child.value for child in first.children if child.name.startswith("protobuf.reading")]
    assert readings == [
        "uint64 151: the plain reading, the same for int32, int64 and uint32",
        "enum, its value number 151",
        "sint64 (zigzag) -76",
    ]


def test_bytes_as_a_type() -> None:
    options = Options(message_type="sensor.TemperaturaResponse")
    ((message, tree),) = read_bytes(bytes.fromhex("090000000000803540120143"), 0, "protobuf", options).found
    assert message.summary == 'TemperaturaResponse(valor=21.5, unidade="C")'
    assert [(field.label, field.value) for field in fields_of(tree)] == [("valor", 21.5), ("unidade", "C")]


@pytest.mark.parametrize("count", [1, 3])
def test_messages_behind_their_lengths(count: int) -> None:
    one = library("sensor.SensorRequest")(sensor_id="s" * 200, ultimos_minutos=5).SerializeToString()
    data = (length(one) + one) * count
    options = Options(message_type="sensor.SensorRequest")
    ((message, tree),) = read_bytes(data, 0, "protobuf", options).found
    assert message.issue is None
    assert message.summary.startswith(
        f"{count} message{'' if count == 1 else 's'} behind their lengths: SensorRequest("
    )
    parts = [node for node in tree.children if node.name == "protobuf.delimited"]
    assert [(node.start, node.end) for node in parts] == [
        (len(data) // count * i, len(data) // count * (i + 1)) for i in range(count)
    ]
    assert [[field.value for field in fields_of(node)] for node in parts] == [["s" * 200, 5]] * count
    check_tree(tree, tree.buffer or Buffer("", Plain(b"")))


def test_declared_bytes_that_hold_a_message_are_read_as_one() -> None:
    inner = library("sensor.SensorRequest")(sensor_id="sensor-1", ultimos_minutos=5).SerializeToString()
    data = library("google.protobuf.BytesValue")(value=inner).SerializeToString()
    (field,) = fields_of(tree_of(data, "google.protobuf.BytesValue"))
    (value,) = [node for node in field.children if node.name == "protobuf.field.value"]
    assert value.value == inner
    assert [each.value for each in fields_of(value)] == ["sensor-1", 5]
    assert any("split exactly into fields" in str(node.value) for node in field.children)
    data = library("google.protobuf.BytesValue")(value=b"\xff\xfe\xfd\xfc").SerializeToString()
    (field,) = fields_of(tree_of(data, "google.protobuf.BytesValue"))
    assert all(not node.children for node in field.children)


def issues(data: bytes, name: str) -> list[str]:
    return [node.issue for node in tree_of(data, name).walk() if node.issue]


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        ("1805", "sensor.SensorRequest", "sensor.SensorRequest has no field 3"),
        ("0805", "sensor.SensorRequest", "declared as string sensor_id = 1, but sent as varint"),
        ("0a01610a0162", "sensor.SensorRequest", "sensor_id came before: the last one counts"),
        (
            "3a01614201ff",
            "fabrica.v1.TemperaturaResponse",
            "mensagem of the same oneof came before: the last one counts",
        ),
        ("2063", "fabrica.v1.TemperaturaResponse", "fabrica.v1.Estado has no name for 99"),
        ("7802", "fabrica.v1.TemperaturaResponse", "2 instead of 1 for true"),
        ("109000", "sensor.SensorRequest", "a longer varint than needed"),
        ("0a05616263", "sensor.SensorRequest", "field 1 is length-delimited and does not fit into 5 bytes"),
        ("0a0361626310ffffffffffffffffffff01", "sensor.SensorRequest", "does not fit"),
        ("0f", "", "wire type 7 does not exist"),
        ("00", "", "a tag is a varint with a field number from 1"),
        ("0c", "", "a group ends here (field 1) that never began"),
        ("0b0801", "", "does not fit"),
        ("0a02c328", "sensor.SensorRequest", "not valid UTF-8"),
        ("2a0309", "fabrica.v1.TemperaturaResponse", "does not fit"),
        ("4a028080", "fabrica.v1.TemperaturaResponse", "no whole number"),
    ],
)
def test_what_is_odd_is_said(raw: str, name: str, said: str) -> None:
    assert [issue for issue in issues(bytes.fromhex(raw), name) if said in issue], issues(bytes.fromhex(raw), name)


def test_absent_fields_and_their_defaults() -> None:
    tree = tree_of(b"", "sensor.SensorRequest")
    assert [n.value for n in tree.walk() if n.name == "protobuf.message.absent"] == [
        'sensor_id = "", ultimos_minutos = 0'
    ]
    issue = issues(b"", "google.protobuf.UninterpretedOption.NamePart")
    assert issue == ["required, but not sent: name_part, is_extension"]


@pytest.mark.parametrize(
    ("raw", "choice"),
    [
        (b"", "string: with no bytes"),
        (b"sensor-1", "string: all 8 bytes are printable text"),
        ("olá, 21 °C".encode(), "string"),
        (b"000000", "string"),
        (b"\x08\x97\x01\x12\x02A1", "message: the 7 bytes split exactly into 2 fields"),
        (b"\n\nabcdefghij", "message"),
        (b'" ' + b"0123456789abcdef" * 2, "message"),
        (b"one\ntwo\n", "string"),
        (b"\x01\x02\x03\xac\x02", "packed integers"),
        (struct.pack("<3d", 1.5, 2.25, -3), "packed doubles"),
        (struct.pack("<3f", 21.5, 22.25, -3), "packed floats"),
        (bytes.fromhex("f81d4fae7dec11d0a76500a0c91e6bf6"), "bytes"),
        (b"\xff\xff", "bytes"),
    ],
)
def test_choice_for_a_value_without_a_schema(raw: bytes, choice: str) -> None:
    readings = length_readings(choose_length_delimited(raw, 0, len(raw)), raw, 0, len(raw))
    assert readings[0].startswith(choice)
    assert len(set(readings)) == len(readings)


def test_fixed_numbers_without_a_schema() -> None:
    data = b"\x09" + struct.pack("<d", 21.5) + b"\x11" + struct.pack("<q", 7) + b"\x1d" + struct.pack("<f", 0.1)
    data += b"\x25" + struct.pack("<i", -2)
    assert [value for _, value in decoded(tree_of(data), data)] == [21.5, 7, 0.1, 2**32 - 2]


def test_unknown_varints_that_are_negative() -> None:
    data = b"\x08" + b"\xff" * 9 + b"\x01"
    assert decoded(tree_of(data), data) == [("field 1", -1)]


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("Timestamp", {"seconds": 1_700_000_000, "nanos": 500_000_000}, "2023-11-14T22:13:20.5Z"),
        ("Timestamp", {}, "1970-01-01T00:00:00Z"),
        ("Timestamp", {"seconds": -62_135_596_800}, "0001-01-01T00:00:00Z"),
        ("Timestamp", {"seconds": 2**62}, "4611686018427387904 s + 0 ns since 1970"),
        ("Duration", {"seconds": -3, "nanos": -500_000_000}, "-3.5s"),
        ("BoolValue", {"value": True}, "true"),
        ("Int32Value", {"value": -5}, "-5"),
        ("FloatValue", {"value": 0.25}, "0.25"),
        ("DoubleValue", {"value": 1e300}, "1e+300"),
        ("StringValue", {"value": 'a"b'}, '"a\\"b"'),
        ("BytesValue", {"value": b"\1\2"}, "0x0102"),
        ("FieldMask", {"paths": ["a.b", "c"]}, "a.b, c"),
    ],
)
def test_well_known_types_in_readable_form(name: str, values: dict[str, Any], text: str) -> None:
    full = f"google.protobuf.{name}"
    data = library(full)(**values).SerializeToString()
    (node,) = (each for each in tree_of(data, full).children if each.name == "protobuf.message")
    assert node.value == text


def test_struct_is_written_as_json() -> None:
    from google.protobuf.struct_pb2 import Struct

    struct_ = Struct()
    struct_.update({"a": [1, 2.5, None, True], "b": {"c": "d"}})
    text = tree_of(struct_.SerializeToString(), "google.protobuf.Struct").children[0].value
    import json

    assert json.loads(str(text)) == {"a": [1, 2.5, None, True], "b": {"c": "d"}}


def test_any_is_read_as_what_its_url_names() -> None:
    held = library("sensor.SensorRequest")(sensor_id="x", ultimos_minutos=5)
    message = library("fabrica.v1.TemperaturaResponse")()
    message.extra.type_url = "type.googleapis.com/sensor.SensorRequest"
    message.extra.value = held.SerializeToString()
    data = message.SerializeToString()
    (_, value), *_ = decoded(tree_of(data, "fabrica.v1.TemperaturaResponse"), data)
    assert isinstance(value, list)
    assert value[1] == ("value", [("sensor_id", "x"), ("ultimos_minutos", 5)])


def test_an_any_of_an_unknown_type_is_read_as_without_a_schema() -> None:
    message = library("google.protobuf.Any")(type_url="type.googleapis.com/no.Such", value=b"\x08\x01")
    data = message.SerializeToString()
    assert decoded(tree_of(data, "google.protobuf.Any"), data)[1] == ("value", [("field 1", 1)])


def test_groups() -> None:
    data = bytes.fromhex("0b 08 05 13 0a 01 78 14 0c 10 07".replace(" ", ""))
    assert decoded(tree_of(data), data) == [
        ("field 1", [("field 1", 5), ("field 2", [("field 1", "x")])]),
        ("field 2", 7),
    ]


@pytest.mark.parametrize(
    ("raw", "name", "summary"),
    [
        ("0a0873656e736f722d3110 05", "sensor.SensorRequest", 'sensor_id="sensor-1", ultimos_minutos=5'),
        ("1a0161 1a0162", "fabrica.v1.SensorRequest", 'etiquetas=["a", "b"]'),
        (
            "32060a01611201 62 2002",
            "fabrica.v1.TemperaturaResponse",
            'atributos={key="a", value="b"}, estado=DESLIGADO',
        ),
        ("4a0301020a", "fabrica.v1.TemperaturaResponse", "deltas=[-1, 1, 5]"),
        ("1a0608808080a706", "fabrica.v1.TemperaturaResponse", "instante=2024-01-28T04:43:12Z"),
        ("0a0161 0a", "sensor.SensorRequest", 'sensor_id="a", …'),
        ("0a02 0805 1500000000", "", "1: {1: 5}, 2: 0.0"),
    ],
)
def test_summary(raw: str, name: str, summary: str) -> None:
    data = bytes.fromhex(raw.replace(" ", ""))
    if "instante" in summary:
        summary = f"instante={tree_of(data, name).children[0].children[1].value}"
    assert summarise(data, 0, len(data), type_named(name) if name else None) == summary


def test_long_messages_are_cut_in_summaries() -> None:
    data = b"".join(b"\x1a\x05abcde" for _ in range(10_000))
    summary = summarise(data, 0, len(data), type_named("fabrica.v1.SensorRequest"))
    assert len(summary) < 150
    assert summary.endswith("…")
