"""The guide has an entry for every field that is emitted, says something of its own in each, and never fails."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import inspector
from inspector.guide import Entry, Guide
from inspector.guide.template import placeholders
from inspector.model.field import Bits, Field
from inspector.net.headers import understands
from inspector.protocols.http_head import HEADER_FIELDS
from inspector.session import Session, bundled_captures

SOURCES = Path(inspector.__file__).parent
ENTRIES = list(Guide().entries())
PAGES = sorted(path.stem for path in (SOURCES / "guide" / "en").glob("*.toml") if path.stem != "common")
NAME = re.compile(rf"(?:{'|'.join(PAGES)})(?:\.[a-z0-9_]+)+")
FAMILIES = {"http2.headers.*"}
"""Entries for all fields of a kind that have none of their own."""
EVERYWHERE = {"frame", "data", "payload", "hole", "gap", "more"}
"""Names without a dot that are no protocol's."""


def emitted(tree: Field) -> Iterator[str]:
    for field in tree.walk():
        yield field.name
        yield from (bits.name for bits in field.bits)


@pytest.mark.parametrize("path", bundled_captures(), ids=lambda path: path.name)
def test_every_emitted_field_has_an_entry(path: Path) -> None:
    session = Session.open(str(path))
    names = {name for message in session.messages for name in emitted(session.explain(message))}
    for number in range(1, session.packet_count + 1):
        if understands(session.packet(number)):
            names |= set(emitted(session.explain_packet(number)))
    assert sorted(name for name in names if session.guide.entry(name) is None) == []


