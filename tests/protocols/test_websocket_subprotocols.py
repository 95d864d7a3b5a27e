"""What WebSocket messages mean to the two programs: subprotocols named, answers paired, contents handed on."""

import gzip
import json

import pytest

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.websocket_graphql import operation
from protocols.test_websocket import ACCEPT, DEFLATE, NONCE, asked, deflated, reading, said, values
from streams import Turn, check_message, cut

GRAPHQL = "graphql-transport-ws"


def opening(subprotocol: str, extensions: str = "") -> list[Turn]:
    request = f"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {NONCE}\r\n\r\n"
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", f"Sec-WebSocket-Accept: {ACCEPT}"]
    lines += [f"Sec-WebSocket-Protocol: {subprotocol}"] if subprotocol else []
    lines += [f"Sec-WebSocket-Extensions: {extensions}"] if extensions else []
    return [(CLIENT, request.encode()), (SERVER, ("\r\n".join(lines) + "\r\n\r\n").encode())]


def spoken(subprotocol: str, *turns: Turn, extensions: str = "") -> list[Message]:
    found = cut([*opening(subprotocol, extensions), *turns])
    for message in found:
        check_message(message)
        assert message.issue is None
    return [m for m in found if m.protocol == "websocket"]


def sends(value: object) -> Turn:
    return asked(1, json.dumps(value).encode())


def answers(value: object) -> Turn:
    return said(1, json.dumps(value).encode())


def named(message: Message) -> tuple[object, ...]:
    names = ("name", "message", "id", "about")
    return tuple(message.facts.get(f"websocket.subprotocol.{name}", "") for name in names)


QUERY = {"query": 'subscription L($s: String = "{") { readings(s: $s) { n } }'}


@pytest.mark.parametrize("agreed", [GRAPHQL, ""])
def test_graphql_messages_are_named_and_paired(agreed: str) -> None:
    found = spoken(
        agreed,
        sends({"type": "connection_init", "payload": {"token": "t"}}),
        answers({"type": "connection_ack"}),
        sends({"id": "1", "type": "subscribe", "payload": QUERY}),
        sends({"id": "2", "type": "subscribe", "payload": {"query": "{ sensor { n } }"}}),
        answers({"id": "1", "type": "next", "payload": {"data": {"n": 1}}}),
        answers({"id": "2", "type": "error", "payload": [{"message": "no"}, {"message": "again"}]}),
        answers({"id": "1", "type": "next", "payload": {"data": {"n": 2}}}),
        answers({"id": "1", "type": "complete"}),
        answers({"id": "1", "type": "next", "payload": {}}),
    )
    init, ack, first, second, one, error, two, done, late = found
    assert (ack.answers, one.answers, two.answers, done.answers) == (init, first, first, first)
    assert (error.answers, late.answers) == (second, None)
    assert named(first) == (GRAPHQL, "subscribe", "1", "subscription L { readings }")
    assert named(second)[3] == "query { sensor }"
    assert one.summary == 'TEXT next 1 {"data": {"n": 1}}'
    assert error.summary == "TEXT error 2 no (and 1 more)"
    assert values(first, "websocket.subprotocol.id") == ["1"]


def test_the_older_graphql_subprotocol_has_other_names() -> None:
    found = spoken(
        "graphql-ws",
        sends({"type": "connection_init"}),
        answers({"type": "ka"}),
        sends({"id": 7, "type": "start", "payload": {"query": "query Q { a }", "operationName": "Q"}}),
        answers({"id": 7, "type": "data", "payload": {"data": {"a": 1}}}),
        sends({"id": 7, "type": "stop"}),
    )
    assert [named(m)[1] for m in found] == ["connection_init", "ka", "start", "data", "stop"]
    assert found[3].answers is found[2]
    assert named(found[2])[3] == "query Q { a }"


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("{ a }", "", "query { a }"),
        ("# subscription S\nmutation Do($x: In = {b: 1}) { alias: act(x: $x) { id } }", "", "mutation Do { act }"),
        ("query A { a } query B { b }", "B", "query B { b }"),
        ("query A { a } query B { b }", "", "query A { a }"),
        ("subscription { ...F } fragment F on T { x }", "", "subscription { ...F }"),
        ("", "Stored", "query Stored"),
        ("{{{", "", "query"),
    ],
)
def test_operations_in_short(query: str, name: str, words: str) -> None:
    assert operation(query, name) == words


def test_close_codes_of_graphql_have_words() -> None:
    (close,) = spoken(GRAPHQL, said(8, (4429).to_bytes(2, "big")))
    assert close.summary == "CLOSE 4429 too many initialisation requests"
    (close,) = spoken("", said(8, (4429).to_bytes(2, "big")))
    assert close.summary == "CLOSE 4429 a code of the application"


