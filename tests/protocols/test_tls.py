"""TLS: records and what is readable in them."""

import pytest

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.model.verdict import MORE, NONE, STRONG
from inspector.protocols.base import Hints
from inspector.protocols.tls import MAX_FRAGMENT, recognise
from streams import Turn, check_cover, check_message, cut


def record(kind: int, body: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes([kind]) + version + len(body).to_bytes(2, "big") + body


HELLO = record(22, b"\x01\x00\x00\x04abcd", b"\x03\x01")
SERVER_HELLO = record(22, b"\x02\x00\x00\x02zz")
CHANGE = record(20, b"\x01")
ALERT = record(21, b"\x02\x28")


def shown(messages: list[Message]) -> list[str]:
    return [f"{'<' if m.side else '>'} {m.start}-{m.end} {m.kind}: {m.summary}" for m in messages if m.parent is None]


def test_a_handshake_and_what_follows() -> None:
    turns: list[Turn] = [
        (CLIENT, HELLO),
        (SERVER, SERVER_HELLO + CHANGE + record(22, b"\x99" * 40)),
        (CLIENT, CHANGE + record(21, b"\x99" * 26) + record(23, b"\x99" * 30)),
    ]
    messages = [m for m in cut(turns) if m.parent is None]
    check_cover(messages, [len(HELLO) + 6 + 31 + 35, len(SERVER_HELLO) + 6 + 45])
    assert [m.kind for m in messages] == [
        "handshake",
        "handshake",
        "change_cipher_spec",
        "handshake",
        "change_cipher_spec",
        "alert",
        "application_data",
    ]
    assert messages[0].summary == "Handshake: client_hello"
    assert messages[1].facts["tls.handshake.type"] == 2
    assert "tls.handshake.type" not in messages[3].facts
    assert "tls.alert_message.level" not in messages[5].facts
    assert "encrypted" in messages[6].summary
    for message in messages:
        check_message(message)


def test_an_alert_is_named() -> None:
    (message,) = cut([(SERVER, ALERT)])
    assert message.summary == "Alert: fatal handshake_failure"
    assert (message.facts["tls.alert_message.level"], message.facts["tls.alert_message.desc"]) == (2, 40)
    names = [leaf.name for leaf in check_message(message).leaves()]
    assert names == [
        "tls.record.content_type",
        "tls.record.version",
        "tls.record.length",
        "tls.alert_message.level",
        "tls.alert_message.desc",
    ]


@pytest.mark.parametrize("kept", [5, 6, 7, 12])
def test_a_record_cut_short_keeps_its_bytes(kept: int) -> None:
    (message,) = cut([(CLIENT, HELLO[:kept])], ends=("", ""))
    assert (message.protocol, message.start, message.end, message.complete) == ("tls", 0, kept, False)
    assert message.issue
    check_message(message)


def test_bytes_that_are_no_record_are_left() -> None:
    messages = cut([(SERVER, ALERT + b"HTTP/1.1 no\r\n"), (SERVER, b"more")])
    check_cover(messages, [0, len(ALERT) + 17])
    assert next(m.protocol for m in messages) == "tls"
    assert {m.protocol for m in messages[1:]} <= {"data", "http"}


@pytest.mark.parametrize(
    ("prefix", "strength"),
    [
        (b"", NONE),
        (b"\x16", MORE),
        (b"\x16\x03", MORE),
        (b"\x16\x03\x01\x00", MORE),
        (b"\x16\x03\x01\x00\x05", STRONG),
        (b"\x16\x03\x04\x00\x05", STRONG),
        (b"\x16\x03\x05\x00\x05", NONE),
        (b"\x16\x02\x01\x00\x05", NONE),
        (b"\x16\x03\x01\x00\x00", NONE),
        (b"\x16\x03\x01" + (MAX_FRAGMENT + 1).to_bytes(2, "big"), NONE),
        (b"\x18\x03\x01\x00\x05", NONE),
        (b"\x13\x03\x01\x00\x05", NONE),
        (b"GET /", NONE),
    ],
)
def test_a_record_header_is_recognised(prefix: bytes, strength: int) -> None:
    assert recognise(prefix, CLIENT, Hints()).strength == strength
