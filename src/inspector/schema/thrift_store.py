"""The functions of a folder of `.thrift` files, from a JSON document beside them while it is as new as they are.

Parsing the bundled files takes a third of a second, reading the document some milliseconds.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from inspector.schema.thrift import (
    LIST,
    SET,
    TYPE_NAMES,
    EnumType,
    FieldSpec,
    Function,
    StructType,
    ThriftType,
    binary_type,
    enum_type,
    list_type,
    map_type,
    struct_type,
)
from inspector.schema.thrift_story import specialise

NAME: Final = "all.json"
"""The document; `write_store` makes it anew when a file has changed."""

STORIES: Final = "stories.toml"
"""What the functions say in plain words."""


def directory_functions(folder: Path) -> list[Function]:
    """The functions of all `.thrift` files of a folder, in order of name. Raises UsageError."""
    files = sorted(folder.glob("*.thrift"))
    found = _read(folder / NAME, _digest(folder, files))
    return _parse(folder, files) if found is None else found


def write_store(folder: Path) -> None:
    """Write the folder's document, so that `directory_functions` need not parse. Raises UsageError."""
    files = sorted(folder.glob("*.thrift"))
    packer = _Packer()
    rows = [packer.function(one) for one in _parse(folder, files)]
    document = {"digest": _digest(folder, files), "enums": packer.enums, "structs": packer.structs, "functions": rows}
    (folder / NAME).write_bytes(msgspec.json.encode(document) + b"\n")


def _parse(folder: Path, files: list[Path]) -> list[Function]:
    from inspector.schema.thrift_files import file_functions

    functions: list[Function] = []
    known: set[tuple[str, str]] = set()
    for function in [function for path in files for function in file_functions(path)]:
        if (function.name, str(function.signature)) not in known:
            known.add((function.name, str(function.signature)))
            functions.append(function)
    stories = folder / STORIES
    if stories.exists():
        _attach(tomllib.loads(stories.read_text(encoding="utf-8")), functions)
    return functions


def _attach(stories: dict[str, Any], functions: list[Function]) -> None:
    """Give functions the lines that are written for them, then those for all functions of their service."""
    names = stories["names"]
    for function in functions:
        service: dict[str, Any] = stories.get(function.service, {})
        own: dict[str, Any] = service.get(function.name, {})
        calls, replies = (
            [*own.get("call", ()), *service.get("call", ())],
            [*own.get("reply", ()), *service.get("reply", ())],
        )
        function.call_lines = specialise(calls, function.name, function.args, names)
        function.reply_lines = specialise(replies, function.name, function.result, names)


def _digest(folder: Path, files: list[Path]) -> str:
    """Changes with the files' names and contents."""
    found = hashlib.sha256()
    for path in [*files, folder / STORIES]:
        content = path.read_bytes() if path.exists() else b""
        found.update(f"{path.name} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def _read(path: Path, digest: str) -> list[Function] | None:
    """The functions that a document holds; None when it is missing or was made of other files."""
    try:
        document: Any = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    if not isinstance(document, dict) or document.get("digest") != digest:
        return None
    return _Unpacker(document).functions()


class _Packer:
    """Types as plain data: a number for a plain type, else a list of a word and what belongs to it."""

    def __init__(self) -> None:
        self.structs: list[list[Any]] = []
        self.enums: list[list[Any]] = []
        self._places: dict[int, int] = {}

    def function(self, one: Function) -> list[Any]:
        """All that is known of a function."""
        args, result = self.fields(one.args), self.fields(one.result)
        return [one.name, one.service, one.oneway, args, result, one.call_lines, one.reply_lines]

    def fields(self, struct: StructType) -> list[list[Any]]:
        """Number, name and type of each field."""
        return [[spec.id, spec.name, self._type(spec.type)] for spec in struct.fields.values()]

    def _type(self, type_: ThriftType) -> object:
        if type_.binary:
            return ["binary"]
        if type_.enum is not None:
            return ["enum", self._enum(type_.enum)]
        if type_.struct is not None:
            return ["struct", self._struct(type_.struct)]
        if type_.element is None:
            return type_.kind
        element = self._type(type_.element)
        return [TYPE_NAMES[type_.kind], element if type_.key is None else [self._type(type_.key), element]]

    def _enum(self, enum: EnumType) -> int:
        if id(enum) not in self._places:
            self._places[id(enum)] = len(self.enums)
            self.enums.append([enum.name, [[number, name] for number, name in enum.names.items()]])
        return self._places[id(enum)]

    def _struct(self, struct: StructType) -> int:
        if id(struct) not in self._places:
            row: list[Any] = [struct.name]
            self._places[id(struct)] = len(self.structs)
            self.structs.append(row)
            row.append(self.fields(struct))
        return self._places[id(struct)]


class _Unpacker:
    """The types again; structs may refer to each other and to themselves, so all are there before they have fields."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.enums = [EnumType(name, dict(names)) for name, names in document["enums"]]
        self.structs = [StructType(row[0]) for row in document["structs"]]
        for struct, row in zip(self.structs, document["structs"], strict=True):
            struct.fields = self._struct("", row[1]).fields

    def functions(self) -> list[Function]:
        """In the order in which they were written."""
        return [self._function(row) for row in self.document["functions"]]

    def _function(self, row: list[Any]) -> Function:
        name, service, oneway, args, result, calls, replies = row
        made = Function(
            name, service, self._struct(f"{name}_args", args), self._struct(f"{name}_result", result), oneway
        )
        made.call_lines = calls
        made.reply_lines = replies
        return made

    def _struct(self, name: str, rows: list[list[Any]]) -> StructType:
        return StructType(name, [FieldSpec(id_, word, self._type(type_)) for id_, word, type_ in rows])

    def _type(self, packed: Any) -> ThriftType:
        if isinstance(packed, int):
            return ThriftType(packed)
        word, detail = packed[0], packed[-1]
        if word == "binary":
            return binary_type()
        if word == "enum":
            return enum_type(self.enums[detail])
        if word == "struct":
            return struct_type(self.structs[detail])
        if word == "map":
            return map_type(self._type(detail[0]), self._type(detail[1]))
        return list_type(LIST if word == "list" else SET, self._type(detail))
