"""Recorded HTTP/2 traffic, held against tshark frame by frame and header by header."""

import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from inspector.model.field import Field
from inspector.session import Session, bundled
from streams import check_message

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "captures").is_dir(), reason="the shared captures are not here"),
]

CAPTURES = {
    "captures/http2_curl_prior.pcap": 8081,
    "captures/http2_h2c_upgrade_hypercorn.pcap": 0,
    "captures/http2_http1_to_h2_port.pcap": 8081,
    "captures/http2_multi.pcap": 8083,
    "captures/http2_nghttp_continuation.pcap": 8081,
    "captures/http2_nghttp_padding.pcap": 8081,
    "captures/http2_nghttp_push.pcap": 8081,
    "captures/http2_table_size.pcap": 8083,
    "captures/http2_trailers.pcap": 8083,
    "captures/http2_window_small.pcap": 8083,
    "captures/grpc_errors.pcap": 50051,
    "captures/grpc_four.pcap": 50051,
    "captures/grpc_gzip.pcap": 50051,
    "captures/grpc_large.pcap": 50051,
    "captures/grpc_metadata.pcap": 50051,
    "captures/grpc_node_grpcjs.pcap": 50051,
    "captures/grpc_probes.pcap": 50051,
    "captures/grpc_reflection.pcap": 50051,
    "captures/grpc_unary.pcap": 50051,
    "captures/derived_grpc_midstream_no_preface.pcap": 50051,
    "captures/milvus_grpc.pcap": 19530,
    "captures/sse_h2_prior.pcap": 8000,
    "captures/ws_over_h2.pcap": 8122,
    "corpus/secdev-scapy/http2_h2c.pcap": 0,
    "corpus/OISF-suricata-verify/http2-continuation__input.pcap": 8080,
    "corpus/OISF-suricata-verify/http2-deflate__http2_deflate.pcap": 0,
    "corpus/OISF-suricata-verify/http2-userinfo-authority__http2_userinfo_in_authority_1.pcap": 80,
    "corpus/OISF-suricata-verify/bug-5929-02__http2_multiple_headers.pcap": 80,
    "corpus/ntop-nDPI/http2.pcapng": 29518,
    "corpus/ajbanjara-Wireshark/grpc_person_search_json_with_image.pcapng": 50052,
    "corpus/PacktPublishing-gRPC-Go-for-Professionals/unary.pcapng": 50051,
    "corpus/PacktPublishing-gRPC-Go-for-Professionals/server-streaming.pcapng": 50051,
    "bundled/grpc-errors.pcap": 50051,
    "bundled/grpc-gzip.pcap": 50051,
    "bundled/grpc-large.pcap": 50051,
    "bundled/grpc-metadata.pcap": 50051,
    "bundled/grpc-midstream.pcap": 50051,
    "bundled/grpc-reflection.pcap": 50051,
    "bundled/grpc-sensor.pcapng": 50051,
    "bundled/http2-continuation.pcap": 8081,
    "bundled/http2-curl-prior-knowledge.pcap": 8081,
    "bundled/http2-h2c-upgrade.pcap": 0,
    "bundled/http2-padding.pcap": 8081,
    "bundled/http2-push.pcap": 8081,
    "bundled/http2-small-window.pcap": 8083,
    "bundled/http2-to-http1-port.pcap": 8998,
    "bundled/http2-trailers.pcap": 8083,
    "bundled/sse-over-http2.pcap": 8000,
    "bundled/ws-over-http2.pcap": 8122,
}
"""Captures and the port on which tshark must be told to look for HTTP/2 (0: it finds out)."""


def path_of(name: str) -> Path:
    """Where a capture lies: with the shared ones, or bundled."""
    place, _, rest = name.partition("/")
    return bundled("captures") / rest if place == "bundled" else SHARED / name


FRAME_FIELDS = ("http2.type", "http2.length", "http2.flags", "http2.streamid")
HEADER_FIELDS = ("http2.header.name", "http2.header.value")

Key = tuple[int, int]
"""TCP stream and source port."""
Values = dict[Key, dict[str, list[str]]]


