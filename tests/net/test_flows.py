from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.model.buffer import Buffer
from inspector.net.flows import FlowTable
from net.frames import (
    ACK,
    CLIENT,
    FIN,
    PSH,
    RST,
    SERVER,
    SYN,
    ethernet,
    ipv4,
    ipv6,
    segments,
    table,
    tcp,
    udp,
)  # fmt: skip

BACK = (SERVER, CLIENT)


def client(seq: int, payload: bytes = b"", flags: int = ACK, ack: int = 0, port: int = 40000, ident: int = 0) -> bytes:
    return ethernet(ipv4(tcp(seq, payload, flags, ack, (port, 80)), ident=ident))


def server(seq: int, payload: bytes = b"", flags: int = ACK, ack: int = 0, port: int = 40000, window: int = 9) -> bytes:
    return ethernet(ipv4(tcp(seq, payload, flags, ack, (80, port), hosts=BACK, window=window), hosts=BACK, ident=0))


def handshake(isn: int = 100, peer: int = 500, port: int = 40000) -> list[bytes]:
    return [
        client(isn, flags=SYN, port=port),
        server(peer, flags=SYN | ACK, ack=isn + 1, port=port),
        client(isn + 1, ack=peer + 1, port=port),
    ]


def flows(*packets: bytes) -> FlowTable:
    return FlowTable(table(list(packets)))


def contents(found: FlowTable, flow: int) -> tuple[bytes, bytes]:
    client_buffer, server_buffer = found.flow(flow).buffers
    return client_buffer.data, server_buffer.data


def kinds(found: FlowTable, flow: int = 1) -> list[tuple[str, int, int]]:
    return [(note.kind, note.side, note.packet) for note in found.notes(flow)]


def check_origins(found: FlowTable, buffer: Buffer) -> None:
    """Every byte equals the packet byte that it names, or lies in a hole."""
    data, holes = buffer.data, buffer.holes
    for i in range(len(data)):
        origins = buffer.origins(i, i + 1)
        if any(start <= i < end for start, end in holes):
            assert not origins
            continue
        (origin,) = origins
        assert origin.exact
        assert origin.end == origin.start + 1
        assert found.table.data(origin.packet)[origin.start] == data[i]


def test_a_whole_connection() -> None:
    found = flows(
        *handshake(),
        client(101, b"GET", PSH | ACK, 501),
        server(501, b"HTTP", PSH | ACK, 104),
        server(505, b"", FIN | ACK, 104),
        client(104, b"", FIN | ACK, 506),
        server(506, b"", ACK, 105),
    )
    (flow,) = found.flows
    assert (flow.number, flow.transport, str(flow.client), str(flow.server)) == (
        1,
        "tcp",
        "10.0.0.1:40000",
        "10.0.0.2:80",
    )
    assert flow.client_known_by == "The client sent the SYN."
    assert (flow.first_packet, flow.last_packet, flow.packet_count) == (1, 8, 8)
    assert (flow.syn_packet, flow.synack_packet, flow.fin_packets, flow.rst_packets) == (1, 2, (7, 6), (0, 0))
    assert flow.ends == ("fin", "fin")
    assert not flow.refused
    assert [buffer.name for buffer in flow.buffers] == ["flow 1 client", "flow 1 server"]
    assert contents(found, 1) == (b"GET", b"HTTP")
    assert found.side_of.tolist() == [0, 1, 0, 0, 1, 1, 0, 1]
    assert found.packets(1) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert found.notes(1) == []
    for buffer in flow.buffers:
        check_origins(found, buffer)


def test_no_packets_and_no_flows() -> None:
    assert FlowTable(table([])).flows == []
    found = flows(ethernet(bytes(28), 0x0806), b"")
    assert found.flows == []
    assert found.flow_of.tolist() == [0, 0]
    for number in (0, 1):
        with pytest.raises(IndexError):
            found.flow(number)


def test_flows_are_numbered_by_their_first_packets() -> None:
    found = flows(
        client(1, b"a", port=50000),
        ethernet(ipv4(udp(b"q"), proto=17)),
        client(1, b"b", port=40000),
        ethernet(ipv6(tcp(1, b"c", hosts=("fe80::1", "fe80::2")), hosts=("fe80::1", "fe80::2")), 0x86DD),
        client(2, b"d", port=50000),
    )
    assert found.flow_of.tolist() == [1, 2, 3, 4, 1]
    assert [flow.transport for flow in found.flows] == ["tcp", "udp", "tcp", "tcp"]
    assert str(found.flow(4).client) == "[fe80::1]:40000"
    assert [contents(found, n)[0] for n in (1, 2, 3, 4)] == [b"ad", b"q", b"b", b"c"]


