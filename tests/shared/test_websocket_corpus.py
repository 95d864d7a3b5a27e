"""WebSocket in public and recorded captures, held against tshark name by name, and the vectors of the standards."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inspector.export.lookup import Lookup
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.base import Hints
from inspector.session import Session
from streams import Turn, check_message, check_true_origins, cut

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"
CORPUS = SHARED / "corpus"
VECTORS = CORPUS / "rfc-vectors" / "websocket-frames.json"
pytestmark = pytest.mark.shared

NAMES = (
    "websocket.opcode",
    "websocket.fin",
    "websocket.mask",
    "websocket.payload_length",
    "websocket.payload_length_ext_16",
    "websocket.payload_length_ext_64",
    "websocket.masking_key",
    "websocket.payload.close.status_code",
    "websocket.payload.close.reason",
)
TEXT = "websocket.payload.text"


def recorded() -> list[Path]:
    """Captures with WebSocket over HTTP/1.1, which tshark reads too."""
    own = [*CAPTURES.glob("ws_*.pcap"), *CAPTURES.glob("graphql*ws.pcap")]
    public = [p for p in CORPUS.glob("*/*websocket*.pcap") if p.parent.name != "expected"]
    return sorted(p for p in own + public if p.name != "ws_over_h2.pcap")


def vectors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())["vectors"] if VECTORS.exists() else []
    return found


def text_of(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def tshark(path: Path, name: str) -> Counter[str]:
    command = ["tshark", "-n", "-r", str(path), "-Y", "websocket", "-T", "fields", "-E", "aggregator=\x01", "-e", name]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    return Counter(value for line in said.splitlines() for value in line.split("\x01") if value)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", recorded(), ids=lambda p: p.name)
def test_frames_are_those_that_tshark_finds(path: Path) -> None:
    session = Session.open(str(path))
    lookup = Lookup(session)
    rows = [m for m in session.messages if m.protocol == "websocket" and m.kind != "message"]
    for name in NAMES:
        ours = Counter(text_of(value) for m in rows for value in lookup.at(m).values(name))
        # tshark writes an empty reason as nothing
        assert Counter({value: n for value, n in ours.items() if value}) == tshark(path, name), name


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", recorded(), ids=lambda p: p.name)
def test_texts_are_those_that_tshark_finds(path: Path) -> None:
    session = Session.open(str(path))
    lookup = Lookup(session)
    ours: Counter[str] = Counter()
    for m in session.messages:
        # tshark shows the text of a message in fragments with its last frame
        if m.protocol == "websocket" and (m.kind == "message" or m.facts.get("websocket.fin") == 1):
            ours.update(str(value) for value in lookup.at(m).values(TEXT) if value)
    theirs = Counter({value.replace("\\r", "\r").replace("\\n", "\n"): n for value, n in tshark(path, TEXT).items()})
    missing = {value[:60] for value in theirs if theirs[value] > ours[value]}
    assert not {value for value in missing if value not in {text[:60] for text in ours}}
    assert sum(theirs.values()) <= sum(ours.values())


@pytest.mark.parametrize("path", [*recorded(), CAPTURES / "ws_over_h2.pcap"], ids=lambda p: p.name)
def test_every_payload_is_read_and_leads_back_to_its_packets(path: Path) -> None:
    from streams import Recorded

    capture = Recorded(path)
    found: list[Message] = []
    for flow in capture.flows:
        messages = capture.cut(flow, capture.turns(flow))
        for message in messages:
            check_true_origins(capture, check_message(message), message.buffer)
        found += [m for m in messages if m.protocol == "websocket"]
    assert found or path.name == "ws_reject.pcap"
    if path.parent == CAPTURES:
        assert [m.issue for m in found if m.issue] == []


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: str(v["name"]))
def test_the_vectors_of_the_standards(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    side = CLIENT if vector["frames"][0]["masked"] else SERVER
    hints = Hints(protocol="websocket")
    turns: list[Turn] = [(side, data)]
    found = cut(turns, hints=hints)
    for message in found:
        check_message(message)
    frames = [m for m in found if m.kind != "message"]
    assert len(frames) == len(vector["frames"])
    for message, expected in zip(frames, vector["frames"], strict=True):
        assert message.facts["websocket.opcode"] == expected["opcode"]
        assert message.facts["websocket.fin"] == expected["fin"]
        assert message.facts["websocket.mask"] == expected["masked"]
        assert message.facts.get("websocket.pmc", 0) == expected["rsv1"]
        assert message.issue is None
    for message, expected in zip(frames, vector["frames"], strict=True):
        if "payload" in expected:
            payload = next(f for f in check_message(message).walk() if f.name == "websocket.payload")
            buffer = payload.buffer or message.buffer
            assert buffer.read(payload.start, payload.end) == expected["payload"].encode()
    texts = [frame["message"] for frame in vector["frames"] if "message" in frame]
    if texts:
        assert [m.facts["websocket.payload"] for m in found if "websocket.payload" in m.facts] == texts
