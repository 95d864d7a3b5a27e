"""What all tests share: running a command line within the test, `--update-golden`, and how hypothesis looks."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from inspector.cli.main import main

ROOT = Path(__file__).parent.parent
HUNT = int(os.environ.get("INSPECTOR_EXAMPLES", "0"))
"""Random examples per property when looking for new failures; 0 takes the same examples each time."""

settings.register_profile(
    "inspector",
    max_examples=HUNT or 150,
    derandomize=not HUNT,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.load_profile("inspector")


@dataclass(frozen=True)
class Result:
    """What a command line did."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what commands print now into tests/golden")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named by their argument: gzip writes the clock into them, and every worker must find the same names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `inspector` with some words, from the top of the project, with no terminal around."""
    for name in ("NO_COLOR", "FORCE_COLOR", "INSPECTOR_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(ROOT)

    def call(*words: str) -> Result:
        capfdbinary.readouterr()
        code = main(list(words))
        said = capfdbinary.readouterr()
        return Result(code, said.out.decode(), said.err.decode())

    return call
