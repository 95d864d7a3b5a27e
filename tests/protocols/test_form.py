"""Bodies of forms, URL-encoded and in several parts, as part of the message that carries them."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.model.field import Field
from inspector.model.sides import CLIENT
from streams import check_message, cut


def posted(media: str, body: bytes) -> Field:
    head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    (message,) = cut([(CLIENT, head + body)])
    return check_message(message)


def values(tree: Field, name: str) -> list[object]:
    return [field.value for field in tree.walk() if field.name == name]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_pairs_are_those_that_were_filled_in(pairs: list[tuple[str, str]]) -> None:
    tree = posted("application/x-www-form-urlencoded", urlencode(pairs).encode())
    assert values(tree, "urlencoded-form.key") == [key for key, _ in pairs]
    assert values(tree, "urlencoded-form.value") == [value for _, value in pairs]


def test_odd_pairs() -> None:
    tree = posted("application/x-www-form-urlencoded; charset=utf-8", b"a&=b&&c=d=e&%zz=%")
    assert values(tree, "urlencoded-form.pair") == ["a = ", " = b", " = ", "c = d=e", "%zz = %"]


PARTS = (
    b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nhello\r\n'
    b'--X\r\nContent-Disposition: form-data; name="j"; filename="j.json"\r\n'
    b'Content-Type: application/json\r\n\r\n{"n": 7}\r\n'
    b"--X\r\n\r\n\r\n--X--\r\n"
)


def test_parts_with_their_contents() -> None:
    tree = posted("multipart/form-data; boundary=X", PARTS)
    assert values(tree, "mime_multipart.part") == ["a", "j", "text/plain"]
    assert values(tree, "mime_multipart.data") == ["hello", '{"n": 7}']
    assert values(tree, "json.value.number") == [7]


@pytest.mark.parametrize(
    ("media", "body", "reason"),
    [
        ("multipart/form-data", PARTS, "the media type names no boundary"),
        ("multipart/form-data; boundary=Y", PARTS, "the boundary never comes"),
        ("multipart/form-data; boundary=X", PARTS[:40], "the last boundary never comes"),
    ],
)
def test_broken_parts_keep_what_could_be_read(media: str, body: bytes, reason: str) -> None:
    tree = posted(media, body)
    assert reason in [field.issue for field in tree.walk()]


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_between_boundaries_are_survived(junk: bytes) -> None:
    posted("multipart/mixed; boundary=X", b"pre\r\n--X" + junk + b"\r\n--X" + junk)
