"""What two sides speak whose bytes no protocol claims, where their first bytes leave no doubt."""

import re
from typing import Final

from inspector.diagnosis.greetings import greeting_of

_RESP: Final = re.compile(rb"(\+[A-Z]+|-(ERR|NOAUTH|DENIED|WRONGPASS|NOPERM|LOADING)[^\r\n]*|[:$*%~]-?\d+)\r\n")
_COMMAND: Final = re.compile(rb"\*\d+\r\n\$\d+\r\n")
_STARTUP: Final = frozenset({b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30", b"\x00\x03\x00\x00"})
"""PostgreSQL: SSLRequest, GSSENCRequest, protocol 3.0."""
_POSTGRES: Final = re.compile(rb"[NS]|R\0\0\0.", re.DOTALL)
_POSTGRES_ERROR: Final = re.compile(rb"E\0\0..S(FATAL|ERROR|PANIC)\0", re.DOTALL)
"""An ErrorResponse: type, length, and the field of the severity."""
LARGEST_KEY: Final = 100
"""Kafka's api keys are below that."""


def speech_of(asked: bytes, answered: bytes) -> str:
    """The protocol that both sides' first bytes prove, "" when they prove none."""
    if _RESP.match(answered) and (_COMMAND.match(asked) or answered.startswith(b"-")):
        return "resp"
    if _POSTGRES_ERROR.match(answered) or (asked[4:8] in _STARTUP and _POSTGRES.match(answered)):
        return "pgsql"
    if _is_kafka(asked, answered):
        return "kafka"
    greeting = greeting_of(answered)
    return greeting.name if greeting is not None else ""


def _is_kafka(asked: bytes, answered: bytes) -> bool:
    """Sizes that fit, a known request, and an answer that repeats its correlation id (Kafka protocol guide)."""
    if len(asked) < 14 or len(answered) < 8:
        return False
    key = int.from_bytes(asked[4:6], "big")
    sized = 8 <= int.from_bytes(asked[:4], "big") < 1 << 24 and 4 <= int.from_bytes(answered[:4], "big") < 1 << 24
    return sized and key < LARGEST_KEY and asked[8:12] == answered[4:8]
