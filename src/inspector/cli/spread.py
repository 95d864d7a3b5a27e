"""Makes many pieces of output on all processors: a field tree takes long, and each stands alone."""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from inspector.model.errors import InspectorError

T = TypeVar("T")

BLOCK: Final = 100
"""Items made and written by one process at a time: some hundred kilobytes of trees."""
ENOUGH: Final = 50 * BLOCK
"""Fewer items are not worth another process."""
MOST: Final = 4
"""Processes at once; each has its own copy of the memory that it changes."""
TURN: Final = b"."
READER_GONE: Final = 3
"""How a process ends that nobody reads from any more."""


def processes(items: int) -> int:
    """How many processes are worth it for that many items; 1 where they cannot go on from what this one knows."""
    return min(MOST, len(os.sched_getaffinity(0))) if items >= ENOUGH and hasattr(os, "sched_getaffinity") else 1


def spread(items: list[T], make: Callable[[T], bytes], out: int, count: int) -> None:
    """Write what `make` makes of each item to file descriptor `out`, in order, from `count` processes that take turns.

    Raises BrokenPipeError when nobody reads it, InspectorError when one of the processes fails.
    """
    turns = [os.pipe() for _ in range(count)]
    children: list[int] = []
    codes: list[int] = []
    try:
        for number in range(count):
            child = os.fork()
            if not child:
                _work(items, make, out, turns, number)
            children.append(child)
        os.write(turns[0][1], TURN)
    finally:
        for ends in turns:
            os.close(ends[0])
            os.close(ends[1])
        codes += [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if READER_GONE in codes:
        raise BrokenPipeError
    if any(codes):
        raise InspectorError("a process that makes a part of the output ended early")


def _work(items: list[T], make: Callable[[T], bytes], out: int, turns: list[tuple[int, int]], number: int) -> None:
    """Make every so many blocks, write each when it is this process's turn, and end the process."""
    code = 1
    try:
        gc.disable()
        mine, after = turns[number][0], turns[(number + 1) % len(turns)][1]
        # a pipe whose other ends are all closed tells that its process has ended
        for ends in turns:
            for end in ends:
                if end not in (mine, after):
                    os.close(end)
        for at in range(number * BLOCK, len(items), len(turns) * BLOCK):
            block = b"".join(map(make, items[at : at + BLOCK]))
            if not os.read(mine, 1):
                break
            _write(out, block)
            with suppress(BrokenPipeError):  # the next one may have nothing left to do
                os.write(after, TURN)
        else:
            code = 0
    except BrokenPipeError:
        code = READER_GONE
    except Exception as bug:  # noqa: BLE001 (this process has no other edge)
        sys.stderr.write(f"inspector: bug: {type(bug).__name__}: {bug}\n")
    finally:
        # what the process before this one holds is not this one's to clean up
        os._exit(code)


def _write(out: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(out, rest) :]
