"""Where captures come from: files, pipes, gzip; and what is said of things that are none."""

import gzip
import io
import os
import threading
import zlib
from itertools import pairwise
from pathlib import Path

import pytest

from capture.blocks import PACKET, enhanced, interface, pcap_header, record, section
from inspector.capture.open import inflate, open_capture
from inspector.model.errors import CaptureError

PCAP = pcap_header() + b"".join(record(PACKET[:n]) for n in range(40))
PCAPNG = section() + interface() + 40 * enhanced()


def write(folder: Path, data: bytes, name: str = "some.pcap") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def refusal(path: str) -> str:
    with pytest.raises(CaptureError) as caught:
        open_capture(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(path, "FILE")


@pytest.mark.parametrize(("data", "kind"), [(PCAP, "pcap"), (PCAPNG, "pcapng")])
def test_format_is_told_by_the_first_bytes_not_the_name(tmp_path: Path, data: bytes, kind: str) -> None:
    capture = open_capture(write(tmp_path, data, "notes.txt"))
    assert (capture.format, len(capture.table), capture.issue) == (kind, 40, None)


def test_text_is_refused_with_its_first_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, b"garbage in\n", "notes.txt")
    assert refusal(path) == (
        "FILE: first 4 bytes 67 61 72 62 are no pcap (d4 c3 b2 a1, a1 b2 c3 d4, 4d 3c b2 a1, a1 b2 3c 4d, "
        "34 cd b2 a1, a1 b2 cd 34) or pcapng (0a 0d 0d 0a) magic; "
        "raw bytes are decoded by: inspector bytes @FILE"
    )


@pytest.mark.parametrize(("data", "want"), [(b"a", "FILE: only byte 61 is"), (b"ab", "FILE: first 2 bytes 61 62 are")])
def test_short_files_are_refused(tmp_path: Path, data: bytes, want: str) -> None:
    assert refusal(write(tmp_path, data)).startswith(want + " no pcap")


def test_missing_file_directory_and_empty_file_are_refused(tmp_path: Path) -> None:
    assert refusal(str(tmp_path / "none")) == "FILE: no such file"
    assert refusal(str(tmp_path)) == "FILE: is a directory, not a capture"
    assert refusal(write(tmp_path, b"")) == "FILE: is empty, not a capture"
    assert refusal(write(tmp_path, b"", "x") + "/y") == "FILE: not a directory"
    assert "embedded null byte" in refusal("nul\0byte")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, PCAP)
    Path(path).chmod(0)
    assert refusal(path) == "FILE: permission denied"


@pytest.mark.parametrize("data", [PCAP, PCAPNG])
def test_gzip_of_one_or_more_members(tmp_path: Path, data: bytes) -> None:
    for cuts in ([], [1], [30, 31, 500]):
        edges = [0, *cuts, len(data)]
        packed = b"".join(gzip.compress(data[a:b]) for a, b in pairwise(edges))
        capture = open_capture(write(tmp_path, packed))
        assert (len(capture.table), capture.issue) == (40, None)
        assert bytes(capture.table.image[:]) == data


def test_gzip_larger_than_one_chunk(tmp_path: Path) -> None:
    noise = os.urandom(200_000)
    data = pcap_header() + 6 * record(noise)
    capture = open_capture(write(tmp_path, gzip.compress(data[:300_000]) + gzip.compress(data[300_000:])))
    assert (len(capture.table), capture.issue) == (6, None)
    assert capture.packet(6).data == noise


def test_gzip_cut_at_every_offset_keeps_what_can_be_inflated(tmp_path: Path) -> None:
    packed = gzip.compress(PCAP)
    opened = 0
    for size in range(1, len(packed)):
        path = write(tmp_path, packed[:size])
        try:
            capture = open_capture(path)
        except CaptureError:
            continue
        opened += 1
        assert f"gzip data end early at offset {size}" in (capture.issue or "")
    assert opened > 20
    assert len(open_capture(write(tmp_path, packed[:-8])).table) == 40


def test_gzip_with_a_wrong_checksum_keeps_the_packets(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(PCAP))
    packed[-5] ^= 1
    capture = open_capture(write(tmp_path, bytes(packed)))
    assert len(capture.table) == 40
    assert "gzip data are damaged before offset" in (capture.issue or "")


def test_bytes_after_gzip_are_named_and_zero_padding_is_not(tmp_path: Path) -> None:
    packed = gzip.compress(PCAP)
    capture = open_capture(write(tmp_path, packed + b"tail"))
    assert capture.issue == f"4 bytes after the gzip data at offset {len(packed)} were left out"
    assert open_capture(write(tmp_path, packed + bytes(512))).issue is None


def test_gzip_of_text_and_of_nothing_are_refused(tmp_path: Path) -> None:
    assert "first 4 bytes 67 61 72 62" in refusal(write(tmp_path, gzip.compress(b"garbage")))
    assert refusal(write(tmp_path, gzip.compress(b""))) == "FILE: holds nothing but empty gzip members"
    assert refusal(write(tmp_path, b"\x1f\x8b\x08")) == "FILE: gzip data end early at offset 3"


def test_gzip_bomb_stops() -> None:
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(pcap_header() + bytes(1 << 24)) + packer.flush()
    out = io.BytesIO()
    assert "inflate more than 200 times" in (inflate(packed, out, None, unlimited=1 << 20) or "")
    assert 1 << 20 < len(out.getvalue()) < 1 << 23
    assert inflate(packed, io.BytesIO(), None) is None


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    data = gzip.compress(PCAPNG) if packed else PCAPNG
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    capture = open_capture("-")
    assert (capture.path, len(capture.table), capture.packet(40).data) == ("-", 40, PACKET)


def test_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(PCAP,))
    writer.start()
    capture = open_capture(str(path))
    writer.join()
    assert len(capture.table) == 40


def test_progress_ends_at_one(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    open_capture(write(tmp_path, gzip.compress(PCAP)), lambda what, part: seen.append((what, part)))
    assert seen[0][0] == "inflating"
    assert seen[-1] == ("reading", 1.0)
    assert all(0 <= part <= 1 for _, part in seen)
