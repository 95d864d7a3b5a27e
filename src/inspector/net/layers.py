"""What the readers of header trees hand to each other."""

from inspector.wire.recorder import Recorder


class Datagram:
    """What a network header says of its payload.

    `fragment` says that it holds only a part of the datagram, `first` that the part has the datagram's beginning.
    `end` is where the payload ends, as an index into the packet (it may lie past what was captured). `addresses` are
    source and destination as the pseudo-header has them. `whole` is whether all of it was captured, so that
    checksums can be computed.
    """

    __slots__ = ("addresses", "end", "first", "fragment", "proto", "whole")

    def __init__(self, proto: int, end: int, addresses: bytes, fragment: bool, first: bool, whole: bool) -> None:
        self.proto = proto
        self.end = end
        self.addresses = addresses
        self.fragment = fragment
        self.first = first
        self.whole = whole


def set_value(r: Recorder, value: object) -> None:
    """Give the field read last another value than its number."""
    if not r.muted:
        r.last.value = value
