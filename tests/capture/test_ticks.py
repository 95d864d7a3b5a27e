"""pcapng timestamps against exact fractions."""

from array import array
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture.ticks import nanoseconds, units_per_second

SECOND = 1_000_000_000


def one(tick: int, resolution: int, offset: int = 0) -> int:
    ticks, interfaces = np.array([tick], np.uint64), np.zeros(1, np.int64)
    return int(nanoseconds(ticks, interfaces, array("B", [resolution]), array("q", [offset]))[0])


@pytest.mark.parametrize(
    ("resolution", "units"), [(0, 1), (6, 10**6), (9, 10**9), (12, 10**12), (0x80, 1), (0x8A, 1024), (0xA0, 2**32)]
)
def test_units_of_powers_of_ten_and_two(resolution: int, units: int) -> None:
    assert units_per_second(resolution) == units


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(-(2**63), 2**63 - 1))
def test_times_are_exact_wherever_they_fit(tick: int, resolution: int, offset: int) -> None:
    want = Fraction(tick * SECOND, units_per_second(resolution)).__floor__() + offset * SECOND
    if abs(want) < 2**63:
        assert one(tick, resolution, offset) == want
    else:
        assert abs(one(tick, resolution, offset)) < 2**63


def test_ticks_counting_down_from_the_top_are_before_1970() -> None:
    assert one(2**64 - 1_500_000, 6) == -1_500_000_000


def test_each_interface_keeps_its_own_clock() -> None:
    ticks, interfaces = np.array([5000, 5000, 5120], np.uint64), np.array([1, 0, 2])
    times = nanoseconds(ticks, interfaces, array("B", [3, 6, 0x8A]), array("q", [0, -2, 1]))
    assert times.tolist() == [-2 * SECOND + 5_000_000, 5 * SECOND, 6 * SECOND]
