"""`inspector why HOST:PORT` against servers of our own on loopback."""

import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.protocol.TCompactProtocol import TCompactProtocolFactory
from thrift.protocol.THeaderProtocol import THeaderProtocolFactory
from thrift.protocol.TJSONProtocol import TJSONProtocolFactory
from thrift.Thrift import TApplicationException, TMessageType, TProcessor, TType
from thrift.transport.TTransport import TBufferedTransport, TFramedTransport, TTransportBase

from conftest import Run
from inspector.capture.live import probe as prober
from inspector.cli.probing import parse_target
from inspector.session import Session

SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers in the same process answer at once."""
    monkeypatch.setattr(prober, "PATIENCE", 0.15)


class Socket(TTransportBase):  # type: ignore[misc]
    """A connected socket in the form that the Thrift library reads."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link

    def read(self, size: int) -> bytes:
        found = self.link.recv(size)
        if not found:
            raise EOFError
        return found

    def write(self, data: bytes) -> None:
        self.link.sendall(data)

    def flush(self) -> None:
        pass


class Refuser(TProcessor):  # type: ignore[misc]
    """Knows no method, and says so."""

    def process(self, iprot: Any, oprot: Any) -> None:
        name, _, seq_id = iprot.readMessageBegin()
        iprot.skip(TType.STRUCT)
        iprot.readMessageEnd()
        oprot.writeMessageBegin(name, TMessageType.EXCEPTION, seq_id)
        TApplicationException(TApplicationException.UNKNOWN_METHOD, "no such method").write(oprot)
        oprot.writeMessageEnd()
        oprot.trans.flush()


