"""What the data of an event says where a well-known format is on top: answers of language models, and MCP.

Formats: OpenAI chat completions, completions and responses; Anthropic messages; Gemini; and those of servers for models
of one's own. MCP is the Model Context Protocol over JSON-RPC 2.0.
"""

import json
from typing import Final

OTHER: Final = 0
CONTENT: Final = 1
DONE: Final = 2
MCP: Final = 3
STEP: Final = 4

ANSWER: Final = "text"
THINKING: Final = "thinking"
ARGUMENTS: Final = "arguments"

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
    "tasks/",
)
MCP_RESULTS: Final = (
    "protocolVersion",
    "serverInfo",
    "tools",
    "resources",
    "resourceTemplates",
    "prompts",
    "content",
    "contents",
    "messages",
    "completion",
)
"""Members of which every answer to an MCP request but the empty one has some."""


class Payload:
    """`kind` is CONTENT (`text` is the next piece of what `channel` names), DONE, STEP or MCP (`text` says what it is),
    else OTHER. `tokens_in` and `tokens_out` are as the server counts them so far, -1 when it does not say.

    `key` is the id of a JSON-RPC message that answers another.
    """

    __slots__ = ("channel", "key", "kind", "text", "tokens_in", "tokens_out")

    def __init__(self, kind: int, text: str, channel: str = ANSWER) -> None:
        self.kind = kind
        self.text = text
        self.channel = channel
        self.tokens_in = -1
        self.tokens_out = -1
        self.key = ""


def read_payload(event: str, data: str) -> Payload:
    """What is on top of an event of type `event` with this data."""
    if data == "[DONE]":
        return Payload(DONE, data)
    if event == "endpoint" and data.startswith(("/", "http")):
        return Payload(MCP, f"endpoint {data}")
    if not data.startswith("{") or len(data) > MAX_PARSED:
        return Payload(OTHER, "")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return Payload(OTHER, "")
    if not isinstance(value, dict):
        return Payload(OTHER, "")
    if value.get("jsonrpc") == "2.0":
        return _call(value)
    found = _answer(event, value)
    _count(found, value)
    return found


# answers of models


def _answer(event: str, value: dict[str, object]) -> Payload:
    """An event of a model's answer."""
    if isinstance(value.get("choices"), list):
        return _choices(_listed(value.get("choices")), value)
    if isinstance(value.get("candidates"), list):
        return _candidates(_listed(value.get("candidates")))
    error = value.get("error")
    if isinstance(error, dict):
        return Payload(STEP, f"error {_text(error, 'type')}: {_text(error, 'message')}".replace("error :", "error:"))
    kind = _text(value, "type")
    if kind in ("message_stop", "response.completed"):
        return Payload(DONE, kind)
    delta = value.get("delta") if "delta" in kind else None
    if isinstance(delta, str) and delta:
        channel = ARGUMENTS if "arguments" in kind else THINKING if "reasoning" in kind else ANSWER
        return Payload(CONTENT, delta, channel)
    if isinstance(delta, dict):
        return _delta(delta)
    if kind.startswith("response.") or kind in ("message_start", "content_block_start", "content_block_stop"):
        return Payload(STEP, _step(value))
    return _single(event, value)


def _delta(delta: dict[str, object]) -> Payload:
    """Anthropic: what a delta adds, or why the answer ends; Cohere's lies deeper."""
    for name, channel in (("text", ANSWER), ("thinking", THINKING), ("partial_json", ARGUMENTS)):
        text = _text(delta, name)
        if text:
            return Payload(CONTENT, text, channel)
    text = _text(_under(_under(delta, "message"), "content"), "text")
    if text:
        return Payload(CONTENT, text)
    reason = _text(delta, "stop_reason") or _text(delta, "finish_reason")
    if reason:
        return Payload(STEP, f"stop: {reason}")
    return Payload(STEP, _text(delta, "type"))


def _choices(choices: list[dict[str, object]], value: dict[str, object]) -> Payload:
    """OpenAI: the piece is in `delta.content`, in older ones in `text`; arguments of tool calls come in pieces too."""
    steps: list[str] = []
    for channel in (ANSWER, THINKING, ARGUMENTS):
        text = "".join(_choice(choice, channel) for choice in choices)
        if text:
            return Payload(CONTENT, text, channel)
    for choice in choices:
        delta = _under(choice, "delta")
        steps += [f"call {name}" for name in (_text(_under(c, "function"), "name") for c in _calls(delta)) if name]
        role, reason = _text(delta, "role"), _text(choice, "finish_reason")
        steps += [f"role {role}"] if role and not steps else []
        steps += [f"stop: {reason}"] if reason else []
    if not choices and isinstance(value.get("usage"), dict):
        steps.append("usage")
    return Payload(STEP, ", ".join(steps)) if steps else Payload(OTHER, "")


