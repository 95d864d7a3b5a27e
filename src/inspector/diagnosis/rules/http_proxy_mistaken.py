"""A client took a server for an HTTP proxy, or a proxy refused what it was asked to pass on.

What you see
    curl says "(56) CONNECT tunnel failed, response 400" (or 403, 405, 407, 502), or a 404 for an address that works
    without a proxy. Often the client was told of the proxy by HTTP_PROXY or HTTPS_PROXY in its environment.

Why it happens
    A client that believes in a proxy asks it in a form of its own: CONNECT host:port for a tunnel, or the whole URL in
    the request line. A server that is no proxy does not know CONNECT, and looks the URL up among its own pages. A proxy
    refuses what its rules do not allow, wants a login, or does not reach the target.

How we know (bytes)
    The request line, which begins with CONNECT or holds a whole URL, and the status of the answer.

What to do
    Look at the client's proxy settings, NO_PROXY among them; or at the proxy's rules and log.

References
    RFC 9110 section 9.3.6 (CONNECT) and 15.5.8 (407); RFC 9112 section 3.2.2 (absolute form).
"""

from typing import Final

from inspector.diagnosis.evidence import message_evidence
from inspector.diagnosis.http_heads import Line, proxy_sign
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message

UNREACHED: Final = frozenset({500, 502, 503, 504})
LOGIN: Final = 407


def find(scene: Scene) -> list[Finding]:
    """CONNECT and whole URLs that were refused, each server once, where none was let through."""
    refused: dict[tuple[str, int, bool], Message] = {}
    passed: set[tuple[str, int, bool]] = set()
    for message in scene.messages:
        asked = message.answers
        if message.protocol != "http" or asked is None or message.kind != "response":
            continue
        code = message.facts.get("http.response.code")
        tunnel = asked.facts.get("http.request.method") == "CONNECT"
        if not isinstance(code, int) or code < 200 or not (tunnel or _is_absolute(asked)):
            continue
        server = scene.flow_table.flow(message.flow).server
        key = (server.address, server.port, tunnel)
        if code < 400:
            passed.add(key)
        else:
            refused.setdefault(key, message)
    return [
        _finding(scene, answer, tunnel) for key, answer in refused.items() if key not in passed for tunnel in key[2:]
    ]


def _is_absolute(asked: Message) -> bool:
    return str(asked.facts.get("http.request.uri", "")).lower().startswith(("http://", "https://"))


def _finding(scene: Scene, answer: Message, tunnel: bool) -> Finding:
    asked = answer.answers
    assert asked is not None
    server = scene.flow_table.flow(answer.flow).server
    code = int(str(answer.facts["http.response.code"]))
    sign = proxy_sign(answer)
    is_proxy = code in UNREACHED or code == LOGIN or (sign is not None and sign.name != "server")
    title = "The proxy did not let the request through" if is_proxy else "A server that is no proxy was asked as one"
    curl = f'curl prints "curl: (56) CONNECT tunnel failed, response {code}".' if tunnel else "curl prints the page."
    evidence = message_evidence(asked, 0, asked.summary.rfind(" ") or asked.length, _form(tunnel))
    evidence += message_evidence(answer, 9, 12, f"HTTP: status {code}")
    if sign is not None:
        evidence += message_evidence(answer, sign.start, sign.end, f"who answered: {sign.text}")
    return Finding(
        rule="http-proxy-mistaken",
        severity="error" if tunnel and code != LOGIN else "warning",
        flow=answer.flow,
        title=f"{title}: status {code}",
        see=f"The client sent {asked.summary} to {server}, and was answered with {answer.summary}. {curl}",
        why=_why(code, tunnel, is_proxy, sign),
        do=_do(code, is_proxy),
        evidence=evidence,
        references=[
            "RFC 9110 section 9.3.6 (CONNECT)" if tunnel else "RFC 9112 section 3.2.2 (absolute form)",
            "RFC 9110 section 7.6.3 (Via)",
        ],
    )


def _form(tunnel: bool) -> str:
    if tunnel:
        return "HTTP: CONNECT, which asks a proxy for a tunnel"
    return "HTTP: a whole URL in the request line, which is how a proxy is asked"


def _why(code: int, tunnel: bool, is_proxy: bool, sign: Line | None) -> str:
    form = "CONNECT" if tunnel else "the whole URL"
    lines = [f"The client believes that it talks to a proxy: that is why it sends {form} in the request line."]
    if code == LOGIN:
        lines.append("The proxy wants to know who asks: 407 names the way in Proxy-Authenticate.")
    elif code in UNREACHED:
        lines.append("The server is a proxy, but does not reach what it was asked for.")
    elif is_proxy:
        lines.append("The server is a proxy, and its rules do not allow this target, port or client.")
    else:
        lines.append(
            "The server believes that it is asked for itself: it is an ordinary web server, "
            + ("which knows no CONNECT." if tunnel else "which looks for this URL among its own.")
        )
    if sign is not None:
        lines.append(f"It names itself: {sign.text}.")
    return "\n".join(lines)


def _do(code: int, is_proxy: bool) -> str:
    if code == LOGIN:
        return "Give the client the proxy's user name and password:\ncurl --proxy-user USER ..."
    if is_proxy:
        return (
            "Look at the proxy's rules and log: which targets and ports it allows, and whether it can resolve the name."
        )
    return (
        "See which proxy the client was told to use, and take it away for this address:\n"
        "env | grep -i proxy\nNO_PROXY=HOST command"
    )
