"""The HPACK vectors of several encoders, decoded to the headers that they were made from."""

import json
import os
from pathlib import Path

import pytest

from inspector.model.buffer import Buffer, Plain
from inspector.model.message import Message
from inspector.protocols.hpack_block import decode_block
from inspector.protocols.hpack_table import Table

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
VECTORS = SHARED / "corpus" / "http2jp-hpack-test-case"
STORIES = sorted(VECTORS.glob("*/story_*.json"))

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not STORIES, reason="the shared vectors are not here"),
]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_story_decodes_to_its_headers(path: Path) -> None:
    cases = json.loads(path.read_text())["cases"]
    encoded = [case for case in cases if "wire" in case]
    if path.parent.name != "raw-data":
        assert len(encoded) == len(cases)
    table = Table()
    message = Message(1, 0, "http2", "headers", Buffer("wire", Plain(b"")), 0, 0, "")
    for case in encoded:
        block = decode_block(bytes.fromhex(case["wire"]), table, message)
        expected = [next(iter(header.items())) for header in case["headers"]]
        assert [(entry.name, entry.value) for entry in block.fields] == expected
        assert block.issues == []
