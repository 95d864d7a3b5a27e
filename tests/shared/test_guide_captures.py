"""Every field that real captures bring up has an entry, and every explanation of one is complete."""

import os
import re
from pathlib import Path

import pytest

from inspector.model.errors import CaptureError
from inspector.model.field import Field
from inspector.net.headers import understands
from inspector.session import Session

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = sorted((SHARED / "captures").glob("*.pcap*"))
MOST = 30
"""Messages of one kind, and packets, that are looked at in one capture."""

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CAPTURES, reason="no shared captures here")]


def trees(session: Session) -> list[Field]:
    kinds: dict[tuple[str, str], int] = {}
    found: list[Field] = []
    for message in session.messages:
        kind = (message.protocol, message.kind)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= MOST:
            found.append(session.explain(message))
    numbers = range(1, min(session.packet_count, MOST) + 1)
    return found + [session.explain_packet(n) for n in numbers if understands(session.packet(n))]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_every_field_of_a_real_capture_is_explained(path: Path) -> None:
    try:
        session = Session.open(str(path))
    except CaptureError:
        return
    missing: set[str] = set()
    for tree in trees(session):
        todo: list[tuple[Field, Field | None]] = [(tree, None)]
        buffer = tree.buffer
        while todo:
            field, parent = todo.pop()
            missing |= {n for n in (field.name, *(b.name for b in field.bits)) if session.guide.entry(n) is None}
            owner = field.buffer or buffer
            assert owner is not None
            raw = owner.read(field.start, min(field.end, field.start + 64))
            text = session.guide.explain(field, raw, parent).text
            assert text.endswith(".")
            assert not re.search(r"\{(value|hex|bytes|arithmetic|note|rival|meaning|parent|label|text)\}", text)
            if field.buffer is None or field is tree:
                todo += [(child, field) for child in field.children]
    assert sorted(missing) == []
