"""WebSocket messages of which a part is missing, and headers that break the rules: what is there is shown."""

from collections.abc import Sequence

import pytest

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.websocket_deflate import Terms
from protocols.test_websocket import DEFLATE, KEY, TEXTS, asked, deflated, frame, opening, reading, said
from streams import Turn, check_cover, check_message, cut, every, keys


def frames(turns: Sequence[Turn], extensions: str = DEFLATE, ends: tuple[str, str] = ("", "")) -> list[Message]:
    """The messages behind the handshake, however the bytes arrive, each held to the rules for trees."""
    everything = [*opening(extensions), *turns]
    found = cut(everything, ends=ends)
    for size in (1, 7):
        assert keys(cut(everything, every(size), ends)) == keys(found)
    sizes = [
        sum(len(said) if isinstance(said, bytes) else said for who, said in everything if who == s) for s in (0, 1)
    ]
    check_cover(found, sizes)
    for message in found:
        check_message(message)
    return found[2:]


TEXT = b"the same words come again, the same words come again and then something new"


def test_a_compressed_message_without_its_last_fragment_is_inflated_as_far_as_it_goes() -> None:
    (data,) = deflated(TEXT)
    first, message = frames([asked(1, data[:40], fin=False, rsv=4)])
    assert (first.kind, message.kind, message.complete) == ("text", "message", False)
    assert message.summary.startswith('TEXT of 1 fragment: inflated "the same words come again')
    assert message.issue == "the capture ends before its last fragment"
    tree = reading(message, "websocket.payload.inflated")
    assert tree.buffer is not None
    assert TEXT.startswith(tree.buffer.data)
    assert tree.issue
    assert message.facts["websocket.payload"] == tree.buffer.data.decode()


def test_a_frame_that_is_cut_shows_what_there_is_of_it() -> None:
    (data,) = deflated(TEXT)
    (message,) = frames([(CLIENT, frame(1, data, rsv=4, key=KEY)[:-20])])
    assert not message.complete
    assert 'bytes: inflated "the same words' in message.summary
    assert TEXT.startswith(str(message.facts["websocket.payload"]).encode())
    (plain,) = frames([(SERVER, frame(1, "até já".encode())[:5])])
    assert plain.summary == 'TEXT 3 of 8 bytes: "at�"'
    assert plain.issue == "the bytes end before the frame does: 3 of 8 bytes of payload are there"
    (binary,) = frames([(SERVER, frame(2, bytes(range(9)))[:5])])
    assert binary.summary == "BINARY 3 of 9 bytes: 00 01 02"
    (nothing,) = frames([(SERVER, frame(2, b"0123456789")[:2])])
    assert nothing.summary == "BINARY 0 of 10 bytes"


def test_the_last_fragment_may_be_cut_too() -> None:
    turns = [asked(1, b"Hello, ", fin=False), (CLIENT, frame(0, b"world", key=KEY)[:-2])]
    first, last, message = sorted(frames(turns), key=lambda m: ("text", "continuation", "message").index(m.kind))
    assert last.summary == "CONTINUATION, last fragment: 3 of 5 bytes"
    assert not message.complete
    assert message.summary == 'TEXT of 2 fragments: "Hello, wor"'
    assert message.parent is first


def test_a_hole_in_a_compressed_message_ends_what_is_inflated_and_breaks_what_follows() -> None:
    data = deflated(TEXT, TEXT + b"!")
    sent = frame(1, data[0], rsv=4)
    turns: list[Turn] = [(SERVER, sent[:40]), (SERVER, 5), (SERVER, sent[45:]), said(1, data[1], rsv=4)]
    torn, broken = frames(turns)
    assert TEXT.startswith(str(torn.facts["websocket.payload"]).encode())
    assert "5 bytes of the payload were never captured" in str(torn.issue)
    assert "earlier messages that are missing: a part of a message was never captured" in str(broken.issue)
    assert reading(torn, "websocket.payload.inflated").issue == "what follows was never captured"


