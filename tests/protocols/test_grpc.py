"""gRPC calls in HTTP/2 streams and HTTP/1 bodies: what is cut, paired, told and guessed."""

import base64
import gzip
import json
import zlib
from collections.abc import Sequence
from urllib.parse import quote

import cramjam
import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Hints
from inspector.protocols.grpc_call import binary_value, percent_decoded, timeout_nanoseconds, timeout_words
from inspector.protocols.grpc_frame import chain
from inspector.protocols.grpc_guess import guess_method
from streams import SCHEMAS, Turn, check_cover, check_message, cut, every, keys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ASK = b"\x0a\x08sensor-1\x10\x05"
ANSWER = bytes.fromhex("090000000000803540120143")
PATH = "/sensor.SensorService/GetTemperatura"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def prefixed(payload: bytes, flags: int = 0) -> bytes:
    return bytes([flags]) + len(payload).to_bytes(4, "big") + payload


class Wire:
    """Writes an HTTP/2 conversation, turn by turn."""

    def __init__(self, preface: bool = True) -> None:
        self.encoders = [Encoder(), Encoder()]
        self.turns: list[tuple[Side, bytes]] = []
        if preface:
            self.add(CLIENT, PREFACE + frame(4, 0, 0, b""))
            self.add(SERVER, frame(4, 0, 0, b"") + frame(4, 1, 0, b""))

    def add(self, side: Side, data: bytes) -> "Wire":
        self.turns.append((side, data))
        return self

    def headers(self, side: Side, fields: Sequence[tuple[str, str]], stream: int = 1, end: bool = False) -> "Wire":
        block: bytes = self.encoders[side].encode(list(fields))
        return self.add(side, frame(1, 4 | (1 if end else 0), stream, block))

    def ask(self, path: str = PATH, stream: int = 1, *more: tuple[str, str]) -> "Wire":
        fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x")]
        return self.headers(CLIENT, [*fields, ("te", "trailers"), ("content-type", "application/grpc"), *more], stream)

    def answer(self, stream: int = 1, *more: tuple[str, str]) -> "Wire":
        return self.headers(SERVER, [(":status", "200"), ("content-type", "application/grpc"), *more], stream)

    def data(self, side: Side, payload: bytes, stream: int = 1, end: bool = False) -> "Wire":
        return self.add(side, frame(0, 1 if end else 0, stream, payload))

    def trailers(self, status: int = 0, *more: tuple[str, str], stream: int = 1) -> "Wire":
        return self.headers(SERVER, [("grpc-status", str(status)), *more], stream, end=True)

    def cut(self) -> list[Message]:
        """The gRPC messages; every rule is held, and no cut of the bytes changes them."""
        turns: list[Turn] = list(self.turns)
        messages = cut(turns)
        check_cover(messages, [sum(len(data) for who, data in self.turns if who == side) for side in (0, 1)])
        for message in messages:
            check_message(message)
        for size in (1, 3, 50):
            assert keys(cut(turns, every(size))) == keys(messages)
        return [m for m in messages if m.protocol == "grpc"]


def unary() -> Wire:
    wire = Wire().ask().data(CLIENT, prefixed(ASK), end=True)
    return wire.answer().data(SERVER, prefixed(ANSWER)).trailers()


def leaves(message: Message) -> dict[str, object]:
    return {node.name: node.value for node in check_message(message).walk()}


def nodes(message: Message, name: str) -> list[Field]:
    return [node for node in check_message(message).walk() if node.name == name]


def test_a_unary_call() -> None:
    call, request, reply = unary().cut()
    assert (call.kind, call.summary) == ("call", "sensor.SensorService/GetTemperatura → OK")
    assert (call.facts["grpc.service"], call.facts["grpc.method"]) == ("sensor.SensorService", "GetTemperatura")
    assert (call.facts["grpc.status"], call.facts["grpc.status.name"]) == (0, "OK")
    assert call.issue is None
    assert call.parent is not None
    assert (call.parent.protocol, call.parent.kind, call.length) == ("http2", "headers", call.parent.length)
    assert (request.kind, request.summary) == ("message", 'GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)')
    assert reply.summary == '→ TemperaturaResponse(valor=21.5, unidade="C")'
    assert request.parent is reply.parent is call
    assert reply.answers is request
    assert request.facts == {
        "grpc.message_length": 12,
        "grpc.compressed_flag": 0,
        "protobuf.message.name": "sensor.SensorRequest",
    }
    names = [node.label for node in nodes(reply, "protobuf.field")]
    assert names == ["valor", "unidade"]
    assert leaves(reply)["protobuf.field.value.double"] == 21.5
    told = leaves(call)
    assert told["grpc.call_kind"] == "unary"
    assert told["grpc.response_type"] == "sensor.TemperaturaResponse"


