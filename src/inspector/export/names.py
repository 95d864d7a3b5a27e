"""All names that filters and --fields know."""

from collections.abc import Collection, Iterator
from functools import cache

from inspector.engine.detect import protocols
from inspector.export.lookup import COLUMNS, HEADERS
from inspector.export.records import GuideRecord
from inspector.guide import Guide
from inspector.query import Filter, compile_filter
from inspector.session import Session


def guide_records(prefix: str = "", language: str = "en") -> Iterator[GuideRecord]:
    """Every name that starts with `prefix`, sorted; "*" at the end of a name stands for any rest."""
    found = {name: GuideRecord(name, title, text) for name, title, text in COLUMNS}
    found |= {name: GuideRecord(name, each.title, each.spec) for name, each in protocols().items()}
    found |= {entry.name: GuideRecord(entry.name, entry.title, entry.spec) for entry in Guide(language).entries()}
    for name in sorted(found):
        if name.startswith(prefix):
            yield found[name]


@cache
def _known() -> tuple[frozenset[str], tuple[str, ...]]:
    names = {record.name for record in guide_records()} | HEADERS
    families = tuple(name.removesuffix("*") for name in names if name.endswith(".*"))
    return frozenset(name for name in names if not name.endswith("*")), families


def compile_for(session: Session, text: str) -> Filter:
    """A filter over what the guide and the capture know. Raises UsageError."""
    in_facts = {name for message in session.messages for name in message.facts}
    return compile_known(text, in_facts)


def compile_known(text: str, more: Collection[str] = ()) -> Filter:
    """A filter over what the guide knows and `more` names. Raises UsageError."""
    known, families = _known()
    return compile_filter(text, known.union(more), families)
