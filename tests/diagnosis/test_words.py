"""Numbers and times as people read them."""

import pytest

from inspector.diagnosis.readings import frame_reading, name_reading, number, sized
from inspector.diagnosis.words import count, duration, size


@pytest.mark.parametrize(("seconds", "text"), [
    (0.0, "0 µs"), (0.000098, "98 µs"), (0.0047, "4.7 ms"), (0.109, "109 ms"), (0.9996, "1.0 s"), (4.0008, "4.0 s"),
    (300.2, "300 s"),
])  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_and_sizes() -> None:
    assert [count(n, "byte") for n in (0, 1, 1200)] == ["no bytes", "1 byte", "1,200 bytes"]
    assert [size(n) for n in (7, 2048, 3 << 20, 1_195_725_856)] == ["7 bytes", "2.0 KiB", "3.0 MiB", "1.1 GiB"]


def test_numbers_are_signed_and_computed() -> None:
    assert number(b"\x80\x01\x00\x01") == -2147418111
    assert "version word 0x80010001" in name_reading(b"\x80\x01\x00\x01").text
    assert "a negative length" in frame_reading(b"\x80\x01\x00\x01").text
    assert "that is accepted" in frame_reading(b"\x00\x00\x00\x10").text
    assert sized(b"POST /") == "0x504f5354 = 1,347,375,956"
