"""Schemas from .proto files, descriptor sets and reflection."""

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from inspector.model.errors import UsageError
from inspector.schema.proto import ENUM, SINT32, STRING, ProtoSchema
from inspector.schema.proto_files import compile_files
from inspector.schema.registry import Schemas
from inspector.session import Options, Session, bundled, load_schemas

PROTOS = bundled("protos")


@pytest.fixture
def bundle() -> ProtoSchema:
    return load_schemas(Options()).proto


def described(data: bytes) -> dict[str, bytes]:
    """The files of a descriptor set by name."""
    return {file.name: file.SerializeToString(deterministic=True) for file in FileDescriptorSet.FromString(data).file}


def test_compiled_set_is_what_the_proto_files_say() -> None:
    compiled = compile_files(sorted(PROTOS.rglob("*.proto")), PROTOS)
    assert described((PROTOS / "all.desc").read_bytes()) == described(compiled)


def test_lesson_contract(bundle: ProtoSchema) -> None:
    kinds = {}
    for name in ("GetTemperatura", "StreamLeituras", "EnviarLeituras", "Monitorar"):
        method = bundle.method(f"/sensor.SensorService/{name}")
        assert method is not None
        kinds[name] = (method.request.short, method.client_streams, method.response.short, method.server_streams)
    assert kinds == {
        "GetTemperatura": ("SensorRequest", False, "TemperaturaResponse", False),
        "StreamLeituras": ("SensorRequest", False, "LeituraResponse", True),
        "EnviarLeituras": ("LeituraRequest", True, "ResumoResponse", False),
        "Monitorar": ("SensorRequest", True, "LeituraResponse", True),
    }
    request = bundle.message("sensor.SensorRequest")
    assert request is not None
    assert [field.declared for field in request.fields.values()] == [
        "string sensor_id = 1",
        "int32 ultimos_minutos = 2",
    ]


def test_fields_carry_what_the_schema_says(bundle: ProtoSchema) -> None:
    message = bundle.message("fabrica.v1.TemperaturaResponse")
    assert message is not None
    assert message.fields[1].kind == STRING
    state = message.fields[4]
    assert (state.kind, state.default) == (ENUM, "ESTADO_DESCONHECIDO")
    assert state.enum is not None
    assert state.enum.names[-1] == "FALHA"
    assert message.fields[3].message is bundle.message("google.protobuf.Timestamp")
    assert (message.fields[6].is_map, message.fields[6].declared) == (True, "map<string, string> atributos = 6")
    assert message.fields[7].oneof == message.fields[8].oneof == "detalhe"
    assert (message.fields[9].kind, message.fields[9].repeated) == (SINT32, True)
    assert (message.fields[11].explicit, message.fields[11].oneof) == (True, "")
    assert not message.fields[14].explicit


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_imports_are_found_from_the_directory_that_holds_them(tmp_path: Path) -> None:
    write(tmp_path / "a" / "types.proto", 'syntax = "proto3"; package a; message T { int32 x = 1; }')
    path = write(
        tmp_path / "b" / "service.proto",
        'syntax = "proto3"; package b; import "a/types.proto"; message M { a.T t = 1; }'
        "service S { rpc Call(M) returns (stream a.T); }",
    )
    schema = ProtoSchema()
    schema.load(path)
    method = schema.method("/b.S/Call")
    assert method is not None
    assert (method.response.name, method.server_streams) == ("a.T", True)
    field = method.request.fields[1].message
    assert field is method.response


def test_directories_and_descriptor_sets(tmp_path: Path) -> None:
    write(tmp_path / "one.proto", 'syntax = "proto2"; message One { required int32 x = 1; optional string y = 2; }')
    write(tmp_path / "deep" / "two.proto", 'syntax = "proto3"; import "one.proto"; message Two { One one = 1; }')
    schema = ProtoSchema()
    schema.load(tmp_path)
    one = schema.message("One")
    assert one is not None
    assert [field.declared for field in one.fields.values()] == ["required int32 x = 1", "optional string y = 2"]
    desc = tmp_path / "set.desc"
    desc.write_bytes(compile_files([tmp_path / "one.proto"], tmp_path))
    other = ProtoSchema()
    other.load(desc)
    assert other.message("One") is not None
    assert other.message("Two") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('syntax = "proto3"; message M { int32 x = 1 }', 'bad.proto:1:44: Expected ";".'),
        ('syntax = "proto3"; import "gone.proto";', "gone.proto"),
        ("", "bad.proto"),
        ("nonsense", "bad.proto:1:1"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path / "bad.proto", text)
    schema = ProtoSchema()
    if not text:
        schema.load(path)  # an empty file declares nothing, which is allowed
        return
    with pytest.raises(UsageError) as caught:
        schema.load(path)
    assert said in str(caught.value)


