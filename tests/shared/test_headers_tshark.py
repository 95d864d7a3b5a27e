"""Every header field of the shared captures, held against `tshark -T fields` name by name."""

import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from inspector.capture.open import open_capture
from inspector.model.errors import CaptureError
from inspector.model.field import Field
from inspector.net.columns import Headers
from inspector.net.headers import explain_packet, understands

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed"),
]

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
FILES = sorted(p for p in SHARED.glob("c*/**/*") if p.suffix in {".pcap", ".pcapng", ".cap", ".ntar"})

SAMPLE = FILES if os.environ.get("INSPECTOR_DEEP") else FILES[::4]
"""All files with INSPECTOR_DEEP=1, which takes minutes."""
NAMES = """
eth.dst eth.src eth.type vlan.id vlan.priority vlan.dei vlan.etype llc.type
sll.pkttype sll.hatype sll.halen sll.src.eth sll.etype sll.ifindex null.family
ip.hdr_len ip.dsfield ip.dsfield.dscp ip.dsfield.ecn ip.len ip.id ip.flags ip.flags.rb ip.flags.df ip.flags.mf
ip.frag_offset ip.ttl ip.proto ip.checksum ip.src ip.dst ip.opt.type
ipv6.version ipv6.tclass ipv6.tclass.dscp ipv6.tclass.ecn ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src ipv6.dst
ipv6.fraghdr.nxt ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident ipv6.hopopts.nxt ipv6.dstopts.nxt
tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.hdr_len tcp.flags tcp.flags.res tcp.flags.cwr tcp.flags.ece
tcp.flags.urg tcp.flags.ack tcp.flags.push tcp.flags.reset tcp.flags.syn tcp.flags.fin tcp.window_size_value
tcp.checksum
tcp.urgent_pointer tcp.options.mss_val tcp.options.wscale.shift tcp.options.timestamp.tsval
tcp.options.timestamp.tsecr tcp.options.tfo.cookie tcp.options.user_to_val
udp.srcport udp.dstport udp.length udp.checksum
""".split()

MOST = 2000
"""Packets compared in one capture."""

STATUSES = ["ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"]
BAD, GOOD = "0", "1"

LONGER_THAN_THE_FRAME = {
    # The IP header promises more bytes than were on the wire. tshark believes the frame's length, though the next
    # segment's sequence number continues where the IP header says; so it also finds the checksums bad.
    "tcp__reassembly.pcap": {7, 26, 35, 39, 85},
}


def rows(path: Path) -> list[list[str]]:
    """tshark's values: frame.protocols, tcp.len, then NAMES and STATUSES."""
    names = ["frame.protocols", "tcp.len", *NAMES, *STATUSES]
    preferences = [
        "ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
        "ip.check_checksum:TRUE",
    ]  # fmt: skip
    command = [
        "tshark",
        "-n",
        "-r",
        str(path),
        "-c",
        str(MOST),
        "-T",
        "fields",
        "-E",
        "separator=|",
        "-E",
        "occurrence=a",
    ]
    for preference in preferences:
        command += ["-o", preference]
    for name in names:
        command += ["-e", name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line.split("|") for line in result.stdout.splitlines()]


def as_text(value: str) -> str:
    if value in {"True", "False"}:
        return str(int(value == "True"))
    try:
        return str(int(value, 0))
    except ValueError:
        return value


def ours(tree: Field) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for field in tree.walk():
        if field.value is not None:
            found[field.name].append(str(field.value))
        for bits in field.bits:
            found[bits.name].append(str(bits.value))
        if field.name.endswith(".checksum"):
            found[f"{field.name}.status"].append(BAD if field.issue else GOOD)
    return found


def encapsulated(protocols: list[str]) -> bool:
    """Whether tshark saw a second IP, TCP or UDP header inside another protocol, which we leave to its payload."""
    return sum(p in {"ip", "ipv6"} for p in protocols) > 1 or sum(p in {"tcp", "udp"} for p in protocols) > 1


@pytest.mark.parametrize("path", SAMPLE, ids=[p.name for p in SAMPLE])
def test_fields_equal_tsharks(path: Path) -> None:
    try:
        capture = open_capture(str(path))
    except CaptureError:
        pytest.skip("no capture")
    count = min(len(capture.table), MOST)
    headers = Headers(capture.table)
    excused = LONGER_THAN_THE_FRAME.get(path.name, set())
    for number, row in enumerate(rows(path)[:count], 1):
        packet = capture.packet(number)
        protocols = row[0].split(":")
        if not understands(packet) or encapsulated(protocols):
            continue
        found = ours(explain_packet(packet))
        for name, value in zip(NAMES, row[2:], strict=False):
            expected = [as_text(part) for part in value.split(",") if part]
            if name == "eth.type" and not expected:
                continue
            if name != "tcp.options.tfo.cookie":
                assert found[name] == expected, (number, name)
        for name, value in zip(STATUSES, row[2 + len(NAMES) :], strict=True):
            if value in {BAD, GOOD} and number not in excused:
                assert found[name] == [value], (number, name)
        if row[1] and number not in excused:
            assert headers.length[number - 1] == int(row[1])
