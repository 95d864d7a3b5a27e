"""What a gRPC call is: its names, header fields and outcome. Spec: grpc/grpc, doc/PROTOCOL-HTTP2.md"""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final
from urllib.parse import unquote_to_bytes

from inspector.model.message import Message
from inspector.model.sides import CLIENT, Side
from inspector.schema.proto import ProtoMessage, ProtoMethod

STATUS_NAMES: Final = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""doc/statuscodes.md; Connect writes them in lower case."""
CONNECT_NAMES: Final = {name.lower(): number for number, name in enumerate(STATUS_NAMES)} | {"canceled": 1}

# How messages travel.
GRPC: Final = 0
WEB: Final = 1
WEB_TEXT: Final = 2
CONNECT: Final = 3
BARE: Final = 4
STYLE_NAMES: Final = ("gRPC", "gRPC-Web", "gRPC-Web-text", "Connect streaming", "Connect unary")

MAX_KEPT: Final = 256
"""Messages of a call remembered until its method is known or guessed."""
MAX_TEXT: Final = 2000
"""Characters of a status message kept as a fact."""
MAX_BLOCKS: Final = 16
"""Header blocks of one call that are shown: request, a few informational ones, response and trailers."""

_UNITS: Final = {
    "H": "hours",
    "M": "minutes",
    "S": "seconds",
    "m": "milliseconds",
    "u": "microseconds",
    "n": "nanoseconds",
}
_NANOSECONDS: Final = {"H": 3600 * 10**9, "M": 60 * 10**9, "S": 10**9, "m": 10**6, "u": 1000, "n": 1}
_RESERVED: Final = ("grpc-", "connect-", "te", "content-type", "user-agent", "accept-encoding", "content-encoding")


class Block:
    """Header fields that one side sent in `message` of the layer below."""

    __slots__ = ("fields", "message")

    def __init__(self, fields: dict[str, str], message: Message) -> None:
        self.fields = fields
        self.message = message


class Call:
    """One call.

    `path` is "" while nobody knows it; then `method` may be a guess, and `guess` says why. `requests` and `responses`
    count messages; `codec` is what they are written in, "proto" mostly. `status` is -1 until it is known;
    `hidden` says that it may be among fields that nobody can read. `ended` is the message that told the outcome;
    `said` is the type that the user says bytes without a method hold.
    """

    __slots__ = (
        "answered", "asked", "blocks", "codec", "ended", "guess", "hidden", "kept", "method", "path",
        "request_encoding", "requests", "reset", "response_encoding", "responses", "row", "said", "status", "style",
        "text",
    )  # fmt: skip

    def __init__(self, row: Message, style: int, codec: str) -> None:
        self.row = row
        self.style = style
        self.codec = codec
        self.path = ""
        self.method: ProtoMethod | None = None
        self.guess = ""
        self.request_encoding = ""
        self.response_encoding = ""
        self.requests = 0
        self.responses = 0
        self.answered = False
        self.blocks: list[Block] = []
        self.kept: list[Message] | None = None
        self.asked: Message | None = None
        self.status = -1
        self.text = ""
        self.reset = ""
        self.hidden = False
        self.ended: Message | None = None
        self.said: ProtoMessage | None = None

    @property
    def name(self) -> str:
        """The method's name, "" when nobody knows it."""
        return self.method.name if self.method is not None else self.path.rpartition("/")[2]

    def type_of(self, side: Side) -> ProtoMessage | None:
        """The type of the messages that `side` sends."""
        method = self.method
        if method is None:
            return self.said
        return method.request if side == CLIENT else method.response

    def encoding(self, side: Side) -> str:
        """What compresses the messages of `side` where their flag says so."""
        return self.request_encoding if side == CLIENT else self.response_encoding

    def called(self, path: str, method: ProtoMethod | None) -> None:
        """Now it is known, or guessed (`path` is ""), what is called."""
        self.path = path
        self.method = method
        facts = self.row.facts
        if method is not None:
            facts["grpc.service"], facts["grpc.method"] = method.service, method.name
        else:
            facts["grpc.service"], _, facts["grpc.method"] = path.lstrip("/").rpartition("/")

    def update(self) -> None:
        """Bring the call's line up to date with what has been seen."""
        method = self.method
        if self.path:
            self.row.summary = f"{self.path.lstrip('/')} → {self._outcome()}"
        elif method is not None:
            self.row.summary = f"{method.service}/{method.name} → {self._outcome()} (method guessed)"
        else:
            self.row.summary = f"a call whose method is not known → {self._outcome()}"

    def _outcome(self) -> str:
        if self.status >= 0:
            return f"{status_name(self.status)}: {self.text}" if self.text else status_name(self.status)
        if self.reset:
            return self.reset
        if self.hidden:
            return "status not known"
        return "no status seen" if self.answered else "no answer seen"


