"""Here a bug in a decoder fails the test instead of being told beside the bytes."""

import pytest

from inspector.engine.bugs import DEBUG


@pytest.fixture(autouse=True)
def _bugs_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "1")
