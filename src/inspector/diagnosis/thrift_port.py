"""HTTP that went to a Thrift port: what its rules have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from inspector.diagnosis import readings
from inspector.diagnosis.clients import client_words
from inspector.diagnosis.ending import HALF_CLOSED, Ending
from inspector.diagnosis.evidence import ack_evidence, ending_evidence, reading_evidence
from inspector.diagnosis.fits import Fit, thrift_fits
from inspector.diagnosis.readers import log_lines
from inspector.diagnosis.readings import number, sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import THRIFT_PORTS
from inspector.diagnosis.testimony import testimony_of
from inspector.diagnosis.words import count, duration, size
from inspector.model.finding import Finding

SHOWN_FITS = 4
"""Candidate servers listed; those behind explain the ending less well."""

JAVA_PORTS = (9083, 10000)
"""Hive Metastore and HiveServer2."""

EXAMPLE_CALL = (
    b"\x80\x01\x00\x01" + len(b"get_all_databases").to_bytes(4, "big") + b"get_all_databases" + b"\0\0\0\x01" + b"\0"
)
"""A whole call, strict binary: version and type, name, sequence number, no arguments."""

REFERENCES = [
    "Apache Thrift, doc/specs/thrift-binary-protocol.md, Message",
    "Apache Thrift, doc/specs/thrift-rpc.md, Framed vs. unframed transport",
    "Apache Thrift, doc/specs/thrift-compact-protocol.md, Message",
    "RFC 9112 section 3 (HTTP/1.1 request line)",
    "RFC 9293 section 3.6 (closing a TCP connection)",
]


@dataclass(frozen=True, slots=True)
class Sign:
    """Why a server port is held to speak Thrift; `certain` when it was seen to."""

    certain: bool
    text: str


def thrift_sign(case: Case) -> Sign | None:
    """The evidence that the server speaks Thrift: a conversation on the same port, else the port; None without."""
    port = case.flow.server.port
    message = case.spoken.get("thrift")
    if message is not None:
        return Sign(
            True,
            f"The same server port speaks Thrift in flow {message.flow}, message {message.number}: {message.summary}",
        )
    if port in THRIFT_PORTS and not case.spoken:
        return Sign(False, f"Port {port} is {THRIFT_PORTS[port]}, and nothing in this capture speaks against it")
    return None


def http_to_thrift(scene: Scene, kind: str) -> list[tuple[Case, Sign]]:
    """HTTP requests to Thrift ports that the server ended without a byte in this way."""
    found: list[tuple[Case, Sign]] = []
    for case in scene.cases:
        if not case.speaks_http or not case.silent:
            continue
        sign = thrift_sign(case)
        if sign is not None and ending_kind(case.ending) == kind:
            found.append((case, sign))
    return found


def ending_kind(ending: Ending) -> str:
    """The kind of an ending, where one that the client began at once goes by what the server did."""
    if ending.kind == HALF_CLOSED:
        return "reset" if ending.server_flag == "rst" else "closed"
    return ending.kind


def severity(case: Case, certain: bool) -> str:
    """Error where the capture shows it whole; warning where something else may explain what is seen."""
    ending = case.ending
    if not case.whole or not ending.acknowledged:
        return "warning"
    return "warning" if ending.kind == HALF_CLOSED and not certain else "error"


def silent_finding(case: Case, sign: Sign, rule: str, title: str, reason: Callable[[Case], str]) -> Finding:
    """The finding of a Thrift port that ended an HTTP request without a byte; `reason` explains the ending."""
    found = thrift_fits(case)
    best = [fit for fit in found if fit.score == found[0].score]
    distinct = [readings.http_reading(case.opening)]
    distinct += [fit.reader.reads(case.opening) for fit in best]
    distinct += [readings.name_reading(case.opening), readings.frame_reading(case.opening)]
    return Finding(
        rule=rule,
        severity=severity(case, sign.certain),
        flow=case.flow.number,
        title=title,
        see=f"{what_was_seen(case)}\n{client_words(case.opening, ending_kind(case.ending))}",
        why=f"{beliefs(case)}\n{reason(case)}\n{sign.text}.\n{candidates(found)}",
        do=advice(case, found),
        evidence=reading_evidence(case, distinct) + ack_evidence(case) + ending_evidence(case),
        witness=testimony_of(best, case.opening),
        references=REFERENCES,
    )


def what_was_seen(case: Case) -> str:
    """The request, its acknowledgement and the ending, with numbers."""
    ending = case.ending
    asked = case.flow.buffers[0].size
    line = f'The client sent "{case.request_line}" ({count(asked, "byte")}) to {case.flow.server}.'
    if ending.acknowledged >= asked:
        line += " The server's kernel acknowledged all of it."
    elif ending.acknowledged:
        line += f" The server's kernel acknowledged {ending.acknowledged:,} bytes of it."
    else:
        line += " No acknowledgement of it was captured."
    return f"{line} {how_it_ended(case)}"


def how_it_ended(case: Case) -> str:
    """The ending of a silent conversation in a sentence."""
    ending = case.ending
    waited = duration(ending.waited)
    did = "reset" if ending.server_flag == "rst" else "closed"
    if ending.kind == HALF_CLOSED:
        return f"The client then ended its side, and the server {did} the connection without having sent a byte."
    if ending.packet and ending.packet == ending.server_packet:
        if not ending.waited:
            return f"While the client was still sending, the server {did} the connection (packet {ending.packet})."
        return f"{waited} later the server {did} the connection, without having sent a byte (packet {ending.packet})."
    if ending.packet:
        return f"Then there was silence. After {waited} the client gave up (packet {ending.packet})."
    return f"Then there was silence: {waited} later, where the capture ends, the server had not sent a byte."


def beliefs(case: Case) -> str:
    """What each side took the same bytes for."""
    opening = case.opening
    method = opening.split(b" ", 1)[0].decode("latin-1")
    value = number(opening)
    return (
        f"The client believes that it speaks HTTP: text, a method ({method}), a space, a target, and an empty line at "
        "the end. Nothing says how long the request is, the reader looks for line ends.\n"
        f"The server believes that a number comes first. It reads {opening[:4].hex(' ')} as {sized(opening)}: without "
        f"framing the length of a method name, with framing the length of a frame. That is {size(value)}. A compact "
        f"server looks at the first byte alone and sees protocol id 0x{opening[0]:02x} instead of 0x82."
    )


def candidates(found: list[Fit]) -> str:
    """The readers that explain the ending, best first."""
    lines = [f"{place}. {fit.line}" for place, fit in enumerate(found[:SHOWN_FITS], 1)]
    return "\n".join(["What explains this ending, best first:", *lines])


def advice(case: Case, found: list[Fit]) -> str:
    """What to run instead, and what to look for on the server."""
    server = case.flow.server
    lines = [*client_commands(server.address, server.port), *example_commands()]
    logs = server_logs(case, found)
    if logs:
        lines += ["Look for one of these in the server's log:", *logs]
    lines.append(
        "Where the request is a health check, a load balancer's or a monitor's, let it open a TCP connection instead."
    )
    return "\n".join(lines)


def server_logs(case: Case, found: list[Fit]) -> list[str]:
    """What the likeliest servers write to their logs; those that listen on Hive's ports run in Java."""
    lines = [line for fit in found[:SHOWN_FITS] for line in log_lines(fit.reader, case.opening)]
    if case.flow.server.port in JAVA_PORTS:
        lines = [line for line in lines if line.startswith("Java")]
    return list(dict.fromkeys(lines))


def client_commands(address: str, port: int) -> list[str]:
    """What to run instead, for what usually listens on a port."""
    host = f"[{address}]" if ":" in address else address
    if port == 10000:
        return ["Speak Thrift to this port. For HiveServer2:", f"beeline -u jdbc:hive2://{host}:{port}"]
    if port == 9083:
        uri = f"spark.hadoop.hive.metastore.uris=thrift://{host}:{port}"
        return [
            "Speak Thrift to this port. For a Hive Metastore, with Spark:",
            f"spark-sql --conf spark.sql.catalogImplementation=hive --conf {uri} -e 'show databases'",
        ]
    return [
        (
            "Speak Thrift to this port: use the client made from the service's .thrift file, with the server's "
            "transport and protocol."
        )
    ]


def example_commands() -> list[str]:
    """A command that shows a right call."""
    return [
        "To see what such a server expects, read a right call byte by byte:",
        f"inspector bytes {EXAMPLE_CALL.hex()} --as thrift",
    ]
