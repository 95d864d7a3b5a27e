"""`why HOST:PORT --json`: what a port was asked, what it answered, and what it speaks."""

from msgspec import Struct

from inspector.export.records import FindingRecord


class SpeechRecord(Struct):
    """A protocol that the port speaks, and the conversation of the recording that tells so."""

    protocol: str
    title: str
    flow: int


class TriedRecord(Struct):
    """A probe and what came back, in hex; `ending` is "fin", "rst", "silence", "refused" or "firewalled".

    `inside` is the version of TLS that both went through, None where they went in clear.
    """

    probe: str
    sent: str
    answer: str
    ending: str
    flow: int
    inside: str | None


class ProbedBody(Struct):
    """`state` is "open", "silent", "refused" or "firewalled"."""

    findings: list[FindingRecord]
    state: str
    speaks: list[SpeechRecord]
    probes: list[TriedRecord]
