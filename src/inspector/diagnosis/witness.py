"""Real implementations run on captured bytes: what they take in, and what they say.

Nothing is sent anywhere and nothing large is allocated: the libraries read from memory, and that holds no more than
was captured.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from inspector.diagnosis.words import count
from inspector.model.finding import Witness

KEPT: Final = 256
"""Testimonies kept: the same probe comes again and again."""

BUFFER: Final = 4096
"""Bytes that the Python library's TBufferedTransport asks the socket for."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one reader of a library did with the bytes: it took `taken` of them, then `says`; `waits` for more."""

    reader: str
    library: str
    version: str
    taken: int
    given: int
    waits: bool
    says: str

    def line(self) -> str:
        """The testimony as one line."""
        taken = f"all {self.given}" if self.taken >= self.given else f"{self.taken} of {self.given}"
        return f"{self.reader}: {self.says} (having taken {taken} bytes)"


@lru_cache(KEPT)
def _version(library: str) -> str:
    return version(library)


class Dry(Exception):
    """More was asked for than was captured, where a socket would make the reader wait; `wanted` is in bytes."""

    def __init__(self, wanted: int) -> None:
        super().__init__(f"waits for {count(wanted, 'more byte')}")


def captured(data: bytes) -> Any:
    """A transport for the Thrift library that gives `data`, then raises Dry. What is written to it goes nowhere.

    The library's own TMemoryBuffer gives empty reads at its end, on which some transports try again for ever.
    """
    from thrift.transport.TTransport import TMemoryBuffer

    class Captured(TMemoryBuffer):  # type: ignore[misc]
        """Bytes of a capture in the place of a socket."""

        def read(self, sz: int) -> bytes:
            """At most `sz` bytes, at least one."""
            found: bytes = self._buffer.read(sz)
            if sz and not found:
                raise Dry(sz)
            return found

        def write(self, buf: bytes) -> None:
            """Drop it."""

    return Captured(data)


@lru_cache(KEPT)
def thrift_reader(reader: str, data: bytes) -> Testimony:
    """Run one of THRIFT_READERS as a server would on what a client sent first. Raises KeyError for an unknown one."""
    make = THRIFT_READERS[reader]
    return _hear(
        reader, data, lambda wire: "message {!r} of type {}, sequence {}".format(*make(wire).readMessageBegin())
    )


def _hear(reader: str, data: bytes, ask: Callable[[Any], str]) -> Testimony:
    """What a reader of the Thrift library says of `data`."""
    wire = captured(data)
    waits = False
    try:
        says = ask(wire)
    except Dry as dry:
        says, waits = str(dry), True
    except Exception as error:  # noqa: BLE001 whatever a library raises on foreign bytes is what it says of them
        says = _own_words(error)
    return Testimony(reader, "thrift", _version("thrift"), wire._buffer.tell(), len(data), waits, says)  # noqa: SLF001


def _own_words(error: Exception) -> str:
    text = str(error)
    cls = type(error)
    name = f"{cls.__module__}.{cls.__name__}" if cls.__name__ == "error" else cls.__name__
    return f"{name}: {text}" if text else name


def _strict(wire: Any) -> Any:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TTransport import TBufferedTransport

    return TBinaryProtocol(TBufferedTransport(wire, BUFFER), strictRead=True)


def _unbuffered(wire: Any) -> Any:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol

    return TBinaryProtocol(wire, strictRead=True)


def _limited(wire: Any) -> Any:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TTransport import TBufferedTransport

    return TBinaryProtocol(TBufferedTransport(wire, BUFFER), strictRead=False, string_length_limit=16_384_000)


def _unlimited(wire: Any) -> Any:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TTransport import TBufferedTransport

    return TBinaryProtocol(TBufferedTransport(wire, BUFFER), strictRead=False, string_length_limit=None)


def _framed(wire: Any) -> Any:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TTransport import TFramedTransport

    return TBinaryProtocol(TFramedTransport(wire), strictRead=True)


