"""Proxies in between, servers that greet, and connections on which nobody speaks."""

from pathlib import Path

import pytest

from diagnosis.exchange import CALL, CLIENT, GET, REPLY, SERVER, Talk, Wire, found
from inspector.model.finding import Finding

UNKNOWN = 7777
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.22.1\r\nContent-Length: 4\r\n\r\noops"
BARE_503 = b"HTTP/1.1 503 Slow Down\r\nServer: Werkzeug/3.0\r\nContent-Length: 0\r\n\r\n"
HAPROXY_503 = (
    b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\n<html><body>No server is available to handle "
    b"this request.</body></html>"
)
OVER_HTTP = (
    b"POST /cliservice HTTP/1.1\r\nHost: hs2\r\nContent-Type: application/x-thrift\r\nContent-Length: "
    + str(len(CALL)).encode()
    + b"\r\n\r\n"
    + CALL
)
CONNECT = b"CONNECT db:443 HTTP/1.1\r\nHost: db:443\r\n\r\n"
ABSOLUTE = b"GET http://db/ HTTP/1.1\r\nHost: db\r\n\r\n"
V1 = b"PROXY TCP4 10.1.0.1 10.1.0.2 40000 80\r\n"
V2 = bytes.fromhex("0d0a0d0a000d0a515549540a2111000c0a0100010a0100029c400050")
MYSQL = bytes.fromhex("4a0000000a") + b"8.0.36\0" + bytes(63)


def talk(opening: bytes, answer: bytes, port: int = UNKNOWN, wire: Wire | None = None) -> Wire:
    wire = wire or Wire()
    each = Talk(wire, port)
    each.say(CLIENT, opening)
    if answer:
        each.say(SERVER, answer)
    else:
        wire.wait(0.002)
    each.close(SERVER)
    return wire


def only(findings: list[Finding], rule: str) -> Finding:
    assert [f.rule for f in findings] == [rule]
    return findings[0]


# HTTP proxies


def test_a_gateway_that_got_no_answer(tmp_path: Path) -> None:
    finding = only(found(talk(GET, GATEWAY), tmp_path), "http-proxy-error")
    assert finding.severity == "warning"
    assert "Who answered names itself: server: nginx/1.22.1" in finding.see
    assert [e.bytes for e in finding.evidence] == [b"502", b"Server: nginx/1.22.1"]


def test_a_thrift_call_that_a_proxy_answered(tmp_path: Path) -> None:
    finding = only(found(talk(OVER_HTTP, GATEWAY), tmp_path), "http-proxy-error")
    assert finding.severity == "error"
    assert finding.title == "A proxy answered the Thrift call with 502: the service behind it did not"


def test_a_503_of_the_services_own_is_none_of_a_proxys(tmp_path: Path) -> None:
    assert found(talk(GET, BARE_503), tmp_path) == []


def test_a_503_that_only_its_page_tells(tmp_path: Path) -> None:
    finding = only(found(talk(GET, HAPROXY_503), tmp_path), "http-proxy-error")
    assert finding.evidence[1].bytes == b"No server is available to handle this request"


def test_one_finding_for_all_answers_of_a_status(tmp_path: Path) -> None:
    wire = talk(GET, GATEWAY)
    talk(GET, GATEWAY, wire=wire)
    findings = wire.findings(tmp_path)
    assert "So were 1 more request." in only(findings, "http-proxy-error").see


def test_a_server_that_knows_no_connect(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 405 Method Not Allowed\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(CONNECT, answer), tmp_path), "http-proxy-mistaken")
    assert finding.severity == "error"
    assert finding.title == "A server that is no proxy was asked as one: status 405"


def test_a_proxy_that_wants_a_login(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(CONNECT, answer), tmp_path), "http-proxy-mistaken")
    assert finding.severity == "warning"
    assert "wants to know who asks" in finding.why


def test_a_login_that_succeeds_is_nothing(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    wire = talk(CONNECT, answer)
    talk(CONNECT, b"HTTP/1.1 200 Connection established\r\n\r\n", wire=wire)
    assert wire.findings(tmp_path) == []


def test_a_proxy_that_does_not_reach_the_target(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 500 Unable to connect\r\nServer: tinyproxy/1.11\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(CONNECT, answer), tmp_path), "http-proxy-mistaken")
    assert "does not reach what it was asked for" in finding.why


def test_a_whole_url_for_a_server_that_is_no_proxy(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(ABSOLUTE, answer), tmp_path), "http-proxy-mistaken")
    assert finding.severity == "warning"
    assert finding.evidence[0].bytes == b"GET http://db/"


def test_a_whole_url_that_is_answered_is_nothing(tmp_path: Path) -> None:
    assert found(talk(ABSOLUTE, OK), tmp_path) == []


# the PROXY protocol


@pytest.mark.parametrize(("header", "version"), [(V1, 1), (V2, 2)])
def test_a_proxy_header_that_nobody_expects(tmp_path: Path, header: bytes, version: int) -> None:
    bad = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(header + GET, bad), tmp_path), "proxy-header-unexpected")
    assert finding.severity == "error"
    assert f"header, version {version}" in finding.see
    assert finding.evidence[0].bytes == header.removesuffix(b"\r\n")
    assert ("218,762,506" in finding.why and "256 MiB" in finding.why) == (version == 2)


