"""Every recorded capture at hand, held against tshark: numbers, times, lengths, link types, comments; and copies."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inspector.capture.limits import NO_PACKET
from inspector.capture.open import open_capture
from inspector.capture.scapy_tree import scapy_tree
from inspector.capture.table import Capture
from inspector.capture.write import write_pcapng

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CORPUS = SHARED / "corpus"
SUFFIXES = {".pcap", ".pcapng", ".ntar", ".cap", ".gz"}
FILES = sorted(
    path
    for folder in (SHARED / "captures", CORPUS)
    for path in folder.rglob("*")
    if path.suffix in SUFFIXES and "expected" not in path.parts
)
SAMPLE = FILES if os.environ.get("INSPECTOR_DEEP") else FILES[::4]
"""Files that tshark is run on; all of them with INSPECTOR_DEEP=1, which takes minutes."""
TSHARK = shutil.which("tshark")

LINKS = {1: {1}, 15: {0}, 7: {12, 14, 101}, 25: {113}, 210: {276}, 129: {228}, 130: {229}}
"""LINKTYPE numbers for Wireshark's own encapsulation numbers."""

CUT = "derived_http1_cut_file.pcap"
READ_FURTHER = "Development__PcapNg__test007.ntar"
"""A simple packet block whose length is no multiple of four: tshark stops before it."""

INVALID_TIMES = "timestamp_invalid_nano.pcap"
NEGATIVE_TIMES = "pcapng-example.pcapng"

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not FILES, reason="no shared captures here")]
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")


def tshark(path: Path, *fields: str) -> list[list[str]]:
    wanted = [part for field in fields for part in ("-e", field)]
    command = [TSHARK or "tshark", "-n", "-r", str(path), "-T", "fields", *wanted]
    output = subprocess.run(command, capture_output=True, check=False).stdout.decode(errors="replace")
    return [line.split("\t") for line in output.splitlines()]


def nanoseconds(text: str) -> int:
    """tshark's seconds and nine or more digits; an empty text is no time."""
    match = re.fullmatch(r"(-?)(\d+)\.(\d+)", text)
    if match is None:
        return 0
    time = int(match[2]) * 1_000_000_000 + int(match[3])
    return -time if match[1] else time


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.name)
@needs_tshark
def test_packets_as_tshark_counts_and_times_them(path: Path) -> None:
    table = open_capture(str(path)).table
    rows = tshark(path, "frame.time_epoch", "frame.cap_len", "frame.len", "frame.encap_type")
    if path.name == READ_FURTHER:
        assert (len(table), rows) == (1, [])
        return
    assert table.captured.tolist() == [int(row[1]) for row in rows]
    assert table.lengths.tolist() == [int(row[2]) for row in rows]
    for link_type, row in zip(table.links.tolist(), rows, strict=True):
        assert link_type in (LINKS[int(row[3])] if row[3] else {NO_PACKET})
    times = [nanoseconds(row[0]) for row in rows]
    if path.name == INVALID_TIMES:
        # A third time that 32 bits with a sign cannot hold, and that tshark turns around.
        assert table.times.tolist() == [*times[:2], -times[2]]
        return
    if path.name == NEGATIVE_TIMES:
        # Microseconds that count down from 2**64, which tshark shows as the year 586,524.
        times = [time - 2**64 * 1000 if time > 2**63 else time for time in times]
    assert table.times.tolist() == times


@pytest.mark.parametrize("path", [p for p in FILES if CORPUS in p.parents], ids=lambda path: path.name)
def test_counts_as_expected(path: Path) -> None:
    recorded = CORPUS / "expected" / f"{path.relative_to(CORPUS)}.json"
    if not recorded.exists() or path.name == READ_FURTHER:
        pytest.skip("nothing was recorded for this file")
    want = json.loads(recorded.read_text())["frames"]
    capture = open_capture(str(path))
    table = capture.table
    assert len(table) == want["packets"]
    assert int(table.captured.sum()) == want["captured_bytes"]
    assert int(np.count_nonzero(table.captured < table.lengths)) == want["snapped"]
    assert len([number for number in capture.comments if number]) == want["comments"]
    links = Counter(table.links.tolist())
    for encapsulation, count in want["encap"].items():
        assert sum(links[link_type] for link_type in LINKS[int(encapsulation)]) == count


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_cut_file_has_an_issue(path: Path) -> None:
    issue = open_capture(str(path)).issue
    if path.name == CUT:
        assert issue == "file ends inside packet 10 at offset 1178: 66 bytes are needed, 29 are there"
    else:
        assert issue is None


def real(capture: Capture) -> list[int]:
    return [row + 1 for row in np.flatnonzero(capture.table.links != NO_PACKET).tolist()]


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.name)
@needs_tshark
def test_what_is_written_is_read_by_tshark_and_here_as_the_original(path: Path, tmp_path: Path) -> None:
    capture = open_capture(str(path))
    numbers = real(capture)
    copy = tmp_path / "copy.pcapng"
    write_pcapng(str(copy), capture, numbers)
    again = open_capture(str(copy))
    assert again.issue is None
    assert (again.interfaces, again.secrets) == (capture.interfaces, capture.secrets)
    for number, original in enumerate(numbers, start=1):
        want, got = capture.packet(original), again.packet(number)
        assert (got.data, got.length, got.link_type) == (want.data, want.length, want.link_type)
        assert (got.time, got.comments) == (max(want.time, 0), want.comments)
    rows = tshark(copy, "frame.time_epoch", "frame.cap_len", "frame.len")
    assert [(nanoseconds(row[0]), int(row[1]), int(row[2])) for row in rows] == [
        (max(p.time, 0), p.captured, p.length) for p in map(capture.packet, numbers)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_scapy_trees_tile_real_packets(path: Path) -> None:
    capture = open_capture(str(path))
    for number in range(1, min(len(capture.table), 40) + 1):
        packet = capture.packet(number)
        at = 0
        for leaf in scapy_tree(packet).leaves():
            assert leaf.start == at
            at = leaf.end
        assert at == packet.captured
