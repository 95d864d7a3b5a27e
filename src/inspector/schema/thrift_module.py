"""Names and types from an installed Python module: what Thrift's compiler wrote, or thriftpy2 made."""

import importlib
import pkgutil
from enum import IntEnum
from types import ModuleType
from typing import Any, Final

from inspector.model.errors import UsageError
from inspector.schema.thrift import (
    I32,
    LIST,
    MAP,
    SET,
    STRING,
    STRUCT,
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
from inspector.schema.thrift_files import services

_ARGS: Final = "_args"
_RESULT: Final = "_result"


def module_functions(name: str) -> list[Function]:
    """The functions of a service's module, or of all modules of a package. Raises UsageError when there are none.

    The module is imported, and so runs: it is the user who names it.
    """
    found: list[Function] = []
    converter = _Converter()
    try:
        module = importlib.import_module(name)
        for each in [module, *_submodules(module)]:
            found += _functions(each, converter)
            found += _loaded(each)
    except Exception as error:  # whatever an imported module raises
        raise UsageError(f"module {name}: {error or type(error).__name__}") from error
    if not found:
        raise UsageError(f"module {name}: holds no Thrift service (classes with thrift_spec that end in _args)")
    return found


def _loaded(module: ModuleType) -> list[Function]:
    """The functions of the modules that thriftpy2 made of `.thrift` files, under whatever name this one has them."""
    made = [one for one in [module, *vars(module).values()] if hasattr(one, "__thrift_meta__")]
    return [function for one in made for function in services(one)]


def _submodules(module: ModuleType) -> list[ModuleType]:
    paths = getattr(module, "__path__", None)
    if paths is None:
        return []
    names = [info.name for info in pkgutil.iter_modules(paths) if not info.ispkg and not info.name.startswith("_")]
    return [importlib.import_module(f"{module.__name__}.{name}") for name in names if not name.endswith("-remote")]


def _functions(module: ModuleType, converter: "_Converter") -> list[Function]:
    service = module.__name__.rpartition(".")[2]
    found: list[Function] = []
    for class_name, cls in sorted(vars(module).items()):
        if not class_name.endswith(_ARGS) or not isinstance(getattr(cls, "thrift_spec", None), tuple):
            continue
        name = class_name.removesuffix(_ARGS)
        result = getattr(module, name + _RESULT, None)
        args = StructType(class_name, converter.fields(cls))
        results = StructType(name + _RESULT, converter.fields(result) if result is not None else ())
        found.append(Function(name, service, args, results, result is None))
    return found


class _Converter:
    """Turns `thrift_spec` tuples into our types; structs may refer to each other and to themselves."""

    def __init__(self) -> None:
        self.structs: dict[Any, StructType] = {}

    def fields(self, cls: Any) -> list[FieldSpec]:
        """The fields of a generated class: (number, type, name, details of the type, default)."""
        specs = [spec for spec in getattr(cls, "thrift_spec", None) or () if spec is not None]
        return [FieldSpec(spec[0], spec[2], self._type(spec[1], spec[3])) for spec in specs]

    def _type(self, kind: int, detail: Any) -> ThriftType:
        if kind not in TYPE_NAMES:
            raise UsageError(f"type {kind} is none of Thrift's types")
        if kind == STRING and detail == "BINARY":
            return binary_type()
        if kind == I32 and isinstance(detail, type):
            return enum_type(EnumType(detail.__name__, _names(detail)))
        if kind == STRUCT:
            return struct_type(self._struct(detail[0]))
        if kind == MAP:
            return map_type(self._type(detail[0], detail[1]), self._type(detail[2], detail[3]))
        if kind in (LIST, SET):
            return list_type(kind, self._type(detail[0], detail[1]))
        return ThriftType(kind)

    def _struct(self, cls: Any) -> StructType:
        if cls not in self.structs:
            struct = self.structs[cls] = StructType(cls.__name__)
            struct.fields = {field.id: field for field in self.fields(cls)}
        return self.structs[cls]


def _names(cls: Any) -> dict[int, str]:
    """An enumeration's names by number: a class of its own kind, or Python's (--gen py:enum)."""
    if issubclass(cls, IntEnum):
        return {int(member): name for name, member in cls.__members__.items()}
    return dict(getattr(cls, "_VALUES_TO_NAMES", {}))
