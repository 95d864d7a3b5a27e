"""What headers say of a body: its media type with parameters, and its codings. Spec: RFC 9110 8.3 and 8.4"""

from typing import Final

MAX_CODINGS: Final = 8
"""Codings on top of each other; real bodies have one, seldom two."""
CHARSETS: Final = (
    *("utf-16", "utf-32", "iso-8859-", "iso8859", "latin", "windows-", "cp", "us-ascii", "ascii", "gb", "big5"),
    *("shift_jis", "shift-jis", "euc-", "koi8-", "macintosh", "tis-620"),
)
"""Beginnings of names of character sets; Python knows codecs that are none."""

JSON_TYPE: Final = "application/json"
CONNECT_FIELD: Final = "connect-protocol-version"
"""Requests in JSON with this field are Connect calls (connectrpc.com/docs/protocol)."""


def parameter(header: str, name: str) -> str:
    """The value of a parameter such as `charset` of a Content-Type header, "" when it is not there."""
    for part in header.split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return ""


def media_type(header: str) -> str:
    """The media type of a Content-Type header, in lower case and without parameters."""
    return header.partition(";")[0].strip().lower()


def is_connect_answer(asked: str, answer: str) -> bool:
    """Whether a JSON answer is for whoever read the request: so Connect writes errors."""
    return answer == JSON_TYPE and asked in {"application/proto", JSON_TYPE}


def body_text(data: bytes, header: str) -> str:
    """`data` as text in the charset that a Content-Type header names, else in UTF-8; never fails."""
    charset = parameter(header, "charset").lower()
    if charset.startswith(CHARSETS):
        try:
            return data.decode(charset, "replace")
        except (LookupError, ValueError):
            pass
    return data.decode("utf-8", "replace")


def is_utf8(header: str) -> bool:
    """Whether text of this Content-Type is read as UTF-8."""
    charset = parameter(header, "charset").lower()
    return not charset.startswith(CHARSETS)


def codings_of(content: str, transfer: str = "") -> list[str]:
    """The codings to undo, outermost first, of a Content-Encoding and a Transfer-Encoding header (RFC 9110 8.4)."""
    names = [name.strip().lower() for name in f"{content},{transfer}".split(",")]
    return [name for name in reversed(names) if name not in ("", "identity", "chunked")][:MAX_CODINGS]
