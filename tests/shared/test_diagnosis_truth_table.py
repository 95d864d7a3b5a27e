"""What the rules say of real servers, recorded while clients spoke HTTP to them; and of captures where all is well."""

import os
from pathlib import Path

import pytest

from inspector.diagnosis.openings import opening_of
from inspector.model.errors import CaptureError
from inspector.session import Session

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CAPTURES.is_dir(), reason="no shared captures here")]

ROWS = {
    "hms_curl_get": ("http-to-thrift-closed", "Thrift, binary, strict, buffered"),
    "hms_kerberos_curl_get": ("http-to-thrift-sasl", ""),
    "hs2_sasl_curl_get": ("http-to-thrift-sasl", ""),
    "hms_tls_probes": ("http-to-tls-alert", ""),
    "hms_probes_framed": ("http-unanswered", "Thrift, binary, strict, buffered"),
    "thriftpy_probe_0250_threaded_buffered_binary_strict": ("http-unanswered", "Thrift, binary, strict, buffered"),
    "thriftpy_probe_0250_threaded_buffered_compact": ("http-unanswered", "Thrift, compact, buffered"),
    "thriftpy_probe_0250_threaded_framed_binary": ("http-unanswered", "Thrift, framed, in a Python thread server"),
    "thriftpy_probe_0130_simple_buffered_binary": ("http-unanswered", "Thrift, binary, not strict and without"),
    "thriftjava_probe_pool_nonstrict_xmx3g": ("http-unanswered", "Thrift, binary, not strict and without"),
    "thriftjava_probe_simple_nonstrict": ("http-unanswered", "Thrift, binary, not strict, in Java"),
    "thriftnode_probe_framed_binary": ("http-unanswered", "Thrift, binary, strict, buffered"),
    "grpc_probes": ("http1-to-http2", ""),
    "http2_http1_to_h2_port": ("http1-to-http2", ""),
    "redis_probes": ("http-unanswered", ""),
}
"""By capture: the rule for every HTTP request in it, and the candidate that explains it best."""

BROKEN = ("_probe", "curl_get", "http2_http1_to_h2_port", "https_to_http")
"""Captures in which a client spoke the wrong protocol on purpose."""

HTTP_SERVER = "thriftpy_probe_0250_http_none_binary"


def http_flows(session: Session) -> set[int]:
    """The flows that the client opened with an HTTP request."""
    return {m.flow for m in session.messages if m.protocol == "http" and m.kind == "request" and m.start == 0}


@pytest.mark.parametrize("name", ROWS)
def test_every_http_request_to_a_server_that_is_none(name: str) -> None:
    path = CAPTURES / f"{name}.pcap"
    if not path.exists():
        pytest.skip(f"{name} is not here")
    rule, best = ROWS[name]
    session = Session.open(str(path))
    errors = {f.flow: f for f in session.findings() if f.severity == "error" and f.flow in http_flows(session)}
    assert set(errors) == http_flows(session)
    for finding in errors.values():
        assert finding.rule == rule
        # no library reads Redis; where its own words on the same port name it, no other reader is asked
        assert finding.witness is not None or "Redis" in finding.title
        assert finding.references
        if best:
            assert f"\n1. {best}" in finding.why
        for evidence in finding.evidence:
            data = session.packet(evidence.packet).data
            assert data[evidence.start : evidence.end] == evidence.bytes
    numbers = {m.number for m in session.messages if m.flow in errors and m.start == 0 and m.side == 0}
    assert all(session.severity(session.message(number)) == "error" for number in numbers)


@pytest.mark.parametrize("name", [name for name in ROWS if "probe" in name])
def test_other_openings_to_the_same_servers_are_explained_too(name: str) -> None:
    """TLS, the HTTP/2 preface, Redis, PostgreSQL and SSH, where no byte came back, or none of TLS."""
    path = CAPTURES / f"{name}.pcap"
    if not path.exists():
        pytest.skip(f"{name} is not here")
    session = Session.open(str(path))
    explained = {f.flow for f in session.findings()}
    for flow in session.flows:
        said = [buffer.read(0, min(64, buffer.size)) for buffer in flow.buffers]
        opening = opening_of(said[0])
        wrong = not said[1] or (opening is not None and opening.name == "TLS" and said[1][:1] != b"\x16")
        if opening is not None and wrong:
            assert flow.number in explained, f"flow {flow.number}: {opening.name}"


def test_a_crash_is_linked_to_what_is_refused_after_it() -> None:
    path = CAPTURES / "thriftjava_probe_simple_nonstrict.pcap"
    if not path.exists():
        pytest.skip("not here")
    refused = [f for f in Session.open(str(path)).findings() if f.rule == "connection-refused"]
    assert [(f.severity, f.flow) for f in refused] == [("warning", 2)]
    assert "open until packet 8" in refused[0].see


def test_thrift_over_http_is_http() -> None:
    path = CAPTURES / f"{HTTP_SERVER}.pcap"
    if not path.exists():
        pytest.skip("not here")
    found = [f for f in Session.open(str(path)).findings() if f.rule == "http-unanswered"]
    assert [f.flow for f in found] == [3]
    assert "\n1. An HTTP server after all: the same server port answers HTTP" in found[0].why


def healthy() -> list[Path]:
    """All captures in which nobody spoke the wrong protocol."""
    found = [path for path in CAPTURES.glob("*.pcap*") if not any(word in path.name for word in BROKEN)]
    corpus = [p for p in (SHARED / "corpus").rglob("*") if p.suffix in {".pcap", ".pcapng", ".cap", ".gz"}]
    return sorted(found + corpus)


@pytest.mark.parametrize("path", healthy(), ids=lambda path: path.name)
def test_nothing_is_called_an_error_where_nothing_is_wrong(path: Path) -> None:
    try:
        session = Session.open(str(path))
    except CaptureError as error:
        pytest.skip(str(error))
    assert [f"{f.rule} in flow {f.flow}: {f.see}" for f in session.findings() if f.severity == "error"] == []


JUDGED = {
    "sse_server_dies.pcap": {"answer-cut-short"},
    "http__content-length-overflow.pcap": {"answer-cut-short"},
    "tcp__option-sack.pcap": {"tcp-connect-unanswered"},
    "tcp__reassembly.pcap": {"http-unanswered"},
    "tcp__retransmit-timeout.pcapng": {"http-unanswered"},
}
"""Warnings that are right: a server that dies, a length that is not kept, SYN that nobody answers, requests in vain."""
OTHERS = ("http2-", "grpc-", "sse-", "websocket-")
"""Rules whose own tests say where they warn."""


@pytest.mark.parametrize("path", healthy(), ids=lambda path: path.name)
def test_warnings_where_nothing_is_wrong_are_judged(path: Path) -> None:
    try:
        session = Session.open(str(path))
    except CaptureError as error:
        pytest.skip(str(error))
    warned = {f.rule for f in session.findings() if f.severity == "warning" and not f.rule.startswith(OTHERS)}
    assert warned == JUDGED.get(path.name, set())
