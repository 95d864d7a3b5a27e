"""The functions of a folder of `.thrift` files, from a JSON document beside them while it is as new as they are.

Parsing the bundled files takes a third of a second, reading the document some milliseconds.
"""

import hashlib
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

NAME: Final = "all.json"
"""The document; `write_store` makes it anew when a file has changed."""


def directory_functions(folder: Path) -> list[Function]:
    """The functions of all `.thrift` files of a folder, in order of name. Raises UsageError."""
    files = sorted(folder.glob("*.thrift"))
    found = _read(folder / NAME, _digest(files))
    return _parse(files) if found is None else found


def write_store(folder: Path) -> None:
    """Write the folder's document, so that `directory_functions` need not parse. Raises UsageError."""
    files = sorted(folder.glob("*.thrift"))
    packer = _Packer()
    rows = [
        [one.name, one.service, one.oneway, packer.fields(one.args), packer.fields(one.result)] for one in _parse(files)
    ]
    document = {"digest": _digest(files), "enums": packer.enums, "structs": packer.structs, "functions": rows}
    (folder / NAME).write_bytes(msgspec.json.encode(document) + b"\n")


def _parse(files: list[Path]) -> list[Function]:
    from inspector.schema.thrift_files import file_functions

    return [function for path in files for function in file_functions(path)]


def _digest(files: list[Path]) -> str:
    """Changes with the files' names and contents."""
    found = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
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
        return [
            Function(name, service, self._struct(f"{name}_args", args), self._struct(f"{name}_result", result), oneway)
            for name, service, oneway, args, result in self.document["functions"]
        ]

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
