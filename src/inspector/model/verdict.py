"""What detection thinks of one side's first bytes, and the evidence for it."""

from typing import Final

NONE: Final = 0
MORE: Final = 1
WEAK: Final = 2
STRONG: Final = 3
STRENGTH_NAMES: Final = ("none", "needs more bytes", "weak", "strong")


class Verdict:
    """How well bytes fit a protocol. `evidence` is one plain sentence naming the bytes."""

    __slots__ = ("chosen", "evidence", "protocol", "strength")

    def __init__(self, protocol: str, strength: int, evidence: str) -> None:
        self.protocol = protocol
        self.strength = strength
        self.evidence = evidence
        self.chosen = False
