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
    served: set[tuple[str, int]] = set()
    thrift: set[tuple[str, int]] = set()
    for message in scene.messages:
        if message.protocol != "http":
            continue
        server = scene.flow_table.flow(message.flow).server
        key = (server.address, server.port)
        if str(message.facts.get("http.content_type", "")).lower().startswith(THRIFT):
            thrift.add(key)
        asked = message.answers
        if message.kind == "response" and asked is not None and asked.facts.get("http.request.method") in LOOKING:
            if message.facts.get("http.response.code") in STATUSES:
                refused.setdefault(key, []).append(message)
            else:
                served.add(key)
    return [_finding(scene, found, key in thrift) for key, found in refused.items() if key not in served]


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