def test_messages_across_frames_and_several_in_one() -> None:
    data = prefixed(ASK) + prefixed(b"") + prefixed(b"\x0a\x01b")
    wire = Wire().ask("/sensor.SensorService/Monitorar").data(CLIENT, data[:3]).data(CLIENT, data[3:9])
    wire.data(CLIENT, data[9:], end=True).answer()
    wire.data(SERVER, prefixed(ANSWER) * 2 + prefixed(ANSWER)[:4]).data(SERVER, prefixed(ANSWER)[4:]).trailers()
    call, *messages = wire.cut()
    assert [m.summary for m in messages if m.side == CLIENT] == [
        'Monitorar(sensor_id="sensor-1", ultimos_minutos=5)',
        "Monitorar()",
        'Monitorar(sensor_id="b")',
    ]
    assert len([m for m in messages if m.side == SERVER]) == 3
    assert {m.answers for m in messages} == {None}, "nothing says which answers which in a bidirectional call"
    assert leaves(call)["grpc.call_kind"] == "bidirectional streaming"


def test_data_frames_with_padding() -> None:
    wire = Wire().ask().add(CLIENT, frame(0, 8 | 1, 1, b"\x03" + prefixed(ASK) + b"\0\0\0"))
    _, request = wire.cut()
    assert request.summary.startswith('GetTemperatura(sensor_id="sensor-1"')


def test_trailers_only() -> None:
    wire = Wire().ask().data(CLIENT, prefixed(ASK), end=True)
    wire.headers(
        SERVER,
        [
            (":status", "200"),
            ("content-type", "application/grpc"),
            ("grpc-status", "5"),
            ("grpc-message", "sensor n%C3%A3o encontrado: 100%25"),
        ],
        end=True,
    )
    call, _ = wire.cut()
    assert call.summary == "sensor.SensorService/GetTemperatura → NOT_FOUND: sensor não encontrado: 100%"
    assert call.facts["grpc.status.message"] == "sensor não encontrado: 100%"
    assert call.issue is None
    assert leaves(call)["grpc.status"] == 5