def test_same_ports_and_addresses_over_tcp_and_udp_are_two_flows() -> None:
    found = flows(client(1, b"t"), ethernet(ipv4(udp(b"u", (40000, 80)), proto=17)))
    assert len(found.flows) == 2


def test_contents_are_made_again_after_release() -> None:
    found = flows(*handshake(), client(101, b"GET", ack=501))
    buffer = found.flow(1).buffers[0]
    first = buffer.data
    buffer.release()
    assert buffer.data == first == b"GET"
    assert buffer.read(1, 3) == b"ET"


# who is the client


def test_client_known_by_the_synack() -> None:
    found = flows(*handshake()[1:], client(101, b"GET", ack=501))
    assert str(found.flow(1).client) == "10.0.0.1:40000"
    assert found.flow(1).client_known_by.startswith("The server answered with SYN+ACK")
    assert contents(found, 1) == (b"GET", b"")


def test_client_known_by_the_server_port() -> None:
    found = flows(server(1, b"late"), client(1, b"x"))
    assert str(found.flow(1).client) == "10.0.0.1:40000"
    assert "Port 80" in found.flow(1).client_known_by
    assert found.side_of.tolist() == [1, 0]


# where streams begin and end


def test_lost_synack_and_lost_first_bytes_leave_a_hole() -> None:
    found = flows(client(100, flags=SYN), client(101, ack=501), server(505, b"TTP", ack=101))
    assert contents(found, 1)[1] == bytes(4) + b"TTP"
    assert found.flow(1).buffers[1].holes == [(0, 4)]


def test_joined_in_the_middle_with_early_segments_swapped() -> None:
    found = flows(client(200, b"cd"), client(198, b"ab"), client(202, b"ef"))
    assert contents(found, 1)[0] == b"abcdef"
    assert kinds(found) == [("out-of-order", 0, 2)]


def test_joined_in_the_middle_at_a_keep_alive() -> None:
    found = flows(client(199), client(200, b"ab"))
    assert contents(found, 1)[0] == b"ab"


def test_only_one_direction_was_captured() -> None:
    found = flows(client(100, flags=SYN), client(101, b"GET", ack=501), client(104, ack=600), client(104, ack=700))
    assert contents(found, 1) == (b"GET", bytes(199))
    assert found.flow(1).buffers[1].holes == [(0, 199)]


def test_acknowledged_but_never_captured_at_the_end() -> None:
    found = flows(*handshake(), client(101, b"GET", ack=501), server(501, ack=110))
    assert found.flow(1).buffers[0].holes == [(3, 9)]
    assert kinds(found) == [("hole", 0, 4)]


def test_refused_connection() -> None:
    found = flows(client(100, flags=SYN), server(0, flags=RST | ACK, ack=101))
    flow = found.flow(1)
    assert flow.refused
    assert flow.ends == ("", "rst")
    assert contents(found, 1) == (b"", b"")


def test_data_after_a_reset_is_kept() -> None:
    found = flows(*handshake(), client(101, flags=RST), server(501, b"late", ack=101))
    assert contents(found, 1)[1] == b"late"
    assert found.flow(1).ends == ("rst", "")


def test_zero_window() -> None:
    found = flows(*handshake(), server(501, ack=101, window=0))
    assert kinds(found) == [("zero-window", 1, 4)]


def test_urgent_bytes_stay_in_the_stream() -> None:
    found = flows(client(1, b"ab", flags=ACK | 32), client(3, b"cd"))
    assert contents(found, 1)[0] == b"abcd"


def test_loopback_duplicates() -> None:
    packets = [
        client(1, b"ab", ident=7),
        client(1, b"ab", ident=7),
        client(3, b"cd", ident=8),
        client(3, b"cd", ident=8),
    ]
    found = flows(*packets)
    assert contents(found, 1)[0] == b"abcd"
    assert kinds(found) == [("duplicate", 0, 2), ("duplicate", 0, 4)]


def test_snapped_segments_are_holes() -> None:
    frame = client(1, b"abcdef")
    found = FlowTable(table([frame[:-4], client(7, b"gh")], lengths=[len(frame), 56]))
    buffer = found.flow(1).buffers[0]
    assert (buffer.data, buffer.holes) == (b"ab" + bytes(4) + b"gh", [(2, 6)])
    check_origins(found, buffer)


# fragments