def status_name(code: int) -> str:
    """The name of a status code."""
    return STATUS_NAMES[code] if 0 <= code < len(STATUS_NAMES) else f"status {code}"


def style_of(content_type: str) -> int:
    """How messages travel under a media type."""
    if content_type.startswith("application/grpc-web-text"):
        return WEB_TEXT
    if content_type.startswith("application/grpc-web"):
        return WEB
    if content_type.startswith("application/connect+"):
        return CONNECT
    return BARE if content_type in ("application/proto", "application/json") else GRPC


def codec_of(content_type: str) -> str:
    """What messages are written in under a media type: protobuf unless it says otherwise."""
    if content_type == "application/json":
        return "json"
    return content_type.rpartition("+")[2] if "+" in content_type else "proto"


def encoding_of(fields: dict[str, str], style: int) -> str:
    """How messages are compressed where their flag says so."""
    if style == CONNECT:
        return fields.get("connect-content-encoding", "")
    if style == BARE:
        return fields.get("content-encoding", "")
    return fields.get("grpc-encoding", "")


def percent_decoded(text: str) -> str:
    """A grpc-message: UTF-8 in which odd bytes are written %XX (PROTOCOL-HTTP2.md, "Responses")."""
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else _utf8(text)


def _utf8(text: str) -> str:
    """Header text came as ISO 8859-1; some senders put UTF-8 there."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def timeout_nanoseconds(text: str) -> int:
    """A grpc-timeout (PROTOCOL-HTTP2.md, "Timeout") as a number, 0 when it is none."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdecimal()) or unit not in _NANOSECONDS or len(number) > 8:
        return 0
    return int(number) * _NANOSECONDS[unit]


def timeout_words(text: str) -> str:
    """A grpc-timeout in words: "500m" is 500 milliseconds."""
    if not timeout_nanoseconds(text):
        return f"{text!r} is no timeout: up to 8 digits and one of H, M, S, m, u, n"
    number, name = int(text[:-1]), _UNITS[text[-1]]
    return f"{number} {name[:-1] if number == 1 else name}"


def binary_value(value: str) -> bytes | None:
    """The bytes of a -bin header field: base64 without padding, or the bytes themselves behind a zero byte.

    PROTOCOL-HTTP2.md, "Custom-Metadata"; peers that announce SETTINGS 0xfe03 send true binary. None when it is neither.
    """
    if value.startswith("\0"):
        return value[1:].encode("latin-1", "replace")
    try:
        return b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (Base64Error, ValueError):
        return None


def is_metadata(name: str) -> bool:
    """Whether a header field is the application's own."""
    return (not name.startswith((":", "<")) and not name.startswith(_RESERVED)) or name == "grpc-trace-bin"


def kind_of(method: ProtoMethod) -> str:
    """Which of the four kinds of call a method is."""
    if method.client_streams:
        return "bidirectional streaming" if method.server_streams else "client streaming"
    return "server streaming" if method.server_streams else "unary"


def seconds_between(start: int, end: int) -> str:
    """Nanoseconds as decimal seconds."""
    span = max(end - start, 0)
    return f"{span // 10**9}.{span % 10**9:09d}"
