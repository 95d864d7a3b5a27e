"""The answer of a language model as it comes, piece by piece."""

from typing import Final

from inspector.model.message import Message
from inspector.protocols.sse_payload import ANSWER, ARGUMENTS, THINKING, Payload
from inspector.wire.surrogates import whole_characters

MAX_PREVIEW: Final = 200
"""Characters of data, and of the text so far, in the facts of one event: a stream may have thousands."""
MAX_TEXT: Final = 1 << 18
"""Characters of joined text kept for one stream; a long answer of a model has some ten thousand."""

FACTS: Final = {ANSWER: "sse.text", THINKING: "sse.thinking", ARGUMENTS: "sse.arguments"}


class Joined:
    """Pieces in their order; `tail` is the end of what they make."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.size = 0
        self.tail = ""

    def add(self, text: str) -> None:
        """The next piece."""
        if text and self.size < MAX_TEXT:
            self.texts.append(text)
            self.size += len(text)
        self.tail = (self.tail + text)[-MAX_PREVIEW - 1 :]

    @property
    def so_far(self) -> str:
        """The joined text, or its end when it is long."""
        return whole_characters(self.tail if len(self.tail) <= MAX_PREVIEW else "…" + self.tail[-MAX_PREVIEW:])


class Answer:
    """What has come of one answer: what it says, what the model thought, and the arguments of its calls, apart.

    Times are nanoseconds since 1970. `tokens_in` and `tokens_out` are as the server counts them, -1 when it does not.
    """

    def __init__(self) -> None:
        self.joined: dict[str, Joined] = {}
        self.deltas = 0
        self.first_delta = 0
        self.last_delta = 0
        self.tokens_in = -1
        self.tokens_out = -1

    @property
    def texts(self) -> list[str]:
        """The pieces of what the answer says."""
        found = self.joined.get(ANSWER)
        return found.texts if found is not None else []

    def count(self, payload: Payload) -> None:
        """The server may count the tokens more than once; the last time counts."""
        if payload.tokens_in >= 0:
            self.tokens_in = payload.tokens_in
        if payload.tokens_out >= 0:
            self.tokens_out = payload.tokens_out

    def add(self, payload: Payload, m: Message) -> None:
        """The next piece, which came with `m`."""
        if not self.deltas:
            self.first_delta = m.time
        self.last_delta = m.time
        self.deltas += 1
        joined = self.joined.setdefault(payload.channel, Joined())
        joined.add(payload.text)
        more = "…" if len(payload.text) > MAX_PREVIEW else ""
        m.facts["sse.delta"] = whole_characters(payload.text[:MAX_PREVIEW]) + more
        m.facts[FACTS[payload.channel]] = joined.so_far

    @property
    def took(self) -> float:
        """Seconds from the first piece to the last."""
        return (self.last_delta - self.first_delta) / 1e9

    def speed(self) -> str:
        """How fast it came, for a row; "" when there were no pieces."""
        if not self.deltas:
            return ""
        rate = f", {(self.deltas - 1) / self.took:.1f} a second" if self.took > 0 else ""
        tokens = f", {self.tokens_out} tokens" if self.tokens_out >= 0 else ""
        return f" after {self.deltas} delta{'' if self.deltas == 1 else 's'}{rate}{tokens}"

    def facts(self, request: Message | None) -> dict[str, object]:
        """How long the answer is and how fast it came."""
        facts: dict[str, object] = {}
        if self.deltas:
            facts["sse.deltas"] = self.deltas
            if self.took > 0:
                facts["sse.deltas_per_second"] = f"{(self.deltas - 1) / self.took:.3f}"
            if request is not None and request.time:
                facts["sse.time_to_first_delta"] = seconds(self.first_delta - request.time)
        if self.tokens_in >= 0:
            facts["sse.tokens_in"] = self.tokens_in
        if self.tokens_out >= 0:
            facts["sse.tokens_out"] = self.tokens_out
            if self.took > 0:
                facts["sse.tokens_per_second"] = f"{self.tokens_out / self.took:.3f}"
        return facts

    def whole(self) -> dict[str, object]:
        """All that came, by what it is."""
        return {FACTS[channel]: whole_characters("".join(joined.texts)) for channel, joined in self.joined.items()}


def seconds(nanoseconds: int) -> str:
    """Decimal seconds with all digits."""
    sign = "-" if nanoseconds < 0 else ""
    whole, rest = divmod(abs(nanoseconds), 1_000_000_000)
    return f"{sign}{whole}.{rest:09d}"
