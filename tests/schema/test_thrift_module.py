"""Schemas from modules as Thrift's compiler writes them."""

import sys
from pathlib import Path

import pytest

from inspector.model.errors import UsageError
from inspector.schema.thrift import I32, ThriftSchema

GENERATED = """
class Kind:
    A = 1
    _VALUES_TO_NAMES = {1: "A"}

class Node:
    pass

Node.thrift_spec = (
    None,
    (1, 11, "name", "UTF8", None),
    (2, 11, "raw", "BINARY", None),
    None,
    (4, 15, "children", (12, [Node, None], False), None),
)

class find_args:
    thrift_spec = (
        None,
        (1, 13, "by", (11, "UTF8", 8, None, False), None),
        (2, 8, "kind", Kind, None),
    )

class find_result:
    thrift_spec = ((0, 12, "success", [Node, None], None),)

class note_args:
    thrift_spec = ()

class helper:
    pass
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "made_by_thrift"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "Finder.py").write_text(GENERATED)
    (folder / "constants.py").write_text("X = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("made_by_thrift")]:
        monkeypatch.delitem(sys.modules, name)
    return "made_by_thrift"


@pytest.mark.parametrize("suffix", ["", ".Finder"])
def test_functions_and_types_of_a_generated_module(package: str, suffix: str) -> None:
    schema = ThriftSchema()
    schema.load_module(package + suffix)
    find = schema.function("find")
    assert find is not None
    assert (find.service, find.oneway) == ("Finder", False)
    assert [(f.id, f.name, f.type.name) for f in find.args.fields.values()] == [
        (1, "by", "map<string, i32>"),
        (2, "kind", "Kind"),
    ]
    kind = find.args.fields[2].type
    assert kind.kind == I32
    assert kind.enum is not None
    assert kind.enum.names == {1: "A"}
    node = find.result.fields[0].type.struct
    assert node is not None
    assert node.fields[2].type.binary
    children = node.fields[4].type.element
    assert children is not None
    assert children.struct is node
    note = schema.function("note")
    assert note is not None
    assert note.oneway


@pytest.mark.parametrize("name", ["no.such.module", "json", "not a name"])
def test_a_module_without_services_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"module {name}: "):
        ThriftSchema().load_module(name)


def test_a_directory_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.thrift").write_text("service A { void one() }")
    (tmp_path / "b.thrift").write_text("service B { void two() }")
    schema = ThriftSchema()
    schema.load(tmp_path)
    assert schema.function("one") is not None
    assert schema.function("two") is not None


def test_enumerations_of_pythons_own_kind(package: str, tmp_path: Path) -> None:
    text = GENERATED.replace(
        'class Kind:\n    A = 1\n    _VALUES_TO_NAMES = {1: "A"}', "class Kind(IntEnum):\n    A = 1"
    )
    (tmp_path / package / "Finder.py").write_text("from enum import IntEnum\n" + text)
    schema = ThriftSchema()
    schema.load_module(package)
    find = schema.function("find")
    assert find is not None
    kind = find.args.fields[2].type.enum
    assert kind is not None
    assert (kind.name, kind.names) == ("Kind", {1: "A"})


def test_what_thriftpy2_loaded(package: str, tmp_path: Path) -> None:
    (tmp_path / "store.thrift").write_text("struct Key { 1: string name } service Store { Key first(1: Key like) }")
    source = (
        f"import thriftpy2\nstore = thriftpy2.load({str(tmp_path / 'store.thrift')!r}, module_name='store_thrift')\n"
    )
    (tmp_path / package / "api.py").write_text(source)
    schema = ThriftSchema()
    schema.load_module(f"{package}.api")
    first = schema.function("first")
    assert first is not None
    assert (first.service, first.args.fields[1].type.name, first.result.fields[0].type.name) == ("Store", "Key", "Key")
