"""Which protocol a stream of bytes is, and why."""

import importlib
import pkgutil
from typing import Final

import inspector.protocols
from inspector.model.sides import Side
from inspector.model.verdict import MORE, STRONG, WEAK, Verdict
from inspector.protocols.base import Hints, Protocol
from inspector.schema.registry import Schemas

PREFIX: Final = 4096
"""Bytes that detection looks at."""

_registry: dict[str, Protocol] = {}
_claimed: dict[str, str] = {}
OPAQUE: Final = frozenset(("", "application/octet-stream", "binary/octet-stream"))
"""Media types that say no more than that there are bytes; the last is what S3 answers."""

MAX_CLAIMED: Final = 1024
"""Media types whose reader is remembered."""


def protocols() -> dict[str, Protocol]:
    """All protocols by name; every module of `inspector.protocols` with a PROTOCOL."""
    if not _registry:
        for info in pkgutil.iter_modules(inspector.protocols.__path__):
            module = importlib.import_module(f"inspector.protocols.{info.name}")
            found = getattr(module, "PROTOCOL", None)
            if isinstance(found, Protocol):
                _registry[found.name] = found
    return _registry


def is_claimed(content_type: str) -> bool:
    """Whether some protocol cuts messages out of bodies of this media type."""
    return claimant(content_type) != ""


def claimant(content_type: str) -> str:
    """The protocol that cuts messages out of bodies of this media type, "" when there is none."""
    known = _claimed.get(content_type)
    if known is None:
        known = ""
        for name, protocol in protocols().items() if content_type else ():
            if not known and not protocol.inline and claims(protocol, content_type):
                known = name
        if len(_claimed) < MAX_CLAIMED:
            _claimed[content_type] = known
    return known


def claims(protocol: Protocol, content_type: str) -> bool:
    """Whether `protocol` reads bodies of this media type."""
    for pattern in protocol.content_types:
        if content_type == pattern or (pattern.endswith("*") and content_type.startswith(pattern[:-1])):
            return True
        if pattern.startswith("*") and content_type.endswith(pattern[1:]):
            return True
    return False


def inline_reader(content_type: str) -> Protocol | None:
    """Who reads bodies of this media type as a part of the message that carries them."""
    for protocol in protocols().values():
        if protocol.inline and claims(protocol, content_type):
            return protocol
    return None


def reader_inside(content_type: str, head: bytes, tail: bytes) -> Protocol | None:
    """Who knows a body of an untelling media type by its first and last bytes."""
    if content_type in OPAQUE:
        for protocol in protocols().values():
            if protocol.inside is not None and protocol.inside(head, tail):
                return protocol
    return None


def undoes_codings(hints: Hints) -> bool:
    """Whether whoever reads these bytes wants them without their content codings."""
    named = protocols().get(hints.protocol)
    if named is not None:
        return named.undoes_codings
    return any(protocol.undoes_codings and claims(protocol, hints.content_type) for protocol in protocols().values())


def verdicts(prefix: bytes, side: Side, hints: Hints) -> list[Verdict]:
    """What every protocol thinks of one side's first bytes, strongest first; port evidence is added to the sentence."""
    found: list[Verdict] = []
    for protocol in protocols().values():
        verdict = protocol.recognise(prefix, side, hints)
        if hints.server_port and hints.server_port in protocol.ports:
            verdict.evidence = f"{verdict.evidence}; {hints.server_port} is a usual port for it"
        if hints.content_type and verdict.strength < STRONG and claims(protocol, hints.content_type):
            verdict = Verdict(protocol.name, STRONG, f"the media type is {hints.content_type}")
        found.append(verdict)
    found.sort(key=lambda v: (-v.strength, hints.server_port not in protocols()[v.protocol].ports, v.protocol))
    return found


def strength(protocol: Protocol, prefix: bytes, side: Side, hints: Hints) -> int:
    """How well one side's first bytes fit one protocol, what the layer below said of them counted in."""
    if hints.content_type and not protocol.inline and claims(protocol, hints.content_type):
        return STRONG
    return protocol.recognise(prefix, side, hints).strength


def choose(prefix: bytes, side: Side, hints: Hints, peer: str, over: bool, final: bool) -> str:
    """The protocol to read these bytes as: its name, "" to wait for more bytes, "data" when nobody claims them.

    `peer` is what the other side speaks ("" unknown): it is believed unless these bytes are strong evidence for
    another protocol. Short of strong evidence nothing is decided before the side has stopped speaking for now (`over`)
    or for good (`final`), so that the choice does not depend on how the bytes were split.
    """
    registry = protocols()
    if peer and peer != "data" and strength(registry[peer], prefix, side, hints) == STRONG:
        return peer
    told = claimant(hints.content_type)
    if told:
        return told
    strong = weak = ""
    more = False
    for name, protocol in registry.items():
        found = strength(protocol, prefix, side, hints)
        usual = hints.server_port in protocol.ports
        if found == STRONG and (not strong or (usual and hints.server_port not in registry[strong].ports)):
            strong = name
        elif found == WEAK and usual and not weak:
            weak = name
        elif found == MORE:
            more = True
    if strong:
        return strong
    enough = final or len(prefix) >= PREFIX
    if not over and not enough:
        return ""
    if peer and peer != "data":
        return peer
    if not enough and more:
        return ""
    return weak or "data"


def sender(prefix: bytes) -> tuple[Side, str]:
    """The only side that can have sent what begins so, and the protocol in which that is so; (-1, "") for both."""
    for name, protocol in protocols().items():
        side = protocol.sender(prefix) if protocol.sender is not None else -1
        if side >= 0:
            return side, name
    return -1, ""


def first_start(prefix: bytes, side: Side, hints: Hints, schemas: Schemas, quick: bool = False) -> int:
    """The index, behind the first byte, of the first message that a protocol finds and strongly recognises; or -1.

    Only by protocols that are `quick`, where that is asked for.
    """
    best = -1
    for protocol in protocols().values():
        if quick and not protocol.quick:
            continue
        conversation = protocol.conversation(hints, schemas)
        conversation.over = True
        at = conversation.resync(side, prefix, 1)
        if at > 0 and (best < 0 or at < best) and protocol.recognise(prefix[at:], side, hints).strength == STRONG:
            best = at
    return best