def test_status_details_are_decoded() -> None:
    status = bytes.fromhex("08051204") + b"gone" + b"\x1a\x02\x0a\x00"
    encoded = base64.b64encode(status).decode().rstrip("=")
    call, _ = Wire().ask().data(CLIENT, prefixed(ASK)).trailers(5, ("grpc-status-details-bin", encoded)).cut()
    (details,) = nodes(call, "grpc.status_details")
    assert details.buffer is not None
    assert not details.buffer.exact
    assert details.buffer.data == status
    labels = [node.label for node in details.walk() if node.name == "protobuf.field"]
    assert labels == ["code", "message", "details", "type_url"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([("grpc-timeout", "500m")], ("grpc.timeout", "500m (500 milliseconds)")),
        ([("grpc-timeout", "1S")], ("grpc.timeout", "1S (1 second)")),
        (
            [("grpc-timeout", "soon")],
            ("grpc.timeout", "soon ('soon' is no timeout: up to 8 digits and one of H, M, S, m, u, n)"),
        ),
        ([("grpc-encoding", "gzip")], ("grpc.encoding", "gzip")),
        ([("x-turno", "noite")], ("grpc.metadata", "x-turno: noite")),
        ([("x-bin", "AAH+")], ("grpc.metadata", "x-bin: 00 01 fe (base64)")),
        ([("x-bin", "\0\0\1~")], ("grpc.metadata", "x-bin: 00 01 7e (as it is)")),
        ([("x-bin", "!!")], ("grpc.metadata", "x-bin: !!")),
    ],
)  # fmt: skip
def test_what_the_request_says(fields: list[tuple[str, str]], said: tuple[str, str]) -> None:
    call, *_ = Wire().ask(PATH, 1, *fields).data(CLIENT, prefixed(ASK)).cut()
    assert (said[0], said[1]) in [(node.name, node.value) for node in check_message(call).walk()]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(ASK)),
        ("deflate", zlib.compress(ASK)),
        ("", gzip.compress(ASK)),
        ("deflate", zlib.compress(ASK)[2:-4]),
        ("snappy", bytes(cramjam.snappy.compress(ASK))),
        ("snappy", bytes(cramjam.snappy.compress_raw(ASK))),
        ("zstd", bytes(cramjam.zstd.compress(ASK))),
        ("", bytes(cramjam.zstd.compress(ASK))),
        ("", bytes(cramjam.snappy.compress(ASK))),
    ],
)
def test_compressed_messages(coding: str, packed: bytes) -> None:
    wire = Wire().ask(PATH, 1, *([("grpc-encoding", coding)] if coding else []))
    _, request = wire.data(CLIENT, prefixed(packed, 1)).cut()
    assert request.summary == 'GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)'
    assert request.facts["grpc.compressed_flag"] == 1
    (inflated,) = [node for node in nodes(request, "grpc.message_data") if node.buffer is not None]
    assert inflated.buffer is not None
    assert inflated.buffer.data == ASK
    assert not inflated.buffer.exact


@pytest.mark.parametrize(
    ("coding", "packed", "said"),
    [
        ("snappy", b"whatever", "GetTemperatura(8 bytes compressed with snappy)"),
        ("gzip", b"no gzip", "GetTemperatura(7 bytes compressed with gzip)"),
        ("", b"opaque", "GetTemperatura(6 bytes compressed with an unknown coding)"),
    ],
)
def test_what_cannot_be_inflated_is_said(coding: str, packed: bytes, said: str) -> None:
    wire = Wire().ask(PATH, 1, *([("grpc-encoding", coding)] if coding else []))
    _, request = wire.data(CLIENT, prefixed(packed, 1)).cut()
    assert request.summary == said
    assert nodes(request, "grpc.message_data")[0].issue


def test_a_bomb_is_not_inflated_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    import inspector.protocols.grpc_frame as frames

    monkeypatch.setattr(frames, "MAX_INFLATED", 1 << 20)
    packed = gzip.compress(bytes(1 << 24))
    wire = Wire().ask(PATH, 1, ("grpc-encoding", "gzip"))
    for at in range(0, len(packed) + 5, 16_000):
        wire.data(CLIENT, prefixed(packed, 1)[at : at + 16_000])
    messages = [m for m in cut(list(wire.turns)) if m.protocol == "grpc"]
    assert len(messages) == 2


@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_a_reset_stream(side: Side) -> None:
    wire = Wire().ask().data(CLIENT, prefixed(ASK), end=True).add(side, frame(3, 0, 1, (8).to_bytes(4, "big")))
    call, _ = wire.cut()
    who = "cancelled by the client" if side == CLIENT else "reset by the server"
    assert call.summary == f"sensor.SensorService/GetTemperatura → {who} (CANCEL)"
    assert call.facts["grpc.reset"] == "CANCEL"
    assert call.issue is None


def test_a_status_counts_more_than_a_reset_behind_it() -> None:
    call, *_ = unary().add(SERVER, frame(3, 0, 1, bytes(4))).cut()
    assert call.summary.endswith("→ OK")


def test_calls_without_an_end() -> None:
    call, _ = Wire().ask().data(CLIENT, prefixed(ASK)).cut()
    assert (call.summary.rpartition("→ ")[2], call.issue) == ("no answer seen", "no status was seen")
    call, _, _ = Wire().ask().data(CLIENT, prefixed(ASK)).answer().data(SERVER, prefixed(ANSWER)).cut()
    assert (call.summary.rpartition("→ ")[2], call.issue) == ("no status seen", "no status was seen")


