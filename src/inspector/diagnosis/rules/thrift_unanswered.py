"""A Thrift call was received, and the server sent nothing back.

What you see
    The client says "TSocket read 0 bytes", "No more data to read", "Connection reset by peer", or waits until it times
    out. Its call is acknowledged; then comes FIN, RST or silence.

Why it happens
    Most likely client and server speak different dialects of Thrift. Nothing is negotiated: encoding (binary,
    compact, JSON) and transport (framed, not framed, THeader, zlib, SASL) must be the same on both ends. A framed
    server takes the version word 80 01 00 01 for a negative length; one that is not framed takes a length for an old
    message; a compact one wants 82 first; one without SASL takes a START for anything but a call.

How we know (bytes)
    The call's first bytes as each kind of server reads them, with the words of the library; the dialect that the same
    port speaks elsewhere in the capture, where it does; how the connection ended.

What to do
    Give the client the server's protocol and transport.

References
    Apache Thrift, doc/specs/thrift-rpc.md, thrift-binary-protocol.md, thrift-compact-protocol.md, HeaderFormat.md.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.ending import CLOSED, HANG, RESET
from inspector.diagnosis.evidence import ack_evidence, ending_evidence, reading_evidence
from inspector.diagnosis.openings import dialect_of, shown
from inspector.diagnosis.readings import Reading
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import protocol_name
from inspector.diagnosis.thrift_port import how_it_ended
from inspector.diagnosis.witness import COMPACT, FRAMED, HEADER, JSON, STRICT, Testimony, quote, thrift_reader
from inspector.model.finding import Finding
from inspector.model.message import Message

ASKED = (STRICT, FRAMED, COMPACT, JSON, HEADER)
"""The library's readers that are run on the call."""


def find(scene: Scene) -> list[Finding]:
    """Calls, or the start of a login, that nobody answered."""
    return [_finding(case) for case in scene.cases if _is_unanswered(case)]


def _is_unanswered(case: Case) -> bool:
    if case.asked.protocol != "thrift" or case.asked.kind not in {"call", "sasl"} or not case.silent or not case.whole:
        return False
    return case.ending.kind in {CLOSED, RESET, HANG} and case.ending.acknowledged > 0


def _finding(case: Case) -> Finding:
    ours = dialect_of(case.asked)
    heard = _heard(case)
    theirs = dialect_of(heard) if heard is not None else ""
    mixed = bool(theirs) and theirs != ours
    others = _others(case)
    testimonies = [thrift_reader(reader, case.opening) for reader in ASKED]
    return Finding(
        rule="thrift-unanswered",
        severity="error" if mixed or others else "warning",
        flow=case.flow.number,
        title=_title(mixed, case if others else None),
        see=f"The client sent {case.asked.summary} to {case.flow.server} as {ours}: {shown(case)}. "
        f"{how_it_ended(case)}",
        why=_why(ours, theirs if mixed else "", heard, others, testimonies),
        do=_do(theirs if mixed else ""),
        evidence=reading_evidence(case, _readings(case)) + ack_evidence(case) + ending_evidence(case),
        witness=quote(testimonies),
        references=[
            "Apache Thrift, doc/specs/thrift-rpc.md, Framed vs. unframed transport",
            "Apache Thrift, doc/specs/thrift-binary-protocol.md and thrift-compact-protocol.md, Message",
        ],
    )


def _heard(case: Case) -> Message | None:
    """What the same port said in Thrift elsewhere; calls tell how a client reached it."""
    return case.spoken.get("thrift")


def _readings(case: Case) -> list[Reading]:
    """The call as readers of other dialects take it."""
    opening = case.opening
    found = [readings.frame_reading(opening), readings.name_reading(opening)]
    if opening[:1] != b"\x82":
        found.append(readings.compact_reading(opening))
    if not 1 <= opening[0] <= 5:
        found.append(readings.sasl_reading(opening))
    return found


def _title(mixed: bool, foreign: Case | None) -> str:
    if foreign is not None:
        return f"Thrift sent to a port that speaks {' and '.join(protocol_name(name) for name in foreign.spoken)}"
    return "Thrift dialects mixed up" if mixed else "Thrift call without an answer"


def _others(case: Case) -> str:
    """What the port speaks in place of Thrift, "" when it speaks Thrift or nothing is known."""
    if "thrift" in case.spoken:
        return ""
    return " and ".join(f"{protocol_name(name)} (flow {message.flow})" for name, message in case.spoken.items())


def _why(ours: str, theirs: str, heard: Message | None, others: str, testimonies: list[Testimony]) -> str:
    lines = [f"The client believes that the server speaks {ours}."]
    if theirs and heard is not None:
        lines.append(
            f"The server speaks {theirs}: so it does in flow {heard.flow}, message {heard.number} ({heard.summary})."
        )
    elif heard is not None:
        lines.append(
            f"The port speaks the same dialect in flow {heard.flow}; so the server may have crashed on this call, be "
            "slow, or have been restarted."
        )
    elif others:
        lines.append(f"The server speaks {others}: it takes the call for that.")
    else:
        lines.append("What the server speaks, nothing in this capture tells. Thrift negotiates nothing.")
    refuse = [t.reader for t in testimonies if not t.waits and not t.says.startswith("message ")]
    wait = [t.reader for t in testimonies if t.waits]
    if refuse:
        lines.append(f"Readers that refuse these bytes: {'; '.join(refuse)}.")
    if wait:
        lines.append(f"Readers that wait for more: {'; '.join(wait)}.")
    return "\n".join(lines)


def _do(theirs: str) -> str:
    if theirs:
        return f"Give the client the server's dialect: {theirs}."
    return (
        "Compare protocol and transport of client and server: TBinaryProtocol, TCompactProtocol or TJSONProtocol; "
        "TBufferedTransport, TFramedTransport, THeaderTransport, TZlibTransport, or SASL. For a Hive Metastore these "
        "are hive.metastore.thrift.framed.transport.enabled, hive.metastore.thrift.compact.protocol.enabled and "
        "hive.metastore.sasl.enabled.\n"
        "The server's log names what it stumbled over."
    )
