"""What a datagram holds is read by scapy, below our own leaf of its bytes."""

from pathlib import Path

from inspector.session import Session


def test_a_dns_question_is_named_below_the_payload_of_its_datagram(tmp_path: Path) -> None:
    from scapy.layers.dns import DNS, DNSQR
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    from scapy.utils import wrpcap

    path = tmp_path / "dns.pcap"
    question = Ether() / IP(dst="10.0.0.2") / UDP(sport=5000, dport=53) / DNS(qd=DNSQR(qname="example.org"))
    wrpcap(str(path), [question])
    tree = Session.open(str(path)).explain_packet(1)
    (payload,) = (field for field in tree.children if field.name == "udp.payload")
    assert [layer.name for layer in payload.children] == ["dns"]
    assert "dnsqr.qname" in {field.name for field in payload.walk()}
    assert [leaf.end for leaf in tree.leaves()][-1] == tree.end
