"""Transcripts: each file below golden/ begins with a command line, the rest is what it prints.

`pytest --update-golden` writes them again; the difference is then read like any other change.
"""

import shlex
from importlib.metadata import version
from pathlib import Path

import pytest

from conftest import Run
from inspector import __version__

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(GOLDEN.rglob("*.txt"))
PROMPT = "$ inspector "


def transcript(line: str, run: Run) -> str:
    """The command line, its output, its remarks behind "!" and its exit code when that is not 0."""
    result = run(*shlex.split(line.removeprefix(PROMPT)))
    remarks = "".join(f"! {each}\n" for each in result.err.splitlines())
    printed = f"{line}\n{result.out}{remarks}" + (f"[exit {result.code}]\n" if result.code else "")
    return _without_versions(printed)


def _without_versions(text: str) -> str:
    """Which release of a library, or of ourselves, is at hand is no part of a transcript."""
    versions = [("inspector", __version__), ("thrift", version("thrift")), ("wsproto", version("wsproto"))]
    for package, library in versions:
        text = text.replace(f"{package} {library}", f"{package} VERSION")
    return text


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(GOLDEN).with_suffix("").as_posix())
def test_prints_what_it_printed_before(path: Path, run: Run, request: pytest.FixtureRequest) -> None:
    recorded = path.read_text(encoding="utf-8")
    line = recorded.partition("\n")[0]
    assert line.startswith(PROMPT), f"{path} must begin with a command line"
    printed = transcript(line, run)
    if request.config.getoption("--update-golden"):
        path.write_text(printed, encoding="utf-8", newline="\n")
    else:
        assert printed == recorded


def test_there_are_transcripts() -> None:
    assert CASES
