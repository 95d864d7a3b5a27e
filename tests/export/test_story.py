"""Finding the field to explain, and the text about it."""

import pytest

from inspector.export.origins import Window
from inspector.export.story import Place, field_lines, find_by_name, find_by_offset, paragraphs, places, story_lines
from inspector.export.words import plain_paint
from inspector.model.errors import UsageError
from inspector.session import Session, bundled


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.open(str(bundled("captures") / "thrift-framed.pcap"))


@pytest.fixture
def root(session: Session) -> Place:
    tree = session.explain(session.message(1))
    assert tree.buffer is not None
    return Place(tree, Window(tree.buffer, tree.start, tree.end))


def test_every_field_has_a_place_with_its_parents(root: Place) -> None:
    found = list(places(root))
    assert [place.field.name for place in found] == [field.name for field in root.field.walk()]
    assert all(place.field in place.parent.children for place in found[1:] if place.parent is not None)


def test_finds_by_name_and_by_path(root: Place) -> None:
    assert [place.field.value for place in find_by_name(root, "thrift.method")] == ["ping"]
    assert len(find_by_name(root, "thrift.str_len")) == 2
    (inner,) = find_by_name(root, "eco/thrift.str_len")
    assert inner.field.start == 23
    assert [place.field.name for place in find_by_name(root, "ping_args")] == ["thrift.struct"]


def test_says_which_name_is_near(root: Place) -> None:
    with pytest.raises(UsageError, match=r"no field thrift\.metod; did you mean thrift\.method\?"):
        find_by_name(root, "thrift.metod")


@pytest.mark.parametrize(("offset", "name"), [(0, "thrift.frame_len"), (12, "thrift.method"), (31, "thrift.stop")])
def test_finds_the_deepest_field_at_an_offset(root: Place, offset: int, name: str) -> None:
    assert find_by_offset(root, offset).field.name == name


@pytest.mark.parametrize("offset", [-1, 32, 10**9])
def test_bytes_outside_the_message_are_usage_errors(root: Place, offset: int) -> None:
    with pytest.raises(UsageError, match="the message has 32 bytes"):
        find_by_offset(root, offset)


def test_a_field_is_told_with_bytes_origin_and_spec(session: Session, root: Place) -> None:
    text = "\n".join(field_lines(find_by_name(root, "thrift.method")[0], session.guide, plain_paint))
    assert "Method name: ping  thrift.method" in text
    assert "4 bytes at offset 12 of flow 1 client  70 69 6e 67" in text
    assert "captured as 4 bytes at offset 78 of packet 4" in text
    entry = session.guide.entry("thrift.method")
    assert entry is not None
    assert entry.spec in text


def test_the_story_explains_each_name_once(session: Session, root: Place) -> None:
    lines = list(story_lines(root, session.guide, plain_paint))
    entry = session.guide.entry("thrift.str_len")
    assert entry is not None
    titles = [line for line in lines if line.strip().startswith(f"{entry.title}: ")]
    assert len(titles) == 2
    assert max(len(line) for line in lines) <= 120


def test_prose_wraps_but_commands_stay_whole() -> None:
    command = "  inspector bytes " + "80 01 " * 40 + "--as thrift"
    lines = list(paragraphs("word " * 40 + "\n" + command, "    "))
    assert lines[-1] == "    " + command
    assert all(len(line) <= 78 for line in lines[:-1])
