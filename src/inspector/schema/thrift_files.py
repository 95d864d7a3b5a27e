"""The functions of `.thrift` files, as thriftpy2 reads them. IDL: https://thrift.apache.org/docs/idl"""

from itertools import count
from pathlib import Path
from typing import Any, Final

from inspector.model.errors import UsageError
from inspector.schema.thrift import (
    I32,
    LIST,
    MAP,
    SET,
    STRUCT,
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

_BINARY: Final = 18
"""How thriftpy2 marks `binary`, which travels as a string."""

_modules = count()


def file_functions(path: Path) -> list[Function]:
    """The functions of a file's services and of the files that it includes. Raises UsageError naming file and line."""
    # Imported here: it takes 50 ms to load.
    from thriftpy2.parser.parser import parse

    # A module name of its own keeps files of the same name in different directories apart in thriftpy2's cache.
    module = f"inspector{next(_modules)}.{path.stem}_thrift"
    try:
        root: Any = parse(str(path.absolute()), module_name=module)  # type: ignore[no-untyped-call]
        return services(root)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # whatever its grammar actions trip over in a wrong file
        raise UsageError(f"{path}: {error or type(error).__name__}") from error


def services(module: Any) -> list[Function]:
    """The functions of a module that thriftpy2 made."""
    return _Converter().services(module)


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
            return binary_type()
        if kind == I32 and detail is not None:
            return enum_type(self._enum(detail))
        if kind == STRUCT:
            return struct_type(self._struct(detail))
        if kind == MAP:
            return map_type(self._inner(detail[0]), self._inner(detail[1]))
        if kind in (LIST, SET):
            return list_type(kind, self._inner(detail))
        return ThriftType(kind)

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
