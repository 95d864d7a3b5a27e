"""Names and types from `.thrift` files. IDL: https://thrift.apache.org/docs/idl"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

# The type numbers of the binary protocol (thrift-binary-protocol.md, "Struct").
STOP: Final = 0
BOOL: Final = 2
BYTE: Final = 3
DOUBLE: Final = 4
I16: Final = 6
I32: Final = 8
I64: Final = 10
STRING: Final = 11
STRUCT: Final = 12
MAP: Final = 13
SET: Final = 14
LIST: Final = 15
UUID: Final = 16

TYPE_NAMES: Final[dict[int, str]] = {
    BOOL: "bool",
    BYTE: "i8",
    DOUBLE: "double",
    I16: "i16",
    I32: "i32",
    I64: "i64",
    STRING: "string",
    STRUCT: "struct",
    MAP: "map",
    SET: "set",
    LIST: "list",
    UUID: "uuid",
}


class EnumType:
    """An enumeration: names by number."""

    __slots__ = ("name", "names")

    def __init__(self, name: str, names: dict[int, str]) -> None:
        self.name = name
        self.names = names


class ThriftType:
    """A type as the IDL declares it; `kind` is its number on the wire.

    `element` is the type of a list's or set's elements or of a map's values, `key` that of a map's keys.
    `leaf` is the field name of its values where it is not the usual one of its kind.
    """

    __slots__ = ("binary", "element", "enum", "key", "kind", "leaf", "name", "struct")

    def __init__(self, kind: int, name: str = "", leaf: str = "") -> None:
        self.kind = kind
        self.name = name or TYPE_NAMES[kind]
        self.leaf = leaf
        self.binary = False
        self.enum: EnumType | None = None
        self.struct: StructType | None = None
        self.key: ThriftType | None = None
        self.element: ThriftType | None = None


def binary_type() -> ThriftType:
    """`binary`, which travels as a string."""
    type_ = ThriftType(STRING, "binary")
    type_.binary = True
    return type_


def enum_type(enum: EnumType) -> ThriftType:
    """An enumeration, which travels as an I32."""
    type_ = ThriftType(I32, enum.name)
    type_.enum = enum
    return type_


def struct_type(struct: "StructType") -> ThriftType:
    """A struct, union or exception."""
    type_ = ThriftType(STRUCT, struct.name)
    type_.struct = struct
    return type_


def list_type(kind: int, element: ThriftType) -> ThriftType:
    """A list or set: `kind` is LIST or SET."""
    type_ = ThriftType(kind, f"{TYPE_NAMES[kind]}<{element.name}>")
    type_.element = element
    return type_


def map_type(key: ThriftType, element: ThriftType) -> ThriftType:
    """A map."""
    type_ = ThriftType(MAP, f"map<{key.name}, {element.name}>")
    type_.key, type_.element = key, element
    return type_


class FieldSpec:
    """One field of a struct, or one argument."""

    __slots__ = ("id", "name", "type")

    def __init__(self, id_: int, name: str, type_: ThriftType) -> None:
        self.id = id_
        self.name = name
        self.type = type_


class StructType:
    """A struct, union or exception, or the arguments or results of a function: fields by id."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str, fields: Iterable[FieldSpec] = ()) -> None:
        self.name = name
        self.fields = {field.id: field for field in fields}

    def fits(self, shape: list[tuple[int, int]]) -> bool:
        """Whether fields of these ids and wire types could be this struct's."""
        return all(id_ in self.fields and self.fields[id_].type.kind == kind for id_, kind in shape)


class Function:
    """A method of a service. In `result` field 0 is what it returns; the others are the exceptions it declares.

    `call_lines` and `reply_lines` word what it says (see thrift_story); what was made of them is kept beside them.
    """

    __slots__ = (
        "args",
        "call_lines",
        "call_story",
        "name",
        "oneway",
        "reply_lines",
        "reply_story",
        "result",
        "service",
    )

    def __init__(self, name: str, service: str, args: StructType, result: StructType, oneway: bool) -> None:
        self.name = name
        self.service = service
        self.args = args
        self.result = result
        self.oneway = oneway
        self.call_lines: list[str] = []
        self.reply_lines: list[str] = []
        self.call_story: object = None
        self.reply_story: object = None

    @property
    def signature(self) -> list[tuple[int, str, str]]:
        """What tells it from a function of the same name."""
        specs = [*self.args.fields.values(), *self.result.fields.values()]
        return [(spec.id, spec.name, spec.type.name) for spec in specs]


class ThriftSchema:
    """The functions of all services in force: those of single files first, then those of directories."""

    def __init__(self) -> None:
        self._functions: dict[str, list[Function]] = {}
        self._directories: dict[str, list[Function]] = {}
        self._unread: list[Path] = []

    def load(self, path: Path) -> None:
        """Read one file and what it includes, or all of a directory. Raises UsageError naming file and line."""
        from inspector.schema.thrift_files import file_functions

        for file in sorted(path.glob("*.thrift")) if path.is_dir() else [path]:
            self._add(file_functions(file))

    def load_module(self, name: str) -> None:
        """Take the functions of an installed module that Thrift's compiler wrote. Raises UsageError."""
        from inspector.schema.thrift_module import module_functions

        self._add(module_functions(name))

    def load_directory(self, path: Path) -> None:
        """Read all `.thrift` files of a directory, in order of name, when a function is first asked for.

        Errors are raised then, as by `load`.
        """
        self._unread.append(path)

    def functions(self, method: str) -> list[Function]:
        """All functions of this name; a multiplexed name ("Service:method") keeps to its service if that is known."""
        found = self._functions.get(method)
        if found is not None:
            return found
        service, _, name = method.rpartition(":")
        if service:
            found = self.functions(name)
            return [function for function in found if function.service == service] or found
        if self._unread:
            self._read_directories()
        return self._directories.get(method, [])

    def _add(self, found: list[Function]) -> None:
        """Learn functions of files and modules; those of a service that is known are told in its words."""
        from inspector.schema.thrift_story import specialise

        if self._unread:
            self._read_directories()
        for function in found:
            for known in self._directories.get(function.name, ()):
                if known.service == function.service or known.signature == function.signature:
                    function.call_lines = specialise(known.call_lines, function.name, function.args, {})
                    function.reply_lines = specialise(known.reply_lines, function.name, function.result, {})
                    break
        _learn(self._functions, found)

    def _read_directories(self) -> None:
        from inspector.schema.thrift_store import directory_functions

        for path in self._unread:
            _learn(self._directories, directory_functions(path))
        self._unread.clear()

    def names(self) -> list[str]:
        """The names of all functions of files and modules, in order of reading."""
        return list(self._functions)

    def function(self, method: str) -> Function | None:
        """The first function of this name."""
        found = self.functions(method)
        return found[0] if found else None


def _learn(functions: dict[str, list[Function]], found: list[Function]) -> None:
    """Add functions, each once however often it was read."""
    for function in found:
        known = functions.setdefault(function.name, [])
        if all(function.signature != other.signature for other in known):
            known.append(function)
