"""Where Thrift messages start: for detection, and to find the way back into a stream."""

import re
from typing import Final

from inspector.model.sides import CLIENT, Side
from inspector.model.verdict import MORE, NONE, STRONG, WEAK, Verdict
from inspector.protocols.base import Hints
from inspector.protocols.thrift_compact import PROTOCOL_ID, VERSION, varint_size, varint_value
from inspector.protocols.thrift_header import FIXED, MAGIC, PROTOCOLS, TRANSFORMS, ZLIB
from inspector.protocols.thrift_sasl import COMPLETE, MAX_PAYLOAD, MECHANISMS, OK, START, STATUS_NAMES
from inspector.protocols.thrift_struct import EXCEPTION, KINDS, ONEWAY
from inspector.wire.coding import inflate

PORTS: Final = (9083, 9090, 9091, 10000)
"""Hive Metastore, Thrift's tutorial and HBase, HiveServer2."""

MAX_FRAME: Final = 16_384_000
"""Bytes of one frame: TConfiguration's DEFAULT_MAX_FRAME_SIZE."""

_JSON_END: Final = ord("]")
_MAX_VARINT32: Final = 5

_MAX_NAME: Final = 256
"""Bytes of a method name that detection believes."""

_SHORTEST: Final = 6
"""Bytes of the shortest message: compact, with a name of one letter and no fields."""

_LATE: Final = 4096
"""Bytes searched for a message start when a stream begins in the middle of one."""

_SAMPLE: Final = 8
"""Bytes of a SASL payload that decide; more of them must not change a verdict."""

_STRICT: Final = b"\x80\x01\x00"
_JSON: Final = b'[1,"'
_STARTS: Final = (_STRICT, b"\x82\x21", b"\x82\x41", b"\x82\x61", b"\x82\x81", _JSON)
"""How messages begin that a stream can be searched for; those of the old format begin with zeros."""

_OLD: Final = re.compile(rb"\0\0[\0\x01][^\0][A-Za-z_]", re.DOTALL)
"""The length of a name that is short enough, and its first letter."""

_NAME_BYTES: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:$/-")
_WIRE_TYPES: Final = frozenset((0, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16))


