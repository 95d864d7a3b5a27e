"""Grouping of equal numbers, and of equal pairs of numbers, by sorting."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]

HIGH_FACTOR: Final = 0x9E3779B97F4A7C15
LOW_FACTOR: Final = 0xD6E8FEB86659FD93
"""Odd numbers with well mixed bits, to make one number of a pair."""


def group_equal(keys: NDArray[Any]) -> tuple[Rows, Rows]:
    """The index of each distinct key's first occurrence, in the order of the keys, and the group of every entry."""
    order = np.argsort(keys, kind="stable").astype(np.int32)
    ordered = keys[order]
    begins = np.empty(len(keys), np.bool_)
    begins[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    groups = np.empty(len(keys), np.int32)
    groups[order] = np.cumsum(begins, dtype=np.int32) - 1
    return order[begins], groups


def group_pairs(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> tuple[Rows, Rows]:
    """The same for pairs; the order of the groups is arbitrary."""
    mixed = high * np.uint64(HIGH_FACTOR)
    mixed ^= mixed >> np.uint64(29)
    mixed += low * np.uint64(LOW_FACTOR)
    firsts, groups = group_equal(mixed)
    if np.array_equal(high[firsts][groups], high) and np.array_equal(low[firsts][groups], low):
        return firsts, groups
    # two pairs share a mixed value: number each column by itself and group the numbers
    _, left = group_equal(high)
    _, right = group_equal(low)
    return group_equal(left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64))
