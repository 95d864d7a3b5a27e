"""A gRPC call ended in a status other than OK.

What you see
    The client reports a status such as NOT_FOUND or UNAVAILABLE, often with a text. HTTP's own status is 200 all the
    same, so proxies and HTTP tools count the call as a success.

Why it happens
    gRPC tells the outcome of a call in the trailers, behind the messages: a stream may begin well and fail later. Some
    codes come from the application (NOT_FOUND, INVALID_ARGUMENT), some from the gRPC library at either end
    (UNIMPLEMENTED, INTERNAL, RESOURCE_EXHAUSTED), some from what lies between (UNAVAILABLE).

How we know (bytes)
    The header field grpc-status in the server's last header block, a number in decimal; grpc-message beside it.

What to do
    It depends on the code; the finding says what it means and where to look.

References
    grpc/grpc, doc/statuscodes.md and doc/PROTOCOL-HTTP2.md, "Responses".
"""

from typing import Final

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
from inspector.protocols.grpc_call import Call, status_name

UNIMPLEMENTED: Final = 12

MEANINGS: Final[dict[int, tuple[str, str, str]]] = {
    1: ("note", "The call was given up, mostly by the client.", "Find out who cancelled it, and whether it should."),
    2: (
        "warning",
        "The server's code failed with an error that it did not turn into a status, such as an exception.",
        "Look at the server's log at this time; let the method set a status of its own.",
    ),
    3: (
        "note",
        "The server refuses the request itself, whatever state it is in.",
        "Compare the request's fields with what the method allows.",
    ),
    4: (
        "warning",
        "The time that the client allowed was over before the call was done.",
        "Compare grpc-timeout with how long the call takes; make the server faster or the deadline longer.",
    ),
    5: ("note", "What the request names does not exist.", "Check the identifiers in the request."),
    6: ("note", "What the request would create exists already.", "Check whether an earlier call did it."),
    7: (
        "warning",
        "The server knows who asks, and does not allow it.",
        "Check the permissions of the caller; credentials alone do not help.",
    ),
    8: (
        "warning",
        "A limit is reached: a quota, memory, or the largest message that an end accepts (4 MiB by default).",
        "Compare the lengths of the messages with the limits (grpc.max_receive_message_length), and look at quotas.",
    ),
    9: (
        "note",
        "The system is not in the state that the call needs.",
        "Bring it into that state first; the same call again does not help.",
    ),
    10: ("note", "The call lost against another one that ran at the same time.", "Begin the transaction again."),
    11: ("note", "The request reaches beyond what there is.", "Check ranges and page tokens in the request."),
    UNIMPLEMENTED: (
        "warning",
        "The server does not have this service or this method.",
        "Compare the path with what the server registers: package, service and method must match to the letter.",
    ),
    13: (
        "warning",
        "Something broke inside gRPC or the server: a bug, or bytes that do not decode as the expected type.",
        "Compare the request's bytes with the type that the method expects, and look at the server's log.",
    ),
    14: (
        "warning",
        "The server cannot be reached, is shutting down, or something between drops the connection.",
        "Try again with growing pauses; look for resets and GOAWAY frames around this call.",
    ),
    15: ("warning", "Data is lost or damaged for good.", "Look at the storage behind the server."),
    16: (
        "warning",
        "The server does not know who asks: credentials are missing or not valid.",
        "Check the metadata of the request, such as authorization, and whether tokens have expired.",
    ),
}
"""By code: how bad it is, why it happens, what to do (doc/statuscodes.md)."""


def find(scene: Scene) -> list[Finding]:
    """Calls that failed, those of one code and connection together."""
    failed = [(str(call.status), call) for call in failed_calls(scene) if call.status > 0]
    return [_finding(scene, calls) for calls in grouped(failed)]


def _finding(scene: Scene, calls: list[Call]) -> Finding:
    first = calls[0]
    status = first.status
    name = status_name(status)
    severity, why, do = MEANINGS.get(
        status,
        ("warning", f"{status} is no code of gRPC: clients take it for UNKNOWN.", "Look at what the server sends."),
    )
    text = f' with "{first.text}"' if first.text else ""
    more = f", and {more_calls(calls)} the same way" if len(calls) > 1 else ""
    evidence = []
    for call in calls[:MAX_SHOWN]:
        evidence += call_evidence(scene, call)
        if call.ended is not None:
            evidence += field_evidence(scene, call.ended, "grpc-status", f"grpc-status {status}: {name}")
    return Finding(
        rule="grpc-status",
        severity=severity,
        flow=first.row.flow,
        title=f"{count(len(calls), 'gRPC call')} ended in {name}",
        see=f"Message {first.row.number}: {method_of(first)} ended in status {status}, {name}{text}{more}.",
        why=why,
        do=do,
        evidence=evidence,
        references=["grpc/grpc, doc/statuscodes.md", 'grpc/grpc, doc/PROTOCOL-HTTP2.md, "Responses"'],
    )
