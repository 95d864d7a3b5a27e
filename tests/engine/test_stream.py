"""Driving bytes: turns, waiting, holes, passing over what makes no sense, and work that stays linear."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from unittest.mock import patch

import pytest

from inspector.engine import core_kind
from inspector.engine.cutter import MAX_DETECTIONS, MAX_SEARCH, WINDOW
from inspector.engine.index import in_order
from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import Buffer
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.base import Hints
from inspector.protocols.http2 import MAX_CLOSED, Http2Conversation
from inspector.session import bundled
from inspector.wire.reader import Reader
from streams import SCHEMAS, Recorded, Spoken, Turn, check_cover, check_message, cut, every, keys

C, S = CLIENT, SERVER
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def stream(turns: list[Turn]) -> tuple[Stream, list[Message]]:
    """A stream whose buffers hold what `turns` say, nothing fed yet."""
    buffers = [Buffer(name, Spoken(turns, side)) for side, name in enumerate(("client", "server"))]
    context = Context(SCHEMAS, Clock())
    return Stream(context, 1, buffers, Hints()), context.messages


def spans(messages: list[Message]) -> list[tuple[int, str, str, int, int]]:
    """Messages in the order in which they begin."""
    return [(m.side, m.protocol, m.kind, m.start, m.end) for m in in_order(messages)]


def test_unclaimed_bytes_are_one_message_for_each_turn() -> None:
    turns: list[Turn] = [(C, b"\x00ab"), (C, b"cd"), (S, b"\x01"), (C, b"\x02")]
    for size in (1, 10):
        assert spans(cut(turns, every(size))) == [
            (C, "data", "data", 0, 5),
            (S, "data", "data", 0, 1),
            (C, "data", "data", 5, 6),
        ]


def test_datagrams_stay_apart() -> None:
    messages = cut([(C, b"\x00ab"), (C, b"cd"), (S, b"\x01")], hints=Hints("udp"))
    assert sorted(spans(messages)) == [
        (C, "data", "data", 0, 3),
        (C, "data", "data", 3, 5),
        (S, "data", "data", 0, 1),
    ]


def test_detection_starts_again_with_every_turn() -> None:
    messages = cut([(C, b"\x00\x01"), (S, b"\x02"), (C, GET), (S, OK)])
    assert [m.protocol for m in in_order(messages)] == ["data", "data", "http", "http"]
    request, response = [m for m in messages if m.protocol == "http"]
    assert response.answers is request


def test_detection_gives_up_after_many_turns() -> None:
    turns: list[Turn] = [(side, b"\xff\xff\xff\xff") for _ in range(MAX_DETECTIONS + 5) for side in (C, S)]
    messages = cut([*turns, (C, GET)])
    check_cover(messages, [4 * (MAX_DETECTIONS + 5) + len(GET), 4 * (MAX_DETECTIONS + 5)])
    assert {m.protocol for m in messages} == {"data"}
    assert len(messages) == len(turns) + 1


def test_a_request_is_cut_before_its_answer_although_it_waited_for_more() -> None:
    head = b"GET / HTTP/1.1\r\nX: " + b"a" * 2000
    turns: list[Turn] = [(C, head + b"\r\n\r\n"), (S, OK)]
    fed, messages = stream(turns)
    fed.feed(C, head)
    fed.feed(C, b"\r\n\r\n")
    fed.feed(S, OK)
    assert [m.kind for m in messages] == ["request", "response"]
    assert messages[1].answers is messages[0]


def test_settling_decides_with_what_is_there() -> None:
    fed, messages = stream([(C, b"\xff\xfe\x02")])
    fed.feed(C, b"\xff\xfe")
    assert messages == []
    fed.settle()
    fed.settle()
    assert spans(messages) == [(C, "data", "data", 0, 2)]
    fed.feed(C, b"\x02")
    assert spans(messages) == [(C, "data", "data", 0, 3)]


def test_finishing_a_stream_that_said_nothing_makes_no_message() -> None:
    fed, messages = stream([])
    fed.settle()
    fed.finish(C, "fin")
    fed.finish(S, "")
    fed.feed_hole(C, 0)
    assert messages == []


def test_sides_may_finish_in_any_order() -> None:
    turns: list[Turn] = [(C, b"CONNECT a:1 HTTP/1.1\r\n\r\n\x00waits"), (S, b"HTTP/1.1 2")]
    for order in ((C, S), (S, C)):
        fed, messages = stream(turns)
        for side, said in turns:
            assert isinstance(said, bytes)
            fed.feed(side, said)
        for side in order:
            fed.finish(side, "")
        check_cover(messages, [len(turns[0][1]), len(turns[1][1])])  # type: ignore[arg-type]


def test_what_precedes_the_first_message_is_told_apart_from_it() -> None:
    messages = cut([(C, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n" + GET), (S, b"tail of a body" + OK)])
    assert spans(messages) == [
        (C, "data", "data", 0, 37),
        (C, "http", "request", 37, 64),
        (S, "data", "data", 0, 14),
        (S, "http", "response", 14, 54),
    ]
    assert messages[3].answers is messages[1]


def test_holes_are_messages_of_their_own_wherever_they_lie() -> None:
    turns: list[Turn] = [(C, 5), (C, GET), (C, 7), (C, GET), (C, 3), (C, 4), (S, b"\x00"), (S, 2), (S, b"\x01")]
    messages = cut(turns)
    check_cover(messages, [19 + 2 * len(GET), 4])
    holes = [(m.side, m.start, m.end) for m in messages if m.kind == "hole"]
    assert holes == [(C, 0, 5), (C, 32, 39), (C, 66, 73), (S, 1, 3)]
    for message in messages:
        tree = check_message(message)
        assert (message.kind == "hole") == any(leaf.name == "hole" for leaf in tree.leaves())


def test_a_huge_hole_is_one_message_and_takes_no_memory_of_its_size() -> None:
    length = 100 << 20
    fed, messages = stream([])
    lane = fed.lanes[C]
    lane.buffer = Buffer("client", Spoken([(C, GET)], C))
    fed.feed(C, GET)
    fed.feed_hole(C, length)
    fed.feed(C, GET)
    assert len(lane.reader.data) <= 2 << 20
    fed.finish(C, "")
    assert spans(messages) == [
        (C, "http", "request", 0, 27),
        (C, "data", "hole", 27, 27 + length),
        (C, "http", "request", 27 + length, 54 + length),
    ]


def test_a_hole_inside_a_body_of_known_length_is_part_of_it() -> None:
    fed, messages = stream([(S, OK)])
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"
    fed.feed(S, head)
    fed.feed_hole(S, 50_000_000)
    assert len(fed.lanes[S].reader.data) <= 2 << 20
    fed.feed(S, OK)
    fed.finish(S, "fin")
    assert [(m.end - m.start, m.complete) for m in messages] == [(len(head) + 50_000_000, True), (len(OK), True)]
    assert messages[0].issue == "50000000 bytes of the body were never captured"


def test_bytes_that_make_no_sense_end_where_the_next_message_starts() -> None:
    noise = b"HTTP/1.1 oops\r\n" * 10
    messages = cut([(C, GET * 2), (S, OK + noise + OK)])
    assert spans(messages)[2:] == [
        (S, "http", "response", 0, 40),
        (S, "data", "data", 40, 190),
        (S, "http", "response", 190, 230),
    ]
    assert messages[3].issue


def test_the_search_for_the_next_message_ends_with_the_turn_and_is_bounded() -> None:
    turns: list[Turn] = [(C, GET), (S, OK + b"noise\n"), (C, GET), (S, OK)]
    assert [m.protocol for m in cut(turns)] == ["http", "http", "data", "http", "http"]
    long = b"x" * (MAX_SEARCH + 10)
    messages = cut([(C, GET), (S, OK + long + OK)], every(50_000))
    assert spans(messages)[2:] == [(S, "data", "data", 40, 40 + len(long) + len(OK))]


# work


@dataclass
class Work:
    """How often the reader was given bytes, and how many in all."""

    times: int = 0
    size: int = 0


@pytest.fixture
def work() -> Iterator[Work]:
    if core_kind() == "compiled":
        pytest.skip("compiled classes cannot be patched")
    done = Work()
    grow = Reader.grow

    def counted(self: Reader, data: bytes, base: int) -> None:
        done.times += 1
        done.size += len(data)
        grow(self, data, base)

    with patch.object(Reader, "grow", counted):
        yield done


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"a" * 5_000_000,
        b"x" * 5_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4c4b40\r\n" + b"a" * 5_000_000 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"a" * 5_000_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"\r\n" * 500_000 + GET,
        b"\x16\x03\x01\x40\x00" + bytes(16384) * 100,
    ],
    ids=lambda said: repr(said[:24]),
)
def test_feeding_small_pieces_copies_few_bytes(said: bytes, work: Work) -> None:
    side = S if said.startswith(b"HTTP/") else C
    messages = cut([(side, said)], every(1024))
    check_cover(messages, [0, len(said)] if side == S else [len(said), 0])
    assert work.size < 10 * len(said)


def test_many_small_requests_are_read_where_they_lie(work: Work) -> None:
    count = 100_000
    messages = cut([(C, b"GET / HTTP/1.0\r\n\r\n" * count)])
    assert len(messages) == count
    assert work.times == 1


def test_an_unfinished_head_is_not_tried_again_at_every_turn(work: Work) -> None:
    turns: list[Turn] = []
    for number in range(2000):
        turns.append((C, b"GET / HTTP/1.1\r\n" if not number else b"X: y\r\n"))
        turns.append((S, b"\x00"))
    cut(turns)
    assert work.size < 40 * 6 * 2000


def test_many_chunks_for_a_protocol_below_take_linear_work(work: Work) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nTransfer-Encoding: chunked\r\n\r\n"
    count = 20_000
    body = b"".join(b"4\r\n\x80\x01\x00\x01\r\n" for _ in range(count))
    messages = cut([(S, head + body + b"0\r\n\r\n")])
    assert messages[0].complete
    assert sum(m.length for m in messages if m.parent is not None) == 4 * count
    assert work.size < 10 * len(body)


@pytest.mark.parametrize("name", ["ws-over-http2.pcap", "sse-over-http2.pcap", "grpc-metadata.pcap", "sse-gzip.pcap"])
def test_no_byte_is_lost_where_framing_is(name: str) -> None:
    capture = Recorded(bundled("captures") / name)
    turns = capture.turns(capture.flows[0])
    random = Random(name)
    for _ in range(150):
        changed = list(turns)
        for _ in range(random.randrange(1, 4)):
            place = random.randrange(len(changed))
            side, said = changed[place]
            if isinstance(said, bytes):
                at = random.randrange(len(said))
                kept = said[at + random.randrange(40) :]
                changed[place] = (side, said[:at] + random.randbytes(random.randrange(12)) + kept)
        changed = [turn for turn in changed if turn[1]]
        sizes = [
            sum(len(said) if isinstance(said, bytes) else said for who, said in changed if who == s) for s in (C, S)
        ]
        check_cover(cut(changed, ends=random.choice([("fin", "fin"), ("", ""), ("rst", "")])), sizes)


def test_a_body_that_a_handover_interrupts_is_finished_all_the_same() -> None:
    post = (
        b"POST / HTTP/1.1\r\nUpgrade: x\r\nContent-Type: application/x-thrift\r\nContent-Length: 50\r\n\r\n\x80\x01\0"
    )
    messages = cut([(C, post), (S, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), (C, b"\x01\x02")])
    check_cover(messages, [len(post) + 2, 48])
    assert messages[0].issue == "the client closed the connection after 3 of 50 body bytes"
    assert [m.protocol for m in messages if m.parent is messages[0]] != []


def test_a_long_connection_does_not_keep_what_its_finished_streams_were() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n"
    turns: list[Turn] = [(C, GET), (S, head + b"data: 1\n\n")] * 50
    fed, messages = stream(turns)
    for side, said in turns:
        assert isinstance(said, bytes)
        fed.feed(side, said)
    assert len(fed.children) <= 1
    assert len([m for m in messages if m.kind == "event"]) == 50


def test_a_long_http2_connection_does_not_either() -> None:
    opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    block = b"\x88\x5f\x11text/event-stream"
    turns: list[Turn] = [(C, opening), (S, bytes.fromhex("000000040000000000"))]
    count = 2 * MAX_CLOSED
    for number in range(1, 2 * count, 2):
        stream_id = number.to_bytes(4, "big")
        turns.append((C, bytes.fromhex("0000030105") + stream_id + b"\x82\x86\x84"))
        told = len(block).to_bytes(3, "big") + b"\x01\x04" + stream_id + block
        turns.append((S, told + b"\0\0\x09\0\x01" + stream_id + b"data: 1\n\n"))
    fed, messages = stream(turns)
    for side, said in turns:
        assert isinstance(said, bytes)
        fed.feed(side, said)
    assert fed.children == {}
    conversation = fed.lanes[C].conversation
    assert isinstance(conversation, Http2Conversation)
    assert len(conversation.streams) <= MAX_CLOSED
    assert len([m for m in messages if m.kind == "event"]) == count
    reset = bytes.fromhex("0000040300") + (2 * count - 1).to_bytes(4, "big") + bytes(4)
    fed.lanes[C].buffer = Buffer("client", Spoken([*turns, (C, reset)], C))
    fed.feed(C, reset)
    assert messages[-1].kind == "rst_stream"
    late = b"\0\0\x01\0\x01\0\0\0\x01x"
    fed.lanes[S].buffer = Buffer("server", Spoken([*turns, (S, late)], S))
    fed.feed(S, late)
    assert "DATA on a stream that its sender has finished" in str(messages[-1].issue)


def joined() -> Hints:
    hints = Hints()
    hints.joined = True
    return hints


TAIL = bytes(Random(1).choices(b"0123456789abcdef\n", k=3 * WINDOW))
FRAMES = b"".join(bytes.fromhex("000008060000000000") + bytes(8) for _ in range(4))


@pytest.mark.parametrize("size", [5000, WINDOW - 8, WINDOW - 5, WINDOW, 2 * WINDOW + 17])
@pytest.mark.parametrize(("side", "start"), [(C, GET), (S, OK)], ids=["upload", "download"])
def test_a_connection_that_is_joined_deep_inside_a_body_is_read_from_the_next_message(
    size: int, side: int, start: bytes
) -> None:
    turns: list[Turn] = [(side, TAIL[:size] + start + start)]
    messages = cut(turns, hints=joined())
    assert spans(messages)[1:] == [
        (side, "http", "request" if side == C else "response", size, size + len(start)),
        (side, "http", "request" if side == C else "response", size + len(start), size + 2 * len(start)),
    ]
    assert (messages[0].protocol, messages[0].start, messages[0].end) == ("data", 0, size)
    assert messages[0].issue == "the capture begins inside a message, or something precedes it"
    assert keys(cut(turns, every(1460), hints=joined())) == keys(messages)


def test_a_connection_that_is_joined_deep_inside_a_frame_is_read_from_the_next_frame() -> None:
    messages = cut([(S, TAIL[:20_000] + FRAMES)], hints=joined())
    assert [(m.protocol, m.start) for m in messages] == [("data", 0), *(("http2", 20_000 + 17 * n) for n in range(4))]


def test_bytes_that_nobody_ever_claims_are_one_message_for_each_turn_also_when_joined() -> None:
    turns: list[Turn] = [(C, TAIL), (S, TAIL[:10]), (C, TAIL[:5000])]
    messages = cut(turns, hints=joined())
    assert spans(messages) == [
        (C, "data", "data", 0, len(TAIL)),
        (S, "data", "data", 0, 10),
        (C, "data", "data", len(TAIL), len(TAIL) + 5000),
    ]
    assert keys(cut(turns, every(999), hints=joined())) == keys(messages)
