"""Findings: what is seen in a conversation, why it happens, the bytes that prove it, what to do."""

from inspector.diagnosis.registry import registered
from inspector.diagnosis.scene import Scene
from inspector.model.finding import SEVERITIES, Finding
from inspector.model.message import Message
from inspector.net.flows import FlowTable
from inspector.schema.registry import Schemas

__all__ = ["diagnose", "rule_document", "rule_names"]


def diagnose(flow_table: FlowTable, messages: list[Message], schemas: Schemas) -> list[Finding]:
    """All findings of all rules, worst first, then in the order of the flows."""
    scene = Scene(flow_table, messages)
    found = [finding for rule in registered().values() for finding in rule.find(scene)]
    found.sort(key=lambda finding: (-SEVERITIES.index(finding.severity), finding.flow, finding.rule))
    return found


def rule_names() -> list[str]:
    """The names of all rules, sorted."""
    return sorted(registered())


def rule_document(name: str) -> str:
    """What a rule looks for, why it happens, how it is known and what to do. Raises KeyError for an unknown name."""
    return registered()[name].document
