"""The step cursor over hand-made trees."""

import pytest

from inspector.engine.cursor import NOWHERE, Outline, next_in_flow, previous_in_flow
from inspector.model.buffer import Buffer, BufferSource, Pieces, Plain
from inspector.model.field import Bits, Field
from inspector.model.message import Message


class Fixed(BufferSource):
    """Contents known beforehand."""

    def __init__(self, data: bytes, packet: int, offset: int = 0) -> None:
        self.bytes = data
        self.packet = packet
        self.offset = offset

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        if buffer.parent is None:
            pieces.add(self.packet, self.offset, len(self.bytes))
        else:
            pieces.add_range(4, 8, len(self.bytes))
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return self.bytes[start:end]


def tree(name: str, start: int, end: int, *children: Field) -> Field:
    node = Field(name, None, start, end)
    node.children.extend(children)
    return node


@pytest.fixture
def outline() -> Outline:
    packet = Buffer("packet 4", Fixed(b"ETIPPAYLOAD!", 4))
    stream = Buffer("stream", Fixed(b"PAYLOAD!", 4, 4))
    derived = Buffer("inflated", Fixed(b"xyz", 0), parent=stream)
    derived.exact = False
    flags = tree("ip.flags", 2, 4)
    flags.bits = [Bits("ip.flags.df", 1, 1, 1), Bits("ip.flags.mf", 0, 0, 1)]
    body = tree("body", 4, 8, reading := tree("json", 0, 3, tree("x", 0, 1), tree("yz", 1, 3)))
    reading.buffer = derived
    body.children[0].children[1].issue = "odd"
    made = Outline()
    made.add(tree("eth", 0, 2, tree("eth.dst", 0, 1), tree("eth.src", 1, 2)), packet)
    made.add(tree("ip", 2, 4, flags), packet)
    made.add(tree("http", 0, 8, tree("head", 0, 4, tree("method", 0, 3), tree("space", 3, 4)), body), stream)
    return made


def names(outline: Outline, indices: list[int]) -> list[str]:
    return [outline.nodes[i].name for i in indices]


def test_outline_lists_fields_bits_and_layers_in_order(outline: Outline) -> None:
    assert names(outline, list(range(len(outline)))) == (
        [
            "eth",
            "eth.dst",
            "eth.src",
            "ip",
            "ip.flags",
            "ip.flags.df",
            "ip.flags.mf",
            "http",
            "head",
            "method",
            "space",
            "body",
            "json",
            "x",
            "yz",
        ]
    )
    assert names(outline, outline.layers) == ["eth", "ip", "http"]
    assert [node.depth for node in outline.nodes] == [0, 1, 1, 0, 1, 2, 2, 0, 1, 2, 2, 1, 2, 3, 3]


def test_steps_are_the_leaves_in_byte_order_and_then_the_derived_ones(outline: Outline) -> None:
    assert names(outline, outline.steps) == ["eth.dst", "eth.src", "ip.flags", "method", "space", "body", "x", "yz"]


def test_stepping_forward_and_back_visits_the_same_places(outline: Outline) -> None:
    forward, at = [], NOWHERE
    while (at := outline.next_step(at)) != NOWHERE:
        forward.append(at)
    back, at = [], len(outline)
    while (at := outline.previous_step(at)) != NOWHERE:
        back.append(at)
    assert forward == outline.steps
    assert back == outline.steps[::-1]


def test_step_number_counts_from_one(outline: Outline) -> None:
    assert [outline.step_number(i) for i in outline.steps] == list(range(1, 9))


def test_in_out_and_siblings(outline: Outline) -> None:
    at = {outline.nodes[i].name: i for i in range(len(outline))}
    assert outline.first_child(at["http"]) == at["head"]
    assert outline.first_child(at["method"]) == NOWHERE
    assert outline.parent(at["method"]) == at["head"]
    assert outline.parent(at["http"]) == NOWHERE
    assert outline.next_sibling(at["head"]) == at["body"]
    assert outline.next_sibling(at["eth.src"]) == at["ip"]
    assert outline.next_sibling(at["body"]) == NOWHERE
    assert outline.previous_sibling(at["body"]) == at["head"]
    assert outline.previous_sibling(at["head"]) == at["http"]
    assert outline.previous_sibling(at["http"]) == at["ip"]
    assert outline.previous_sibling(at["eth"]) == NOWHERE


def test_issues_are_found_both_ways(outline: Outline) -> None:
    last = len(outline) - 1
    assert outline.next_issue(0) == last
    assert outline.next_issue(last) == NOWHERE
    assert outline.previous_issue(last) == NOWHERE


def test_a_byte_selects_the_deepest_field_that_covers_it(outline: Outline) -> None:
    packet, stream = outline.nodes[0].buffer, outline.nodes[outline.layers[2]].buffer
    derived = outline.nodes[-1].buffer
    assert outline.nodes[outline.at(packet, 1)].name == "eth.src"
    assert outline.nodes[outline.at(packet, 3)].name == "ip.flags"
    assert outline.nodes[outline.at(stream, 2)].name == "method"
    assert outline.nodes[outline.at(stream, 7)].name == "body"
    assert outline.nodes[outline.at(derived, 2)].name == "yz"
    assert outline.at(packet, 9) == NOWHERE


def test_a_captured_byte_selects_the_field_made_from_it(outline: Outline) -> None:
    assert outline.nodes[outline.at_packet_byte(4, 1)].name == "eth.src"
    assert outline.nodes[outline.at_packet_byte(4, 5)].name == "method"
    assert outline.at_packet_byte(5, 1) == NOWHERE
    assert outline.at_packet_byte(4, 40) == NOWHERE


def test_bytes_and_values_of_a_line(outline: Outline) -> None:
    at = {outline.nodes[i].name: i for i in range(len(outline))}
    assert outline.nodes[at["method"]].raw == b"PAY"
    assert (outline.nodes[at["ip.flags.df"]].value, outline.nodes[at["ip.flags.df"]].raw) == (1, b"IP")


def test_a_packets_own_bytes_come_from_itself() -> None:
    packet = Buffer("packet 7", Plain(b"abc"))
    packet.key = 7
    made = Outline()
    made.add(tree("frame", 0, 3, tree("empty", 1, 1)), packet)
    assert made.origins(0) == [(7, 0, 3, True)]
    assert made.origins(1) == []


def test_messages_of_the_same_flow() -> None:
    buffer = Buffer("b", Fixed(b"", 1))
    messages = [Message(flow, 0, "http", "request", buffer, 0, 0, "") for flow in (1, 2, 1, 2)]
    assert next_in_flow(messages, 0) == 2
    assert next_in_flow(messages, 2) == NOWHERE
    assert previous_in_flow(messages, 3) == 1
    assert previous_in_flow(messages, 1) == NOWHERE
