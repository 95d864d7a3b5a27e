"""What the real libraries do with a request: how much they take decides between FIN, RST and silence."""

from importlib.metadata import version

import pytest

from diagnosis.exchange import CALL, GET
from inspector.diagnosis.witness import (
    COMPACT,
    FRAMED,
    HEADER,
    JSON,
    LIMITED,
    STRICT,
    THRIFT_READERS,
    UNBUFFERED,
    UNLIMITED,
    ZLIB,
    http2_server,
    quote,
    sasl_client,
    thrift_reader,
    tls_server,
)

WHOLE, HEAD = len(GET), 4


@pytest.mark.parametrize(("reader", "taken", "waits", "says"), [
    (STRICT, WHOLE, False, "No protocol version header"),
    (LIMITED, WHOLE, False, "Length exceeded max allowed"),
    (UNLIMITED, WHOLE, True, f"waits for {0x47455420 - (WHOLE - 4):,} more bytes"),
    (UNBUFFERED, HEAD, False, "No protocol version header"),
    (COMPACT, WHOLE, False, "Bad protocol id in the message: 71"),
    (JSON, WHOLE, False, "Unexpected character"),
    (ZLIB, HEAD, False, "incorrect header check"),
])  # fmt: skip
def test_thrift_readers_of_an_http_request(reader: str, taken: int, waits: bool, says: str) -> None:
    found = thrift_reader(reader, GET)
    assert (found.taken, found.waits) == (taken, waits)
    assert says in found.says


@pytest.mark.parametrize("reader", [FRAMED, HEADER])
def test_framed_readers_refuse_or_wait_by_release(reader: str) -> None:
    found = thrift_reader(reader, GET)
    assert found.waits or found.taken == HEAD


@pytest.mark.parametrize("reader", [STRICT, LIMITED, UNLIMITED, UNBUFFERED])
def test_readers_accept_what_is_right(reader: str) -> None:
    assert thrift_reader(reader, CALL).says == "message 'getName' of type 1, sequence 1"


def test_a_framed_reader_accepts_a_framed_call() -> None:
    assert "getName" in thrift_reader(FRAMED, len(CALL).to_bytes(4, "big") + CALL).says


@pytest.mark.parametrize("reader", THRIFT_READERS)
@pytest.mark.parametrize("data", [b"", b"G", b"\x80\x01", b"\xff" * 64, b"\0" * 64, b'[1,"' + b"9" * 64])
def test_no_reader_lets_an_error_escape(reader: str, data: bytes) -> None:
    assert thrift_reader(reader, data).given == len(data)


def test_http2_wants_its_preface() -> None:
    assert "preamble" in http2_server(GET).says
    assert http2_server(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").waits


def test_tls_knows_http_when_it_sees_it() -> None:
    assert "http request" in tls_server(GET).says
    assert tls_server(b"\x16\x03").waits


def test_a_sasl_client_quotes_the_refusal() -> None:
    found = sasl_client(b"\x04\x00\x00\x00\x11Invalid status 71")
    assert "Bad SASL negotiation status: 4" in found.says
    assert "Invalid status 71" in found.says
    assert sasl_client(b"\x04\x00\x00").waits
    assert sasl_client(b"\x05\x00\x00\x00\x00").says == "no objection"


def test_a_quote_is_of_one_library() -> None:
    assert quote([]) is None
    found = quote([thrift_reader(STRICT, GET), http2_server(GET)])
    assert found is not None
    assert found.library == "thrift"
    assert found.version == version("thrift")
    assert "TBinaryProtocol" in found.says
    assert "H2Connection" not in found.says
