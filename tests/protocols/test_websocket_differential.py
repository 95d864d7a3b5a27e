"""WebSocket frames held against wsproto: what it accepts has no issue here, and what it refuses has one."""

import os
import zlib
from itertools import accumulate

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, Event, Ping, TextMessage
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.websocket_frames import unmask
from protocols.test_websocket import DEFLATE, KEY, opening
from streams import Turn, check_message, cut, every, keys

EXAMPLES = int(os.environ.get("INSPECTOR_EXAMPLES", "150"))

PAYLOADS = st.sampled_from(
    [
        b"",
        b"a",
        b"Hello",
        "até já".encode(),
        "até".encode()[:3],
        b"\xa9b",
        b"\xff\xfe",
        b"\x03\xe8",
        b"\x03\xe8bye",
        b"\x03\xe8\xff",
        b"\x03\xed",
        b"\x03\xee",
        b"\x00\x01",
        b"\x0f\xa1x",
        b"\x13\x88",
        b"x" * 125,
        b"y" * 126,
        b"z" * 300,
    ]
)
SIDES = st.sampled_from([CLIENT, SERVER])


def header(first: int, size: int, key: bytes, form: int) -> bytes:
    """The header of a frame with its length in form 0 (the shortest), 126 or 127."""
    form = form or (0 if size < 126 else 126)
    mask = 0x80 if key else 0
    if form == 127:
        return bytes([first, mask | 127]) + size.to_bytes(8, "big")
    if form == 126 or size > 125:
        return bytes([first, mask | 126]) + size.to_bytes(2, "big")
    return bytes([first, mask | size])


@st.composite
def any_frame(draw: st.DrawFn, side: Side, packed: bool) -> bytes:
    """Mostly a frame that keeps the rules, now and then one that breaks some."""
    rarely = st.integers(0, 11).map(lambda n: n == 0)
    opcode = draw(st.sampled_from([0, 0, 1, 1, 1, 2, 2, 8, 9, 10]))
    if draw(rarely):
        opcode = draw(st.integers(0, 15))
    fin = draw(st.booleans()) if opcode < 8 or draw(rarely) else True
    rsv = draw(st.integers(0, 7)) if draw(rarely) else 0
    payload = draw(PAYLOADS)
    if packed and opcode in (1, 2) and fin and draw(st.booleans()):
        rsv |= 4
        packer = zlib.compressobj(wbits=-15)
        payload = (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if draw(rarely):
            payload = payload[:-1] + b"\xff"
    form = draw(st.sampled_from([0, 126, 127])) if draw(rarely) else 0
    masked = (side == CLIENT) != draw(rarely)
    key = KEY if masked else b""
    return header(fin << 7 | rsv << 4 | opcode, len(payload), key, form) + key + unmask(payload, key)


def refused_by_wsproto(frames: list[bytes], side: Side, agreed: str) -> int:
    """The index of the first frame that wsproto does not accept, -1 when it accepts all."""
    extensions: list[Extension] = []
    if agreed:
        extension = PerMessageDeflate()
        extension.finalize(agreed)
        extensions.append(extension)
    reader = FrameProtocol(side == SERVER, extensions)
    for index, each in enumerate(frames):
        reader.receive_bytes(each)
        try:
            list(reader.received_frames())
        except ParseFailed:
            return index
    return -1


def refused_here(found: list[Message], ends: list[int]) -> int:
    """The index of the first frame that has an issue, or whose message has one."""
    bad: list[int] = []
    by_end = {end: index for index, end in enumerate(ends)}
    fragments: dict[int, Message] = {id(m): m for m in found}
    for m in found:
        if not m.issue:
            continue
        if m.kind == "message":
            # a message in fragments is wrong when its last one has come
            parts = [f for f in fragments.values() if f.kind in {"text", "binary", "continuation"} and m.parent]
            assert m.parent is not None
            first = m.parent.start
            later = [f for f in parts if f.start >= first and f.facts.get("websocket.fin") == 1 and not f.issue]
            last = next((f for f in later if f.kind == "continuation"), None)
            bad.append(by_end.get(last.end, len(ends)) if last is not None and m.complete else len(ends))
        else:
            bad.append(next((i for i, end in enumerate(ends) if m.start < end), len(ends)))
    return min(bad, default=-1)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data(), SIDES, st.booleans(), st.integers(1, 40))
