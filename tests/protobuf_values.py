"""Shared by tests: what our trees and the protobuf library say of the same messages."""

import struct
from collections.abc import Iterator

from google.protobuf.message import Message

from inspector.model.field import Field

Values = list[tuple[str, object]]
"""Names and values in order; a message is a list of its own, a list has an entry for each of its elements."""


def fields_of(node: Field) -> Iterator[Field]:
    """The fields of the message below `node`."""
    message = next(child for child in node.children if child.name == "protobuf.message")
    return (child for child in message.children if child.name == "protobuf.field")


def decoded(node: Field, data: bytes) -> Values:
    """What our tree says of the message below `node`; `data` is the tree's buffer."""
    found: Values = []
    for field in fields_of(node):
        for child in field.children:
            if child.name == "protobuf.message":
                found.append((field.label, decoded(field, data)))
            elif child.name == "protobuf.field.value":
                found.append((field.label, data[child.start : child.end]))
            elif child.name == "protobuf.field.value.repeated":
                found += [(field.label, number.value) for number in child.children]
            elif child.name.startswith("protobuf.field.value.") and not child.name.endswith("length"):
                found.append((field.label, child.value))
    return found


def expected(message: Message) -> Values:
    """What the library says of a message without unknown fields."""
    found: Values = []
    for descriptor, value in message.ListFields():
        name = f"[{descriptor.full_name}]" if descriptor.is_extension else descriptor.name
        entry = descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry
        if entry:
            found += [(name, entry_of(descriptor, key, value[key])) for key in value]
        elif descriptor.is_repeated:
            found += [(name, expected(each) if descriptor.message_type else each) for each in value]
        elif descriptor.message_type:
            found.append((name, expected(value)))
        else:
            found.append((name, value))
    return found


def entry_of(descriptor: object, key: object, value: object) -> Values:
    """A map's entry: key and value, of which the value may be a message."""
    return [("key", key), ("value", expected(value) if isinstance(value, Message) else value)]


def same(left: object, right: object) -> bool:
    """Whether two readings are equal; floats as single precision, and the order of fields does not count."""
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        left, right = sorted(left, key=name_of), sorted(right, key=name_of)
        return all(a[0] == b[0] and same(a[1], b[1]) for a, b in zip(left, right, strict=True))
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (left != left and right != right) or single(left) == single(right)
    return type(left) is type(right) and left == right


def name_of(pair: tuple[str, object]) -> tuple[str, str]:
    """What to sort by: a map's entries come in any order."""
    name, value = pair
    is_entry = isinstance(value, list) and [each for each, _ in value][:2] in (["key", "value"], ["key"])
    return name, repr(value[0]) if is_entry and isinstance(value, list) else ""


def single(value: float) -> bytes:
    """The nearest single-precision number."""
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return b""
