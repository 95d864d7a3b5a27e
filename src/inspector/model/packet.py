"""One captured packet, made on demand from the packet table."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Packet:
    """`number` counts from 1, `time` is nanoseconds since 1970, `data` is what was captured of `length` wire bytes."""

    number: int
    time: int
    data: bytes
    length: int
    link_type: int
    interface: int = 0
    comments: list[str] = field(default_factory=list)

    @property
    def captured(self) -> int:
        """Bytes captured, which a snap length may have cut below `length`."""
        return len(self.data)
