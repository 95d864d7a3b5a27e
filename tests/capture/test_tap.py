"""The relay: bytes untouched, both ends see what the other did, and the capture of it is a true one."""

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspector.capture.live.errors import CaptureFailedError
from inspector.capture.live.recording import Recording, relay
from inspector.capture.live.segments import ACK, SYN, Conversation, checksum
from inspector.capture.live.tap import parse_end
from inspector.capture.pcapng import read_pcapng
from inspector.model.errors import UsageError
from inspector.session import Session

BULK = os.urandom(3_000_000)


class Tapped:
    """A relay before a server that runs in a thread; `path` is what it writes."""

    def __init__(self, folder: Path, serve: Callable[[socket.socket], None], family: int = socket.AF_INET) -> None:
        self.server = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.thread = threading.Thread(target=self._serve, args=(serve,), daemon=True)
        self.thread.start()
        host, port = self.server.getsockname()[:2]
        self.path = folder / "tap.pcapng"
        with self.path.open("wb") as out:
            self.recording: Recording = relay("0", f"[{host}]:{port}" if ":" in host else f"{host}:{port}", out)
        self.port = int(self.recording.status.started.rpartition(":")[2])

    def _serve(self, serve: Callable[[socket.socket], None]) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with closing(connection):
                serve(connection)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def stop(self) -> Session:
        time.sleep(0.3)
        self.recording.stop()
        self.server.close()
        return Session.open(str(self.path))


def read_all(s: socket.socket) -> bytes:
    parts = []
    while part := s.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def echo_at_end(s: socket.socket) -> None:
    """Answers only when the client has said that it is done."""
    s.sendall(read_all(s))


@pytest.fixture
def tapped(tmp_path: Path) -> Iterator[Callable[..., Tapped]]:
    made: list[Tapped] = []

    def make(serve: Callable[[socket.socket], None], family: int = socket.AF_INET) -> Tapped:
        made.append(Tapped(tmp_path, serve, family))
        return made[-1]

    yield make
    for each in made:
        each.recording.stop()
        each.server.close()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_bytes_pass_untouched_and_a_half_close_stays_one(tapped: Callable[..., Tapped], family: int) -> None:
    tap = tapped(echo_at_end, family)
    with tap.connect() as client:
        client.sendall(BULK)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == BULK
    session = tap.stop()
    assert session.issues == []
    (flow,) = session.flows
    assert [buffer.data for buffer in flow.buffers] == [BULK, BULK]
    assert flow.ends == ("fin", "fin")
    assert [note.kind for note in session.notes(1)] == []