def test_without_a_window_a_lost_message_breaks_no_other() -> None:
    data = deflated(*TEXTS[:3], keep=False)
    turns: list[Turn] = [said(1, data[0], rsv=4), (SERVER, len(frame(1, data[1]))), said(1, data[2], rsv=4)]
    found = frames(turns, f"{DEFLATE}; server_no_context_takeover")
    assert [m.facts.get("websocket.payload") for m in found] == [TEXTS[0].decode(), None, TEXTS[2].decode()]
    assert found[2].issue is None


def test_joined_in_the_middle_with_compressed_messages() -> None:
    data = deflated(*TEXTS[:6])
    turns: list[Turn] = [(CLIENT, frame(9, b"p", key=KEY))]
    turns += [(CLIENT, frame(1, each, rsv=4, key=KEY)) for each in data[2:]]
    turns += [(SERVER, frame(1, b"an answer")), (SERVER, frame(1, b"another answer"))]
    found = cut(turns)
    assert {m.protocol for m in found} == {"websocket"}
    late = [m for m in found if m.facts.get("websocket.pmc")]
    assert len(late) == 4
    for message in late:
        assert "earlier messages that are missing: the capture begins behind them" in str(message.issue)
        assert "the handshake, which says how, was not captured" in str(message.issue)
        check_message(message)


def test_what_does_not_depend_on_missing_messages_is_read() -> None:
    said_before = b'{"sensor": "north", "value": 1}'
    later = [b'{"sensor": "south", "value": 2}', b'{"sensor": "south", "value": 37}']
    data = deflated(said_before, *later)
    turns: list[Turn] = [
        said(1, data[0], rsv=4),
        (SERVER, len(frame(1, data[0]))),
        *(said(1, d, rsv=4) for d in data[1:]),
    ]
    first, second, third = (m for m in frames(turns) if m.kind == "text")
    assert first.issue is None
    text = str(second.facts["websocket.payload"])
    assert len(text) == len(later[0])
    assert "sou" in text
    assert "�" in text
    assert all(mine in ("�", theirs) for mine, theirs in zip(text, later[0].decode(), strict=True))
    unknown = text.count("�")
    back = f"{unknown} of {len(text)} bytes point back into earlier messages that are missing"
    assert second.issue == f"{back}: bytes of this side were never captured"
    tree = reading(second, "websocket.payload.inflated")
    assert tree.buffer is not None
    assert sum(end - start for start, end in tree.buffer.holes) == unknown
    assert tree.buffer.data == bytes(0 if c == "�" else ord(c) for c in text)
    assert next(f.value for f in tree.walk() if f.name == "websocket.payload.text") == text
    assert "37" in str(third.facts["websocket.payload"])


def test_messages_are_whole_again_when_the_window_is_full_of_known_ones() -> None:
    known = [i.to_bytes(4, "big").hex().encode() * 9 for i in range(700)]
    data = deflated(b"missing and unlike all others", *known)
    turns: list[Turn] = [(SERVER, len(frame(2, data[0]))), *(said(2, each, rsv=4) for each in data[1:])]
    found = [m for m in cut([*opening(DEFLATE), *turns]) if m.protocol == "websocket"]
    assert found[-1].issue is None
    direction = found[-1].context.direction  # type: ignore[attr-defined]
    assert direction.window.other == b""
    assert reading(found[600], "websocket.payload.inflated").buffer.data == known[600]  # type: ignore[union-attr]
    # explained again in any order
    assert reading(found[5], "websocket.payload.inflated").buffer.data == known[5]  # type: ignore[union-attr]


def test_a_window_larger_than_agreed_on_is_read_and_remarked() -> None:
    far = b"".join(i.to_bytes(2, "big") for i in range(400))
    data = deflated(far, far[:200] + b"x", bits=15)
    first, second = frames([said(2, each, rsv=4) for each in data], f"{DEFLATE}; server_max_window_bits=8")
    assert first.issue is None
    assert second.issue == "points back over more than the 256 bytes agreed on (RFC 7692 7.1.2)"
    tree = reading(second, "websocket.payload.inflated")
    assert tree.buffer is not None
    assert tree.buffer.data == far[:200] + b"x"


