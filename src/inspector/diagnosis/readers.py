"""The servers that may have read the client's first bytes, and how well each explains how the conversation ended.

A server that gives up closes its socket. When it has read everything, its kernel sends FIN; when bytes lie unread,
RST (RFC 9293 3.6, RFC 2525 2.17). So how much a reader takes before it decides tells which of the two is seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from inspector.diagnosis import readings, witness
from inspector.diagnosis.ending import CLOSED, HALF_CLOSED, HANG, RESET
from inspector.diagnosis.readings import Reading, number
from inspector.diagnosis.scene import Case
from inspector.diagnosis.services import usual_family
from inspector.diagnosis.words import count, duration

REFUSES: Final = "refuses"
WAITS: Final = "waits"
DIES: Final = "dies"
ANSWERS: Final = "answers"

ALL: Final = 0
"""Takes whatever has arrived."""
SLOW: Final = 0.9
"""Seconds after which a close is not the reader's own decision any more, but a timeout's."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of server: it takes `takes` bytes (ALL: what has arrived) of a connection, then does `does`.

    `family` is the protocol, `timeout` the seconds after which it gives up waiting (0: never, or not known),
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


@dataclass(slots=True)
class Fit:
    """How well a reader explains a case: 0 not at all, 1 possibly, 2 well, 3 exactly; and why."""

    reader: Reader
    score: int
    why: str
    bonus: int = field(default=0)

    @property
    def line(self) -> str:
        """The reader and why it explains the ending, or does not."""
        return f"{self.reader.name}: {self.why}."

    @property
    def short_line(self) -> str:
        """The same without the examples behind the reader's name."""
        return f"{self.reader.name.partition(' (')[0]}: {self.why}."

    @property
    def rank(self) -> int:
        """For sorting, best first."""
        return -(self.score * 10 + self.bonus)


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
        log=("Java: java.lang.OutOfMemoryError: Java heap space",),
    ),
    Reader(
        "Thrift with SASL (a metastore with Kerberos, HiveServer2)",
        "thrift",
        readings.sasl_reading,
        1,
        ANSWERS,
        'it would have said "Invalid status {first}"',
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
    ),
)


def fits(case: Case) -> list[Fit]:
    """All readers and how well they explain a silent ending, best first."""
    found = [_judge(case, reader) for reader in READERS]
    found.extend((_judge_http(case), _judge_greeter(case)))
    family = usual_family(case.flow.server.port)
    for fit in found:
        if case.spoken and fit.reader.family not in case.spoken:
            fit.score = min(fit.score, 1)
        fit.bonus = 5 if fit.reader.family == family else 0
    found.sort(key=lambda fit: fit.rank)
    return found


def thrift_fits(case: Case) -> list[Fit]:
    """The Thrift readers that can explain a silent ending, best first."""
    return [fit for fit in fits(case) if fit.reader.family == "thrift" and fit.score]


def log_lines(reader: Reader, opening: bytes) -> list[str]:
    """What the reader writes to its log about these bytes."""
    return [_fill(line, opening) for line in reader.log]


def _fill(text: str, opening: bytes) -> str:
    first = opening[0]
    for key, value in (
        ("{number}", str(number(opening))),
        ("{first}", str(first)),
        ("{hex}", f"{first:x}"),
        ("{char}", chr(first) if 32 <= first < 127 else f"\\x{first:02x}"),
    ):
        text = text.replace(key, value)
    return text


def _judge(case: Case, reader: Reader) -> Fit:
    because = _fill(reader.because, case.opening)
    if reader.does == ANSWERS:
        return Fit(reader, 0, f"{because}, and not a byte came")
    if reader.family == "resp" and not _alarms_redis(case.opening):
        return Fit(reader, 0, "a request without Host: and other than POST gets an error in text")
    if reader.does == DIES:
        return _judge_dying(case, reader, because)
    if reader.does == WAITS:
        return _judge_waiting(case, reader, because)
    return _judge_refusing(case, reader, because)


