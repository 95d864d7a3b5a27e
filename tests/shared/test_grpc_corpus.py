"""Recorded gRPC traffic, held against tshark and against the protobuf library."""

import os
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from inspector.model.field import Field
from inspector.model.message import Message
from inspector.protocols.grpc_call import Call
from inspector.session import Options, Session, bundled
from protobuf_values import decoded, expected, same
from streams import check_message

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CAPTURES.is_dir(), reason="the shared captures are not here"),
]

WITH_TSHARK = {
    "captures/grpc_unary.pcap": "50051,http2",
    "captures/grpc_four.pcap": "50051,http2",
    "captures/grpc_errors.pcap": "50051,http2",
    "captures/grpc_large.pcap": "50051,http2",
    "captures/grpc_metadata.pcap": "50051,http2",
    "captures/grpc_gzip.pcap": "50051,http2",
    "captures/grpc_node_grpcjs.pcap": "50051,http2",
    "captures/grpc_reflection.pcap": "50051,http2",
    "captures/derived_grpc_midstream_no_preface.pcap": "50051,http2",
    "captures/milvus_grpc.pcap": "19530,http2",
    "captures/grpcweb_h1.pcap": "8091,http",
    "corpus/PacktPublishing-gRPC-Go-for-Professionals/unary.pcapng": "50051,http2",
    "corpus/PacktPublishing-gRPC-Go-for-Professionals/server-streaming.pcapng": "50051,http2",
    "corpus/ajbanjara-Wireshark/client-grpc-web-text-http1-send-two-unary.pcapng": "57226,http",
    "corpus/ajbanjara-Wireshark/grpc_person_search_json_with_image.pcapng": "50052,http2",
}
LOST_BY_TSHARK = {"captures/derived_grpc_midstream_no_preface.pcap"}
"""tshark knows no media type where its header field was inserted before the capture: it shows no gRPC."""

NUMBERS = ("double", "float", "int64", "uint64", "int32", "uint32", "bool")
NAMES = ["grpc.message_length", "grpc.compressed_flag", "protobuf.message.name", "protobuf.field.name"]
NAMES += ["protobuf.field.number", "protobuf.field.wiretype", "protobuf.field.value.string"]
NAMES += [f"protobuf.field.value.{name}" for name in NUMBERS]


UNTYPED = ["grpc.message_length", "grpc.compressed_flag", "protobuf.field.number", "protobuf.field.wiretype"]
"""Without a schema tshark guesses types in ways of its own."""
CUT_VALUES = {
    "captures/grpc_errors.pcap": [("protobuf.field.number", "12"), ("protobuf.field.wiretype", "1")],
}
"""Tags that tshark shows although the value does not fit into the message: 61 asks for 8 bytes, 2 are there."""


@pytest.fixture(scope="module")
def protos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schemas that tshark 4.0 can read: it stops at the newest descriptor.proto."""
    import grpc_tools

    folder = tmp_path_factory.mktemp("protos")
    (folder / "google" / "protobuf").mkdir(parents=True)
    for name in ("sensor.proto", "fabrica_sensor.proto"):
        shutil.copy(bundled("protos") / name, folder)
    for name in ("any", "timestamp", "wrappers"):
        file = Path(grpc_tools.__file__).parent / "_proto" / "google" / "protobuf" / f"{name}.proto"
        shutil.copy(file, folder / "google" / "protobuf")
    return folder


def theirs(name: str, protos: Path) -> dict[str, Counter[str]]:
    """What tshark shows of each field, in any order."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    command = [tshark, "-n", "-r", str(SHARED / name), "-d", f"tcp.port=={WITH_TSHARK[name]}", "-Y", "grpc"]
    command += ["-o", f'uat:protobuf_search_paths:"{protos}","TRUE"', "-T", "fields"]
    command += ["-E", "separator=\x1f", "-E", "aggregator=\x1e"]
    for field in NAMES:
        command += ["-e", field]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Counter[str]] = {field: Counter() for field in NAMES}
    for line in printed.split("\n"):
        for field, cell in zip(NAMES, line.split("\x1f"), strict=False):
            found[field].update(cell.split("\x1e") if cell else [])
    return found


def grpc_messages(path: Path, *protos: Path) -> list[Message]:
    """All gRPC messages of a capture; every tree is held to the rules."""
    session = Session.open(str(path), Options(proto=list(protos)))
    for message in session.messages:
        check_message(message)
    return [message for message in session.messages if message.protocol == "grpc"]


def in_schema(message: Message) -> bool:
    """Whether tshark had the types of the message too."""
    context = message.context
    call = context if isinstance(context, Call) else context.call  # type: ignore[attr-defined]
    return call.method is not None and call.method.service == "fabrica.v1.SensorService"


