"""What can go wrong: errors shown to people, and errors that decoders raise."""

from typing import ClassVar


class InspectorError(Exception):
    """An error to show as one line on stderr; `exit_code` is what the process returns."""

    exit_code: ClassVar[int] = 2


class UsageError(InspectorError):
    """A command line or a filter that cannot be understood."""

    exit_code: ClassVar[int] = 2


class CaptureError(InspectorError):
    """A file that is missing or is no capture; the text names the file and, where known, the offset."""

    exit_code: ClassVar[int] = 3


class DecodeError(Exception):
    """The bytes are not what the protocol allows; `offset` is relative to the buffer being read."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


class Truncated(DecodeError):
    """More bytes are needed.

    `wanted` is the buffer offset up to which bytes are needed before another try makes sense, or 0
    when the end is not known (a line without its end).
    """

    def __init__(self, offset: int, reason: str, wanted: int = 0) -> None:
        super().__init__(offset, reason)
        self.wanted = wanted


class WaitForPeer(Truncated):
    """What these bytes are depends on what the other side says next."""


class Malformed(DecodeError):
    """The bytes break the protocol at `offset`."""


class HoleError(DecodeError):
    """The bytes at `offset` were sent but never captured, and their values are needed to go on."""