@pytest.mark.parametrize(
    ("extensions", "words"),
    [
        (f"{DEFLATE}; server_max_window_bits=7", "'server_max_window_bits=7'"),
        (f"{DEFLATE}; client_max_window_bits", "'client_max_window_bits'"),
        (f"{DEFLATE}; server_no_context_takeover=1", "'server_no_context_takeover=1'"),
        (f"{DEFLATE}; mystery", "'mystery'"),
        (f"{DEFLATE}, {DEFLATE}", "twice"),
    ],
)
def test_what_no_answer_may_agree_on_is_told_with_the_servers_first_frame(extensions: str, words: str) -> None:
    sent, answered = frames([asked(1, b"a"), said(1, b"b")], extensions)
    assert sent.issue is None
    assert words in str(answered.issue)
    assert "RFC 7692" in str(answered.issue)
    terms = Terms()
    terms.read(f'{DEFLATE}; server_max_window_bits="10"; client_no_context_takeover')
    assert terms.faults == []


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (said(9, b"a", rsv=4), "RSV1 on a control frame, which is never compressed (RFC 7692 6)"),
        (said(0, b"a", rsv=4), "RSV1 belongs on the first fragment only (RFC 7692 6)"),
        (said(8, b"\x03\xee"), "close code 1006 is for programs to report and must not be sent (RFC 6455 7.4.1)"),
        (said(8, b"\x03\xf7"), "close code 1015"),
        (said(8, b"\x03\xe7"), "nobody may use close code 999 (RFC 6455 7.4.2)"),
        (said(8, b"\x01"), "a close code has two bytes, here is one (RFC 6455 5.5.1)"),
        ((SERVER, bytes.fromhex("827f00000000000000020102")), "shortest form (RFC 6455 5.2)"),
    ],
)
def test_rules_of_compression_and_closing(turn: Turn, words: str) -> None:
    (message,) = frames([turn])
    assert words in str(message.issue)


def test_a_length_with_its_highest_bit_set_is_a_frame_with_an_issue() -> None:
    turns = [said(1, b"before"), (SERVER, b"\x82\x7f\x80" + bytes(7) + b"abc"), said(1, b"one"), said(1, b"two")]
    before, odd, *rest = frames(turns)
    assert before.issue is None
    assert odd.issue == "the highest bit of a 64-bit length is set, which must be 0 (RFC 6455 5.2)"
    assert odd.length == 10
    assert [m.protocol for m in rest] == ["data", "websocket", "websocket"]


def test_a_frame_too_long_to_be_waited_for_is_passed_over() -> None:
    size = (64 << 20) + 5
    head = b"\x82\x7f" + size.to_bytes(8, "big")
    turns: list[Turn] = [(SERVER, head + b"0123"), asked(9, b"still there?"), (SERVER, b"4567")]
    large, ping = sorted((m for m in cut([*opening(), *turns], ends=("", ""))[2:]), key=lambda m: m.side, reverse=True)
    assert (large.kind, large.length, large.complete) == ("binary", 18, False)
    assert "67,108,861 bytes before its end" in str(large.issue)
    assert ping.kind == "ping"
    check_message(large)


def test_messages_go_on_behind_a_frame_that_was_passed_over() -> None:
    size = (64 << 20) + 5
    head = b"\x82\x7f" + size.to_bytes(8, "big")
    turns: list[Turn] = [(SERVER, head), (SERVER, bytes(size)), said(1, b"next")]
    large, after = cut([*opening(), *turns])[2:]
    assert large.complete
    assert large.issue == "more than 67,108,864 bytes: not looked into"
    assert after.summary == 'TEXT "next"'
