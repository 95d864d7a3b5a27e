import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspector.net.pairs import HIGH_FACTOR, LOW_FACTOR, Rows, group_equal, group_pairs

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**64 - 1) | st.integers(0, 3)), max_size=40)


def columns(values: list[tuple[int, int]]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    return np.array([a for a, _ in values], np.uint64), np.array([b for _, b in values], np.uint64)


def check(values: list[tuple[int, int]], firsts: Rows, groups: Rows) -> None:
    assert [values[firsts[g]] for g in groups] == values
    assert sorted(firsts.tolist()) == [i for i, value in enumerate(values) if value not in values[:i]]


@given(PAIRS)
def test_pairs_are_grouped(values: list[tuple[int, int]]) -> None:
    check(values, *group_pairs(*columns(values)))


def test_pairs_that_mix_to_the_same_value_stay_apart() -> None:
    # the second factor is odd, so that for any two high numbers there are low numbers that even the difference out
    size = 2**64
    inverse = pow(LOW_FACTOR, -1, size)
    mixed = [value ^ value >> 29 for value in (high * HIGH_FACTOR % size for high in (1, 2))]
    low = (mixed[0] - mixed[1]) * inverse % size
    values = [(1, 0), (2, low), (1, 0), (3, 3), (2, low)]
    assert (mixed[0] + 0) % size == (mixed[1] + low * LOW_FACTOR) % size
    check(values, *group_pairs(*columns(values)))


def test_groups_follow_the_order_of_the_keys() -> None:
    firsts, groups = group_equal(np.array([5, 3, 5, 9, 3]))
    assert (firsts.tolist(), groups.tolist()) == ([1, 0, 3], [1, 0, 1, 2, 0])
