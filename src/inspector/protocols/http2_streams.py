"""Streams and flow control as both ends see them: RFC 9113 5.1 and 6.9."""

from typing import Final

from mypy_extensions import i64

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Child, Hints
from inspector.protocols.hpack_block import Block
from inspector.protocols.http2_frames import INITIAL_WINDOW_SIZE
from inspector.protocols.http_body import StreamBody

DEFAULT_WINDOW: Final = 65535
"""Bytes that may be sent before anyone says otherwise (RFC 9113 6.9.2)."""
MAX_WINDOW: Final = (1 << 31) - 1

IDLE: Final = 0
RESERVED: Final = 1
OPEN: Final = 2
CLIENT_DONE: Final = 3
SERVER_DONE: Final = 4
CLOSED: Final = 5
UNSEEN: Final = 6
STATE_NAMES: Final = (
    "idle",
    "reserved (server)",
    "open",
    "half-closed (client)",
    "half-closed (server)",
    "closed",
    "opened before the capture",
)
"""Both ends in one word: "half-closed (client)" means that the client sends no more, which is half-closed (local) to
the client and half-closed (remote) to the server."""

# What a frame does to its stream.
HEADERS_SENT: Final = 0
END_SENT: Final = 1
RESET_SENT: Final = 2
PROMISED: Final = 3


class Http2Stream:
    """One stream. Lists have an entry for each side, what it sends.

    `spent` is how much of the window beyond its initial size is used up (negative: credit). `ended` are sides that
    said END_STREAM or RST_STREAM. `children` read the side's data, of a `mute` side only its header fields; `request`
    opened the stream. `blind` says that the header fields that tell what the data is were not captured, `told` are
    those that were; `guesses` counts tries to recognise it. `heads` are the fields that came before the side's data,
    `bodies` the data that nobody reads.
    """

    def __init__(self, number: i64, state: i64) -> None:
        self.number = number
        self.state = state
        self.spent_client: i64 = 0
        self.spent_server: i64 = 0
        self.ended = [state == CLOSED, state == CLOSED]
        self.reset = False
        self.answered = False
        self.request: Message | None = None
        self.asked: Block | None = None
        self.hints: Hints | None = None
        self.blind = state == UNSEEN
        self.told: list[tuple[Message, Block]] = []
        self.guesses = 0
        self.children: list[Child | None] = [None, None]
        self.mute = [False, False]
        self.heads: list[dict[str, str] | None] = [None, None]
        self.bodies: list[StreamBody | None] = [None, None]

    def spend(self, side: Side, count: i64) -> None:
        """`side` sent `count` bytes of data (negative: was allowed so many more)."""
        if side == CLIENT:
            self.spent_client += count
        else:
            self.spent_server += count

    def spent(self, side: Side) -> int:
        """Bytes of its window that `side` has used up beyond what it was given back."""
        return self.spent_client if side == CLIENT else self.spent_server

    def keep(self, side: Side, start: int, end: int, frame: Message) -> None:
        """Bytes `start:end` of the side's buffer, which came in `frame`, are data that nobody cuts messages out of."""
        body = self.bodies[side]
        if body is None and start < end:
            body = StreamBody(f"{frame.buffer.name}/stream {self.number}", self.heads[side] or {})
            self.bodies[side] = body
        if body is not None:
            body.add(start, end, frame)

    def end_body(self, side: Side, ending: str) -> None:
        """The side sends no more data; `ending` as for `StreamBody.finish`."""
        self.heads[side] = None
        body = self.bodies[side]
        if body is not None:
            self.bodies[side] = None
            body.finish(ending)

    def on(self, event: i64, side: Side) -> bool:
        """Change the state for what `side` sent; False when the state does not allow it."""
        after = TRANSITIONS.get((int(self.state), int(event), side))
        if after is None:
            return False
        self.state = after
        return True


class Window:
    """What one side may send on the whole connection, and on a new stream."""

    def __init__(self) -> None:
        self.left: i64 = DEFAULT_WINDOW
        self.initial: i64 = DEFAULT_WINDOW

    def apply(self, settings: list[tuple[int, int]]) -> None:
        """The other side's settings are in force."""
        for identifier, value in settings:
            if identifier == INITIAL_WINDOW_SIZE:
                self.initial = min(value, MAX_WINDOW)


_STATE_CHANGES: Final = [
    [before if before == after else f"{before} → {after}" for after in STATE_NAMES] for before in STATE_NAMES
]


def state_change(before: i64, after: i64) -> str:
    """A stream's state, or "before → after"."""
    return _STATE_CHANGES[before][after]


TRANSITIONS: Final[dict[tuple[int, int, int], int]] = {
    # RFC 9113 5.1, figure 2; `side` sends. A client's request opens a stream, only a server promises one.
    (IDLE, HEADERS_SENT, CLIENT): OPEN,
    (IDLE, PROMISED, SERVER): RESERVED,
    (RESERVED, HEADERS_SENT, SERVER): CLIENT_DONE,
    (RESERVED, RESET_SENT, CLIENT): CLOSED,
    (RESERVED, RESET_SENT, SERVER): CLOSED,
    (OPEN, HEADERS_SENT, CLIENT): OPEN,
    (OPEN, HEADERS_SENT, SERVER): OPEN,
    (OPEN, END_SENT, CLIENT): CLIENT_DONE,
    (OPEN, END_SENT, SERVER): SERVER_DONE,
    (OPEN, RESET_SENT, CLIENT): CLOSED,
    (OPEN, RESET_SENT, SERVER): CLOSED,
    (CLIENT_DONE, HEADERS_SENT, SERVER): CLIENT_DONE,
    (CLIENT_DONE, END_SENT, SERVER): CLOSED,
    (CLIENT_DONE, RESET_SENT, CLIENT): CLOSED,
    (CLIENT_DONE, RESET_SENT, SERVER): CLOSED,
    (SERVER_DONE, HEADERS_SENT, CLIENT): SERVER_DONE,
    (SERVER_DONE, END_SENT, CLIENT): CLOSED,
    (SERVER_DONE, RESET_SENT, CLIENT): CLOSED,
    (SERVER_DONE, RESET_SENT, SERVER): CLOSED,
    # either end may still reset what the other has not heard of yet
    (CLOSED, RESET_SENT, CLIENT): CLOSED,
    (CLOSED, RESET_SENT, SERVER): CLOSED,
    # streams whose beginning nobody saw
    (UNSEEN, HEADERS_SENT, CLIENT): UNSEEN,
    (UNSEEN, HEADERS_SENT, SERVER): UNSEEN,
    (UNSEEN, END_SENT, CLIENT): CLIENT_DONE,
    (UNSEEN, END_SENT, SERVER): SERVER_DONE,
    (UNSEEN, RESET_SENT, CLIENT): CLOSED,
    (UNSEEN, RESET_SENT, SERVER): CLOSED,
}
