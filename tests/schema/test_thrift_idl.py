"""Names and types read from `.thrift` files."""

from pathlib import Path

import pytest

from inspector.model.errors import UsageError
from inspector.schema.thrift import BOOL, I32, LIST, MAP, SET, STRING, STRUCT, FieldSpec, Function, ThriftSchema


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def schema(folder: Path, text: str) -> ThriftSchema:
    found = ThriftSchema()
    found.load(write(folder, "given.thrift", text))
    return found


def function(found: ThriftSchema, name: str) -> Function:
    it = found.function(name)
    assert it is not None
    return it


def test_arguments_results_and_exceptions_by_id(tmp_path: Path) -> None:
    found = schema(
        tmp_path,
        """
        exception Missing { 1: string message }
        service Store {
          bool has(1: string key, -2: binary raw) throws (1: Missing missing),
          oneway void forget(3: string key);
        }
        """,
    )
    has = function(found, "has")
    assert (has.service, has.oneway) == ("Store", False)
    assert [(f.id, f.name, f.type.kind) for f in has.args.fields.values()] == [(-2, "raw", STRING), (1, "key", STRING)]
    assert (has.args.fields[-2].type.binary, has.args.fields[1].type.binary) == (True, False)
    assert has.result.fields[0].type.kind == BOOL
    assert has.result.fields[1].type.name == "Missing"
    forget = function(found, "forget")
    assert forget.oneway
    assert forget.result.fields == {}
    assert found.function("nothing") is None


def argument(folder: Path, definitions: str, type_: str) -> FieldSpec:
    return function(schema(folder, f"{definitions} service S {{ void f(1: {type_} x) }}"), "f").args.fields[1]


def test_typedefs_and_enums(tmp_path: Path) -> None:
    type_ = argument(tmp_path, "enum Colour { RED = 1, BLUE } typedef Colour Paint", "Paint").type
    assert (type_.kind, type_.name) == (I32, "Colour")
    assert type_.enum is not None
    assert type_.enum.names == {1: "RED", 2: "BLUE"}


def test_containers(tmp_path: Path) -> None:
    type_ = argument(tmp_path, "struct P {1: i32 x}", "map<string, list<set<P>>>").type
    assert (type_.kind, type_.name) == (MAP, "map<string, list<set<P>>>")
    assert type_.key is not None
    assert type_.key.kind == STRING
    inner = type_.element
    assert inner is not None
    assert inner.kind == LIST
    assert inner.element is not None
    assert inner.element.kind == SET
    assert inner.element.element is not None
    assert inner.element.element.kind == STRUCT


def test_structs_that_hold_themselves_and_later_ones(tmp_path: Path) -> None:
    struct = argument(tmp_path, "struct Node { 1: list<Node> children, 2: Leaf leaf } union Leaf { 1: i64 n }", "Node")
    node = struct.type.struct
    assert node is not None
    children = node.fields[1].type.element
    assert children is not None
    assert children.struct is node
    assert node.fields[2].type.name == "Leaf"


def test_services_extend_services_of_included_files(tmp_path: Path) -> None:
    write(tmp_path, "base.thrift", "struct Id { 1: i64 n } service Base { Id who() } service Other { void other() }")
    text = 'include "base.thrift" service Mine extends base.Base { void mine(1: base.Id id) }'
    found = schema(tmp_path, text)
    assert function(found, "who").service == "Mine"
    assert function(found, "mine").args.fields[1].type.name == "Id"
    assert function(found, "other").service == "Other"
    assert len(found.functions("who")) == 1


def test_files_of_one_name_in_two_directories_stay_apart(tmp_path: Path) -> None:
    found = ThriftSchema()
    for folder, kind in (("a", "string"), ("b", "i64")):
        write(tmp_path / folder, "shared.thrift", f"struct Key {{ 1: {kind} value }}")
        text = f'include "shared.thrift" service S{folder} {{ void get_{folder}(1: shared.Key key) }}'
        found.load(write(tmp_path / folder, "main.thrift", text))
    kinds = []
    for name in ("get_a", "get_b"):
        key = function(found, name).args.fields[1].type.struct
        assert key is not None
        kinds.append(key.fields[1].type.name)
    assert kinds == ["string", "i64"]


def test_a_file_changed_meanwhile_is_read_again(tmp_path: Path) -> None:
    assert schema(tmp_path, "service S { void old() }").function("old") is not None
    assert schema(tmp_path, "service S { void fresh() }").function("fresh") is not None


def test_functions_of_one_name_and_multiplexed_names(tmp_path: Path) -> None:
    found = schema(tmp_path, "service A { void go(1: i32 n) } service B { void go(1: string s) }")
    assert [f.service for f in found.functions("go")] == ["A", "B"]
    assert [f.service for f in found.functions("B:go")] == ["B"]
    assert [f.service for f in found.functions("C:go")] == ["A", "B"]
    one, two = found.functions("go")
    assert one.args.fits([(1, I32)])
    assert not two.args.fits([(1, I32)])
    assert not one.args.fits([(2, I32)])
    assert one.args.fits([])


def test_the_same_function_read_twice_is_one(tmp_path: Path) -> None:
    path = write(tmp_path, "s.thrift", "service S { void go(1: i32 n) }")
    found = ThriftSchema()
    found.load(path)
    found.load(path)
    assert len(found.functions("go")) == 1


def test_directories_are_read_when_needed(tmp_path: Path) -> None:
    write(tmp_path / "idl", "a.thrift", "service A { void only() }")
    write(tmp_path / "idl", "z.thrift", "this is no IDL")
    found = ThriftSchema()
    found.load_directory(tmp_path / "idl")
    with pytest.raises(UsageError, match=r"z\.thrift"):
        found.function("only")


def test_single_files_come_before_directories(tmp_path: Path) -> None:
    write(tmp_path / "idl", "a.thrift", "service A { void go(1: i32 bundled) void only() }")
    own = write(tmp_path, "own.thrift", "service Own { void go(1: i32 mine) }")
    found = ThriftSchema()
    found.load_directory(tmp_path / "idl")
    found.load(own)
    assert function(found, "go").args.fields[1].name == "mine"
    assert function(found, "only").service == "A"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("service S {\n  void f(1: strin\n", "given.thrift"),
        ("struct A {\n\n  1: string @x\n}", "line 3"),
        ("struct A {\n\n\n  1 string x\n}", "line 4"),
        ("struct A { 1: Nowhere x }\nservice S { void f(1: A a) }", "Nowhere"),
        ('include "missing.thrift"\n', "missing.thrift"),
        ('include "given.thrift"\n', "given.thrift"),
        ("service S extends T { }", "'T'"),
        ("const i32 X = 'text'", "X"),
    ],
)
def test_errors_name_the_file_and_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        schema(tmp_path, text)
    assert "given.thrift" in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.thrift: No such file"):
        ThriftSchema().load(tmp_path / "none.thrift")
    (tmp_path / "binary.thrift").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"binary\.thrift"):
        ThriftSchema().load(tmp_path / "binary.thrift")
    (tmp_path / "idl.txt").write_text("service S { void go() }")
    with pytest.raises(UsageError, match=r"idl\.txt"):
        ThriftSchema().load(tmp_path / "idl.txt")
