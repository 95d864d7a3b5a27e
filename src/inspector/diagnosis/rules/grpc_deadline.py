"""A gRPC client broke a call off because its deadline had passed.

What you see
    The client reports DEADLINE_EXCEEDED, mostly after a round number of milliseconds. The server's log may show the
    call as cancelled, or as done: it learns of it too late.

Why it happens
    A client says in grpc-timeout how long it is willing to wait. When that time is over it does not wait for the
    status but resets the stream with CANCEL; the status that the program sees is made by the client's own library.

How we know (bytes)
    The request has a grpc-timeout. The client sent RST_STREAM with CANCEL (8) on the same stream, and between both at
    least that much time had passed.

What to do
    Look at what the server did in this time: did its answer begin? Make it faster, or give the client a longer
    deadline. A server can read the deadline too, and stop work that nobody waits for.

References
    grpc/grpc, doc/PROTOCOL-HTTP2.md, "Requests" (Timeout) and "Errors"; grpc.io/docs/guides/deadlines.
"""

from inspector.diagnosis.grpc_calls import (
    MAX_SHOWN,
    call_evidence,
    failed_calls,
    field_evidence,
    grouped,
    method_of,
    more_calls,
)
from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT
from inspector.protocols.grpc_call import Call, timeout_nanoseconds, timeout_words
from inspector.protocols.http2_frames import HEADER


def find(scene: Scene) -> list[Finding]:
    """Calls that their client broke off after their deadline, those of one connection together."""
    failed = [("", call) for call in failed_calls(scene) if call.status < 0 and _passed(call)]
    return [_finding(scene, calls) for calls in grouped(failed)]


def _passed(call: Call) -> bool:
    ended = call.ended
    timeout = timeout_nanoseconds(str(call.row.facts.get("grpc.timeout", "")))
    return ended is not None and ended.side == CLIENT and 0 < timeout <= ended.time - call.row.time


def _finding(scene: Scene, calls: list[Call]) -> Finding:
    first = calls[0]
    assert first.ended is not None
    timeout = str(first.row.facts["grpc.timeout"])
    waited = duration((first.ended.time - first.row.time) / 1e9)
    answers = first.responses
    so_far = f"the server had sent {count(answers, 'message')}" if answers else "the server had sent no message"
    more = f" {more_calls(calls)} ended the same way." if len(calls) > 1 else ""
    evidence = []
    for call in calls[:MAX_SHOWN]:
        evidence += call_evidence(scene, call)
        said = str(call.row.facts["grpc.timeout"])
        words = f"grpc-timeout {said}: {timeout_words(said)}"
        evidence += field_evidence(scene, call.blocks[0].message, "grpc-timeout", words)
        if call.ended is not None and call.ended.kind == "rst_stream":
            evidence += evidence_of(call.ended, HEADER, HEADER + 4, "RST_STREAM, error code 8: CANCEL")
    return Finding(
        rule="grpc-deadline",
        severity="warning",
        flow=first.row.flow,
        title=f"{count(len(calls), 'gRPC call')} ran out of time",
        see=f"Message {first.row.number}: the client allowed {method_of(first)} {timeout_words(timeout)} and cancelled "
        f"it after {waited}; until then {so_far}.{more}",
        why="The deadline passed before the server sent a status, so the client reset the stream and reported "
        "DEADLINE_EXCEEDED on its own.",
        do="Find out what the server did in this time; make it faster or the deadline longer.",
        evidence=evidence,
        references=['grpc/grpc, doc/PROTOCOL-HTTP2.md, "Requests" and "Errors"', "grpc.io/docs/guides/deadlines"],
    )
