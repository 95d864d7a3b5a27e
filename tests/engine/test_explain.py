"""Pass 2: the tree of one message, whatever stops the decoder; and the two passes agree."""

from pathlib import Path

import pytest

from inspector.engine.explain import explain
from inspector.model.field import Field
from inspector.model.sides import CLIENT, SERVER
from streams import SCHEMAS, Recorded, captures, check_message, cut

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_the_root_is_the_message() -> None:
    (message,) = cut([(CLIENT, GET)])
    tree = explain(message, SCHEMAS)
    assert (tree.name, tree.value, tree.buffer) == ("http", "GET / HTTP/1.1", message.buffer)


def test_what_stops_the_decoder_is_a_gap_with_the_reason() -> None:
    (message,) = cut([(CLIENT, GET[:20])], ends=("", ""))
    tree = check_message(message)
    assert tree.issue == message.issue == "the bytes end before the head does"
    assert (tree.children[-1].name, tree.children[-1].end) == ("gap", 20)
    assert tree.children[-1].issue


def test_a_hole_is_explained_as_one() -> None:
    hole = next(m for m in cut([(CLIENT, GET), (CLIENT, 9)]) if m.kind == "hole")
    (leaf,) = check_message(hole).children[0].children
    assert (leaf.name, leaf.length, leaf.issue) == ("hole", 9, "9 bytes were never captured")


def values(tree: Field, name: str) -> list[object]:
    return [node.value for node in tree.walk() if node.name == name]


def same(fact: object, read: list[object]) -> bool:
    """Whether a fact is what the tree says; header lines of one name are joined, folded lines too."""
    return fact in read or str(fact) == ", ".join(str(value) for value in read) or (not fact and not read)


@pytest.mark.parametrize("path", captures(), ids=lambda p: p.name)
def test_both_passes_read_the_same_values(path: Path) -> None:
    recorded = Recorded(path)
    for flow in recorded.flows:
        for message in recorded.cut(flow, recorded.turns(flow)):
            if message.protocol in {"http", "tls"}:
                tree = explain(message, SCHEMAS)
                for name, fact in message.facts.items():
                    assert same(fact, values(tree, name)), f"{name}: {fact!r}, {values(tree, name)!r}"


def test_facts_of_a_response_are_in_its_tree() -> None:
    coded = b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    (message,) = cut([(SERVER, b"HTTP/1.0 404 Not Found\r\nServer: s\r\nVary: a\r\n" + coded)])
    tree = explain(message, SCHEMAS)
    assert message.facts
    for name, fact in message.facts.items():
        assert same(fact, values(tree, name))
