"""A client asked for a WebSocket and did not get one.

What you see
    A browser says "WebSocket connection failed", perhaps with "Unexpected response code: 200" or another number.
    Libraries say "Handshake status 403", "InvalidStatus" or "did not receive a valid HTTP response".

Why it happens
    A WebSocket begins as an HTTP request, and only the answer 101 turns the connection into one. Anything else is an
    ordinary answer: 200 from a server or proxy that did not see the Upgrade header, 401 or 403 from access control or
    a check of Origin, 404 for another path, 426 for another version, a redirect that clients do not follow. With 101
    the client still checks Sec-WebSocket-Accept, and hangs up when it does not match its key.

How we know (bytes)
    The request has Upgrade: websocket, or over HTTP/2 the method CONNECT with :protocol websocket. The status line of
    its answer is not 101 (over HTTP/2: not 2xx); or it is, and base64(SHA-1(key + GUID)) is not what it carries.

What to do
    Read the answer's status and body. With 200, look for a proxy that drops Upgrade and Connection, which are for one
    hop only: in nginx they must be set again with proxy_set_header. With 401 or 403 check cookies, tokens and Origin.
    Where the client only listens, server-sent events need no upgrade: one ordinary answer that does not end.

References
    RFC 6455 sections 4.1, 4.2.2 and 4.4; RFC 8441 section 5; RFC 9110 section 7.8.
"""

from inspector.diagnosis.heads import HeaderField, header_of
from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.websocket_talks import accept_witness, handshake_witness, header_evidence, is_request
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.protocols.websocket_handshake import accept_for

CAUSES = {
    2: "The server, or a proxy before it, treated the request as an ordinary one: it did not see the Upgrade header, "
    "or knows no WebSocket at this path.",
    3: "The server sends the client elsewhere; clients of WebSocket do not follow redirects.",
    4: "The server understood the request and refused it.",
    5: "The server, or the proxy before it, failed.",
}
"""By the first digit of the status."""
CODES = {
    400: "The server finds the handshake itself wrong: a header is missing, or was dropped on the way.",
    401: "The server wants to know first who the client is; browsers cannot add headers to this request, only cookies.",
    403: "Access control refused it; many servers check the Origin header, which only browsers must send.",
    404: "There is no WebSocket at this path.",
    405: "This path takes no GET, which a WebSocket begins with.",
    426: "The server saw no Upgrade header, which a proxy may have dropped, or takes another version only.",
    502: "The proxy got no proper answer from the server behind it.",
    503: "The server takes no more connections for now.",
    505: "The server was asked in HTTP/1.0, which has no Upgrade: a proxy before it does not speak HTTP/1.1 to it.",
}
SEEN = 4096
"""Bytes of request and answer that the witness reads."""


def find(scene: Scene) -> list[Finding]:
    """Requests for a WebSocket whose answer is not one."""
    found: list[Finding] = []
    for message in scene.answers:
        request = message.answers
        if request is None or not is_request(request) or message.side == request.side:
            continue
        status = message.facts.get("http.response.code", message.facts.get("http2.headers.status"))
        if not isinstance(status, int):
            continue
        if message.protocol == "http" and status == 101:
            wrong = _wrong_accept(request, message)
            if wrong is not None:
                found.append(wrong)
            unasked = _not_offered(request, message)
            if unasked is not None:
                found.append(unasked)
        elif message.protocol == "http2" and 200 <= status < 300:
            unasked = _not_offered(request, message)
            if unasked is not None:
                found.append(unasked)
        elif status >= 200:
            found.append(_refused(request, message, status))
    return found


