"""`ls --fields` against `tshark -T fields`, name by name, over the bundled captures."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from inspector.export.lookup import Lookup
from inspector.session import Session, bundled_captures

NAMES = (
    "http.request.method",
    "http.request.uri",
    "http.response.code",
    "http.host",
    "http.user_agent",
    "http.server",
    "http.content_type",
    "thrift.method",
)
CUT_VALUES = {"http-snaplen-96"}
"""tshark gives the captured half of a header whose rest was cut off."""
CONTINUED = {"hms-curl-real-thrift-call", "thrift-compact-framed"}
"""tshark counts a call again in each segment that continues it."""
MISREAD = {"hms-compact-client"}
"""On a port that it does not know tshark takes compact Thrift for HTTP, or loses its place in it."""


pytestmark = pytest.mark.tshark


@pytest.mark.parametrize(
    "path", [path for path in bundled_captures() if path.stem not in MISREAD], ids=lambda path: path.stem
)
def test_what_tshark_finds_we_find(path: Path) -> None:
    session = Session.open(str(path))
    lookup = Lookup(session)
    chosen = [part for name in NAMES for part in ("-e", name)]
    said = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-E", "aggregator=|", *chosen],
        capture_output=True, text=True, check=False, timeout=60,
    ).stdout  # fmt: skip
    rows = [line.split("\t") + [""] * len(NAMES) for line in said.splitlines()]
    for column, name in enumerate(NAMES):
        theirs = Counter(value for row in rows for value in row[column].split("|") if value)
        ours = Counter(str(value) for message in session.messages for value in lookup.at(message).values(name))
        if path.stem in CONTINUED:
            assert set(theirs) == set(ours), name
        elif path.stem not in CUT_VALUES:
            assert theirs - ours == Counter(), name
