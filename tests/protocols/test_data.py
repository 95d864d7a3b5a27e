"""Bytes that nobody claims: their preview."""

import pytest

from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.data import PREVIEW, preview
from streams import check_message, cut, every


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", '""'),
        (b"SSH-2.0-x\r\n", '"SSH-2.0-x··"'),
        (b"\x00\x01\x02\xff", "00 01 02 ff"),
        (b"a" * PREVIEW, '"' + "a" * PREVIEW + '"'),
        (b"a" * (PREVIEW + 1), '"' + "a" * PREVIEW + '…"'),
        (bytes(17), " ".join(["00"] * 16) + "…"),
        (bytes(16), " ".join(["00"] * 16)),
        (b"abc\x00", '"abc·"'),
        (b"ab\x00\x00", "61 62 00 00"),
    ],
)
def test_the_preview_is_text_when_most_of_it_can_be_printed(data: bytes, shown: str) -> None:
    assert preview(data) == shown


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_summary_counts_and_previews_the_whole_turn(size: int) -> None:
    first, answer = cut([(CLIENT, b"\xffbytes of no protocol, and more of them"), (SERVER, b"\xff")], every(size))
    assert first.summary == '39 bytes  "·bytes of no protocol, and more …"'
    assert answer.summary == "1 bytes  ff"
    (leaf,) = check_message(first).children
    assert (leaf.name, leaf.start, leaf.end) == ("data.data", 0, 39)