def by_tshark(path: Path, port: int) -> Values:
    """The values of all fields of each direction, in order."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    names = ("tcp.stream", "tcp.srcport", *FRAME_FIELDS, *HEADER_FIELDS)
    command = [tshark, "-n", "-r", str(path), "-Y", "http2", "-T", "fields", "-E", "separator=\x1f"]
    command += ["-E", "aggregator=\x1e", "-o", "tcp.reassemble_out_of_order:TRUE"]
    command += [part for name in names for part in ("-e", name)]
    if port:
        command += ["-d", f"tcp.port=={port},http2"]
    done = subprocess.run(command, capture_output=True, check=False)
    found: Values = defaultdict(lambda: defaultdict(list))
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        cells = line.split("\x1f")
        if len(cells) == len(names) and cells[0]:
            values = found[int(cells[0].split("\x1e")[0]), int(cells[1])]
            for name, cell in zip(names[2:], cells[2:], strict=True):
                values[name] += cell.split("\x1e") if cell else []
    return found


def walk(tree: Field, name: str) -> list[object]:
    return [node.value for node in tree.walk() if node.name == name]


def by_inspector(path: Path) -> Values:
    """The same, from the trees."""
    session = Session.open(str(path))
    streams: dict[int, int] = {}
    for flow in session.flows:
        if flow.transport == "tcp":
            streams[flow.number] = len(streams)
    found: Values = defaultdict(lambda: defaultdict(list))
    for message in session.messages:
        if message.protocol != "http2" or message.kind == "preface":
            continue
        flow = session.flow(message.flow)
        source = (flow.client, flow.server)[message.side]
        values = found[streams[message.flow], source.port]
        tree = check_message(message)
        for name in FRAME_FIELDS:
            values[name] += [str(value) for value in walk(tree, name)]
        for node in tree.walk():
            if node.name == "http2.header":
                for name in HEADER_FIELDS:
                    values[name] += [str(value) for value in walk(node, name)]
    return found


def as_tshark_shows(name: str, value: str) -> str:
    """Our value as tshark 4.0 prints it, where it shows less than the bytes hold."""
    if name == "http2.flags":
        return f"0x{int(value):02x}"
    if value.startswith("<index "):
        # an entry inserted before the capture: tshark says so without the index
        return "<unknown>"
    # tshark ends a string at its first NUL: C-core's binary metadata begins with one (00, then raw bytes), which
    # tshark shows as nothing; test_binary_metadata_is_whole proves what the bytes are
    return value.partition("\0")[0]


INVENTED_BY_TSHARK = {("captures/grpc_probes.pcap", 50810)}
"""64 zero bytes that a probe sent in place of a preface: told that the port speaks HTTP/2, tshark reads them as seven
DATA frames of stream 0, which RFC 9113 6.1 forbids."""


@pytest.mark.parametrize("name", CAPTURES)
def test_frames_and_headers_agree_with_tshark(name: str) -> None:
    theirs = by_tshark(path_of(name), CAPTURES[name])
    ours = by_inspector(path_of(name))
    assert sum(len(values["http2.type"]) for values in ours.values()) > 2
    for key in set(theirs) | set(ours):
        if (name, key[1]) in INVENTED_BY_TSHARK:
            assert key not in ours
            continue
        for field in (*FRAME_FIELDS, *HEADER_FIELDS):
            assert [as_tshark_shows(field, value) for value in ours[key][field]] == theirs[key][field], (key, field)


def test_zeros_that_tshark_takes_for_frames_are_no_frames() -> None:
    session = Session.open(str(SHARED / "captures/grpc_probes.pcap"))
    zeros = [m for m in session.messages if m.protocol == "data" and m.length == 64][:1]
    assert [m.buffer.read(m.start, m.end) for m in zeros] == [bytes(64)]


def test_binary_metadata_is_whole() -> None:
    """tshark shows an empty value; the frame's bytes say 00 00 01 02 ff."""
    session = Session.open(str(SHARED / "captures/grpc_metadata.pcap"))
    for message in session.messages:
        for node in session.explain(message).walk() if message.kind == "headers" and message.side == 0 else ():
            if node.name == "http2.header" and str(node.value).startswith("x-dados-bin"):
                value = next(child for child in node.children if child.name == "http2.header.value")
                assert value.value == "\x00\x00\x01\x02\xff"
                assert message.buffer.read(value.start, value.end) == b"\x00\x00\x01\x02\xff"
                return
    pytest.fail("no binary metadata was found")


def test_everything_of_these_captures_is_understood() -> None:
    """No frame of a healthy recording has anything wrong with it."""
    for name in CAPTURES:
        if "midstream" in name or "probes" in name:
            continue
        session = Session.open(str(path_of(name)))
        issues = [(m.number, m.issue) for m in session.messages if m.protocol == "http2" and m.issue]
        assert issues == [], name
