"""HTTP/2: frames, streams, windows, header blocks over several frames, late starts and losses."""

from base64 import urlsafe_b64encode

import hpack
import pytest

from inspector.engine.detect import protocols
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.model.verdict import MORE, NONE, STRONG
from inspector.protocols.base import Hints
from inspector.protocols.http2_frames import HEADER, MAGIC, read_header
from inspector.protocols.http2_streams import CLOSED, TRANSITIONS
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder
from streams import Turn, check_message, cut

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 32


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def settings(**values: int) -> bytes:
    numbers = {"table": 1, "push": 2, "streams": 3, "window": 4, "frame": 5, "list": 6}
    content = b"".join(numbers[k].to_bytes(2, "big") + v.to_bytes(4, "big") for k, v in values.items())
    return frame(SETTINGS, 0, 0, content)


ACKED = frame(SETTINGS, ACK, 0)
OPENING = MAGIC + settings()
REQUEST = [(":method", "GET"), (":scheme", "http"), (":path", "/a"), (":authority", "h")]


def headers(encoder: hpack.Encoder, fields: list[tuple[str, str]], stream: int, flags: int = END_HEADERS) -> bytes:
    return frame(HEADERS, flags, stream, encoder.encode(fields))


def exchange(*more: Turn) -> list[Message]:
    """A connection with one request on stream 1, answered with 10 bytes, and what follows."""
    client, server = hpack.Encoder(), hpack.Encoder()
    turns: list[Turn] = [
        (CLIENT, OPENING + headers(client, REQUEST, 1, END_HEADERS | END_STREAM)),
        (SERVER, settings() + ACKED + headers(server, [(":status", "200")], 1)),
        (SERVER, frame(DATA, END_STREAM, 1, bytes(10))),
        (CLIENT, ACKED),
    ]
    return cut([*turns, *more])


def of_kind(messages: list[Message], kind: str) -> list[Message]:
    return [m for m in messages if m.kind == kind]


def last(messages: list[Message]) -> Message:
    return messages[-1]


def values(tree: Field, name: str) -> list[object]:
    return [node.value for node in tree.walk() if node.name == name]


def test_a_request_and_its_answer() -> None:
    messages = exchange()
    request, response = of_kind(messages, "headers")
    assert [m.kind for m in messages if m.side == CLIENT] == ["preface", "settings", "headers", "settings"]
    assert (request.summary, response.summary) == ("HEADERS stream 1: GET /a, end of stream", "HEADERS stream 1: 200")
    assert response.answers is request
    assert request.facts["http2.headers.path"] == "/a"
    assert response.facts["http2.headers.status"] == 200
    assert request.facts["http2.stream.state"] == "idle → half-closed (client)"
    assert of_kind(messages, "data")[0].facts["http2.stream.state"] == "half-closed (client) → closed"
    assert all(m.issue is None for m in messages)


def test_acknowledgements_answer_what_they_acknowledge() -> None:
    messages = exchange((CLIENT, frame(PING, 0, 0, b"12345678")), (SERVER, frame(PING, ACK, 0, b"12345678")))
    question, answer = of_kind(messages, "ping")
    assert answer.answers is question
    acks = [m for m in of_kind(messages, "settings") if m.facts["http2.flags"] == ACK]
    assert [m.answers.side for m in acks if m.answers is not None] == [CLIENT, SERVER]


