"""WebSocket: the standard's examples, handshake, masking, fragments, compression, and what breaks the rules."""

import os
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from inspector.engine.explain import explain
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import MORE, NONE, STRONG
from inspector.protocols.base import Hints
from inspector.protocols.websocket import PROTOCOL
from inspector.protocols.websocket_deflate import EMPTY, Direction, Terms, inflate
from inspector.protocols.websocket_frames import close_fault, close_words, unmask
from inspector.protocols.websocket_handshake import accept_for
from streams import SCHEMAS, Turn, check_cover, check_message, cut, every, keys

EXAMPLES = int(os.environ.get("INSPECTOR_EXAMPLES", "60"))
KEY = bytes.fromhex("37fa213d")
NONCE = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""RFC 6455 1.3."""


def frame(opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0, key: bytes = b"") -> bytes:
    """One frame with its length in the shortest form."""
    size = len(payload)
    masked = 0x80 if key else 0
    first = bytes([fin << 7 | rsv << 4 | opcode])
    if size < 126:
        head = first + bytes([masked | size])
    elif size < 65536:
        head = first + bytes([masked | 126]) + size.to_bytes(2, "big")
    else:
        head = first + bytes([masked | 127]) + size.to_bytes(8, "big")
    return head + key + unmask(payload, key)


def asked(opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0) -> Turn:
    return CLIENT, frame(opcode, payload, fin, rsv, KEY)


def said(opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0) -> Turn:
    return SERVER, frame(opcode, payload, fin, rsv)


def opening(extensions: str = "", accept: str = ACCEPT) -> list[Turn]:
    """The handshake of RFC 6455 1.2."""
    request = f"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {NONCE}\r\n\r\n"
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", f"Sec-WebSocket-Accept: {accept}"]
    if extensions:
        lines.append(f"Sec-WebSocket-Extensions: {extensions}")
    return [(CLIENT, request.encode()), (SERVER, ("\r\n".join(lines) + "\r\n\r\n").encode())]


def frames(turns: Sequence[Turn], extensions: str = "", accept: str = ACCEPT) -> list[Message]:
    """The WebSocket messages of a conversation behind a handshake, each held to the rules for trees."""
    found = cut([*opening(extensions, accept), *turns])
    for message in found:
        check_message(message)
    return [m for m in found if m.protocol == "websocket"]


def values(message: Message, name: str) -> list[object]:
    tree = explain(message, SCHEMAS)
    return [f.value for f in tree.walk() if f.name == name] + [
        b.value for f in tree.walk() for b in f.bits if b.name == name
    ]


def reading(message: Message, name: str) -> Field:
    """The reading of derived bytes of this name."""
    return next(f for f in explain(message, SCHEMAS).walk() if f.name == name and f.buffer is not None)


def issues(messages: list[Message]) -> str:
    return " | ".join(m.issue or "" for m in messages)


# RFC 6455 5.7


@pytest.mark.parametrize(
    ("turn", "kind", "text"),
    [
        ((SERVER, bytes.fromhex("810548656c6c6f")), "text", '"Hello"'),
        ((CLIENT, bytes.fromhex("818537fa213d7f9f4d5158")), "text", '"Hello"'),
        ((SERVER, bytes.fromhex("890548656c6c6f")), "ping", "Hello"),
        ((CLIENT, bytes.fromhex("8a8537fa213d7f9f4d5158")), "pong", "Hello"),
        ((SERVER, bytes.fromhex("827e0100") + bytes(256)), "binary", "256 bytes"),
        ((SERVER, bytes.fromhex("827f0000000000010000") + bytes(65536)), "binary", "65,536 bytes"),
    ],
)
def test_the_standards_frames(turn: Turn, kind: str, text: str) -> None:
    (message,) = frames([turn])
    assert message.kind == kind
    assert text in message.summary
    assert message.issue is None


def test_the_standards_message_in_fragments() -> None:
    first, whole, last = sorted(
        frames([(SERVER, bytes.fromhex("010348656c")), (SERVER, bytes.fromhex("80026c6f"))]),
        key=lambda m: ("text", "message", "continuation").index(m.kind),
    )
    assert whole.parent is first
    assert whole.facts["websocket.payload"] == "Hello"
    assert whole.buffer.read(0, whole.end) == b"Hello"
    assert values(whole, "websocket.payload.text") == ["Hello"]
    assert values(last, "websocket.payload.continue") == ["lo"]
    assert values(last, "websocket.fin") == [1]
    assert values(first, "websocket.fin") == [0]


def test_a_masked_byte_comes_from_the_byte_in_its_place() -> None:
    (message,) = frames([(CLIENT, bytes.fromhex("818537fa213d7f9f4d5158"))])
    payload = reading(message, "websocket.payload")
    assert payload.buffer is not None
    assert payload.buffer.data == b"Hello"
    assert payload.buffer.exact
    (origin,) = payload.buffer.origins(1, 2)
    sent = message.buffer.read(message.start, message.end)
    assert origin.exact
    assert origin.end - origin.start == 1
    assert sent[7] ^ KEY[1] == ord("e")
    assert message.buffer.origins(message.start + 7, message.start + 8) == [origin]


def test_header_fields_have_wiresharks_names_and_values() -> None:
    (message,) = frames([asked(2, b"x" * 300)])
    assert message.facts["websocket.payload_length"] == 126
    assert values(message, "websocket.payload_length_ext_16") == [300]
    assert values(message, "websocket.mask") == [1]
    assert values(message, "websocket.opcode") == [2]
    tree = explain(message, SCHEMAS)
    key = next(f for f in tree.walk() if f.name == "websocket.masking_key")
    assert message.buffer.read(key.start, key.end) == KEY


@given(st.binary(max_size=70), st.binary(min_size=4, max_size=4), st.integers(0, 9))
def test_unmasking_is_exclusive_or_with_the_key_in_turn(data: bytes, key: bytes, phase: int) -> None:
    assert unmask(data, key, phase) == bytes(byte ^ key[(i + phase) % 4] for i, byte in enumerate(data))


# the handshake


def test_the_accept_of_the_standards_example() -> None:
    assert accept_for(NONCE) == ACCEPT
    first, _, second = frames([asked(1, b"a"), asked(1, b"b"), said(1, b"c")])
    assert values(first, "websocket.handshake.accept_expected") == [ACCEPT]
    assert values(second, "websocket.handshake.accept") == [ACCEPT]
    assert second.issue is None


def test_a_wrong_accept_is_told_with_the_servers_first_frame() -> None:
    sent, answered = frames([asked(1, b"a"), said(1, b"b")], accept="AAAA")
    assert sent.issue is None
    assert answered.issue == f"the handshake's Sec-WebSocket-Accept is AAAA; {ACCEPT} is right"
    (answered,) = frames([said(1, b"b")], accept="")
    assert answered.issue is not None
    assert "has no Sec-WebSocket-Accept" in answered.issue


def test_the_terms_of_compression_are_read_as_the_standard_writes_them() -> None:
    terms = Terms()
    terms.read('permessage-deflate; client_max_window_bits="10"; server_no_context_takeover, x-other; a=1')
    assert (terms.deflate, terms.bits, terms.keeps) == (True, [10, 15], [True, False])
    assert terms.others == ["x-other"]
    assert terms.allowed == 7
    terms = Terms()
    assert terms.allowed == 4
    terms.read("")
    assert terms.allowed == 0


# what is inside


def test_json_in_a_text_is_read_where_it_was_inflated() -> None:
    (data,) = deflated(b'{"n": [1, 2]}')
    (message,) = frames([asked(1, data, rsv=4)], DEFLATE)
    assert values(message, "json.value.number") == [1, 2]
    (message,) = frames([said(1, b"[not json")])
    assert "json" not in {f.name for f in explain(message, SCHEMAS).walk()}


# fragments


def test_a_ping_between_fragments_is_no_part_of_the_message() -> None:
    found = frames([asked(1, b"a\xc3", fin=False), asked(9, b"hi"), asked(0, b"\xa9b", fin=False), asked(0, b"c")])
    assert sorted(m.kind for m in found) == ["continuation", "continuation", "message", "ping", "text"]
    message = next(m for m in found if m.kind == "message")
    assert values(message, "websocket.payload.text") == ["aébc"]
    assert issues(found).strip(" |") == ""


def test_a_character_of_a_joined_message_steps_back_to_its_packet() -> None:
    turns = [*opening(), asked(1, b"ab", fin=False), asked(9), asked(0, b"cd")]
    (message,) = (m for m in cut(turns) if m.kind == "message")
    (origin,) = message.buffer.origins(2, 3)
    assert (origin.packet, origin.start, origin.end, origin.exact) == (5, 6, 7, True)
    assert bytes([turns[4][1][6] ^ KEY[0]]) == b"c"  # type: ignore[index]


def test_fragments_against_the_rules() -> None:
    assert "no message is open" in issues(frames([said(0, b"a")]))
    found = frames([said(1, b"a", fin=False), said(1, b"b")])
    assert "a new message before the last fragment" in issues(found)
    cut_short = next(m for m in found if m.kind == "message")
    assert not cut_short.complete
    assert cut_short.issue == "the next message begins before its last fragment"
    (message,) = (m for m in frames([said(2, b"a", fin=False)]) if m.kind == "message")
    assert message.issue == "the sender closed before its last fragment"


def test_text_is_checked_across_fragments() -> None:
    found = frames([said(1, b"a\xe2\x82", fin=False), said(0, b"\xacb", fin=False), said(0, b"\xff", fin=False)])
    faulty = next(m for m in found if m.issue and "UTF-8" in m.issue)
    assert faulty.kind == "continuation"
    assert "byte 5 of the message, 0xff" in str(faulty.issue)
    found = frames([said(1, b"a\xe2\x82", fin=False), said(0, b"")])
    assert "byte 1 of the message, 0xe2" in issues(found)
    (message,) = frames([said(1, b"\xc0\xaf")])
    assert "byte 0 of the message, 0xc0" in str(message.issue)


def test_pongs_and_close_frames_know_what_they_answer() -> None:
    turns = [
        asked(9, b"a"),
        asked(9, b"b"),
        said(10, b"b"),
        said(10, b"a"),
        asked(8, b"\x03\xe8"),
        said(8, b"\x03\xe8"),
    ]
    first, second, pong, late, close, answer = frames(turns)
    assert pong.answers is second
    assert late.answers is None
    assert (close.answers, answer.answers) == (None, close)
    assert first.answers is None


# what breaks the rules


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ((CLIENT, frame(1, b"a")), "a client must mask"),
        ((SERVER, frame(1, b"a", key=KEY)), "a server must not mask"),
        (said(3, b"a"), "opcode 3 is reserved"),
        (said(11, b"a"), "opcode 11 is reserved"),
        (said(1, b"a", rsv=2), "RSV2 set"),
        (said(1, b"a", rsv=4), "RSV1 set"),
        (said(9, b"a" * 126), "a control frame of 126 bytes"),
        (said(9, b"a", fin=False), "a control frame in fragments"),
        ((SERVER, bytes.fromhex("827e0001ff")), "shortest form"),
        (said(8, b"a"), "a close code has two bytes"),
        (said(8, b"\x03\xed"), "close code 1005 is for programs to report"),
        (said(8, b"\x00\x01"), "nobody may use close code 1"),
        (said(8, b"\x03\xe8\xff"), "the reason is not UTF-8"),
    ],
)
def test_rules_that_a_frame_breaks_are_named(turn: Turn, words: str) -> None:
    (message,) = frames([turn])
    assert words in str(message.issue)


def test_frames_behind_a_close_frame_are_remarked() -> None:
    assert "a frame behind the close frame" in issues(frames([said(8, b"\x03\xe8"), said(1, b"a")]))


def test_bytes_that_are_no_frames_are_left_to_data_and_frames_go_on_behind_them() -> None:
    found = cut(
        [*opening(), said(1, b"hello"), (SERVER, b"\xff\xff\xff\xff" * 5), said(1, b"world"), said(1, b"again")]
    )
    assert [m.protocol for m in found][2:] == ["websocket", "data", "websocket", "websocket"]


def test_a_length_that_nobody_waits_for_is_no_frame() -> None:
    found = cut([*opening(), (SERVER, b"\x82\x7f\x7f" + b"\xff" * 40)])
    assert found[-1].protocol == "data"
    assert "at most" in str(found[-1].issue)


@pytest.mark.parametrize(("code", "words"), [(1000, "normal closure"), (3500, "library"), (4001, "application")])
def test_close_codes_in_words(code: int, words: str) -> None:
    (message,) = frames([said(8, code.to_bytes(2, "big") + "até".encode())])
    assert message.facts["websocket.payload.close.status_code"] == code
    assert words in close_words(code)
    assert words in message.summary
    assert values(message, "websocket.payload.close.reason") == ["até"]
    assert close_fault(code.to_bytes(2, "big")) == ""


# compression


def deflated(*texts: bytes, bits: int = 15, keep: bool = True) -> list[bytes]:
    """The texts as messages of one sender (RFC 7692 7.2.1)."""
    found = []
    packer = zlib.compressobj(wbits=-bits)
    for text in texts:
        found.append((packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4])
        if not keep:
            packer = zlib.compressobj(wbits=-bits)
    return found


DEFLATE = "permessage-deflate"
TEXTS = [f"message {i}: the same words come again and again".encode() for i in range(30)]


@pytest.mark.parametrize("bits", [9, 12, 15])
def test_messages_that_refer_to_earlier_ones_are_inflated_in_any_order(bits: int) -> None:
    turns = [asked(1, data, rsv=4) for data in deflated(*TEXTS, bits=bits)]
    found = frames(turns, f"{DEFLATE}; client_max_window_bits={bits}")
    assert [m.facts["websocket.payload"] for m in found] == [text.decode() for text in TEXTS]
    for i in (29, 0, 17, 16, 18, 29):
        tree = reading(found[i], "websocket.payload.inflated")
        assert tree.buffer is not None
        assert tree.buffer.data == TEXTS[i]
        assert not tree.buffer.exact


def test_without_context_takeover_each_message_stands_alone() -> None:
    turns = [said(2, data, rsv=4) for data in deflated(*TEXTS, keep=False)]
    found = frames(turns, f"{DEFLATE}; server_no_context_takeover")
    assert found[7].summary == f'BINARY inflated {len(TEXTS[7])} bytes "{TEXTS[7].decode()}"'


def test_a_compressed_message_in_fragments_with_a_ping_inside() -> None:
    (data,) = deflated(b"Hello, Hello")
    found = frames([asked(1, data[:3], fin=False, rsv=4), asked(9), asked(0, data[3:])], DEFLATE)
    message = next(m for m in found if m.kind == "message")
    assert message.facts["websocket.payload"] == "Hello, Hello"
    assert message.buffer.read(0, message.end) == data
    assert values(message, "websocket.payload.text") == ["Hello, Hello"]
    assert issues(found).strip(" |") == ""


def test_an_inflated_character_steps_back_to_the_bytes_that_were_read_for_it() -> None:
    (data,) = deflated(b"".join(bytes([i]) for i in range(33, 120)) * 2)
    (message,) = frames([said(1, data, rsv=4)], DEFLATE)
    buffer = reading(message, "websocket.payload.inflated").buffer
    assert buffer is not None
    places = [buffer.origins(i, i + 1)[0] for i in range(80)]
    assert all(not place.exact and 0 < place.end - place.start <= 3 for place in places[1:])
    assert [place.start for place in places] == sorted(place.start for place in places)
    assert places[0].start < places[79].start


def test_without_the_handshake_what_is_missing_is_said() -> None:
    data = deflated(*TEXTS[:4])
    hints = Hints()
    late = cut([(CLIENT, frame(1, each, rsv=4, key=KEY)) for each in data[1:]] * 2, hints=hints, forced="websocket")
    assert "earlier messages that are missing" in str(late[0].issue)
    assert "the handshake, which says how, was not captured" in str(late[0].issue)
    fresh = cut([(CLIENT, frame(1, each, rsv=4, key=KEY)) for each in data], hints=hints, forced="websocket")
    assert [m.facts.get("websocket.payload") for m in fresh] == [text.decode() for text in TEXTS[:4]]


def test_a_lost_message_is_told_by_those_that_need_it() -> None:
    data = deflated(*TEXTS[:3])
    turns = [said(1, data[0], rsv=4), (SERVER, len(frame(1, data[1]))), said(1, data[2], rsv=4), said(1, b"plain")]
    found = frames(turns, DEFLATE)
    assert [m.facts.get("websocket.payload", "") for m in found][0::2] == [TEXTS[0].decode(), "plain"]
    assert "earlier messages that are missing" in str(found[1].issue)


def test_a_hole_inside_a_payload_is_no_reason_to_lose_the_frame() -> None:
    sent = frame(2, b"0123456789", key=KEY)
    turns: list[Turn] = [(CLIENT, sent[:10]), (CLIENT, 3), (CLIENT, sent[13:]), asked(1, b"next")]
    first, second = frames(turns)
    assert first.issue == "3 bytes of the payload were never captured"
    payload = reading(first, "websocket.payload").buffer
    assert payload is not None
    assert payload.data == b"0123\0\0\x00789"
    assert payload.holes == [(4, 7)]
    assert second.summary == 'TEXT "next"'


def test_data_that_does_not_inflate_keeps_what_came_before_the_fault() -> None:
    (data,) = deflated(bytes(range(32, 127)))
    (message,) = frames([said(2, data[:60], rsv=4)], DEFLATE)
    assert message.issue == "cannot be inflated: the compressed data ends too early"
    tree = reading(message, "websocket.payload.inflated")
    assert tree.issue
    assert tree.buffer is not None
    assert tree.buffer.data.startswith(b' !"#$%')


def test_inflating_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.protocols.websocket_deflate.MAX_INFLATED", 1000)
    if inflate(15, EMPTY, deflated(bytes(5000))[0]).problem == "":
        pytest.skip("compiled: constants cannot be changed")
    (message,) = frames([said(2, deflated(bytes(5000))[0], rsv=4)], DEFLATE)
    assert "more than 1,000 bytes" in str(message.issue)


def test_a_last_block_does_not_end_the_stream() -> None:
    hello = bytes.fromhex("f348cdc9c9070000")
    found = frames([said(1, hello, rsv=4), said(1, bytes.fromhex("f200110000"), rsv=4)], DEFLATE)
    assert [m.facts["websocket.payload"] for m in found] == ["Hello", "Hello"]
    many = inflate(15, EMPTY, bytes.fromhex("4b0400") * 100)
    assert "marked as the last one" in many.problem


def test_windows_are_found_again_whatever_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [said(1, data, rsv=4) for data in deflated(*(TEXTS * 40))]
    found = frames(turns[:0]) or cut([*opening(DEFLATE), *turns])[2:]
    direction = found[0].context.direction  # type: ignore[attr-defined]
    assert isinstance(direction, Direction)
    assert len(direction.kept) == 3
    assert values(found[1100], "websocket.payload.text") == [TEXTS[1100 % 30].decode()]
    assert values(found[600], "websocket.payload.text") == [TEXTS[0].decode()]


# without the handshake


@pytest.mark.parametrize(
    ("data", "side", "strength"),
    [
        (frame(1, b"Hello", key=KEY), CLIENT, MORE),
        (frame(1, b"Hello", key=KEY) * 2, CLIENT, STRONG),
        (frame(1, b"Hello") * 2, SERVER, STRONG),
        (frame(1, b"Hello") * 2, CLIENT, NONE),
        (frame(1, b"Hello", key=KEY) * 2, SERVER, NONE),
        (frame(9, b"x") + frame(1, b"Hello")[:4], SERVER, MORE),
        (frame(2, b"\x01") * 3, SERVER, MORE),
        (frame(2, b"\x01") * 4, SERVER, STRONG),
        (frame(1, b"\xff\xfe") * 2, SERVER, NONE),
        (frame(0, b"ab") * 4, SERVER, NONE),
        (b"GET / HTTP/1.1\r\n", CLIENT, NONE),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", CLIENT, NONE),
        (b"\x80\x01\x00\x02\x00\x00\x00\x07getName", SERVER, NONE),
        (b"\x81", CLIENT, MORE),
        (b"", CLIENT, NONE),
    ],
)
def test_frames_are_recognised_by_their_shape(data: bytes, side: Side, strength: int) -> None:
    assert PROTOCOL.recognise(data, side, Hints()).strength == strength


def test_a_conversation_joined_in_the_middle_is_recognised() -> None:
    turns = [asked(1, b"first words"), said(1, b"an answer"), asked(1, b"more words"), said(1, b"the last answer")]
    assert [m.protocol for m in cut(turns)] == ["websocket"] * 4
    half = frame(1, b"the end of a frame that began before", key=KEY)[20:]
    found = cut([(CLIENT, half), *turns[2:], asked(1, b"and on"), asked(1, b"and on")])
    assert "websocket" in {m.protocol for m in found}


def test_bytes_pasted_as_websocket_need_no_handshake() -> None:
    (message,) = cut([(CLIENT, frame(1, b"Hello", key=KEY))], forced="websocket")
    assert message.summary == 'TEXT "Hello"'


# over HTTP/2 see the bundled capture; here what told() makes of the answer


def test_a_frame_cut_at_the_end_keeps_its_header() -> None:
    turns = [*opening(), (SERVER, frame(1, b"0123456789")[:7])]
    message = cut(turns, ends=("fin", ""))[-1]
    assert (message.kind, message.complete) == ("text", False)
    assert "5 of 10 bytes" in str(message.issue)
    check_message(message)
    message = cut([*opening(), (SERVER, b"\x82\x7e\x01")], ends=("fin", ""))[-1]
    assert message.issue == "the bytes end before the frame's header does"
    check_message(message)


# against wsproto


messages = st.lists(
    st.tuples(
        st.sampled_from(["text", "binary", "ping", "pong"]),
        st.lists(st.text(max_size=40) | st.just("again and again " * 20), min_size=1, max_size=4),
    ),
    max_size=8,
)


def sent_by(extension: PerMessageDeflate | None, side: Side, script: list[tuple[str, list[str]]]) -> bytes:
    """What wsproto's end sends for a script of messages with their fragments."""
    kind = ConnectionType.CLIENT if side == CLIENT else ConnectionType.SERVER
    end = Connection(kind, [extension] if extension is not None else [])
    out = b""
    for what, parts in script:
        if what in {"ping", "pong"}:
            payload = parts[0].encode()[:100]
            out += end.send(Ping(payload=payload) if what == "ping" else Pong(payload=payload))
            continue
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            event: Event = TextMessage(data=part, message_finished=last)
            if what == "binary":
                event = BytesMessage(data=part.encode(), message_finished=last)
            out += end.send(event)
    return out + end.send(CloseConnection(code=1000, reason="bye"))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    messages, st.sampled_from([CLIENT, SERVER]), st.booleans(), st.booleans(), st.integers(9, 15), st.integers(1, 60)
)
def test_what_wsproto_sends_is_read(
    script: list[tuple[str, list[str]]], side: Side, packed: bool, keep: bool, bits: int, size: int
) -> None:
    agreed = ""
    extension = None
    if packed:
        whose = "client" if side == CLIENT else "server"
        agreed = f"{DEFLATE}; {whose}_max_window_bits={bits}" + ("" if keep else f"; {whose}_no_context_takeover")
        extension = PerMessageDeflate()
        extension.finalize(agreed)
    said_bytes = sent_by(extension, side, script)
    turns = [*opening(agreed), (side, said_bytes)]
    found = cut(turns)
    assert keys(cut(turns, every(size))) == keys(found)
    check_cover(found, [sum(len(said) for who, said in turns if who == s and isinstance(said, bytes)) for s in (0, 1)])
    read: list[tuple[str, bytes]] = []
    for message in found[2:]:
        tree = check_message(message)
        assert message.issue is None
        if message.kind in {"close", "continuation"} or (message.kind in {"text", "binary"} and not _whole(message)):
            continue
        content = [f for f in tree.walk() if f.name in {"websocket.payload", "websocket.payload.inflated"}]
        last = content[-1] if content else None
        data = b""
        if last is not None:
            data = (last.buffer or message.buffer).read(last.start, last.end)
        read.append((message.kind, data))
    expected = []
    for what, parts in script:
        whole = "".join(parts).encode() if what in {"text", "binary"} else parts[0].encode()[:100]
        expected.append((what if len(parts) == 1 or what in {"ping", "pong"} else "message", whole))
    assert read == expected


def _whole(message: Message) -> bool:
    return message.facts["websocket.fin"] == 1
