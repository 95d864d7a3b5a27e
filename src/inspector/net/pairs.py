"""Grouping of equal pairs of numbers, faster than sorting by two keys."""

import numpy as np
from numpy.typing import NDArray


def group_pairs(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The index of each distinct pair's first occurrence, and for every entry the position of its pair among those."""
    mixed = high * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= (mixed >> np.uint64(29)) + low * np.uint64(0xD6E8FEB86659FD93)
    firsts, inverse = _unique(mixed)
    if (high[firsts][inverse] == high).all() and (low[firsts][inverse] == low).all():
        return firsts, inverse
    # two pairs share a mixed value: number each column by itself and group the numbers
    _, left = _unique(high)
    _, right = _unique(low)
    return _unique(left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64))


def _unique(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return firsts.astype(np.int64), inverse.astype(np.int64).reshape(-1)
