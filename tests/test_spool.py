"""Rows kept in a file."""

import pytest

from inspector.spool import Row, Rows


def row(number: int, summary: str = "GET /") -> Row:
    return Row(number, number * 10, 1, 1, 0, 50000, 80, "http", 10, "", summary, True, "")


def test_rows_come_back_as_they_were() -> None:
    rows = Rows()
    assert len(rows) == 0
    made = [row(1), row(2, "line\nfeed, ünïcode \ud800"), row(3)]
    rows.add("".join(each.written() for each in made[:2]).encode())
    rows.add(made[2].written().encode())
    assert list(rows) == made
    assert rows[-1] == made[2]
    assert rows[0:2] == made[:2]
    for place in (3, -4):
        with pytest.raises(IndexError):
            rows[place]


def test_memory_holds_eight_bytes_a_row() -> None:
    rows = Rows()
    lines = "".join(row(number).written() for number in range(10_000)).encode()
    for _ in range(20):
        rows.add(lines)
    assert len(rows) == 200_000
    assert rows[199_999].number == 9_999
    assert rows._ends.itemsize == 8
