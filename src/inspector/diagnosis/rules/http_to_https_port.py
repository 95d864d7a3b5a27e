"""An HTTP request in clear went to a port for HTTPS, and the server said so in clear.

What you see
    400 Bad Request with a page such as "The plain HTTP request was sent to HTTPS port".

Why it happens
    The port expects a TLS handshake. This server looked at the first byte, found a letter where 22 (0x16) begins a
    handshake, and answered in HTTP out of kindness; others close or send an alert.

How we know (bytes)
    The request line in clear, and the server's own words in its answer.

What to do
    Write https:// in the client's address.

References
    RFC 8446 section 5.1; RFC 9110 section 4.2.2 (https URI scheme).
"""

from typing import Final

from inspector.diagnosis.evidence import message_evidence
from inspector.diagnosis.http_answers import failed_answers, status_of
from inspector.diagnosis.readings import tls_reading
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count
from inspector.model.finding import Finding
from inspector.model.message import Message

BAD_REQUEST: Final = 400
MOST: Final = 4096
"""Bytes of an answer in which the words are looked for."""
WORDS: Final = (
    b"The plain HTTP request was sent to HTTPS port",
    b"speaking plain HTTP to an SSL-enabled server port",
    b"Client sent an HTTP request to an HTTPS server",
    b"This combination of host and port requires TLS",
    b"http request to https port",
)
"""What nginx, Apache, Go, Tomcat and others write."""


def find(scene: Scene) -> list[Finding]:
    """Such answers, those of one server together."""
    groups: dict[tuple[str, int], list[tuple[Message, int, int]]] = {}
    for message in failed_answers(scene):
        if status_of(message) != BAD_REQUEST:
            continue
        data = message.buffer.read(message.start, min(message.end, message.start + MOST))
        for words in WORDS:
            at = data.find(words)
            if at >= 0:
                server = scene.flow_table.flow(message.flow).server
                groups.setdefault((server.address, server.port), []).append((message, at, at + len(words)))
    return [_finding(scene, found) for found in groups.values()]


def _finding(scene: Scene, found: list[tuple[Message, int, int]]) -> Finding:
    answer, start, end = found[0]
    asked = answer.answers
    assert asked is not None
    server = scene.flow_table.flow(answer.flow).server
    words = answer.buffer.read(answer.start + start, answer.start + end).decode("latin-1")
    opening = asked.buffer.read(asked.start, min(asked.start + 4, asked.end))
    more = f" So were {count(len(found) - 1, 'more request')}." if len(found) > 1 else ""
    return Finding(
        rule="http-to-https-port",
        severity="error",
        flow=answer.flow,
        title="HTTP in clear sent to a port for HTTPS",
        see=f'The client sent "{asked.summary}" in clear to {server}, and was answered {answer.summary}: '
        f'"{words}".{more}\n'
        "curl prints the page; there is no error in its own words.",
        why="The client believes that the port speaks HTTP without encryption.\n"
        "The server believes that TLS begins, with a record whose first byte is 22. It understood the mistake, as many "
        "make it, and answered in clear.",
        do=f"Ask with https:\ncurl -v https://{server}/",
        evidence=message_evidence(asked, 0, 1, tls_reading(opening).text)
        + message_evidence(answer, start, end, "the server's own words"),
        references=["RFC 8446 section 5.1 (record layer)", "RFC 9110 section 4.2.2 (https URI scheme)"],
    )
