"""Recorded event streams and compressed bodies, and the vectors of the web platform tests."""

import json
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from inspector.model.message import Message
from inspector.model.sides import SERVER
from inspector.session import Session
from streams import check_message, cut, every

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
VECTORS = SHARED / "corpus" / "web-platform-tests-wpt" / "sse-vectors-shared.json"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "captures").is_dir(), reason="the shared captures are not here"),
]

COUNTS = {
    "sse_crlf_bom_split": {"event": 5, "dropped": 2},
    "sse_curl_basic": {"comment": 3, "dropped": 1, "event": 6},
    "sse_gzip": {"event": 4},
    "sse_h2_prior": {"comment": 1, "dropped": 1, "event": 2},
    "sse_openai_stream": {"event": 15},
    "sse_server_dies": {"event": 1, "dropped": 1},
}
"""Messages by kind, counted by hand in the bytes."""


def opened(name: str) -> tuple[Session, list[Message]]:
    session = Session.open(str(SHARED / "captures" / f"{name}.pcap"))
    return session, [m for m in session.messages if m.protocol == "sse"]


@pytest.mark.parametrize("name", COUNTS)
def test_every_event_is_a_row(name: str) -> None:
    session, found = opened(name)
    kinds = {m.kind for m in found}
    assert {kind: sum(m.kind == kind for m in found) for kind in kinds} == COUNTS[name]
    for message in found:
        check_message(message)
        assert message.parent is not None
        assert session.packets_of(message)


def test_every_recorded_stream_tiles_its_body_and_times_go_forward() -> None:
    names = sorted(path.stem for path in (SHARED / "captures").glob("sse_*.pcap"))
    assert names
    for name in names:
        session, found = opened(name)
        assert found, name
        assert not [f.rule for f in session.findings() if f.severity == "error"], name
        for before, after in pairwise(found):
            if before.parent is after.parent:
                assert before.end == after.start
                assert before.time <= after.time


def test_events_of_a_compressed_stream_come_with_their_own_packets() -> None:
    session, found = opened("sse_gzip")
    assert len({tuple(session.packets_of(m)) for m in found}) == len(found)


def test_the_answer_of_a_model_is_put_together() -> None:
    _, found = opened("sse_openai_stream")
    assert found[-1].facts["sse.text"] == "Olá, tudo bem? A temperatura é 21,5 °C."
    assert found[-1].facts["sse.deltas"] == 12


@pytest.mark.parametrize(
    "vector", json.loads(VECTORS.read_text())["vectors"] if VECTORS.exists() else [], ids=lambda v: v["name"]
)
def test_vectors_of_the_web_platform_tests(vector: dict[str, object]) -> None:
    stream = bytes.fromhex(str(vector["stream_hex"]))
    expected = vector["events"]
    for size in (1, 3, len(stream)):
        messages = cut([(SERVER, stream)], every(size), forced="sse")
        events = [
            {"type": m.facts["sse.event"], "data": m.facts["sse.data"], "last_event_id": m.facts["sse.last_event_id"]}
            for m in messages
            if m.kind == "event"
        ]
        assert events == expected
        retries = [m.facts["sse.retry"] for m in messages if "sse.retry" in m.facts]
        assert (retries[-1] if retries else None) == vector["retry"]


@pytest.mark.parametrize("name", ["http1_gzip", "http1_get", "graphql_http", "chroma_rest"])
def test_bodies_are_as_long_as_tshark_says(name: str) -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    path = SHARED / "captures" / f"{name}.pcap"
    port = {"graphql_http": 8200}.get(name, 0)
    command = [tshark, "-n", "-r", str(path), "-Y", "http.file_data", "-T", "fields", "-e", "http.file_data"]
    command += ["-d", f"tcp.port=={port},http"] if port else []
    done = subprocess.run(command, capture_output=True, check=True)
    theirs = [len(line.strip()) for line in done.stdout.decode("utf-8", "replace").splitlines()]
    session = Session.open(str(path))
    mine = []
    for message in session.messages:
        if message.protocol == "http":
            bodies = [f for f in check_message(message).walk() if f.name == "http.file_data" and f.length]
            mine += [f for f in bodies if f.value is not None]
    assert len(mine) == len(theirs)
    assert theirs
