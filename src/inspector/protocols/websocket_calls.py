"""Calls, answers and events in JSON: JSON-RPC 2.0, WAMP 2, OCPP-J, and Socket.IO on Engine.IO.

Spec: jsonrpc.org/specification; wamp-proto.org; Open Charge Point Protocol JSON 1.6 4 (OCPP-J); socket.io protocol 5,
engine.io protocol 4.
"""

import json
from typing import Final

from inspector.protocols.websocket_meaning import MAX_JSON, Meaning, is_id, text_of

WAMP: Final = {
    1: "HELLO",
    2: "WELCOME",
    3: "ABORT",
    4: "CHALLENGE",
    5: "AUTHENTICATE",
    6: "GOODBYE",
    8: "ERROR",
    16: "PUBLISH",
    17: "PUBLISHED",
    32: "SUBSCRIBE",
    33: "SUBSCRIBED",
    34: "UNSUBSCRIBE",
    35: "UNSUBSCRIBED",
    36: "EVENT",
    48: "CALL",
    49: "CANCEL",
    50: "RESULT",
    64: "REGISTER",
    65: "REGISTERED",
    66: "UNREGISTER",
    67: "UNREGISTERED",
    68: "INVOCATION",
    69: "INTERRUPT",
    70: "YIELD",
}
WAMP_ANSWERS: Final = {2: 1, 3: 1, 5: 4, 17: 16, 33: 32, 35: 34, 50: 48, 65: 64, 67: 66, 70: 68}
"""What a message answers; all but those of the session carry the id of the request."""
OCPP: Final = {2: "CALL", 3: "CALLRESULT", 4: "CALLERROR"}
ENGINE: Final = ("open", "close", "ping", "pong", "message", "upgrade", "noop")
SOCKET: Final = ("CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK")


def read_rpc(value: object, strict: bool) -> Meaning | None:
    """A call, a notification or an answer of JSON-RPC; when not `strict`, without its version number too."""
    if isinstance(value, list) and value and all(isinstance(each, dict) and "jsonrpc" in each for each in value):
        return Meaning("json-rpc", f"batch of {len(value)}")
    if not isinstance(value, dict):
        return None
    number = value.get("id")
    key = str(number) if is_id(number) else ""
    method = text_of(value.get("method"))
    if value.get("jsonrpc") != "2.0" and (strict or not (key or (method and "params" in value))):
        return None
    if method:
        found = Meaning("json-rpc", method, key)
        return found.asking(key) if key else found
    error = value.get("error")
    if isinstance(error, dict):
        return Meaning("json-rpc", "error", key, f"{error.get('code')} {error.get('message')}").answering(key)
    if "result" in value and key:
        return Meaning("json-rpc", "result", key).answering(key)
    return None


def opens_rpc(value: object) -> bool:
    """Whether a first message is a call: by its version, or by a method with an id beside it."""
    if read_rpc(value, True) is not None:
        return True
    return isinstance(value, dict) and is_id(value.get("id")) and isinstance(value.get("method"), str)


def read_wamp(value: object) -> Meaning | None:
    """A message of WAMP: an array whose first element says what it is."""
    if not isinstance(value, list) or not value or not isinstance(value[0], int):
        return None
    code: int = value[0]
    name = WAMP.get(code)
    if name is None:
        return None
    number = value[1] if len(value) > 1 and code >= 16 and isinstance(value[1], int) else None
    about = next((each for each in value[1:] if isinstance(each, str)), "")
    if code == 8 and len(value) > 2 and isinstance(value[1], int):
        return Meaning("wamp", name, str(value[2]), about).answering(f"{value[1]} {value[2]}")
    found = Meaning("wamp", name, str(number) if number is not None and code != 36 else "", about)
    if code in WAMP_ANSWERS:
        asked = WAMP_ANSWERS[code]
        return found.answering(f"{asked} {found.key}")
    return found.asking(f"{code} {found.key}")


def read_ocpp(value: object, agreed: str) -> Meaning | None:
    """A message of a charging station or its central system: an array of type, id and the rest."""
    if not isinstance(value, list) or len(value) < 3 or not isinstance(value[0], int) or value[0] not in OCPP:
        return None
    code: int = value[0]
    key = str(value[1])
    found = Meaning(agreed, OCPP[code], key, text_of(value[2]))
    return found.asking(key) if code == 2 else found.answering(key)


def read_engine(text: str) -> Meaning | None:
    """A packet of Engine.IO, and of Socket.IO inside it."""
    kind = digit(text, 0)
    if not 0 <= kind < len(ENGINE):
        return None
    name = ENGINE[kind]
    rest = text[1:]
    if kind == 4 and 0 <= digit(rest, 0) < len(SOCKET):
        return _socket(digit(rest, 0), rest[1:])
    if kind == 2:
        return Meaning("engine.io", name, rest).asking(f"ping {rest}")
    if kind == 3:
        return Meaning("engine.io", name, rest).answering(f"ping {rest}")
    found = Meaning("engine.io", name)
    found.rest = rest
    return found


def digit(text: str, at: int) -> int:
    """The ASCII digit at index `at`, -1 when there is none."""
    letter = text[at : at + 1]
    return ord(letter) - 48 if "0" <= letter <= "9" else -1


def _socket(kind: int, rest: str) -> Meaning:
    """What follows the two digits: attachments and a dash, a namespace and a comma, an id, and JSON."""
    at = 0
    while digit(rest, at) >= 0:
        at += 1
    if kind >= 5 and rest[at : at + 1] == "-":
        rest = rest[at + 1 :]
    space = ""
    if rest.startswith("/"):
        space, _, rest = rest.partition(",")
    at = 0
    while digit(rest, at) >= 0:
        at += 1
    key, rest = rest[:at], rest[at:]
    found = Meaning("socket.io", SOCKET[kind], key, space)
    if kind in (2, 5):
        value = parsed(rest.encode("utf-8", "replace"))
        event = text_of(value[0]) if isinstance(value, list) and value else ""
        found.about = f"{space} {event}".strip()
        if key:
            found.asking(f"ack {space} {key}")
    elif kind in (3, 6):
        found.answering(f"ack {space} {key}")
    elif kind == 0:
        # the server answers with the same packet
        found.asking(f"connect {space}").answering(f"connect {space}")
    elif kind == 4:
        found.answering(f"connect {space}")
    found.rest = rest
    return found


def json_start(text: str) -> int:
    """Where the JSON begins in a packet of Engine.IO, behind the digits and the namespace; -1 when there is none."""
    places = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    return min(places) if places else -1


def parsed(content: bytes) -> object:
    """The JSON value that `content` is, None when it is none or too large to look into."""
    if content[:1] not in (b"{", b"[") or len(content) > MAX_JSON:
        return None
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value
