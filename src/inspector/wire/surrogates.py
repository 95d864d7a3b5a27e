"""Halves of characters, as escapes in JSON may write them. Spec: RFC 8259 7 and 8.2"""


def whole_characters(text: str) -> str:
    """`text` with the two halves of a surrogate pair joined, and a half alone replaced: nobody can print or send it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
