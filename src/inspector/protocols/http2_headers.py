"""What a decoded header block means to lists, pairing and the protocols above: RFC 9113 8."""

from typing import Final

from inspector.protocols.hpack_block import Block, shown

MAX_JOINED: Final = 1 << 20
"""Characters of one block's fields handed on; a few bytes of HPACK can name a long value again and again."""

KEPT: Final = {
    ":authority": "http2.headers.authority",
    ":status": "http2.headers.status",
    ":path": "http2.headers.path",
    ":method": "http2.headers.method",
    ":scheme": "http2.headers.scheme",
    "content-type": "http2.headers.content_type",
    "content-encoding": "http2.headers.content_encoding",
    "content-length": "http2.headers.content_length",
    "user-agent": "http2.headers.user_agent",
    "location": "http2.headers.location",
    "server": "http2.headers.server",
}
"""Header fields that lists and filters ask for most, with Wireshark's names."""
NUMBERS: Final = frozenset((":status", "content-length"))

PSEUDO: Final = frozenset((":method", ":scheme", ":authority", ":path", ":status", ":protocol"))
"""RFC 9113 8.3 and RFC 8441 4."""
CONNECTION_FIELDS: Final = frozenset(("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"))
"""RFC 9113 8.2.2: they have no place in HTTP/2."""


class Digest:
    """A block in short: `fields` by name with repeated ones joined, `facts`, and `summary`, such as "GET /".

    `content_type` is without parameters; `blind` says that it may be among fields that nobody knows. A digest is shared
    between messages with the same block: do not change it.
    """

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.facts: dict[str, object] = {}
        self.summary = ""
        self.content_type = ""
        self.status = ""
        self.issue = ""
        self.blind = False

    @property
    def informational(self) -> bool:
        """Whether this is an answer that another one follows (RFC 9113 8.1)."""
        return len(self.status) == 3 and self.status[0] == "1"


def digest_of(block: Block) -> Digest:
    """The digest of a block, made once."""
    found = block.notes
    if isinstance(found, Digest):
        return found
    digest = _digest(block)
    block.notes = digest
    return digest


def _digest(block: Block) -> Digest:
    digest = Digest()
    fields = digest.fields
    issues = list(block.issues)
    parts: dict[str, list[str]] = {}
    size = 0
    regular = False
    for entry in block.fields:
        name = entry.name
        if name.startswith(":"):
            if regular:
                _add(issues, "a pseudo-header field behind regular ones (RFC 9113 8.3)")
            if name not in PSEUDO:
                _add(issues, f"{shown(entry)} is no pseudo-header field (RFC 9113 8.3)")
        elif not name.startswith("<"):
            regular = True
            if name in CONNECTION_FIELDS:
                _add(issues, f"{name} has no place in HTTP/2 (RFC 9113 8.2.2)")
            elif name != name.lower():
                _add(issues, "capital letters in a field name (RFC 9113 8.2.1)")
        size += len(name) + len(entry.value)
        if size <= MAX_JOINED:
            parts.setdefault(name, []).append(entry.value)
    if size > MAX_JOINED:
        _add(issues, f"more than {MAX_JOINED:,} characters of header fields")
    for name, values in parts.items():
        fields[name] = values[0] if len(values) == 1 else ("; " if name == "cookie" else ", ").join(values)
    digest.status = fields.get(":status", "")
    digest.content_type = fields.get("content-type", "").partition(";")[0].strip().lower()
    digest.blind = not digest.content_type and any(name.startswith("<") for name in fields)
    digest.summary = _summary(block, fields)
    digest.issue = "; ".join(issues)
    for name in fields:
        if name in KEPT:
            value = fields[name]
            is_number = name in NUMBERS and value.isascii() and value.isdecimal() and len(value) < 19
            digest.facts[KEPT[name]] = int(value) if is_number else value
    return digest


def _add(issues: list[str], issue: str) -> None:
    if issue not in issues and len(issues) < 8:
        issues.append(issue)


def _summary(block: Block, fields: dict[str, str]) -> str:
    method = fields.get(":method")
    if method is not None:
        target = fields.get(":path") or fields.get(":authority", "")
        protocol = fields.get(":protocol")
        return f"{method} {target} as {protocol}" if protocol else f"{method} {target}"
    if ":status" in fields:
        return fields[":status"]
    first = ", ".join(shown(entry) for entry in block.fields[:2])
    more = len(block.fields) - 2
    return f"{first} and {more} more" if more > 0 else first
