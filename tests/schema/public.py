"""Our interface files held against the public ones that the impyla package carries."""

from pathlib import Path

import impala

from inspector.schema.thrift import StructType, ThriftSchema, ThriftType

OURS = Path(__file__).parents[2] / "idl"
PUBLIC = Path(next(iter(impala.__path__))) / "thrift"


def read(path: Path) -> ThriftSchema:
    found = ThriftSchema()
    found.load(path)
    return found


class Comparison:
    """Fields of one id have one name and one type, and so all the way down.

    `versions` names fields of ours that differ and says why, `newer` fields of the public file that ours leaves out.
    An enumeration of ours may know more values.
    """

    def __init__(self, versions: dict[tuple[str, int], str], newer: dict[str, tuple[int, ...]]) -> None:
        self.versions = versions
        self.newer = newer
        self.seen: set[str] = set()
        self.wrong: list[str] = []
        self.used: set[tuple[str, int]] = set()

    def functions(self, ours: ThriftSchema, theirs: ThriftSchema, names: list[str]) -> None:
        for name in names:
            mine, public = ours.function(name), theirs.function(name)
            if mine is None or public is None:
                self.wrong.append(f"{name} is in one file only")
            else:
                self.structs(mine.args, public.args)
                self.structs(mine.result, public.result)

    def structs(self, ours: StructType, theirs: StructType) -> None:
        if ours.name in self.seen:
            return
        self.seen.add(ours.name)
        for id_, field in ours.fields.items():
            other = theirs.fields.get(id_)
            if other is None:
                continue
            if (field.name, field.type.name) != (other.name, other.type.name):
                if (ours.name, id_) in self.versions:
                    self.used.add((ours.name, id_))
                    continue
                self.wrong.append(
                    f"{ours.name}.{id_}: {field.type.name} {field.name}, public {other.type.name} {other.name}"
                )
            self.types(field.type, other.type)
        missing = [id_ for id_ in theirs.fields if id_ not in ours.fields and id_ not in self.newer.get(ours.name, ())]
        if missing:
            self.wrong.append(f"{ours.name} lacks fields {missing}")

    def types(self, ours: ThriftType | None, theirs: ThriftType | None) -> None:
        if ours is None or theirs is None:
            return
        if ours.struct is not None and theirs.struct is not None:
            self.structs(ours.struct, theirs.struct)
        if ours.enum is not None and theirs.enum is not None and theirs.enum.names.items() - ours.enum.names.items():
            self.wrong.append(f"enum {ours.enum.name}: {ours.enum.names}, public {theirs.enum.names}")
        self.types(ours.key, theirs.key)
        self.types(ours.element, theirs.element)