def test_windows_follow_data_updates_and_settings() -> None:
    client, server = hpack.Encoder(), hpack.Encoder()
    messages = cut(
        [
            (CLIENT, MAGIC + settings(window=20) + headers(client, REQUEST, 1, END_HEADERS | END_STREAM)),
            (SERVER, settings() + ACKED + headers(server, [(":status", "200")], 1) + frame(DATA, 0, 1, bytes(15))),
            (CLIENT, ACKED + frame(WINDOW, 0, 1, (5).to_bytes(4, "big"))),
            (SERVER, frame(DATA, PADDED, 1, b"\x04" + bytes(5) + bytes(4))),
            (CLIENT, frame(WINDOW, 0, 0, (100).to_bytes(4, "big"))),
            (SERVER, frame(DATA, 0, 1, b"x")),
        ]
    )
    data = of_kind(messages, "data")
    assert [m.facts["http2.window.stream"] for m in data] == [5, 0, -1]
    assert [m.facts["http2.window.connection"] for m in data] == [65520, 65510, 65609]
    assert [m.summary for m in data][1] == "DATA stream 1, 5 bytes"
    assert data[1].issue is None
    assert "1 bytes more than the stream's window allows" in str(data[2].issue)
    update = of_kind(messages, "window_update")
    assert [m.facts.get("http2.window.stream") for m in update] == [10, None]
    tree = check_message(update[0])
    assert values(tree, "http2.window.stream.before") == [5]
    assert values(check_message(data[0]), "http2.window.stream.before") == [20]


def test_settings_show_what_they_change_and_what_is_in_force() -> None:
    messages = exchange((CLIENT, settings(window=70000, streams=7)), (SERVER, ACKED))
    asked, confirmed = of_kind(messages, "settings")[-2:]
    assert asked.summary == "SETTINGS initial_window_size=70000, max_concurrent_streams=7"
    assert values(check_message(asked), "http2.settings.change") == [
        "initial_window_size: 65535 by default → 70000",
        "max_concurrent_streams: no limit by default → 7",
    ]
    assert values(check_message(confirmed), "http2.settings.in_force") == [
        "initial_window_size = 70000",
        "max_concurrent_streams = 7",
    ]


@pytest.mark.parametrize(
    ("sent", "summary"),
    [
        (frame(RST, 0, 1, (8).to_bytes(4, "big")), "RST_STREAM stream 1: CANCEL"),
        (frame(RST, 0, 1, (99).to_bytes(4, "big")), "RST_STREAM stream 1: error 0x63"),
        (
            frame(GOAWAY, 0, 0, (3).to_bytes(4, "big") + (11).to_bytes(4, "big") + b"too_many_pings"),
            'GOAWAY last stream 3: ENHANCE_YOUR_CALM "too_many_pings"',
        ),
        (frame(PRIORITY, 0, 3, b"\x80\0\0\1\x0f"), "PRIORITY stream 3: depends on 1 exclusively, weight 16"),
        (frame(10, 0, 0, b"\0\x09http://a/" + b'h3=":443"'), 'ALTSVC: http://a/ h3=":443"'),
        (frame(12, 0, 0, b"\0\x08http://a\0\x08http://b"), "ORIGIN: http://a, http://b"),
        (frame(16, 0, 0, b"\0\0\0\1u=2, i"), "PRIORITY_UPDATE stream 1: u=2, i"),
        (frame(0xBA, 0x41, 5, b"abc"), "FRAME_0XBA stream 5, 3 bytes"),
        (frame(WINDOW, 0, 0, (7).to_bytes(4, "big")), "WINDOW_UPDATE connection +7"),
    ],
)
def test_every_type_has_a_summary_and_a_tree(sent: bytes, summary: str) -> None:
    message = last(exchange((SERVER, sent)))
    assert message.summary == summary
    assert message.issue is None
    check_message(message)


