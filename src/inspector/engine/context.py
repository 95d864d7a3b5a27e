"""What all streams of one capture share."""

from inspector.model.message import Message
from inspector.schema.registry import Schemas


class Clock:
    """Tells when a packet was captured; this one, for bytes without a capture, knows no time."""

    def time(self, packet: int) -> int:
        """Nanoseconds since 1970 of packet `packet`; 0 for packet 0."""
        return 0


class Context:
    """What all streams of one capture share."""

    def __init__(self, schemas: Schemas, clock: Clock) -> None:
        self.schemas = schemas
        self.clock = clock
        self.messages: list[Message] = []
