"""Which method a call may be when its header fields were never captured: the one whose types fit its messages."""

from typing import Final

from inspector.model.sides import CLIENT, Side
from inspector.protocols.protobuf_wire import I32, LEN, SGROUP, WIRE_OF, Wire
from inspector.schema.proto import STRING, ProtoMessage, ProtoMethod

MAX_DEPTH: Final = 8
"""Levels of messages that are compared."""
MIN_CONFIDENCE: Final = 0.3
"""Below this a guess is not worth showing."""
UNFIT: Final = -1


class Guess:
    """The method that fits best; `confidence` is from 0 to 1, and `reason` says what it is made of."""

    __slots__ = ("confidence", "method", "reason")

    def __init__(self, method: ProtoMethod, confidence: float, reason: str) -> None:
        self.method = method
        self.confidence = confidence
        self.reason = reason


def guess_method(methods: list[ProtoMethod], payloads: list[tuple[Side, bytes]]) -> Guess | None:
    """The method whose types fit all messages (who sent them, and their bytes), None when none says anything."""
    counts = [sum(side == each for side, _ in payloads) for each in (0, 1)]
    fitting: list[tuple[int, int, ProtoMethod]] = []
    for method in methods:
        if (counts[0] > 1 and not method.client_streams) or (counts[1] > 1 and not method.server_streams):
            continue
        score = _score(method, payloads)
        if score > 0:
            # one message from a side that may stream is possible, from one that may not it is what must be
            alike = (method.client_streams == (counts[0] > 1)) + (method.server_streams == (counts[1] > 1))
            fitting.append((score, alike, method))
    if not fitting:
        return None
    best, closest = max((score, alike) for score, alike, _ in fitting)
    equals = [method for score, alike, method in fitting if (score, alike) == (best, closest)]
    method = equals[0]
    for each in equals:
        if _size(each) < _size(method):
            method = each
    rivals = sum(score == best for score, _, _ in fitting) - len(equals)
    fields = f"{best} field{'' if best == 1 else 's'} of {len(payloads)} message{'' if len(payloads) == 1 else 's'}"
    reason = f"{fields} fit its types"
    if len(equals) > 1:
        reason += f", and those of {_methods(len(equals) - 1)}"
    if rivals:
        reason += f"; {_methods(rivals)} of the same types would stream"
    confidence = min(0.95, 0.4 + 0.06 * best) / len(equals) * (0.8 if rivals else 1)
    return Guess(method, round(confidence, 2), reason) if confidence >= MIN_CONFIDENCE else None


def _methods(count: int) -> str:
    return f"{count} other method{'' if count == 1 else 's'}"


def _size(method: ProtoMethod) -> int:
    """Of types that fit equally well the smaller ones say more."""
    return len(method.request.fields) + len(method.response.fields)


def _score(method: ProtoMethod, payloads: list[tuple[Side, bytes]]) -> int:
    total = 0
    for side, data in payloads:
        message = method.request if side == CLIENT else method.response
        fitted = fit(message, data, 0, len(data), 0)
        if fitted == UNFIT:
            return UNFIT
        total += fitted
    return total


def fit(message: ProtoMessage, data: bytes, start: int, end: int, depth: int) -> int:
    """How many fields are those of the type, by number and wire type; UNFIT when one is not."""
    wire = Wire(data, start, end)
    count = 0
    while wire.tag():
        spec = message.fields.get(wire.number)
        if spec is None:
            return UNFIT
        expected = WIRE_OF[spec.kind]
        if wire.wire != expected and not (
            wire.wire == LEN and spec.repeated and expected <= I32 and expected != SGROUP
        ):
            return UNFIT
        before = wire.pos
        wire.skip()
        if wire.broken:
            return UNFIT
        count += 1
        if wire.wire != LEN or depth >= MAX_DEPTH:
            continue
        inside = _inside(spec.message, spec.kind, data, before, wire.pos, depth)
        if inside == UNFIT:
            return UNFIT
        count += inside
    return UNFIT if wire.broken else count


def _inside(message: ProtoMessage | None, kind: int, data: bytes, start: int, end: int, depth: int) -> int:
    """The same for a length-delimited value, whose length stands at `start`."""
    wire = Wire(data, start, end)
    start = wire.block()
    if kind == STRING:
        try:
            data[start:end].decode("utf-8")
        except UnicodeDecodeError:
            return UNFIT
        return 0
    return fit(message, data, start, end, depth + 1) if message is not None else 0
