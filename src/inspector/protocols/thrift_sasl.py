"""SASL negotiation before Thrift. Spec: thrift/doc/specs/thrift-sasl-spec.txt"""

from typing import Final

from inspector.wire.reader import Reader

START: Final = 1
OK: Final = 2
BAD: Final = 3
ERROR: Final = 4
COMPLETE: Final = 5
STATUS_NAMES: Final = ("", "START", "OK", "BAD", "ERROR", "COMPLETE")

MAX_PAYLOAD: Final = 65_536
"""Bytes of one negotiation message that are believed; tokens with large Kerberos tickets stay below."""

MECHANISMS: Final = (
    "PLAIN",
    "GSSAPI",
    "GSS-SPNEGO",
    "DIGEST-MD5",
    "KERBEROS",
    "KERBEROS_V4",
    "CRAM-MD5",
    "ANONYMOUS",
    "EXTERNAL",
    "LOGIN",
    "OAUTHBEARER",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-512",
)
"""Names registered with IANA, and those that Hadoop's services use."""

WRAPPING: Final = ("GSSAPI", "GSS-SPNEGO", "DIGEST-MD5", "KERBEROS_V4")
"""Mechanisms that can sign or encrypt what follows (RFC 4422 section 3.7)."""


class SaslMessage:
    """One negotiation message; `text` is its payload where that is text, `user` whom PLAIN names."""

    __slots__ = ("length", "status", "text", "user")

    def __init__(self, status: int, length: int) -> None:
        self.status = status
        self.length = length
        self.text = ""
        self.user = ""


def read_sasl(r: Reader, mechanism: str) -> SaslMessage:
    """One negotiation message; `mechanism` is what the client started, "" if unknown."""
    status = r.u8("thrift.sasl.status")
    if not START <= status <= COMPLETE:
        raise r.malformed(f"SASL status {status} is none of START (1) to COMPLETE (5)")
    length = r.i32("thrift.sasl.length")
    if not 0 <= length <= MAX_PAYLOAD:
        raise r.malformed(f"a SASL payload of {length} bytes is more than {MAX_PAYLOAD}")
    message = SaslMessage(status, length)
    r.need(length)
    if r.pos + length > r.limit:
        r.skip("thrift.sasl.payload", length)
    elif status == START:
        message.text = r.text("thrift.sasl.mechanism", length)
    elif status in (BAD, ERROR):
        message.text = r.text("thrift.sasl.error", length)
    elif mechanism == "PLAIN" and length:
        message.user = _read_plain(r, length)
    elif length:
        r.skip("thrift.sasl.payload", length)
    return message


def _read_plain(r: Reader, length: int) -> str:
    """RFC 4616 section 2: an identity to act as, NUL, a user, NUL, a password."""
    parts = r.peek(length).split(b"\0")
    if len(parts) != 3:
        r.skip("thrift.sasl.payload", length)
        return ""
    r.begin("thrift.sasl.payload", "PLAIN")
    if parts[0]:
        r.text("thrift.sasl.authzid", len(parts[0]))
    r.skip("thrift.sasl.separator", 1)
    user = r.text("thrift.sasl.user", len(parts[1]))
    r.skip("thrift.sasl.separator", 1)
    r.text("thrift.sasl.password", len(parts[2]))
    r.close()
    return user


def describe_wrapped(mechanism: str, payload: bytes) -> str:
    """What a frame is that a security layer wrapped, as far as its first bytes tell."""
    # RFC 4121 4.2.6.2: token id 05 04, then flags; 2 says sealed
    if mechanism in ("GSSAPI", "GSS-SPNEGO") and payload[:2] == b"\x05\x04" and len(payload) > 2:
        return "SASL wrapped payload, encrypted with Kerberos" if payload[2] & 2 else "SASL wrapped payload, signed"
    if mechanism in WRAPPING:
        return f"SASL wrapped payload, signed or encrypted by {mechanism}"
    return "payload that holds no Thrift message" if mechanism else "SASL wrapped payload"


def summarise(message: SaslMessage) -> str:
    """One line about a negotiation message."""
    line = f"SASL {STATUS_NAMES[message.status]}"
    if message.status == START:
        return f"{line} {message.text}"
    if message.text:
        return f'{line} "{message.text[:90]}"'
    if message.user:
        return f'{line}, user "{message.user[:60]}"'
    return f"{line}, {message.length} bytes" if message.length else line
