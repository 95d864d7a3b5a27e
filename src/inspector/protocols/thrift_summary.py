"""One line about a Thrift message, and what its header says of the struct that follows."""

from typing import Final

from inspector.protocols.thrift_struct import (
    APPLICATION_EXCEPTION,
    CALL,
    EXCEPTION,
    EXCEPTION_TYPES,
    ONEWAY,
    REPLY,
    Body,
    Header,
    escape,
    quote,
)
from inspector.schema.thrift import Function, StructType

_SUMMARY: Final = 120
"""Characters of a summary."""


def struct_of(header: Header, function: Function | None) -> StructType | None:
    """The struct that a message of `function` holds; None when that is not known."""
    if header.mtype == EXCEPTION:
        return APPLICATION_EXCEPTION
    if function is None:
        return None
    return function.result if header.mtype == REPLY else function.args


def bare(method: str) -> str:
    """A method's name without the service that multiplexing puts before it."""
    return method.rpartition(":")[2]


def declared_exception(id_: int, function: Function | None) -> str:
    """The name of the exception that a reply's field holds."""
    spec = function.result.fields.get(id_) if function is not None else None
    return spec.type.name if spec is not None else f"field {id_}"


def exception_facts(body: Body) -> list[tuple[str, object]]:
    """Message (field 1) and type (field 2) of a TApplicationException, as far as they are there."""
    found: list[tuple[str, object]] = []
    for i in range(len(body.values)):
        id_, value = body.shape[i][0], body.values[i]
        if id_ == 1 and isinstance(value, str):
            found.append(("thrift.exception.message", value))
        elif id_ == 2 and isinstance(value, int):
            found.append(("thrift.exception.type", value))
    return found


def summarise_message(header: Header, function: Function | None, body: Body) -> str:
    """The method with its arguments, its result or its exception."""
    line = escape(_line(header, function, body))
    return line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1]}…"


def _line(header: Header, function: Function | None, body: Body) -> str:
    if header.mtype in (CALL, ONEWAY):
        return f"{header.method}({', '.join(body.texts)})"
    if header.mtype == EXCEPTION:
        return _exception_line(header, body)
    if not body.texts:
        void = function is not None and 0 not in function.result.fields
        return f"{header.method} → void" if void else f"{header.method} → ()"
    id_ = body.shape[0][0]
    separator = "=" if function is not None and id_ in function.result.fields else ": "
    text = body.texts[0].partition(separator)[2]
    if id_ == 0:
        return f"{header.method} → {text}"
    if function is not None and id_ in function.result.fields:
        # NoSuchObjectException(message="...") says no more than NoSuchObjectException("...").
        return f"{header.method} → {text.replace('(message=', '(', 1)}"
    return f"{header.method} → declared exception {id_}{text}"


def _exception_line(header: Header, body: Body) -> str:
    words, text = "unknown error", ""
    for name, value in exception_facts(body):
        if name == "thrift.exception.message":
            text = f": {value}"
        elif isinstance(value, int) and value:
            words = EXCEPTION_TYPES.get(value, f"type {value}").lower().replace("_", " ")
    return f"EXCEPTION {words} {quote(header.method)}{text}"