def test_what_is_no_schema_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.proto", tmp_path / "missing.desc", tmp_path):
        with pytest.raises(UsageError, match=str(path)):
            ProtoSchema().load(path)
    for content in (b"", b"no descriptor set", b"\x0a\xff"):
        (tmp_path / "x.desc").write_bytes(content)
        with pytest.raises(UsageError, match=r"x\.desc"):
            ProtoSchema().load(tmp_path / "x.desc")


def test_user_schemas_come_first(tmp_path: Path) -> None:
    schema = load_schemas(
        Options(
            proto=[
                write(
                    tmp_path / "mine.proto",
                    'syntax = "proto3"; package sensor; message SensorRequest { bytes id = 1; }'
                    "service SensorService { rpc GetTemperatura(SensorRequest) returns (SensorRequest); }",
                )
            ]
        )
    ).proto
    mine = schema.message("sensor.SensorRequest")
    assert mine is not None
    assert mine.fields[1].declared == "bytes id = 1"
    method = schema.method("/sensor.SensorService/GetTemperatura")
    assert method is not None
    assert method.response is mine
    assert schema.method("/sensor.SensorService/StreamLeituras") is not None


def test_choosing_a_type(bundle: ProtoSchema) -> None:
    bundle.choose("ResumoResponse")
    assert bundle.chosen is bundle.message("sensor.ResumoResponse")
    bundle.choose("google.protobuf.Any")
    assert bundle.chosen is bundle.message("google.protobuf.Any")
    with pytest.raises(UsageError, match=r"fabrica\.v1\.SensorRequest or sensor\.SensorRequest"):
        bundle.choose("SensorRequest")
    with pytest.raises(UsageError, match="--proto"):
        bundle.choose("no.Such")


def learnt_file(name: str, package: str, uses: str = "") -> bytes:
    file = FileDescriptorProto(name=name, package=package, syntax="proto3")
    message = file.message_type.add(name="M")
    field = message.field.add(name="x", number=1, label=1, type=11 if uses else 5)
    if uses:
        field.type_name = uses
    service = file.service.add(name="S")
    service.method.add(name="Call", input_type=f".{package}.M", output_type=f".{package}.M")
    return bytes(file.SerializeToString())


def test_learning_from_reflection_in_any_order() -> None:
    schema = ProtoSchema()
    assert schema.method("/p.S/Call") is None
    schema.learn([learnt_file("p.proto", "p", ".q.M")])
    assert schema.news
    method = schema.method("/p.S/Call")
    assert method is not None
    held = method.request.fields[1].message
    assert held is not None
    assert held.fields == {}
    schema.news = False
    schema.learn([b"no file", b"", learnt_file("q.proto", "q"), learnt_file("p.proto", "p")])
    assert not schema.news, "nobody had asked for q.S"
    method = schema.method("/p.S/Call")
    assert method is not None
    held = method.request.fields[1].message
    assert held is not None
    assert held.fields[1].name == "x"


def test_names_that_are_no_text_are_not_taken(tmp_path: Path) -> None:
    broken = learnt_file("p.proto", "p").replace(b"Call", b"\xff\xfe\xfd\xfc")
    schema = ProtoSchema()
    schema.learn([broken])
    assert schema.message("p.M") is None
    path = tmp_path / "set.desc"
    path.write_bytes(FileDescriptorSet(file=[FileDescriptorProto.FromString(broken)]).SerializeToString())
    with pytest.raises(UsageError, match=r"set.desc: a descriptor set with names that are not UTF-8"):
        ProtoSchema().load(path)


def test_nothing_heavy_is_loaded_before_a_type_is_asked_for() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from inspector.session import Options, load_schemas\n"
        "load_schemas(Options())\n"
        "assert not [name for name in sys.modules if name.startswith(('google', 'grpc'))]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"}, cwd=PROTOS.parent)


def test_a_recorded_reflection_teaches_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = FileDescriptorSet.FromString((PROTOS / "all.desc").read_bytes()).file
    known = FileDescriptorSet(file=[file for file in files if not file.package.startswith("fabrica")])
    path = tmp_path / "without.desc"
    path.write_bytes(known.SerializeToString())
    schemas = Schemas()
    schemas.proto.load_later(path)
    assert schemas.proto.method("/fabrica.v1.SensorService/GetTemperatura") is None
    monkeypatch.setattr("inspector.session.load_schemas", lambda _: schemas)
    Session.open(str(bundled("captures") / "grpc-reflection.pcap"))
    learnt = schemas.proto.method("/fabrica.v1.SensorService/GetTemperatura")
    whole = load_schemas(Options()).proto.message("fabrica.v1.TemperaturaResponse")
    assert learnt is not None
    assert whole is not None
    assert [f.declared for f in learnt.response.fields.values()] == [f.declared for f in whole.fields.values()]
    timestamp = learnt.response.fields[3].message
    assert timestamp is not None
    assert [f.name for f in timestamp.fields.values()] == ["seconds", "nanos"]
