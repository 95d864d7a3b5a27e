import pytest

from inspector.net.clients import is_server_port
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
