"""What first bytes are, and who takes them for what."""

import pytest

from inspector.diagnosis.first_bytes import MAGICS, Magic, begun_by, magic_of, number_bytes, taken

FRAMED = "0x47455420 = 1,195,725,856 bytes in the first frame; servers accept 16,384,000"
SHORT = [bytes([byte]) for byte in range(256)] + [b"\x82\x42", b"\x16\x04", b"\0\0", b"x" * 300]


@pytest.mark.parametrize(
    ("opening", "what"),
    [
        ("47455420", "an HTTP request"),
        ("505249202a", "the HTTP/2 connection preface"),
        ("1603010200", "a TLS handshake record"),
        ("80010001", "a Thrift call, binary"),
        ("82210103", "a Thrift call, compact"),
        ("000000198001000100", "a framed Thrift message, binary"),
        ("000000300fff0000", "a framed Thrift message, THeader"),
        ("0100000005504c41494e", "SASL START, the negotiation before Thrift"),
        ("2a310d0a", "a Redis command"),
        ("0000000804d2162f", "PostgreSQL's SSLRequest, 80877103"),
        ("0000005000030000", "PostgreSQL's start-up packet, version 196608"),
        ("0000001800120003", "a Kafka ApiVersions request"),
        ("5353482d322e30", "an SSH greeting"),
    ],
)
def test_known_beginnings_are_named(opening: str, what: str) -> None:
    magic = magic_of(bytes.fromhex(opening))
    assert magic is not None
    assert magic.what == what


@pytest.mark.parametrize("opening", [b"", b"G", b"\0\0\0\0", b"\xde\xad\xbe\xef"])
def test_other_bytes_are_not(opening: bytes) -> None:
    assert magic_of(opening) is None


@pytest.mark.parametrize("magic", MAGICS, ids=lambda magic: magic.pattern)
def test_every_beginning_is_found_by_its_own_bytes(magic: Magic) -> None:
    for digit in "01":
        assert magic.matches(magic.raw(digit))
        assert magic_of(magic.raw(digit)) is not None


def test_the_numbers_people_search_for() -> None:
    numbers = {magic.text: magic.numbers for magic in MAGICS if magic.text}
    assert numbers["GET "] == "1,195,725,856"
    assert numbers["POST"] == "1,347,375,956"
    assert numbers["HTTP"] == "1,213,486,160"
    assert numbers["PRI "] == "1,347,569,952"
    assert numbers["SSH-"] == "1,397,966,893"
    ranges = {magic.pattern: magic.numbers for magic in MAGICS}
    assert ranges["16 03 0x xx"] == "369,295,360 to 369,299,455"
    assert ranges["80 01 00 01"] == "-2,147,418,111"


@pytest.mark.parametrize(
    ("opening", "protocol", "fits"),
    [
        ("474554202f", "http", True),
        ("474554202f", "thrift", False),
        ("8001000100", "thrift", True),
        ("8221010470", "thrift", True),
        ("5b312c2270", "thrift", True),
        ("0100000005", "thrift", True),
        ("000000198001000100", "thrift", True),
        ("789c636000", "zlib", True),
        ("16030100c8", "tls", True),
        ("1604000000", "tls", False),
        ("2a310d0a24", "resp", True),
        ("0000000804d2162f", "pgsql", True),
        ("0000001800120003", "kafka", True),
        ("818537fa21", "websocket", True),
        ("000012040000000000", "http2", True),
        ("505249202a", "http2", True),
        ("0000000007", "grpc", True),
        ("4745542020", "grpc", False),
    ],
)
def test_readers_know_what_is_theirs(opening: str, protocol: str, fits: bool) -> None:
    found = taken(bytes.fromhex(opening), protocol)
    assert found
    assert any(each.fits for each in found) is fits


def test_readings_are_computed() -> None:
    said = {each.reader: each for each in taken(b"GET / HTTP/1.1\r\n")}
    assert said["Thrift framed"].text == FRAMED
    assert said["HTTP/1"].fits
    assert said["HTTP/2 frames"].text.startswith("a frame of 4,670,804 bytes and of type 0x20")
    assert not said["Thrift with SASL"].fits


@pytest.mark.parametrize("data", SHORT)
def test_nothing_is_said_of_bytes_that_are_not_there(data: bytes) -> None:
    for each in taken(data):
        assert each.end <= len(data)
        assert each.text
    assert taken(b"") == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1195725856, [b"GET "]),
        (542393671, [b"GET ", b" TEG"]),
        (-2147418111, [b"\x80\x01\x00\x01"]),
        (2147549185, [b"\x80\x01\x00\x01"]),
        (71, [b"G", b"\0\0\0G"]),
        (5, [b"\0\0\0\5"]),
        (1 << 32, []),
        (-(1 << 31) - 1, []),
    ],
)
def test_a_number_is_turned_back_into_bytes(value: int, found: list[bytes]) -> None:
    assert number_bytes(value) == found


def test_a_status_that_is_a_letter() -> None:
    assert begun_by(71) == ["GET "]
    assert begun_by(80) == ["POST", "PUT ", "PATC", "PRI ", "PAR1"]
