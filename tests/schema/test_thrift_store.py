"""The document that stands for a folder's `.thrift` files."""

import shutil
from pathlib import Path

import pytest

from inspector.schema.thrift import Function, StructType, ThriftType
from inspector.schema.thrift_store import NAME, STORIES, directory_functions, write_store

IDL = Path(__file__).parents[2] / "idl"

TEXT = """
enum Colour { RED = 1, BLUE = 5 }
union Choice { 1: binary raw, 2: Node node }
struct Node { 1: list<Node> children, 2: map<string, set<Colour>> colours, -3: Choice choice }
exception Missing { 1: string message }
service Base { oneway void forget(1: bool all) }
service Store extends Base { Node get(1: Node like) throws (1: Missing missing) }
"""


def described(type_: ThriftType | None, seen: set[str]) -> object:
    """All that a type says, each struct once."""
    if type_ is None:
        return None
    enum = type_.enum and (type_.enum.name, type_.enum.names)
    struct = type_.struct and fields(type_.struct, seen)
    return (
        type_.kind,
        type_.name,
        type_.binary,
        enum,
        struct,
        described(type_.key, seen),
        described(type_.element, seen),
    )


def fields(struct: StructType, seen: set[str]) -> object:
    if struct.name in seen:
        return struct.name
    seen.add(struct.name)
    return struct.name, [(id_, f.id, f.name, described(f.type, seen)) for id_, f in struct.fields.items()]


def lines(function: Function) -> object:
    return function.call_lines, function.reply_lines


def all_of(functions: list[Function]) -> list[object]:
    return [
        (one.name, one.service, one.oneway, fields(one.args, set()), fields(one.result, set()), lines(one))
        for one in functions
    ]


def test_a_document_says_what_the_files_say(tmp_path: Path) -> None:
    (tmp_path / "a.thrift").write_text(TEXT)
    parsed = directory_functions(tmp_path)
    write_store(tmp_path)
    forget, get = directory_functions(tmp_path)
    assert all_of(directory_functions(tmp_path)) == all_of(parsed)
    assert [(one.name, one.service, one.oneway) for one in (forget, get)] == [
        ("forget", "Base", True),
        ("get", "Store", False),
    ]
    node = get.args.fields[1].type.struct
    assert node is not None
    children = node.fields[1].type.element
    assert children is not None
    assert children.struct is node


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"digest": 1}', b"\xff"])
def test_a_document_that_is_none_is_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.thrift").write_text(TEXT)
    (tmp_path / NAME).write_bytes(content)
    assert {one.name for one in directory_functions(tmp_path)} == {"get", "forget"}


def test_files_that_changed_are_read_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.thrift"
    path.write_text(TEXT)
    write_store(tmp_path)
    path.write_text(TEXT.replace("forget", "remove"))
    assert "remove" in {one.name for one in directory_functions(tmp_path)}


def test_the_bundled_document_is_up_to_date(tmp_path: Path) -> None:
    for path in [*IDL.glob("*.thrift"), IDL / STORIES]:
        shutil.copy(path, tmp_path)
    parsed = directory_functions(tmp_path)
    assert len(parsed) > 200
    assert all_of(directory_functions(IDL)) == all_of(parsed), 'write_store(Path("idl")) makes it anew'


def test_reading_the_bundled_document_takes_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.schema.thrift_files.file_functions", lambda path: pytest.fail(f"parsed {path}"))
    assert len(directory_functions(IDL)) > 200
