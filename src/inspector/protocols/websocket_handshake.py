"""The handshake of a WebSocket: key, accept and what both sides agreed on. Spec: RFC 6455 4."""

from base64 import b64encode
from hashlib import sha1
from typing import Final

GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 1.3: joined to the client's key, so that only a WebSocket server gives the right answer."""


class Handshake:
    """What request and answer of the handshake said; `expected` is the right accept, `fault` what is wrong."""

    def __init__(self) -> None:
        self.key = ""
        self.accept = ""
        self.expected = ""
        self.extensions = ""
        self.subprotocol = ""
        self.fault = ""


def read_handshake(details: dict[str, str]) -> Handshake:
    """The handshake out of the header fields of its request and answer (RFC 6455 4.2.2)."""
    found = Handshake()
    found.key = details.get("sec-websocket-key", "")
    found.accept = details.get("sec-websocket-accept", "")
    found.extensions = details.get("sec-websocket-extensions", "")
    found.subprotocol = details.get("sec-websocket-protocol", "")
    if not found.key:
        return found
    found.expected = accept_for(found.key)
    if not found.accept:
        found.fault = f"the handshake's answer has no Sec-WebSocket-Accept; {found.expected} is right"
    elif found.accept != found.expected:
        found.fault = f"the handshake's Sec-WebSocket-Accept is {found.accept}; {found.expected} is right"
    return found


def accept_for(key: str) -> str:
    """The Sec-WebSocket-Accept that proves that a server has read `key` (RFC 6455 4.2.2)."""
    return b64encode(sha1((key + GUID).encode("latin-1", "replace")).digest()).decode()  # noqa: S324