@pytest.mark.parametrize("content_type", ["application/grpc", "text/html", ""])
def test_a_proxy_that_answers_in_its_own_name(content_type: str) -> None:
    wire = Wire().ask().data(CLIENT, prefixed(ASK), end=True)
    fields = [(":status", "503"), *([("content-type", content_type)] if content_type else [])]
    call, _ = wire.headers(SERVER, fields).data(SERVER, b"" if content_type else b"<html>", end=True).cut()
    assert call.summary.endswith("HTTP status 503 instead of a gRPC status")
    assert call.issue == "HTTP status 503 instead of a gRPC status"


def test_a_method_that_no_schema_has() -> None:
    call, request, reply = (
        Wire().ask("/a.B/C").data(CLIENT, prefixed(ASK)).answer().data(SERVER, prefixed(ANSWER)).trailers().cut()
    )
    assert call.summary == "a.B/C → OK"
    assert request.summary == 'C(1: "sensor-1", 2: 5)'
    assert reply.summary == '→ (1: 21.5, 2: "C")'


def test_a_message_cut_short() -> None:
    _, request = Wire().ask().data(CLIENT, prefixed(ASK)[:9]).cut()
    assert request.issue == "4 of 12 bytes of this message are there"
    assert not request.complete


def test_flags_that_do_not_exist_are_no_message() -> None:
    messages = Wire().ask().data(CLIENT, b"GET / HTTP/1.1\r\n\r\n").cut()
    assert [m.kind for m in messages] == ["call"]


def test_json_that_nobody_announced() -> None:
    _, request = Wire().ask().data(CLIENT, prefixed(b'{"sensorId": "x"}\n')).cut()
    assert request.issue is None
    assert leaves(request)["grpc.json"] == '{"sensorId": "x"}\n'


def test_a_message_that_is_no_protobuf() -> None:
    _, request = Wire().ask().data(CLIENT, prefixed(b"\xff\xff")).cut()
    assert request.summary == "GetTemperatura(…)"
    assert str(request.issue).startswith("no protobuf from byte 0 of the message on: no field starts here")


def test_interleaved_streams_keep_apart() -> None:
    wire = Wire().ask(PATH, 1).ask(PATH, 3).data(CLIENT, prefixed(ASK)[:7], 1)
    wire.data(CLIENT, prefixed(b"\x0a\x01z"), 3, end=True).data(CLIENT, prefixed(ASK)[7:], 1, end=True)
    wire.answer(3).data(SERVER, prefixed(ANSWER), 3).trailers(stream=3)
    wire.answer(1).data(SERVER, prefixed(b""), 1).trailers(13, stream=1)
    messages = wire.cut()
    calls = [m for m in messages if m.kind == "call"]
    assert [call.summary.rpartition("→ ")[2] for call in calls] == ["INTERNAL", "OK"]
    for call, summaries in zip(
        calls,
        (
            ['GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)', "→ TemperaturaResponse()"],
            ['GetTemperatura(sensor_id="z")', '→ TemperaturaResponse(valor=21.5, unidade="C")'],
        ),
        strict=True,
    ):
        assert [m.summary for m in messages if m.parent is call] == summaries


# joined in the middle


def joined_late() -> Wire:
    """A second call whose header fields refer to the first one's, of which nothing is captured."""
    wire = unary()
    first = len(wire.turns)
    wire.ask(PATH, 3).data(CLIENT, prefixed(ASK), 3, end=True)
    wire.answer(3).data(SERVER, prefixed(ANSWER), 3).trailers(stream=3)
    wire.turns = wire.turns[first:]
    return wire


def test_the_method_is_guessed_from_the_messages() -> None:
    call, request, reply = joined_late().cut()
    assert call.summary == "sensor.SensorService/GetTemperatura → status not known (method guessed)"
    assert str(call.facts["grpc.guess"]).startswith("0.")
    assert request.summary == 'GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)'
    assert reply.summary == '→ TemperaturaResponse(valor=21.5, unidade="C")'
    assert "inserted before the capture" in str(call.issue)


def test_nothing_is_guessed_from_nothing() -> None:
    assert guess_method(SCHEMAS.proto.methods(), [(CLIENT, b""), (SERVER, b"")]) is None
    assert guess_method(SCHEMAS.proto.methods(), [(CLIENT, b"\xff\xff")]) is None
    assert guess_method([], [(CLIENT, ASK)]) is None


