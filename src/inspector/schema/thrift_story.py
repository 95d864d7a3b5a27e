"""What a call or a reply of a known function says in plain words, as idl/stories.toml words it.

A line names fields by their path: "get table {dbname}.{tbl_name}". Through a list a path takes the first element,
through `*` whichever field a union has set. `{a:row}` counts the elements of a list or map, "5 rows"; `{a:*}` counts
structs by their own name. `{a!X}` counts as missing when it is X; `{a?text}` stands for the text when it is true. What
stands in square brackets is left out when one of its fields is missing; a line that lacks a field outside them gives
way to the next.
"""

import re
from typing import Final

from inspector.schema.thrift import MAP, StructType, ThriftType

_PART: Final = re.compile(r"\{([^{}]*)\}|([\[\]])")
_FIELD: Final = re.compile(r"([\w.*]+)(?:!(\w+)|\?([\w ]+))?(?::([\w *]+))?")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])[0-9]*|[0-9]+")


class Wanted:
    """What a story wants of a value: its text (`slot`), its number of elements (`count`), or of what is inside.

    The slots are indices into the texts gathered, -1 when not wanted. `room` is how many characters of the fields
    that no story wants are told nevertheless, `every` what is wanted of whichever field a union has set.
    """

    __slots__ = ("count", "every", "fields", "inner", "room", "slot")

    def __init__(self) -> None:
        self.slot = -1
        self.count = -1
        self.room = 0
        self.fields: dict[int, Wanted] = {}
        self.every: Wanted | None = None
        self.inner: Wanted | None = None

    def field(self, id_: int) -> "Wanted | None":
        """What is wanted of field `id_` of a struct."""
        return self.fields.get(id_) if self.every is None else self.every


class Piece:
    """Text, or a field's in its place: `slot` is -1 for plain text, else `text` stands for a field that is true.

    `noun` is what is counted, "" for none; a field that is `excluded` counts as missing.
    """

    __slots__ = ("excluded", "noun", "slot", "text")

    def __init__(self, text: str, slot: int = -1, noun: str = "", excluded: str = "") -> None:
        self.text = text
        self.slot = slot
        self.noun = noun
        self.excluded = excluded

    def fill(self, told: list[str]) -> str | None:
        """Its text; None when the field is missing."""
        if self.slot < 0:
            return self.text
        text = told[self.slot]
        if not text or text == self.excluded:
            return None
        if self.text:
            return self.text
        return f"{text} {_counted(self.noun, text)}" if self.noun else text


class Group:
    """Pieces that stand or fall together."""

    __slots__ = ("optional", "pieces")

    def __init__(self, optional: bool) -> None:
        self.optional = optional
        self.pieces: list[Piece] = []

    def fill(self, told: list[str]) -> str | None:
        """The text of all pieces; None when one is missing."""
        found = ""
        for piece in self.pieces:
            text = piece.fill(told)
            if text is None:
                return None
            found += text
        return found


