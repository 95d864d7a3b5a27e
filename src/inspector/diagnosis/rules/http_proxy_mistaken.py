"""A client took a server for an HTTP proxy, or a proxy for a server; or a proxy refused what it was asked for.

What you see
    curl says "(56) CONNECT tunnel failed, response 400" (or 403, 405, 407, 502), or gets a 404 for an address that
    works without a proxy. Often the client was told of the proxy by HTTP_PROXY or HTTPS_PROXY in its environment. The
    other way round a proxy answers 400 to a client that does not know that it talks to one.

Why it happens
    A client that believes in a proxy asks it in a form of its own: CONNECT host:port for a tunnel, or the whole URL in
    the request line. A server that is no proxy does not know CONNECT, and looks the URL up among its own pages. A proxy
    refuses what its rules do not allow, wants a login, or does not reach the target; asked for a bare path, it does not
    know of which server.

How we know (bytes)
    The request line, which begins with CONNECT, holds a whole URL or a path, and the status of the answer.

What to do
    Look at the client's proxy settings, NO_PROXY among them; or at the proxy's rules and log.

References
    RFC 9110 section 9.3.6 (CONNECT) and 15.5.8 (407); RFC 9112 section 3.2 (forms of the request target).
"""

import re
from typing import Final

from inspector.diagnosis.evidence import message_evidence
from inspector.diagnosis.http_answers import FAILED, Line, answers, failed_answers, proxy_sign, status_of
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message

UNREACHED: Final = frozenset({500, 502, 503, 504})
LOGIN: Final = 407
TUNNEL: Final = "CONNECT"
ABSOLUTE: Final = "the whole URL"
ORIGIN: Final = "a path alone"
FORMS: Final = {
    TUNNEL: "HTTP: CONNECT, which asks a proxy for a tunnel",
    ABSOLUTE: "HTTP: a whole URL in the request line, which is how a proxy is asked",
    ORIGIN: "HTTP: a path in the request line, which is how a server is asked",
}
"""What a request line holds, and what that says."""
_FORWARD: Final = re.compile(r"\b(squid|tinyproxy|privoxy|3proxy|polipo|ccproxy|mitmproxy)\b", re.IGNORECASE)
"""Proxies that stand before clients rather than servers, as they name themselves."""

Key = tuple[str, int, str]


def find(scene: Scene) -> list[Finding]:
    """Requests in the wrong form, or refused by a proxy; each server and form once, where none was let through."""
    refused: dict[Key, Message] = {}
    for message in failed_answers(scene):
        key = _key(scene, message)
        if key[2] != ORIGIN or (status_of(message) == FAILED and _is_forward(proxy_sign(message))):
            refused.setdefault(key, message)
    if not refused:
        return []
    passed = {_key(scene, message) for message in answers(scene) if 200 <= status_of(message) < FAILED}
    return [_finding(scene, answer, key[2]) for key, answer in refused.items() if key not in passed]


def _key(scene: Scene, answer: Message) -> Key:
    server = scene.flow_table.flow(answer.flow).server
    return server.address, server.port, _form(answer.answers) if answer.answers is not None else ORIGIN


def _form(asked: Message) -> str:
    """The form of the request target (RFC 9112 3.2)."""
    if asked.facts.get("http.request.method") == "CONNECT":
        return TUNNEL
    target = str(asked.facts.get("http.request.uri", ""))
    return ABSOLUTE if target.lower().startswith(("http://", "https://")) else ORIGIN


def _is_forward(sign: Line | None) -> bool:
    return sign is not None and (sign.name == "x-squid-error" or _FORWARD.search(sign.value) is not None)


def _finding(scene: Scene, answer: Message, form: str) -> Finding:
    asked = answer.answers
    assert asked is not None
    server = scene.flow_table.flow(answer.flow).server
    code = status_of(answer)
    sign = proxy_sign(answer)
    is_proxy = code in UNREACHED or code == LOGIN or _is_forward(sign) or (sign is not None and sign.name != "server")
    shown = (
        f'curl prints "curl: (56) CONNECT tunnel failed, response {code}".'
        if form == TUNNEL
        else "curl prints the page."
    )
    evidence = message_evidence(asked, 0, max(asked.summary.rfind(" "), 1), FORMS[form])
    evidence += message_evidence(answer, 9, 12, f"HTTP: status {code}")
    if sign is not None:
        evidence += message_evidence(answer, sign.start, sign.end, f"who answered: {sign.text}")
    return Finding(
        rule="http-proxy-mistaken",
        severity="error" if form == TUNNEL and code != LOGIN else "warning",
        flow=answer.flow,
        title=f"{_title(form, is_proxy)}: status {code}",
        see=f"The client sent {asked.summary} to {server}, and was answered with {answer.summary}. {shown}",
        why=_why(code, form, is_proxy, sign),
        do=_do(code, form, is_proxy, str(server)),
        evidence=evidence,
        references=[
            "RFC 9110 section 9.3.6 (CONNECT)" if form == TUNNEL else "RFC 9112 section 3.2 (request target)",
            "RFC 9110 section 7.6.3 (Via)",
        ],
    )


def _title(form: str, is_proxy: bool) -> str:
    if form == ORIGIN:
        return "A proxy was asked as if it were the server"
    return "The proxy did not let the request through" if is_proxy else "A server that is no proxy was asked as one"


def _why(code: int, form: str, is_proxy: bool, sign: Line | None) -> str:
    if form == ORIGIN:
        lines = [
            "The client believes that it talks to the server itself: it sends a path alone.",
            "The server is a proxy. It does not know which server the path belongs to.",
        ]
    else:
        lines = [f"The client believes that it talks to a proxy: that is why it sends {form} in the request line."]
        if code == LOGIN:
            lines.append("The proxy wants to know who asks: 407 names the way in Proxy-Authenticate.")
        elif code in UNREACHED:
            lines.append("The server is a proxy, but does not reach what it was asked for.")
        elif is_proxy:
            lines.append("The server is a proxy, and its rules do not allow this target, port or client.")
        else:
            ending = "which knows no CONNECT." if form == TUNNEL else "which looks for this URL among its own."
            lines.append(f"The server believes that it is asked for itself: it is an ordinary web server, {ending}")
    if sign is not None:
        lines.append(f"It names itself: {sign.text}.")
    return "\n".join(lines)


def _do(code: int, form: str, is_proxy: bool, server: str) -> str:
    if form == ORIGIN:
        return f"Ask the server itself, or tell the client of the proxy:\ncurl -x http://{server} http://HOST/"
    if code == LOGIN:
        return "Give the client the proxy's user name and password:\ncurl --proxy-user USER ..."
    if is_proxy:
        return "Look at the proxy's rules and log: which targets and ports it allows, and whether it finds the name."
    return (
        "See which proxy the client was told to use, and take it away for this address:\n"
        "env | grep -i proxy\nNO_PROXY=HOST command"
    )
