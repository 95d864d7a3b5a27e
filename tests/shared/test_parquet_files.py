"""Parquet files that pyarrow wrote."""

import os
from pathlib import Path

import pytest

from inspector.session import read_bytes

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CAPTURES.is_dir(), reason="the shared captures are not here"),
]


@pytest.mark.parametrize(("name", "rows", "groups"), [("minimo", 50, 1), ("pequeno", 500, 2), ("sensores", 20000, 4)])
def test_every_field_of_the_metadata_has_a_name(name: str, rows: int, groups: int) -> None:
    data = (CAPTURES / f"{name}.parquet").read_bytes()
    ((message, tree),) = read_bytes(data, 0, "parquet").found
    assert (message.facts["parquet.num_rows"], message.facts["parquet.row_groups"]) == (rows, groups)
    assert not [node.issue for node in tree.walk() if node.issue]
    fields = [node for node in tree.walk() if node.name == "thrift.field"]
    assert len(fields) > 100
    assert all(node.label for node in fields)
    offsets = [node.value for node in fields if node.label == "data_page_offset"]
    assert len(offsets) == 9 * groups
    assert all(isinstance(offset, int) and 4 <= offset < len(data) for offset in offsets)
