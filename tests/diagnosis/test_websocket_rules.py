"""Diagnoses of WebSockets: refused, not masked, against the rules."""

from pathlib import Path

import hpack
import pytest

from diagnosis.exchange import CLIENT, SERVER, Talk, Wire
from inspector.model.finding import Finding
from inspector.session import Session, bundled, bundled_captures
from protocols import test_http2 as http2
from protocols.test_websocket import ACCEPT, DEFLATE, KEY, NONCE, TEXTS, deflated, frame

HEADERS = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
REQUEST = f"GET /live HTTP/1.1\r\n{HEADERS}Sec-WebSocket-Key: {NONCE}\r\n\r\n".encode()


def switched(accept: str = ACCEPT, extensions: str = "") -> bytes:
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {accept}")
    if extensions:
        lines.append(f"Sec-WebSocket-Extensions: {extensions}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.fixture
def talk() -> Talk:
    talk = Talk(Wire(), 8080)
    talk.say(CLIENT, REQUEST)
    return talk


def of_rule(talk: Talk, folder: Path, rule: str) -> list[Finding]:
    return [finding for finding in talk.wire.findings(folder) if finding.rule == rule]


@pytest.mark.parametrize("path", [p for p in bundled_captures() if p.name.startswith("ws-")], ids=lambda p: p.stem)
def test_recorded_traffic_that_works_has_no_finding(path: Path) -> None:
    expected = {"ws-refused": ["websocket-refused"], "ws-idle-proxy": ["websocket-idle-closed"]}
    assert [finding.rule for finding in Session.open(str(path)).findings()] == expected.get(path.stem, [])


def test_the_refused_capture_says_why() -> None:
    (finding,) = Session.open(str(bundled("captures") / "ws-refused.pcap")).findings()
    assert finding.title == "WebSocket refused: answered 403"
    assert "Access control" in finding.why
    assert finding.witness is not None
    assert finding.witness.says == "WSConnection as the client: RejectConnection(status_code=403)"
    assert [evidence.bytes for evidence in finding.evidence] == [b"Upgrade: websocket", b"HTTP/1.1 403"]


def test_an_upgrade_answered_200_points_to_proxies(talk: Talk, tmp_path: Path) -> None:
    talk.say(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert finding.title == "WebSocket refused: answered 200"
    assert "treated the request as an ordinary one" in finding.why
    assert "proxy_set_header" in finding.do


def test_what_the_request_lacks_is_named(tmp_path: Path) -> None:
    talk = Talk(Wire(), 8080)
    talk.say(CLIENT, b"GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
    talk.say(SERVER, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert "lacks Connection: Upgrade and Sec-WebSocket-Key and Sec-WebSocket-Version: 13" in finding.why
    assert finding.witness is not None
    assert "RemoteProtocolError" in finding.witness.says


def test_a_redirect_is_a_warning(talk: Talk, tmp_path: Path) -> None:
    talk.say(SERVER, b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert finding.severity == "warning"


def test_a_wrong_accept_is_worked_out(talk: Talk, tmp_path: Path) -> None:
    talk.say(SERVER, switched(accept="AAAA"))
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert finding.title == "WebSocket handshake with a wrong accept"
    assert ACCEPT in finding.why
    assert finding.witness is not None
    assert ACCEPT in finding.witness.says


def test_an_ordinary_request_is_no_matter_of_this_rule(tmp_path: Path) -> None:
    talk = Talk(Wire(), 8080)
    talk.say(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.say(SERVER, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert of_rule(talk, tmp_path, "websocket-refused") == []


def test_a_client_that_does_not_mask(talk: Talk, tmp_path: Path) -> None:
    talk.say(SERVER, switched())
    talk.say(CLIENT, frame(1, b"hello"))
    talk.say(CLIENT, frame(1, b"again"))
    talk.say(SERVER, frame(8, b"\x03\xea"))
    (finding,) = of_rule(talk, tmp_path, "websocket-unmasked-client")
    assert "2 frames of it are not" in finding.see
    assert "closed with 1002, protocol error" in finding.see
    assert [evidence.bytes for evidence in finding.evidence] == [b"\x81", b"\x05", b"\x88\x02\x03\xea"]
    assert finding.witness is not None
    assert "unmasked" in finding.witness.says
    assert of_rule(talk, tmp_path, "websocket-protocol-error") == []


@pytest.mark.parametrize(
    ("side", "sent", "says", "code"),
    [
        (SERVER, frame(1, b"\xff"), "decod", "1007"),
        (SERVER, frame(3, b"a"), "nvalid opcode", "1002"),
        (CLIENT, frame(1, b"a", rsv=2, key=KEY), "Reserved bit", "1002"),
        (SERVER, frame(0, b"a"), "CONTINUATION", "1002"),
        (SERVER, frame(8, b"\x00\x01"), "invalid code", "1002"),
        (CLIENT, frame(9, b"a" * 126, key=KEY), "125", "1002"),
    ],
)
def test_wsproto_names_the_first_frame_that_it_does_not_accept(
    talk: Talk, tmp_path: Path, side: int, sent: bytes, says: str, code: str
) -> None:
    talk.say(SERVER, switched())
    talk.say(side, frame(1, b"good", key=KEY if side == CLIENT else b""))
    talk.say(side, sent)
    (finding,) = of_rule(talk, tmp_path, "websocket-protocol-error")
    assert finding.witness is not None
    assert finding.witness.library == "wsproto"
    assert says in finding.witness.says
    assert f"closes with {code}" in finding.why
    assert finding.evidence[0].bytes == sent[:16]


def test_compressed_data_that_cannot_be_inflated(talk: Talk, tmp_path: Path) -> None:
    first, second = deflated(*TEXTS[:2])
    talk.say(SERVER, switched(extensions=f"{DEFLATE}; server_no_context_takeover"))
    talk.say(SERVER, frame(1, first, rsv=4))
    talk.say(SERVER, frame(1, second, rsv=4))
    (finding,) = of_rule(talk, tmp_path, "websocket-protocol-error")
    assert "1007" in finding.why
    assert "cannot be inflated" in finding.why


def test_frames_that_keep_the_rules_have_no_finding(tmp_path: Path) -> None:
    talk = Talk(Wire(), 8080)
    talk.say(CLIENT, REQUEST[:-2] + f"Sec-WebSocket-Extensions: {DEFLATE}\r\n\r\n".encode())
    talk.say(SERVER, switched(extensions=DEFLATE))
    for data in deflated(*TEXTS[:5]):
        talk.say(CLIENT, frame(1, data, rsv=4, key=KEY))
    assert talk.wire.findings(tmp_path) == []


# how it ends


def opened(wire: Wire, *frames: tuple[int, bytes]) -> Talk:
    talk = Talk(wire, 8080)
    talk.say(CLIENT, REQUEST)
    talk.say(SERVER, switched())
    for side, payload in frames:
        talk.say(side, frame(1, payload, key=KEY if side == CLIENT else b""))
    return talk


def ours(wire: Wire, folder: Path) -> list[Finding]:
    return [finding for finding in wire.findings(folder) if finding.rule.startswith("websocket-")]


def test_a_websocket_that_is_cut_off_after_silence(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"), (SERVER, b"hi"))
    wire.wait(60.0)
    talk.close(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert (finding.rule, finding.severity) == ("websocket-idle-closed", "warning")
    assert finding.title == "The WebSocket was cut off after 60 s of silence"
    assert "60 seconds is a usual limit" in finding.why
    assert "No ping was ever sent" in finding.why
    assert "1006" in finding.see
    assert finding.evidence[0].bytes == frame(1, b"hi")
    assert "FIN" in finding.evidence[1].reads_as


def test_a_websocket_on_which_nobody_ever_spoke(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire)
    wire.wait(30.0)
    talk.rst(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert finding.rule == "websocket-idle-closed"
    assert "30 seconds is a usual limit" in finding.why


def test_pings_that_come_too_seldom_are_told(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"))
    for _ in range(3):
        wire.wait(75.0)
        talk.say(CLIENT, frame(9, b"p", key=KEY))
        talk.say(SERVER, frame(10, b"p"))
    wire.wait(60.0)
    talk.close(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert finding.rule == "websocket-idle-closed"
    assert "Pings came every 75 s." in finding.why


def test_only_the_servers_silence_may_count(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (SERVER, b"hi"))
    for _ in range(12):
        wire.wait(5.0)
        talk.say(CLIENT, frame(1, b"still here", key=KEY))
    talk.close(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert finding.rule == "websocket-idle-closed"
    assert "The client's own frames did not count" in finding.why


def test_an_end_without_a_close_frame_is_1006_in_words(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"), (SERVER, b"hi"))
    talk.rst(CLIENT)
    (finding,) = ours(wire, tmp_path)
    assert (finding.rule, finding.severity) == ("websocket-not-closed", "warning")
    assert finding.title == "The client ended the WebSocket without a close frame"
    assert "close code 1006, abnormal closure, which is never sent" in finding.why


def test_an_end_inside_a_frame_is_told(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"))
    talk.say(SERVER, frame(1, b"0123456789")[:7])
    talk.close(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert finding.rule == "websocket-not-closed"
    assert "5 of 10 bytes" in finding.why


@pytest.mark.parametrize("idle", [0.1, 90.0])
def test_a_websocket_that_is_closed_or_still_open_has_no_finding(tmp_path: Path, idle: float) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"), (SERVER, b"hi"))
    wire.wait(idle)
    assert ours(wire, tmp_path) == []
    talk.say(CLIENT, frame(8, b"\x03\xe8", key=KEY))
    talk.close(SERVER)
    assert ours(wire, tmp_path) == []


def test_a_close_frame_may_have_been_lost(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"))
    talk.next[SERVER] += 4
    talk.say(SERVER, frame(1, b"late"))
    talk.close(SERVER)
    assert "websocket-not-closed" not in [finding.rule for finding in ours(wire, tmp_path)]


def test_a_ping_without_pong(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"))
    talk.say(SERVER, frame(9, b"one"))
    wire.wait(20.0)
    talk.say(CLIENT, frame(1, b"busy", key=KEY))
    talk.say(SERVER, frame(8, (1011).to_bytes(2, "big") + b"keepalive ping timeout"))
    talk.close(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert (finding.rule, finding.severity) == ("websocket-ping-unanswered", "warning")
    assert finding.title == "The client answered a ping not for 20 s"
    assert "It sent 1 frame of another kind meanwhile." in finding.see
    assert 'CLOSE 1011 internal error: "keepalive ping timeout"' in finding.see
    assert [evidence.bytes[:2] for evidence in finding.evidence] == [b"\x89\x03", b"\x88\x18"]


def test_a_pong_answers_the_pings_before_it(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire)
    for payload in (b"one", b"two"):
        talk.say(SERVER, frame(9, payload))
    talk.say(CLIENT, frame(10, b"two", key=KEY))
    wire.wait(30.0)
    talk.say(SERVER, frame(1, b"still there"))
    assert ours(wire, tmp_path) == []


def test_bytes_that_are_no_frames_are_given_to_wsproto_too(talk: Talk, tmp_path: Path) -> None:
    talk.say(SERVER, switched())
    talk.say(SERVER, frame(1, b"good"))
    talk.say(SERVER, b"\xff\xff" * 20)
    (finding,) = of_rule(talk, tmp_path, "websocket-protocol-error")
    assert finding.witness is not None
    assert finding.evidence[0].bytes == b"\xff" * 16


# what was agreed on


@pytest.mark.parametrize(
    ("offered", "agreed", "what"),
    [
        ("", "Sec-WebSocket-Protocol: mqtt", "subprotocol mqtt"),
        ("Sec-WebSocket-Protocol: a, b\r\n", "Sec-WebSocket-Protocol: mqtt", "subprotocol mqtt"),
        ("", f"Sec-WebSocket-Extensions: {DEFLATE}; server_no_context_takeover", f"extension {DEFLATE}"),
    ],
)
def test_what_the_client_did_not_offer(tmp_path: Path, offered: str, agreed: str, what: str) -> None:
    talk = Talk(Wire(), 8080)
    talk.say(CLIENT, REQUEST[:-2] + offered.encode() + b"\r\n")
    talk.say(SERVER, switched()[:-2] + agreed.encode() + b"\r\n\r\n")
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert "that was not offered" in finding.title
    assert f"agrees on the {what}" in finding.see
    assert finding.evidence[-1].bytes == agreed.encode()


def test_what_the_client_offered_is_in_order(tmp_path: Path) -> None:
    talk = Talk(Wire(), 8080)
    offers = f"Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: {DEFLATE}; client_max_window_bits\r\n"
    talk.say(CLIENT, REQUEST[:-2] + offers.encode() + b"\r\n")
    agreed = f"Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: {DEFLATE}; client_max_window_bits=10\r\n\r\n"
    talk.say(SERVER, switched()[:-2] + agreed.encode())
    assert of_rule(talk, tmp_path, "websocket-refused") == []


@pytest.mark.parametrize(("status", "words"), [("426 Upgrade Required", "saw no Upgrade"), ("505 No", "HTTP/1.0")])
def test_answers_that_proxies_cause(talk: Talk, tmp_path: Path, status: str, words: str) -> None:
    talk.say(SERVER, f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert words in finding.why
    assert "proxy_http_version 1.1" in finding.do


def test_an_end_after_a_ping_without_pong_names_the_ping(tmp_path: Path) -> None:
    wire = Wire()
    talk = opened(wire, (CLIENT, b"hello"))
    talk.say(SERVER, frame(9, b""))
    wire.wait(0.15)
    talk.fin(SERVER)
    (finding,) = ours(wire, tmp_path)
    assert finding.rule == "websocket-not-closed"
    assert "No pong had come to its ping, message 4" in finding.why


# over HTTP/2


class Extended(Talk):
    """A WebSocket on stream 1 of an HTTP/2 connection (RFC 8441)."""

    def __init__(self, wire: Wire, offered: str = "", agreed: str = "") -> None:
        super().__init__(wire, 8080)
        encoders = [hpack.Encoder(), hpack.Encoder()]
        asked = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/live")]
        asked += [(":authority", "a"), ("sec-websocket-version", "13")]
        asked += [("sec-websocket-protocol", offered)] if offered else []
        answer = [(":status", "200"), *([("sec-websocket-protocol", agreed)] if agreed else [])]
        self.say(CLIENT, http2.OPENING)
        self.say(SERVER, http2.frame(4, 0, 0, b"\0\x08\0\0\0\x01") + http2.ACKED)
        self.say(CLIENT, http2.ACKED + http2.headers(encoders[CLIENT], asked, 1, http2.END_HEADERS))
        self.say(SERVER, http2.headers(encoders[SERVER], answer, 1, http2.END_HEADERS))

    def data(self, side: int, payload: bytes) -> None:
        self.say(side, http2.frame(0, 0, 1, payload))


@pytest.mark.parametrize(("idle", "rule"), [(60.0, "websocket-idle-closed"), (0.5, "websocket-not-closed")])
def test_a_stream_that_is_reset_without_a_close_frame(tmp_path: Path, idle: float, rule: str) -> None:
    wire = Wire()
    talk = Extended(wire)
    talk.data(CLIENT, frame(1, b"hello", key=KEY))
    talk.data(SERVER, frame(1, b"hi"))
    wire.wait(idle)
    talk.say(SERVER, http2.frame(3, 0, 1, b"\0\0\0\2"))
    (finding,) = ours(wire, tmp_path)
    assert finding.rule == rule
    assert "server's side reset the stream" in finding.see or "server reset the stream" in finding.see
    assert finding.evidence[-1].bytes == http2.frame(3, 0, 1, b"\0\0\0\2")


def test_what_was_not_offered_over_http2(tmp_path: Path) -> None:
    wire = Wire()
    Extended(wire, "a, b", "mqtt")
    (finding,) = ours(wire, tmp_path)
    assert finding.title == "WebSocket handshake with a subprotocol that was not offered"
    assert "only a, b" in finding.see
    wire = Wire()
    Extended(wire, "a, b", "b")
    assert ours(wire, tmp_path) == []


def test_a_host_that_is_no_text_breaks_nothing(tmp_path: Path) -> None:
    talk = Talk(Wire(), 8080)
    talk.say(CLIENT, REQUEST.replace(b"Host: a", b"Host: a\xbf"))
    talk.say(SERVER, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    (finding,) = of_rule(talk, tmp_path, "websocket-refused")
    assert finding.witness is not None
    assert "UnicodeDecodeError" in finding.witness.says
