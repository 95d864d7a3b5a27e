from inspector.model.flow import Flow
from inspector.net.flows import FlowTable
from net.frames import ACK, CLIENT, FIN, RST, SERVER, SYN, ethernet, ipv4, table, tcp, udp


def named(*steps: tuple[str, int]) -> Flow:
    """The flow of segments (sender, flags) between 10.0.0.1:40000 ("c") and 10.0.0.2:80 ("s")."""
    packets = []
    for sender, flags in steps:
        hosts = (CLIENT, SERVER) if sender == "c" else (SERVER, CLIENT)
        ports = (40000, 80) if sender == "c" else (80, 40000)
        packets.append(ethernet(ipv4(tcp(1, b"", flags, ports=ports, hosts=hosts), hosts=hosts)))
    (flow,) = FlowTable(table(packets)).flows
    return flow


def test_the_sender_of_the_syn_is_the_client_whatever_the_ports() -> None:
    flow = named(("s", SYN), ("c", SYN | ACK), ("s", ACK))
    assert (str(flow.client), flow.syn_packet, flow.synack_packet) == ("10.0.0.2:80", 1, 2)
    assert flow.client_known_by == "The client sent the SYN."


def test_the_receiver_of_the_synack_is_the_client() -> None:
    flow = named(("c", SYN | ACK), ("s", ACK))
    assert (str(flow.client), flow.syn_packet, flow.synack_packet) == ("10.0.0.2:80", 0, 1)
    assert "SYN itself was not captured" in flow.client_known_by


def test_endings() -> None:
    assert named(("c", ACK), ("s", ACK)).ends == ("", "")
    assert named(("c", FIN | ACK), ("s", RST)).ends == ("fin", "rst")
    flow = named(("c", FIN | ACK), ("c", FIN | ACK), ("c", RST), ("s", FIN | ACK))
    assert (flow.fin_packets, flow.rst_packets, flow.ends) == ((1, 4), (3, 0), ("rst", "fin"))


def test_refused() -> None:
    assert named(("c", SYN), ("s", RST | ACK)).refused
    assert not named(("c", SYN), ("s", SYN | ACK), ("s", RST)).refused
    assert not named(("c", SYN), ("c", RST)).refused


def test_flows_share_endpoints() -> None:
    packets = [ethernet(ipv4(udp(b"", (port, 53)), 17)) for port in (40000, 40001)]
    one, two = FlowTable(table(packets)).flows
    assert one.server is two.server
    assert (one.client.port, two.client.port) == (40000, 40001)
