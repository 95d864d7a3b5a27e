"""Readers: the dialect that a message shows, and the texts with the bytes' own numbers."""

import pytest

from inspector.diagnosis import readings
from inspector.diagnosis.readers import READERS, dialect, log_lines


@pytest.mark.parametrize(("message", "reads"), [
    (b"\x80\x01\x00\x02\0\0\0\x07", readings.name_reading),
    (b"\0\0\0\x22\x80\x01\0\x02", readings.frame_reading),
    (b"\0\0\0\x16\x82\x41\0\4", readings.frame_reading),
    (b"\0\0\0\x24\x0f\xff\0\0", readings.frame_reading),
    (b"\x82\x41\0\7getN", readings.compact_reading),
    (b'[1,"ping', readings.json_reading),
    (b"\4\0\0\0\x11Inv", None),
    (b"", None),
])  # fmt: skip
def test_dialects(message: bytes, reads: object) -> None:
    assert dialect(message) is reads


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n", b"PUT /x HTTP/1.1\r\n", b"\xff\xfe\xfd\xfc"])
def test_log_lines_are_filled_in(opening: bytes) -> None:
    lines = [line for reader in READERS for line in log_lines(reader, opening)]
    assert not any("{" in line for line in lines)
    assert f"Python: Bad protocol id in the message: {opening[0]}" in lines
    number = int.from_bytes(opening[:4], "big", signed=True)
    assert f"Java: Frame size ({number}) larger than max length (16384000)!" in lines
