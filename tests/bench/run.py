"""Running a command as a whole process: wall time, processor time and peak memory."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Run:
    """`wall` and `processor` are seconds, `memory` the peak resident set in bytes."""

    wall: float
    processor: float
    memory: int


def run(command: list[str]) -> Run:
    """Run `command` once, its output thrown away. Raises RuntimeError when it fails."""
    started = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {said.decode(errors='replace').strip()}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def compare(ours: list[str], theirs: list[str], times: int) -> tuple[Run, Run]:
    """The medians of `times` runs of both, in turn, so that a machine that slows down slows both."""
    runs = [(run(ours), run(theirs)) for _ in range(times)]
    return middle([a for a, _ in runs]), middle([b for _, b in runs])


def middle(runs: list[Run]) -> Run:
    """The median of each figure."""
    return Run(median(r.wall for r in runs), median(r.processor for r in runs), int(median(r.memory for r in runs)))
