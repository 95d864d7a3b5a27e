"""Reads `.proto` files and descriptor sets into our types. The protobuf packages are loaded here and nowhere else."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspector.model.errors import UsageError
from inspector.schema.proto import (
    BOOL,
    BYTES,
    ENUM,
    GROUP,
    KIND_NAMES,
    MESSAGE,
    STRING,
    ProtoEnum,
    ProtoField,
    ProtoLayer,
    ProtoMessage,
    ProtoMethod,
)

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FieldDescriptorProto,
        FieldOptions,
        FileDescriptorProto,
        FileOptions,
        MessageOptions,
    )
    from google.protobuf.message import Message

SETS: Final = (".desc", ".protoset", ".binpb", ".pb", ".fds", ".descriptor")
"""Endings of descriptor sets that a directory is searched for."""
COMPILE_SECONDS: Final = 60
"""Time that compiling may take; thousands of files take a few seconds."""

Find = Callable[[str], ProtoMessage | None]
"""Where a type is looked up that the files at hand do not define."""

_IMPORT: Final = re.compile(rb'(?:^|;)\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"\s*;', re.MULTILINE)


def read_path(path: Path, layer: ProtoLayer, find: Find) -> None:
    """Add the types of a `.proto` file, a descriptor set or a directory of them to `layer`. Raises UsageError."""
    if path.is_dir():
        sources = sorted(path.rglob("*.proto"))
        sets = sorted(each for each in path.rglob("*") if each.suffix in SETS)
        if not sources and not sets:
            raise UsageError(f"{path}: no .proto files and no descriptor sets in this directory")
        if sources:
            _add_set(compile_files(sources, path), path, layer, find)
        for each in sets:
            read_set(each, layer, find)
    elif path.suffix == ".proto":
        _add_set(compile_files([path], import_root(path)), path, layer, find)
    else:
        read_set(path, layer, find)


def read_set(path: Path, layer: ProtoLayer, find: Find) -> None:
    """Add the types of a descriptor set, as `protoc -o` writes it, to `layer`. Raises UsageError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    _add_set(content, path, layer, find)


def compile_files(sources: list[Path], root: Path) -> bytes:
    """A descriptor set of files and what they import from `root`. Raises UsageError with the compiler's words."""
    for source in sources:
        if not source.is_file():
            raise UsageError(f"{source}: there is no such file")
    with tempfile.TemporaryDirectory(prefix="inspector-proto-") as scratch:
        target = Path(scratch) / "set.desc"
        words = [sys.executable, "-m", "grpc_tools.protoc", f"-I{root}", "--include_imports", f"-o{target}"]
        words += [str(source) for source in sources]
        try:
            done = subprocess.run(words, capture_output=True, timeout=COMPILE_SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UsageError(f"{sources[0]}: the compiler did not run: {error}") from error
        if done.returncode or not target.is_file():
            said = [
                line
                for line in done.stderr.decode("utf-8", "replace").splitlines()
                if line and "warning:" not in line and not line.startswith("[libprotobuf WARNING")
            ]
            raise UsageError("\n  ".join(said[:8]) or f"{sources[0]}: cannot be compiled")
        return target.read_bytes()


def import_root(path: Path) -> Path:
    """The directory that a file's imports start from: the nearest one above it that holds them all, else its own."""
    try:
        imports = [name.decode("utf-8", "replace") for name in _IMPORT.findall(path.read_bytes())]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    wanted = [name for name in imports if not name.startswith("google/protobuf/")]
    for folder in path.absolute().parents:
        if all((folder / name).is_file() for name in wanted):
            return folder
    return path.absolute().parent


def file_name(content: bytes) -> str:
    """The name of a serialised FileDescriptorProto, "" when it is none."""
    from google.protobuf.message import DecodeError

    try:
        file = _parse_file(content)
    except DecodeError:
        return ""
    return str(file.name) if _is_text(file) else ""


def _is_text(message: "Message") -> bool:
    """Whether all strings are UTF-8; the library hands out bytes where they are not."""
    for field, value in message.ListFields():
        for each in value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]:
            if field.message_type is not None:
                if not _is_text(each):
                    return False
            elif field.type == field.TYPE_STRING and isinstance(each, bytes):
                return False
    return True


