"""A gRPC call was answered with an HTTP error instead of a gRPC status.

What you see
    The client reports UNKNOWN, UNAVAILABLE or UNIMPLEMENTED with a text such as "unexpected HTTP status code 404".

Why it happens
    Somebody answered who does not speak gRPC: a proxy or load balancer in its own name, or a web server behind the
    wrong port or path. gRPC servers answer with HTTP status 200 even when a call fails. Connect is the exception: its
    unary calls put failures into the HTTP status.

How we know (bytes)
    The header field :status is neither 1xx nor 2xx, and there is no grpc-status.

What to do
    Ask who sent the answer: header fields such as server or via often tell. Check the address, and the proxy's route
    for this path.

References
    grpc/grpc, doc/http-grpc-status-mapping.md; connectrpc.com/docs/protocol, "Error Codes".
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
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count
from inspector.model.finding import Finding
from inspector.protocols.grpc_call import BARE, Call


def find(scene: Scene) -> list[Finding]:
    """Calls that ended in an HTTP status, those of one connection and status together."""
    failed = [
        (call.reset, call) for call in failed_calls(scene) if call.status < 0 and call.reset.startswith("HTTP status")
    ]
    return [_finding(scene, calls) for calls in grouped(failed)]


def _finding(scene: Scene, calls: list[Call]) -> Finding:
    first = calls[0]
    status = first.reset.split(" ")[2]
    bare = first.style == BARE
    more = f" {more_calls(calls)} ended the same way." if len(calls) > 1 else ""
    evidence = []
    for call in calls[:MAX_SHOWN]:
        evidence += call_evidence(scene, call)
        if call.ended is not None:
            evidence += field_evidence(scene, call.ended, ":status", f"HTTP status {status}, no grpc-status")
    return Finding(
        rule="grpc-http-status",
        severity="note" if bare else "warning",
        flow=first.row.flow,
        title=f"{count(len(calls), 'gRPC call')} got HTTP status {status}",
        see=f"Message {first.row.number}: {method_of(first)} was answered with HTTP status {status}.{more}",
        why="Connect puts the failure of a unary call into the HTTP status."
        if bare
        else "Whoever answered does not speak gRPC: a proxy in its own name, or a web server on a wrong port or path.",
        do="Read the body of the answer: it is JSON with a code and a message."
        if bare
        else "Find out who sent the answer (server and via header fields), and check address and route.",
        evidence=evidence,
        references=["grpc/grpc, doc/http-grpc-status-mapping.md"],
    )
