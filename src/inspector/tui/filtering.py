"""Filters over the lists: made from text, run away from the thread that draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspector.model.errors import UsageError
from inspector.tui.text import Line, plural, printable

if TYPE_CHECKING:
    from threading import Lock

    from inspector.engine.cursor import Node
    from inspector.query import Filter
    from inspector.session import Session
    from inspector.tui.digest import Digest

Stopped = Callable[[], bool]
MOST_VALUE = 64
"""Characters or bytes of a value that a filter is made of."""
CHECK_EVERY = 2000
"""Rows between two looks at whether anybody still wants the result."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the list is to show: messages that match `text` ("": all) of conversation `flow` (0: all)."""

    text: str = ""
    flow: int = 0

    @property
    def plain(self) -> bool:
        """Whether it leaves everything in."""
        return not self.text.strip() and not self.flow


@dataclass(frozen=True, slots=True)
class Choice:
    """The rows left in each level: row codes of messages, numbers of flows and packets; `found` of `total` messages.

    `hint` says, where nothing is left, what to drop.
    """

    codes: Sequence[int]
    flows: Sequence[int]
    packets: Sequence[int]
    found: int
    total: int
    hint: str = ""


def problem(error: UsageError) -> Line:
    """What is wrong with a filter: carets under the place, as the filter line shows it, and the reason."""
    lines = str(error).split("\n")
    reason = lines[0].removeprefix("filter: ")
    carets = lines[2][2:] if len(lines) > 2 else ""
    return [("error", f"{carets}  {printable(reason)}")]


def outcome(choice: Choice, wish: Wish) -> str:
    """How many rows a wish leaves, in words."""
    where = f" in conversation c{wish.flow}" if wish.flow else ""
    hint = f" · {choice.hint}" if choice.hint else ""
    return f"{choice.found:,} of {plural(choice.total, 'message')}{where}{hint}"


def known_names(session: Session) -> frozenset[str]:
    """Every name that a filter may ask for."""
    from inspector.export.lookup import COLUMNS, HEADERS

    names = {name for name, _, _ in COLUMNS} | set(HEADERS)
    names |= {entry.name for entry in session.guide.entries()}
    for message in session.messages[:CHECK_EVERY]:
        names.add(message.protocol)
        names.update(message.facts)
    return frozenset(names)


def offered_names(session: Session, known: Collection[str]) -> list[str]:
    """The names to complete in a filter: what the messages hold first, most frequent first, then all others."""
    held: Counter[str] = Counter()
    for message in session.messages[:CHECK_EVERY]:
        held.update([message.protocol, *message.facts])
    rest = sorted(name for name in known if name not in held and not name.endswith("*"))
    return [name for name, _ in held.most_common()] + rest


def filter_for(node: Node) -> str:
    """The filter that what a field holds here passes; its name alone for a layer, or where a value is too much."""
    value = node.value
    if node.depth == 0 or isinstance(value, bool):
        return node.name
    if isinstance(value, str):
        written = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{node.name} == "{written}"' if value.isprintable() and len(value) <= MOST_VALUE else node.name
    if isinstance(value, int | float):
        return f"{node.name} == {value}"
    raw = value if isinstance(value, bytes) else b"" if node.field.children else node.raw
    return f"{node.name} == {raw.hex(':')}" if 0 < len(raw) <= MOST_VALUE else node.name


def compiled(text: str, known: frozenset[str]) -> Filter | None:
    """The filter that `text` is, None for no text. Raises UsageError, whose text shows the place."""
    if not text.strip():
        return None
    from inspector.query import compile_filter

    families = tuple(name.removesuffix("*") for name in known if name.endswith(".*"))
    return compile_filter(text, known, families)


def everything(session: Session, digest: Digest) -> Choice:
    """All rows of all levels."""
    count = len(session.messages)
    flows, packets = range(1, len(session.flows) + 1), range(1, session.packet_count + 1)
    return Choice(digest.codes, flows, packets, count, count)


def choose(session: Session, digest: Digest, wish: Wish, wanted: Filter | None, lock: Lock, stop: Stopped) -> Choice:
    """The rows that a wish leaves in each level, in order; cut short when `stop` says so."""
    if wish.plain:
        return everything(session, digest)
    codes = _keep(session, digest, wish, wanted, lock, stop)
    flows = sorted({digest.flow_of(session, code) for code in codes})
    found = sum(code >= 0 for code in codes)
    packets: Sequence[int]
    if wanted is None:
        packets = (session.flow_table.flow_of == wish.flow).nonzero()[0] + 1
        flows = [wish.flow]
    else:
        carried = {-code for code in codes if code < 0}
        for code in codes:
            if code >= 0:
                carried.update(session.packets_of(session.messages[code]))
        packets = sorted(carried)
    hint = _hint(session, wish, wanted, lock, stop) if wanted is not None and not found else ""
    return Choice(codes, flows, [int(number) for number in packets], found, len(session.messages), hint)


def _hint(session: Session, wish: Wish, wanted: Filter, lock: Lock, stop: Stopped) -> str:
    """What to drop of a filter that matches nothing."""
    from inspector.export.lookup import Lookup
    from inspector.query import why_none

    lookup = Lookup(session)

    def lookups() -> Iterator[Callable[[str], list[object]]]:
        for at, message in enumerate(session.messages):
            if at % CHECK_EVERY == 0 and stop():
                return
            if not wish.flow or message.flow == wish.flow:
                with lock:
                    yield lookup.at(message).values

    return why_none(wanted, lookups())


def _keep(session: Session, digest: Digest, wish: Wish, wanted: Filter | None, lock: Lock, stop: Stopped) -> list[int]:
    from inspector.export.lookup import Lookup

    lookup = Lookup(session)
    kept: list[int] = []
    for at, code in enumerate(digest.codes):
        if at % CHECK_EVERY == 0 and stop():
            break
        if wish.flow and digest.flow_of(session, code) != wish.flow:
            continue
        if wanted is not None:
            if code < 0:
                continue
            with lock:
                if not wanted.matches(lookup.at(session.messages[code]).values):
                    continue
        kept.append(code)
    return kept
