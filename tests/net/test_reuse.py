import pytest

from inspector.net.flows import FlowTable
from net.frames import ACK, CLIENT, FIN, RST, SERVER, SYN, ethernet, ipv4, table, tcp

Step = tuple[str, int, int, int, bytes]


def play(*steps: Step) -> FlowTable:
    """(sender, flags, sequence number, ACK number, payload) on one pair of addresses and ports."""
    packets = []
    for sender, flags, seq, ack, payload in steps:
        hosts = (CLIENT, SERVER) if sender == "c" else (SERVER, CLIENT)
        ports = (40000, 80) if sender == "c" else (80, 40000)
        packets.append(ethernet(ipv4(tcp(seq, payload, flags, ack, ports, hosts=hosts), hosts=hosts)))
    return FlowTable(table(packets))


OPEN: list[Step] = [
    ("c", SYN, 100, 0, b""),
    ("s", SYN | ACK, 500, 101, b""),
    ("c", ACK, 101, 501, b"one"),
    ("s", ACK, 501, 104, b"ONE"),
]
AGAIN: list[Step] = [
    ("c", SYN, 70_000, 0, b""),
    ("s", SYN | ACK, 90_000, 70_001, b""),
    ("c", ACK, 70_001, 90_001, b"two"),
]


def contents(found: FlowTable) -> list[tuple[bytes, bytes]]:
    return [(flow.buffers[0].data, flow.buffers[1].data) for flow in found.flows]


@pytest.mark.parametrize("ending", [[], [("c", FIN | ACK, 104, 504, b"")], [("s", RST, 504, 0, b"")]])
def test_a_syn_with_another_number_is_another_flow(ending: list[Step]) -> None:
    found = play(*OPEN, *ending, *AGAIN)
    assert contents(found) == [(b"one", b"ONE"), (b"two", b"")]
    assert found.flow_of.tolist() == [1] * (4 + len(ending)) + [2] * 3
    assert found.flows[1].syn_packet == 5 + len(ending)


def test_a_repeated_syn_is_the_same_flow() -> None:
    assert contents(play(OPEN[0], OPEN[0], *OPEN[1:], OPEN[1])) == [(b"one", b"ONE")]


def test_the_server_opens_the_next_connection() -> None:
    found = play(
        *OPEN, ("s", SYN, 70_000, 0, b""), ("c", SYN | ACK, 90_000, 70_001, b""), ("s", ACK, 70_001, 90_001, b"x")
    )
    assert [str(flow.client) for flow in found.flows] == ["10.0.0.1:40000", "10.0.0.2:80"]
    assert contents(found)[1] == (b"x", b"")


def test_simultaneous_open_is_one_flow() -> None:
    found = play(
        ("c", SYN, 100, 0, b""),
        ("s", SYN, 500, 0, b""),
        ("c", SYN | ACK, 100, 501, b""),
        ("s", SYN | ACK, 500, 101, b""),
    )
    assert len(found.flows) == 1


def test_a_syn_captured_after_the_bytes_that_follow_it() -> None:
    found = play(("c", ACK, 101, 501, b"one"), ("c", SYN, 100, 0, b""), ("s", SYN | ACK, 500, 101, b""))
    assert contents(found) == [(b"one", b"")]
    assert found.flows[0].syn_packet == 2


def test_a_new_connection_after_one_joined_in_the_middle() -> None:
    found = play(("c", ACK, 5_000_000, 9, b"old"), ("s", ACK, 9, 5_000_003, b""), *OPEN)
    assert contents(found) == [(b"old", b""), (b"one", b"ONE")]


def test_a_new_synack_whose_syn_was_not_captured() -> None:
    found = play(*OPEN, *AGAIN[1:])
    assert contents(found) == [(b"one", b"ONE"), (b"two", b"")]


def test_another_synack_to_the_same_syn_is_the_same_attempt() -> None:
    found = play(OPEN[0], ("s", SYN | ACK, 7, 101, b""), *OPEN[1:])
    assert len(found.flows) == 1


def test_an_old_connection_answers_the_syn() -> None:
    found = play(OPEN[0], ("s", ACK, 3_000_000_000, 77, b""), ("c", RST, 77, 0, b""), *OPEN)
    assert len(found.flows) == 1
    assert contents(found) == [(b"one", b"ONE")]


def test_bytes_after_a_simultaneous_open() -> None:
    found = play(
        ("c", SYN, 100, 0, b""),
        ("s", SYN, 500, 0, b""),
        ("c", SYN | ACK, 100, 501, b""),
        ("s", SYN | ACK, 500, 101, b""),
        ("s", ACK, 503, 101, b"cd"),
        ("c", ACK, 101, 501, b"xy"),
    )
    assert contents(found) == [(b"xy", b"\0\0cd")]
