"""What Thrift messages hold in any encoding: fields and containers, and a line about them. Spec: thrift/doc/specs"""

from typing import Final

from mypy_extensions import i64

from inspector.protocols.thrift_struct import APPLICATION_EXCEPTION, MAX_STRING, TYPES, Encoding
from inspector.protocols.thrift_text import show, tell
from inspector.schema.thrift import (
    BOOL,
    BYTE,
    DOUBLE,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    STRING,
    STRUCT,
    FieldSpec,
    StructType,
    ThriftType,
)
from inspector.schema.thrift_story import Wanted
from inspector.wire.reader import MAX_DEPTH, Reader

_SHAPE: Final = 64
"""Fields of a message remembered to tell functions of the same name apart."""

_LISTED: Final = 60
"""Characters of a list's elements in a story."""


class Body:
    """What a message's outermost fields say: ids and wire types, values of scalars, and text for a summary.

    `told` are the texts that a story wants, by slot.
    """

    __slots__ = ("shape", "texts", "told", "values")

    def __init__(self, slots: int = 0) -> None:
        self.shape: list[tuple[int, int]] = []
        self.values: list[object] = []
        self.texts: list[str] = []
        self.told = [""] * slots


def read_body(
    enc: Encoding, r: Reader, struct: StructType | None, room: int, body: Body, wanted: Wanted | None = None
) -> None:
    """The fields of a message.

    What they say is added to `body` as they are read: about `room` characters of all, and what is `wanted`.
    """
    r.begin("thrift.exception" if struct is APPLICATION_EXCEPTION else "thrift.struct", struct.name if struct else "")
    _BodyReader(enc, r, body).fields(struct, room, wanted, body.texts, True)
    r.close()
    enc.end_message(r)


