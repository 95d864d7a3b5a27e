"""Server-sent events, held against the standard's own examples, and against httpx-sse on whatever chance makes."""

import gzip
import json
import zlib
from collections.abc import Callable

import cramjam
import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.sse_payload import CONTENT, DONE, MCP, OTHER, STEP, read_payload
from streams import Turn, check_cover, check_message, cut, every, keys

REQUEST = b"GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"


def sse(stream: bytes, size: int = 0) -> list[Message]:
    """The messages of an event stream without anything around it."""
    return cut([(SERVER, stream)] if stream else [], every(size or len(stream) or 1), forced="sse")


def response(stream: bytes, head: bytes = b"", chunked: bool = True, cut_off: bool = False) -> bytes:
    """A response with the stream as its body, in chunks of 7 bytes."""
    first = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n" + head
    if not chunked:
        return first + b"\r\n" + stream
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in every(7)(stream))
    return first + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + (b"" if cut_off else b"0\r\n\r\n")


def rows(messages: list[Message]) -> list[tuple[str, str]]:
    return [(m.kind, m.summary) for m in messages if m.protocol == "sse"]


def events(messages: list[Message]) -> list[tuple[object, object, object]]:
    """Type, data and last event id of what a browser would dispatch."""
    names = ("sse.event", "sse.data", "sse.last_event_id")
    return [tuple(m.facts[name] for name in names) for m in messages if m.kind == "event"]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        # WHATWG HTML 9.2.6, the examples
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
            [("message", "first event", "1"), ("message", "second event", "")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", "")] * 2),
        (b"event: a\rdata: 1\r\revent: b\r\ndata: 2\r\n\r\n", [("a", "1", ""), ("b", "2", "")]),
        (b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n", [("message", "1", "")]),
        (b"id: a\0b\ndata: 1\n\n", [("message", "1", "")]),
        (
            b"id: 7\ndata: 1\n\ndata: 2\n\nid\ndata: 3\n\n",
            [("message", "1", "7"), ("message", "2", "7"), ("message", "3", "")],
        ),
        (b"event: a\n\ndata: 1\n\n", [("message", "1", "")]),
        (b"event: a\nevent: b\ndata: 1\n\n", [("b", "1", "")]),
        (b"Data: 1\n data: 2\ndata : 3\n\n", []),
        (b"data:\xc3\x28\xff\n\n", [("message", "\ufffd(\ufffd", "")]),
        (b"", []),
    ],
)
def test_events_are_those_of_the_standard(stream: bytes, expected: list[tuple[str, str, str]]) -> None:
    for size in (0, 1, 2, 3):
        messages = sse(stream, size)
        assert events(messages) == expected
        check_cover(messages, [0, len(stream)])


def test_what_is_dropped_says_why() -> None:
    stream = b"\n: hi\n\nretry: 1500\n\nid: 9\n\nretry: 1x\ndata: x\n\nevent: e\ndata: lost"
    assert rows(sse(stream)) == [
        ("dropped", "empty line: nothing to dispatch"),
        ("comment", "comment: hi"),
        ("dropped", "dropped: no data, retry 1500 ms remembered"),
        ("dropped", "dropped: no data, id '9' remembered"),
        ("event", "message: x"),
        ("dropped", "dropped: lost"),
    ]
    messages = sse(stream)
    assert messages[2].facts["sse.retry"] == 1500
    assert "sse.retry" not in messages[4].facts
    assert messages[5].issue == "the stream ends before the empty line that would dispatch it"
    assert [m.issue for m in messages[:5]] == [None] * 5


def test_an_event_is_there_with_its_empty_line_and_not_before() -> None:
    stream = b"data: one\r\n\r\ndata: two\r\r: beat\ndata: three\n\n"
    counts = []
    for length in range(len(stream) + 1):
        fed = cut([(SERVER, stream[:length])], every(1), ends=("", ""), forced="sse") if length else []
        counts.append(sum(m.kind == "event" for m in fed))
    ends = [stream.index(b"\r\n\r\n") + 3, stream.index(b"\r\r") + 2, len(stream)]
    assert counts == [sum(length >= end for end in ends) for length in range(len(stream) + 1)]


def test_fields_tile_the_bytes_and_tell_what_a_browser_makes_of_them() -> None:
    stream = b"\xef\xbb\xbf:c\r\ndata:  a\nretry: x\nid: 1\0\nfoo\nevent:e\rdata\n\n"
    comment, event = (check_message(m) for m in sse(stream))
    assert [f.name for f in comment.leaves()] == ["sse.bom", "sse.colon", "sse.value", "sse.line_end"]
    found = {f.name: f.value for f in event.walk() if not f.length}
    assert found["sse.dispatched"] == "e"
    assert found["sse.message"] == " a\n"
    notes = [f.issue for f in event.walk() if f.issue]
    assert notes == [
        "retry takes ASCII digits only: ignored",
        "an id with U+0000 is ignored",
        "'foo' is no field of an event stream: ignored",
    ]