def add_files(contents: Iterable[bytes], layer: ProtoLayer, find: Find) -> None:
    """Add the types of serialised FileDescriptorProtos, in any order, to `layer`."""
    Converter(layer, find).add([_parse_file(content) for content in contents])


def _parse_file(content: bytes) -> "FileDescriptorProto":
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    return FileDescriptorProto.FromString(content)


def _add_set(content: bytes, path: Path, layer: ProtoLayer, find: Find) -> None:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.message import DecodeError

    try:
        files = FileDescriptorSet.FromString(content).file
    except DecodeError as error:
        raise UsageError(f"{path}: neither a .proto file nor a descriptor set ({error})") from error
    if not files:
        raise UsageError(f"{path}: a descriptor set without a file")
    if not all(map(_is_text, files)):
        raise UsageError(f"{path}: a descriptor set with names that are not UTF-8")
    Converter(layer, find).add(files)


class Converter:
    """Turns descriptors into our types; messages may refer to each other and to themselves."""

    def __init__(self, layer: ProtoLayer, find: Find) -> None:
        self.layer = layer
        self.find = find
        self.enums: dict[str, ProtoEnum] = {}
        self.maps: set[str] = set()
        self.unfilled: list[tuple[ProtoMessage, DescriptorProto, Features]] = []
        self.extensions: list[tuple[str, FieldDescriptorProto, Features]] = []

    def add(self, files: "Iterable[FileDescriptorProto]") -> None:
        """Add the types and methods of all files; what the layer has already stays."""
        from google.protobuf.descriptor_pb2 import DescriptorProto

        services = []
        for file in files:
            prefix = f"{file.package}." if file.package else ""
            features = Features.of_file(file)
            for enum in file.enum_type:
                self._enum(prefix, enum)
            for message in file.message_type:
                self._message(prefix, message, features)
            self.extensions += [(prefix, extension, features) for extension in file.extension]
            services += [(prefix + service.name, service) for service in file.service]
        for shell, descriptor, features in self.unfilled:
            for field in descriptor.field:
                shell.fields[field.number] = self._field(field, descriptor, features)
        for scope, extension, features in self.extensions:
            extended = self._type(extension.extendee)
            if extension.number not in extended.fields:
                field = self._field(extension, DescriptorProto(), features)
                field.name = f"[{scope}{extension.name}]"
                extended.fields[extension.number] = field
        for name, service in services:
            for method in service.method:
                request, response = self._type(method.input_type), self._type(method.output_type)
                known = ProtoMethod(name, method.name, request, response)
                known.client_streams = method.client_streaming
                known.server_streams = method.server_streaming
                self.layer.methods.setdefault(known.path, known)

    def _enum(self, prefix: str, descriptor: "EnumDescriptorProto") -> None:
        enum = ProtoEnum(prefix + descriptor.name)
        for value in descriptor.value:
            enum.names.setdefault(value.number, value.name)
        self.enums[enum.name] = enum

    def _message(self, prefix: str, descriptor: "DescriptorProto", around: "Features") -> None:
        name = prefix + descriptor.name
        features = around.changed(descriptor.options)
        if descriptor.options.map_entry:
            self.maps.add(name)
        if name not in self.layer.messages:
            shell = ProtoMessage(name)
            self.layer.messages[name] = shell
            self.unfilled.append((shell, descriptor, features))
        for enum in descriptor.enum_type:
            self._enum(f"{name}.", enum)
        for nested in descriptor.nested_type:
            self._message(f"{name}.", nested, features)
        self.extensions += [(f"{name}.", extension, features) for extension in descriptor.extension]

    def _type(self, name: str) -> ProtoMessage:
        """The message type that a descriptor names, one without fields when nobody defines it."""
        full = name.lstrip(".")
        found = self.layer.messages.get(full) or self.find(full)
        return found if found is not None else ProtoMessage(full)

    def _field(
        self, descriptor: "FieldDescriptorProto", around: "DescriptorProto", inherited: "Features"
    ) -> ProtoField:
        features = inherited.changed(descriptor.options)
        field = ProtoField(descriptor.number, descriptor.name, descriptor.type)
        field.repeated = descriptor.label == descriptor.LABEL_REPEATED
        field.required = descriptor.label == descriptor.LABEL_REQUIRED or features.required
        if descriptor.HasField("oneof_index") and not descriptor.proto3_optional:
            field.oneof = around.oneof_decl[descriptor.oneof_index].name
        if field.kind in (MESSAGE, GROUP):
            field.message = self._type(descriptor.type_name)
            field.is_map = field.message.name in self.maps
            if features.delimited and not field.is_map:
                field.kind = GROUP
        elif field.kind == ENUM:
            full = descriptor.type_name.lstrip(".")
            field.enum = self.enums.get(full) or ProtoEnum(full)
        explicit = features.explicit or descriptor.proto3_optional
        field.explicit = bool(explicit or field.oneof or field.message is not None)
        field.default = _default(field, descriptor.default_value)
        field.declared = _declared(field, descriptor, around, explicit)
        return field


