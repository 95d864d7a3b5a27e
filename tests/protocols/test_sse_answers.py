"""Answers of language models and messages of MCP in event streams: pieces joined, marks named, tokens counted."""

import json

import pytest

from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.sse_payload import ARGUMENTS, CONTENT, OTHER, STEP, THINKING, method_of, read_payload
from protocols.test_sse import response
from streams import check_message, cut

POST = b"POST /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"


def events(*data: object, asked: bytes = b"{}") -> list[Message]:
    """The rows of a stream with these data in answer to a POST."""
    lines = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in data]
    names = [f"event: {each['type']}\n" if isinstance(each, dict) and "type" in each else "" for each in data]
    stream = "".join(f"{name}data: {line}\n\n" for name, line in zip(names, lines, strict=True))
    found = cut([(CLIENT, POST % (len(asked), asked)), (SERVER, response(stream.encode()))])
    for message in found:
        check_message(message)
    return [m for m in found if m.protocol == "sse"]


def chunk(delta: dict[str, object], reason: str | None = None) -> dict[str, object]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def call(**function: str) -> dict[str, object]:
    return {"tool_calls": [{"index": 0, "function": function}]}


def test_a_chat_completion() -> None:
    found = events(
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "Olá"}),
        chunk({"content": ", você"}),
        chunk(call(name="weather", arguments="")),
        chunk(call(arguments='{"city":')),
        chunk(call(arguments='"SP"}')),
        chunk({}, "tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 7}},
        "[DONE]",
    )
    assert [m.summary for m in found] == [
        "message: role assistant",
        'message: thinking + "hm"',
        'message: + "Olá"',
        'message: + ", você"',
        "message: call weather",
        'message: arguments + "{"city":"',
        'message: arguments + ""SP"}"',
        "message: stop: tool_calls",
        "message: usage, 7 tokens",
        "message: [DONE] after 5 deltas, 7 tokens",
    ]
    last = found[-1].facts
    assert (last["sse.text"], last["sse.thinking"], last["sse.arguments"]) == ("Olá, você", "hm", '{"city":"SP"}')
    assert (last["sse.tokens_in"], last["sse.tokens_out"], last["sse.deltas"]) == (9, 7, 5)
    assert found[3].facts["sse.text"] == "Olá, você"
    assert found[2].facts["sse.text"] == "Olá"
    assert found[5].facts["sse.arguments"] == '{"city":'


def test_an_answer_of_anthropic() -> None:
    def block(kind: str, **more: object) -> dict[str, object]:
        return {"type": "content_block_start", "content_block": {"type": kind, **more}}

    def delta(**what: str) -> dict[str, object]:
        return {"type": "content_block_delta", "index": 0, "delta": what}

    found = events(
        {"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 25, "output_tokens": 1}}},
        block("thinking"),
        delta(type="thinking_delta", thinking="Let me see"),
        delta(type="signature_delta", signature="Eq"),
        block("text", text=""),
        {"type": "ping"},
        delta(type="text_delta", text="Hello"),
        block("tool_use", name="weather"),
        delta(type="input_json_delta", partial_json='{"a"'),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 15}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"type": "message_stop"},
    )
    assert [m.summary for m in found] == [
        "message_start: model m-1, 1 tokens",
        "content_block_start: thinking",
        'content_block_delta: thinking + "Let me see"',
        "content_block_delta: signature_delta",
        "content_block_start: text",
        'ping: {"type": "ping"}',
        'content_block_delta: + "Hello"',
        "content_block_start: tool_use weather",
        'content_block_delta: arguments + "{"a""',
        'content_block_stop: {"type": "content_block_stop", "index": 0}',
        "message_delta: stop: tool_use, 15 tokens",
        "error: error overloaded_error: Overloaded",
        "message_stop: message_stop after 3 deltas, 15 tokens",
    ]
    last = found[-1].facts
    assert (last["sse.text"], last["sse.thinking"], last["sse.arguments"]) == ("Hello", "Let me see", '{"a"')
    assert (last["sse.tokens_in"], last["sse.tokens_out"]) == (25, 15)


def test_an_answer_of_the_responses_api() -> None:
    found = events(
        {"type": "response.created", "response": {"status": "in_progress"}},
        {"type": "response.output_item.added", "item": {"type": "function_call", "name": "weather"}},
        {"type": "response.reasoning_summary_text.delta", "delta": "hm"},
        {"type": "response.output_text.delta", "delta": "Good "},
        {"type": "response.output_text.delta", "delta": "day"},
        {"type": "response.output_text.done", "text": "Good day"},
        {"type": "response.function_call_arguments.delta", "delta": "{"},
        {"type": "response.failed", "response": {"error": {"message": "no more"}}},
        {"type": "response.completed", "response": {"usage": {"input_tokens": 5, "output_tokens": 3}}},
    )
    assert [m.summary.partition(": ")[2] for m in found] == [
        "in_progress",
        "function_call weather",
        'thinking + "hm"',
        '+ "Good "',
        '+ "day"',
        "Good day",
        'arguments + "{"',
        "error: no more",
        "response.completed after 4 deltas, 3 tokens",
    ]
    assert found[-1].facts["sse.text"] == "Good day"


