"""HTTP/1 answers as rules see them, and what in them tells of a proxy."""

import re
from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.heads import head_of, header_of
from inspector.diagnosis.scene import Scene
from inspector.model.message import Message

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
        known = [m for m in scene.answers if m.protocol == "http" and m.kind == "response"]
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
    """A header field, or words on a page: bytes `start:end` of the message."""

    name: str
    value: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.name}: {self.value}"


def proxy_sign(message: Message) -> Line | None:
    """What in a response tells that a proxy sent it or passed it on; None without."""
    for name in ("server", *_MARKS):
        start, end, value = header_of(message, name)
        if value and (name != "server" or _PROXIES.search(value)):
            return Line(name, value, start, end)
    head = head_of(message)
    for words in _PAGES:
        at = head.find(words)
        if at >= 0:
            return Line("the page", words.decode(), at, at + len(words))
    return None
