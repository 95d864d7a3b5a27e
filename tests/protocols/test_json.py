"""JSON as field trees, held against the standard library."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.model.field import Field
from inspector.model.sides import CLIENT, SERVER
from streams import Turn, check_cover, check_message, cut, every, keys

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def rebuilt(field: Field) -> object:
    """The value that a field of a tree stands for."""
    if field.name == "json.object":
        members = [child for child in field.children if child.name == "json.member"]
        return {member.value: rebuilt(value_in(member)) for member in members}
    if field.name == "json.array":
        return [rebuilt(child) for child in field.children if child.name.startswith(("json.value", "json.a", "json.o"))]
    return None if field.name == "json.value.null" else field.value


def value_in(field: Field) -> Field:
    return next(c for c in field.children if c.name.startswith(("json.value", "json.array", "json.object")))


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_the_tree_holds_what_the_text_says(value: object, indent: int | None, escaped: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    (message,) = cut([(SERVER, text.encode("utf-8", "surrogatepass"))], forced="json")
    tree = check_message(message)
    found = rebuilt(value_in(tree))
    expected = json.loads(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assert found == expected or "\\ud" in text


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n", " \n\t"]), st.integers(1, 30))
def test_values_in_a_row_are_messages(values: list[object], between: str, size: int) -> None:
    raw = "".join(json.dumps(value) + between for value in values).encode()
    messages = cut([(CLIENT, raw)], forced="json")
    check_cover(messages, [len(raw), 0])
    assert [m.kind for m in messages] == ["value"] * len(values)
    assert keys(cut([(CLIENT, raw)], every(size), forced="json")) == keys(messages)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a" 1}', "':' should stand here, not b'1'"),
        (b"[1 2]", "',' should stand here, not b'2'"),
        (b"[01]", "b'01' is no number"),
        (b"{1:2}", "a member begins with its name in quotes"),
        (b"[tru]", "b'tru]' is no JSON value"),
        (b"[" * 100 + b"]" * 100, "nested deeper than 64 levels"),
        (b"<a>", "no JSON value starts with b'<'"),
        (b"[1,]", "no JSON value starts with b']'"),
    ],
)
def test_what_is_no_json_keeps_what_could_be_read(text: bytes, reason: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text)
    (message,) = cut([(SERVER, head + text)])
    tree = check_message(message)
    assert message.issue is None
    assert any(field.name == "gap" and field.issue == reason for field in tree.walk())


def test_a_body_is_read_in_the_message_that_carries_it() -> None:
    body = b'{"a": [1, 2.5, true, null], "b": "x\\u00e9\\ud83d\\ude00"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/problem+json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    turns: list[Turn] = [(SERVER, head % len(body) + body)]
    (message,) = cut(turns)
    tree = check_message(message)
    (key,) = (f for f in tree.walk() if f.name == "json.key" and f.value == "b")
    assert message.buffer.read(key.start, key.end) == b'"b"'
    assert [f.value for f in tree.walk() if f.name == "json.value.string"] == ["xé😀"]
    assert [f.value for f in tree.walk() if f.name.startswith("json.value.")][:4] == [1, 2.5, True, "null"]


def test_lines_of_json_are_one_after_the_other() -> None:
    body = b'{"n":1}\n{"n":2}\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    (message,) = cut([(SERVER, head + b"9\r\n" + body[:9] + b"\r\n7\r\n" + body[9:] + b"\r\n0\r\n\r\n")])
    tree = check_message(message)
    assert [f.value for f in tree.walk() if f.name == "json.value.number"] == [1, 2]
    assert sum(f.name == "json.object" for f in tree.walk()) == 2


def test_numbers_too_long_for_a_computer_stay_text() -> None:
    for text in ("1" * 5000, "1e999", "-1e999"):
        (message,) = cut([(SERVER, text.encode())], forced="json")
        assert [f.value for f in check_message(message).walk() if f.name == "json.value.number"] == [text]


def test_a_body_of_many_values_is_counted_and_not_drawn() -> None:
    body = b"[" + b"[1]," * 60_000 + b"1]"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    (message,) = cut([(SERVER, head + body)])
    tree = check_message(message)
    assert any(f.issue == "only the first 100,000 values are drawn" for f in tree.walk())