def test_the_first_frame_that_wsproto_refuses_has_the_first_issue(
    data: st.DataObject, side: Side, packed: bool, size: int
) -> None:
    frames = data.draw(st.lists(any_frame(side, packed), max_size=8))
    # behind a close frame wsproto reads on, and here every frame is remarked
    for index, each in enumerate(frames):
        if each[0] & 15 == 8:
            frames = frames[: index + 1]
            break
    agreed = DEFLATE if packed else ""
    turns: list[Turn] = [*opening(agreed), (side, b"".join(frames))]
    start = len(opening(agreed)[0 if side == CLIENT else 1][1])  # type: ignore[arg-type]
    ends = [start + end for end in accumulate(map(len, frames))]
    found = cut(turns, ends=("", ""))
    assert keys(cut(turns, every(size), ("", ""))) == keys(found)
    for message in found:
        check_message(message)
    mine = [m for m in found[2:] if m.protocol in {"websocket", "data"}]
    # wsproto takes what it can inflate, and does not ask whether the data ended
    assume(not any("ends too early" in str(m.issue) for m in mine))
    theirs = refused_by_wsproto(frames, side, agreed)
    here = refused_here(mine, ends)
    unfinished = len(ends)
    assert (here if here != unfinished else -1) == theirs


CUTS = st.lists(st.text(max_size=30) | st.just("again and again " * 9), min_size=1, max_size=5)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), CUTS, st.booleans()), max_size=6),
    SIDES,
    st.tuples(st.integers(9, 15), st.integers(9, 15), st.booleans(), st.booleans()),
)
def test_all_parameters_of_compression_in_both_directions(
    script: list[tuple[bool, list[str], bool]], side: Side, terms: tuple[int, int, bool, bool]
) -> None:
    client_bits, server_bits, client_keeps, server_keeps = terms
    agreed = f"{DEFLATE}; client_max_window_bits={client_bits}; server_max_window_bits={server_bits}"
    agreed += ("" if client_keeps else "; client_no_context_takeover") + (
        "" if server_keeps else "; server_no_context_takeover"
    )
    extension = PerMessageDeflate()
    extension.finalize(agreed)
    end = Connection(ConnectionType.CLIENT if side == CLIENT else ConnectionType.SERVER, [extension])
    said = b""
    expected: list[bytes] = []
    for text, parts, with_ping in script:
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            event: Event = TextMessage(data=part, message_finished=last)
            if not text:
                event = BytesMessage(data=part.encode(), message_finished=last)
            said += end.send(event)
            if with_ping and not last:
                said += end.send(Ping(payload=b"beat"))
        expected.append("".join(parts).encode())
    found = cut([*opening(agreed), (side, said)] if said else opening(agreed), ends=("", ""))
    read: list[bytes] = []
    for message in found[2:]:
        tree = check_message(message)
        assert message.issue is None
        one = message.kind in {"text", "binary"} and message.facts["websocket.fin"] == 1
        if message.kind == "message" or one:
            content = [f for f in tree.walk() if f.name in {"websocket.payload", "websocket.payload.inflated"}]
            last_field = content[-1] if content else None
            buffer = message.buffer if last_field is None or last_field.buffer is None else last_field.buffer
            read.append(buffer.read(last_field.start, last_field.end) if last_field is not None else b"")
    assert read == expected


def test_wsproto_inflates_without_a_bound_and_refuses_last_blocks() -> None:
    """Why zlib inflates here and wsproto is the witness: a bound, what came before a fault, blocks marked as last."""
    extension = PerMessageDeflate()
    extension.finalize(DEFLATE)
    reader = FrameProtocol(True, [extension])
    packer = zlib.compressobj(9, wbits=-15)
    bomb = (packer.compress(bytes(8 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert len(bomb) < 9000
    reader.receive_bytes(b"\xc2\x7e" + len(bomb).to_bytes(2, "big") + bomb)
    assert sum(len(frame.payload) for frame in reader.received_frames() if frame is not None) == 8 << 20
    # RFC 7692 7.2.3.5: behind a block marked as last the stream goes on, with the window that it had
    frames = [bytes.fromhex("c108f348cdc9c9070000"), bytes.fromhex("c105f200110000")]
    assert refused_by_wsproto(frames, SERVER, DEFLATE) == 1
    found = cut([*opening(DEFLATE), *((SERVER, each) for each in frames)])[2:]
    assert [(m.facts["websocket.payload"], m.issue) for m in found] == [("Hello", None)] * 2
