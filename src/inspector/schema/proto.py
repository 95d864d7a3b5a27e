"""Names and types from `.proto` files, descriptor sets and gRPC reflection. Spec: protobuf.dev/reference/protobuf"""

from pathlib import Path
from typing import Final

from inspector.model.errors import UsageError

# Types as descriptors number them (google/protobuf/descriptor.proto, FieldDescriptorProto.Type).
DOUBLE: Final = 1
FLOAT: Final = 2
INT64: Final = 3
UINT64: Final = 4
INT32: Final = 5
FIXED64: Final = 6
FIXED32: Final = 7
BOOL: Final = 8
STRING: Final = 9
GROUP: Final = 10
MESSAGE: Final = 11
BYTES: Final = 12
UINT32: Final = 13
ENUM: Final = 14
SFIXED32: Final = 15
SFIXED64: Final = 16
SINT32: Final = 17
SINT64: Final = 18

KIND_NAMES: Final = (
    "", "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string",
    "group", "message", "bytes", "uint32", "enum", "sfixed32", "sfixed64", "sint32", "sint64",
)  # fmt: skip


class ProtoEnum:
    """An enumeration: names by number; of several names for one number the first."""

    __slots__ = ("name", "names")

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: dict[int, str] = {}


class ProtoField:
    """One field of a message. `kind` is DOUBLE to SINT64; `declared` is the line of the schema that declares it.

    `explicit` says that a value equal to the default is sent too; `default` is what an absent field means, as text.
    """

    __slots__ = (
        "declared", "default", "enum", "explicit", "is_map", "kind", "message", "name", "number", "oneof", "repeated",
        "required",
    )  # fmt: skip

    def __init__(self, number: int, name: str, kind: int) -> None:
        self.number = number
        self.name = name
        self.kind = kind
        self.repeated = False
        self.required = False
        self.explicit = False
        self.is_map = False
        self.oneof = ""
        self.default = ""
        self.declared = ""
        self.message: ProtoMessage | None = None
        self.enum: ProtoEnum | None = None


class ProtoMessage:
    """A message type: fields by number. `name` is with its package, `short` without.

    `summaries` is for whoever shows its messages: what was made of the same bytes before.
    """

    __slots__ = ("fields", "name", "short", "summaries")

    def __init__(self, name: str) -> None:
        self.name = name
        self.short = name.rpartition(".")[2]
        self.fields: dict[int, ProtoField] = {}
        self.summaries: dict[bytes, str] = {}


class ProtoMethod:
    """A method of a service; `path` is how gRPC names it on the wire, "/package.Service/Method"."""

    __slots__ = ("client_streams", "name", "path", "request", "response", "server_streams", "service")

    def __init__(self, service: str, name: str, request: ProtoMessage, response: ProtoMessage) -> None:
        self.service = service
        self.name = name
        self.path = f"/{service}/{name}"
        self.request = request
        self.response = response
        self.client_streams = False
        self.server_streams = False


class ProtoLayer:
    """The types of one source: what the user named, what the capture taught, or what comes with the project."""

    def __init__(self) -> None:
        self.messages: dict[str, ProtoMessage] = {}
        self.methods: dict[str, ProtoMethod] = {}


class ProtoSchema:
    """All types in force: those the user named first, then those learnt from the capture, then the bundled ones.

    `chosen` is the type that the user says bytes without any framing are.
    """

    def __init__(self) -> None:
        self._named = ProtoLayer()
        self._learnt = ProtoLayer()
        self._bundled = ProtoLayer()
        self._unread: list[Path] = []
        self._files: dict[str, bytes] = {}
        self._missed: set[str] = set()
        self._found: dict[str, ProtoMethod] = {}
        self.news = False
        self.chosen: ProtoMessage | None = None

    def load(self, path: Path) -> None:
        """Read a `.proto` file, a descriptor set or a directory of them. Raises UsageError naming file and line."""
        from inspector.schema.proto_files import read_path

        read_path(path, self._named, self.message)
        self._found.clear()

    def load_later(self, path: Path) -> None:
        """Read a descriptor set, when a type is first asked for."""
        self._unread.append(path)

    def method(self, path: str) -> ProtoMethod | None:
        """The method that gRPC calls `path`, "/package.Service/Method"."""
        found = self._found.get(path)
        if found is not None:
            return found
        for layer in self._layers():
            found = layer.methods.get(path)
            if found is not None:
                self._found[path] = found
                return found
        if len(self._missed) < MAX_MISSED:
            self._missed.add(path)
        return None

    def methods(self) -> list[ProtoMethod]:
        """All methods, each path once."""
        found: dict[str, ProtoMethod] = {}
        for layer in self._layers():
            for path, method in layer.methods.items():
                found.setdefault(path, method)
        return list(found.values())

    def message(self, name: str) -> ProtoMessage | None:
        """The message type of this full name."""
        for layer in self._layers():
            found = layer.messages.get(name)
            if found is not None:
                return found
        return None

    def choose(self, name: str) -> None:
        """Read bytes without framing as this type; its package may be left out where no other type has the name.

        Raises UsageError when there is no such type, or more than one.
        """
        found = [exact] if (exact := self.message(name)) is not None else self._ending_in(name)
        if len(found) == 1:
            self.chosen = found[0]
            return
        if found:
            raise UsageError(f"{name} may be {' or '.join(sorted(each.name for each in found))}: write it in full")
        raise UsageError(f"no schema has a message type {name!r}: name its .proto file with --proto")

    def _ending_in(self, name: str) -> list[ProtoMessage]:
        found: dict[str, ProtoMessage] = {}
        for layer in self._layers():
            for full, message in layer.messages.items():
                if full.endswith(f".{name}"):
                    found.setdefault(full, message)
        return list(found.values())

    def learn(self, files: list[bytes]) -> None:
        """Take in serialised FileDescriptorProtos that a server told of by reflection; those that are none are left.

        `news` is set when they name a method that was asked for in vain before.
        """
        from inspector.schema.proto_files import add_files, file_name

        fresh = False
        for content in files:
            name = file_name(content)
            if name and name not in self._files and len(self._files) < MAX_LEARNT:
                self._files[name] = content
                fresh = True
        if not fresh:
            return
        self._learnt = ProtoLayer()
        self._found.clear()
        add_files(list(self._files.values()), self._learnt, self.message)
        if not self._missed.isdisjoint(self._learnt.methods):
            self._missed -= self._learnt.methods.keys()
            self.news = True

    def _layers(self) -> list[ProtoLayer]:
        while self._unread:
            from inspector.schema.proto_files import read_set

            read_set(self._unread.pop(0), self._bundled, self._find_bundled)
        return [self._named, self._learnt, self._bundled]

    def _find_bundled(self, name: str) -> ProtoMessage | None:
        return self._bundled.messages.get(name)


MAX_MISSED: Final = 10_000
"""Paths remembered that nobody knows, in case reflection names them later."""
MAX_LEARNT: Final = 1000
"""Files taken from reflection; large services come in dozens."""