LINES = st.one_of(
    st.sampled_from(
        ["", "", "data", "data:", "data: x", "data:  y", "event: e", "event", "id: 1", "id", "id:a\0b", ":c", "x: y"]
    ),
    st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]), max_size=8).map(
        "data:{}".format
    ),
    st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]), max_size=8),
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=30)


def by_httpx(text: str) -> list[tuple[str, str, str]]:
    lines, decoder = SSELineDecoder(), SSEDecoder()
    found = (decoder.decode(line) for line in lines.decode(text) + lines.flush()) if text else iter(())
    return [(each.event or "message", each.data, each.id) for each in found if each is not None]


@settings(deadline=None)
@given(STREAMS, st.integers(1, 40))
def test_the_same_events_as_httpx_sse(lines: list[tuple[str, str]], size: int) -> None:
    text = "".join(line + end for line, end in lines)
    raw = text.encode()
    mine = [each for each in events(sse(raw, size)) if each[1]]
    # httpx-sse reports blocks without data too, as events with empty data
    assert mine == [each for each in by_httpx(text) if each[1]]


def test_httpx_sse_drops_the_first_event_after_a_byte_order_mark_and_the_standard_does_not() -> None:
    text = "\ufeffdata: 1\n\ndata: 2\n\n"
    assert [data for _, data, _ in events(sse(text.encode()))] == ["1", "2"]
    assert [data for _, data, _ in by_httpx(text) if data] == ["2"]


@settings(deadline=None)
@given(STREAMS, st.integers(1, 40), st.booleans())
def test_any_stream_is_cut_the_same_however_it_comes(lines: list[tuple[str, str]], size: int, chunked: bool) -> None:
    stream = "".join(line + end for line, end in lines).encode()
    turns: list[Turn] = [(CLIENT, REQUEST), (SERVER, response(stream, chunked=chunked))]
    messages = cut(turns)
    assert keys(cut(turns, every(size))) == keys(messages)
    assert [m.parent for m in messages if m.protocol == "sse"] == [messages[1]] * len(rows(messages))
    for message in messages:
        check_message(message)
    inner = [m for m in messages if m.protocol == "sse"]
    assert b"".join(m.buffer.read(m.start, m.end) for m in inner) == stream


def test_bytes_that_were_never_captured_cost_the_event_they_lie_in() -> None:
    body = b"data: 1\n\ndata: 2222222\n\ndata: 3\n\n"
    whole = response(body, chunked=False)
    at = whole.index(b"222")
    turns: list[Turn] = [(CLIENT, REQUEST), (SERVER, whole[:at]), (SERVER, 4), (SERVER, whole[at + 4 :])]
    messages = cut(turns)
    assert [m.kind for m in messages if m.protocol in ("sse", "data")] == [
        "event",
        "dropped",
        "hole",
        "dropped",
        "event",
    ]
    assert [m.issue for m in messages if m.kind == "dropped"] == [
        "not all of it was captured",
        "its beginning was never captured",
    ]
    assert keys(cut(turns, every(1))) == keys(messages)


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(cramjam.brotli.compress(data)),
    "zstd": lambda data: bytes(cramjam.zstd.compress(data)),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_coded_streams_are_read_decoded(coding: str) -> None:
    stream = b"".join(b"id: %d\ndata: event %d\n\n" % (n, n * n) for n in range(50))
    head = f"Content-Encoding: {coding}\r\n".encode()
    turns: list[Turn] = [(CLIENT, REQUEST), (SERVER, response(CODINGS[coding](stream), head))]
    messages = cut(turns)
    assert [data for _, data, _ in events(messages)] == [f"event {n * n}" for n in range(50)]
    assert keys(cut(turns, every(5))) == keys(messages)
    event = messages[20]
    assert event.buffer.read(event.start, event.end) == b"id: 18\ndata: event 324\n\n"
    origins = event.buffer.origins(event.start, event.end)
    assert origins
    assert not any(origin.exact for origin in origins)
    for message in messages:
        check_message(message)


def test_a_coded_stream_that_is_cut_keeps_what_came_out() -> None:
    packer = zlib.compressobj(wbits=31)
    flushed = b"".join(packer.compress(b"data: %d\n\n" % n) + packer.flush(zlib.Z_SYNC_FLUSH) for n in range(5))
    turns: list[Turn] = [(CLIENT, REQUEST), (SERVER, response(flushed, b"Content-Encoding: gzip\r\n", cut_off=True))]
    messages = cut(turns, ends=("", "rst"))
    assert [data for _, data, _ in events(messages)] == ["0", "1", "2", "3", "4"]
    assert messages[1].issue is not None
    assert "gzip data ends too early" in messages[1].issue
    assert messages[-1].facts["sse.ended"] == "reset"