@pytest.mark.parametrize(
    ("event", "data", "kind", "text", "channel"),
    [
        ("", {"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]}}]}, CONTENT, "ab", "text"),
        ("", {"candidates": [{"content": {"parts": [{"text": "t", "thought": True}]}}]}, CONTENT, "t", THINKING),
        ("", {"candidates": [{"finishReason": "STOP"}]}, STEP, "stop: STOP", "text"),
        ("", {"type": "content-delta", "delta": {"message": {"content": {"text": "c"}}}}, CONTENT, "c", "text"),
        ("", {"type": "text-delta", "id": "1", "delta": "v"}, CONTENT, "v", "text"),
        ("", {"token": {"text": "t"}, "generated_text": None}, CONTENT, "t", "text"),
        ("", {"content": "l", "stop": False}, CONTENT, "l", "text"),
        ("data", {"content": "A", "type": "AIMessageChunk"}, CONTENT, "A", "text"),
        ("", chunk(call(arguments="{")), CONTENT, "{", ARGUMENTS),
        ("error", {"message": "overloaded"}, STEP, "error: overloaded", "text"),
        ("", {"error": {"message": "bad key"}}, STEP, "error: bad key", "text"),
        ("", {"delta": "0.5", "price": 3}, OTHER, "", "text"),
        ("", {"content": "plain"}, OTHER, "", "text"),
        ("", {"choices": [None, 3], "usage": []}, OTHER, "", "text"),
    ],
)
def test_pieces_and_marks_of_other_servers(event: str, data: object, kind: int, text: str, channel: str) -> None:
    found = read_payload(event, json.dumps(data))
    assert (found.kind, found.text, found.channel) == (kind, text, channel)


def test_heartbeats_tell_their_interval() -> None:
    found = cut([(SERVER, b": a\n\n"), (SERVER, b"data: 1\n\n"), (SERVER, b": b\n\n")], forced="sse")
    assert [m.kind for m in found] == ["comment", "event", "comment"]
    # bytes without a capture have no times, and no interval
    assert "sse.interval" not in found[2].facts


def test_results_of_mcp_answer_the_post_that_asked() -> None:
    asked = b'{"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "add"}}'
    progress, result, other = events(
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}},
        {"jsonrpc": "2.0", "id": 4, "result": {"content": []}},
        {"jsonrpc": "2.0", "id": 9, "error": {"code": -32602, "message": "bad"}},
        asked=asked,
    )
    assert progress.summary == "message: MCP notifications/progress"
    assert progress.answers is None
    assert result.summary == "message: MCP result id 4: content (answers tools/call add)"
    assert result.answers is not None
    assert result.answers.kind == "request"
    assert other.facts["sse.mcp"] == "error id 9: -32602 bad"


def test_the_method_of_a_request() -> None:
    assert method_of(b'[{"id": "a", "method": "x"}, {"id": 2, "method": "y"}]', "2") == "y"
    assert method_of(b'{"id": 1}', "1") == ""
    assert method_of(b"\x1f\x8b", "1") == ""


def test_json_in_a_data_line_is_read_where_it_stands() -> None:
    (event,) = cut([(SERVER, b'data: {"n": 21.5}\n\n')], forced="sse")
    tree = check_message(event)
    (number,) = (f for f in tree.walk() if f.name == "json.value.number")
    assert number.value == 21.5
    assert event.buffer.read(number.start, number.end) == b"21.5"
    (plain,) = cut([(SERVER, b"data: [not json\n\n")], forced="sse")
    assert not [f for f in check_message(plain).walk() if f.name.startswith("json")]


def test_a_character_cut_between_two_pieces_is_whole_in_the_answer() -> None:
    halves = ['{"choices": [{"delta": {"content": "\\ud83d"}}]}', '{"choices": [{"delta": {"content": "\\ude00"}}]}']
    first, second = events(*halves)
    assert second.facts["sse.text"] == "😀"
    assert first.facts["sse.delta"] == "\ufffd"
    for message in (first, second):
        json.dumps([message.summary, message.facts], ensure_ascii=False).encode()
        assert "".join(str(f.value) for f in check_message(message).walk()).encode()