def test_a_guess_says_how_sure_it_is() -> None:
    few = guess_method(SCHEMAS.proto.methods(), [(CLIENT, ASK), (SERVER, ANSWER)])
    assert few is not None
    assert few.method.path == PATH
    many = guess_method(
        [m for m in SCHEMAS.proto.methods() if m.name == "GetTemperatura"], [(CLIENT, ASK), (SERVER, ANSWER)]
    )
    assert many is not None
    assert 0 < few.confidence <= many.confidence < 1
    assert "4 fields of 2 messages fit its types" in few.reason


@given(st.lists(st.tuples(st.sampled_from((CLIENT, SERVER)), st.binary(max_size=40)), max_size=4))
def test_guessing_never_fails(payloads: list[tuple[Side, bytes]]) -> None:
    guess_method(SCHEMAS.proto.methods(), payloads)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (prefixed(ASK), 1),
        (prefixed(ASK) * 3, 3),
        (prefixed(b""), 1),
        (prefixed(gzip.compress(ASK), 1), 1),
        (prefixed(ASK)[:-1], 0),
        (prefixed(ASK) + b"\0", 0),
        (prefixed(b"\xff\xff\xff"), 0),
        (b"", 0),
        (b"{}", 0),
        (prefixed(b"") * 1000, 64),
    ],
)
def test_chains_of_messages(data: bytes, count: int) -> None:
    assert chain(data, 0) == count


# reflection


def test_reflection_teaches_types() -> None:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    from inspector.engine.stream import Clock, Context, Stream
    from inspector.model.buffer import Buffer, Plain
    from inspector.session import Options, load_schemas

    file = FileDescriptorProto(name="learnt.proto", package="learnt", syntax="proto3")
    file.message_type.add(name="Ask").field.add(name="pergunta", number=1, label=1, type=9)
    file.service.add(name="S").method.add(name="Do", input_type=".learnt.Ask", output_type=".learnt.Ask")
    content = file.SerializeToString()
    inner = b"\x0a" + bytes([len(content)]) + content
    wire = Wire().ask("/learnt.S/Do", 1).data(CLIENT, prefixed(b"\x0a\x01x"), 1)
    wire.ask("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", 3).answer(3)
    wire.data(SERVER, prefixed(b"\x22" + bytes([len(inner)]) + inner), 3)
    schemas = load_schemas(Options())
    sides = [b"".join(data for side, data in wire.turns if side == wanted) for wanted in (0, 1)]
    for expected in ('Do(1: "x")', 'Do(pergunta="x")'):
        context = Context(schemas, Clock())
        stream = Stream(context, 1, [Buffer(str(i), Plain(data)) for i, data in enumerate(sides)], Hints())
        for side, data in wire.turns:
            stream.feed(side, data)
        assert expected in [m.summary for m in context.messages]
        assert schemas.proto.news, "a method was asked for before it was told of"


# gRPC-Web and Connect


