"""gRPC-Web and Connect: base64 text, and endings that travel as messages.

Spec: grpc/grpc, doc/PROTOCOL-WEB.md; connectrpc.com/docs/protocol
"""

import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Final
from urllib.parse import parse_qsl

from inspector.model.errors import Malformed
from inspector.protocols.grpc_call import CONNECT_NAMES, percent_decoded
from inspector.wire.reader import Reader

QUANTUM: Final = 4
"""Characters that stand for three bytes."""
MAX_QUERY: Final = 32
"""Names in a query that are looked at; a call by GET has five."""
MAX_ENDING: Final = 1 << 20
"""Bytes of an ending that are looked into."""


class Ending:
    """What a trailers frame or an end-of-stream envelope says: `status` is -1 when it says none."""

    __slots__ = ("fields", "status", "text")

    def __init__(self) -> None:
        self.status = -1
        self.text = ""
        self.fields: dict[str, str] = {}


def read_trailers(data: bytes) -> Ending:
    """Trailers as header lines (PROTOCOL-WEB.md, "Message framing")."""
    ending = Ending()
    for line in data[:MAX_ENDING].decode("latin-1").split("\n"):
        name, colon, value = line.strip().partition(":")
        if colon:
            ending.fields[name.strip().lower()] = value.strip()
    status = ending.fields.get("grpc-status", "")
    if status.isascii() and status.isdecimal() and len(status) < 10:
        ending.status = int(status)
    ending.text = percent_decoded(ending.fields.get("grpc-message", ""))
    return ending


def read_end_of_stream(data: bytes) -> Ending:
    """Connect's last envelope: JSON with an error if there is one (Connect protocol, "EndStreamResponse")."""
    ending = Ending()
    found = _json_object(data)
    if found is None:
        return ending
    error = found.get("error")
    if isinstance(error, dict):
        _read_error(ending, error)
    else:
        ending.status = 0
    return ending


def read_error(data: bytes) -> Ending:
    """The body of a unary call of Connect that failed (Connect protocol, "Error Codes")."""
    ending = Ending()
    found = _json_object(data)
    if found is not None and isinstance(found.get("code"), str):
        _read_error(ending, found)
    return ending


def _read_error(ending: Ending, error: dict[str, object]) -> None:
    """Code and message; a code that nobody knows is unknown."""
    ending.status = CONNECT_NAMES.get(str(error.get("code", "")), CONNECT_NAMES["unknown"])
    ending.text = str(error.get("message", ""))


class Query:
    """What the target of a call by GET holds (Connect protocol, "Unary-Get-Request"): names are those of the query."""

    __slots__ = ("codec", "compression", "message")

    def __init__(self, query: str) -> None:
        fields = dict(parse_qsl(query, keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_QUERY))
        self.codec = fields.get("encoding", "proto")
        self.compression = fields.get("compression", "")
        text = fields.get("message", "")
        self.message = text.encode("latin-1", "replace")
        if fields.get("base64") == "1":
            try:
                self.message = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except (Base64Error, ValueError):
                self.message = b""


def query_of(query: str) -> Query | None:
    """The query of a call by GET, None when it is none."""
    if "message=" not in query:
        return None
    try:
        return Query(query)
    except ValueError:
        return None


def _json_object(data: bytes) -> dict[str, object] | None:
    try:
        found: object = json.loads(data[:MAX_ENDING])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class Base64Run:
    """Base64 characters, perhaps in several padded runs (PROTOCOL-WEB.md, "Protocol differences"), decoded as asked.

    `data` are the bytes so far. `blocks` are the runs: where each begins in the text and in `data`, and its bytes.
    """

    def __init__(self, r: Reader) -> None:
        self.r = r
        self.start = int(r.pos)
        self.read = 0
        self.data = b""
        self.blocks: list[tuple[int, int, int]] = []

    def want(self, count: int) -> None:
        """Decode until there are `count` bytes. Raises as reads do, and Malformed where the text is no base64."""
        while len(self.data) < count:
            characters = QUANTUM * ((count - len(self.data) + 2) // 3)
            r = self.r
            text = self._peek(characters)
            padding = text.find(b"=")
            if padding >= 0:
                text = text[: (padding // QUANTUM + 1) * QUANTUM]
            try:
                raw = a2b_base64(text, strict_mode=True)
            except (Base64Error, ValueError):
                raise Malformed(r.base + r.pos + self.read, f"{text[:16]!r} is no base64") from None
            self.blocks.append((self.read, len(self.data), len(raw)))
            self.data += raw
            self.read += len(text)

    def _peek(self, characters: int) -> bytes:
        """The next characters behind those read; a padded run may end before them."""
        r = self.r
        have = r.limit - r.pos - self.read
        if characters > have >= QUANTUM:
            text = r.data[r.pos + self.read : r.pos + self.read + have - have % QUANTUM]
            padding = text.find(b"=")
            if padding >= 0:
                return text
        return r.peek(self.read + characters)[self.read :]

    def place(self, offset: int) -> tuple[int, int, int]:
        """Where byte `offset` of `data` ends a message: characters up to there, and where the next one begins.

        The next message's first characters may hold bytes of the one before: its start, and how many bytes to leave.
        """
        for start, first, count in self.blocks:
            if offset <= first + count:
                inside = offset - first
                quanta, rest = divmod(inside, 3)
                end = start + QUANTUM * (quanta + (1 if rest else 0))
                if rest and inside < count:
                    return end, end - QUANTUM, rest
                return end, end, 0
        return self.read, self.read, 0