class Story:
    """The lines of one function's calls or replies, and which fields they need."""

    __slots__ = ("lines", "root", "size")

    def __init__(self, lines: list[str], struct: StructType, room: int) -> None:
        self.root = Wanted()
        self.root.room = room
        self.size = 0
        self.lines = [groups for line in lines if (groups := self._groups(line, struct))]

    def tell(self, told: list[str]) -> str:
        """The first line whose fields are there; "" when there is none."""
        for groups in self.lines:
            text = _fill(groups, told)
            if text is not None:
                return text
        return ""

    def _groups(self, line: str, struct: StructType) -> list[Group]:
        """A line's parts; none when it names a field that the struct does not have."""
        groups = [Group(False)]
        at = 0
        for part in _PART.finditer(line):
            if part.start() > at:
                groups[-1].pieces.append(Piece(line[at : part.start()]))
            at = part.end()
            if part[2]:
                groups.append(Group(part[2] == "["))
                continue
            piece = self._piece(part[1], struct)
            if piece is None:
                return []
            groups[-1].pieces.append(piece)
        if at < len(line):
            groups[-1].pieces.append(Piece(line[at:]))
        return groups

    def _piece(self, text: str, struct: StructType) -> Piece | None:
        field = _FIELD.fullmatch(text)
        type_ = _type_at(field[1], struct) if field is not None else None
        if field is None or type_ is None:
            return None
        found = self._place(field[1], struct)
        noun = field[4] or ""
        slot = found.count if noun else found.slot
        if slot < 0:
            slot = self.size
            self.size += 1
            if noun:
                found.count = slot
            else:
                found.slot = slot
        if noun == "*" and type_.element is not None:
            noun = words(type_.element.name)
        return Piece(field[3] or "", slot, noun, "false" if field[3] else field[2] or "")

    def _place(self, path: str, struct: StructType) -> Wanted:
        """The place of a field in what is wanted, made on the way."""
        here = self.root
        inside: StructType | None = struct
        names = path.split(".")
        for position, name in enumerate(names):
            assert inside is not None
            type_: ThriftType | None = _field(name, inside)
            assert type_ is not None
            if name == "*":
                here.every = here.every or Wanted()
                here = here.every
            else:
                number = next(spec.id for spec in inside.fields.values() if spec.type is type_)
                here = here.fields.setdefault(number, Wanted())
            while position + 1 < len(names) and type_ is not None and type_.element is not None:
                here.inner = here.inner or Wanted()
                here = here.inner
                type_ = type_.element
            inside = type_.struct if type_ is not None else None
        return here


def specialise(lines: list[str], method: str, struct: StructType, names: dict[str, str]) -> list[str]:
    """The lines that fit a function's struct, with short names replaced by paths, up to the first that needs no field.

    `names` gives paths, separated by spaces, for each short name.
    """
    found: list[str] = []
    for line in lines:
        kept = _OPTIONAL.sub(
            lambda part: f"[{text}]" if (text := _resolve(part[1], method, struct, names)) else "", line
        )
        text = _resolve(kept, method, struct, names)
        if text is not None and text not in found:
            found.append(text)
            if "{" not in _OPTIONAL.sub("", text):
                break
    return found


def words(name: str) -> str:
    """A name's words in lower case: "get table" for get_table, "open session" for OpenSession."""
    return " ".join(_WORD.findall(name)).lower()


def _resolve(text: str, method: str, struct: StructType, names: dict[str, str]) -> str | None:
    """Text with short names replaced; None when it names a field that the struct does not have."""
    found = ""
    at = 0
    for part in _PART.finditer(text):
        if part[2]:
            continue
        field = _FIELD.fullmatch(part[1])
        if field is None:
            return None
        found += text[at : part.start()]
        at = part.end()
        if field[1] == "method":
            found += words(method)
            continue
        path = next((one for one in names.get(field[1], field[1]).split() if _suits(one, field[4] or "", struct)), None)
        if path is None:
            return None
        found += f"{{{path}{part[1][len(field[1]) :]}}}"
    return found + text[at:]


def _suits(path: str, noun: str, struct: StructType) -> bool:
    """Whether the field at `path` can be told: a plain value or a list of them, or something to count."""
    type_ = _type_at(path, struct)
    if type_ is None:
        return False
    if noun == "*":
        return type_.element is not None and type_.element.struct is not None
    if noun:
        return type_.element is not None
    plain = type_.element if type_.kind != MAP and type_.element is not None else type_
    return plain.struct is None and plain.element is None


def _type_at(path: str, struct: StructType) -> ThriftType | None:
    """The type of a field; None when there is none."""
    inside: StructType | None = struct
    type_: ThriftType | None = None
    for name in path.split("."):
        while type_ is not None and type_.element is not None and type_.kind != MAP:
            type_ = type_.element
            inside = type_.struct
        type_ = _field(name, inside) if inside is not None else None
        if type_ is None:
            return None
        inside = type_.struct
    return type_


def _field(name: str, struct: StructType) -> ThriftType | None:
    return next((spec.type for spec in struct.fields.values() if name in (spec.name, "*")), None)


def _fill(groups: list[Group], told: list[str]) -> str | None:
    found = ""
    for group in groups:
        text = group.fill(told)
        if text is not None:
            found += text
        elif not group.optional:
            return None
    return found


def _counted(noun: str, number: str) -> str:
    if number == "1":
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
