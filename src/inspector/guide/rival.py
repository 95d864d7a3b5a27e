"""The other reading: what a program that expects another protocol takes the same first four bytes for."""

import re

from inspector.guide.arithmetic import number

TEXT_OPENINGS = {
    b"GET ": "an HTTP request",
    b"POST": "an HTTP request",
    b"HEAD": "an HTTP request",
    b"PUT ": "an HTTP request",
    b"DELE": "an HTTP DELETE request",
    b"OPTI": "an HTTP OPTIONS request",
    b"PATC": "an HTTP PATCH request",
    b"CONN": "an HTTP CONNECT request",
    b"TRAC": "an HTTP TRACE request",
    b"HTTP": "an HTTP response",
    b"PRI ": "the HTTP/2 connection preface",
    b"SSH-": "an SSH greeting",
}
"""RFC 9110 9.3, RFC 9113 3.4, RFC 4253 4.2."""

_INVALID_STATUS = re.compile(rb"Invalid status (\d{1,3})")


def rival(name: str, raw: bytes) -> str:
    """One sentence with the other reading of the first four bytes of field `name`, "" when there is none."""
    first = raw[:4] if len(raw) != 3 else raw + b" "
    protocol = name.partition(".")[0]
    if name == "thrift.sasl.error":
        return _letter(raw)
    if protocol == "thrift":
        return _not_thrift(first, len(raw))
    if first in TEXT_OPENINGS and protocol in {"http", "http2", "data", "gap"}:
        shown = "It and the space after it are" if len(raw) == 3 else f"The first four bytes, '{first.decode()}', are"
        return f"{shown} {first.hex(' ')}: Thrift would read them as the length {number(int.from_bytes(first, 'big'))}."
    if _starts_tls(first) and protocol in {"tls", "data", "gap"}:
        length = number(int.from_bytes(first, "big"))
        return f"Thrift would read the first four bytes, {first.hex(' ')}, as the length {length}."
    if _starts_thrift(first) and protocol in {"data", "gap"}:
        return f"{first.hex(' ')} is how a Thrift binary message begins."
    return ""


def _letter(raw: bytes) -> str:
    """A server that was sent text names its first letter as a number: "Invalid status 71"."""
    found = _INVALID_STATUS.fullmatch(raw)
    status = int(found[1]) if found is not None else 0
    if not 0x20 < status < 0x7F:
        return ""
    return f"{status} is the letter '{chr(status)}': the first byte it got was text, not a status from 1 to 5."


def _not_thrift(first: bytes, length: int) -> str:
    if length < 4:
        return ""
    if first in TEXT_OPENINGS:
        return f"But {first.hex(' ')} is also the text '{first.decode()}', the start of {TEXT_OPENINGS[first]}."
    if _starts_tls(first):
        return f"But {first.hex(' ')} is also how a TLS handshake record begins."
    return ""


def _starts_tls(first: bytes) -> bool:
    """A handshake record of SSL 3.0 to TLS 1.3 (RFC 8446 5.1)."""
    return len(first) == 4 and first[0] == 22 and first[1] == 3 and first[2] <= 4


def _starts_thrift(first: bytes) -> bool:
    return len(first) == 4 and first[:3] == b"\x80\x01\x00" and 1 <= first[3] <= 4
