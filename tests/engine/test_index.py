"""Pass 1 over captures: order, numbers, times, what the user said, and how TCP cut the bytes."""

from pathlib import Path

import pytest

from inspector.capture.open import open_capture
from inspector.engine.index import cut_all, cut_bytes, first_to_end, forced_protocol, hints_for
from inspector.model.buffer import HOLE, Pieces
from inspector.model.flow import Endpoint, Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.net.flows import FlowTable
from inspector.session import bundled
from segments import resegmented
from streams import SCHEMAS, captures, check_cover, check_message, keys


def read(path: Path, decode_as: dict[str, str] | None = None) -> tuple[FlowTable, list[Message]]:
    table = open_capture(str(path)).table
    flows = FlowTable(table)
    return flows, cut_all(table, flows.flows, SCHEMAS, decode_as or {})


@pytest.mark.parametrize("path", captures(), ids=lambda p: p.name)
def test_messages_are_numbered_in_the_order_of_the_packets_they_begin_in(path: Path) -> None:
    flows, messages = read(path)
    assert [m.number for m in messages] == list(range(1, len(messages) + 1))
    assert [m.packet for m in messages] == sorted(m.packet for m in messages)
    times = open_capture(str(path)).table.times
    for m in messages:
        assert m.packet in {origin.packet for origin in m.buffer.origins(m.start, m.start + 1)} or m.kind == "hole"
        assert m.time == (times[m.packet - 1] if m.packet else 0)
    for flow in flows.flows:
        check_cover([m for m in messages if m.flow == flow.number], [buffer.size for buffer in flow.buffers])


def test_an_answer_comes_behind_what_it_answers() -> None:
    _, messages = read(bundled("captures") / "http-keepalive.pcap")
    answers = [m for m in messages if m.answers is not None]
    assert answers
    assert all(m.answers is not None and m.answers.number < m.number for m in answers)


def test_what_the_user_said_comes_first() -> None:
    path = bundled("captures") / "http-get.pcap"
    flows, _ = read(path)
    port = flows.flows[0].server.port
    for selector in ("flow 1", f"port {port}", "file"):
        _, messages = read(path, {selector: "data"})
        assert {m.protocol for m in messages} == {"data"}


def test_the_narrowest_selector_wins() -> None:
    flow = Flow(3, "tcp", Endpoint("192.0.2.1", 50000), Endpoint("192.0.2.2", 80))
    said = {"file": "data", "port 50000": "tls", "port 80": "http", "flow 3": "thrift", "flow 4": "none"}
    found = []
    while said:
        name = forced_protocol(flow, said)
        found.append(name)
        said = {selector: value for selector, value in said.items() if value not in {name, "none"}}
    assert found == ["thrift", "http", "tls", "data"]
    assert forced_protocol(flow, said) == ""
    hints = hints_for(flow)
    assert (hints.transport, hints.server_port, hints.client_port) == ("tcp", 80, 50000)


def test_bytes_from_nowhere_are_read_as_told() -> None:
    said = b"GET / HTTP/1.1\r\n\r\nGET /b HTTP/1.0\r\n\r\n"
    messages = cut_bytes(said, CLIENT, "http", SCHEMAS)
    assert [(m.number, m.summary) for m in messages] == [(1, "GET / HTTP/1.1"), (2, "GET /b HTTP/1.0")]
    assert [m.protocol for m in cut_bytes(said, SERVER, "data", SCHEMAS)] == ["data"]
    assert cut_bytes(b"", CLIENT, "http", SCHEMAS) == []
    for message in messages:
        check_message(message)


@pytest.mark.parametrize("name", ["http-get", "http-pipelining", "hms-python-client", "hms-curl-tls"])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_how_tcp_cut_the_bytes_does_not_matter(name: str, size: int, tmp_path: Path) -> None:
    path = bundled("captures") / f"{name}.pcap"
    again = tmp_path / "again.pcap"
    again.write_bytes(resegmented(path, size))
    _, before = read(path)
    _, after = read(again)
    assert keys(after) == keys(before)
    assert [m.start for m in after] == [m.start for m in before]


@pytest.mark.parametrize(
    ("fins", "rsts", "last", "first"),
    [
        ((10, 12), (0, 0), 8, CLIENT),
        ((12, 10), (0, 0), 8, SERVER),
        ((0, 10), (0, 0), 8, SERVER),
        ((10, 0), (0, 0), 8, CLIENT),
        ((0, 0), (0, 0), 8, CLIENT),
        ((10, 20), (0, 0), 15, SERVER),
        ((10, 20), (16, 0), 15, CLIENT),
        ((0, 12), (11, 0), 8, CLIENT),
        ((10, 0), (0, 0), 15, SERVER),
    ],
    ids=[
        "client closes", "server closes", "server alone", "client alone", "nobody",
        "client was done speaking", "client was gone", "client resets", "server goes on",
    ],
)  # fmt: skip
def test_who_ended_a_connection(fins: tuple[int, int], rsts: tuple[int, int], last: int, first: int) -> None:
    flow = Flow(1, "tcp", Endpoint("192.0.2.1", 50000), Endpoint("192.0.2.2", 80))
    flow.fin_packets, flow.rst_packets = fins, rsts
    client, server = Pieces(), Pieces()
    client.add(4, 0, 10)
    server.add(last, 0, 10)
    server.add(HOLE, 0, 5)
    assert first_to_end(flow, client, server) == first
