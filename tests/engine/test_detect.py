"""Who reads a stream: strong evidence first, then the other side, then the port; never too early."""

import pytest

from inspector.engine.detect import PREFIX, choose, claims, first_start, is_claimed, protocols, sender, verdicts
from inspector.model.sides import CLIENT, SERVER
from inspector.model.verdict import STRENGTH_NAMES, STRONG
from inspector.protocols.base import Hints
from streams import SCHEMAS

GET = b"GET / HTTP/1.1\r\n\r\n"
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"


def test_protocols_are_found_by_their_modules() -> None:
    found = protocols()
    assert {"http", "thrift", "tls", "data"} <= set(found)
    assert all(name == protocol.name and protocol.title for name, protocol in found.items())
    assert protocols() is found


def test_verdicts_of_all_protocols_come_strongest_first_and_say_why() -> None:
    found = verdicts(GET, CLIENT, Hints(server_port=80))
    assert len(found) == len(protocols())
    assert (found[0].protocol, found[0].strength) == ("http", STRONG)
    assert [v.strength for v in found] == sorted((v.strength for v in found), reverse=True)
    assert '"GET / HTTP/1.1"' in found[0].evidence
    assert "80 is a usual port for it" in found[0].evidence
    assert all(v.evidence and 0 <= v.strength < len(STRENGTH_NAMES) and not v.chosen for v in found)


def test_a_media_type_is_strong_evidence_for_who_claims_it() -> None:
    claimed = next((p, t) for p in protocols().values() if not p.inline for t in p.content_types if "*" not in t)
    assert is_claimed(claimed[1])
    assert not is_claimed("")
    assert not is_claimed("text/unheard-of")
    assert claims(claimed[0], claimed[1])
    hints = Hints(content_type=claimed[1])
    assert choose(b"\x00", CLIENT, hints, "", over=False, final=False) == claimed[0].name


@pytest.mark.parametrize(
    ("prefix", "side", "peer", "over", "final", "expected"),
    [
        (GET, CLIENT, "", False, False, "http"),
        (GET, CLIENT, "thrift", False, False, "http"),
        (GET[:5], CLIENT, "", False, False, "http"),
        (GET[:3], CLIENT, "", False, False, ""),
        (GET[:3], CLIENT, "", True, False, ""),
        (GET[:3], CLIENT, "", True, True, "data"),
        (b"\x00\x00", CLIENT, "http", False, False, ""),
        (b"\x00\x00", CLIENT, "http", True, False, "http"),
        (b"\xff\xff\xff\xff\xff\xff", CLIENT, "", False, False, ""),
        (b"\xff\xff\xff\xff\xff\xff", CLIENT, "", True, True, "data"),
        (b"\xff" * PREFIX, CLIENT, "", False, False, "data"),
        (b"\xff" * PREFIX, CLIENT, "http", False, False, "http"),
        (ALERT, SERVER, "http", False, False, "tls"),
        (ALERT[:4], SERVER, "http", False, False, ""),
        (b"HTTP/1.1 2", SERVER, "", False, False, "http"),
    ],
)
def test_choices(prefix: bytes, side: int, peer: str, *, over: bool, final: bool, expected: str) -> None:
    assert choose(prefix, side, Hints(), peer, over, final) == expected


def test_the_first_message_behind_other_bytes_is_found() -> None:
    assert first_start(b"noise\r\n" + GET, CLIENT, Hints(), SCHEMAS) == 7
    assert first_start(b"noiseHTTP/1.1 200 OK\r\n", SERVER, Hints(), SCHEMAS) == 5
    assert first_start(b"noise and more of it", CLIENT, Hints(), SCHEMAS) == -1
    assert first_start(b"", CLIENT, Hints(), SCHEMAS) == -1


@pytest.mark.parametrize("name", sorted(protocols()))
def test_no_protocol_claims_nothing(name: str) -> None:
    for side in (CLIENT, SERVER):
        assert protocols()[name].recognise(b"", side, Hints()).strength < STRONG


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (b"GET / HTTP/1.1\r\n", (CLIENT, "http")),
        (b"HTTP/1.1 200 OK\r\n", (SERVER, "http")),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (CLIENT, "http2")),
        (bytes.fromhex("000000040100000000 000003010500000001 828684"), (CLIENT, "http2")),
        (bytes.fromhex("000008012500000001 0000000010 838684"), (CLIENT, "http2")),
        (bytes.fromhex("000005010d00000001 0288000000"), (SERVER, "http2")),
        (bytes.fromhex("000001010500000001 c0"), (-1, "")),
        (bytes.fromhex("000004080000000000 00000001"), (-1, "")),
        (b"", (-1, "")),
        (b"\0\1", (-1, "")),
    ],
)
def test_who_can_have_sent_what(prefix: bytes, expected: tuple[int, str]) -> None:
    assert sender(prefix) == expected
