"""The subprotocol of one WebSocket: agreed on in the handshake, or told from the messages. Spec: RFC 6455 1.9"""

from typing import Final

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.websocket_brokers import Mqtt, opens_mqtt, opens_stomp, read_stomp
from inspector.protocols.websocket_calls import opens_rpc, parsed, read_engine, read_ocpp, read_rpc, read_wamp
from inspector.protocols.websocket_content import PROTOBUF, protobuf_words, strongly_protobuf
from inspector.protocols.websocket_frames import BINARY, TEXT
from inspector.protocols.websocket_graphql import CLOSE_WORDS, OLD, opens_graphql, read_graphql
from inspector.protocols.websocket_meaning import Meaning
from inspector.schema.proto import ProtoMessage
from inspector.wire.surrogates import whole_characters

GRAPHQL: Final = "graphql"
MQTT: Final = "mqtt"
STOMP: Final = "stomp"
WAMP: Final = "wamp"
OCPP: Final = "ocpp"
ENGINE: Final = "engine.io"
RPC: Final = "json-rpc"
FAMILIES: Final = (
    ("graphql", GRAPHQL),
    ("mqtt", MQTT),
    ("stomp", STOMP),
    ("wamp", WAMP),
    ("ocpp", OCPP),
    ("proto", PROTOBUF),
    ("jsonrpc", RPC),
    ("json-rpc", RPC),
    ("mcp", RPC),
)
"""What the name of a subprotocol says of it, by a part of the name in lower case."""
MAX_WAITING: Final = 1024
"""Messages of one side that wait for an answer."""
MAX_LOOKS: Final = 64
"""Messages in a row that are looked at to tell what nothing names; the first say it."""


class Subprotocol:
    """What the messages of both sides mean. `chosen` is the user's type of protobuf messages."""

    def __init__(self, chosen: ProtoMessage | None) -> None:
        self.agreed = ""
        self.family = ""
        self.chosen = chosen
        self.looks = 0
        self.misses = 0
        self.mqtt = [Mqtt(), Mqtt()]
        self.waiting: list[dict[str, Message]] = [{}, {}]

    def agree(self, name: str) -> None:
        """The handshake's answer names it; "" when it does not."""
        self.agreed = name
        lower = name.lower()
        for part, family in FAMILIES:
            if part in lower:
                self.family = family
                return

    def close_words(self, code: int) -> str:
        """A close code that the subprotocol has words for, "" for others."""
        return CLOSE_WORDS.get(code, "") if self.family == GRAPHQL and self.agreed != OLD else ""

    def read(self, m: Message, opcode: int, content: bytes) -> str:
        """What a whole message says, for its row; sets its facts and what it answers. "" when nobody knows."""
        found = self._meaning(m.side, opcode, content)
        if found is None:
            return ""
        facts = m.facts
        facts["websocket.subprotocol.name"] = found.name
        facts["websocket.subprotocol.message"] = whole_characters(found.message)
        if found.key:
            facts["websocket.subprotocol.id"] = whole_characters(found.key)
        if found.about:
            facts["websocket.subprotocol.about"] = whole_characters(found.about)
        self._pair(m, found)
        return whole_characters(found.words)

    def _pair(self, m: Message, found: Meaning) -> None:
        if found.answers:
            theirs = self.waiting[1 - m.side]
            m.answers = theirs.get(found.answers)
            if m.answers is not None:
                if found.final:
                    del theirs[found.answers]
                return
        if found.asks:
            mine = self.waiting[m.side]
            mine.pop(found.asks, None)
            mine[found.asks] = m
            if len(mine) > MAX_WAITING:
                del mine[next(iter(mine))]

    def _meaning(self, side: Side, opcode: int, content: bytes) -> Meaning | None:
        if not content or opcode not in (TEXT, BINARY):
            return None
        value = parsed(content)
        if not self.family and self.looks < MAX_LOOKS:
            self.looks += 1
            self.family = _recognised(side, opcode, content, value)
        if self.family == MQTT:
            return self.mqtt[side].read(content) if opcode == BINARY else None
        if self.family == STOMP:
            return read_stomp(content)
        if self.family == ENGINE:
            return read_engine(content.decode("utf-8", "replace")) if opcode == TEXT else None
        if value is None:
            return self._binary(content) if opcode == BINARY else None
        if self.family == GRAPHQL:
            return read_graphql(value, self.agreed)
        if self.family == WAMP:
            return read_wamp(value)
        if self.family == OCPP:
            return read_ocpp(value, self.agreed)
        return read_rpc(value, self.family != RPC)

    def _binary(self, content: bytes) -> Meaning | None:
        """A message that is neither text nor JSON."""
        if self.family != PROTOBUF and self.chosen is None and not self._looks_like_protobuf(content):
            return None
        found = Meaning(PROTOBUF, self.chosen.short if self.chosen is not None else "protobuf")
        found.rest = protobuf_words(content, self.chosen)
        return found

    def _looks_like_protobuf(self, content: bytes) -> bool:
        """Whether bytes are protobuf beyond doubt; not asked any more where the first messages were something else."""
        if self.misses >= MAX_LOOKS:
            return False
        found = strongly_protobuf(content)
        self.misses = 0 if found else self.misses + 1
        return found


def _recognised(side: Side, opcode: int, content: bytes, value: object) -> str:
    """The family that only a message like this can belong to, where the handshake names none that is known."""
    if opcode == BINARY:
        return MQTT if side == CLIENT and opens_mqtt(content) else ""
    if side == SERVER and content.startswith(b'0{"sid":'):
        return ENGINE
    if opens_stomp(content):
        return STOMP
    if value is None:
        return ""
    if opens_graphql(value):
        return GRAPHQL
    return RPC if opens_rpc(value) else ""
