"""A diagnosis: what is seen, why it happens, the bytes that prove it, what to do."""

from dataclasses import dataclass, field

SEVERITIES = ("note", "warning", "error")


@dataclass(slots=True)
class Evidence:
    """Packet bytes that prove a point: `start` and `end` are offsets in that packet, `reads_as` their reading."""

    message: int | None
    packet: int
    start: int
    end: int
    bytes: bytes
    reads_as: str


@dataclass(slots=True)
class Witness:
    """What a real implementation said of the bytes, in its own words."""

    library: str
    version: str
    says: str


@dataclass(slots=True)
class Finding:
    """One diagnosis of one flow (`flow` 0: of the whole capture)."""

    rule: str
    severity: str
    flow: int
    title: str
    see: str
    why: str
    do: str
    evidence: list[Evidence] = field(default_factory=list)
    witness: Witness | None = None
    references: list[str] = field(default_factory=list)