def test_a_proxy_header_to_sasl(tmp_path: Path) -> None:
    refusal = b"\x04\0\0\0\x11Invalid status 80"
    finding = only(found(talk(V1 + CALL, refusal, 10000), tmp_path), "proxy-header-unexpected")
    assert any("negotiation status 80 ('P')" in e.reads_as for e in finding.evidence)


def test_a_proxy_header_and_a_silent_close(tmp_path: Path) -> None:
    finding = only(found(talk(V1 + CALL, b"", 9083), tmp_path), "proxy-header-unexpected")
    assert finding.severity == "warning"


def test_a_proxy_header_that_is_expected(tmp_path: Path) -> None:
    assert found(talk(V1 + GET, OK), tmp_path) == []
    assert found(talk(V2 + CALL, REPLY), tmp_path) == []


# servers that speak first


@pytest.mark.parametrize(
    ("greeting", "name"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
        (b"220 mail.example.org ESMTP Postfix\r\n", "SMTP"),
        (b"220 (vsFTPd 3.0.3)\r\n", "FTP"),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "IMAP"),
        (b"+OK Dovecot ready.\r\n", "POP3"),
        (b"RFB 003.008\n", "VNC"),
        (MYSQL, "MySQL"),
    ],
    ids=["ssh", "smtp", "ftp", "imap", "pop3", "vnc", "mysql"],
)
def test_http_meets_a_greeting(tmp_path: Path, greeting: bytes, name: str) -> None:
    finding = only(found(talk(GET, greeting), tmp_path), "server-speaks-first")
    assert finding.severity == "error"
    assert finding.title == f"HTTP sent to a server that speaks {name}"
    assert "(1) Received HTTP/0.9 when not allowed" in finding.see


def test_thrift_meets_a_greeting(tmp_path: Path) -> None:
    finding = only(found(talk(CALL, b"SSH-2.0-OpenSSH_9.2p1\r\n"), tmp_path), "server-speaks-first")
    assert finding.title == "Thrift binary, not framed sent to a server that speaks SSH"
    assert finding.witness is not None


def test_ssh_with_ssh_and_redis_with_redis_are_well(tmp_path: Path) -> None:
    assert found(talk(b"SSH-2.0-client\r\n", b"SSH-2.0-server\r\n"), tmp_path) == []
    assert found(talk(b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n", b"+OK\r\n"), tmp_path) == []


def silent(port: int, seconds: float, first: int = CLIENT) -> Wire:
    wire = Wire()
    each = Talk(wire, port)
    wire.wait(seconds)
    each.close(first)
    return wire


def test_nobody_speaks(tmp_path: Path) -> None:
    finding = only(found(silent(UNKNOWN, 10.0), tmp_path), "both-silent")
    assert finding.severity == "note"
    assert finding.title == f"Nobody said a word for 10 s on a connection to 10.0.0.2:{UNKNOWN}"


def test_nobody_speaks_where_the_server_should(tmp_path: Path) -> None:
    finding = only(found(silent(3306, 10.0), tmp_path), "both-silent")
    assert finding.severity == "warning"
    assert "one expects MySQL" in finding.why


def test_a_look_at_an_open_port(tmp_path: Path) -> None:
    assert found(silent(UNKNOWN, 0.1), tmp_path) == []


def test_a_proxy_that_is_asked_for_a_path(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nServer: tinyproxy/1.11.1\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(GET, answer, 8888), tmp_path), "http-proxy-mistaken")
    assert finding.title == "A proxy was asked as if it were the server: status 400"
    assert "curl -x http://10.0.0.2:8888" in finding.do


# answers in HTTP that say what is wrong


@pytest.mark.parametrize(
    "words", [b"The plain HTTP request was sent to HTTPS port", b"Client sent an HTTP request to an HTTPS server."]
)
def test_http_in_clear_to_a_port_for_https(tmp_path: Path, words: bytes) -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(words) + words
    finding = only(found(talk(GET, answer, 8443), tmp_path), "http-to-https-port")
    assert finding.severity == "error"
    assert words.decode().rstrip(".") in finding.see
    assert [e.bytes for e in finding.evidence] == [b"G", words.rstrip(b".")]


def test_a_server_that_does_not_serve_get(tmp_path: Path) -> None:
    answer = b"HTTP/1.0 501 Unsupported method ('GET')\r\nContent-Length: 0\r\n\r\n"
    finding = only(found(talk(GET, answer), tmp_path), "http-method-not-served")
    assert finding.severity == "note"
    assert [e.bytes for e in finding.evidence] == [b"GET", b"501"]


def test_a_page_that_is_not_served_on_a_server_that_has_others(tmp_path: Path) -> None:
    wire = talk(GET, b"HTTP/1.0 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
    talk(GET, OK, wire=wire)
    assert wire.findings(tmp_path) == []
