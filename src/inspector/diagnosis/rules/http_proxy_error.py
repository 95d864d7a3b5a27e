"""A proxy answered in its own name: it could not get an answer from the service behind it.

What you see
    502 Bad Gateway, 503 Service Unavailable or 504 Gateway Timeout, with a small page of HTML. A Thrift client over
    HTTP says "HTTP Response code: 502" or fails to read a message, a gRPC client UNAVAILABLE.

Why it happens
    A proxy or load balancer stands between client and service. The service does not run, refuses the connection, speaks
    another protocol than the proxy expects (HTTP/1 to a gRPC or Thrift port, TLS to a plain one), or takes longer than
    the proxy waits.

How we know (bytes)
    The status, and what names the proxy: the header fields Via, Server, X-Forwarded and others, or the words of its
    page.

What to do
    Ask the service without the proxy, from the proxy's machine. Then read the proxy's error log: it says what it tried.

References
    RFC 9110 sections 15.6.3 to 15.6.5 (502, 503, 504) and 7.6.3 (Via); RFC 9209 (Proxy-Status).
"""

from typing import Final

from inspector.diagnosis.evidence import message_evidence
from inspector.diagnosis.http_answers import Line, failed_answers, proxy_sign, status_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Evidence, Finding
from inspector.model.message import Message

MEANINGS: Final = {
    502: "502 says that the proxy got no answer from the service, or one that it could not read: nothing listens "
    "there, it hung up, or it speaks another protocol than the proxy expects.",
    503: "503 says that the proxy has no service to ask at this time: all of them fail their health checks, or none "
    "is configured.",
    504: "504 says that the proxy waited for the service, and gave up at its time-out.",
}
THRIFT: Final = "application/x-thrift"
SHOWN: Final = 3
"""Answers that are given as evidence."""


def find(scene: Scene) -> list[Finding]:
    """Such answers, those of one server and one status together."""
    groups: dict[tuple[str, int, int], list[Message]] = {}
    for message in failed_answers(scene):
        code = status_of(message)
        if code in MEANINGS and (code != 503 or proxy_sign(message) is not None):
            server = scene.flow_table.flow(message.flow).server
            groups.setdefault((server.address, server.port, code), []).append(message)
    return [_finding(scene, code, answers) for (_, _, code), answers in groups.items()]


def _finding(scene: Scene, code: int, answers: list[Message]) -> Finding:
    first = answers[0]
    asked = first.answers
    flow = scene.flow_table.flow(first.flow)
    sign = proxy_sign(first)
    thrift = asked is not None and str(asked.facts.get("http.content_type", "")).lower().startswith(THRIFT)
    what = "Thrift call" if thrift else "request"
    more = f" So were {count(len(answers) - 1, 'more request')}." if len(answers) > 1 else ""
    waited = duration((first.time - asked.time) / 1e9) if asked is not None else ""
    see = f"{asked.summary if asked is not None else 'A request'} to {flow.server} was answered with {first.summary}"
    see += f" after {waited}.{more}" if waited else f".{more}"
    if sign is not None:
        see += f"\nWho answered names itself: {sign.text}."
    return Finding(
        rule="http-proxy-error",
        severity="error" if thrift else "warning",
        flow=first.flow,
        title=f"A proxy answered the {what} with {code}: the service behind it did not",
        see=see,
        why=_why(code, thrift, sign),
        do="On the proxy's machine, ask the service itself (its address is in the proxy's configuration), and read the "
        "proxy's error log. nginx writes for example \"connect() failed (111: Connection refused) while connecting to "
        'upstream" or "upstream sent no valid HTTP/1.0 header".',
        evidence=_evidence(answers, code, sign),
        references=[
            "RFC 9110 section 15.6.3 (502), 15.6.4 (503) and 15.6.5 (504)",
            "RFC 9110 section 7.6.3 (Via)",
        ],
    )


def _why(code: int, thrift: bool, sign: Line | None) -> str:
    lines = [
        "The client believes that it talks to the service. It talks to a proxy, which answered in its own name.",
        MEANINGS[code],
    ]
    if thrift:
        lines.append(
            "The body is a page for people, and no Thrift: the client cannot make a reply or an exception of it."
        )
    if sign is None:
        lines.append(
            "Nothing in the answer names the proxy, but this status is one that only gateways and proxies send."
        )
    return "\n".join(lines)


def _evidence(answers: list[Message], code: int, sign: Line | None) -> list[Evidence]:
    found: list[Evidence] = []
    for answer in answers[:SHOWN]:
        found += message_evidence(answer, 9, 12, f"HTTP: status {code}")
    if sign is not None:
        found += message_evidence(answers[0], sign.start, sign.end, f"who answered: {sign.text}")
    return found
