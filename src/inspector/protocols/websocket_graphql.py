"""GraphQL over WebSocket. Spec: graphql-ws, PROTOCOL.md; the older one: subscriptions-transport-ws, PROTOCOL.md"""

import json
import re
from typing import Final

from inspector.protocols.websocket_meaning import Meaning, is_id, text_of

NEW: Final = "graphql-transport-ws"
OLD: Final = "graphql-ws"
CLOSE_WORDS: Final = {
    4400: "invalid message",
    4401: "unauthorized",
    4403: "forbidden",
    4406: "subprotocol not acceptable",
    4408: "connection initialisation timeout",
    4409: "a subscription with this id exists already",
    4429: "too many initialisation requests",
    4500: "internal server error",
    4504: "bad response of the server",
}
"""What the new subprotocol closes with."""

_OPERATION: Final = re.compile(r"(?:^|[}\s,])(query|mutation|subscription)\b[\s,]*([A-Za-z_]\w*)?")
_COMMENT: Final = re.compile(r"#[^\n\r]*")
_FIELD: Final = re.compile(r"\{[\s,]*(?:[A-Za-z_]\w*[\s,]*:[\s,]*)?((?:\.\.\.[\s,]*)?[A-Za-z_]\w*)")
MAX_QUERY: Final = 4096
"""Characters of a query that are looked at."""


def read_graphql(value: object, agreed: str) -> Meaning | None:
    """A message of one of the two subprotocols, which share most names."""
    if not isinstance(value, dict):
        return None
    kind = text_of(value.get("type"))
    if not kind:
        return None
    number = value.get("id")
    key = str(number) if is_id(number) else ""
    payload = value.get("payload")
    found = Meaning(agreed or (OLD if kind in {"start", "data", "stop", "ka"} else NEW), kind, key)
    if kind in {"subscribe", "start"} and isinstance(payload, dict):
        found.about = operation(text_of(payload.get("query")), text_of(payload.get("operationName")))
        found.asking(f"operation {key}")
    elif kind in {"next", "data"}:
        found.rest = shown(payload)
        found.answering(f"operation {key}", False)
    elif kind in {"error", "complete"}:
        found.rest = errors(payload)
        found.answering(f"operation {key}")
    else:
        found.rest = shown(payload)
        if kind in {"connection_init", "ping"}:
            found.asking(kind)
        elif kind in {"connection_ack", "connection_error"}:
            found.answering("connection_init")
        elif kind == "pong":
            found.answering("ping")
    return found


def opens_graphql(value: object) -> bool:
    """Whether a first message can only be one of these, where no subprotocol was seen."""
    if not isinstance(value, dict):
        return False
    payload = value.get("payload")
    if value.get("type") in {"subscribe", "start"}:
        return isinstance(payload, dict) and isinstance(payload.get("query"), str)
    return value.get("type") == "connection_init"


def operation(query: str, name: str) -> str:
    """The operation of a document in short: its kind, its name and the first field that it asks for."""
    text = _COMMENT.sub("", query[:MAX_QUERY])
    chosen = None
    for found in _OPERATION.finditer(text):
        if chosen is None or (name and found[2] == name):
            chosen = found
        if not name or found[2] == name:
            break
    start = chosen.end() if chosen is not None else 0
    field = _FIELD.search(text, _behind_variables(text, start))
    words = [chosen[1] if chosen is not None else "query", name or (chosen[2] or "" if chosen is not None else "")]
    if field is not None:
        words.append(f"{{ {field[1]} }}")
    return " ".join(word for word in words if word)


def _behind_variables(text: str, at: int) -> int:
    """The index behind the variables in parentheses at `at`, whose default values may have braces."""
    rest = text[at:]
    space = len(rest) - len(rest.lstrip())
    if not rest[space:].startswith("("):
        return at
    end = text.find(")", at)
    return end + 1 if end >= 0 else at


def shown(payload: object) -> str:
    """The beginning of a result."""
    if payload is None:
        return ""
    try:
        return json.dumps(payload, ensure_ascii=False)[:MAX_QUERY]
    except RecursionError:
        return ""


def errors(payload: object) -> str:
    """What the first error says, and how many there are."""
    listed = payload if isinstance(payload, list) else [payload]
    first = listed[0] if listed else None
    message = text_of(first.get("message")) if isinstance(first, dict) else ""
    return f"{message} (and {len(listed) - 1} more)" if message and len(listed) > 1 else message
