"""What a protocol is to the engine: a descriptor, and for each conversation an object that cuts messages."""

from collections.abc import Callable
from dataclasses import dataclass

from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import Verdict
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader


class Hints:
    """What is known about bytes before looking at them.

    `protocol` is what the layer below said it hands over ("" if nothing); `content_type` is a media type
    in lower case without parameters; ports are 0 when there are none; `details` are header fields (names in lower
    case) of the message that carries the bytes, shared and not to be changed. `message` is what a handover leaves
    unanswered. `joined` says that the beginning of the bytes was not captured. `sample` are the first bytes where
    nobody can say what they are: derived bytes are then read only by a protocol that strongly recognises them.
    """

    __slots__ = (
        "client_port",
        "content_type",
        "details",
        "joined",
        "message",
        "protocol",
        "sample",
        "server_port",
        "transport",
        "why",
    )

    def __init__(
        self,
        transport: str = "tcp",
        server_port: int = 0,
        client_port: int = 0,
        protocol: str = "",
        content_type: str = "",
        why: str = "",
    ) -> None:
        self.transport = transport
        self.server_port = server_port
        self.client_port = client_port
        self.protocol = protocol
        self.content_type = content_type
        self.why = why
        self.details: dict[str, str] = {}
        self.message: Message | None = None
        self.joined = False
        self.sample = b""


class Child:
    """Bytes that a message hands on: parts of its buffer, in order, to be decoded by another protocol."""

    def add(self, start: int, end: int) -> None:
        """Bytes `start:end` of the parent's buffer come next."""
        raise NotImplementedError

    def tell(self, fields: dict[str, str], message: Message) -> None:
        """Header fields that belong to these bytes and came in `message`: heads before them, trailers behind them."""
        raise NotImplementedError

    def finish(self, ending: str = "fin") -> None:
        """No more bytes will come; `ending` as for `Conversation.finish`."""
        raise NotImplementedError


class Sink:
    """Where a conversation puts what it cuts; the engine implements it."""

    def message(self, side: Side, kind: str, start: int, end: int, summary: str) -> Message:
        """A message of this conversation's protocol; `start` and `end` are offsets in the side's buffer.

        A message that is still growing is given with `end` so far; set `message.end` as it grows, and
        `message.complete` to False until it is whole.
        """
        raise NotImplementedError

    def derive(self, parent: Message, key: int, hints: Hints, label: str = "") -> Child | None:
        """Hand bytes inside `parent` on. Both sides' bytes under one `key` (chosen by the conversation) are one
        conversation. None when nobody would read them. `label` names the bytes, such as "stream 5"."""
        raise NotImplementedError

    def forget(self, key: int) -> None:
        """No more bytes, and no more news of them, will come under `key`."""

    def ended_first(self) -> tuple[Side, str]:
        """Which side ended the connection below, and how ("fin" or "rst"): what is unfinished was broken off by it.

        (-1, "") while neither has.
        """
        return -1, ""

    def handover(self, hints: Hints) -> None:
        """From here on both sides speak something else: detection starts again at both sides' positions."""
        raise NotImplementedError


class Conversation:
    """One protocol on the two sides of a stream of bytes; keeps what later messages need of earlier ones.

    `over` tells `resync` that the bytes it sees are all for now: the side has stopped speaking, or a hole follows.
    """

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        self.hints = hints
        self.schemas = schemas
        self.over = False

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        """Cut the next piece at `r`: read at least one byte and report messages to `out`, or raise.

        Truncated: come again with more bytes; the reader is set back, nothing may have been reported.
        Malformed: these bytes are not this protocol.
        """
        raise NotImplementedError

    def told(self, side: Side, fields: dict[str, str], message: Message, out: Sink) -> None:
        """Header fields (names in lower case) that came in `message` of the layer below, in order with the bytes."""

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        """The side sends no more: `ending` is "fin", "rst" or "" (the capture ends); `offset` is where it ended.

        The side that ended first is finished first.
        """

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        """The bytes from `r` to its end cannot be cut (`error` says why) and no more will come, or they are malformed.

        Report them as a message of this protocol, reading as far as it belongs to it, or return None to leave them
        to `data`.
        """
        return None

    def lost(self, side: Side) -> None:
        """Bytes of `side` were never captured here: messages may be missing."""

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        """After a hole or malformed bytes: the index in `data`, from `pos`, where a message plausibly starts.

        -1 when there is none, or when bytes that are still to come could change the answer.
        """
        return -1


@dataclass(frozen=True)
class Protocol:
    """One protocol, as found by the engine in the module that ends in `PROTOCOL = Protocol(...)`.

    `recognise(prefix, side, hints)` is pure and never raises. `explain(message, r, schemas)` decodes the bytes of one
    message again with the same routines that cut it. An entry of `content_types` that ends in "*" stands for all media
    types that start so. `undoes_codings`: it gets bodies without their content codings (RFC 9110 8.4). `inline`: it
    cuts no messages out of bodies, whose tree is part of the message that carries them. `sender(prefix)` is the
    only side that can begin so, -1 when both could or it is something else. `quick`: its `resync` runs through
    megabytes in no time. `inside(head, tail)` says
    whether a body with these first and last bytes, whose media type tells nothing, is shown so too.
    """

    name: str
    title: str
    spec: str
    recognise: Callable[[bytes, Side, Hints], Verdict]
    conversation: type[Conversation]
    explain: Callable[[Message, Reader, Schemas], None]
    ports: tuple[int, ...] = ()
    content_types: tuple[str, ...] = ()
    undoes_codings: bool = False
    inline: bool = False
    inside: Callable[[bytes, bytes], bool] | None = None
    sender: Callable[[bytes], Side] | None = None
    quick: bool = False
