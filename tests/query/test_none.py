"""What is said when a filter matches nothing."""

from functools import partial

import pytest

from inspector.query import compile_filter, why_none
from inspector.query.conditions import Lookup

ROWS: list[dict[str, list[object]]] = [
    {"http": [True], "http.response.code": [200], "tcp.port": [28081, 8080], "data": [b"\x01\x02"]},
    {"http": [True], "http.response.code": [404], "tcp.port": [28081, 8080], "text": ["a\nb" + "c" * 40]},
]


def lookups(rows: list[dict[str, list[object]]]) -> list[Lookup]:
    return [partial(look, row) for row in rows]


def look(row: dict[str, list[object]], name: str) -> list[object]:
    return row.get(name, [])


def said(text: str) -> str:
    wanted = compile_filter(text)
    assert not any(map(wanted.matches, lookups(ROWS)))
    return why_none(wanted, lookups(ROWS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thrift", "there is no thrift here"),
        ("http.response.code == 500", "http.response.code is 200, 404 here"),
        ("not http", "http is in all of them"),
        ("data == 01:03", "data is 0102 here"),
        ('text == "x"', "text is a\\nb" + "c" * 20 + "… here"),
        ("thrift or http.response.code > 999", ""),
        (
            "http and tcp.port == 9083",
            "drop a term: `http` alone matches 2, `tcp.port == 9083` alone matches 0 (tcp.port is 28081, 8080 here)",
        ),
        (
            "(thrift or grpc) && !(http)",
            "no term does: `thrift or grpc` alone matches 0, `!(http)` alone matches 0 (http is in all of them)",
        ),
        (
            "http.response.code in {200} and http.response.code in {404}",
            "drop a term: `http.response.code in {200}` alone matches 1, `http.response.code in {404}` alone matches 1",
        ),
    ],
)
def test_what_to_drop(text: str, expected: str) -> None:
    assert said(text) == expected


def test_many_values_are_cut() -> None:
    counted: list[dict[str, list[object]]] = [{"n": [number]} for number in range(100)]
    assert why_none(compile_filter("n == 1000"), lookups(counted)) == "n is 0, 1, 2, 3, 4, … here"
