"""Keeping a mapped capture file from filling memory while it is read from end to end."""

import mmap
import sys


def drop_pages(image: mmap.mmap | bytes) -> None:
    """Let the system take back the pages of the file that were read; they come back when they are read again."""
    if sys.platform != "win32" and isinstance(image, mmap.mmap):
        image.madvise(mmap.MADV_DONTNEED)
