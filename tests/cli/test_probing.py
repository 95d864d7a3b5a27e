"""`inspector why HOST:PORT` against servers of our own on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.protocol.TCompactProtocol import TCompactProtocolFactory
from thrift.Thrift import TApplicationException, TMessageType, TProcessor
from thrift.transport.TTransport import TBufferedTransport, TFramedTransport, TTransportBase

from conftest import Run
from inspector.capture.live.probe import PROBES
from inspector.cli.probing import parse_target
from inspector.session import Session


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
        oprot.writeMessageBegin(name, TMessageType.EXCEPTION, seq_id)
        TApplicationException(TApplicationException.UNKNOWN_METHOD, "no such method").write(oprot)
        oprot.writeMessageEnd()
        oprot.trans.flush()


@contextmanager
def serving(answer: Any) -> Iterator[int]:
    """A port on which every connection is given to `answer`."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def accept() -> None:
        while not stop.is_set():
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                link.settimeout(2)
                try:
                    answer(link)
                except Exception:  # noqa: BLE001 the probe sends what this server cannot read
                    continue

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


@pytest.mark.parametrize(
    ("transport", "factory", "name"),
    [
        (TBufferedTransport, TBinaryProtocolFactory(strictRead=True), "Thrift binary, not framed"),
        (TFramedTransport, TBinaryProtocolFactory(), "Thrift binary, framed"),
        (TBufferedTransport, TCompactProtocolFactory(), "Thrift compact, not framed"),
    ],
)
def test_a_thrift_server_is_known_by_its_answer(
    run: Run, tmp_path: Path, transport: Any, factory: Any, name: str
) -> None:
    kept = tmp_path / "probe.pcapng"
    with serving(thrift(transport, factory)) as port:
        result = run("why", f"127.0.0.1:{port}", "-w", str(kept))
    assert result.code == 0
    assert f"127.0.0.1:{port} speaks {name}" in result.out
    session = Session.open(str(kept))
    assert len(session.flows) == len(PROBES)
    assert any(m.kind == "exception" for m in session.messages)


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
        result = run("why", f"127.0.0.1:{port}")
    assert "did not say a word" in result.out


def test_nobody_listens(run: Run) -> None:
    with serving(lambda link: None) as port:
        pass
    result = run("why", f"127.0.0.1:{port}")
    assert result.code == 3
    assert "refused" in result.err


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
        ("http://x:80", None),
    ],
)
def test_targets(word: str, target: tuple[str, int] | None) -> None:
    assert parse_target(word) == target


def test_every_probe_is_a_small_length_or_none() -> None:
    for probe in PROBES:
        assert int.from_bytes(probe.data[:4], "big", signed=True) < 64
