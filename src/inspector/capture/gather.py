"""Picking fixed-size headers out of a file image, all at once."""

from mmap import mmap

import numpy as np
from numpy.typing import NDArray


def rows_at(image: mmap | bytes, offsets: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """The `width` bytes of `image` at each of `offsets`, copied, one row each."""
    if not len(offsets):
        return np.zeros((0, width), np.uint8)
    # One overlapping item at every byte of the image, so that the offsets are plain indices.
    items = np.ndarray((len(image) - width + 1,), np.dtype(f"V{width}"), image, strides=(1,))
    return items[offsets].view(np.uint8).reshape(-1, width)
