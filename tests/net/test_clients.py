import pytest

from inspector.model.sides import CLIENT, SERVER
from inspector.net.clients import JUDGED, is_server_port
from inspector.net.flows import FlowTable
from net.frames import ethernet, ipv4, table, tcp, udp

CASES = [
    ((40000, 9083), "10.0.0.1", "Port 9083 is known as a server's"),
    ((9083, 40000), "10.0.0.2", "Port 9083 is known as a server's"),
    ((50000, 12000), "10.0.0.1", "Port 50000 is one that hosts pick for clients"),
    ((12000, 50000), "10.0.0.2", "Port 50000 is one that hosts pick for clients"),
    ((50000, 50001), "10.0.0.1", "It sent the first packet seen"),
    ((80, 443), "10.0.0.1", "It sent the first packet seen"),
]


@pytest.mark.parametrize(("ports", "client", "why"), CASES)
def test_the_client_of_a_connection_joined_in_the_middle(ports: tuple[int, int], client: str, why: str) -> None:
    for packet, unseen in (
        (ethernet(ipv4(tcp(1, b"x", ports=ports))), "the start of the connection was not captured"),
        (ethernet(ipv4(udp(b"x", ports), 17)), "UDP has no handshake"),
    ):
        (flow,) = FlowTable(table([packet])).flows
        assert flow.client.address == client
        assert flow.client_known_by.startswith(why)
        assert unseen in flow.client_known_by
        assert flow.client_known_by.endswith(".")


def test_server_ports() -> None:
    assert [is_server_port(port) for port in (0, 22, 1023, 1024, 9083, 40000)] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]


def judge(prefix: bytes) -> tuple[int, str]:
    """Knows a protocol whose clients ask and whose servers answer; either may say "hello"."""
    side = CLIENT if prefix.startswith(b"ask") else SERVER if prefix.startswith(b"answer") else -1
    return side, "talk" if side >= 0 else ""


@pytest.mark.parametrize(
    ("ports", "said", "client", "why"),
    [
        ((50000, 50001), [b"answer"], "10.0.0.2", "Packet 1 holds what only the server sends in talk"),
        (
            (50000, 50001),
            [b"", b"hello", b"?", b"ask"],
            "10.0.0.1",
            "Packet 4 holds what only the client sends",
        ),
        ((50000, 12000), [b"answer"], "10.0.0.2", "Packet 1 holds what only the server sends in talk"),
        ((40000, 9083), [b"answer"], "10.0.0.1", "Port 9083 is known as a server's"),
        ((50000, 50001), [b"hello"], "10.0.0.1", "It sent the first packet seen"),
        ((50000, 50001), [b"x"] * JUDGED + [b"answer"], "10.0.0.1", "It sent the first packet seen"),
    ],
    ids=["answer", "ask", "against the ports", "known port", "both", "too late"],
)
def test_what_was_sent_tells_who_the_client_is(
    ports: tuple[int, int], said: list[bytes], client: str, why: str
) -> None:
    packets = [ethernet(ipv4(tcp(1 + 10 * index, data, ports=ports))) for index, data in enumerate(said)]
    (flow,) = FlowTable(table(packets), judge=judge).flows
    assert flow.client.address == client
    assert flow.client_known_by.startswith(why)
    assert "the start of the connection was not captured" in flow.client_known_by
