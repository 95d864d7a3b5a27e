"""The header lines of an HTTP/1 message with their places, and what in them tells of a proxy."""

import re
from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.scene import Scene
from inspector.model.message import Message

MOST: Final = 16_384
"""Bytes of a message in which header lines are looked for."""

_PROXIES: Final = re.compile(
    r"\b(nginx|openresty|envoy|istio-envoy|haproxy|squid|varnish|traefik|caddy|cloudflare|cloudfront|awselb|akamai\w*"
    r"|gws|tinyproxy|bigip|apache traffic ?server|ats|zscaler|mitmproxy|kong|linkerd|openshift)\b",
    re.IGNORECASE,
)
"""Programs that stand between clients and services, as they name themselves."""
_MARKS: Final = (
    "via",
    "proxy-agent",
    "proxy-status",
    "proxy-authenticate",
    "x-squid-error",
    "x-cache",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-envoy-upstream-service-time",
    "x-amz-cf-id",
    "cf-ray",
    "forwarded",
)
"""Header fields that proxies add (RFC 9110 7.6.3, RFC 9209, RFC 7239, and usage)."""
_PAGES: Final = (b"No server is available to handle this request", b"upstream connect error", b"Proxy Error")
"""Words on the error pages of HAProxy, Envoy and Apache's mod_proxy, which do not always name themselves."""


FAILED: Final = 400


def answers(scene: Scene) -> list[Message]:
    """All HTTP/1 responses that answer a request of the capture."""
    known = scene.worked_out.get("answers")
    if not isinstance(known, list):
        known = [m for m in scene.messages if m.answers is not None and m.protocol == "http" and m.kind == "response"]
        scene.worked_out["answers"] = known
    return known


def failed_answers(scene: Scene) -> list[Message]:
    """Those of them with a status of 400 or more."""
    known = scene.worked_out.get("failed answers")
    if not isinstance(known, list):
        known = [message for message in answers(scene) if status_of(message) >= FAILED]
        scene.worked_out["failed answers"] = known
    return known


def status_of(message: Message) -> int:
    """The status code of a response, 0 when it was not captured."""
    code = message.facts.get("http.response.code")
    return code if isinstance(code, int) else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A header line: `name` in lower case, bytes `start:end` of the message."""

    name: str
    value: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """The line for people."""
        return f"{self.name}: {self.value}"


def head_lines(message: Message) -> list[Line]:
    """The header lines of an HTTP/1 message, as far as they were captured."""
    data = message.buffer.read(message.start, min(message.end, message.start + MOST))
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    found: list[Line] = []
    at = head.find(b"\n") + 1
    while 0 < at < len(head):
        end = head.find(b"\n", at)
        end = len(head) if end < 0 else end
        name, colon, value = head[at:end].partition(b":")
        if colon:
            text = value.strip().decode("latin-1")
            found.append(Line(name.strip().decode("latin-1").lower(), text, at, at + len(head[at:end].rstrip())))
        at = end + 1
    return found


def proxy_sign(message: Message) -> Line | None:
    """What in a response tells that a proxy sent it or passed it on; None without."""
    lines = head_lines(message)
    for line in lines:
        if line.name in _MARKS or (line.name == "server" and _PROXIES.search(line.value)):
            return line
    data = message.buffer.read(message.start, min(message.end, message.start + MOST))
    for words in _PAGES:
        at = data.find(words)
        if at >= 0:
            return Line("the page", words.decode(), at, at + len(words))
    return None
