"""Where values come from: columns, facts, headers, and a tree only when nothing else has the name."""

import pytest

from inspector.export.levels import Level, level_named
from inspector.export.lookup import COLUMNS, Lookup
from inspector.export.names import compile_for, guide_records
from inspector.model.errors import UsageError
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.session import Session, bundled


class Watched(Session):
    """Counts the trees that are made."""

    trees = 0

    def explain(self, message: Message, keep: bool = True) -> Field:
        self.trees += 1
        return super().explain(message)


def opened(name: str) -> Watched:
    session = Watched.open(str(bundled("captures") / name))
    assert isinstance(session, Watched)
    return session


def kept(session: Session, level: str, text: str) -> list[int]:
    rows: Level = level_named(level, session)  # type: ignore[type-arg]
    return [row.number for row in rows.rows(compile_for(session, text))]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("http", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("thrift", []),
        ("tcp", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("udp", []),
        ("eth and ip and not ipv6", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("http.request.method", [1, 3, 5, 7]),
        ("http.response.code >= 300", [6, 8]),
        ('http.request.uri contains "redir" or http.response.code == 404', [6, 7]),
        ("side == server and http", [2, 4, 6, 8]),
        ("number in {2..3, 8}", [2, 3, 8]),
        ("tcp.srcport == 8080", [2, 4, 6, 8]),
        ("tcp.port == 8080 and tcp.dstport != 8080", [2, 4, 6, 8]),
        ("ip.src == 127.0.0.0/8 and flow == 1 and tcp.stream == 0", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("kind == request and protocol == http", [1, 3, 5, 7]),
        ("answers == 5", [6]),
        ("latency > 0", [2, 4, 6, 8]),
        ("length > 300", [6, 8]),
        ("frame.time_relative > 0.0005", [7, 8]),
        ("severity or issue or parent", []),
    ],
)
def test_cheap_filters_make_no_tree(text: str, numbers: list[int]) -> None:
    session = opened("http-keepalive.pcap")
    assert kept(session, "message", text) == numbers
    assert session.trees == 0


def test_other_fields_are_read_from_the_tree() -> None:
    session = opened("http-keepalive.pcap")
    assert kept(session, "message", 'http.header.name == "ETag"') == [2, 4]
    assert session.trees == 8


def test_header_fields_are_read_from_the_packets() -> None:
    session = opened("http-keepalive.pcap")
    assert kept(session, "message", "ip.ttl == 64 and tcp.flags.push == 1") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert kept(session, "message", "tcp.flags.syn == 1") == []


def test_a_fact_of_one_protocol_makes_no_trees_of_another() -> None:
    session = opened("thrift-over-http.pcap")
    found = kept(session, "message", 'thrift.method == "ping"')
    assert found
    assert {session.message(number).protocol for number in found} == {"thrift"}
    assert session.trees == 0
    assert set(found) <= set(kept(session, "message", "http"))


def test_packets_see_headers_and_what_they_carry() -> None:
    session = opened("hms-curl-plain.pcap")
    assert kept(session, "packet", "tcp.flags.syn == 1") == [1, 2]
    assert kept(session, "packet", "http.request.method == GET") == [4]
    assert kept(session, "packet", "http") == [4]
    assert kept(session, "packet", "tcp.port == 9083 and frame.len < 70 and side == server") == [5, 6, 8]
    assert kept(session, "packet", "tcp.stream == 0 and ip.addr == 127.0.0.1 and frame.number > 6") == [7, 8]
    assert kept(session, "packet", "udp or arp") == []


def test_a_flow_is_kept_when_any_of_its_messages_is() -> None:
    session = opened("hms-curl-framed.pcap")
    everything = kept(session, "flow", "tcp")
    with_tls = kept(session, "flow", "tls")
    assert everything == [flow.number for flow in session.flows]
    assert with_tls
    assert len(with_tls) < len(everything)
    assert kept(session, "flow", "flow == 2 and tcp.stream == 1") == [2]


def test_unknown_names_are_told_with_the_nearest() -> None:
    session = opened("http-get.pcap")
    with pytest.raises(UsageError, match=r"did you mean http\.request\.method\?"):
        compile_for(session, "http.methd")


def test_every_column_can_be_asked_for() -> None:
    session = opened("http-keepalive.pcap")
    lookup = Lookup(session).at(session.message(2))
    for name, _, _ in COLUMNS:
        assert isinstance(lookup.values(name), list)
    assert session.trees == 0
    assert lookup.values("frame.number") == session.packets_of(session.message(2))
    assert lookup.values("ip.dst") == ["127.0.0.1"]
    assert lookup.values("ipv6.src") == []


def test_names_are_sorted_and_have_a_title() -> None:
    records = list(guide_records())
    names = [record.name for record in records]
    assert names == sorted(set(names))
    assert {"http", "thrift.method", "tcp.port", "frame.number", "flow"} <= set(names)
    assert all(record.title for record in records)
    assert all(record.name.startswith("thrift.") for record in guide_records("thrift."))


def test_bytes_that_something_was_made_from_are_a_value() -> None:
    session = opened("http-gzip.pcap")
    lookup = Lookup(session)
    coded = [value for message in session.messages for value in lookup.at(message).values("http.coded_data")]
    assert coded
    assert all(isinstance(value, bytes) and value[:2] == b"\x1f\x8b" for value in coded)


@pytest.mark.parametrize(
    ("capture", "text", "numbers"),
    [
        ("http2-curl-prior-knowledge.pcap", 'http.file_data contains "norte"', [9]),
        ("http2-padding.pcap", 'http.file_data contains "norte"', [13]),
        ("http2-padding.pcap", "http.coded_data", [13]),
        ("http2-padding.pcap", 'json.key == "sensor"', [13]),
        ("http2-padding.pcap", "http.request.method", []),
    ],
)
def test_bodies_are_searched_whatever_carries_them(capture: str, text: str, numbers: list[int]) -> None:
    assert kept(opened(capture), "message", text) == numbers