def _choice(choice: dict[str, object], channel: str) -> str:
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return _text(choice, "text") if channel == ANSWER else ""
    if channel == ARGUMENTS:
        return "".join(_text(_under(call, "function"), "arguments") for call in _calls(delta))
    names = ("content", "refusal") if channel == ANSWER else ("reasoning_content", "reasoning")
    return next((text for text in (_text(delta, name) for name in names) if text), "")


def _calls(delta: dict[str, object]) -> list[dict[str, object]]:
    return _listed(delta.get("tool_calls"))


def _candidates(candidates: list[dict[str, object]]) -> Payload:
    """Gemini: text in the parts of the content."""
    parts = [part for candidate in candidates for part in _listed(_under(candidate, "content").get("parts"))]
    for channel in (ANSWER, THINKING):
        text = "".join(_text(part, "text") for part in parts if (part.get("thought") is True) == (channel == THINKING))
        if text:
            return Payload(CONTENT, text, channel)
    reasons = [reason for reason in (_text(candidate, "finishReason") for candidate in candidates) if reason]
    return Payload(STEP, f"stop: {reasons[0]}") if reasons else Payload(OTHER, "")


def _step(value: dict[str, object]) -> str:
    """A mark between the pieces: what begins or ends here."""
    message = _under(value, "message")
    if message:
        return f"model {_text(message, 'model')}" if _text(message, "model") else ""
    for name in ("content_block", "item", "part"):
        block = _under(value, name)
        if block:
            return " ".join(part for part in (_text(block, "type"), _text(block, "name")) if part)
    response = _under(value, "response")
    error = _text(_under(response, "error"), "message")
    if error:
        return f"error: {error}"
    text = _text(value, "text")
    return text or _text(response, "status")


def _single(event: str, value: dict[str, object]) -> Payload:
    """Servers for models of one's own, whose events hold a piece each."""
    token = _text(_under(value, "token"), "text")
    if token:
        return Payload(CONTENT, token)
    content = value.get("content")
    chunk = _text(value, "type").endswith("Chunk") or isinstance(value.get("stop"), bool)
    if chunk and isinstance(content, str) and content:
        return Payload(CONTENT, content)
    if event == "error":
        return Payload(STEP, f"error: {_text(value, 'message')}")
    return Payload(OTHER, "")


def _count(found: Payload, value: dict[str, object]) -> None:
    """Tokens, where the event tells how many there were."""
    for holder in (value, _under(value, "message"), _under(value, "response")):
        usage = _under(holder, "usage") or _under(holder, "usageMetadata")
        for name in ("prompt_tokens", "input_tokens", "promptTokenCount"):
            number = usage.get(name)
            if isinstance(number, int):
                found.tokens_in = number
        for name in ("completion_tokens", "output_tokens", "candidatesTokenCount"):
            number = usage.get(name)
            if isinstance(number, int):
                found.tokens_out = number


def _text(value: dict[str, object], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _under(value: dict[str, object], name: str) -> dict[str, object]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _listed(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


# the Model Context Protocol


def _call(value: dict[str, object]) -> Payload:
    """JSON-RPC that is, by its method or the members of its result, of the Model Context Protocol."""
    method = value.get("method")
    key = str(value["id"]) if isinstance(value.get("id"), int | str) else ""
    number = f" id {key}" if key else ""
    if isinstance(method, str):
        known = method.startswith(MCP_METHODS)
        return Payload(MCP, f"{method}{number}") if known else Payload(STEP, f"call {method}{number}")
    result, error = value.get("result"), value.get("error")
    found = Payload(STEP, f"result{number}")
    if isinstance(result, dict):
        members = [name for name in MCP_RESULTS if name in result]
        if members or not result:
            found = Payload(MCP, f"result{number}: {', '.join(members)}" if members else f"result{number}")
    elif isinstance(error, dict):
        found = Payload(MCP, f"error{number}: {error.get('code')} {error.get('message')}")
    elif "result" not in value:
        return Payload(OTHER, "")
    found.key = key
    return found


def method_of(body: bytes, key: str) -> str:
    """The method of the JSON-RPC request with the id `key` in the body of a POST, with the name of the tool or prompt
    that it asks for; "" when it is not there."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for each in _listed(value if isinstance(value, list) else [value]):
        if isinstance(each.get("id"), int | str) and str(each["id"]) == key:
            return f"{_text(each, 'method')} {_text(_under(each, 'params'), 'name')}".strip()
    return ""