def _compact(wire: Any) -> Any:
    from thrift.protocol.TCompactProtocol import TCompactProtocol
    from thrift.transport.TTransport import TBufferedTransport

    return TCompactProtocol(TBufferedTransport(wire, BUFFER))


def _json(wire: Any) -> Any:
    from thrift.protocol.TJSONProtocol import TJSONProtocol
    from thrift.transport.TTransport import TBufferedTransport

    return TJSONProtocol(TBufferedTransport(wire, BUFFER))


def _header(wire: Any) -> Any:
    from thrift.protocol.THeaderProtocol import THeaderProtocol

    return THeaderProtocol(wire, [0])


def _zlib(wire: Any) -> Any:
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol
    from thrift.transport.TZlibTransport import TZlibTransport

    return TBinaryProtocol(TZlibTransport(wire), strictRead=True)


THRIFT_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "TBinaryProtocol, strict, over TBufferedTransport": _strict,
    "TBinaryProtocol, not strict, over TBufferedTransport": _limited,
    "TBinaryProtocol, not strict and without a length limit": _unlimited,
    "TBinaryProtocol, strict, unbuffered": _unbuffered,
    "TBinaryProtocol over TFramedTransport": _framed,
    "TCompactProtocol over TBufferedTransport": _compact,
    "TJSONProtocol over TBufferedTransport": _json,
    "THeaderProtocol": _header,
    "TBinaryProtocol over TZlibTransport": _zlib,
}
"""Servers' readers that the Python library has, by what they are made of. It has no server side of SASL."""

STRICT, LIMITED, UNLIMITED, UNBUFFERED, FRAMED, COMPACT, JSON, HEADER, ZLIB = THRIFT_READERS


@lru_cache(KEPT)
def sasl_client(answer: bytes) -> Testimony:
    """What the library's own SASL client says when this is the server's first answer."""
    from thrift.transport.TTransport import TSaslClientTransport

    class Client(TSaslClientTransport):  # type: ignore[misc]
        """Without the mechanisms, which would only come into play later."""

        _max_negotiation_size = 1 << 20

        def __init__(self, wire: Any) -> None:
            self.transport = wire
            self.sasl = _Mechanism()

    def negotiate(wire: Any) -> str:
        Client(wire).open()
        return "no objection"

    return _hear("TSaslClientTransport", answer, negotiate)


class _Mechanism:
    """As much of a SASL mechanism as a client needs before the server has answered."""

    mechanism = "PLAIN"
    complete = True

    def process(self, challenge: bytes | None = None) -> bytes:
        return b""


@lru_cache(KEPT)
def http2_server(data: bytes) -> Testimony:
    """What h2 says as a server that reads these bytes."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection

    connection = H2Connection(H2Configuration(client_side=False))
    connection.initiate_connection()
    try:
        connection.receive_data(data)
        says, waits = "no objection", True
    except Exception as error:  # noqa: BLE001 see _hear
        says, waits = _own_words(error), False
    return Testimony("H2Connection as a server", "h2", _version("h2"), len(data), len(data), waits, says)


@lru_cache(KEPT)
def tls_server(data: bytes) -> Testimony:
    """What OpenSSL says as a server that reads these bytes; it needs no certificate to look at the first record."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(data)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    says, waits = "wants to read more", True
    try:
        context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    except ssl.SSLWantReadError:
        pass
    except ssl.SSLError as error:
        says, waits = _own_words(error), False
    name, _, number = ssl.OPENSSL_VERSION.partition(" ")
    left = incoming.pending
    return Testimony("TLS server", name, number.split(" ")[0], len(data) - left, len(data), waits, says)


def quote(testimonies: list[Testimony]) -> Witness | None:
    """Testimonies of one library as the witness of a finding; those of other libraries than the first are left out."""
    if not testimonies:
        return None
    first = testimonies[0]
    lines = [t.line() for t in testimonies if t.library == first.library]
    return Witness(first.library, first.version, "\n".join(lines))