def http(path: str, content_type: str, body: bytes, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def response(content_type: str, body: bytes, *more: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchange(request: bytes, answer: bytes) -> list[Message]:
    wire = Wire(preface=False).add(CLIENT, request).add(SERVER, answer)
    return wire.cut()


TRAILERS = b"grpc-status: 0\r\ngrpc-message: tudo bem\r\n"


def test_grpc_web() -> None:
    content_type = "application/grpc-web+proto"
    answer = response(content_type, prefixed(ANSWER) + prefixed(TRAILERS, 0x80))
    call, request, reply, trailers = exchange(http(PATH, content_type, prefixed(ASK)), answer)
    assert call.summary == "sensor.SensorService/GetTemperatura → OK: tudo bem"
    assert request.summary.startswith("GetTemperatura(sensor_id=")
    assert (trailers.kind, trailers.summary) == ("trailers", "trailers OK: tudo bem")
    assert [node.value for node in nodes(trailers, "grpc.trailer")] == ["grpc-status: 0", "grpc-message: tudo bem"]
    assert reply.answers is request
    bits = [bits.name for node in check_message(trailers).walk() for bits in node.bits]
    assert bits == ["grpc.frame_type", "grpc.compressed_flag"]


def test_grpc_web_with_the_status_in_the_head() -> None:
    content_type = "application/grpc-web+proto"
    answer = response(content_type, b"", "grpc-status: 7", "grpc-message: n%C3%A3o")
    call, _ = exchange(http(PATH, content_type, prefixed(ASK)), answer)
    assert call.summary.endswith("PERMISSION_DENIED: não")


@pytest.mark.parametrize("runs", [1, 2])
def test_grpc_web_text(runs: int) -> None:
    content_type = "application/grpc-web-text+proto"
    parts = [prefixed(ANSWER) * 2, prefixed(TRAILERS, 0x80)]
    text = base64.b64encode(b"".join(parts)) if runs == 1 else b"".join(base64.b64encode(part) for part in parts)
    ask = base64.b64encode(prefixed(ASK))
    call, request, first, second, trailers = exchange(http(PATH, content_type, ask), response(content_type, text))
    assert call.summary.endswith("OK: tudo bem")
    assert request.summary == 'GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)'
    assert first.summary == second.summary == '→ TemperaturaResponse(valor=21.5, unidade="C")'
    assert trailers.kind == "trailers"
    (decoded,) = [child for child in check_message(second).children if child.buffer is not None]
    assert decoded.buffer is not None
    assert decoded.buffer.data == prefixed(ANSWER)


def test_text_that_is_no_base64() -> None:
    content_type = "application/grpc-web-text"
    messages = exchange(http(PATH, content_type, b"?" * 12), response(content_type, b"AAA"))
    assert [m.kind for m in messages] == ["call"]


def test_connect_streaming() -> None:
    content_type = "application/connect+proto"
    end = json.dumps({"error": {"code": "not_found", "message": "não há"}}).encode()
    answer = response(content_type, prefixed(ANSWER) + prefixed(end, 2))
    call, _, reply, ending = exchange(http(PATH, content_type, prefixed(ASK)), answer)
    assert call.summary == "sensor.SensorService/GetTemperatura → NOT_FOUND: não há"
    assert reply.kind == "message"
    assert (ending.kind, ending.summary) == ("trailers", "end of stream NOT_FOUND: não há")


def test_connect_streaming_in_json_and_compressed() -> None:
    content_type = "application/connect+json"
    packed = gzip.compress(b'{"valor":21.5}')
    answer = response(
        content_type, prefixed(packed, 1) + prefixed(gzip.compress(b"{}"), 3), "Connect-Content-Encoding: gzip"
    )
    call, request, reply, ending = exchange(http(PATH, content_type, prefixed(b'{"sensorId":"x"}')), answer)
    assert call.summary.endswith("→ OK")
    assert request.summary == 'GetTemperatura({"sensorId":"x"})'
    assert reply.summary == '→ TemperaturaResponse({"valor":21.5})'
    assert ending.summary == "end of stream OK"


def test_connect_unary() -> None:
    answer = response("application/proto", gzip.compress(ANSWER), "Content-Encoding: gzip")
    call, request, reply = exchange(http(PATH, "application/proto", ASK), answer)
    assert call.summary.endswith("→ OK")
    assert request.summary == 'GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)'
    assert reply.summary == '→ TemperaturaResponse(valor=21.5, unidade="C")'
    assert request.facts["grpc.message_length"] == len(ASK)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"code": "not_found", "message": "sensor não encontrado"}, "NOT_FOUND: sensor não encontrado"),
        ({"code": "canceled"}, "CANCELLED"),
        ({"code": "something else"}, "UNKNOWN"),
        ({"oops": 1}, "HTTP status 404 instead of a gRPC status"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/proto", "application/json"])
def test_connect_unary_that_fails(content_type: str, error: dict[str, object], outcome: str) -> None:
    body = json.dumps(error).encode()
    answer = response("application/json", body, status="404 Not Found")
    ask = ASK if content_type == "application/proto" else b'{"sensorId":"sensor-1"}'
    call, _ = exchange(http(PATH, content_type, ask, "Connect-Protocol-Version: 1"), answer)
    assert call.summary.endswith(f"→ {outcome}")
    if "code" in error:
        assert leaves(call)["grpc.status.name"] == outcome.partition(":")[0]
        assert call.issue is None


def test_connect_unary_that_fails_over_http2() -> None:
    wire = Wire()
    head = [(":method", "POST"), (":scheme", "http"), (":path", PATH), (":authority", "x")]
    wire.headers(CLIENT, [*head, ("content-type", "application/proto")]).data(CLIENT, ASK, end=True)
    wire.headers(SERVER, [(":status", "503"), ("content-type", "application/json")])
    wire.data(SERVER, b'{"code":"unavailable",').data(SERVER, b'"message":"later"}', end=True)
    call, request = wire.cut()
    assert call.summary.endswith("→ UNAVAILABLE: later")
    assert request.summary.startswith("GetTemperatura(sensor_id=")


def test_connect_unary_in_json() -> None:
    asked = http(PATH, "application/json", b'{"sensorId":"sensor-1"}', "Connect-Protocol-Version: 1")
    call, request, reply = exchange(asked, response("application/json", b'{"valor":21.5}'))
    assert call.summary.endswith("→ OK")
    assert request.summary == 'GetTemperatura({"sensorId":"sensor-1"})'
    assert reply.summary == '→ TemperaturaResponse({"valor":21.5})'


def test_json_without_that_field_is_no_call() -> None:
    assert exchange(http(PATH, "application/json", b"{}"), response("application/json", b"{}")) == []


GETS = [
    f"connect=v1&encoding=proto&base64=1&message={base64.urlsafe_b64encode(ASK).decode().rstrip('=')}",
    f"message={quote(ASK)}&encoding=proto&connect=v1",
    f"connect=v1&encoding=proto&compression=gzip&base64=1&message={base64.urlsafe_b64encode(gzip.compress(ASK)).decode()}",
]


@pytest.mark.parametrize("query", GETS, ids=["base64", "escaped", "gzip"])
def test_connect_by_get(query: str) -> None:
    asked = f"GET {PATH}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    call, request, reply = exchange(asked, response("application/proto", ANSWER))
    assert call.summary == "sensor.SensorService/GetTemperatura → OK"
    assert (request.side, request.summary) == (CLIENT, 'GetTemperatura(sensor_id="sensor-1", ultimos_minutos=5)')
    assert reply.summary == '→ TemperaturaResponse(valor=21.5, unidade="C")'
    assert reply.answers is request
    wire = Wire().headers(
        CLIENT, [(":method", "GET"), (":scheme", "http"), (":path", f"{PATH}?{query}"), (":authority", "x")], end=True
    )
    wire.headers(SERVER, [(":status", "200"), ("content-type", "application/proto")]).data(SERVER, ANSWER, end=True)
    assert [m.summary for m in wire.cut()] == [call.summary, request.summary, reply.summary]


# header values


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("a%20b", "a b"),
        ("100%", "100%"),
        ("%zz", "%zz"),
        ("n%C3%A3o", "não"),
        ("não".encode().decode("latin-1"), "não"),
    ],
)
def test_percent_encoding(text: str, decoded: str) -> None:
    assert percent_decoded(text) == decoded


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1H", 3600 * 10**9), ("2M", 120 * 10**9), ("3S", 3 * 10**9), ("4m", 4 * 10**6), ("5u", 5000), ("6n", 6),
     ("", 0), ("m", 0), ("123456789m", 0), ("-1m", 0), ("1x", 0), ("١m", 0)],
)  # fmt: skip
def test_timeouts(text: str, nanoseconds: int) -> None:
    assert timeout_nanoseconds(text) == nanoseconds
    assert ("is no timeout" in timeout_words(text)) == (nanoseconds == 0)


@pytest.mark.parametrize(
    ("value", "raw"),
    [("AAH+", b"\0\1\xfe"), ("AAE", b"\0\1"), ("AAE=", b"\0\1"), ("\0\xff\0", b"\xff\0"), ("", b""), ("*", None)],
)
def test_binary_metadata(value: str, raw: bytes | None) -> None:
    assert binary_value(value) == raw
