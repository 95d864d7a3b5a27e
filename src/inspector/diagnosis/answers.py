"""What the first bytes of an answer to HTTP are, where they are no HTTP."""

import re
from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.words import count
from inspector.protocols.tls import ALERTS, LEVELS

STATUSES: Final = {1: "START", 2: "OK", 3: "BAD", 4: "ERROR", 5: "COMPLETE"}
"""thrift-sasl-spec.txt, Status."""
MAX_TEXT: Final = 65_536
"""Bytes of a negotiation message that are believed."""

ALERT: Final = 0x15
"""TLS content type, RFC 8446 5.1."""
SETTINGS: Final = 4
"""HTTP/2 frame type, RFC 9113 6.5."""
MAX_SETTINGS: Final = 64 * 6
"""Bytes of a first SETTINGS frame that are believed; each setting takes 6, and there are about ten."""

VERSIONS: Final = {0: "SSL 3.0", 1: "TLS 1.0", 2: "TLS 1.1", 3: "TLS 1.2 or later"}
"""The record version of an alert before any negotiation, by its second byte."""

_NAMED = re.compile(r"Invalid status (-?\d+)")


@dataclass(frozen=True, slots=True)
class SaslAnswer:
    """A refusal in SASL negotiation: `text` of `length` bytes; `named` is the status that it complains of."""

    status: int
    length: int
    text: str
    named: int | None

    @property
    def name(self) -> str:
        """The status in words."""
        return STATUSES[self.status]

    def parts(self, size: int) -> list[tuple[int, int, str]]:
        """Its bytes and what they are, as far as there are `size` of them."""
        return [
            (0, 1, f"Thrift SASL: status {self.status}, {self.name}"),
            (1, 5, f"Thrift SASL: length of the payload, {count(self.length, 'byte')}"),
            (5, min(5 + self.length, size), f'Thrift SASL: the payload, text: "{self.text}"'),
        ]


def sasl_answer(answer: bytes) -> SaslAnswer | None:
    """The answer as a SASL refusal (BAD or ERROR with a text), None when it is not one."""
    if len(answer) < 5 or answer[0] not in {3, 4}:
        return None
    length = int.from_bytes(answer[1:5], "big")
    text = answer[5 : 5 + length].decode("utf-8", "replace")
    if not 0 < length <= MAX_TEXT or not text.isprintable():
        return None
    named = _NAMED.search(text)
    return SaslAnswer(answer[0], length, text, int(named.group(1)) if named else None)


@dataclass(frozen=True, slots=True)
class TlsAlert:
    """An alert in clear: `level` 1 warning or 2 fatal, `description` as in RFC 8446 6."""

    minor: int
    level: int
    description: int

    @property
    def name(self) -> str:
        """The description in words."""
        return ALERTS.get(self.description, f"number {self.description}")

    @property
    def severity(self) -> str:
        """The level in words."""
        return LEVELS[self.level]

    def parts(self) -> list[tuple[int, int, str]]:
        """Its seven bytes and what they are."""
        version = VERSIONS.get(self.minor, f"3.{self.minor}")
        return [
            (0, 1, "TLS: content type 21, alert"),
            (1, 3, f"TLS: record version 3.{self.minor}, {version}"),
            (3, 5, "TLS: length, 2 bytes"),
            (5, 6, f"TLS: alert level {self.level}, {self.severity}"),
            (6, 7, f"TLS: alert description {self.description}, {self.name}"),
        ]


def tls_alert(answer: bytes) -> TlsAlert | None:
    """The answer as a TLS alert record, None when it is not one."""
    if len(answer) < 7 or answer[0] != ALERT or answer[1] != 3 or answer[3:5] != b"\0\2" or answer[5] not in {1, 2}:
        return None
    return TlsAlert(answer[2], answer[5], answer[6])


@dataclass(frozen=True, slots=True)
class SettingsFrame:
    """An HTTP/2 SETTINGS frame: its identifiers and values, in order."""

    length: int
    settings: tuple[tuple[int, int], ...]


def settings_frame(answer: bytes) -> SettingsFrame | None:
    """The answer's first frame as the SETTINGS that an HTTP/2 server begins with (RFC 9113 3.4), None when it is not.

    Its payload may have been cut off; then the settings that are there are given.
    """
    if len(answer) < 9 or answer[3] != SETTINGS or answer[4] or any(answer[5:9]):
        return None
    length = int.from_bytes(answer[:3], "big")
    if length % 6 or length > MAX_SETTINGS:
        return None
    payload = answer[9 : 9 + length]
    found = tuple(
        (int.from_bytes(payload[at : at + 2], "big"), int.from_bytes(payload[at + 2 : at + 6], "big"))
        for at in range(0, len(payload) - 5, 6)
    )
    return SettingsFrame(length, found)
