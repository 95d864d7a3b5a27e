"""Finds entries in the data files and fills them with a field's value and bytes."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from inspector.guide.arithmetic import bits_arithmetic, bits_sum, ruler
from inspector.guide.entry import Entry, Explanation
from inspector.guide.rival import rival
from inspector.guide.template import fill, placeholders, words
from inspector.model.field import Bits, Field

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DEFAULT_LANGUAGE = "en"
COMMON = "common"
"""The file of the fields that every protocol may have (gap, hole)."""
UNNAMED = "unnamed"
"""The entry for fields whose names are not ours: those of layers that scapy reads."""


class Guide:
    """The guide in one human language; a file is read when a field of its protocol is first asked for.

    What a language does not have is answered in English.
    """

    def __init__(self, language: str = DEFAULT_LANGUAGE) -> None:
        self.language = language
        self._pages: dict[str, dict[str, Entry]] = {}

    def entry(self, name: str) -> Entry | None:
        """The entry of field `name`; one named "tcp.options.*" serves those below it that have none of their own."""
        found = self._find(name)
        family = name
        while found is None and "." in family:
            family = family.rpartition(".")[0]
            found = self._find(f"{family}.*")
        return found

    def title(self, name: str) -> str:
        """A short human name of field `name`, or `name` itself."""
        entry = self.entry(name)
        return entry.title if entry is not None else name

    def meaning(self, name: str, value: object) -> str:
        """The short name of an enumerated value of field `name`, "" when it has none."""
        return self._named(name, value).partition(": ")[0]

    def explain(self, field: Field, raw: bytes, parent: Field | None = None) -> Explanation:
        """Explain `field`, whose bytes are `raw` (as many as are at hand); `parent` is the field around it."""
        entry = self.entry(field.name)
        if entry is None:
            return self._unnamed(field, raw)
        name, _, note = self._named(field.name, field.value).partition(": ")
        meaning = name or self._set_bits(field.bits) or _character(entry, field.value, raw)
        said = placeholders(field, raw, parent)
        said["meaning"] = name or self._set_bits(field.bits)
        said["note"] = note
        said["rival"] = rival(field.name, raw)
        said["bits"] = "; ".join(self.bits_title(bits, raw) for bits in field.bits)
        return Explanation(entry.title, meaning, fill(entry.text, said), entry.spec)

    def _unnamed(self, field: Field, raw: bytes) -> Explanation:
        entry = self._page(COMMON)[UNNAMED]
        return Explanation(field.name, "", fill(entry.text, placeholders(field, raw, None)), entry.spec)

    def explain_bits(self, bits: Bits, raw: bytes) -> Explanation:
        """Explain some bits of a field whose bytes are `raw`."""
        entry = self.entry(bits.name)
        if entry is None:
            return Explanation(bits.name, "", "", "")
        name, _, note = self._named(bits.name, bits.value).partition(": ")
        said = placeholders(Field(bits.name, bits.value, 0, len(raw)), raw, None)
        said["arithmetic"] = bits_arithmetic(bits, raw)
        said["meaning"] = name
        said["note"] = note
        return Explanation(entry.title, name, fill(entry.text, said), entry.spec)

    def bits_title(self, bits: Bits, raw: bytes) -> str:
        """One line about some bits of a field whose bytes are `raw`: ".1.. .... = Don't fragment: set"."""
        said = self.meaning(bits.name, bits.value) or bits_sum(bits, raw)
        drawn = ruler(bits, raw)
        return f"{drawn} = {self.title(bits.name)}: {said}" if drawn else f"{self.title(bits.name)}: {said}"

    def entries(self) -> Iterator[Entry]:
        """The entries of all fields, by file and then in the order of the file."""
        for page in _page_names(DEFAULT_LANGUAGE):
            yield from (entry for name, entry in self._page(page).items() if name != UNNAMED)

    def _find(self, name: str) -> Entry | None:
        found = self._page(name.partition(".")[0]).get(name)
        return found if found is not None else self._page(COMMON).get(name)

    def _named(self, name: str, value: object) -> str:
        entry = self.entry(name)
        if entry is None or not isinstance(value, int | str):
            return ""
        return entry.values.get(int(value) if isinstance(value, int) else value, "")

    def _set_bits(self, bits: list[Bits]) -> str:
        """The names of the single bits that are set, lowest first, as people name TCP flags."""
        return ", ".join(self.title(each.name) for each in reversed(bits) if each.width == 1 and each.value)

    def _page(self, page: str) -> dict[str, Entry]:
        known = self._pages.get(page)
        if known is None:
            known = _read(DEFAULT_LANGUAGE, page)
            if self.language != DEFAULT_LANGUAGE:
                known |= _read(self.language, page)
            self._pages[page] = known
        return known


def _character(entry: Entry, value: object, raw: bytes) -> str:
    """A byte that should be one of a few numbers but is none of them is often a letter of some text."""
    if entry.values and len(raw) == 1 and 0x20 < raw[0] < 0x7F and value == raw[0]:
        return f"{value} = '{chr(raw[0])}'"
    return ""


def _folder(language: str) -> "Traversable":
    from importlib.resources import files

    return files("inspector.guide") / language


def _page_names(language: str) -> list[str]:
    found = [each.name for each in _folder(language).iterdir()]
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def _read(language: str, page: str) -> dict[str, Entry]:
    tables = _tables(language, page)
    return {name: _entry(name, table, language, tables) for name, table in tables.items()}


@cache
def _tables(language: str, page: str) -> dict[str, dict[str, object]]:
    if not page.replace("_", "").replace("-", "").isalnum() or not language.replace("-", "").isalnum():
        return {}
    file = _folder(language) / f"{page}.toml"
    if not file.is_file():
        return {}
    import tomllib

    return tomllib.loads(file.read_text(encoding="utf-8"))


def _entry(name: str, table: dict[str, object], language: str, tables: dict[str, dict[str, object]]) -> Entry:
    values = table.get("values", {})
    if isinstance(values, str):
        # The name of another field, perhaps in another file, whose values have the same names.
        shared = tables if values in tables else _tables(language, values.partition(".")[0])
        values = shared[values]["values"]
    assert isinstance(values, dict)
    named: dict[int | str, str] = {_key(key): str(text) for key, text in values.items()}
    return Entry(name, words(table["title"]), words(table["text"]), words(table["spec"]), named)


def _key(key: str) -> int | str:
    """Numbers in decimal or 0x form name numbers; everything else names text."""
    try:
        return int(key, 16) if key.startswith("0x") else int(key)
    except ValueError:
        return key
