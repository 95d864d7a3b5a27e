"""Two hosts on a cable: network namespaces with a pair of virtual Ethernet interfaces, each end captured."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.capture.open import open_capture
from inspector.session import Session
from live.traffic import INSPECTOR, begin, wait_until

pytestmark = pytest.mark.live

SERVER, CLIENT = "10.88.0.1", "10.88.0.2"
SERVER6, CLIENT6 = "fd88::1", "fd88::2"
PORT = 8080
BODY = 300_000
"""Bytes of an answer: many segments, larger ones than the cable carries where the kernel puts off cutting them."""


class Hosts:
    """Namespaces `server` and `client`; the cable's ends are called `cable` in both."""

    def __init__(self) -> None:
        mark = os.getpid() % 100_000
        self.server, self.client = f"server{mark}", f"client{mark}"
        for name in (self.server, self.client):
            ip("netns", "add", name)
        ip("link", "add", "cable", "netns", self.server, "type", "veth", "peer", "name", "cable", "netns", self.client)
        for name, addresses in ((self.server, (SERVER, SERVER6)), (self.client, (CLIENT, CLIENT6))):
            ip("-n", name, "address", "add", f"{addresses[0]}/24", "dev", "cable")
            ip("-n", name, "address", "add", f"{addresses[1]}/64", "dev", "cable", "nodad")
            ip("-n", name, "link", "set", "cable", "up")
            ip("-n", name, "link", "set", "lo", "up")

    def on(self, host: str) -> tuple[str, ...]:
        """What runs a command there."""
        return ("ip", "netns", "exec", host)

    def ask(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """curl on the client's host."""
        command = [*self.on(self.client), "curl", "-s", "-g", "-o", os.devnull, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def close(self) -> None:
        for name in (self.server, self.client):
            ip("netns", "delete", name)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    made = Hosts()
    folder = tmp_path_factory.mktemp("pages")
    (folder / "large").write_bytes(os.urandom(BODY))
    command = [*made.on(made.server), sys.executable, "-m", "http.server", "--bind", "::", str(PORT)]
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: made.ask(f"http://{SERVER}:{PORT}/").returncode == 0)
        yield made
    finally:
        server.terminate()
        server.wait()
        made.close()


def finish(running: "subprocess.Popen[str]") -> str:
    time.sleep(0.5)
    running.send_signal(2)
    out, said = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert ", 0 dropped by the kernel" in said
    return out


@pytest.mark.parametrize("end", ["server", "client"])
@pytest.mark.parametrize("address", [SERVER, f"[{SERVER6}]"])
def test_what_passes_between_two_hosts_is_seen_on_both(hosts: Hosts, tmp_path: Path, end: str, address: str) -> None:
    path = tmp_path / "out.pcapng"
    words = ["-i", "cable", "-f", f"tcp port {PORT}", "-w", str(path)]
    with begin(*words, prefix=hosts.on(getattr(hosts, end))) as running:
        assert hosts.ask(f"http://{address}:{PORT}/large").returncode == 0
        out = finish(running)
    assert "GET /large HTTP/1.1" in out
    session = Session.open(str(path))
    assert session.issues == []
    (flow,) = session.flows
    assert (flow.client.address, flow.server.address) == ((CLIENT6, SERVER6) if "[" in address else (CLIENT, SERVER))
    answer = session.messages[1]
    assert answer.facts["http.response.code"] == 200
    assert flow.buffers[1].size > BODY
    assert flow.buffers[1].holes == []


def test_the_processes_of_each_host_are_those_that_are_named(hosts: Hosts, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    words = ["-i", "any", "-f", f"tcp port {PORT}", "-w", str(path)]
    with begin(*words, prefix=hosts.on(hosts.server)) as running:
        hosts.ask(f"http://{SERVER}:{PORT}/")
        finish(running)
    comments = [text for texts in open_capture(str(path)).comments.values() for text in texts]
    assert len(comments) == 1
    assert "server python" in comments[0]
    assert "curl" not in comments[0]


def test_a_port_where_nobody_listens_is_explained(hosts: Hosts, tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    command = [*hosts.on(hosts.client), *INSPECTOR, "capture", "-i", "cable", "-f", "tcp port 9", "-w", str(path)]
    done = subprocess.run(
        [*command, "--", "curl", "-s", f"http://{SERVER}:9/"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "refused" in done.stdout


def test_interfaces_are_those_of_the_namespace(hosts: Hosts) -> None:
    done = subprocess.run(
        [*hosts.on(hosts.client), *INSPECTOR, "ifaces"], capture_output=True, text=True, timeout=60, check=True
    )
    row = next(line for line in done.stdout.splitlines() if line.startswith("cable"))
    assert CLIENT in row
    assert CLIENT6 in row
    assert "up" in row
