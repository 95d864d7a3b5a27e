"""Recorded HTTP/2 connections of which the first packets are taken away: what is left is read, what is lost is said."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from inspector.capture.write import write_pcapng
from inspector.model.message import Message
from inspector.protocols.http2_detect import find_frames
from inspector.protocols.http2_frames import DEFAULT_MAX_FRAME
from inspector.session import Session, bundled_captures
from streams import check_message

CAPTURES = [
    path
    for path in bundled_captures()
    if path.name.startswith(("grpc-", "http2-")) and path.name not in {"grpc-web.pcap", "grpc-connect.pcap"}
]
MAX_CUTS = 12

Place = tuple[int, int]
"""Packet of the whole capture and offset in it: where a message begins."""


def place(message: Message, shift: int) -> Place:
    (first, *_) = message.buffer.origins(message.start, message.start + 1)
    return first.packet + shift, first.start


def header_fields(message: Message) -> list[tuple[str, str]]:
    """Name and value of each header field of a frame whose block ends in it."""
    found = []
    for node in check_message(message).walk():
        if node.name == "http2.header":
            values = {child.name: child.value for child in node.children}
            found.append((str(values["http2.header.name"]), str(values["http2.header.value"])))
    return found


def opened(path: Path, cut: int, folder: Path) -> Session:
    """The capture without its first `cut` packets."""
    whole = Session.open(str(path))
    target = folder / f"{path.stem}-{cut}.pcapng"
    write_pcapng(str(target), whole.capture, range(cut + 1, whole.packet_count + 1))
    return Session.open(str(target))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_joined_at_any_packet(path: Path, tmp_path: Path) -> None:
    whole = Session.open(str(path))
    frames = {place(m, 0): m for m in whole.messages if m.protocol == "http2" and m.length}
    carried = [m for m in whole.messages if m.protocol == "grpc" and m.kind == "message" and m.length]
    count = whole.packet_count
    for cut in sorted({1 + i * (count - 2) // MAX_CUTS for i in range(MAX_CUTS)} - {0}):
        session = opened(path, cut, tmp_path)
        sides = defaultdict(list)
        for message in session.messages:
            check_message(message)
            if message.parent is None and message.length:
                sides[message.flow, message.side].append(message)
        for messages in sides.values():
            ordered = sorted(messages, key=lambda m: m.start)
            assert all(a.end == b.start for a, b in pairwise(ordered))
        found = {place(m, cut): m for m in session.messages if m.protocol == "http2" and m.length}
        for where, message in found.items():
            original = frames.get(where)
            assert original is not None, (cut, message.summary)
            assert message.kind == original.kind
            if message.kind not in {"headers", "push_promise", "continuation"}:
                continue
            if message.kind == "continuation" and not header_fields(message):
                # the frame that began this block is gone
                assert message.complete
                continue
            for said, meant in zip(header_fields(message), header_fields(original), strict=True):
                assert said == meant or said[0].startswith("<index") or (said[0] == meant[0] and said[1] == "")
        check_found(frames, found, cut)
        whole_ones = {m.summary for m in session.messages if m.protocol == "grpc" and m.kind == "message"}
        expected = [m for m in carried if place(m, 0)[0] > cut and sound(m)]
        if len(expected) > 2:
            assert whole_ones, cut


def sound(message: Message) -> bool:
    """Whether the message is one that protobuf could be: those made wrong on purpose are not known by their shape."""
    return message.issue is None and message.length > 5


def check_found(frames: dict[Place, Message], found: dict[Place, Message], cut: int) -> None:
    """A side whose remaining frames are two or more is recognised, and none is missed behind the first found.

    A cut inside a large frame is left out: its rest may be all that detection looks at.
    """
    for flow, side in {(m.flow, m.side) for m in frames.values()}:
        own = {where: m for where, m in frames.items() if (m.flow, m.side) == (flow, side)}
        if any(where[0] <= cut < last_packet(m) and m.length > 4096 for where, m in own.items()):
            continue
        left = sorted(where for where in own if where[0] > cut)
        read = [where for where in left if where in found]
        assert read or len(left) < 2, (cut, [own[where].summary for where in left])
        assert not read or read == left[left.index(read[0]) :], (cut, [own[where].summary for where in left])


def last_packet(message: Message) -> int:
    return message.buffer.origins(message.end - 1, message.end)[0].packet


@pytest.mark.parametrize(
    "data",
    [
        # a Kafka fetch request and the beginning of its response: many zeros, small numbers between them
        "0000003e0001000300000006000474657374ffffffff000000010000000500002710000000010006746f70696331000000010000000000",
        "000002090000000600000000000000010006746f70696331000000010000000000000000000000000007000001df00000000",
    ],
    ids=["request", "response"],
)
def test_what_only_has_many_zeros_is_no_row_of_frames(data: str) -> None:
    assert find_frames(bytes.fromhex(data), 0, DEFAULT_MAX_FRAME, 2, over=True) == -1
