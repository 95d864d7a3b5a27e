"""Which protocol a stream of bytes is, and why."""

import importlib
import pkgutil
from typing import Final

import inspector.protocols
from inspector.model.sides import Side
from inspector.model.verdict import MORE, STRONG, WEAK, Verdict
from inspector.protocols.base import Hints, Protocol

PREFIX: Final = 4096
"""Bytes that detection looks at."""

_registry: dict[str, Protocol] = {}
_content_types: set[str] = set()


def protocols() -> dict[str, Protocol]:
    """All protocols by name; every module of `inspector.protocols` with a PROTOCOL."""
    if not _registry:
        for info in pkgutil.iter_modules(inspector.protocols.__path__):
            module = importlib.import_module(f"inspector.protocols.{info.name}")
            found = getattr(module, "PROTOCOL", None)
            if isinstance(found, Protocol):
                _registry[found.name] = found
                _content_types.update(found.content_types)
    return _registry


def is_claimed(content_type: str) -> bool:
    """Whether some protocol reads bodies of this media type."""
    protocols()
    return content_type in _content_types


def verdicts(prefix: bytes, side: Side, hints: Hints) -> list[Verdict]:
    """What every protocol thinks of one side's first bytes, strongest first; port evidence is added to the sentence."""
    found: list[Verdict] = []
    for protocol in protocols().values():
        verdict = protocol.recognise(prefix, side, hints)
        if hints.server_port and hints.server_port in protocol.ports:
            verdict.evidence = f"{verdict.evidence}; {hints.server_port} is a usual port for it"
        if hints.content_type and hints.content_type in protocol.content_types and verdict.strength < STRONG:
            verdict = Verdict(protocol.name, STRONG, f"the media type is {hints.content_type}")
        found.append(verdict)
    found.sort(key=lambda v: (-v.strength, hints.server_port not in protocols()[v.protocol].ports, v.protocol))
    return found


def choose(prefix: bytes, side: Side, hints: Hints, peer: str, final: bool) -> str:
    """The protocol to read these bytes as: its name, "" to wait for more bytes, "data" when nobody claims them.

    `peer` is what the other side speaks ("" unknown): it is believed unless these bytes are strong evidence for
    another protocol.
    """
    if peer and peer != "data" and protocols()[peer].recognise(prefix, side, hints).strength == STRONG:
        return peer
    found = verdicts(prefix, side, hints)
    best = found[0]
    if peer and peer != "data":
        for verdict in found:
            if verdict.protocol == peer and verdict.strength >= best.strength:
                return peer
        return best.protocol if best.strength == STRONG else peer
    if best.strength == STRONG:
        return best.protocol
    if not final and len(prefix) < PREFIX and any(v.strength == MORE for v in found):
        return ""
    for verdict in found:
        if verdict.strength == WEAK and hints.server_port in protocols()[verdict.protocol].ports:
            return verdict.protocol
    return "data"
