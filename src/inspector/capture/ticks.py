"""pcapng timestamps: ticks of an interface's own clock, turned into nanoseconds since 1970."""

from array import array
from typing import Final

import numpy as np
from numpy.typing import NDArray

DEFAULT_RESOLUTION: Final = 6
"""if_tsresol when an interface has none: microseconds (section 4.2)."""

_SECOND: Final = 1_000_000_000
_NEAR: Final = 1 << 32
"""Seconds below which the sum of a time and an offset surely fits 64 bits of nanoseconds."""

_LATEST: Final = (1 << 63) - 1
_EXACT: Final = (1 << 64) // _SECOND
"""Ticks a second up to which a fraction times 10**9 still fits 64 bits."""


def units_per_second(resolution: int) -> int:
    """Ticks in a second for an if_tsresol byte: a power of ten, or of two when its high bit is set."""
    return 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution


def nanoseconds(
    ticks: NDArray[np.uint64], interfaces: NDArray[np.int64], resolutions: "array[int]", offsets: "array[int]"
) -> NDArray[np.int64]:
    """Times in nanoseconds since 1970 of `ticks`.

    `interfaces` is for each of them an index into `resolutions` (if_tsresol) and `offsets` (if_tsoffset, in seconds).
    """
    units = [units_per_second(resolution) for resolution in resolutions]
    unit = np.array([unit if unit <= _EXACT else 0 for unit in units], np.uint64)[interfaces]
    offset = np.array(offsets, np.int64)[interfaces]
    exact = unit > 0
    unit[~exact] = 1
    seconds = ticks // unit
    fast = exact & (seconds < _NEAR) & (offset < _NEAR) & (offset > -_NEAR)
    fractions = ticks % unit * np.uint64(_SECOND) // unit
    times: NDArray[np.int64] = (seconds.astype(np.int64) + offset) * _SECOND + fractions.astype(np.int64)
    for row in np.flatnonzero(~fast).tolist():
        index = int(interfaces[row])
        times[row] = _nanosecond(int(ticks[row]), units[index], offsets[index])
    return times


def _nanosecond(tick: int, units: int, offset: int) -> int:
    time = tick * _SECOND // units + offset * _SECOND
    if time > _LATEST:
        # Some writers count down from 2**64 for times before 1970 (or before a start of their own).
        time = (tick - (1 << 64)) * _SECOND // units + offset * _SECOND
    return max(-_LATEST, min(_LATEST, time))
