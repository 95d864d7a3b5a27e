"""What the data of an event says where a well-known format is on top: answers of language models, and MCP.

Formats: OpenAI chat completions and responses, Anthropic messages, Model Context Protocol over JSON-RPC 2.0.
"""

import json
from typing import Final

OTHER: Final = 0
CONTENT: Final = 1
DONE: Final = 2
MCP: Final = 3

MAX_PARSED: Final = 1 << 18
"""Characters of data that are parsed; a delta has a few hundred."""

MCP_METHODS: Final = (
    "initialize",
    "ping",
    "tools/",
    "resources/",
    "prompts/",
    "notifications/",
    "sampling/",
    "logging/",
    "completion/",
    "roots/",
    "elicitation/",
)
MCP_RESULTS: Final = (
    "protocolVersion",
    "serverInfo",
    "tools",
    "resources",
    "prompts",
    "content",
    "contents",
    "messages",
)
"""Members of which every answer to an MCP request but the empty one has some."""


WORDS: Final = ('"delta"', '"choices"', '"jsonrpc"', '"message_stop"', '"response.completed"')
"""One of them is in all data that is more than data to us."""


class Payload:
    """`kind` is CONTENT (`text` is the next piece), DONE or MCP (`text` names it), else OTHER."""

    __slots__ = ("kind", "text")

    def __init__(self, kind: int, text: str) -> None:
        self.kind = kind
        self.text = text


NOTHING: Final = Payload(OTHER, "")


def read_payload(event: str, data: str) -> Payload:
    """What is on top of an event of type `event` with this data."""
    if data == "[DONE]":
        return Payload(DONE, data)
    if event == "endpoint" and data.startswith(("/", "http")):
        return Payload(MCP, f"endpoint {data}")
    if not data.startswith("{") or len(data) > MAX_PARSED:
        return NOTHING
    if not any(word in data for word in WORDS):
        return NOTHING
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return NOTHING
    if not isinstance(value, dict):
        return NOTHING
    return _call(value) if value.get("jsonrpc") == "2.0" else _answer(value)


def _answer(value: dict[str, object]) -> Payload:
    """A chunk of a model's answer."""
    choices = value.get("choices")
    if isinstance(choices, list):
        texts = [_choice(choice) for choice in choices if isinstance(choice, dict)]
        return Payload(CONTENT, "".join(texts)) if any(texts) else NOTHING
    kind = value.get("type")
    if kind in {"message_stop", "response.completed"}:
        return Payload(DONE, str(kind))
    delta = value.get("delta")
    if isinstance(delta, str) and delta:
        return Payload(CONTENT, delta)
    if isinstance(delta, dict):
        for name in ("text", "thinking", "partial_json"):
            text = delta.get(name)
            if isinstance(text, str) and text:
                return Payload(CONTENT, text)
    return NOTHING


def _choice(choice: dict[str, object]) -> str:
    """OpenAI: the piece is in `delta.content`, in older ones in `text`; arguments of tool calls come in pieces too."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        text = choice.get("text")
        return text if isinstance(text, str) else ""
    for name in ("content", "reasoning_content", "refusal"):
        text = delta.get(name)
        if isinstance(text, str) and text:
            return text
    calls = delta.get("tool_calls")
    found: list[str] = []
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, str):
            found.append(arguments)
    return "".join(found)


def _call(value: dict[str, object]) -> Payload:
    """JSON-RPC that is, by its method or the members of its result, of the Model Context Protocol."""
    method = value.get("method")
    number = f" id {value['id']}" if isinstance(value.get("id"), int | str) else ""
    if isinstance(method, str):
        return Payload(MCP, f"{method}{number}") if method.startswith(MCP_METHODS) else NOTHING
    result = value.get("result")
    if isinstance(result, dict):
        known = [name for name in MCP_RESULTS if name in result]
        if known:
            return Payload(MCP, f"result{number}: {', '.join(known)}")
        return Payload(MCP, f"result{number}") if not result else NOTHING
    error = value.get("error")
    if isinstance(error, dict):
        return Payload(MCP, f"error{number}: {error.get('code')} {error.get('message')}")
    return NOTHING