def _judge_refusing(case: Case, reader: Reader, because: str) -> Fit:
    """One that looks at what it has read and closes at once: FIN or RST by what is left unread."""
    asked = case.flow.buffers[0].size
    left = max(0, asked - reader.takes) if reader.takes != ALL else 0
    ending = case.ending
    taken = f"takes all {asked:,} bytes" if not left else f"takes {reader.takes:,} of the {count(asked, 'byte')}"
    if ending.kind == HANG:
        return Fit(reader, 0, f"{because}, and it closes at once")
    reset = ending.server_flag == "rst"
    if ending.waited >= SLOW and ending.kind != HALF_CLOSED:
        return Fit(reader, 1, f"{because}; it closes at once as a rule, and this took {duration(ending.waited)}")
    if reset == bool(left):
        flag = "RST, as bytes lie unread" if left else "FIN, as nothing is left unread"
        return Fit(reader, 3, f"{because}; it {taken}, then closes: {flag}")
    if reset:
        return Fit(reader, 1, f"it {taken}, which would end in FIN, unless bytes came after it had read")
    return Fit(reader, 1, f"it {taken}, and what is left unread would make it RST rather than FIN")


def _judge_waiting(case: Case, reader: Reader, because: str) -> Fit:
    """One that waits for the rest, for ever or until it times out."""
    ending = case.ending
    if ending.kind == HANG:
        if reader.timeout and ending.waited > reader.timeout + SLOW:
            return Fit(reader, 0, f"it would have closed after {duration(reader.timeout)}")
        return Fit(reader, 2 if reader.timeout else 3, f"{because}: silence")
    if ending.kind == HALF_CLOSED:
        return Fit(reader, 2, f"{because}; when the client ended its side, it met the end of the stream and closed")
    if ending.kind == CLOSED and ending.waited >= SLOW:
        if not reader.timeout:
            return Fit(reader, 2, f"{because}, and a timeout of the server's ended it after {duration(ending.waited)}")
        near = abs(ending.waited - reader.timeout) < 0.3
        return Fit(reader, 3 if near else 1, f"{because} of {duration(reader.timeout)}")
    return Fit(reader, 0, f"{because}, and it ended after {duration(ending.waited)}")


def _judge_dying(case: Case, reader: Reader, because: str) -> Fit:
    ending = case.ending
    if ending.kind == HANG:
        return Fit(reader, 2, because)
    after = case.refused_after
    if ending.kind == CLOSED and after is not None:
        return Fit(
            reader,
            4,
            f"{because}. From packet {after.first_packet} on the port refuses connections, as if the process had died",
        )
    if ending.kind == CLOSED and not case.later_accepted:
        return Fit(reader, 1, f"{because}; whether the process lives on, the capture does not show")
    return Fit(reader, 0, f"{because}, and the server goes on")


def _alarms_redis(opening: bytes) -> bool:
    lines = opening.lower().split(b"\n")
    return any(line.startswith((b"host:", b"post")) for line in lines)


def _judge_http(case: Case) -> Fit:
    reader = Reader("An HTTP server after all", "http", readings.http_reading, ALL, REFUSES, "")
    message = case.spoken.get("http")
    if message is not None:
        why = (
            f"the same server port answers HTTP in flow {message.flow} (message {message.number}: {message.summary}), "
            "so it understood this request too, and dropped it. A server for Thrift over HTTP does that with a body "
            "that is no Thrift"
        )
        return Fit(reader, 2, why)
    score = 3 if usual_family(case.flow.server.port) == "http" else 1
    if case.ending.kind == HANG:
        return Fit(reader, score, "it may simply be slow, or stuck")
    if case.ending.kind == RESET:
        return Fit(reader, score, "it may have crashed, or a proxy or a firewall may have cut the connection")
    return Fit(reader, score, "it may have crashed, or been told to hang up (nginx: return 444)")


def _judge_greeter(case: Case) -> Fit:
    reader = Reader(
        "A server that speaks first (SSH, MySQL, SMTP, FTP)", "greeter", readings.http_reading, ALL, ANSWERS, ""
    )
    return Fit(reader, 0, "it greets its clients, and not a byte came")
