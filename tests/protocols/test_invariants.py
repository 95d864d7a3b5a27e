"""What every protocol is held to, on every bundled capture and on what chance makes of them."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.engine.detect import protocols
from inspector.engine.index import hints_for
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Hints
from streams import Recorded, Turn, captures, check_cover, check_message, check_true_origins, cut, every, keys

MOST_BYTES = 40_000
"""Bytes of a conversation that is cut byte by byte or changed at random."""

Conversation = tuple[str, list[Turn], Hints, tuple[str, str]]
"""Its name, turns, hints, and how its two sides ended."""


@cache
def recorded(path: Path) -> Recorded:
    return Recorded(path)


@cache
def conversations() -> list[Conversation]:
    """Every short conversation in the bundled captures, and some written ones."""
    found: list[Conversation] = []
    for path in captures():
        capture = recorded(path)
        for flow in capture.flows:
            turns = capture.turns(flow)
            if 0 < sum(size_of(said) for _, said in turns) <= MOST_BYTES and flow.transport == "tcp":
                found.append((f"{path.name} flow {flow.number}", turns, hints_for(flow), flow.ends))
    return found + written()


def written() -> list[Conversation]:
    """Conversations with what the captures lack."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + b"4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nExpires: now\r\n\r\n"
    hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
    tunnel: list[Turn] = [
        (CLIENT, b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n" + hello),
        (SERVER, b"HTTP/1.1 200 Connection established\r\n\r\n\x15\x03\x01\x00\x02\x02\x28"),
        (CLIENT, b"\x15\x03\x01\x00\x02\x01\x00"),
    ]
    lost: list[Turn] = [
        (CLIENT, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HT"),
        (CLIENT, 40),
        (CLIENT, b"\r\n\r\nGET /c HTTP/1.1\nHost: c\n\n"),
        (SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n0123"),
        (SERVER, 40),
        (SERVER, b"456789" + chunked),
    ]
    mixed: list[Turn] = [
        (SERVER, b"220 ready\r\n"),
        (CLIENT, b"junk\r\nGET / HTTP/1.1\r\n\r\n"),
        (SERVER, chunked + b"noise" + chunked),
        (CLIENT, b"PUT /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcgarbage\r\n\r\nGET /y HTTP/1.0\r\n\r\n"),
        (SERVER, b"HTTP/1.0 200 OK\r\n\r\nto the end"),
    ]
    ends = ("fin", "fin")
    return [("tunnel", tunnel, Hints(), ends), ("lost", lost, Hints(), ends), ("mixed", mixed, Hints(), ends)]


def size_of(said: bytes | int) -> int:
    return said if isinstance(said, int) else len(said)


def sizes(turns: list[Turn]) -> list[int]:
    return [sum(size_of(said) for who, said in turns if who == side) for side in (CLIENT, SERVER)]


def names() -> list[str]:
    return [name for name, *_ in conversations()]


@pytest.mark.parametrize("path", captures(), ids=lambda p: p.name)
def test_trees_tile_their_messages_and_come_from_the_packets_they_name(path: Path) -> None:
    capture = recorded(path)
    for flow in capture.flows:
        turns = capture.turns(flow)
        messages = capture.cut(flow, turns)
        check_cover(messages, [buffer.size for buffer in flow.buffers])
        for message in messages:
            check_true_origins(capture, check_message(message), message.buffer)


@pytest.mark.parametrize("index", range(len(names())), ids=names())
def test_messages_do_not_depend_on_how_bytes_arrive(index: int) -> None:
    _, turns, hints, ends = conversations()[index]
    expected = keys(cut(turns, ends=ends, hints=hints))
    for size in (1, 2, 3, 7, 64, 1460):
        assert keys(cut(turns, every(size), ends, hints)) == expected


@given(st.data())
def test_messages_do_not_depend_on_random_cuts(data: st.DataObject) -> None:
    _, turns, hints, ends = data.draw(st.sampled_from(conversations()))
    random = data.draw(st.randoms(use_true_random=False))

    def cutter(said: bytes) -> list[bytes]:
        places = sorted(random.randrange(len(said) + 1) for _ in range(random.randrange(6)))
        return [said[a:b] for a, b in zip([0, *places], [*places, len(said)], strict=True)]

    assert keys(cut(turns, cutter, ends, hints)) == keys(cut(turns, ends=ends, hints=hints))


def changed(data: st.DataObject) -> tuple[list[Turn], Hints, tuple[str, str]]:
    """A conversation with some bytes flipped, cut, put in, taken out, lost or repeated."""
    _, turns, hints, ends = data.draw(st.sampled_from(conversations()))
    turns = list(turns)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(turns) - 1))
        side, said = turns[place]
        if isinstance(said, int) or not said:
            continue
        at = data.draw(st.integers(0, len(said) - 1))
        how = data.draw(st.sampled_from(["flip", "insert", "delete", "cut", "hole", "repeat", "other side", "splice"]))
        if how == "flip":
            turns[place] = (side, said[:at] + bytes([data.draw(st.integers(0, 255))]) + said[at + 1 :])
        elif how == "insert":
            turns[place] = (side, said[:at] + data.draw(st.binary(max_size=12)) + said[at:])
        elif how == "delete":
            turns[place] = (side, said[:at] + said[at + data.draw(st.integers(1, 40)) :])
        elif how == "cut":
            turns[place] = (side, said[:at])
        elif how == "hole":
            lost = data.draw(st.integers(1, 60))
            turns[place : place + 1] = [(side, said[:at]), (side, lost), (side, said[at + lost :])]
        elif how == "repeat":
            turns.insert(place, (side, said[at:]))
        elif how == "other side":
            turns[place] = (1 - side, said)
        else:
            other = data.draw(st.sampled_from(conversations()))[1]
            turns[place] = (side, said[:at] + b"".join(part for _, part in other if isinstance(part, bytes))[:2000])
    kept: list[Turn] = [turn for turn in turns if turn[1]]
    return kept, hints, data.draw(st.sampled_from([ends, ("", ""), ("rst", "rst"), ("fin", "")]))


@given(st.data())
def test_no_input_breaks_a_decoder_and_no_byte_is_lost(data: st.DataObject) -> None:
    turns, hints, ends = changed(data)
    messages = cut(turns, ends=ends, hints=hints)
    check_cover(messages, sizes(turns))
    for message in messages:
        check_message(message)


@given(st.data(), st.integers(1, 200))
def test_broken_conversations_do_not_depend_on_cuts_either(data: st.DataObject, size: int) -> None:
    turns, hints, ends = changed(data)
    assert keys(cut(turns, every(size), ends, hints)) == keys(cut(turns, ends=ends, hints=hints))


@pytest.mark.parametrize("name", sorted(protocols()))
@given(data=st.data())
def test_every_protocol_survives_any_bytes_when_told_to_read_them(name: str, data: st.DataObject) -> None:
    pieces = st.lists(st.tuples(st.sampled_from((CLIENT, SERVER)), st.binary(min_size=1, max_size=200)), max_size=6)
    turns: list[Turn] = list(data.draw(pieces))
    if data.draw(st.booleans()):
        turns, _, _ = changed(data)
    messages = cut(turns, forced=name)
    check_cover(messages, sizes(turns))
    for message in messages:
        check_message(message)


def first_bytes() -> list[tuple[Side, bytes, Hints]]:
    """What each side of each conversation starts with."""
    found = []
    for _, turns, hints, _ in conversations():
        for side in (CLIENT, SERVER):
            said = next((said for who, said in turns if who == side), b"")
            if isinstance(said, bytes):
                found.append((side, said[:600], hints))
    return found


@pytest.mark.parametrize("name", sorted(protocols()))
def test_a_strong_verdict_stays_when_more_bytes_come(name: str) -> None:
    recognise = protocols()[name].recognise
    for side, said, hints in first_bytes():
        was_strong = False
        for length in range(len(said) + 1):
            strength = recognise(said[:length], side, hints).strength
            assert strength >= 3 or not was_strong, f"{said[:length]!r} is not strong any more"
            was_strong = was_strong or strength >= 3
