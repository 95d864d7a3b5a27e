"""Nodes of the decode tree."""

from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field


def tree() -> Field:
    root = Field("root", None, 0, 6)
    node = Field("node", "ab", 0, 2)
    node.children = [Field("a", None, 0, 1), Field("b", None, 1, 2)]
    derived = Field("derived", None, 0, 9)
    derived.buffer = Buffer("other", Plain(bytes(9)))
    derived.children = [Field("inside", None, 0, 9)]
    body = Field("body", None, 2, 6)
    body.children = [derived]
    root.children = [node, body]
    return root


def test_walking_visits_parents_before_children() -> None:
    assert [f.name for f in tree().walk()] == ["root", "node", "a", "b", "body", "derived", "inside"]


def test_leaves_are_those_of_the_own_buffer() -> None:
    assert [f.name for f in tree().leaves()] == ["a", "b", "body"]
    assert [f.length for f in tree().leaves()] == [1, 1, 4]
    assert [f.name for f in Field("alone", None, 0, 0).leaves()] == ["alone"]