def judge_strict(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits the header of a strict message: NONE, MORE or STRONG."""
    head = data[at : at + 3]
    if head != _STRICT[: len(head)]:
        return NONE
    if len(data) < at + 8:
        return MORE if len(data) < at + 4 or 1 <= data[at + 3] <= ONEWAY else NONE
    mtype = data[at + 3]
    length = int.from_bytes(data[at + 4 : at + 8], "big")
    if not 1 <= mtype <= ONEWAY or length > _MAX_NAME:
        return NONE
    if not length:
        # A server that could not read a call answers without its name.
        return STRONG if mtype == EXCEPTION else NONE
    return _judge_name(data, at + 8, length)


def judge_old(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits an old message, which begins with its name: NONE, MORE or STRONG."""
    if data[at : at + 3] != b"\0\0\0"[: max(len(data) - at, 0)] and data[at : at + 3] != b"\0\0\1":
        return NONE
    if len(data) < at + 4:
        return MORE
    length = int.from_bytes(data[at : at + 4], "big")
    if not 1 <= length <= _MAX_NAME:
        return NONE
    name = _judge_name(data, at + 4, length)
    if name != STRONG:
        return name
    after = data[at + 4 + length : at + 10 + length]
    if after and not 1 <= after[0] <= ONEWAY:
        return NONE
    if len(after) < 6:
        return MORE
    return STRONG if after[5] in _WIRE_TYPES else NONE


def judge_compact(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits the header of a compact message: NONE, MORE or STRONG."""
    head = data[at : at + 2]
    if head and head[0] != PROTOCOL_ID:
        return NONE
    if len(head) < 2:
        return MORE
    mtype = head[1] >> 5
    if head[1] & 31 != VERSION or not 1 <= mtype <= ONEWAY:
        return NONE
    sequence = varint_size(data, at + 2, len(data))
    counted = varint_size(data, at + 2 + sequence, len(data)) if sequence > 0 else sequence
    if min(sequence, counted) < 0 or sequence > _MAX_VARINT32 or counted > 2:
        return NONE
    if not counted:
        return MORE
    length = varint_value(data, at + 2 + sequence, counted)
    start = at + 2 + sequence + counted
    if not length:
        return STRONG if mtype == EXCEPTION else NONE
    if length > _MAX_NAME:
        return NONE
    name = _judge_name(data, start, length)
    if name != STRONG:
        return name
    after = data[start + length : start + length + 1]
    # A field of types 1 to 13 (thrift-compact-protocol.md, "Struct"), or the end of a struct without fields
    if not after:
        return MORE
    return STRONG if not after[0] or 1 <= after[0] & 15 <= 13 else NONE


def judge_json(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits the beginning of a JSON message: NONE, MORE or STRONG."""
    head = data[at : at + len(_JSON)]
    if not _JSON.startswith(head):
        return NONE
    end = data.find(b'"', at + len(_JSON), at + len(_JSON) + _MAX_NAME + 1)
    name = data[at + len(_JSON) : end if end >= 0 else len(data)]
    if not _NAME_BYTES.issuperset(name) or name[:1].isdigit() or len(name) > _MAX_NAME:
        return NONE
    if end < 0:
        return MORE
    after = data[end : end + 4]
    if not name or after[1:2] not in (b"", b",") or after[3:4] not in (b"", b","):
        return NONE
    if len(after) > 2 and not b"1" <= after[2:3] <= b"4":
        return NONE
    return STRONG if len(after) == 4 else MORE


def judge_envelope(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits a THeader with a message behind it: NONE, MORE or STRONG."""
    head = data[at : at + 2]
    if not MAGIC.startswith(head):
        return NONE
    if len(data) < at + FIXED + 2:
        return MORE
    payload = at + FIXED + 4 * int.from_bytes(data[at + 8 : at + FIXED], "big")
    protocol, count = data[at + FIXED], data[at + FIXED + 1]
    transforms = data[at + FIXED + 2 : min(at + FIXED + 2 + count, payload)]
    if protocol not in PROTOCOLS or count > len(TRANSFORMS) or any(one not in TRANSFORMS for one in transforms):
        return NONE
    if len(data) <= payload:
        return MORE
    if not count:
        return judge(data, payload)
    if transforms != bytes([ZLIB]):
        return STRONG
    found = inflate("deflate", data[payload:], _MAX_NAME + 16)
    if not found.data:
        return MORE if len(data) < payload + _SAMPLE else NONE
    return judge(found.data, 0)


def judge(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits a message in any encoding: NONE, MORE or STRONG."""
    first = data[at] if at < len(data) else -1
    if first == PROTOCOL_ID:
        return judge_compact(data, at)
    if first == _JSON[0]:
        return judge_json(data, at)
    return max(judge_strict(data, at), judge_old(data, at))


def _judge_name(data: bytes, at: int, length: int) -> int:
    name = data[at : at + length]
    if not _NAME_BYTES.issuperset(name) or name[:1].isdigit():
        return NONE
    return STRONG if len(name) == length else MORE


def judge_frame(data: bytes, at: int) -> int:
    """How well `data` from index `at` fits a frame with a message: NONE, MORE or STRONG."""
    if len(data) < at + 4:
        return MORE if data[at : at + 1] in (b"", b"\0") else NONE
    if not _SHORTEST <= int.from_bytes(data[at : at + 4], "big") <= MAX_FRAME:
        return NONE
    if data[at + 4 : at + 5] == MAGIC[:1]:
        return judge_envelope(data, at + 4)
    return judge(data, at + 4)


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Strict, old and framed messages by their header and name; SASL negotiation by status and payload."""
    if not prefix:
        return _verdict(MORE, "no bytes yet")
    first = prefix[0]
    if START <= first <= COMPLETE:
        found = _judge_sasl(prefix, side)
    elif first == 0x80:
        found = _strict_verdict(prefix, 0, "")
    elif first == PROTOCOL_ID:
        found = _compact_verdict(prefix, 0, "")
    elif first == _JSON[0]:
        found = _json_verdict(prefix, 0, "")
    elif first == 0:
        found = _counted_verdict(prefix)
    else:
        found = _verdict(NONE, f"{_hex(prefix[:4])} starts no Thrift message")
    if found.strength == NONE and hints.server_port in PORTS:
        return _late(prefix, found, hints.server_port)
    return found


def _verdict(strength: int, evidence: str) -> Verdict:
    return Verdict("thrift", strength, evidence)


def _hex(data: bytes) -> str:
    return data.hex(" ")


def _strict_verdict(prefix: bytes, at: int, framing: str) -> Verdict:
    strength = judge_strict(prefix, at)
    word = _hex(prefix[at : at + 4])
    if strength == STRONG:
        length = int.from_bytes(prefix[at + 4 : at + 8], "big")
        name = prefix[at + 8 : at + 8 + length].decode("ascii")
        kind = KINDS[prefix[at + 3]]
        return _verdict(
            STRONG, f'{framing}{word} is the strict binary header of type {kind}, then comes the name "{name}"'
        )
    if strength == MORE:
        return _verdict(MORE, f"{framing}{word} may begin a strict binary header; its name is still to come")
    return _verdict(NONE, f"{framing}{word} is not followed by a message type and a method name")


def _compact_verdict(prefix: bytes, at: int, framing: str) -> Verdict:
    strength = judge_compact(prefix, at)
    word = _hex(prefix[at : at + 2])
    if strength != STRONG:
        words = "may begin a compact header" if strength == MORE else "is not followed by a sequence number and a name"
        return _verdict(strength, f"{framing}{word} {words}")
    start = at + 2 + varint_size(prefix, at + 2, len(prefix))
    size = varint_size(prefix, start, len(prefix))
    name = prefix[start + size : start + size + varint_value(prefix, start, size)].decode("ascii")
    kind = KINDS[prefix[at + 1] >> 5]
    return _verdict(STRONG, f'{framing}{word} is the compact header of type {kind}, then comes the name "{name}"')


def _json_verdict(prefix: bytes, at: int, framing: str) -> Verdict:
    strength = judge_json(prefix, at)
    text = prefix[at : at + 60].decode("ascii", "replace")
    if strength == STRONG:
        end = prefix.index(b'"', at + len(_JSON))
        text = prefix[at : end + 3].decode("ascii")
        kind = KINDS[prefix[end + 2] - ord("0")]
        return _verdict(STRONG, f"{framing}{text} is Thrift's JSON: version 1, a name, type {kind}")
    words = "may begin a JSON message" if strength == MORE else "is no message of Thrift's JSON"
    return _verdict(strength, f"{framing}{text} {words}")


def _counted_verdict(prefix: bytes) -> Verdict:
    """The verdict on a frame or an old message, which both begin with a length."""
    old = judge_old(prefix, 0)
    frame = judge_frame(prefix, 0)
    count = _hex(prefix[:4])
    length = int.from_bytes(prefix[:4], "big")
    if old == STRONG:
        name = prefix[4 : 4 + length].decode("ascii")
        kind = KINDS[prefix[4 + length]]
        return _verdict(STRONG, f'{count} counts the name "{name}", then comes {prefix[4 + length]:02x}: an old {kind}')
    if frame == STRONG:
        framing = f"{count} is a frame of {length} bytes; "
        return _framed_verdict(prefix, framing)
    if MORE in (old, frame):
        return _verdict(MORE, f"{count} may be the length of a frame or of a name")
    return _verdict(NONE, f"{count} counts neither a frame with a message nor a method name")


def _framed_verdict(prefix: bytes, framing: str) -> Verdict:
    first = prefix[4]
    if first == PROTOCOL_ID:
        return _compact_verdict(prefix, 4, framing)
    if first == _JSON[0]:
        return _json_verdict(prefix, 4, framing)
    if first == MAGIC[0]:
        return _verdict(STRONG, f"{framing}0f ff behind it is a THeader, and a message follows")
    if judge_strict(prefix, 4) == STRONG:
        return _strict_verdict(prefix, 4, framing)
    size = int.from_bytes(prefix[4:8], "big")
    return _verdict(STRONG, f'{framing}in it an old message named "{prefix[8 : 8 + size].decode("ascii")}"')


def _judge_sasl(prefix: bytes, side: Side) -> Verdict:
    status = prefix[0]
    head = f"{_hex(prefix[:5])} is SASL status {STATUS_NAMES[status]}"
    if len(prefix) < 5:
        possible = (status == START) == (side == CLIENT) and prefix[1:2] in (b"", b"\0")
        return _verdict(MORE if possible else NONE, f"{_hex(prefix)} may begin a SASL message")
    length = int.from_bytes(prefix[1:5], "big")
    payload = prefix[5 : 5 + length]
    if length > MAX_PAYLOAD:
        return _verdict(NONE, f"{head} with an impossible length of {length}")
    if side == CLIENT:
        return _judge_mechanism(status, length, payload, head)
    if status == START:
        return _verdict(NONE, f"{head}, which no server sends")
    if status == COMPLETE and not length:
        return _verdict(STRONG, f"{head} without a payload")
    wanted = min(length, _SAMPLE)
    fits = _is_text(payload[:wanted]) or (status in (OK, COMPLETE) and payload[:1] in (b"\x60", b"\x05"))
    if not fits or (not length and status != OK):
        return _verdict(NONE, f"{head}, but its payload is neither text nor a GSSAPI token")
    if len(payload) < wanted:
        return _verdict(MORE, f"{head} and {length} bytes")
    return _verdict(STRONG if length else WEAK, f"{head} with {length} bytes: {_sample(payload)}")


def _judge_mechanism(status: int, length: int, payload: bytes, head: str) -> Verdict:
    if status != START:
        return _verdict(NONE, f"{head}, but a client begins with START")
    name = payload.decode("latin-1")
    known = [mechanism for mechanism in MECHANISMS if mechanism[:length] == name or mechanism.startswith(name)]
    if not known or not length:
        return _verdict(NONE, f"{head}, but {name!r} is no SASL mechanism")
    if len(payload) < length:
        return _verdict(MORE, f"{head}; the mechanism is still to come")
    if name not in MECHANISMS:
        return _verdict(NONE, f"{head}, but {name!r} is no SASL mechanism")
    return _verdict(STRONG, f"{head} with the mechanism {name}")


def _is_text(data: bytes) -> bool:
    return all(32 <= byte < 127 or byte >= 128 or byte in b"\t\r\n" for byte in data)


def _sample(payload: bytes) -> str:
    if _is_text(payload[:64]):
        return f'"{payload[:64].decode("utf-8", "replace")}"'
    return _hex(payload[:8])


def _late(prefix: bytes, found: Verdict, port: int) -> Verdict:
    """Weak evidence on a usual port: the capture began inside a message and a later one is in sight."""
    if prefix[:4].isascii() and prefix[:4].decode("ascii").isprintable():
        return found
    at = find_start(prefix, 1, False)
    if at > 0:
        return _verdict(WEAK, f"port {port} is usual for Thrift and a message starts {at} bytes on")
    if len(prefix) < _LATE:
        return _verdict(MORE, f"port {port} is usual for Thrift; no message start seen yet")
    return found


def find_start(data: bytes, pos: int, framed: bool, old: bool = False) -> int:
    """The index at or after `pos` where the next message plausibly starts, with its frame if `framed`.

    -1 when there is none, or more bytes are needed to tell. `old`: messages without a version are looked for too.
    """
    starts = (*_STARTS, b"") if old else _STARTS
    places = [_find(data, start, pos) for start in starts]
    while True:
        at = min([place for place in places if place >= 0], default=-1)
        if at < 0:
            return -1
        verdict = judge(data, at)
        if verdict == MORE:
            return -1
        if verdict == STRONG:
            if at - 4 < pos:
                return at
            return _frame_start(data, at, framed)
        for i, start in enumerate(starts):
            if places[i] == at:
                places[i] = _find(data, start, at + 1)


def _find(data: bytes, start: bytes, pos: int) -> int:
    """Where `start` stands next; for b"", what may be the length and the name of an old message."""
    if start:
        return data.find(start, pos)
    found = _OLD.search(data, pos)
    return found.start() if found is not None else -1


def _frame_start(data: bytes, at: int, framed: bool) -> int:
    """`at`, or the frame length before it if it is one: plausible, and known to be or confirmed by a message's end."""
    length = int.from_bytes(data[at - 4 : at], "big")
    if not _SHORTEST <= length <= MAX_FRAME:
        return at
    if framed:
        return at - 4
    end = at + length
    if end > len(data):
        return -1
    return at - 4 if data[end - 1] in (0, _JSON_END) else at
