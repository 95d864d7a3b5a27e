"""What calls and replies of known services say in plain words."""

import tomllib
from pathlib import Path

import pytest

from inspector.schema.thrift import Function, ThriftSchema
from inspector.schema.thrift_store import STORIES, directory_functions
from inspector.schema.thrift_story import Story, specialise, words

IDL = Path(__file__).parents[2] / "idl"

TEXT = """
enum Mood { GOOD = 1, BAD = 2 }
struct Row { 1: string name, 2: list<i32> cells }
union Column { 1: Row left, 2: Row right }
struct Answer { 1: Mood mood, 2: list<Row> rows, 3: list<Column> columns, 4: bool more, 5: map<string, i32> marks }
service S { Answer ask(1: string db_name, 2: string tbl, 3: list<string> parts, 4: Row row) }
"""


@pytest.fixture
def ask(tmp_path: Path) -> Function:
    (tmp_path / "s.thrift").write_text(TEXT)
    schema = ThriftSchema()
    schema.load(tmp_path / "s.thrift")
    found = schema.function("ask")
    assert found is not None
    return found


NAMES = {"db": "dbname db_name", "table": "tbl_name tbl", "row": "row"}


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("{method} {db}.{table}", ["ask it {db_name}.{tbl}"]),
        ("{method} {db}[ as {user}][ in {parts}]", ["ask it {db_name}[ in {parts}]"]),
        ("{method} {user}", []),
        ("{row}", []),
        ("{row.name!x}, {parts:part}", ["{row.name!x}, {parts:part}"]),
        ("{parts:*}", []),
        ("{db:row}", []),
    ],
)
def test_lines_are_made_to_fit_a_function(ask: Function, line: str, becomes: list[str]) -> None:
    assert specialise([line], "ask_it", ask.args, NAMES) == becomes


def test_structs_are_counted_by_their_name(ask: Function) -> None:
    assert specialise(["{success.rows:*}", "{success.marks:*}"], "ask", ask.result, {}) == ["{success.rows:*}"]
    assert Story(["{success.rows:*}"], ask.result, 0).tell(["2"]) == "2 rows"


def test_lines_behind_one_that_always_fits_are_left_out(ask: Function) -> None:
    assert specialise(["{db}", "x[ {db}]", "y"], "ask", ask.args, NAMES) == ["{db_name}", "x[ {db_name}]"]


def test_the_first_line_that_has_its_fields_is_told(ask: Function) -> None:
    story = Story(["{db_name}.{tbl}[ {row.name!no}][, {parts:party}]", "just {tbl!no}", "nothing"], ask.args, 0)
    slots = {"db_name": 0, "tbl": 1, "row.name": 2, "parts": 3}
    assert story.size == len(slots)
    for told, text in [
        (["a", "b", "c", "2"], "a.b c, 2 parties"),
        (["a", "b", "no", "1"], "a.b, 1 party"),
        (["", "b", "c", "2"], "just b"),
        (["", "no", "c", "2"], "nothing"),
    ]:
        assert story.tell(told) == text


def test_words_in_place_of_what_is_true(ask: Function) -> None:
    story = Story(["{success.mood}[, {success.more?there is more}]"], ask.result, 0)
    assert [story.tell(["GOOD", more]) for more in ("true", "false", "")] == ["GOOD, there is more", "GOOD", "GOOD"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("get_table", "get table"),
        ("OpenSession", "open session"),
        ("getMetaConf", "get meta conf"),
        ("get_current_notificationEventId", "get current notification event id"),
        ("PingImpalaHS2Service", "ping impala hs2 service"),
        ("SQLPrimaryKey", "sql primary key"),
    ],
)
def test_names_in_words(name: str, text: str) -> None:
    assert words(name) == text


def test_every_call_and_reply_of_the_known_services_is_told_whatever_it_lacks() -> None:
    stories = tomllib.loads((IDL / STORIES).read_text(encoding="utf-8"))
    functions = [one for one in directory_functions(IDL) if one.service in stories]
    assert len(functions) > 200
    for function in functions:
        for lines, struct in ((function.call_lines, function.args), (function.reply_lines, function.result)):
            story = Story(lines, struct, 0)
            assert len(story.lines) == len(lines), function.name
            assert story.tell([""] * story.size), f"{function.name}: {lines}"


def test_every_section_names_a_function_and_every_short_name_is_used() -> None:
    stories = tomllib.loads((IDL / STORIES).read_text(encoding="utf-8"))
    names = stories.pop("names")
    functions = directory_functions(IDL)
    for service, section in stories.items():
        known = {one.name for one in functions if one.service == service}
        own = {name for name, value in section.items() if isinstance(value, dict)}
        assert own <= known, service
    text = (IDL / STORIES).read_text(encoding="utf-8")
    assert not [name for name in names if f"{{{name}" not in text]
    structs = [struct for one in functions for struct in (one.args, one.result)]
    for name, paths in names.items():
        for path in paths.split():
            fits = any(specialise([f"{{{path}}}", f"{{{path}:x}}"], "", struct, {}) for struct in structs)
            assert fits, f"{name}: no function has {path}"


def test_a_known_service_is_told_in_its_words_whoever_wrote_the_file(tmp_path: Path) -> None:
    text = (
        "service ThriftHiveMetastore { i32 get_table(1: string dbname, 2: string tbl_name, 9: bool fresh) i32 own() }"
    )
    (tmp_path / "newer.thrift").write_text(text)
    schema = ThriftSchema()
    schema.load_directory(IDL)
    schema.load(tmp_path / "newer.thrift")
    get_table, own = schema.function("get_table"), schema.function("own")
    assert get_table is not None
    assert own is not None
    assert get_table.args.fields[9].name == "fresh"
    assert get_table.call_lines == ["get table {dbname}.{tbl_name}", "get table {dbname}", "get table"]
    assert get_table.reply_lines == ["get table → done"]
    assert own.call_lines == []