def _refused(request: Message, answer: Message, status: int) -> Finding:
    over_http2 = request.protocol == "http2"
    wanted = "2xx" if over_http2 else "101"
    cause = CODES.get(status, CAUSES.get(status // 100, "The answer is none that accepts."))
    why = f"Only {wanted} makes a WebSocket of the connection.\n{cause}"
    missing = _missing(request)
    if missing:
        why = f"{why}\n{missing}"
    witness = None
    evidence = evidence_of(answer, 0, answer.length if over_http2 else 12, f"status {status}: refused")
    if over_http2:
        evidence = evidence_of(request, 0, request.length, "the request for a WebSocket") + evidence
    else:
        evidence = header_evidence(request, b"upgrade", "the client asks for a WebSocket") + evidence
        witness = handshake_witness(_start(request), _start(answer))
    return Finding(
        rule="websocket-refused",
        severity="error" if status < 300 else "warning",
        flow=request.flow,
        title=f"WebSocket refused: answered {status}",
        see=f'Message {request.number}, "{request.summary}", asks for a WebSocket. '
        f'Message {answer.number} answers "{answer.summary}".',
        why=why,
        do=_do(status),
        evidence=evidence,
        witness=witness,
        references=["RFC 6455 section 4.1 (client), 4.2.2 (server), 4.4 (versions)", "RFC 9110 section 7.8 (Upgrade)"],
    )


def _start(message: Message) -> bytes:
    return message.buffer.read(message.start, min(message.end, message.start + SEEN))


def _missing(request: Message) -> str:
    """What the request lacks to be a handshake (RFC 6455 4.2.1)."""
    if request.protocol != "http":
        return ""
    lacks: list[str] = []
    if "upgrade" not in str(request.facts.get("http.connection", "")).lower():
        lacks.append("Connection: Upgrade")
    if not request.facts.get("http.sec_websocket_key"):
        lacks.append("Sec-WebSocket-Key")
    if request.facts.get("http.sec_websocket_version") != "13":
        lacks.append("Sec-WebSocket-Version: 13")
    return f"The request itself lacks {' and '.join(lacks)}." if lacks else ""


def _do(status: int) -> str:
    if status // 100 == 2 or status in (426, 505):
        return (
            "Look for a proxy between client and server: Upgrade and Connection are for one hop and must be set anew.\n"
            "In nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
            'proxy_set_header Connection "upgrade".\n'
            "Then check that the path is the one on which the server takes WebSockets.\n"
            "Where only the server has something to say, server-sent events need no upgrade."
        )
    if status // 100 == 3:
        return "Connect to the address in the Location header at once."
    if status in (401, 403):
        return "Check token, cookies and the Origin header against what the server accepts; read the answer's body."
    return "Read the answer's body and the server's log; check path, headers and version of the request."


def _wrong_accept(request: Message, answer: Message) -> Finding | None:
    key = str(request.facts.get("http.sec_websocket_key", ""))
    given = str(answer.facts.get("http.sec_websocket_accept", ""))
    if not key or not request.complete or not answer.complete or given == accept_for(key):
        return None
    shown = f'"{given}"' if given else "missing"
    return Finding(
        rule="websocket-refused",
        severity="error",
        flow=request.flow,
        title="WebSocket handshake with a wrong accept",
        see=f"Message {answer.number} says 101, but its Sec-WebSocket-Accept is {shown}.",
        why=f"For the key {key} it must be {accept_for(key)}: base64 of the SHA-1 of the key and a fixed text.\n"
        "A client that checks it ends the connection, for the answer may come from a cache or from a server that only "
        "repeats headers.",
        do="Let a WebSocket library answer the handshake; look for caches and proxies that answer in its place.",
        evidence=header_evidence(request, b"sec-websocket-key", "the client's key")
        + header_evidence(answer, b"sec-websocket-accept", "the server's answer to it"),
        witness=accept_witness(key),
        references=["RFC 6455 section 4.1 (what the client checks), 4.2.2 (how accept is made)"],
    )


def _not_offered(request: Message, answer: Message) -> Finding | None:
    """An answer that agrees on what the client did not offer (RFC 6455 4.1)."""
    for name, what in (("sec-websocket-protocol", "subprotocol"), ("sec-websocket-extensions", "extension")):
        chosen, offered = header_of(answer, name), header_of(request, name)
        known = _names(offered.value)
        unasked = [each for each in _names(chosen.value) if each not in known]
        if unasked:
            return _unasked(request, answer, what, unasked[0], known, (offered, chosen))
    return None


def _names(header: str) -> list[str]:
    """The subprotocols or extensions that a header lists, without parameters."""
    return [name for name in (each.partition(";")[0].strip() for each in header.split(",")) if name]


def _unasked(
    request: Message,
    answer: Message,
    what: str,
    name: str,
    known: list[str],
    headers: tuple[HeaderField, HeaderField],
) -> Finding:
    offered, chosen = headers
    offers = f"only {', '.join(known)}" if known else "none"
    evidence = evidence_of(request, offered.start, offered.end, f"the client offers {offers}") if known else []
    return Finding(
        rule="websocket-refused",
        severity="error",
        flow=request.flow,
        title=f"WebSocket handshake with {'an' if what[0] == 'e' else 'a'} {what} that was not offered",
        see=f"Message {answer.number} agrees on the {what} {name[:80]}; message {request.number} offers {offers}.",
        why=f"A client must end the connection on a {what} that it did not ask for: it could not read what follows.",
        do=f"Let the server answer with one of the client's offers, or leave the header out.\n"
        f"Let the client offer {name[:80]}, if it speaks it.",
        evidence=evidence + evidence_of(answer, chosen.start, chosen.end, f"the server agrees on {name[:80]}"),
        references=["RFC 6455 section 4.1 (what the client checks)", "RFC 6455 sections 1.9 and 9.1"],
    )
