"""How well each server that may have read a request explains how the conversation ended.

A server that gives up closes its socket. When it has read everything, its kernel sends FIN; when bytes lie unread,
RST (RFC 9293 3.6, RFC 2525 2.17). So how much a reader takes before it decides tells which of the two is seen.
"""

from dataclasses import dataclass, field
from typing import Final

from inspector.diagnosis import readings
from inspector.diagnosis.ending import CLOSED, HALF_CLOSED, HANG, RESET
from inspector.diagnosis.openings import dialect_of, opening_of
from inspector.diagnosis.readers import ALL, ANSWERS, DIES, READERS, REFUSES, WAITS, Reader, dialect, filled
from inspector.diagnosis.scene import Case
from inspector.diagnosis.services import usual_family
from inspector.diagnosis.witness import THRIFT_READERS, thrift_reader
from inspector.diagnosis.words import count, duration

SLOW: Final = 0.9
"""Seconds after which a close is not the reader's own decision any more, but a timeout's."""


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


def fits(case: Case) -> list[Fit]:
    """All readers and how well they explain a silent ending, best first."""
    found = [_judge(case, reader) for reader in READERS]
    found.extend((_judge_http(case), _judge_greeter(case)))
    family = usual_family(case.flow.server.port)
    for fit in found:
        if case.spoken and fit.reader.family not in case.spoken:
            fit.score = min(fit.score, 1)
        fit.bonus = 5 if fit.reader.family == family else 0
    _prefer_dialect(case, found)
    _compare(case, found)
    found.sort(key=lambda fit: fit.rank)
    return found


def _prefer_dialect(case: Case, found: list[Fit]) -> None:
    """Where the port spoke Thrift elsewhere, readers of another dialect than it spoke are out of place."""
    message = case.spoken.get("thrift")
    reads = dialect(message.buffer.read(message.start, message.start + 8)) if message is not None else None
    if message is None or reads is None:
        return
    for fit in found:
        if fit.score > 1 and fit.reader.family == "thrift" and fit.reader.reads is not reads:
            fit.score = 1
            fit.why += f"; but in flow {message.flow} the port speaks another dialect"


def _compare(case: Case, found: list[Fit]) -> None:
    """Hold readers against what the same port did with other first bytes, unless that leaves none."""
    others = [other for other in case.scene.silent.get(case.server, []) if other.flow.number != case.flow.number]
    against = {index: _contradiction(others, fit.reader) for index, fit in enumerate(found) if fit.score > 1}
    if all(against.values()):
        return
    for index, text in against.items():
        if text:
            found[index].score = 1
            found[index].why += f"; but {text}"


def _contradiction(others: list[Case], reader: Reader) -> str:
    """What a reader would have done otherwise in another conversation; "" where all agree with it."""
    for other in others:
        flow, opening = other.flow.number, other.opening
        if reader.reads is readings.http_reading or other.ending.kind not in {CLOSED, RESET, HANG}:
            continue
        if _is_own(other, reader):
            return f"in flow {flow} the port did not answer {_own_name(other)} either"
        if len(opening) < reader.needs:
            if other.ending.kind != HANG and other.ending.waited < SLOW:
                return f"in flow {flow} it closed after {count(len(opening), 'byte')}, where this one waits for more"
        elif not _is_of(other, reader.family) and not _judge(other, reader).score:
            did = "stayed silent" if other.ending.kind == HANG else "closed at once"
            return f"in flow {flow} it {did} when it got {opening[:4].hex(' ')}"
    return ""


def _is_of(case: Case, family: str) -> bool:
    """Whether the client spoke the family's protocol."""
    opening = opening_of(case.opening)
    return case.asked.protocol == family or (opening is not None and opening.family == family)


def _is_own(case: Case, reader: Reader) -> bool:
    """Whether the client spoke just what the reader understands, so that it would have answered."""
    if reader.family != "thrift":
        return _is_of(case, reader.family)
    if case.asked.protocol != "thrift" or case.asked.kind != "call":
        return False
    if reader.testimony in THRIFT_READERS:
        return thrift_reader(reader.testimony, case.opening).says.startswith("message ")
    return dialect(case.opening[:8]) is reader.reads


def _own_name(case: Case) -> str:
    if case.asked.protocol == "thrift":
        return dialect_of(case.asked)
    opening = opening_of(case.opening)
    return opening.name if opening is not None else case.asked.protocol


def thrift_fits(case: Case) -> list[Fit]:
    """The Thrift readers that can explain a silent ending, best first."""
    return [fit for fit in fits(case) if fit.reader.family == "thrift" and fit.score]


def _judge(case: Case, reader: Reader) -> Fit:
    because = filled(reader.because, case.opening)
    if reader.does == ANSWERS:
        return Fit(reader, 0, f"{because}, and not a byte came")
    if reader.family == "resp" and not _alarms_redis(case.opening):
        return Fit(reader, 0, "a request without Host: and other than POST gets an error in text")
    if len(case.opening) < reader.needs:
        score = 2 if case.ending.kind == HANG else 0
        return Fit(reader, score, f"it waits until it has {count(reader.needs, 'byte')}")
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
        return Fit(reader, 3 if near else 1, f"{because}, after {duration(reader.timeout)}")
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
