"""The recording reader: trees that tile their bytes, whatever happens on the way."""

import pytest

from inspector.model.buffer import Buffer, Plain
from inspector.model.errors import DecodeError, HoleError
from inspector.model.field import Field
from inspector.wire.recorder import MAX_CHILDREN, Recorder
from streams import check_tree


def shape(field: Field) -> tuple[object, ...]:
    return (field.name, field.start, field.end, *(shape(child) for child in field.children))


def test_reads_become_leaves_and_begin_and_close_make_nodes() -> None:
    r = Recorder(b"\x01\x00\x02ab!", 50, name="root")
    r.u8("one")
    r.begin("node", "label")
    r.u16("two")
    r.text("text", 2)
    r.close("whole")
    r.skip("bang", 1)
    tree = r.finish()
    assert shape(tree) == (
        "root", 50, 56,
        ("one", 50, 51),
        ("node", 51, 55, ("two", 51, 53), ("text", 53, 55)),
        ("bang", 55, 56),
    )  # fmt: skip
    node = tree.children[1]
    assert (node.value, node.label) == ("whole", "label")
    assert [child.value for child in node.children] == [2, "ab"]


def test_bytes_left_over_become_a_gap() -> None:
    r = Recorder(b"abcdef", 5)
    r.take("abc", 3)
    tree = r.finish()
    assert shape(tree.children[-1]) == ("gap", 8, 11)
    assert tree.children[-1].issue == "no field explains these bytes"


def test_what_stopped_the_decoder_is_said_at_the_open_node_and_at_the_gap() -> None:
    r = Recorder(b"abcdef")
    r.begin("outer")
    r.begin("inner")
    r.take("ab", 2)
    with pytest.raises(DecodeError) as caught:
        r.take("too much", 10)
    tree = r.finish(caught.value.reason)
    assert shape(tree) == ("", 0, 6, ("outer", 0, 2, ("inner", 0, 2, ("ab", 0, 2))), ("gap", 2, 6))
    inner = tree.children[0].children[0]
    assert inner.issue == tree.children[1].issue == caught.value.reason


def test_notes_and_bits_belong_to_the_field_read_last() -> None:
    r = Recorder(b"\xa5x")
    r.u8("flags")
    r.bits("high", 0xA, 4, 4)
    r.bits("low", 5, 0, 4)
    r.note("odd")
    r.note("very odd")
    r.begin("node")
    r.skip("x", 1)
    r.close()
    r.note("on the node")
    flags, node = r.finish().children
    assert [(bits.name, bits.value, bits.shift, bits.width) for bits in flags.bits] == [
        ("high", 10, 4, 4),
        ("low", 5, 0, 4),
    ]
    assert flags.issue == "odd; very odd"
    assert node.issue == "on the node"
    assert node.children[0].issue is None


def test_text_that_is_not_utf8_is_noted_but_a_real_replacement_character_is_not() -> None:
    r = Recorder("\ufffd".encode() + b"\xff")
    r.text("good", 3)
    r.text("bad", 1)
    good, bad = r.finish().children
    assert (good.issue, bad.issue) == (None, "not valid UTF-8")


def test_a_leaf_across_holes_has_a_child_for_every_part() -> None:
    r = Recorder(b"ab" + bytes(3) + b"cd" + bytes(1), 10, [(12, 15), (17, 18)])
    r.skip("body", 8)
    body = r.finish().children[0]
    assert shape(body) == (
        "body", 10, 18, ("body", 10, 12), ("hole", 12, 15), ("body", 15, 17), ("hole", 17, 18)
    )  # fmt: skip
    assert body.children[1].issue == "3 bytes were never captured"


def test_a_gap_across_a_hole_shows_the_hole() -> None:
    r = Recorder(b"ab" + bytes(2) + b"c", 0, [(2, 4)])
    r.take("a", 1)
    with pytest.raises(HoleError) as caught:
        r.take("b", 3)
    tree = r.finish(caught.value.reason)
    assert shape(tree) == ("", 0, 5, ("a", 0, 1), ("gap", 1, 5, ("gap", 1, 2), ("hole", 2, 4), ("gap", 4, 5)))


def test_long_lists_are_counted_but_not_drawn() -> None:
    count = MAX_CHILDREN + 500
    r = Recorder(bytes(count) + b"end")
    r.begin("list")
    for _ in range(count):
        r.u8("item")
    r.close()
    r.take("end", 3)
    tree = r.finish()
    items = tree.children[0]
    assert len(items.children) == MAX_CHILDREN + 1
    assert shape(items.children[-1]) == ("more", MAX_CHILDREN, count)
    assert shape(tree.children[1]) == ("end", count, count + 3)
    check_tree(tree, Buffer("b", Plain(bytes(count + 3))))


def test_nodes_beyond_the_cap_are_not_drawn_but_covered() -> None:
    count = MAX_CHILDREN + 5
    r = Recorder(bytes(2 * count))
    for _ in range(count):
        r.begin("pair")
        r.u8("first")
        r.bits("bit", 0, 0, 1)
        r.note("noted")
        r.begin("inner")
        r.u8("second")
        r.close()
        r.close()
    tree = r.finish()
    assert len(tree.children) == MAX_CHILDREN + 1
    assert shape(tree.children[-1]) == ("more", 2 * MAX_CHILDREN, 2 * count)


def test_a_decoder_that_stops_beyond_the_cap_loses_no_byte() -> None:
    count = MAX_CHILDREN + 1
    r = Recorder(bytes(2 * count + 5))
    for _ in range(count):
        r.begin("pair")
        r.u16("number")
        r.close()
    r.begin("pair")
    r.u8("first")
    tree = r.finish("stopped here")
    check_tree(tree, Buffer("b", Plain(bytes(2 * count + 5))))
    assert shape(tree.children[-1]) == ("gap", 2 * count + 1, 2 * count + 5)


def test_a_reading_of_derived_bytes_takes_no_part_in_the_tiling() -> None:
    r = Recorder(b"abcd")
    r.begin("body")
    r.take("chunk", 4)
    derived = Field("text", "bcd", 0, 3)
    derived.buffer = Buffer("derived", Plain(b"bcd"))
    r.attach(derived)
    r.close()
    tree = r.finish()
    assert [leaf.name for leaf in tree.leaves()] == ["chunk"]
    assert [field.name for field in tree.walk()] == ["", "body", "chunk", "text"]
