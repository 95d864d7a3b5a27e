"""What is written is read back: packets, times to the nanosecond, interfaces, comments, secrets."""

import io
from pathlib import Path

import pytest

from capture.blocks import PACKET, block, enhanced, interface, option, pcap_header, record, secrets, section
from inspector.capture.open import open_capture
from inspector.capture.pcap import read_pcap
from inspector.capture.pcapng import read_pcapng
from inspector.capture.table import Capture
from inspector.capture.write import write_pcapng
from inspector.model.errors import UsageError

NS = 1_700_000_000_123_456_789
END = option(0, b"")
RICH = read_pcapng(
    "rich",
    section(">", option(1, b"o ficheiro", ">") + option(0, b"", ">"))
    + interface(113, 96, option(2, b"eth0", ">") + option(3, b"first", ">") + option(9, b"\x09", ">"), ">")
    + interface(101, order=">")
    + secrets(b"CLIENT_RANDOM 1 2\n", order=">")
    + block(0x0BAD, b"\0\0\0\0own", ">")
    + enhanced(PACKET[:7], NS, 0, ">", option(1, b"one", ">") + option(1, b"two", ">"), length=99)
    + enhanced(PACKET, NS // 1000, 1, ">"),
)


def again(capture: Capture, numbers: list[int], folder: Path) -> Capture:
    path = str(folder / "out.pcapng")
    write_pcapng(path, capture, numbers)
    read = open_capture(path)
    assert read.issue is None
    return read


def test_everything_comes_back(tmp_path: Path) -> None:
    read = again(RICH, [1, 2, 3], tmp_path)
    assert read.interfaces == RICH.interfaces
    assert read.secrets == RICH.secrets
    assert read.comments == {0: ["o ficheiro"], 1: ["one", "two"]}
    for number in (1, 2):
        want, got = RICH.packet(number + 1), read.packet(number)
        want.number = number
        assert got == want
    assert len(read.table) == 2


def test_selection_in_the_order_given(tmp_path: Path) -> None:
    capture = read_pcap("x", pcap_header(magic=0xA1B23C4D) + b"".join(record(PACKET[:n], (n, n)) for n in range(9)))
    read = again(capture, [8, 2], tmp_path)
    assert [read.packet(n).data for n in (1, 2)] == [PACKET[:7], PACKET[:1]]
    assert [read.packet(n).time for n in (1, 2)] == [7_000_000_007, 1_000_000_001]


def test_nothing_selected_is_a_capture_of_no_packets(tmp_path: Path) -> None:
    assert len(again(RICH, [], tmp_path).table) == 0


def test_comments_longer_than_an_option_are_cut_at_a_character(tmp_path: Path) -> None:
    capture = read_pcap("x", pcap_header() + record(PACKET))
    capture.comments[1] = ["é" * 40_000]
    assert again(capture, [1], tmp_path).comments == {1: ["é" * 32_767]}


def test_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out))
    write_pcapng("-", RICH, [2])
    assert len(read_pcapng("-", out.getvalue()).table) == 1


def test_the_capture_itself_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "in.pcap"
    path.write_bytes(pcap_header() + record(PACKET))
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(UsageError, match="is the capture being read"):
        write_pcapng(str(link), open_capture(str(path)), [1])
    assert len(open_capture(str(path)).table) == 1


def test_unwritable_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: is a directory"):
        write_pcapng(str(tmp_path), RICH, [1])
