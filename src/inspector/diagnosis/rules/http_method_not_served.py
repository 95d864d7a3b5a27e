"""A server that does speak HTTP does not serve this method: as one for Thrift over HTTP, which takes POST alone.

What you see
    501 Not Implemented or 405 Method Not Allowed in answer to GET or HEAD. Python's Thrift server over HTTP says
    "Unsupported method ('GET')".

Why it happens
    The port speaks HTTP, but the service behind it is no web site: Thrift over HTTP, JSON-RPC and SOAP take calls in
    the bodies of POST requests. Whoever looks with a browser, curl or a health check asks with GET.

How we know (bytes)
    The request's method, and the status of the answer.

What to do
    Ask with POST and a body of the service's protocol; let health checks open a TCP connection, or POST a call that
    changes nothing.

References
    RFC 9110 sections 15.6.2 (501) and 15.5.6 (405); Apache Thrift, doc/specs/thrift-rpc.md.
"""

from typing import Final

from inspector.diagnosis.evidence import message_evidence
from inspector.diagnosis.http_answers import answers, failed_answers, status_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count
from inspector.model.finding import Finding
from inspector.model.message import Message

STATUSES: Final = frozenset({405, 501})
LOOKING: Final = frozenset({"GET", "HEAD"})
THRIFT: Final = "application/x-thrift"


def find(scene: Scene) -> list[Finding]:
    """GET and HEAD that a server does not serve at all, each server once."""
    refused: dict[tuple[str, int], list[Message]] = {}
    for message in failed_answers(scene):
        if status_of(message) in STATUSES and _looks(message):
            refused.setdefault(_server(scene, message), []).append(message)
    if not refused:
        return []
    served = {_server(scene, m) for m in answers(scene) if status_of(m) not in STATUSES and _looks(m)}
    thrift = {_server(scene, m) for m in answers(scene) if _is_thrift(m)}
    return [_finding(scene, found, key in thrift) for key, found in refused.items() if key not in served]


def _looks(answer: Message) -> bool:
    """Whether it answers GET or HEAD."""
    return answer.answers is not None and answer.answers.facts.get("http.request.method") in LOOKING


def _is_thrift(answer: Message) -> bool:
    """Whether it, or what it answers, says that its body is Thrift."""
    both = (answer, answer.answers)
    return any(m is not None and str(m.facts.get("http.content_type", "")).lower().startswith(THRIFT) for m in both)


def _server(scene: Scene, message: Message) -> tuple[str, int]:
    server = scene.flow_table.flow(message.flow).server
    return server.address, server.port


def _finding(scene: Scene, found: list[Message], thrift: bool) -> Finding:
    answer = found[0]
    asked = answer.answers
    assert asked is not None
    server = scene.flow_table.flow(answer.flow).server
    method = str(asked.facts.get("http.request.method"))
    more = f" So were {count(len(found) - 1, 'more request')}." if len(found) > 1 else ""
    what = (
        "On the same port Thrift travels in the bodies of POST requests."
        if thrift
        else "What it does serve, this does not tell: Thrift over HTTP, JSON-RPC and SOAP all take POST alone."
    )
    return Finding(
        rule="http-method-not-served",
        severity="note",
        flow=answer.flow,
        title=f"The server speaks HTTP, but does not serve {method}",
        see=f'The client sent "{asked.summary}" to {server}, and was answered "{answer.summary}".{more}',
        why=f"The client believes that there is a page to see. The server speaks HTTP, and understood. {what}",
        do="Use a client for the service: for Thrift THttpClient with the service's path, for a HiveServer2 "
        "transportMode=http;httpPath=cliservice.",
        evidence=message_evidence(asked, 0, len(method), f"HTTP: the method {method}")
        + message_evidence(answer, 9, 12, f"HTTP: status {answer.facts.get('http.response.code')}"),
        references=["RFC 9110 section 15.6.2 (501) and section 15.5.6 (405)"],
    )
