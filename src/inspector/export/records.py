"""The shape of every JSON document; keys keep their names and meaning once published.

Times are strings of decimal seconds so that no digit is lost, byte values are hex, byte ranges run from `start`
up to but not including `end`. A key that only some records have is left out of the others, never null.
"""

from msgspec import UNSET, Raw, Struct, UnsetType

from inspector import __version__

TOOL = f"inspector {__version__}"
"""What the `tool` key of every document says."""


class OriginRecord(Struct, gc=False):
    """Bytes of a captured packet; `exact` when they are the very bytes, one for one."""

    packet: int
    start: int
    end: int
    exact: bool


class MessageRecord(Struct, gc=False):
    """One row of `ls`; `parent` carried it, `answers` is the request of a response, `latency` is in seconds."""

    number: int
    time: str
    flow: int
    side: str
    protocol: str
    kind: str
    summary: str
    length: int
    packets: list[int]
    layers: list[str]
    parent: int | None
    answers: int | None
    latency: float | None
    severity: str | None
    issue: str | None
    facts: dict[str, object]
    fields: Raw | UnsetType = UNSET


class PacketRecord(Struct, gc=False):
    """One row of `ls --level packet`; `length` bytes were on the wire, `captured` of them are in the file."""

    number: int
    time: str
    flow: int | None
    side: str | None
    source: str
    destination: str
    protocol: str
    length: int
    captured: int
    summary: str
    layers: list[str]
    comments: list[str]
    fields: Raw | UnsetType = UNSET


class VerdictRecord(Struct):
    """What detection thought of one side's bytes, and why."""

    side: str
    protocol: str
    strength: str
    evidence: str
    chosen: bool


class NoteRecord(Struct):
    """Something seen in a flow that is not payload."""

    kind: str
    side: str
    packet: int
    text: str


class ProcessRecord(Struct):
    """A program at one end of a flow."""

    name: str
    pid: int


class FlowRecord(Struct):
    """One row of `ls --level flow`; pairs are client first, server second."""

    number: int
    time: str
    transport: str
    client: str
    server: str
    client_known_by: str
    first_packet: int
    last_packet: int
    packets: int
    bytes: list[int]
    ends: list[str]
    protocols: list[str]
    messages: int
    processes: list[ProcessRecord | None]
    verdicts: list[VerdictRecord]
    notes: list[NoteRecord]


class EvidenceRecord(Struct):
    """Packet bytes that prove a finding."""

    message: int | None
    packet: int
    start: int
    end: int
    bytes: str
    reads_as: str


class WitnessRecord(Struct):
    """What a real implementation said of the bytes."""

    library: str
    version: str
    says: str


class FindingRecord(Struct):
    """One diagnosis."""

    rule: str
    severity: str
    flow: int
    title: str
    see: str
    why: str
    evidence: list[EvidenceRecord]
    witness: WitnessRecord | None
    do: str
    references: list[str]


class GuideRecord(Struct):
    """One name that filters and --fields know."""

    name: str
    title: str
    spec: str


class ExplanationRecord(Struct):
    """A field with what the guide says of it."""

    field: Raw
    meaning: str
    text: str
    spec: str