class Features:
    """What editions let a file, a message or a field choose, and the older syntaxes fix.

    `explicit`: fields that hold their default are sent too. `delimited`: messages are sent as groups.
    """

    __slots__ = ("delimited", "explicit", "required")

    def __init__(self, explicit: bool, delimited: bool = False, required: bool = False) -> None:
        self.explicit = explicit
        self.delimited = delimited
        self.required = required

    @staticmethod
    def of_file(file: "FileDescriptorProto") -> "Features":
        """Those of a whole file."""
        return Features(file.syntax != "proto3").changed(file.options)

    def changed(self, options: "FileOptions | MessageOptions | FieldOptions") -> "Features":
        """With what options say otherwise."""
        said = options.features
        presence = said.field_presence
        explicit, delimited = self.explicit, self.delimited
        if presence:
            explicit = presence != said.IMPLICIT
        if said.message_encoding:
            delimited = said.message_encoding == said.DELIMITED
        return Features(explicit, delimited, presence == said.LEGACY_REQUIRED)


def _default(field: ProtoField, said: str) -> str:
    """What an absent field means, as the schema would write it; "" for messages and lists, which have no default."""
    if field.repeated or field.message is not None:
        return ""
    if said:
        return f'"{said}"' if field.kind in (STRING, BYTES) else said
    if field.kind in (STRING, BYTES):
        return '""'
    if field.kind == BOOL:
        return "false"
    if field.enum is not None:
        names = field.enum.names
        return names.get(0) or next(iter(names.values()), "0")
    return "0"


def _map_types(descriptor: "FieldDescriptorProto", around: "DescriptorProto") -> str:
    """Key and value type of a map, whose entries are a message type of its own."""
    name = descriptor.type_name.rpartition(".")[2]
    entry = next((nested for nested in around.nested_type if nested.name == name), None)
    parts = entry.field if entry is not None else []
    return ", ".join(part.type_name.lstrip(".") or KIND_NAMES[part.type] for part in parts)


def _declared(field: ProtoField, descriptor: "FieldDescriptorProto", around: "DescriptorProto", explicit: bool) -> str:
    """The line of the schema that declares the field."""
    kind = KIND_NAMES[field.kind]
    if field.enum is not None:
        kind = field.enum.name
    elif field.message is not None:
        kind = field.message.name
    line = f"{kind} {field.name} = {field.number}"
    if field.is_map:
        return f"map<{_map_types(descriptor, around)}> {field.name} = {field.number}"
    if field.oneof:
        return f"oneof {field.oneof}: {line}"
    if field.repeated:
        return f"repeated {line}"
    if field.required:
        return f"required {line}"
    return f"optional {line}" if explicit or descriptor.proto3_optional else line
