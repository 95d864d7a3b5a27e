"""HTTP/1 in public and recorded captures, counted against a second opinion; where that is wrong, the bytes say so."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from inspector.model.message import Message
from inspector.model.sides import CLIENT
from streams import Recorded

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CORPUS = SHARED / "corpus"
EXPECTED = CORPUS / "expected"
CAPTURES = SHARED / "captures"
pytestmark = pytest.mark.shared

Counts = tuple[dict[str, int], dict[str, int]]
"""Requests by method, responses by code."""

DISPUTED: dict[str, tuple[Counts, str]] = {
    "OISF-suricata-verify/http-connect__http-connect-simple__input.pcap": (
        ({"CONNECT": 1, "GET": 1}, {"200": 2}),
        "tshark leaves out the response to the GET inside the tunnel",
    ),
    "OISF-suricata-verify/http-gap-simple__input.pcap": (
        ({"GET": 3}, {"200": 3}),
        "tshark leaves out the response whose body lost a segment",
    ),
    "OISF-suricata-verify/tcp-urgp-01-oob__tcp-urgent1.pcap": (
        ({"GET": 1}, {"200": 1}),
        "tshark leaves urgent data out and so loses the request line",
    ),
    "arkime-arkime/twovlan.pcap": (
        ({"GET": 1}, {"200": 1}),
        "tshark leaves out a response whose body the capture does not hold to the end",
    ),
    "zeek-zeek/http__261__variant-01-chunk_2pow64_overflow.pcap": (
        ({"POST": 1, "GET": 1}, {}),
        "behind a chunk size of 2**64 tshark takes everything for body",
    ),
    "zeek-zeek/http__http_09.pcap": (({"GET": 1}, {"none": 1}), "tshark does not know HTTP/0.9"),
    "zeek-zeek/http__no-version.pcap": (({"GET": 1}, {"none": 1}), "tshark does not know HTTP/0.9"),
    "zeek-zeek/tcp__reassembly.pcap": (({"SEARCH": 1}, {}), "the request line runs into a hole"),
    "http1_pipelining.pcap": (
        ({"GET": 3, "HEAD": 1}, {"200": 3, "404": 1}),
        "tshark takes the responses behind the one to HEAD for its body",
    ),
    "sse_langserve.pcap": (({"POST": 3}, {"200": 3}), "tshark leaves out a response without its last chunk"),
    "sse_server_dies.pcap": (({"GET": 1}, {"200": 1}), "tshark leaves out a response without its last chunk"),
    "derived_http1_missing_segment.pcap": (
        ({"GET": 1}, {"200": 1}),
        "tshark leaves out the response whose body lost a segment",
    ),
}

UNASKED = {"http1_bad_request.pcap", "http1_https_to_http.pcap"}
"""Where servers answer 400 to what is no HTTP request."""

START_LINE = re.compile(rb"(?:\r?\n)*(?:[!-~]+ [^\r\n]*|HTTP/1\.[01] \d{3}[^\r\n]*)")


def messages(recorded: Recorded) -> list[Message]:
    return [m for flow in recorded.flows for m in recorded.cut(flow, recorded.turns(flow)) if m.protocol == "http"]


def count(found: list[Message]) -> Counts:
    """Requests by method and responses by code ("none" for HTTP/0.9)."""
    requests = Counter(str(m.facts["http.request.method"]) for m in found if m.kind == "request")
    responses = Counter(str(m.facts.get("http.response.code", "none")) for m in found if m.kind == "response")
    return dict(requests), dict(responses)


def check_start_lines(found: list[Message]) -> None:
    """Every message starts with the bytes of the start line that it claims to have, on the right side."""
    for m in found:
        if m.facts:
            said = m.buffer.read(m.start, min(m.end, m.start + 200))
            assert START_LINE.match(said), said
            first = str(m.facts.get("http.request.method") or m.facts.get("http.response.version"))
            assert said.lstrip(b"\r\n").startswith(first.encode("latin-1"))
        assert (m.kind == "request") == (m.side == CLIENT)


def second_opinions() -> list[Path]:
    found = []
    for path in sorted(EXPECTED.glob("**/*.json")):
        opinion = json.loads(path.read_text())
        if "http1" in opinion and "tls" not in opinion:
            found.append(path)
    return found


@pytest.mark.parametrize("path", second_opinions(), ids=lambda p: str(p.relative_to(EXPECTED)))
def test_public_captures_hold_the_messages_that_others_find(path: Path) -> None:
    name = str(path.relative_to(EXPECTED).with_suffix(""))
    opinion = json.loads(path.read_text())["http1"]
    found = messages(Recorded(CORPUS / name))
    expected = DISPUTED[name][0] if name in DISPUTED else (opinion.get("methods", {}), opinion.get("statuses", {}))
    assert count(found) == expected
    check_start_lines(found)


KINDS = (
    "http1_*", "sse_*", "s3_*", "chroma*", "graphql*", "connect*", "grpcweb*", "hs2_http*", "tcp_http1*", "ws_*",
    "derived_http1*", "thriftpy_client_binary_http*",
)  # fmt: skip


def recorded_captures() -> list[Path]:
    return sorted(p for kind in KINDS for p in CAPTURES.glob(kind) if p.suffix in {".pcap", ".pcapng"})


def tshark(path: Path) -> Counts:
    """What tshark lists, also of a file that is cut; commas join the values of messages in one frame."""
    fields = ["-e", "http.request.method", "-e", "http.response.code"]
    command = ["tshark", "-n", "-r", str(path), "-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "http", "-T", "fields"]
    listed = subprocess.run([*command, *fields], capture_output=True, text=True, check=False, timeout=60).stdout
    requests: Counter[str] = Counter()
    responses: Counter[str] = Counter()
    for line in listed.splitlines():
        methods, codes = [*line.split("\t"), "", ""][:2]
        requests.update(filter(None, methods.split(",")))
        responses.update(filter(None, codes.split(",")))
    return dict(requests), dict(responses)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", recorded_captures(), ids=lambda p: p.name)
def test_recorded_captures_hold_the_messages_that_tshark_finds(path: Path) -> None:
    found = messages(Recorded(path))
    expected = DISPUTED[path.name][0] if path.name in DISPUTED else tshark(path)
    assert count(found) == expected
    check_start_lines(found)


@pytest.mark.parametrize("path", recorded_captures(), ids=lambda p: p.name)
def test_every_response_knows_its_request(path: Path) -> None:
    found = messages(Recorded(path))
    for m in found:
        if m.kind == "response" and path.name not in UNASKED:
            assert m.answers is not None
            assert m.answers.flow == m.flow
            assert m.answers.packet <= m.packet
