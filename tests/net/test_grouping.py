from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.net.columns import Headers
from inspector.net.grouping import Groups
from net.frames import ethernet, ipv4, ipv6, table, tcp, udp

PACKETS = st.lists(
    st.tuples(st.sampled_from(["tcp", "udp", "tcp6", "icmp"]), st.integers(1, 3), st.integers(1, 3), st.booleans()),
    max_size=40,
)


def frame(kind: str, a: int, b: int, back: bool) -> bytes:
    ports = (b, a) if back else (a, b)
    ends = (2, 1) if back else (1, 2)
    if kind == "tcp6":
        hosts = (f"fe80::{ends[0]}", f"fe80::{ends[1]}")
        return ethernet(ipv6(tcp(1, ports=ports, hosts=hosts), hosts=hosts), 0x86DD)
    hosts = (f"10.0.0.{ends[0]}", f"10.0.0.{ends[1]}")
    if kind == "tcp":
        return ethernet(ipv4(tcp(1, ports=ports, hosts=hosts), hosts=hosts))
    return ethernet(ipv4(udp(b"", ports, hosts), 17 if kind == "udp" else 1, hosts))


@settings(max_examples=60, deadline=None)
@given(PACKETS)
def test_groups_equal_those_of_a_dictionary(packets: list[tuple[str, int, int, bool]]) -> None:
    groups = Groups(Headers(table([frame(*packet) for packet in packets])))
    expected: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for row, (kind, a, b, _) in enumerate(packets):
        if kind != "icmp":
            expected[kind, a, b].append(row)
    assert len(groups) == len(expected)
    for number, rows in enumerate(expected.values(), 1):
        assert groups.rows(number).tolist() == rows
        assert (groups.flow_of[rows] == number).all()
        back = np.array([packets[row][3] for row in rows])
        assert len(set((groups.side_of[rows] == back).tolist())) == 1
    assert (groups.flow_of > 0).sum() == sum(map(len, expected.values()))


def test_first_packets_of_some_kind() -> None:
    packets = [frame("tcp", 1, 2, back) for back in (False, True, True)] + [frame("udp", 1, 2, False)]
    groups = Groups(Headers(table(packets)))
    flows, rows = groups.first_of(np.array([False, True, True, True]))
    assert (flows.tolist(), rows.tolist()) == ([1, 2], [1, 3])