def test_calls_of_json_rpc_are_paired_in_both_directions() -> None:
    found = spoken(
        "",
        sends({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
        answers({"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage"}),
        answers({"jsonrpc": "2.0", "id": 1, "result": {}}),
        sends({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}),
        answers({"jsonrpc": "2.0", "method": "notify"}),
        sends([{"jsonrpc": "2.0", "id": 2, "method": "a"}, {"jsonrpc": "2.0", "method": "b"}]),
    )
    call, back, result, error, note, batch = found
    assert (result.answers, error.answers) == (call, back)
    assert named(call) == ("json-rpc", "tools/list", "1", "")
    assert error.summary == "TEXT error 1 -32601 no such method"
    assert note.summary == "TEXT notify"
    assert batch.summary == "TEXT batch of 2"


def test_calls_with_ids_need_no_version() -> None:
    found = spoken(
        "",
        sends({"id": 1, "method": "Page.enable"}),
        answers({"method": "Page.loaded", "params": {}}),
        answers({"id": 1, "result": {}}),
    )
    assert found[2].answers is found[0]
    assert found[1].summary == "TEXT Page.loaded"
    (plain,) = spoken("", sends({"id": 1, "name": "x"}))
    assert "websocket.subprotocol.name" not in plain.facts


def test_wamp_and_ocpp() -> None:
    hello, welcome, subscribe, subscribed, event, call, error = spoken(
        "wamp.2.json",
        sends([1, "realm1", {}]),
        answers([2, 123, {}]),
        sends([32, 713, {}, "com.topic"]),
        answers([33, 713, 55]),
        answers([36, 55, 99, {}, ["x"]]),
        sends([48, 714, {}, "com.add"]),
        answers([8, 48, 714, {}, "wamp.error.no_such_procedure"]),
    )
    assert (welcome.answers, subscribed.answers, error.answers) == (hello, subscribe, call)
    assert named(subscribe) == ("wamp", "SUBSCRIBE", "713", "com.topic")
    assert event.summary == "TEXT EVENT"
    assert named(error)[3] == "wamp.error.no_such_procedure"
    ask, answer = spoken(
        "ocpp1.6", sends([2, "19", "BootNotification", {}]), answers([3, "19", {"status": "Accepted"}])
    )
    assert named(ask) == ("ocpp1.6", "CALL", "19", "BootNotification")
    assert answer.answers is ask


def test_socket_io_on_engine_io() -> None:
    found = spoken(
        "",
        said(1, b'0{"sid":"abc","pingInterval":25000}'),
        asked(1, b"40"),
        said(1, b'40{"sid":"x"}'),
        asked(1, b'42/admin,7["join",{"room":"a"}]'),
        said(1, b'43/admin,7["ok"]'),
        said(1, b"2"),
        asked(1, b"3"),
        said(1, "6é".encode()),
        said(1, b"9"),
    )
    opened, connect, connected, event, ack, ping, pong, noop, odd = found
    assert named(opened)[:2] == ("engine.io", "open")
    assert (connected.answers, ack.answers, pong.answers) == (connect, event, ping)
    assert named(event) == ("socket.io", "EVENT", "7", "/admin join")
    assert values(event, "json.value.string") == ["join", "a"]
    assert values(event, "websocket.payload.prefix") == ["42/admin,7"]
    assert values(event, "websocket.payload.text") == ['42/admin,7["join",{"room":"a"}]']
    assert named(noop)[1] == "noop"
    assert odd.summary == 'TEXT "9"'


def test_mqtt_packets_are_named_wherever_messages_begin() -> None:
    connect = bytes.fromhex("100f00044d5154540402003c00036162 63".replace(" ", ""))
    subscribe = b"\x82\x06\x00\x07\x00\x01a\x00"
    publish = b"\x32\x08\x00\x03a/b\x00\x09x"
    found = spoken(
        "mqtt",
        asked(2, connect),
        said(2, b"\x20\x02\x00\x00"),
        asked(2, subscribe[:3]),
        asked(2, subscribe[3:] + b"\xc0\x00"),
        said(2, b"\x90\x03\x00\x07\x00" + publish),
        asked(2, b"\x40\x02\x00\x09"),
        said(2, b"\xd0"),
        said(2, b"\x00"),
    )
    summaries = [m.summary for m in found]
    assert summaries[0] == "BINARY 17 bytes CONNECT abc"
    assert found[1].answers is found[0]
    assert summaries[3] == "BINARY 7 bytes PINGREQ"
    assert summaries[4] == "BINARY 15 bytes SUBACK 7 PUBLISH 9 a/b"
    assert summaries[6:] == ["BINARY 1 byte continued", "BINARY 1 byte PINGRESP"]
    (found_out,) = spoken("", asked(2, connect))
    assert named(found_out)[:2] == ("mqtt", "CONNECT")


def test_stomp_frames_are_named() -> None:
    connect, connected, send, receipt, beat = spoken(
        "v12.stomp",
        asked(1, b"CONNECT\naccept-version:1.2\nhost:a\n\n\0"),
        said(1, b"CONNECTED\nversion:1.2\n\n\0"),
        asked(1, b"SEND\r\ndestination:/queue/a\r\nreceipt:77\r\n\r\nhello\0"),
        said(1, b"RECEIPT\nreceipt-id:77\n\n\0"),
        said(1, b"\n"),
    )
    assert (connected.answers, receipt.answers) == (connect, send)
    assert send.summary == "TEXT SEND 77 /queue/a hello"
    assert beat.summary == "TEXT heartbeat"
    (found_out,) = spoken("", asked(1, b"CONNECT\naccept-version:1.2\n\n\0"))
    assert named(found_out)[0] == "stomp"


def test_protobuf_is_read_by_subprotocol_or_where_it_can_be_nothing_else() -> None:
    message = b"\x0a\x08sensor-1\x10\x96\x01"
    (told,) = spoken("example.protobuf.v1", said(2, b"\x08\x96\x01"))
    assert told.summary == "BINARY 3 bytes protobuf (1: 150)"
    (found,) = spoken("", said(2, message))
    assert found.summary == 'BINARY 13 bytes protobuf (1: "sensor-1", 2: 150)'
    assert values(found, "websocket.payload.binary") == [message]
    tree = check_message(found)
    assert "protobuf.message" in {field.name for field in tree.walk()}
    for plain in (
        b"\x08\x96\x01",
        b"\x00\x01\xff",
        b"plain old text",
        gzip.compress(b"x" * 40),
        b"\x89PNG\r\n\x1a\n\0\0",
    ):
        (left,) = spoken("", said(2, plain))
        assert "websocket.subprotocol.name" not in left.facts


def test_protobuf_bytes_lead_back_through_masking_and_compression() -> None:
    message = b"\x0a\x08sensor-1\x10\x96\x01"
    (packed,) = deflated(message)
    found = spoken("", asked(2, message), asked(2, packed, rsv=4), extensions=DEFLATE)
    for each, name in ((found[0], "websocket.payload"), (found[1], "websocket.payload.inflated")):
        tree = reading(each, name)
        assert tree.buffer is not None
        (text,) = (f for f in tree.walk() if f.value == "sensor-1" and f.end - f.start == 8)
        assert tree.buffer.read(text.start, text.end) == b"sensor-1"
        origins = tree.buffer.origins(text.start, text.end)
        assert origins
        assert all(origin.exact == (each is found[0]) for origin in origins)


def test_json_in_a_binary_message_is_read_too() -> None:
    (message,) = spoken("", said(2, b'{"n": [1, 2]}'))
    assert values(message, "json.value.number") == [1, 2]


def test_messages_in_fragments_are_read_when_they_are_whole() -> None:
    text = json.dumps({"id": "1", "type": "subscribe", "payload": QUERY}).encode()
    found = spoken(
        GRAPHQL, asked(1, text[:20], fin=False), asked(0, text[20:]), answers({"id": "1", "type": "complete"})
    )
    whole = next(m for m in found if m.kind == "message")
    assert named(whole)[1] == "subscribe"
    assert whole.summary == "TEXT of 2 fragments: subscribe 1 subscription L { readings }"
    assert found[-1].answers is whole
    assert "readings" in str(values(whole, "json.value.string"))


@pytest.mark.parametrize("agreed", ["", GRAPHQL, "mqtt", "v12.stomp", "wamp.2.json", "ocpp1.6", "protobuf", "json-rpc"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"[null]",
        b'{"type": 3}',
        b'{"id": {}, "method": 1}',
        b"\x10",
        b"\xff" * 9,
        b"0",
        b"42[",
    ],
    ids=lambda content: content.hex() or "empty",
)
def test_odd_messages_are_shown_as_they_are(agreed: str, content: bytes) -> None:
    for opcode in (1, 2):
        found = cut([*opening(agreed), asked(opcode, content), said(opcode, content)])
        for message in found:
            check_message(message)
        assert [m.protocol for m in found] == ["http", "http", "websocket", "websocket"]


def test_half_a_character_in_json_can_be_shown() -> None:
    half = json.loads('"\\ud83d"')
    found = spoken(
        GRAPHQL,
        sends({"type": half, "id": half}),
        sends({"type": "next", "id": "1", "payload": half}),
        sends({"type": "subscribe", "id": "2", "payload": {"query": "{ a }", "operationName": half}}),
    )
    for message in found:
        json.dumps([message.summary, message.facts], ensure_ascii=False).encode()


def test_json_as_deep_as_it_gets_is_no_trouble() -> None:
    deep = b'{"type": "next", "id": "1", "payload": ' + b"[" * 980 + b"]" * 980 + b"}"
    (message,) = (m for m in cut([*opening(GRAPHQL), asked(1, deep)]) if m.protocol == "websocket")
    assert message.summary.startswith("TEXT")