def test_a_reset_by_the_server_reaches_the_client(tapped: Callable[..., Tapped]) -> None:
    def reset(s: socket.socket) -> None:
        s.recv(10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    tap = tapped(reset)
    with tap.connect() as client:
        client.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    assert tap.stop().flows[0].ends == ("", "rst")


def test_a_reset_by_the_client_reaches_the_server(tapped: Callable[..., Tapped]) -> None:
    seen: list[str] = []
    done = threading.Event()

    def listen(s: socket.socket) -> None:
        try:
            read_all(s)
            seen.append("fin")
        except ConnectionResetError:
            seen.append("rst")
        done.set()

    tap = tapped(listen)
    client = tap.connect()
    client.sendall(b"hello")
    time.sleep(0.3)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert done.wait(10)
    assert seen == ["rst"]
    assert tap.stop().flows[0].ends == ("rst", "")


def test_a_server_that_does_not_read_stops_the_client(tapped: Callable[..., Tapped]) -> None:
    over = threading.Event()

    def idle(_: socket.socket) -> None:
        over.wait(20)

    tap = tapped(idle)
    with tap.connect() as client:
        client.setblocking(False)
        sent, deadline = 0, time.monotonic() + 2
        while time.monotonic() < deadline:
            try:
                sent += client.send(bytes(1 << 16))
            except BlockingIOError:
                time.sleep(0.05)
    over.set()
    # the buffers of four sockets (at most 6 MiB each on Linux), and little of the relay's own
    assert sent < 32 << 20


def test_a_target_that_refuses_is_a_connection_refused(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    path = tmp_path / "tap.pcapng"
    with path.open("wb") as out:
        recording = relay("0", str(port), out)
    there = ("127.0.0.1", int(recording.status.started.rpartition(":")[2]))
    with socket.create_connection(there, timeout=10) as s, pytest.raises(ConnectionResetError):
        s.recv(1)
    time.sleep(0.3)
    recording.stop()
    session = Session.open(str(path))
    assert session.flows[0].refused
    assert session.flows[0].server.port == port


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    busy = socket.create_server(("127.0.0.1", 0))
    taken = pytest.raises(CaptureFailedError, match="EADDRINUSE")
    with busy, (tmp_path / "x").open("wb") as out, taken:
        relay(str(busy.getsockname()[1]), "1", out)


@pytest.mark.parametrize(
    ("text", "end"),
    [("80", ("127.0.0.1", 80)), (":80", ("127.0.0.1", 80)), ("db:5432", ("db", 5432)), ("[::1]:0", ("::1", 0))],
)
def test_ends_are_written_as_people_do(text: str, end: tuple[str, int]) -> None:
    assert parse_end(text) == end


@pytest.mark.parametrize("text", ["", "http", "1:2:x", "99999", "-1"])
def test_other_ends_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        parse_end(text)


@pytest.mark.parametrize("ends", [(("10.0.0.1", 5), ("10.0.0.2", 6)), (("127.0.0.1", 5), ("::1", 6))])
def test_checksums_are_right(ends: tuple[tuple[str, int], tuple[str, int]]) -> None:
    from inspector.capture.blocks import interface_block, section_block

    talk = Conversation(*ends)
    blocks = talk.segment(0, SYN, 1) + talk.segment(1, SYN | ACK, 2) + talk.segment(0, ACK, 3, b"odd")
    table = read_pcapng("x", section_block([]) + interface_block(101, 0) + blocks).table
    for number in (1, 2, 3):
        packet = table.data(number)
        if packet[0] >> 4 == 4:
            assert checksum(packet[:20]) % 0xFFFF == 0
            pseudo, tcp = packet[12:20], packet[20:]
        else:
            pseudo, tcp = packet[8:40], packet[40:]
        assert checksum(pseudo + struct.pack(">IHH", len(tcp), 0, 6) + tcp) % 0xFFFF == 0


def test_many_connections_at_once_are_kept_apart(tapped: Callable[..., Tapped]) -> None:
    """Each client gets its own bytes back, and its own flow."""
    tap = tapped(lambda s: None)
    tap.server.close()
    server = socket.create_server(("127.0.0.1", 0), backlog=256)
    count = 120

    def serve_one(connection: socket.socket) -> None:
        with connection:
            echo_at_end(connection)

    def serve_all() -> None:
        with server:
            for _ in range(count):
                threading.Thread(target=serve_one, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=serve_all, daemon=True).start()
    path = tap.path.with_name("many.pcapng")
    with path.open("wb") as out:
        recording = relay("0", str(server.getsockname()[1]), out)
        port = int(recording.status.started.rpartition(":")[2])
        clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
        for number, client in enumerate(clients):
            client.sendall(f"hello {number}".encode())
            client.shutdown(socket.SHUT_WR)
        answers = [read_all(client) for client in clients]
        for client in clients:
            client.close()
        time.sleep(0.3)
        recording.stop()
    assert answers == [f"hello {number}".encode() for number in range(count)]
    session = Session.open(str(path))
    assert session.issues == []
    flows = [tuple(buffer.data for buffer in flow.buffers) for flow in session.flows]
    assert sorted(flows) == sorted((answer, answer) for answer in answers)
    assert all(flow.ends == ("fin", "fin") for flow in session.flows)


@pytest.mark.tshark
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_tshark_finds_nothing_to_remark(tapped: Callable[..., Tapped], family: int) -> None:
    tap = tapped(echo_at_end, family)
    for _ in range(3):
        with tap.connect() as client:
            client.sendall(BULK)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client) == BULK
    tap.stop()
    checks = [word for layer in ("tcp", "ip") for word in ("-o", f"{layer}.check_checksum:TRUE")]
    command = ["tshark", "-r", str(tap.path), *checks, "-q", "-z", "expert,warn"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stderr.replace('Running as user "root" and group "root". This could be dangerous.\n', "") == ""
    for kind in ("Errors", "Warns"):
        assert kind not in seen.stdout, seen.stdout


def test_a_target_that_nobody_knows_is_told(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as out, pytest.raises(UsageError, match=r"nobody\.invalid: "):
        relay("0", "nobody.invalid:80", out)


def test_when_the_relay_s_starter_is_gone_it_ends(tapped: Callable[..., Tapped]) -> None:
    tap = tapped(echo_at_end)
    process = tap.recording.process
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0