@pytest.mark.parametrize(
    ("sent", "issue"),
    [
        (frame(PING, 0, 0, b"short"), "8 bytes are needed"),
        (frame(PING, 0, 0, b"much too long"), "5 bytes more than this frame may have"),
        (frame(SETTINGS, 0, 0, b"\0\1\0"), "needed"),
        (frame(WINDOW, 0, 0, bytes(4)), "increment of 0"),
        (frame(DATA, PADDED, 1, b"\x09abc"), "padding do not fit"),
        (frame(DATA, 0, 9, b"x"), "DATA on a stream that is idle"),
        (frame(DATA, 0, 0, b"x"), "DATA may not be sent on stream 0"),
        (frame(GOAWAY, 0, 1, bytes(8)), "GOAWAY may not be sent on stream 1"),
        (frame(DATA, 0, 1, b"x"), "that its sender has finished"),
        (frame(CONTINUATION, END_HEADERS, 1, b""), "no header block is open"),
        (frame(HEADERS, END_HEADERS, 3, b"\x88"), "HEADERS on a stream that is idle"),
        (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff"), "cannot be decoded"),
    ],
)
def test_what_is_wrong_is_said_and_the_next_frame_is_read(sent: bytes, issue: str) -> None:
    messages = exchange((SERVER, sent + frame(PING, 0, 0, b"12345678")))
    assert issue in str(messages[-2].issue)
    assert messages[-1].kind == "ping"
    assert messages[-1].issue is None
    check_message(messages[-2])


def test_fields_that_have_no_place_in_http2() -> None:
    client = hpack.Encoder()
    fields = [*REQUEST, ("connection", "close"), ("X-Big", "1"), (":late", "1")]
    issue = str(last(exchange((CLIENT, headers(client, fields, 3)))).issue)
    assert "connection has no place in HTTP/2" in issue
    assert "capital letters" in issue
    assert "a pseudo-header field behind regular ones" in issue
    assert ":late: 1 is no pseudo-header field" in issue


def split_block(encoder: hpack.Encoder, fields: list[tuple[str, str]], stream: int) -> list[bytes]:
    block = encoder.encode(fields)
    return [
        frame(HEADERS, END_STREAM, stream, block[:4]),
        frame(CONTINUATION, 0, stream, block[4:5]),
        frame(CONTINUATION, END_HEADERS, stream, block[5:]),
    ]


def test_a_block_over_several_frames_is_joined_with_true_origins() -> None:
    parts = split_block(hpack.Encoder(), [*REQUEST, ("x-long", "value" * 8)], 3)
    messages = exchange((CLIENT, b"".join(parts)))
    first, middle, end = messages[-3:]
    assert first.summary == "HEADERS stream 3: GET /a, end of stream"
    assert first.facts["http2.headers.path"] == "/a"
    assert [m.kind for m in (middle, end)] == ["continuation", "continuation"]
    assert all(m.issue is None for m in (first, middle, end))
    tree = check_message(end)
    joined = next(child for child in tree.children if child.buffer is not None)
    assert joined.buffer is not None
    block = b"".join(part[HEADER:] for part in parts)
    assert joined.buffer.data == block
    assert joined.buffer.name.endswith(f"/header block at {first.start + HEADER}")
    long = next(node for node in joined.walk() if node.name == "http2.header" and "x-long" in str(node.value))
    origins = joined.buffer.origins(long.start, long.end)
    assert {(o.packet, o.exact) for o in origins} == {(5, True)}
    assert b"".join(b"".join(parts)[o.start : o.end] for o in origins) == block[long.start : long.end]
    inner = [child for child in joined.children if child.name == "http2.header"]
    assert [str(child.value).partition(": ")[0] for child in inner][:3] == [":method", ":scheme", ":path"]


def test_a_frame_inside_a_header_block_is_an_error() -> None:
    first, *_ = split_block(hpack.Encoder(), REQUEST, 3)
    message = last(exchange((CLIENT, first + frame(PING, 0, 0, bytes(8)))))
    assert "the header block before this frame is not finished" in str(message.issue)


def test_an_indexed_field_names_the_message_that_inserted_it() -> None:
    client = hpack.Encoder()
    first = headers(client, [*REQUEST, ("x-id", "abc")], 1)
    second = headers(client, [*REQUEST, ("x-id", "abc")], 3)
    messages = cut([(CLIENT, OPENING + first), (CLIENT, second)])
    one, two = of_kind(messages, "headers")
    assert set(values(check_message(two), "http2.header.inserted_by")) == {one.number}
    assert values(check_message(one), "http2.header.inserted_by") == []
    assert values(check_message(one), "http2.hpack.before") == ["0 entries, 0 of 4096 bytes"]
    assert values(check_message(two), "http2.hpack.after") == ["unchanged"]
    assert "62 x-id: abc" in [str(v) for v in values(check_message(two), "http2.hpack.entry")]


def test_trailers_and_early_answers() -> None:
    server = hpack.Encoder()
    client = hpack.Encoder()
    messages = cut(
        [
            (CLIENT, OPENING + headers(client, REQUEST, 1) + frame(DATA, 0, 1, b"ab")),
            (CLIENT, headers(client, [("x-sum", "2")], 1, END_HEADERS | END_STREAM)),
            (SERVER, settings() + headers(server, [(":status", "103")], 1) + headers(server, [(":status", "200")], 1)),
            (SERVER, headers(server, [("grpc-status", "0")], 1, END_HEADERS | END_STREAM)),
        ]
    )
    request, trailer, early, answer, end = of_kind(messages, "headers")
    assert trailer.summary == "HEADERS stream 1: trailers x-sum: 2, end of stream"
    assert early.answers is request
    assert answer.answers is request
    assert end.answers is None
    assert end.summary == "HEADERS stream 1: trailers grpc-status: 0, end of stream"
    assert end.facts["http2.stream.state"] == "half-closed (client) → closed"


def test_a_promise_is_the_request_of_its_answer() -> None:
    server = hpack.Encoder()
    promise = frame(PUSH, END_HEADERS, 1, (2).to_bytes(4, "big") + server.encode([*REQUEST[:2], (":path", "/b")]))
    client = hpack.Encoder()
    messages = cut(
        [
            (CLIENT, OPENING + headers(client, REQUEST, 1, END_HEADERS | END_STREAM)),
            (
                SERVER,
                settings() + promise + headers(server, [(":status", "200")], 2) + frame(DATA, END_STREAM, 2, b"x"),
            ),
        ]
    )
    promised = of_kind(messages, "push_promise")[0]
    assert promised.summary == "PUSH_PROMISE stream 1 promises stream 2: GET /b"
    assert promised.facts["http2.stream.state"] == "idle → reserved (server)"
    answer = of_kind(messages, "headers")[-1]
    assert answer.answers is promised
    assert answer.facts["http2.stream.state"] == "reserved (server) → half-closed (client)"
    assert last(messages).facts["http2.stream.state"] == "half-closed (client) → closed"


def test_an_upgraded_request_is_stream_1() -> None:
    asked = urlsafe_b64encode((4).to_bytes(2, "big") + (50).to_bytes(4, "big")).rstrip(b"=").decode()
    request = f"GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: {asked}\r\n\r\n".encode()
    server = hpack.Encoder()
    messages = cut(
        [
            (CLIENT, request),
            (SERVER, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + settings()),
            (CLIENT, OPENING + ACKED),
            (SERVER, headers(server, [(":status", "200")], 1) + frame(DATA, END_STREAM, 1, b"hello")),
        ]
    )
    assert [m.protocol for m in messages[:3]] == ["http", "http", "http2"]
    answer = of_kind(messages, "headers")[0]
    assert answer.answers is messages[0]
    assert last(messages).facts["http2.stream.state"] == "half-closed (client) → closed"
    assert last(messages).facts["http2.window.stream"] == 45
    assert all(m.issue is None for m in messages)


CALL = [(":method", "POST"), (":path", "/a.B/C"), ("content-type", "application/grpc"), ("te", "trailers")]
MESSAGE = b"\0\0\0\0\3\x0a\1x"


def test_streams_are_handed_on_as_conversations_of_their_own() -> None:
    client, server = hpack.Encoder(), hpack.Encoder()
    asked = headers(client, CALL, 1) + headers(client, CALL, 3)
    parts = (
        frame(DATA, 0, 3, MESSAGE[:4]) + frame(DATA, END_STREAM, 1, MESSAGE) + frame(DATA, END_STREAM, 3, MESSAGE[4:])
    )
    answers = b"".join(
        headers(server, [(":status", "200"), ("content-type", "application/grpc")], stream)
        + frame(DATA, PADDED, stream, b"\2" + MESSAGE + bytes(2))
        + headers(server, [("grpc-status", "0")], stream, END_HEADERS | END_STREAM)
        for stream in (3, 1)
    )
    messages = cut([(CLIENT, OPENING + asked + parts), (SERVER, settings() + answers)])
    carried = [m for m in messages if m.protocol == "grpc" and m.kind == "message"]
    assert sorted((m.side, m.buffer.name) for m in carried) == [
        (side, f"{name}/stream {stream}") for side, name in enumerate(("client", "server")) for stream in (1, 3)
    ]
    assert [m.buffer.data for m in carried] == [MESSAGE] * 4


def test_an_error_page_is_no_message_of_the_call() -> None:
    client, server = hpack.Encoder(), hpack.Encoder()
    messages = cut(
        [
            (CLIENT, OPENING + headers(client, CALL, 1) + frame(DATA, END_STREAM, 1, MESSAGE)),
            (SERVER, settings() + headers(server, [(":status", "502"), ("content-type", "text/html")], 1)),
            (SERVER, frame(DATA, END_STREAM, 1, b"<html>bad gateway</html>")),
        ]
    )
    assert [m.side for m in messages if m.protocol == "grpc" and m.kind == "message"] == [CLIENT]
    (call,) = of_kind(messages, "call")
    assert "502" in call.summary or "502" in str(call.issue) or "UNAVAILABLE" in call.summary


def test_joined_in_the_middle_later_entries_are_exact() -> None:
    client = hpack.Encoder()
    client.encode([("x-before", "1"), ("x-other", "2")])
    known = headers(client, [*REQUEST, ("x-before", "1"), ("x-new", "3")], 5)
    again = headers(client, [*REQUEST, ("x-new", "3"), ("x-before", "1")], 7)
    messages = cut([(CLIENT, frame(WINDOW, 0, 0, (9).to_bytes(4, "big")) + known + again)])
    assert [m.protocol for m in messages] == ["http2"] * 3
    first, second = of_kind(messages, "headers")
    names = values(check_message(first), "http2.header.name")
    assert "<index 65, inserted before the capture>" in names
    assert values(check_message(second), "http2.header.name")[4:] == [
        "x-new",
        "<index 66, inserted before the capture>",
    ]
    assert first.facts["http2.stream.state"] == "idle → open"
    assert "http2.window.connection" not in messages[0].facts


def test_bytes_of_a_frame_that_began_before_the_capture() -> None:
    frames = [frame(PING, 0, 0, bytes(8)), frame(WINDOW, 0, 3, b"\0\0\1\0"), frame(DATA, 0, 3, b"x" * 20)]
    messages = cut([(SERVER, b"tail of a body\0\0" + b"".join(frames))])
    assert [(m.protocol, m.kind) for m in messages][1:] == [
        ("http2", "ping"),
        ("http2", "window_update"),
        ("http2", "data"),
    ]
    assert messages[0].length == 16
    assert "the capture begins inside a message" in str(messages[0].issue)


def test_a_hole_in_data_loses_data_only() -> None:
    body = frame(DATA, 0, 1, bytes(100))
    client, server = hpack.Encoder(), hpack.Encoder()
    turns: list[Turn] = [
        (CLIENT, OPENING + headers(client, REQUEST, 1, END_HEADERS | END_STREAM)),
        (SERVER, settings() + headers(server, [(":status", "200"), ("x-a", "1")], 1) + body[:30]),
        (SERVER, 60),
        (SERVER, body[90:] + headers(server, [("x-a", "1")], 1, END_HEADERS | END_STREAM)),
    ]
    messages = cut(turns)
    data = of_kind(messages, "data")[0]
    assert data.length == len(body)
    assert data.issue == "not all bytes of this frame were captured"
    assert "hole" in [leaf.name for leaf in check_message(data).leaves()]
    assert last(messages).summary == "HEADERS stream 1: trailers x-a: 1, end of stream"


def test_a_hole_over_headers_costs_that_direction_its_table() -> None:
    client, server = hpack.Encoder(), hpack.Encoder()
    lost = headers(server, [(":status", "200"), ("x-lost", "1")], 1)
    turns: list[Turn] = [
        (CLIENT, OPENING + headers(client, [*REQUEST, ("x-c", "1")], 1, END_HEADERS | END_STREAM)),
        (SERVER, settings() + frame(PING, 0, 0, bytes(8))),
        (SERVER, len(lost)),
        (SERVER, frame(DATA, END_STREAM, 1, b"abc") + headers(server, [(":status", "200"), ("x-lost", "1")], 3)),
        (CLIENT, headers(client, [*REQUEST, ("x-c", "1")], 5)),
    ]
    messages = cut(turns)
    assert [m.kind for m in messages if m.side == SERVER] == ["settings", "ping", "hole", "data", "headers"]
    response = of_kind(messages, "headers")[-2]
    assert response.summary == "HEADERS stream 3: 200"
    assert "<index 62, inserted while bytes were lost>" in values(check_message(response), "http2.header.name")
    assert "x-c" in values(check_message(last(messages)), "http2.header.name")


def test_a_frame_cut_by_the_end_of_the_capture() -> None:
    message = last(exchange((SERVER, frame(HEADERS, END_HEADERS, 3, b"\x88\x40\x03abc\x09tail")[:-3])))
    assert (message.kind, message.complete) == ("headers", False)
    assert "the bytes end after" in str(message.issue)
    tree = check_message(message)
    assert values(tree, "http2.header.value")[0] == "200"
    preface = cut([(CLIENT, MAGIC[:20])])
    assert [(m.protocol, m.kind, m.complete) for m in preface] == [("http2", "preface", False)]


def test_a_wrong_preface_is_shown_as_one() -> None:
    wrong = MAGIC.replace(b"SM", b"XX")
    messages = cut([(CLIENT, wrong + settings())])
    assert [(m.kind, m.issue is not None) for m in messages] == [("preface", True), ("settings", False)]


def test_what_is_no_frame_any_more_is_left_to_others() -> None:
    messages = exchange((SERVER, b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(40)))
    assert [m.protocol for m in messages][-1] != "http2"


@pytest.mark.parametrize(
    ("side", "prefix", "strength"),
    [
        (CLIENT, MAGIC, STRONG),
        (CLIENT, MAGIC[:3], MORE),
        (CLIENT, b"PRI * HTTP/2.0\r\n\r\nXX", STRONG),
        (CLIENT, b"PRINT", NONE),
        (SERVER, settings(streams=100), STRONG),
        (SERVER, settings(streams=100)[:9], MORE),
        (SERVER, settings(), MORE),
        (SERVER, settings() + ACKED, STRONG),
        (SERVER, frame(SETTINGS, 0, 0, b"\x7f\x01" + bytes(4)) + b"more of it" * 2, NONE),
        (SERVER, frame(GOAWAY, 0, 0, bytes(7) + b"\1"), STRONG),
        (CLIENT, settings(streams=100) + frame(WINDOW, 0, 0, b"\0\0\0\1"), STRONG),
        (CLIENT, bytes(64), NONE),
        (SERVER, bytes(64), NONE),
        (SERVER, frame(DATA, 0, 1, b"abc") + frame(DATA, 1, 1), STRONG),
        (SERVER, frame(DATA, 0, 1, b"abc") + b"not a frame, this", NONE),
        (SERVER, frame(DATA, 0x40, 1, b"abc") + frame(DATA, 1, 1), NONE),
        (SERVER, b"", NONE),
    ],
)
def test_recognising(side: int, prefix: bytes, strength: int) -> None:
    assert protocols()["http2"].recognise(prefix, side, Hints()).strength == strength


def test_frame_headers_are_read_the_same_silently_and_recording() -> None:
    raw = frame(HEADERS, 0x25, 0x81234567 & 0x7FFFFFFF, b"") + b""
    raw = raw[:5] + (0x81234567).to_bytes(4, "big")
    silent, recording = read_header(Reader(raw)), read_header(Recorder(raw))
    for each in (silent, recording):
        assert (each.length, each.kind, each.flags, each.stream) == (0, 1, 0x25, 0x01234567)


def test_a_closed_stream_opens_no_more() -> None:
    assert {after for (state, _, _), after in TRANSITIONS.items() if state == CLOSED} == {CLOSED}