def test_a_request_that_resumes_is_known_by_its_last_event_id() -> None:
    request = b"GET /e HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n"
    messages = cut([(CLIENT, request), (SERVER, response(b"data: a\n\nid: 42\ndata: b\n\n"))])
    assert messages[2].facts["sse.resumes"] == "41"
    assert [each[2] for each in events(messages)] == ["41", "42"]


@pytest.mark.parametrize(
    ("ends", "cut_off", "expected"),
    [
        (("fin", "fin"), False, "ended by the server"),
        (("", "fin"), True, "broken off by the server"),
        (("", ""), True, "still open when the capture ends"),
        (("", "rst"), True, "reset"),
        (("rst", ""), True, "aborted by the client (RST)"),
    ],
)
def test_how_a_stream_ended(ends: tuple[str, str], cut_off: bool, expected: str) -> None:
    turns: list[Turn] = [(CLIENT, REQUEST), (SERVER, response(b"data: 1\n\ndata: 2\n\n", cut_off=cut_off))]
    messages = cut(turns, ends=ends)
    assert messages[-1].facts["sse.ended"] == expected
    assert messages[-1].facts["sse.events"] == 2


def openai(text: str) -> str:
    return json.dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]})


def anthropic(text: str) -> str:
    return json.dumps({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


@pytest.mark.parametrize("delta", [openai, anthropic])
def test_deltas_are_joined(delta: object) -> None:
    assert callable(delta)
    data = [*(delta(text) for text in ("Hel", "lo ", "wörld")), "[DONE]"]
    stream = "".join(f"data: {each}\n\n" for each in data).encode()
    messages = sse(stream)
    assert [m.facts.get("sse.text") for m in messages] == ["Hel", "Hello ", "Hello wörld", "Hello wörld"]
    assert messages[1].summary == 'message: + "lo "'
    assert messages[3].summary == "message: [DONE] after 3 deltas"
    assert [f.value for f in check_message(messages[1]).walk() if f.name == "sse.text"] == ["Hello "]


@pytest.mark.parametrize(
    ("event", "data", "kind", "text"),
    [
        ("", '{"choices":[{"text":"x"}]}', CONTENT, "x"),
        ("", '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\\"a"}}]}}]}', CONTENT, '{"a'),
        ("", '{"type":"response.output_text.delta","delta":"y"}', CONTENT, "y"),
        ("", '{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{"}}', CONTENT, "{"),
        ("", '{"type":"message_stop"}', DONE, "message_stop"),
        ("", '{"choices":[]}', OTHER, ""),
        ("endpoint", "/messages/?session_id=1", MCP, "endpoint /messages/?session_id=1"),
        ("", '{"jsonrpc":"2.0","id":3,"method":"tools/list"}', MCP, "tools/list id 3"),
        ("", '{"jsonrpc":"2.0","id":3,"result":{"tools":[]}}', MCP, "result id 3: tools"),
        ("", '{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}}', MCP, "error id 3: -1 no"),
        ("", '{"jsonrpc":"2.0","id":3,"method":"eth_call"}', STEP, "call eth_call id 3"),
        ("", '{"jsonrpc', OTHER, ""),
        ("", '{"delta":' + "[" * 100_000, OTHER, ""),
    ],
)
def test_payloads_of_known_formats(event: str, data: str, kind: int, text: str) -> None:
    found = read_payload(event, data)
    assert (found.kind, found.text) == (kind, text)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("ends", "first", "expected"),
    [
        (("fin", "fin"), CLIENT, "aborted by the client (FIN)"),
        (("rst", ""), CLIENT, "aborted by the client (RST)"),
        (("fin", "fin"), SERVER, "broken off by the server"),
        (("rst", "fin"), SERVER, "broken off by the server"),
        (("", ""), CLIENT, "still open when the capture ends"),
    ],
)
def test_who_ended_an_unfinished_stream(version: int, ends: tuple[str, str], first: int, expected: str) -> None:
    stream = b"data: 1\n\ndata: 2\n\n"
    turns: list[Turn] = [(CLIENT, REQUEST), (SERVER, response(stream, cut_off=True))]
    if version == 2:
        opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
        asked = bytes.fromhex("000003010500000001") + b"\x82\x86\x84"
        block = b"\x88\x5f\x11text/event-stream"
        told = len(block).to_bytes(3, "big") + bytes.fromhex("010400000001") + block
        data = len(stream).to_bytes(3, "big") + bytes.fromhex("000000000001") + stream
        turns = [(CLIENT, opening + asked), (SERVER, bytes.fromhex("000000040000000000") + told + data)]
    messages = cut(turns, ends=ends, first=first)
    assert messages[-1].facts["sse.ended"] == expected
