"""gRPC calls as rules see them."""

from inspector.diagnosis.http2_flows import evidence_of
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count
from inspector.engine.explain import explain
from inspector.model.finding import Evidence
from inspector.model.message import Message
from inspector.protocols.grpc_call import Call
from inspector.schema.registry import Schemas

MAX_SHOWN = 5
"""Calls of one kind that are shown as evidence."""
MAX_CONNECTIONS = 50
"""Connections with the same failure that get a finding each; the others share one."""
MAX_PRECISE = 200
"""Failed calls of a capture whose evidence is a single header field; of more it is the frame, which costs nothing."""


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


def grouped(calls: list[tuple[str, Call]]) -> list[list[Call]]:
    """Calls that failed alike (the text says how), those of one connection together, as the findings tell of them."""
    groups: dict[tuple[str, int], list[Call]] = {}
    counts: dict[str, int] = {}
    for how, call in calls:
        flow = call.row.flow
        if (how, flow) not in groups:
            counts[how] = counts.get(how, 0) + 1
            if counts[how] > MAX_CONNECTIONS:
                flow = -1
        groups.setdefault((how, flow), []).append(call)
    return list(groups.values())


def more_calls(calls: list[Call]) -> str:
    """How many calls there are besides the first, in words; "" when there are none."""
    if len(calls) == 1:
        return ""
    flows = len({call.row.flow for call in calls})
    return count(len(calls) - 1, "more call") + (f" in {flows:,} connections" if flows > 1 else "")


def method_of(call: Call) -> str:
    """The method for people, "a.B/C"."""
    service, method = call.row.facts.get("grpc.service"), call.row.facts.get("grpc.method")
    return f"{service}/{method}" if method else "a method whose name was not captured"


def call_evidence(scene: Scene, call: Call) -> list[Evidence]:
    """The bytes that name the method, as evidence of the call's own row; none where they were not captured."""
    if not call.blocks or not call.path:
        return []
    found = field_evidence(scene, call.blocks[0].message, ":path", f"calls {call.path}")
    for evidence in found:
        evidence.message = call.row.number
    return found


def field_evidence(scene: Scene, message: Message, name: str, text: str) -> list[Evidence]:
    """The bytes that carry header field `name` in a header block or a trailers frame; the whole message without it."""
    if len(failed_calls(scene)) > MAX_PRECISE:
        return evidence_of(message, 0, message.length, text)
    for node in explain(message, Schemas()).walk():
        if node.name in {"http2.header", "grpc.trailer"} and str(node.value).lower().startswith(f"{name}:"):
            return evidence_of(message, node.start - message.start, node.end - message.start, text)
    return evidence_of(message, 0, message.length, text)
