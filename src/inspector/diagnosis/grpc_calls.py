"""gRPC calls as rules see them."""

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.engine.explain import explain
from inspector.model.finding import Evidence
from inspector.model.message import Message
from inspector.protocols.grpc_call import Call
from inspector.schema.registry import Schemas

MAX_SHOWN = 5
"""Calls of one kind that are shown as evidence."""


def failed_calls(scene: Scene) -> list[Call]:
    """The calls that did not end in OK, in the order of the capture."""
    known = scene.worked_out.get("grpc")
    if isinstance(known, list):
        return known
    found: list[Call] = []
    for message in scene.messages:
        if message.kind == "call" and isinstance(message.context, Call):
            call = message.context
            if call.status > 0 or call.reset:
                found.append(call)
    scene.worked_out["grpc"] = found
    return found


def method_of(call: Call) -> str:
    """The method for people, "a.B/C"."""
    service, method = call.row.facts.get("grpc.service"), call.row.facts.get("grpc.method")
    return f"{service}/{method}" if method else "a method whose name was not captured"


def call_evidence(call: Call) -> list[Evidence]:
    """The bytes that name the method, as evidence of the call's own row; none where they were not captured."""
    if not call.blocks or not call.path:
        return []
    found = field_evidence(call.blocks[0].message, ":path", f"calls {call.path}")
    for evidence in found:
        evidence.message = call.row.number
    return found


def field_evidence(message: Message, name: str, text: str) -> list[Evidence]:
    """The bytes that carry header field `name` in a header block or a trailers frame; the whole message without it."""
    for node in explain(message, Schemas()).walk():
        if node.name in {"http2.header", "grpc.trailer"} and str(node.value).lower().startswith(f"{name}:"):
            return evidence_of(message, node.start - message.start, node.end - message.start, text)
    return evidence_of(message, 0, message.length, text)
