"""An HTTP request went to Redis or PostgreSQL, and the answer was an error in its protocol.

What you see
    curl says "(1) Received HTTP/0.9 when not allowed". The server sent "-ERR unknown command", or an E and a text
    such as "unsupported frontend protocol".

Why it happens
    Redis also takes commands as plain lines, so "GET / HTTP/1.1" is its own command GET with too many arguments.
    PostgreSQL reads the first four bytes as the length of a start-up packet.

How we know (bytes)
    The request line as the database reads it, and the error that came back: "-" begins Redis' errors, E with a length
    PostgreSQL's.

What to do
    Use the database's own client: redis-cli, psql.

References
    Redis serialization protocol, Inline commands and Simple errors; PostgreSQL, Message Formats, ErrorResponse.
"""

import re
from typing import Final

from inspector.diagnosis import readings
from inspector.diagnosis.clients import BINARY, client_words
from inspector.diagnosis.evidence import answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.scene import Case, Scene
from inspector.model.finding import Finding

_REDIS: Final = re.compile(rb"-[A-Z]{2,12} [^\r\n]{0,200}")
_POSTGRES: Final = re.compile(rb"E\0\0..[SM][^\0]{1,40}\0", re.DOTALL)


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that were answered with a database's error."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.speaks_http and case.answer:
            name = "Redis" if _REDIS.match(case.answer) else "PostgreSQL" if _POSTGRES.match(case.answer) else ""
            if name:
                found.append(_finding(case, name))
    return found


def _finding(case: Case, name: str) -> Finding:
    text, end = _error(case.answer, name)
    if name == "Redis":
        reading, client = readings.redis_reading(case.opening), f"redis-cli -h {case.flow.server.address}"
    else:
        reading, client = readings.postgres_reading(case.opening), f"psql -h {case.flow.server.address}"
    return Finding(
        rule="http-to-database",
        severity="error",
        flow=case.flow.number,
        title=f"HTTP sent to {name}",
        see=f'The client sent "{case.request_line}" to {case.flow.server}. The server answered with an error of '
        f'{name}\'s: "{text}".\n{client_words(case.opening, BINARY)}',
        why=f"The client believes that it speaks HTTP.\nThe server believes that it speaks {name}: {reading.text}.",
        do=f"Use {name}'s own client:\n{client} -p {case.flow.server.port}",
        evidence=reading_evidence(case, [readings.http_reading(case.opening), reading])
        + answer_evidence(
            case, [(0, end, f"{name}: an error"), (0, 1, f"{name}: '{chr(case.answer[0])}' begins an error")]
        )
        + server_end_evidence(case),
        references=[
            "Redis serialization protocol specification, Inline commands and Simple errors",
            "PostgreSQL documentation, Message Formats, ErrorResponse",
        ],
    )


def _error(answer: bytes, name: str) -> tuple[str, int]:
    """The error's text, and where it ends in the answer."""
    if name == "Redis":
        line = answer.split(b"\r\n", 1)[0][:200]
        return _plain(line), len(line)
    end = min(1 + int.from_bytes(answer[1:5], "big"), len(answer))
    fields = [part for part in answer[5:end].split(b"\0") if part]
    text = next((part[1:] for part in fields if part[:1] == b"M"), b"")
    return _plain(text), end


def _plain(raw: bytes) -> str:
    return "".join(c if c.isprintable() else "·" for c in raw.decode("utf-8", "replace"))
