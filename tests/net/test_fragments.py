from itertools import pairwise

import pytest

from inspector.net.columns import Headers
from inspector.net.flows import FlowTable
from net.frames import SYN, ethernet, ipv4, ipv6, table, tcp

DATA = bytes(range(100))
SEGMENT = tcp(7, DATA)


def pieces(ident: int, *edges: int, body: bytes = SEGMENT) -> list[bytes]:
    """Fragments of `body` cut at `edges`, which are multiples of 8."""
    cuts = [0, *edges, len(body)]
    return [ethernet(ipv4(body[a:b], ident=ident, place=(b < len(body)) << 13 | a // 8)) for a, b in pairwise(cuts)]


def stream(*packets: bytes) -> bytes:
    found = FlowTable(table(list(packets)))
    return found.flows[0].buffers[0].data if found.flows else b""


@pytest.mark.parametrize("edges", [(24,), (32, 64), (8,), (8, 16, 24), (16, 96)])
def test_headers_may_span_fragments(edges: tuple[int, ...]) -> None:
    assert stream(*pieces(1, *edges)) == DATA


def test_every_fragment_has_the_ports_and_its_own_sequence_number() -> None:
    h = Headers(table(pieces(1, 40, 80)))
    assert h.sport.tolist() == [40000] * 3
    assert h.seq.tolist() == [7, 27, 67]
    assert h.length.tolist() == [20, 40, 40]
    assert h.start.tolist() == [54, 34, 34]


def test_syn_with_data_counts_its_number_once() -> None:
    assert stream(*pieces(1, 40, body=tcp(7, DATA, SYN))) == DATA


def test_fragments_of_interleaved_datagrams() -> None:
    one, two = pieces(1, 48, body=tcp(7, DATA)), pieces(2, 48, body=tcp(107, DATA))
    assert stream(one[0], two[0], two[1], one[1]) == DATA * 2


def test_an_identification_used_again() -> None:
    assert stream(*pieces(1, 48), *pieces(1, 48, body=tcp(107, DATA))) == DATA * 2


def test_a_lost_later_fragment_is_a_hole() -> None:
    found = FlowTable(table([pieces(1, 48, 80)[0], pieces(1, 48, 80)[2]]))
    assert found.flows[0].buffers[0].holes == [(28, 60)]


def test_a_lost_first_fragment_leaves_the_rest_outside_all_flows() -> None:
    found = FlowTable(table(pieces(1, 48)[1:]))
    assert found.flows == []
    assert found.row(1).summary == "IP fragment"


def test_fragments_captured_twice() -> None:
    first, second = pieces(1, 48)
    assert stream(first, first, second, second) == DATA


def test_ipv6_fragments() -> None:
    hosts = ("fe80::1", "fe80::2")
    body = tcp(7, DATA, hosts=hosts)
    heads = [b"\x06\0" + (a | (b < len(body))).to_bytes(2, "big") + b"\0\0\0\x05" for a, b in ((0, 48), (48, 120))]
    packets = [
        ethernet(ipv6(heads[0] + body[:48], 44), 0x86DD),
        ethernet(ipv6(heads[1] + body[48:], 44), 0x86DD),
    ]
    assert stream(*packets) == DATA
    assert stream(packets[1], packets[0]) == DATA


@pytest.mark.parametrize("size", [0, 8, 16])
def test_a_first_fragment_without_a_whole_header_alone(size: int) -> None:
    assert stream(ethernet(ipv4(SEGMENT[:size], place=0x2000))) == b""
