"""Written values and their readings."""

import pytest

from inspector.query.literal import Literal, read_number


@pytest.mark.parametrize(
    ("source", "number"),
    [("7", 7), ("-7", -7), ("0x1F", 31), ("1.5", 1.5), ("2e3", 2000.0), ("true", True), ("abc", None), ("7 ", None)],
)
def test_reads_numbers(source: str, number: float | None) -> None:
    assert read_number(source) == number


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("47:45", b"GE"),
        ("47-45", b"GE"),
        ("4745", b"GE"),
        ("0x4745", b"GE"),
        ("4", None),
        ("GET", None),
        ('"GE"', b"GE"),
        ("'é'", "é".encode()),
    ],
)
def test_reads_bytes(source: str, data: bytes | None) -> None:
    assert Literal(source).data == data


@pytest.mark.parametrize(
    ("source", "text"),
    [(r'"a\"b"', 'a"b'), (r'"\x41\n"', "A\n"), (r'"\d\\"', "\\d\\"), (r'r"\d\\"', "\\d\\\\"), ("''", "")],
)
def test_unquotes(source: str, text: str) -> None:
    assert Literal(source).text == text


def test_quotes_take_the_number_away() -> None:
    assert Literal("7").equals(7)
    assert not Literal('"7"').equals(7)
    assert Literal('"7"').equals("7")


def test_kinds_that_do_not_compare_are_neither_below_nor_above() -> None:
    assert not Literal("abc").below(5)
    assert not Literal("abc").above(5)
    assert not Literal("zz").below(b"a")


def test_networks_hold_addresses_only() -> None:
    assert Literal("2001:db8::/32").equals("2001:db8::1")
    assert not Literal("10.0.0.0/8").equals("host")
    assert Literal("10.0.0.0/99").network is None
