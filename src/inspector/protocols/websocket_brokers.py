"""Messages of brokers: MQTT packets and STOMP frames. Spec: OASIS MQTT 3.1.1 and 5.0, 2 and 6; STOMP 1.2"""

from typing import Final

from inspector.protocols.websocket_meaning import Meaning

PACKETS: Final = (
    *("reserved", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"),
    *("SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"),
)
CONNECT: Final = 1
PUBLISH: Final = 3
NUMBERED: Final = frozenset((4, 5, 6, 7, 8, 9, 10, 11))
"""Packets that begin with an identifier (MQTT 2.2.1)."""
ASKING: Final = frozenset((1, 3, 8, 10, 12))
ANSWERS: Final = {2: 1, 4: 3, 5: 3, 7: 3, 9: 8, 11: 10, 13: 12}
MAX_PACKETS: Final = 64
"""Packets in one message that are named."""
COMMANDS: Final = frozenset(
    b"CONNECT STOMP CONNECTED SEND SUBSCRIBE UNSUBSCRIBE ACK NACK BEGIN COMMIT ABORT DISCONNECT MESSAGE RECEIPT "
    b"ERROR".split()
)


class Mqtt:
    """Names the packets of one side, which need not begin where messages do (MQTT 6): `rest` bytes of one, or the
    `head` of one, are still to come."""

    def __init__(self) -> None:
        self.rest = 0
        self.head = b""

    def read(self, content: bytes) -> Meaning:
        """The packets that begin in this message; the first says what it answers."""
        found: list[Meaning] = []
        data = self.head + content
        self.head = b""
        at = min(self.rest, len(data))
        self.rest -= at
        while at < len(data) and len(found) < MAX_PACKETS:
            size, used = remaining_length(data, at + 1)
            if used < 0:
                self.head = data[at:]
                break
            start = at + 1 + used
            found.append(packet(data[at], data[start : start + size]))
            self.rest = max(0, start + size - len(data))
            at = start + size
        if not found:
            return Meaning("mqtt", "continued")
        first = found[0]
        if len(found) > 1:
            first.rest = ", ".join(each.words for each in found[1:])
        return first


def remaining_length(data: bytes, at: int) -> tuple[int, int]:
    """The length at `at` (MQTT 2.2.3, at most four bytes) and how many bytes it takes, -1 when its end is to come."""
    value = 0
    for count in range(4):
        if at + count >= len(data):
            return 0, -1
        byte = data[at + count]
        value |= (byte & 127) << 7 * count
        if byte < 128:
            return value, count + 1
    return value, 4


def packet(first: int, body: bytes) -> Meaning:
    """One packet by its first byte and what is there of the rest."""
    kind = first >> 4
    found = Meaning("mqtt", PACKETS[kind])
    if kind == CONNECT:
        found.rest = _client(body)
    elif kind == PUBLISH:
        size = int.from_bytes(body[:2], "big")
        found.about = body[2 : 2 + size].decode("utf-8", "replace")
        number = body[2 + size : 4 + size] if first & 6 else b""
        found.key = str(int.from_bytes(number, "big")) if number else ""
    elif kind in NUMBERED:
        found.key = str(int.from_bytes(body[:2], "big"))
    if kind in ANSWERS:
        return found.answering(f"{ANSWERS[kind]} {found.key}", kind != 5)
    return found.asking(f"{kind} {found.key}") if kind in ASKING and (kind != PUBLISH or found.key) else found


def _client(body: bytes) -> str:
    """The client's name in a CONNECT (MQTT 3.1)."""
    at = 2 + int.from_bytes(body[:2], "big") + 4
    if body[at - 4 : at - 3] == b"\x05":
        size, used = remaining_length(body, at)
        at += size + max(used, 0)
    size = int.from_bytes(body[at : at + 2], "big")
    return body[at + 2 : at + 2 + size].decode("utf-8", "replace")


def opens_mqtt(content: bytes) -> bool:
    """Whether a message begins with a CONNECT, which names the protocol (MQTT 3.1.2.1)."""
    return content[:1] == b"\x10" and (b"\x00\x04MQTT" in content[2:11] or b"\x00\x06MQIsdp" in content[2:13])


def read_stomp(content: bytes) -> Meaning | None:
    """A frame of STOMP: a command, headers, an empty line, a body and a zero byte; a lone line end is a heartbeat."""
    if content in (b"\n", b"\r\n"):
        return Meaning("stomp", "heartbeat")
    head, _, body = content.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    lines = head.split(b"\n")
    if lines[0] not in COMMANDS:
        return None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers.setdefault(name, value)
    found = Meaning("stomp", lines[0].decode(), headers.get("receipt-id", headers.get("receipt", "")))
    found.about = headers.get("destination", headers.get("message", ""))
    found.rest = body.rstrip(b"\0\n").decode("utf-8", "replace")
    if found.message in ("CONNECT", "STOMP"):
        return found.asking("connect")
    if found.message == "CONNECTED":
        return found.answering("connect")
    if "receipt-id" in headers:
        return found.answering(f"receipt {found.key}")
    return found.asking(f"receipt {found.key}") if found.key else found


def opens_stomp(content: bytes) -> bool:
    """Whether a message can only be a frame of STOMP."""
    start, _, rest = content.partition(b"\n")
    return start.rstrip(b"\r") in COMMANDS and b":" in rest and content.rstrip(b"\r\n").endswith(b"\0")
