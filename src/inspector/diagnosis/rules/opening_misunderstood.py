"""A client spoke Redis, PostgreSQL, SSH, HTTP/2 or Thrift to a server that answered in another protocol.

What you see
    The client complains of the answer in its own words: "Protocol error, got 'H' as reply type byte" (Redis), "received
    invalid response to SSL negotiation: H" (PostgreSQL), "kex_exchange_identification: banner line contains invalid
    characters" (SSH), "Bad version in message" (Thrift).

Why it happens
    The address or the port is that of another service. The server answers in its own protocol, most often with an
    error, and the client reads that as its own.

How we know (bytes)
    The client's first bytes, which its protocol alone begins with, and the server's, which belong to another.

What to do
    Check address and port that the client was given, or use the client for what listens there.

References
    Redis serialization protocol; PostgreSQL, Message Formats; RFC 4253 section 4.2; RFC 9112 sections 3 and 4.
"""

from typing import Final

from inspector.diagnosis.answers import sasl_answer
from inspector.diagnosis.evidence import answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.openings import dialect_of, opening_of
from inspector.diagnosis.readings import Reading, sasl_reading
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import protocol_name
from inspector.diagnosis.speech import speech_of
from inspector.diagnosis.witness import FRAMED, STRICT, quote, thrift_reader
from inspector.model.finding import Finding
from inspector.protocols.data import preview

ANSWERS: Final = frozenset({"http", "thrift", "resp", "pgsql", "websocket"})
"""Protocols that an answer may be in; HTTP/2, TLS and greetings have rules of their own."""
PAGE: Final = (b"<!DOCTYPE", b"<!doctype", b"<html", b"HTTP/")
"""How the answer of an HTTP server begins, or that to what it took for HTTP/0.9: a page without a status line."""
SHOWN: Final = 32
_COMPLAINTS: Final = {
    "resp": 'redis-cli prints "Error: Protocol error, got ... as reply type byte".',
    "pgsql": 'psql prints "received invalid response to SSL negotiation".',
    "": 'ssh prints "kex_exchange_identification: Connection closed" or complains of the banner.',
}


def find(scene: Scene) -> list[Finding]:
    """Openings of Redis, PostgreSQL, SSH, HTTP/2 and Thrift that were answered in a protocol of another kind."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.asked.protocol in {"data", "resp", "pgsql", "thrift", "http2"} and case.answer and case.whole:
            ours, family, reading = _ours(case)
            theirs = _theirs(case)
            if ours and theirs and family != theirs and not _has_its_own_rule(case, family, theirs):
                found.append(_finding(case, ours, family, reading, _name(case, theirs)))
    return found


def _has_its_own_rule(case: Case, family: str, theirs: str) -> bool:
    """Thrift and HTTP/2 that were answered in HTTP/1 or text: thrift-to-http and http2-to-http1 say more."""
    if family == "thrift":
        return case.answer.startswith(b"HTTP/")
    return family == "http2" and theirs != "thrift"


def _name(case: Case, theirs: str) -> str:
    if theirs == "thrift" and case.answered is not None and case.answered.kind == "sasl":
        return "Thrift with a SASL login"
    return protocol_name(theirs)


def _ours(case: Case) -> tuple[str, str, Reading]:
    """What the client spoke: for people, in lists, and its first bytes; "" when it is not known."""
    if case.asked.protocol == "thrift":
        name = dialect_of(case.asked)
        return name, "thrift", Reading(min(8, len(case.opening)), f"{name}: the beginning of a message")
    opening = opening_of(case.opening)
    if opening is None or opening.family == "tls":
        return "", "", Reading(0, "")
    return opening.name, opening.family, opening.reading


def _theirs(case: Case) -> str:
    """What the server spoke, one of ANSWERS; "" when it is not known."""
    if case.answer.startswith(PAGE):
        return "http"
    name = case.answered.protocol if case.answered is not None else ""
    if name == "data":
        # what both sides prove together, as with Kafka, is no misunderstanding
        name = speech_of(case.opening, case.answer)
    return name if name in ANSWERS else ""


def _finding(case: Case, ours: str, family: str, reading: Reading, theirs: str) -> Finding:
    end = min(SHOWN, len(case.answer))
    thrift = family == "thrift"
    return Finding(
        rule="opening-misunderstood",
        severity="error",
        flow=case.flow.number,
        title=f"{ours} sent to a server that speaks {theirs}",
        see=f"The client spoke {ours} to {case.flow.server}. The server answered in {theirs}: "
        f"{preview(case.answer)}." + (f"\n{_COMPLAINTS[family]}" if family in _COMPLAINTS else ""),
        why=f"The client believes that the port speaks {ours}.\n"
        f"The server believes that the client speaks {theirs}, and answered so."
        + "".join(f"\nIt took the first bytes so: {each.text}." for each in _misread(case)),
        do=f"Check the address and port that the {ours} client was given, or use a client for {theirs}. On the server, "
        f"see who listens:\nss -ltnp 'sport = :{case.flow.server.port}'",
        evidence=reading_evidence(case, [reading, *_misread(case)])
        + answer_evidence(case, [(0, end, f"{theirs}: the server's first bytes")])
        + server_end_evidence(case),
        witness=quote([thrift_reader(STRICT, case.answer), thrift_reader(FRAMED, case.answer)]) if thrift else None,
        references=["RFC 9112 section 4 (status line)", "Redis serialization protocol; PostgreSQL, Message Formats"],
    )


def _misread(case: Case) -> list[Reading]:
    """How the server took the client's first bytes, where its answer tells."""
    return [sasl_reading(case.opening)] if sasl_answer(case.answer) is not None else []
