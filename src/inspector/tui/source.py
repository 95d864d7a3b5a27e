"""What the live screens ask of a capture that goes on, and of whoever starts one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from inspector.capture.live.recording import Drop
    from inspector.spool import Row


class Source(Protocol):
    """What is being captured."""

    @property
    def name(self) -> str:
        """The interface or relay."""
        ...

    @property
    def bpf(self) -> str:
        """The capture filter, "" for everything."""
        ...

    @property
    def wanted(self) -> str:
        """The display filter of the rows, "" for all."""
        ...

    @property
    def path(self) -> str:
        """Where the packets are."""
        ...

    @property
    def rows(self) -> Sequence[Row]:
        """The messages so far; only ever grows, but for another filter it begins anew."""
        ...

    @property
    def packets(self) -> int:
        """Packets so far."""
        ...

    @property
    def decoded(self) -> int:
        """Packets whose messages are in the rows."""
        ...

    @property
    def messages(self) -> int:
        """Messages decoded, in the rows or not."""
        ...

    @property
    def dropped(self) -> int:
        """Packets that the kernel had no room for."""
        ...

    @property
    def drops(self) -> Sequence[Drop]:
        """When packets were dropped."""
        ...

    @property
    def ring(self) -> float:
        """The part of the kernel's buffer in use, 0 to 1."""
        ...

    @property
    def lag(self) -> float:
        """Seconds from the wire to the newest row."""
        ...

    @property
    def running(self) -> bool:
        """Whether it still captures."""
        ...

    @property
    def error(self) -> str:
        """Why it broke off."""
        ...

    def look_for(self, wanted: str) -> None:
        """Have rows of what matches a display filter."""
        ...

    def save(self, target: str) -> None:
        """Keep the packets there. Raises OSError."""
        ...

    def again(self) -> Source:
        """Capture the same once more. Raises InspectorError."""
        ...

    def stop(self) -> None:
        """End the capture; what is there stays."""
        ...


class Starter(Protocol):
    """Starts captures. Each call raises InspectorError and takes up to some seconds."""

    def capture(self, interface: str, bpf: str) -> Source:
        """Capture on an interface."""
        ...

    def relay(self, listen: str, target: str) -> Source:
        """Relay between two ends."""
        ...
