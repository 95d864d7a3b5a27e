"""A TLS client spoke to a port that does not speak TLS.

What you see
    curl says "(35) wrong version number", "unexpected eof" or "Connection reset by peer" for an https:// address; a
    Thrift or database client with TLS switched on says that the handshake failed.

Why it happens
    The client begins with a TLS handshake record, whose first bytes are 16 03. A server without TLS takes them for
    something of its own: Thrift for a length of 369,295,617 or so, SASL for a status 22, HTTP/1 for a broken request
    line. It refuses in its own way, or waits for bytes that never come.

How we know (bytes)
    The record header, read as the server's protocol reads it, and what came back: another protocol's bytes, or none.

What to do
    Switch TLS off in the client, or on in the server; both ends must agree before the first byte.

References
    RFC 8446 sections 5.1 and 4.1.2; Apache Thrift, doc/specs/thrift-rpc.md and thrift-sasl-spec.txt.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.answers import sasl_answer
from inspector.diagnosis.clients import BINARY, tls_words
from inspector.diagnosis.ending import CLOSED, HANG, RESET
from inspector.diagnosis.evidence import (
    ack_evidence,
    answer_evidence,
    ending_evidence,
    reading_evidence,
    server_end_evidence,
)
from inspector.diagnosis.fits import Fit, fits
from inspector.diagnosis.greetings import greeting_of
from inspector.diagnosis.openings import opening_of
from inspector.diagnosis.readings import sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import protocol_name
from inspector.diagnosis.testimony import testimony_of
from inspector.diagnosis.thrift_port import how_it_ended, thrift_sign
from inspector.diagnosis.witness import STRICT, quote, thrift_reader
from inspector.diagnosis.words import count
from inspector.model.finding import Finding, Witness
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.data import preview

WELL = 2
"""The score from which on a candidate explains the ending well."""
LISTED = 4
SHOWN = 64
"""Bytes of the server's answer that are shown."""


def find(scene: Scene) -> list[Finding]:
    """TLS handshakes that were answered in another protocol, or not at all."""
    return [_finding(case) for case in scene.cases if _is_wrong(case)]


def _is_wrong(case: Case) -> bool:
    if case.asked.protocol != "tls" or not case.whole or case.opening[:2] != b"\x16\x03":
        return False
    if case.silent:
        return case.ending.kind in {CLOSED, RESET, HANG} and case.ending.acknowledged > 0
    # HTTP/2 without TLS has a rule of its own
    return case.answered is not None and case.answered.protocol not in {"tls", "http2"} and bool(case.answer)


def _finding(case: Case) -> Finding:
    opening = opening_of(case.opening)
    first = [opening.reading] if opening is not None else []
    evidence = reading_evidence(case, first + _misread(case)) + (ack_evidence(case) if case.silent else [])
    if case.silent:
        evidence += ending_evidence(case)
    else:
        end = min(len(case.answer), SHOWN)
        evidence += answer_evidence(case, [(0, end, "no TLS record, which would begin with 15 or 16 and 03")])
        evidence += server_end_evidence(case)
    return Finding(
        rule="tls-to-plain",
        severity=_severity(case),
        flow=case.flow.number,
        title="TLS sent to a port without TLS" if _known(case) else "TLS handshake without an answer",
        see=f"The client began with a TLS handshake, {case.opening[:5].hex(' ')}, to {case.flow.server}. {_came(case)}",
        why=_why(case),
        do=_do(case),
        evidence=evidence,
        witness=_witness(case),
        references=[
            "RFC 8446 section 5.1 (record layer) and 4.1.2 (ClientHello)",
            "Apache Thrift, doc/specs/thrift-rpc.md, Framed vs. unframed transport",
        ],
    )


def _known(case: Case) -> bool:
    """Whether it is known that the port speaks something else than TLS."""
    return not case.silent or (bool(case.spoken) and "tls" not in case.spoken)


def _severity(case: Case) -> str:
    return "error" if _known(case) else "warning"


def _misread(case: Case) -> list[readings.Reading]:
    """What the server may have taken the record for, as far as its answer or the port do not tell."""
    opening = case.opening
    if sasl_answer(case.answer) is not None:
        return [readings.sasl_reading(opening)]
    if case.answer.startswith(b"HTTP/"):
        return [readings.Reading(3, f"HTTP/1: {opening[:3].hex(' ')} where a method in letters is expected")]
    found = [readings.name_reading(opening), readings.frame_reading(opening)]
    if thrift_sign(case) is not None:
        return found
    return [*found, readings.postgres_reading(opening), readings.kafka_reading(opening)]


def _came(case: Case) -> str:
    if case.silent:
        return f"{how_it_ended(case)}\n{tls_words(case.ending.kind)}"
    size = case.flow.buffers[SERVER].size
    came = f"The server answered with {count(size, 'byte')} that are no TLS: {preview(case.answer[:SHOWN])}."
    gone = case.flow.fin_packets[CLIENT]
    if gone and case.answered is not None and gone < case.answered.packet:
        return f"The client gave up in packet {gone}; only then came an answer. {came}\n{tls_words(HANG)}"
    return f"{came}\n{tls_words(BINARY)}"


def _why(case: Case) -> str:
    lines = [
        (
            "The client believes that the port speaks TLS. The first byte of its record, 22 (0x16), says handshake; "
            "the next two are a version; then comes the length."
        ),
        "The server believes that its own protocol begins, and takes the same bytes for that.",
    ]
    if not case.answer:
        lines.append(
            f"As a length they are {sized(case.opening)}: a frame, a method name or a packet that is far too long. "
            "The server hangs up, or waits for it."
        )
    answer = sasl_answer(case.answer)
    if answer is not None:
        lines.append(f'This server expected SASL and said so: "{answer.text}"; 22 is the first byte of the handshake.')
    greeting = greeting_of(case.answer)
    if greeting is not None:
        lines.append(f"It greeted the client as a server of {greeting.name} does, which speaks first.")
    for name, message in case.spoken.items():
        lines.append(f"The same port speaks {protocol_name(name)} in flow {message.flow}, message {message.number}.")
    sign = thrift_sign(case)
    if sign is not None and not case.spoken:
        lines.append(f"{sign.text}.")
    if not _known(case):
        lines.append(
            "It may also be a TLS server that refused this handshake without saying why, for its name or its version."
        )
    likely = _likely(case) if case.silent else []
    if likely:
        lines.append("What may have read it, best explanation first:")
        lines += [f"{place}. {fit.line}" for place, fit in enumerate(likely, 1)]
    return "\n".join(lines)


def _witness(case: Case) -> Witness | None:
    """What the libraries behind the likely servers say of the handshake."""
    heard = testimony_of(_likely(case), case.opening) if case.silent else None
    if heard is None and thrift_sign(case) is not None:
        return quote([thrift_reader(STRICT, case.opening)])
    return heard


def _likely(case: Case) -> list[Fit]:
    """The servers without TLS that explain the ending well."""
    found = [fit for fit in fits(case) if fit.score >= WELL and fit.reader.family not in {"tls", "http", "greeter"}]
    return found[:LISTED]


def _do(case: Case) -> str:
    server = case.flow.server
    host = f"[{server.address}]" if ":" in server.address else server.address
    return (
        "Switch TLS off in the client (http:// for https://, hive.metastore.use.SSL=false, sslmode=disable), or give "
        "the server a certificate.\n"
        "To see whether the port speaks TLS at all:\n"
        f"openssl s_client -connect {host}:{server.port}"
    )