def as_tshark_goes(tree: Field, deep: bool) -> Iterator[Field]:
    """The fields that tshark shows: without a schema only the outermost ones, and no length of a field."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if node.name == "protobuf.field.value":
            continue  # tshark does not look into bytes that the schema declares as such
        if node.name == "protobuf.message" and node.label == "google.protobuf.Any":
            # tshark does not look into the value of an Any
            yield from (each for each in node.walk() if each.name in NAMES and not _held(each, node))
            continue
        inner = node.name == "protobuf.message" and not deep and any(n.name == "protobuf.field" for n in node.children)
        children = [child for child in reversed(node.children) if child.name != "protobuf.field.declared"]
        if inner:
            for child in children:
                yield from (each for each in child.children if each.name == "protobuf.field.number")
        else:
            stack += children


def _held(node: Field, whole: Field) -> bool:
    """Whether a node lies in the message that an Any holds."""
    held = [each for each in whole.walk() if each.name == "protobuf.message" and each is not whole]
    return any(message.start <= node.start < message.end for message in held) or any(
        node is inner for message in held for inner in message.walk()
    )


def ours(messages: list[Message]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {field: Counter() for field in NAMES}
    for message in messages:
        if message.kind == "call":
            continue
        found["grpc.message_length"][str(message.facts["grpc.message_length"])] += 1
        found["grpc.compressed_flag"][str(message.facts["grpc.compressed_flag"])] += 1
        if not message.facts["grpc.message_length"]:
            continue  # tshark shows no protobuf where there are no bytes
        deep = in_schema(message)
        for node in as_tshark_goes(check_message(message), deep):
            name = node.name
            if name.startswith("protobuf.") and name in found and (deep or name == "protobuf.field.number"):
                found[name][as_text(name, node.value)] += 1
            for bits in node.bits if node.name == "protobuf.field.number" else ():
                if bits.name == "protobuf.field.wiretype":
                    found[bits.name][str(bits.value)] += 1
    return found


def as_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.15g}" if name.endswith("double") else f"{value:.6g}"
    return str(value)


def shown(field: str, values: Counter[str]) -> Counter[str]:
    """Values as both write them."""
    if field.endswith(".float"):
        return Counter({f"{float(value):.6g}": count for value, count in values.items()})
    if field == "protobuf.message.name":
        # tshark names the type of a map's entries in a way of its own
        return Counter({value: count for value, count in values.items() if "Entry" not in value and "<" not in value})
    if field in ("protobuf.field.name", "protobuf.field.value.string"):
        # it has no name for fields without a schema, leaves empty texts out and cuts long ones
        found: Counter[str] = Counter()
        for value, count in values.items():
            if value and not value.startswith("<UNKNOWN>"):
                found[value[:60]] += count
        return found
    return values


@pytest.mark.parametrize("name", sorted(WITH_TSHARK.keys() - LOST_BY_TSHARK))
def test_lengths_numbers_and_values_agree_with_tshark(name: str, protos: Path) -> None:
    messages = grpc_messages(SHARED / name)
    their, our = theirs(name, protos), ours(messages)
    assert our["grpc.message_length"]
    for field, number in CUT_VALUES.get(name, []):
        their[field][number] -= 1
    typed = all(in_schema(message) for message in messages if message.kind == "message")
    for field in NAMES if typed else UNTYPED:
        assert shown(field, our[field]) == shown(field, their[field]), field


def test_tshark_does_not_see_what_began_before_the_capture(protos: Path) -> None:
    (name,) = LOST_BY_TSHARK
    assert not theirs(name, protos)["grpc.message_length"]
    messages = [m for m in grpc_messages(SHARED / name) if m.kind == "message"]
    whole = [m for m in grpc_messages(CAPTURES / "grpc_four.pcap") if m.kind == "message"][2:]
    assert [m.summary for m in messages] == [m.summary for m in whole]


def library(files: FileDescriptorSet) -> Any:
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("milvus_grpc.pcap", CAPTURES / "idl" / "milvus.desc"),
        ("grpc_four.pcap", bundled("protos") / "all.desc"),
        ("grpc_large.pcap", bundled("protos") / "all.desc"),
        ("grpc_reflection.pcap", bundled("protos") / "all.desc"),
    ],
)
def test_messages_agree_with_the_protobuf_library(name: str, schema: Path) -> None:
    pool = library(FileDescriptorSet.FromString(schema.read_bytes()))
    compared = 0
    for message in grpc_messages(CAPTURES / name, schema):
        type_name = message.facts.get("protobuf.message.name")
        if message.kind != "message" or not message.complete or message.facts["grpc.compressed_flag"]:
            continue
        assert type_name, message.summary
        data = message.buffer.read(message.start, message.end)
        parsed = message_factory.GetMessageClass(pool.FindMessageTypeByName(type_name)).FromString(data[5:])
        tree = check_message(message)
        (body,) = (node for node in tree.children if node.name == "grpc.message_data")
        if b"type.googleapis.com" not in data:
            assert same(decoded(body, message.buffer.data), expected(parsed)), message.summary
            compared += 1
    assert compared > 2


def test_all_bundled_calls_are_as_they_were_made() -> None:
    summaries = [m.summary for m in grpc_messages(bundled("captures") / "grpc-sensor.pcapng") if m.kind == "call"]
    assert summaries == [
        "sensor.SensorService/GetTemperatura → OK",
        "sensor.SensorService/StreamLeituras → OK",
        "sensor.SensorService/EnviarLeituras → OK",
        "sensor.SensorService/Monitorar → OK",
        "sensor.SensorService/GetTemperatura → NOT_FOUND: sensor não encontrado: inexistente",
        "sensor.SensorService/GetTemperatura → deadline of 100 milliseconds passed, cancelled by the client (CANCEL)",
    ]


def test_metadata_in_binary() -> None:
    python = [m for m in grpc_messages(CAPTURES / "grpc_metadata.pcap") if m.kind == "call"]
    values = [node.value for m in python for node in check_message(m).walk() if node.name == "grpc.metadata"]
    assert "x-token-bin: 00 01 fe ff (as it is)" in values
    node = [m for m in grpc_messages(CAPTURES / "grpc_node_grpcjs.pcap") if m.kind == "call"]
    values = [each.value for m in node for each in check_message(m).walk() if each.name == "grpc.metadata"]
    assert any("(base64)" in str(value) for value in values)


def test_float_summaries_are_short() -> None:
    summaries = [m.summary for m in grpc_messages(CAPTURES / "grpc_four.pcap")]
    assert '→ LeituraResponse(sequencia=1, valor=20.1, unidade="°C", amostra=0x01)' in summaries
    assert struct.unpack("<f", struct.pack("<f", 20.1))[0] != 20.1
