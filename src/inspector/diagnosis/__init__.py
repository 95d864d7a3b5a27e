"""Findings: what is seen in a conversation, why it happens, the bytes that prove it, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.model.finding import SEVERITIES, Finding

if TYPE_CHECKING:
    from inspector.model.message import Message
    from inspector.net.flows import FlowTable
    from inspector.schema.registry import Schemas

__all__ = ["diagnose", "rule_document", "rule_names"]

# The rules bring in every protocol: they are imported when something is to be diagnosed, not before screens can open.


def diagnose(flow_table: FlowTable, messages: list[Message], schemas: Schemas) -> list[Finding]:
    """All findings of all rules, worst first, then in the order of the flows."""
    from inspector.diagnosis.registry import registered
    from inspector.diagnosis.scene import Scene
    from inspector.diagnosis.words import count

    scene = Scene(flow_table, messages)
    found = [finding for rule in registered().values() for finding in rule.find(scene)]
    for finding in found:
        more = scene.alike.get(finding.flow, 0)
        if more:
            finding.see += f"\nSo it was in {count(more, 'more conversation')} with this server, not listed one by one."
    found.sort(key=lambda finding: (-SEVERITIES.index(finding.severity), finding.flow, finding.rule))
    return found


def rule_names() -> list[str]:
    """The names of all rules, sorted."""
    from inspector.diagnosis.registry import registered

    return sorted(registered())


def rule_document(name: str) -> str:
    """What a rule looks for, why it happens, how it is known and what to do. Raises KeyError for an unknown name."""
    from inspector.diagnosis.registry import registered

    return registered()[name].document
