"""Names and types from `.thrift` files. IDL: https://thrift.apache.org/docs/idl"""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any, Final

from inspector.model.errors import UsageError

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

_BINARY: Final = 18
"""How the IDL reader marks `binary`, which travels as a string."""

_modules = count()


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
    """A method of a service. In `result` field 0 is what it returns; the others are the exceptions it declares."""

    __slots__ = ("args", "name", "oneway", "result", "service")

    def __init__(self, name: str, service: str, args: StructType, result: StructType, oneway: bool) -> None:
        self.name = name
        self.service = service
        self.args = args
        self.result = result
        self.oneway = oneway

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
        for file in sorted(path.glob("*.thrift")) if path.is_dir() else [path]:
            _add(self._functions, file)

    def load_module(self, name: str) -> None:
        """Take the functions of an installed module that Thrift's compiler wrote. Raises UsageError."""
        from inspector.schema.thrift_module import module_functions

        for function in module_functions(name):
            _learn(self._functions, function)

    def load_directory(self, path: Path) -> None:
        """Read all `.thrift` files of a directory, in order of name, when a function is first asked for.

        Errors are raised then, as by `load`. Reading the bundled files takes a tenth of a second, which only those
        pay who look at Thrift.
        """
        self._unread.append(path)

    def functions(self, method: str) -> list[Function]:
        """All functions of this name; a multiplexed name ("Service:method") keeps to its service if that is known."""
        service, _, name = method.rpartition(":")
        found = self._functions.get(name)
        if found is None:
            while self._unread:
                for file in sorted(self._unread.pop(0).glob("*.thrift")):
                    _add(self._directories, file)
            found = self._directories.get(name, [])
        if service and len(found) > 1:
            return [function for function in found if function.service == service] or found
        return found

    def function(self, method: str) -> Function | None:
        """The first function of this name."""
        found = self.functions(method)
        return found[0] if found else None


def _add(functions: dict[str, list[Function]], path: Path) -> None:
    # Imported here: it takes 50 ms to load.
    from thriftpy2.parser.parser import parse

    # A module name of its own keeps files of the same name in different directories apart in thriftpy2's cache.
    module = f"inspector{next(_modules)}.{path.stem}_thrift"
    try:
        root: Any = parse(str(path.absolute()), module_name=module)  # type: ignore[no-untyped-call]
        services = _Converter().services(root)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # whatever its grammar actions trip over in a wrong file
        raise UsageError(f"{path}: {error or type(error).__name__}") from error
    for function in services:
        _learn(functions, function)


def _learn(functions: dict[str, list[Function]], function: Function) -> None:
    known = functions.setdefault(function.name, [])
    if all(function.signature != other.signature for other in known):
        known.append(function)


class _Converter:
    """Turns what thriftpy2 read into our types; structs may refer to each other and to themselves."""

    def __init__(self) -> None:
        self.structs: dict[Any, StructType] = {}
        self.enums: dict[Any, EnumType] = {}
        self.seen: set[str] = set()

    def services(self, module: Any) -> list[Function]:
        """The functions of a file's services, then those of the files that it includes."""
        found: list[Function] = []
        if module.__thrift_file__ in self.seen:
            return found
        self.seen.add(module.__thrift_file__)
        meta = module.__thrift_meta__
        for service in meta["services"]:
            found += [self._function(service, name) for name in service.thrift_services]
        for included in meta["includes"]:
            found += self.services(included)
        return found

    def _function(self, service: Any, name: str) -> Function:
        args = StructType(f"{name}_args", self._fields(getattr(service, f"{name}_args").thrift_spec))
        result = getattr(service, f"{name}_result")
        results = StructType(f"{name}_result", self._fields(result.thrift_spec))
        return Function(name, service.__name__, args, results, bool(result.oneway))

    def _fields(self, specs: dict[int, tuple[Any, ...]]) -> list[FieldSpec]:
        found = []
        for id_, spec in sorted(specs.items()):
            kind, name = spec[0], spec[1]
            detail = spec[2] if len(spec) == 4 else None
            found.append(FieldSpec(id_, name, self._type(kind, detail)))
        return found

    def _type(self, kind: int, detail: Any) -> ThriftType:
        if kind == _BINARY:
            binary = ThriftType(STRING, "binary")
            binary.binary = True
            return binary
        type_ = ThriftType(kind)
        if kind == I32 and detail is not None:
            type_.enum = self._enum(detail)
            type_.name = type_.enum.name
        elif kind == STRUCT:
            type_.struct = self._struct(detail)
            type_.name = type_.struct.name
        elif kind == MAP:
            type_.key, type_.element = self._inner(detail[0]), self._inner(detail[1])
            type_.name = f"map<{type_.key.name}, {type_.element.name}>"
        elif kind in (LIST, SET):
            type_.element = self._inner(detail)
            type_.name = f"{TYPE_NAMES[kind]}<{type_.element.name}>"
        return type_

    def _inner(self, spec: Any) -> ThriftType:
        return self._type(spec[0], spec[1]) if isinstance(spec, tuple) else self._type(spec, None)

    def _enum(self, cls: Any) -> EnumType:
        if cls not in self.enums:
            self.enums[cls] = EnumType(cls.__name__, dict(cls._VALUES_TO_NAMES))
        return self.enums[cls]

    def _struct(self, cls: Any) -> StructType:
        if cls not in self.structs:
            struct = self.structs[cls] = StructType(cls.__name__)
            struct.fields = {field.id: field for field in self._fields(cls.thrift_spec)}
        return self.structs[cls]