@contextmanager
def serving(answer: Any) -> Iterator[int]:
    """A port on which every connection is given to `answer`."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve(link: socket.socket) -> None:
        with link:
            link.settimeout(2)
            try:
                answer(link)
            except Exception:  # noqa: BLE001 the probe sends what this server cannot read
                return

    def accept() -> None:
        while not stop.is_set():
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(link,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.close()


def thrift(transport: Any, factory: Any) -> Any:
    def answer(link: socket.socket) -> None:
        protocol = factory.getProtocol(transport(Socket(link)))
        Refuser().process(protocol, protocol)

    return answer


def line_reader(reply: bytes) -> Any:
    """Waits for the end of a line, then says the same to everybody."""

    def answer(link: socket.socket) -> None:
        got = b""
        while b"\n" not in got:
            part = link.recv(1000)
            if not part:
                return
            got += part
        link.sendall(reply)

    return answer


def asked(run: Run, port: int, *options: str) -> dict[str, Any]:
    """What `--json` says of a port."""
    result = run("why", f"127.0.0.1:{port}", "--json", *options)
    assert result.code == 0, result.err
    found: dict[str, Any] = json.loads(result.out)
    return found


@pytest.mark.parametrize(
    ("transport", "factory", "names"),
    [
        (TBufferedTransport, TBinaryProtocolFactory(strictRead=True), ["Thrift binary, not framed"]),
        (TFramedTransport, TBinaryProtocolFactory(strictRead=True), ["Thrift binary, framed"]),
        (
            TBufferedTransport,
            TBinaryProtocolFactory(),
            ["Thrift binary, not framed, also without a version"],
        ),
        (TBufferedTransport, TCompactProtocolFactory(), ["Thrift compact, not framed"]),
        (TFramedTransport, TCompactProtocolFactory(), ["Thrift compact, framed"]),
        (TBufferedTransport, TJSONProtocolFactory(), ["Thrift json, not framed"]),
        (lambda wire: wire, THeaderProtocolFactory(allowed_client_types=[0]), ["Thrift binary, with THeader"]),
    ],
    ids=["strict", "framed", "old", "compact", "framed-compact", "json", "header"],
)
def test_a_thrift_server_is_known_by_its_answer(
    run: Run, tmp_path: Path, transport: Any, factory: Any, names: list[str]
) -> None:
    kept = tmp_path / "probe.pcapng"
    with serving(thrift(transport, factory)) as port:
        found = asked(run, port, "-w", str(kept))
    assert [each["title"] for each in found["speaks"]] == names
    assert found["state"] == "open"
    (finding,) = found["findings"]
    assert finding["rule"] == "probe"
    session = Session.open(str(kept))
    assert len(session.flows) == len(found["probes"])
    flow = found["speaks"][0]["flow"]
    assert any(m.kind == "exception" and m.flow == flow for m in session.messages)
    for evidence in finding["evidence"]:
        data = session.packet(evidence["packet"]).data
        assert data[evidence["start"] : evidence["end"]].hex() == evidence["bytes"]


@pytest.mark.parametrize(
    ("answer", "protocol"),
    [
        (line_reader(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "http"),
        (line_reader(b"-ERR unknown command\r\n"), "resp"),
        (lambda link: (link.recv(5), link.sendall(b"\x04\0\0\0\x11Invalid status -1")), "thrift"),
        (lambda link: (link.recv(5), link.sendall(b"\x15\x03\x03\0\2\2\x46")), "tls"),
        (lambda link: link.sendall(b"220 mail ESMTP\r\n"), "smtp"),
        (lambda link: link.sendall(b"\x4a\0\0\0\x0a8.0.36\0" + bytes(63)), "mysql"),
    ],
    ids=["http", "redis", "sasl", "tls", "smtp", "mysql"],
)
def test_other_servers_are_known_by_their_answers(run: Run, answer: Any, protocol: str) -> None:
    with serving(answer) as port:
        found = asked(run, port)
    assert [each["protocol"] for each in found["speaks"]] == [protocol]


def test_postgresql_answers_its_own_request(run: Run) -> None:
    def answer(link: socket.socket) -> None:
        if link.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f":
            link.sendall(b"N")

    with serving(answer) as port:
        assert [each["protocol"] for each in asked(run, port)["speaks"]] == ["pgsql"]


def test_kafka_answers_its_own_request(run: Run) -> None:
    def answer(link: socket.socket) -> None:
        head = link.recv(4)
        size = struct.unpack(">i", head)[0]
        if 8 <= size < 100:
            request = link.recv(size)
            if request[:2] == b"\0\x12":
                link.sendall(b"\0\0\0\x0a" + request[4:8] + bytes(6))

    with serving(answer) as port:
        assert [each["protocol"] for each in asked(run, port)["speaks"]] == ["kafka"]


@pytest.mark.parametrize(("kind", "protocol"), [(b"text/html", "http2"), (b"application/grpc", "grpc")])
def test_http2_is_asked_for_grpc(run: Run, kind: bytes, protocol: str) -> None:
    block = b"\x88\x00\x0ccontent-type" + bytes([len(kind)]) + kind

    def answer(link: socket.socket) -> None:
        link.sendall(SETTINGS)
        if link.recv(1000).startswith(b"PRI *"):
            link.sendall(len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block)

    with serving(answer) as port:
        assert [each["protocol"] for each in asked(run, port)["speaks"]] == [protocol]


def test_thrift_over_http(run: Run) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: 0\r\n\r\n"

    def answer(link: socket.socket) -> None:
        got = link.recv(1000)
        link.sendall(page if got.startswith(b"POST") else b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(answer) as port:
        assert [each["protocol"] for each in asked(run, port)["speaks"]] == ["http", "thrift"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout - -days 2"
    made = subprocess.run([*command.split(), "-subj", "/CN=localhost"], capture_output=True, check=True)
    path.write_bytes(made.stdout)
    return path


def test_what_is_inside_tls(run: Run, tmp_path: Path, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer(link: socket.socket) -> None:
        with context.wrap_socket(link, server_side=True) as secure:
            thrift(TBufferedTransport, TBinaryProtocolFactory(strictRead=True))(secure)

    kept = tmp_path / "probe.pcapng"
    with serving(answer) as port:
        found = asked(run, port, "-w", str(kept))
    assert [each["title"] for each in found["speaks"]] == ["TLS (TLSv1.3) with Thrift binary, not framed inside"]
    session = Session.open(str(kept))
    assert {m.protocol for m in session.messages if m.flow == found["speaks"][-1]["flow"]} >= {"tls"}


def test_a_server_that_greets_is_only_listened_to(run: Run) -> None:
    said: list[bytes] = []

    def greet(link: socket.socket) -> None:
        link.sendall(b"SSH-2.0-test\r\n")
        said.append(link.recv(100))

    with serving(greet) as port:
        result = run("why", f"127.0.0.1:{port}")
    assert "speaks SSH" in result.out
    assert said in ([], [b""])


def test_silence_is_told(run: Run) -> None:
    with serving(lambda link: link.recv(100)) as port:
        found = asked(run, port)
        result = run("why", f"127.0.0.1:{port}")
    assert (found["state"], found["speaks"]) == ("silent", [])
    assert found["findings"][0]["evidence"]
    assert "did not say a word" in result.out


def test_nobody_listens(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    kept = tmp_path / "probe.pcapng"
    found = asked(run, port, "-w", str(kept))
    assert found["state"] == "refused"
    assert "nothing listens there" in run("why", f"127.0.0.1:{port}").out
    assert [f.rule for f in Session.open(str(kept)).findings()] == ["connection-refused"]


def test_nobody_is_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> socket.socket:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    found = asked(run, 9)
    assert found["state"] == "firewalled"


def test_other_machines_need_leave(run: Run) -> None:
    result = run("why", "192.0.2.1:9083")
    assert result.code == 2
    assert "--allow-remote" in result.err


@pytest.mark.parametrize(
    ("word", "target"),
    [
        ("localhost:9083", ("localhost", 9083)),
        ("[::1]:80", ("::1", 80)),
        ("capture.pcap", None),
        ("a:99999", None),
        ("a:0", None),
        ("http://x:80", None),
    ],
)
def test_targets(word: str, target: tuple[str, int] | None) -> None:
    assert parse_target(word) == target
