"""Random messages of proto2, proto3 and an edition, made by the protobuf library and read by us."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message

from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field
from inspector.protocols.protobuf_read import read_message
from inspector.protocols.protobuf_summary import summarise
from inspector.schema.proto import ProtoSchema
from inspector.schema.proto_files import compile_files
from inspector.wire.recorder import Recorder
from protobuf_values import decoded, expected, same
from streams import check_tree

SCALARS = (
    "double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes Colour"
).split()
KEYS = "int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string".split()


def body(numbered: int, label: str, kinds: list[str] = SCALARS, options: str = "") -> str:
    """One field of every type."""
    return "\n".join(
        f"  {label} {kind} {kind.lower()}_{numbered} = {numbered + i}{options};" for i, kind in enumerate(kinds)
    )


ENUM = "enum Colour { NONE = 0; RED = 1; BLUE = 7; NEGATIVE = -3; }\n"
MAPS = "\n".join(f"  map<{key}, Whole> map_{key} = {200 + i};" for i, key in enumerate(KEYS))
ONEOF = "  oneof choice { string text = 300; bytes raw = 301; Whole inner = 302; Colour shade = 303; }\n"
FILES = {
    "three.proto": f"""syntax = "proto3"; package three; import "google/protobuf/any.proto";
        {ENUM}
        message Whole {{
        {body(1, "")}
        {body(40, "optional")}
        {body(80, "repeated")}
        {body(120, "repeated", [kind for kind in SCALARS if kind not in ("string", "bytes")], " [packed = false]")}
        repeated Whole wholes = 160;
        {MAPS}
        {ONEOF}
        google.protobuf.Any any = 310;
        }}
        message Part {{ {body(1, "")} }}""",
    "two.proto": f"""syntax = "proto2"; package two;
        {ENUM}
        message Whole {{
        {body(1, "optional")}
        {body(80, "repeated")}
        optional group Grouped = 150 {{ optional int32 a = 1; optional Whole whole = 2; repeated string texts = 3; }}
        repeated group Many = 151 {{ optional sint64 b = 1; }}
        optional int32 with_default = 170 [default = -5];
        optional string text_default = 171 [default = "none"];
        repeated Whole wholes = 160;
        {MAPS}
        {ONEOF}
        extensions 400 to 420;
        }}
        extend Whole {{ optional string outside = 400; repeated int32 several = 401 [packed = true]; }}
        message Scope {{ extend Whole {{ optional Whole nested = 402; }} }}
        message Part {{ {body(1, "optional")} }}""",
    "edition.proto": f"""edition = "2023"; package edition;
        option features.field_presence = IMPLICIT;
        {ENUM}
        message Whole {{
        {body(1, "")}
        {body(80, "repeated")}
        Whole grouped = 150 [features.message_encoding = DELIMITED];
        repeated Whole many = 151 [features.message_encoding = DELIMITED];
        int32 told = 152 [features.field_presence = EXPLICIT];
        repeated Whole wholes = 160;
        {MAPS}
        {ONEOF}
        }}
        message Part {{ {body(1, "")} }}""",
}


class Types:
    """The same files, compiled for the library and read by us."""

    def __init__(self, folder: Path) -> None:
        for name, text in FILES.items():
            (folder / name).write_text(text)
        self.pool = descriptor_pool.DescriptorPool()
        for file in FileDescriptorSet.FromString(compile_files(sorted(folder.glob("*.proto")), folder)).file:
            self.pool.Add(file)
        self.schema = ProtoSchema()
        self.schema.load(folder)

    def library(self, name: str) -> Any:
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def tree(self, name: str, data: bytes) -> Field:
        r = Recorder(data, 0, [], "protobuf")
        ours = self.schema.message(name)
        assert ours is not None
        read_message(r, ours, self.schema)
        tree = r.finish()
        tree.buffer = Buffer("bytes", Plain(data))
        check_tree(tree, tree.buffer)
        summarise(data, 0, len(data), ours)
        return tree


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Types:
    return Types(tmp_path_factory.mktemp("protos"))


def scalar(chance: random.Random, field: FieldDescriptor) -> Any:
    kind = field.type
    bits = chance.choice([1, 7, 8, 31, 32, 63, 64])
    if kind == FieldDescriptor.TYPE_STRING:
        return "".join(chance.choice("aé€\0\n😀 ") for _ in range(chance.randrange(8)))
    if kind == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(chance.randrange(8))
    if kind == FieldDescriptor.TYPE_BOOL:
        return chance.random() < 0.5
    if kind == FieldDescriptor.TYPE_ENUM:
        return chance.choice([0, 1, 7, -3])
    if kind in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return chance.choice([0.0, -0.0, 1.5, -2.25, 1e30, math.inf, -math.inf])
    wide = 64 if "64" in FieldDescriptorNames[kind] else 32
    number = chance.getrandbits(min(bits, wide))
    if FieldDescriptorNames[kind].startswith(("uint", "fixed")):
        return number
    return number - (1 << wide) if number >> (wide - 1) else number


FieldDescriptorNames = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_")
}


def fill(chance: random.Random, message: Any, depth: int = 0) -> None:
    """Set some fields at random."""
    extensions = message.DESCRIPTOR.file.pool.FindAllExtensions(message.DESCRIPTOR)
    for field in [*message.DESCRIPTOR.fields, *extensions]:
        if chance.random() < 0.7 or field.name == "any" or (field.message_type is not None and depth > 1):
            continue
        where = message.Extensions if field.is_extension else None
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            for _ in range(chance.randrange(3)):
                fill(chance, getattr(message, field.name)[scalar(chance, field.message_type.fields[0])], depth + 1)
        elif field.message_type is not None and field.is_repeated:
            for _ in range(chance.randrange(3)):
                fill(chance, getattr(message, field.name).add(), depth + 1)
        elif field.message_type is not None:
            inner = where[field] if where is not None else getattr(message, field.name)
            inner.SetInParent()
            fill(chance, inner, depth + 1)
        elif field.is_repeated:
            target = where[field] if where is not None else getattr(message, field.name)
            target.extend(scalar(chance, field) for _ in range(chance.randrange(5)))
        elif where is not None:
            where[field] = scalar(chance, field)
        else:
            setattr(message, field.name, scalar(chance, field))


@pytest.mark.parametrize("package", ["two", "three", "edition"])
def test_random_messages_are_read_as_they_were_made(types: Types, package: str) -> None:
    chance = random.Random(package)
    for _ in range(120):
        message = types.library(f"{package}.Whole")()
        fill(chance, message)
        data: bytes = message.SerializeToString()
        tree = types.tree(f"{package}.Whole", data)
        assert [node.issue for node in tree.walk() if node.issue] == []
        assert same(decoded(tree, data), expected(message)), message


@pytest.mark.parametrize("package", ["two", "three", "edition"])
def test_fields_that_the_schema_does_not_have_are_kept(types: Types, package: str) -> None:
    chance = random.Random(package)
    for _ in range(60):
        message = types.library(f"{package}.Whole")()
        fill(chance, message)
        data: bytes = message.SerializeToString()
        part: Message = types.library(f"{package}.Part").FromString(data)
        tree = types.tree(f"{package}.Part", data)
        (inside,) = [node for node in tree.children if node.name == "protobuf.message"]
        fields = [node for node in inside.children if node.name == "protobuf.field"]
        known = [node for node in fields if not node.label.startswith("field ")]
        unknown = [node for node in fields if node.label.startswith("field ")]
        assert {node.label for node in known} >= {field.name for field, _ in part.ListFields()}
        assert b"".join(data[node.start : node.end] for node in fields) == data
        assert all(any("has no field" in (each.issue or "") for each in node.children) for node in unknown)


def test_an_any_of_a_type_at_hand_is_read(types: Types) -> None:
    chance = random.Random(1)
    for package in ("two", "three", "edition"):
        message = types.library(f"{package}.Whole")()
        fill(chance, message)
        held = AnyMessage(type_url=f"type.googleapis.com/{package}.Whole", value=message.SerializeToString())
        data = held.SerializeToString()
        r = Recorder(data, 0, [], "protobuf")
        any_type = types.schema.message("google.protobuf.Any")
        assert any_type is not None
        read_message(r, any_type, types.schema)
        whole = r.finish()
        found = [value for name, value in decoded(whole, data) if name == "value"]
        assert len(found) == 1
        assert same(found[0], expected(message))