class _BodyReader:
    """Reads values; those that nobody wants, and that are not recorded, are passed over."""

    def __init__(self, enc: Encoding, r: Reader, body: Body) -> None:
        self.enc = enc
        self.r = r
        self.body = body
        self.quiet = not r.recording

    def fields(self, struct: StructType | None, room: int, wanted: Wanted | None, texts: list[str], top: bool) -> None:
        """Fields up to and with the end of the struct; `top`: they are the message's own."""
        enc, r = self.enc, self.r
        enc.open_struct(r)
        last = 0
        first = True
        while enc.next_field(r, last, first):
            first = False
            last = enc.id
            inside = wanted.field(last) if wanted is not None else None
            if top and wanted is not None:
                room = wanted.room if inside is None else 0
            if room <= 0 and inside is None and self.quiet and r.depth < MAX_DEPTH:
                wire = enc.wire
                if enc.pass_field(r):
                    if top:
                        self._note_shape(last, wire)
                    if texts and texts[-1] != "…":
                        texts.append("…")
                    continue
            spec = struct.fields.get(last) if struct is not None else None
            text = self._field(spec, room, inside, top)
            if room > 0:
                texts.append(text)
                room -= len(text) + 2
            elif texts and texts[-1] != "…":
                texts.append("…")

    def _note_shape(self, id_: int, wire: int) -> None:
        if len(self.body.shape) < _SHAPE:
            self.body.shape.append((id_, wire))

    def _field(self, spec: FieldSpec | None, room: int, wanted: Wanted | None, top: bool) -> str:
        """One field; its text when there is room."""
        enc, r = self.enc, self.r
        r.begin("thrift.field", spec.name if spec is not None else "")
        # Thrift counts structs and containers as levels, not fields.
        r.depth -= 1
        enc.open_field(r)
        wire, id_ = enc.wire, enc.id
        declared = spec.type if spec is not None else None
        if declared is not None and declared.kind != wire:
            r.note(f"the IDL declares {declared.name}")
            declared = None
        if top:
            self._note_shape(id_, wire)
        value: object = None
        text = ""
        if STRUCT <= wire <= LIST:
            text = self._container(wire, declared, room, wanted)
        else:
            value = self._scalar(wire, declared, room > 0 or wanted is not None, True)
            if wanted is not None:
                self._tell(wanted, value, declared)
            if room > 0:
                text = show(value, declared)
                if top:
                    self.body.values.append(value)
        if declared is not None and declared.enum is not None and isinstance(value, int):
            value = declared.enum.names.get(value, value)
        enc.close_field(r)
        r.depth += 1
        r.close(value)
        if room <= 0:
            return ""
        return f"{spec.name}={text}" if spec is not None else f"{id_}: {text}"

    def _tell(self, wanted: Wanted, value: object, declared: ThriftType | None) -> None:
        if wanted.slot >= 0 and value is not None:
            self.body.told[wanted.slot] = tell(value, declared)

    def _value(self, wire: int, declared: ThriftType | None, room: int, wanted: Wanted | None) -> str:
        """A list's element or a map's key or value; its text when there is room."""
        if STRUCT <= wire <= LIST:
            return self._container(wire, declared, room, wanted)
        value = self._scalar(wire, declared, room > 0 or wanted is not None, False)
        if wanted is not None:
            self._tell(wanted, value, declared)
        return show(value, declared) if room > 0 else ""

    def _container(self, wire: int, declared: ThriftType | None, room: int, wanted: Wanted | None) -> str:
        r = self.r
        name = declared.name if declared is not None else ""
        if wire == STRUCT:
            struct = declared.struct if declared is not None else None
            r.begin("thrift.struct", struct.name if struct is not None else "")
            texts: list[str] = []
            self.fields(struct, room, wanted, texts, False)
            text = f"{struct.name if struct is not None else ''}({', '.join(texts)})" if room > 0 else ""
        elif wire == MAP:
            r.begin("thrift.map", name)
            text = self._map(declared, room, wanted)
        else:
            r.begin("thrift.list" if wire == LIST else "thrift.set", name)
            text = self._list("thrift.num_list_item" if wire == LIST else "thrift.num_set_item", declared, room, wanted)
        r.close()
        return text

    def _list(self, count_name: str, declared: ThriftType | None, room: int, wanted: Wanted | None) -> str:
        enc, r = self.enc, self.r
        enc.open_list(r, count_name)
        wire = enc.wire
        count: i64 = enc.count
        check_count(r, count, wire)
        element = declared.element if declared is not None else None
        if element is not None and element.kind != wire:
            element = None
        inner: Wanted | None = None
        told = False
        if wanted is not None:
            inner = wanted.inner
            told = wanted.slot >= 0 and not STRUCT <= wire <= LIST
            room = self._count(wanted, count)
        texts: list[str] = []
        passed = False
        i: i64 = 0
        while i < count:
            if room <= 0 and inner is None and self.quiet and not passed and r.depth < MAX_DEPTH:
                passed = True
                i += enc.pass_values(r, wire, count - i)
                continue
            enc.before_element(r, i == 0)
            if told and room > 0:
                text = tell(self._scalar(wire, element, True, False), element)
            else:
                text = self._value(wire, element, room, inner)
            inner = None
            i += 1
            if room > 0:
                texts.append(text)
                room -= len(text) + 2
        enc.close_list(r)
        if len(texts) < count:
            texts.append("…")
        return self._listed(texts, wanted)

    def _count(self, wanted: Wanted, count: i64) -> int:
        """Tell how many elements there are; the room for their texts."""
        if wanted.count >= 0:
            self.body.told[wanted.count] = str(count)
        return _LISTED if wanted.slot >= 0 and count else 0

    def _listed(self, texts: list[str], wanted: Wanted | None) -> str:
        text = ", ".join(texts)
        if wanted is not None and wanted.slot >= 0:
            self.body.told[wanted.slot] = text
        return f"[{text}]"

    def _map(self, declared: ThriftType | None, room: int, wanted: Wanted | None) -> str:
        enc, r = self.enc, self.r
        enc.open_map(r)
        key_wire, wire = enc.key_wire, enc.wire
        count: i64 = enc.count
        check_count(r, count, wire)
        if count:
            check_count(r, count, key_wire)
        key = declared.key if declared is not None else None
        if key is not None and key.kind != key_wire:
            key = None
        element = declared.element if declared is not None else None
        if element is not None and element.kind != wire:
            element = None
        if wanted is not None:
            room = self._count(wanted, count)
        texts: list[str] = []
        passed = False
        i: i64 = 0
        while i < count:
            if room <= 0 and self.quiet and not passed and r.depth < MAX_DEPTH:
                passed = True
                i += enc.pass_pairs(r, key_wire, wire, count - i)
                continue
            r.begin("thrift.entry")
            r.depth -= 1
            enc.before_key(r, i == 0)
            key_text = self._value(key_wire, key, room, None)
            enc.before_value(r)
            text = self._value(wire, element, room, None)
            r.depth += 1
            r.close()
            i += 1
            if room > 0:
                texts.append(f"{key_text}: {text}")
                room -= len(texts[-1]) + 2
        enc.close_map(r)
        if len(texts) < count:
            texts.append("…")
        return f"{{{self._listed(texts, wanted)[1:-1]}}}"

    def _scalar(self, wire: int, declared: ThriftType | None, needed: bool, in_field: bool) -> object:
        enc, r = self.enc, self.r
        leaf = declared.leaf if declared is not None else ""
        if wire == STRING:
            return enc.string(r, declared, leaf, needed)
        if wire == I32:
            if declared is None or declared.enum is None or leaf:
                return enc.integer(r, I32, leaf or "thrift.i32")
            number = enc.peek_i32(r)
            r.begin("thrift.enum", declared.enum.names.get(number, ""))
            enc.integer(r, I32, "thrift.i32")
            r.close(number)
            return number
        if wire == BOOL:
            return enc.boolean(r, in_field)
        if wire == I64:
            return enc.integer(r, I64, "thrift.i64")
        if wire == DOUBLE:
            return enc.double(r)
        if wire == I16:
            return enc.integer(r, I16, "thrift.i16")
        if wire == BYTE:
            return enc.i8(r)
        return enc.uuid(r)


def check_count(r: Reader, count: i64, wire: int) -> None:
    """Raise Malformed for a number of elements that cannot be; so many need at least a byte each."""
    if count < 0:
        raise r.malformed(f"{count} elements are fewer than none")
    if count > MAX_STRING:
        raise r.malformed(f"{count} elements are more than the {MAX_STRING} that Thrift's libraries allow")
    if count:
        if wire not in TYPES:
            raise r.malformed(f"element type {wire} is none of Thrift's types")
        r.need(count)
