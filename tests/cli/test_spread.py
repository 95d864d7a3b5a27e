"""Output that several processes make in turn."""

import os
from pathlib import Path

import pytest

from inspector.cli.spread import BLOCK, ENOUGH, processes, spread
from inspector.model.errors import InspectorError


def line(number: int) -> bytes:
    if number < 0:
        raise ValueError(number)
    return b"%d\n" % number


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("items", [0, 1, BLOCK, BLOCK + 1, 10 * BLOCK - 1])
def test_order_is_kept(tmp_path: Path, count: int, items: int) -> None:
    with (tmp_path / "out").open("wb") as file:
        spread(list(range(items)), line, file.fileno(), count)
    assert (tmp_path / "out").read_bytes() == b"".join(line(number) for number in range(items))


def test_a_process_that_fails_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    items = list(range(10 * BLOCK))
    items[4 * BLOCK] = -1
    with (tmp_path / "out").open("wb") as file, pytest.raises(InspectorError, match="ended early"):
        spread(items, line, file.fileno(), 2)
    assert capfd.readouterr().err == "inspector: bug: ValueError: -1\n"
    written = (tmp_path / "out").read_bytes()
    assert written == b"".join(line(number) for number in range(4 * BLOCK))


def test_a_reader_that_leaves() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        spread(list(range(10 * BLOCK)), line, writing, 3)
    os.close(writing)


def test_few_items_are_made_by_one_process() -> None:
    assert processes(ENOUGH - 1) == 1
    assert 1 <= processes(ENOUGH) <= 4