def written_names(folders: tuple[str, ...]) -> tuple[set[str], list[str]]:
    """Field names that stand in the sources of `folders`, and patterns of those put together from parts there."""
    names: set[str] = set()
    patterns: list[str] = []
    for folder in folders:
        for path in (SOURCES / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                    names.add(node.value)
                elif isinstance(node, ast.JoinedStr):
                    last = node.values[-1]
                    if isinstance(last, ast.Constant) and re.fullmatch(r"\.[a-z0-9_]+", str(last.value)):
                        patterns.append(r"[a-z0-9_.]+" + re.escape(str(last.value)))
    return names, patterns


def test_every_name_in_the_sources_has_an_entry() -> None:
    names, _ = written_names(("protocols", "net", "engine"))
    guide = Guide()
    assert len(names) > 150
    assert sorted(name for name in names | set(HEADER_FIELDS.values()) if guide.entry(name) is None) == []


def test_every_entry_is_of_a_field_that_exists() -> None:
    names, patterns = written_names(("protocols", "net", "engine", "query", "export"))
    known = names | set(HEADER_FIELDS.values()) | EVERYWHERE | set(PAGES)
    patterns += [re.escape(family) for family in FAMILIES]
    lost = [e.name for e in ENTRIES if e.name not in known and not any(re.fullmatch(p, e.name) for p in patterns)]
    assert lost == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entry_is_complete(entry: Entry) -> None:
    assert entry.title
    assert entry.title[0].isupper() or not entry.title[0].isalpha()
    assert entry.spec
    assert len(entry.text.splitlines()) >= 2 or len(entry.text) > 60
    known = placeholders(Field("x", 1, 0, 1), b"\x01", None).keys() | {"meaning", "note", "rival", "bits"}
    for line in entry.text.splitlines():
        assert line.endswith((".", "{rival}", "{note}")), line
        assert set(re.findall(r"\{(\w+)\}", line)) <= known
        assert all(len(sentence.split()) <= 34 for sentence in re.split(r"[.:;?] ", line)), line
    if "{meaning}" in entry.text or "{note}" in entry.text:
        assert entry.values or entry.name in {"tcp.flags", "ip.flags"}


def test_no_two_fields_say_the_same() -> None:
    seen: dict[str, list[str]] = {}
    for entry in ENTRIES:
        for line in entry.text.splitlines():
            if "{" not in line:
                seen.setdefault(line, []).append(entry.name)
    assert {line: names for line, names in seen.items() if len(names) > 2} == {}


def test_values_of_every_entry_have_names() -> None:
    for entry in ENTRIES:
        for value, text in entry.values.items():
            name, _, note = text.partition(": ")
            assert name.strip(), (entry.name, value)
            assert not note or note.endswith("."), (entry.name, value)


ODD_VALUES = (
    st.none()
    | st.integers()
    | st.sampled_from([0, -1, 10**400, -(10**5000)])
    | st.floats()
    | st.text()
    | st.binary()
    | st.booleans()
    | st.lists(st.integers())
)


@given(st.sampled_from(ENTRIES), ODD_VALUES, st.binary(max_size=300), st.text(max_size=5))
def test_explaining_never_fails(entry: Entry, value: object, raw: bytes, label: str) -> None:
    guide = Guide()
    field = Field(entry.name, value, 7, 7 + len(raw), label)
    field.bits = [Bits(entry.name, 3, 2, 2), Bits("ip.flags.df", 1, 14, 1)]
    parent = Field("thrift.field", value, 0, 400, label)
    explained = guide.explain(field, raw, parent)
    assert "{" not in entry.title
    assert not re.search(r"\{(value|hex|bytes|arithmetic|note|rival|meaning)\}", explained.text.replace(label, ""))
    guide.explain_bits(field.bits[0], raw)
    guide.bits_title(field.bits[1], raw)
    guide.meaning(entry.name, value)


def test_meaning_is_the_short_name_of_a_value() -> None:
    guide = Guide()
    assert guide.meaning("thrift.mtype", 1) == "call"
    assert guide.meaning("http.response.code", 404) == "Not Found"
    assert guide.meaning("eth.type", 0x0800) == "IPv4"
    assert guide.meaning("vlan.etype", 0x86DD) == "IPv6"
    assert guide.meaning("http.request.method", "POST") == "process"
    assert guide.meaning("http.response.code", 999) == ""
    assert guide.meaning("http.host", "localhost") == ""
    assert guide.meaning("no.such", 1) == ""


def test_all_registered_status_codes_are_named() -> None:
    registered = [*range(100, 104), *range(200, 209), 226, *range(300, 306), 307, 308, *range(400, 418)]
    registered += [421, 422, 423, 424, 425, 426, 428, 429, 431, 451, *range(500, 509), 510, 511]
    guide = Guide()
    assert [code for code in registered if not guide.meaning("http.response.code", code)] == []


def test_unknown_value_of_one_byte_is_read_as_a_letter() -> None:
    explained = Guide().explain(Field("thrift.sasl.status", 71, 0, 1), b"G")
    assert explained.meaning == "71 = 'G'"
    assert "71 is" not in explained.text.partition("A server")[0]
    assert "0x47 = 4·16 + 7 = 71." in explained.text


def test_flags_mean_the_bits_that_are_set() -> None:
    flags = Field("tcp.flags", 0x12, 12, 14)
    flags.bits = [Bits("tcp.flags.ack", 1, 4, 1), Bits("tcp.flags.syn", 1, 1, 1), Bits("tcp.flags.fin", 0, 0, 1)]
    guide = Guide()
    assert guide.explain(flags, b"\x50\x12").meaning == "SYN, ACK"
    assert guide.bits_title(flags.bits[1], b"\x50\x12") == ".... .... .... ..1. = SYN: set"
    assert (
        guide.bits_title(Bits("tcp.hdr_len", 20, 12, 4), b"\x50\x12") == "0101 .... .... .... = Header length: 5·4 = 20"
    )


@pytest.mark.parametrize(
    ("name", "value", "raw", "said"),
    [
        ("http.request.method", "GET", b"GET", "47 45 54 20: Thrift would read them as the length 1,195,725,856."),
        ("http.response.version", "HTTP/1.1", b"HTTP/1.1", "as the length 1,213,486,160."),
        ("tls", None, b"\x16\x03\x01\x02\x00\x01", "16 03 01 02, as the length 369,295,618."),
        (
            "thrift.frame_len",
            1195725856,
            b"GET ",
            "But 47 45 54 20 is also the text 'GET ', the start of an HTTP request.",
        ),
        ("thrift.str_len", 0x16030100, b"\x16\x03\x01\x00", "is also how a TLS handshake record begins."),
        ("thrift.sasl.error", "", b"Invalid status 71", "71 is the letter 'G': the first byte it got was text"),
        ("data.data", None, b"\x80\x01\x00\x01", "80 01 00 01 is how a Thrift binary message begins."),
    ],
)
def test_rival_reading_is_told_where_one_exists(name: str, value: object, raw: bytes, said: str) -> None:
    assert said in Guide().explain(Field(name, value, 0, len(raw)), raw).text


@pytest.mark.parametrize(("name", "raw"), [("http.request.method", b"FETCH"), ("thrift.frame_len", b"\0\0\0\x30")])
def test_no_rival_reading_is_made_up(name: str, raw: bytes) -> None:
    text = Guide().explain(Field(name, int.from_bytes(raw, "big"), 0, len(raw)), raw).text
    assert "Thrift would" not in text
    assert "But " not in text


def test_value_of_a_header_without_an_entry_names_the_header() -> None:
    line = Field("http.request.line", "x-trace: 17", 0, 13)
    text = Guide().explain(Field("http.header.value", "17", 9, 11), b"17", line).text
    assert text.startswith('The value of header "x-trace" is "17".')


def test_schema_names_come_from_the_field_around() -> None:
    around = Field("thrift.field", 5, 0, 7, "maxParts")
    text = Guide().explain(Field("thrift.i32", 5, 3, 7), b"\0\0\0\x05", around).text
    assert "The schema calls it maxParts." in text
    alone = Guide().explain(Field("thrift.i32", 5, 3, 7), b"\0\0\0\x05", Field("thrift.list", None, 0, 9, "list<i32>"))
    assert "The schema" not in alone.text


def test_field_without_an_entry_keeps_its_name() -> None:
    guide = Guide()
    assert guide.entry("icmp.type") is None
    assert guide.title("icmp.type") == "icmp.type"
    explained = guide.explain(Field("icmp.type", 8, 0, 1, "echo-request"), b"\x08")
    assert explained.title == "icmp.type"
    assert "echo-request" in explained.text


def test_missing_language_is_answered_in_english() -> None:
    assert Guide("xx").title("http.host") == "Host"
    assert Guide("../en").title("http.host") == "Host"


def test_family_entry_serves_those_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = Guide()
    family = Entry("x.options.*", "Option", "An option.", "spec", {})
    monkeypatch.setattr(guide, "_pages", {"x": {family.name: family}, "common": {}})
    assert guide.title("x.options.new.part") == "Option"
    assert guide.title("x.other") == "x.other"


def test_only_the_page_asked_for_is_read() -> None:
    code = (
        "import sys\n"
        "from inspector.guide import Guide\n"
        "assert 'tomllib' not in sys.modules and 'importlib.resources' not in sys.modules\n"
        "guide = Guide()\n"
        "guide.title('udp.length')\n"
        "assert sorted(guide._pages) == ['udp'], guide._pages.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(SOURCES.parent)})
