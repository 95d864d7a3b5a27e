"""The servers that may have read the client's first bytes: what they take them for and what they do then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from inspector.diagnosis import readings, witness
from inspector.diagnosis.readings import Reading, number

REFUSES: Final = "refuses"
WAITS: Final = "waits"
DIES: Final = "dies"
ANSWERS: Final = "answers"

ALL: Final = 0
"""Takes whatever has arrived."""

FRAMED_STARTS: Final = (b"\x80\x01", b"\x0f\xff")
"""The first two bytes of a frame: the strict binary version, the header transport's magic."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of server: it takes `takes` bytes (ALL: what has arrived) of a connection, then does `does`.

    It decides when `needs` bytes have come; with fewer it waits. `family` is the protocol, `timeout` the seconds after
    which it gives up waiting (0: never, or not known),
    `testimony` the library reader that stands for it, `log` what it writes to its log, with {number} and {first} for
    the first four bytes and the first one as numbers, {char} for the first one as a character.
    """

    name: str
    family: str
    reads: Callable[[bytes], Reading]
    takes: int
    does: str
    because: str
    timeout: float = 0.0
    testimony: str = ""
    log: tuple[str, ...] = ()
    needs: int = 4


READERS: Final = (
    Reader(
        "Thrift, binary, strict, buffered (a Hive Metastore as it comes; Java and Python thread servers)",
        "thrift",
        readings.name_reading,
        witness.BUFFER,
        REFUSES,
        "it insists on a version word and finds none",
        testimony=witness.STRICT,
        log=(
            "Java: TProtocolException: Missing version in readMessageBegin, old client?",
            "Python: No protocol version header",
        ),
    ),
    Reader(
        "Thrift, framed, in Java, Node or a non-blocking server (a metastore with framed transport)",
        "thrift",
        readings.frame_reading,
        ALL,
        REFUSES,
        "the frame is longer than it accepts",
        testimony=witness.FRAMED,
        log=(
            "Java: Frame size ({number}) larger than max length (16384000)!",
            "Java, non-blocking: Read a frame size of {number}, which is bigger than the maximum allowable buffer size",
            "Python, non-blocking: frame size {number} is larger than the maximum 16384000",
            "Node: Frame size {number} larger than the maximum allowed 16384000 bytes",
        ),
    ),
    Reader(
        "Thrift, compact, buffered",
        "thrift",
        readings.compact_reading,
        witness.BUFFER,
        REFUSES,
        "the first byte is not its protocol id",
        testimony=witness.COMPACT,
        log=(
            "Java: TProtocolException: Expected protocol id ffffff82 but got {hex}",
            "Python: Bad protocol id in the message: {first}",
            "Node: Bad protocol identifier {first}",
        ),
        needs=1,
    ),
    Reader(
        "Thrift, binary, not strict but with a length limit, buffered (Python's default, newer releases)",
        "thrift",
        readings.name_reading,
        witness.BUFFER,
        REFUSES,
        "the name is longer than it accepts",
        testimony=witness.LIMITED,
        log=("Python: Length exceeded max allowed",),
    ),
    Reader(
        "Thrift, JSON, buffered",
        "thrift",
        readings.json_reading,
        witness.BUFFER,
        REFUSES,
        "no array begins here",
        testimony=witness.JSON,
        log=(
            "Java: Unexpected character:{char}",
            "Python: Unexpected character: b'{char}'",
            "Node: Malformed JSON input, no opening bracket",
        ),
        needs=1,
    ),
    Reader(
        "Thrift, framed, in a Python thread server",
        "thrift",
        readings.frame_reading,
        4,
        REFUSES,
        "the frame is longer than it accepts",
        testimony=witness.FRAMED,
        log=("Python: Frame size ({number}) larger than the maximum (16384000)",),
    ),
    Reader(
        "Thrift, header transport",
        "thrift",
        readings.frame_reading,
        4,
        REFUSES,
        "the frame is longer than it accepts",
        testimony=witness.HEADER,
        log=("Python: Frame was too large.",),
    ),
    Reader(
        "Thrift, binary, strict, unbuffered",
        "thrift",
        readings.name_reading,
        4,
        REFUSES,
        "it insists on a version word and finds none",
        testimony=witness.UNBUFFERED,
        log=("Python: No protocol version header",),
    ),
    Reader(
        "Thrift over zlib",
        "thrift",
        readings.zlib_reading,
        4,
        REFUSES,
        "no compressed stream begins here",
        testimony=witness.ZLIB,
        log=("Python: incorrect header check",),
        needs=2,
    ),
    Reader(
        "Thrift, binary, not strict and without a length limit (older Python releases, Node's default)",
        "thrift",
        readings.name_reading,
        ALL,
        WAITS,
        "it believes the length and waits for the rest of the name",
        testimony=witness.UNLIMITED,
    ),
    Reader(
        "Thrift, framed, without a length limit (older Python releases)",
        "thrift",
        readings.frame_reading,
        ALL,
        WAITS,
        "it believes the length and waits for the rest of the frame",
    ),
    Reader(
        "Thrift, framed or JSON, in thriftpy2",
        "thrift",
        readings.frame_reading,
        ALL,
        WAITS,
        "it waits for more until its socket times out",
        timeout=3.0,
    ),
    Reader(
        "Thrift, binary, not strict, in Java",
        "thrift",
        readings.name_reading,
        ALL,
        DIES,
        "it allocates the whole length at once, which hangs it, or ends the process where the heap is smaller",
        testimony=witness.UNLIMITED,
        log=("Java: java.lang.OutOfMemoryError: Java heap space",),
    ),
    Reader(
        "Thrift with SASL (a metastore with Kerberos, HiveServer2)",
        "thrift",
        readings.sasl_reading,
        1,
        ANSWERS,
        'it would have said "Invalid status {first}"',
        needs=5,
    ),
    Reader(
        "PostgreSQL",
        "pgsql",
        readings.postgres_reading,
        8192,
        REFUSES,
        "the startup packet is longer than it accepts",
        log=("invalid length of startup packet",),
    ),
    Reader(
        "Redis",
        "resp",
        readings.redis_reading,
        16_384,
        REFUSES,
        "it takes Host: and POST for an attack from a web page and drops the connection, reply and all",
        log=("Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis.",),
        needs=1,
    ),
    Reader(
        "TLS (OpenSSL, as in gRPC and many Python servers)",
        "tls",
        readings.tls_reading,
        ALL,
        REFUSES,
        "the first byte is not a handshake's; some servers send an alert first, these do not",
        testimony="OpenSSL",
        log=("SSL routines::http request", "SSL routines::wrong version number"),
        needs=5,
    ),
    Reader(
        "Kafka",
        "kafka",
        readings.kafka_reading,
        4,
        REFUSES,
        "the request is longer than it accepts",
        log=("Invalid receive (size = {number} larger than 104857600)", "librdkafka's mock: Invalid ApiKey"),
    ),
    Reader(
        "HTTP/2 or gRPC without TLS",
        "http2",
        readings.http2_reading,
        ALL,
        ANSWERS,
        "it would have sent its SETTINGS frame first",
        needs=1,
    ),
)


def log_lines(reader: Reader, opening: bytes) -> list[str]:
    """What the reader writes to its log about these bytes."""
    return [filled(line, opening) for line in reader.log]


def filled(text: str, opening: bytes) -> str:
    """A text with the numbers of the first bytes in their places."""
    first = opening[0]
    for key, value in (
        ("{number}", str(number(opening))),
        ("{first}", str(first)),
        ("{hex}", f"{first:x}"),
        ("{char}", chr(first) if 32 <= first < 127 else f"\\x{first:02x}"),
    ):
        text = text.replace(key, value)
    return text


def dialect(message: bytes) -> Callable[[bytes], Reading] | None:
    """How the readers of a port read, by the first bytes of a Thrift message of its; None when they do not tell."""
    if message.startswith(b"\x80\x01"):
        return readings.name_reading
    if message.startswith(b"\x82"):
        return readings.compact_reading
    if message.startswith(b"["):
        return readings.json_reading
    # a frame: what follows its length is a message of the binary, the compact or the header protocol
    return readings.frame_reading if message[4:6] in FRAMED_STARTS or message[4:5] == b"\x82" else None