def test_tcp_fragments_in_any_order() -> None:
    segment = tcp(1, b"The quick brown fox jumps over the lazy dog", PSH | ACK | FIN)
    parts = [(0, segment[:24], 1), (24, segment[24:40], 1), (40, segment[40:], 0)]
    frames = [ethernet(ipv4(data, ident=9, place=more << 13 | at // 8)) for at, data, more in parts]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)):
        found = flows(*(frames[i] for i in order))
        buffer = found.flow(1).buffers[0]
        assert buffer.data == b"The quick brown fox jumps over the lazy dog"
        assert found.flow(1).ends == ("fin", "")
        assert found.flow_of.tolist() == [1, 1, 1]
        check_origins(found, buffer)


# rows


def test_rows() -> None:
    found = flows(
        *handshake(),
        client(101, b"GET", PSH | ACK, 501),
        ethernet(ipv4(udp(b"query"), 17)),
        ethernet(bytes(28), 0x0806),
        ethernet(ipv4(bytes(8), 1)),
    )
    rows = [found.row(n) for n in range(1, 8)]
    assert [row.summary for row in rows[:5]] == [
        "SYN seq=0 win=1000",
        "SYN ACK seq=0 ack=1 win=9",
        "ACK seq=1 ack=1",
        "PSH ACK seq=1 ack=1 3 bytes",
        "5 bytes",
    ]
    assert [row.protocol for row in rows] == ["tcp", "tcp", "tcp", "tcp", "udp", "arp", "icmp"]
    assert [(row.flow, row.side) for row in rows] == [(1, 0), (1, 1), (1, 0), (1, 0), (2, 0), (0, 0), (0, 0)]
    assert (rows[1].source, rows[1].destination, rows[1].length) == ("10.0.0.2:80", "10.0.0.1:40000", 54)
    assert [row.layers for row in rows[3:]] == [
        ["eth", "ip", "tcp"], ["eth", "ip", "udp"], ["eth", "arp"], ["eth", "ip", "icmp"],
    ]  # fmt: skip


def test_rows_count_from_the_first_number_when_the_start_is_missing() -> None:
    found = flows(client(1000, b"ab", ack=7000), client(1002, b"c", ack=7010), server(7010, b"x", ack=1003))
    assert [found.row(n).summary for n in (1, 2)] == ["ACK seq=0 ack=4294967286 2 bytes", "ACK seq=2 ack=0 1 bytes"]


# the same bytes, whatever the network does


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=1, max_size=120),
    st.lists(st.tuples(st.integers(0, 119), st.integers(1, 40)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
    st.booleans(),
    st.integers(0xFFFFFF80, 0x1_0000_0040),
)
def test_origins_are_true(data: bytes, cuts: list[tuple[int, int]], rng: Random, syn: bool, isn: int) -> None:
    parts = [(start % len(data) + 1, data[start % len(data) : start % len(data) + size]) for start, size in cuts]
    rng.shuffle(parts)
    opening = segments((0, b"", SYN), isn=isn) if syn else []
    found = flows(*opening, *segments(*parts, isn=isn))
    buffer = found.flow(1).buffers[0]
    check_origins(found, buffer)
    first = 0 if syn else min(at for at, _ in parts) - 1
    last = max(at + len(payload) for at, payload in parts) - 1
    held = {i for at, payload in parts for i in range(at - 1, at - 1 + len(payload))}
    expected = bytes(data[i] if i in held else 0 for i in range(first, last))
    assert buffer.data == expected


def test_nothing_escapes_on_mutated_packets() -> None:
    rng = Random(3)
    seeds = [
        *handshake(),
        client(101, b"GET / HTTP/1.1", PSH | ACK, 501),
        server(501, b"HTTP/1.1 200", FIN | ACK, 115),
        ethernet(ipv4(udp(b"query"), 17)),
        ethernet(ipv4(udp(b"query" * 9)[:24], 17, place=0x2000)),
        ethernet(ipv6(tcp(1, b"six", hosts=("fe80::1", "fe80::2"))), 0x86DD),
    ]
    loaded = 0
    for _ in range(20):
        packets = []
        for _ in range(150):
            data = bytearray(rng.choice(seeds))
            for _ in range(rng.randrange(3)):
                data[rng.randrange(14, len(data))] = rng.randrange(256)
            packets.append(bytes(data[: rng.randrange(20, len(data) + 1)] if rng.random() < 0.2 else data))
        lengths = [len(p) + rng.choice([0, 0, 0, 5, 3000, 1 << 31]) for p in packets]
        found = FlowTable(table(packets, lengths=lengths))
        for number in range(1, len(packets) + 1):
            found.row(number)
        for flow in found.flows:
            found.notes(flow.number)
            for buffer in flow.buffers:
                assert sum(end - start for start, end in buffer.holes) <= buffer.size < 1 << 28
                loaded += len(buffer.read(0, min(buffer.size, 4096)))
    assert loaded
