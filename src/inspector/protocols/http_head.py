"""Start lines and header sections of HTTP/1.x. Spec: RFC 9112 2 to 6, RFC 9110 5."""

from typing import Final

from mypy_extensions import i64

from inspector.model.message import Message
from inspector.protocols.http_body import is_text
from inspector.wire.reader import Reader

MAX_SCANNED: Final = 8192
"""Bytes of heads that are remembered; longer ones are read as any other."""
MAX_HEADS: Final = 4096
"""Different heads remembered: clients and servers repeat themselves, but not for ever."""
_requests: Final[dict[bytes, "Head"]] = {}
_responses: Final[dict[bytes, "Head"]] = {}
TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS: Final = b"0123456789"
_TOKEN_SET: Final = frozenset(TOKEN.decode())
HEADER_FIELDS: Final = {
    name: "http." + name.replace("-", "_")
    for name in (
        "accept accept-encoding accept-language authorization cache-control connection content-encoding content-type "
        "content-range cookie date etag expect host http2-settings if-modified-since if-none-match keep-alive "
        "last-event-id last-modified location proxy-authenticate proxy-authorization range referer "
        "sec-websocket-accept sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version "
        "server set-cookie te trailer transfer-encoding upgrade user-agent vary www-authenticate x-forwarded-for"
    ).split()
} | {"content-length": "http.content_length_header"}
"""Wireshark's field names of headers that have one of their own; others are `http.header.value`."""
KEPT_HEADERS: Final = frozenset(
    "host content-length content-type content-encoding transfer-encoding connection upgrade user-agent expect "
    "location server last-event-id range http2-settings sec-websocket-key sec-websocket-accept sec-websocket-protocol "
    "sec-websocket-extensions sec-websocket-version".split()
)
"""Headers that framing, pairing or lists need; the others are read when somebody looks."""
# How the end of a body is known (RFC 9112 6.3).
NO_BODY: Final = 0
LENGTH: Final = 1
CHUNKED: Final = 2
CLOSE: Final = 3


class Head:
    """What a start line and header section say, as far as framing, pairing and lists need it.

    Messages with the same head share one, and its `facts`: neither is changed once `settle` has drawn the conclusions.
    """

    def __init__(self, is_request: bool) -> None:
        self.is_request = is_request
        self.method = ""
        self.target = ""
        self.version = ""
        self.code = 0
        self.phrase = ""
        self.headers: dict[str, str] = {}
        self.lengths: list[str] = []
        self.issues: list[str] = []
        self.summary = ""
        self.facts: dict[str, object] = {}
        self.content_type = ""
        self.plain_text = False
        self.framing = NO_BODY
        self.length = 0

    def settle(self) -> None:
        """Draw the conclusions that do not depend on other messages."""
        self.summary = head_summary(self)
        self.facts = head_facts(self)
        self.content_type = self.header("content-type").partition(";")[0].strip().lower()
        self.plain_text = not self.header("content-encoding") and is_text(self.content_type)
        self.framing, self.length = own_framing(self)

    def header(self, name: str) -> str:
        """The value of the header `name` (lower case), "" when absent."""
        return self.headers.get(name, "")


def scan_head(r: Reader, is_request: bool) -> Head | None:
    """A complete, ordinary head, cut in one go: most of the work of a large capture.

    A head that was met before, byte for byte, is not read again. None for anything unusual, which `read_head` then
    reads; a test holds both to the same results.
    """
    end: i64 = r.data.find(b"\r\n\r\n", r.pos, r.limit)
    if end < 0:
        return None
    size: i64 = end + 4 - r.pos
    if size > MAX_SCANNED:
        return None
    known = _requests if is_request else _responses
    raw = r.data[r.pos : end + 4]
    head = known.get(raw)
    if head is None:
        head = _scan(raw, is_request)
        if head is None:
            return None
        if len(known) >= MAX_HEADS:
            known.clear()
        known[raw] = head
    r.skip("", size)
    return head


def _scan(raw: bytes, is_request: bool) -> Head | None:
    lines = raw[:-2].split(b"\n")
    count = len(lines) - 1
    first = lines[0]
    words = first.split(b" ")
    if len(words) < 3 or first[len(first) - 1] != 13:
        return None
    head = Head(is_request)
    if is_request:
        if len(words) != 3 or not words[0] or words[0].strip(TOKEN) or not words[2].startswith(b"HTTP/"):
            return None
        head.method = words[0].decode("latin-1")
        head.target = words[1].decode("latin-1")
        head.version = words[2][:-1].decode("latin-1")
    else:
        if not words[0].startswith(b"HTTP/") or len(words[1]) != 3 or words[1].strip(DIGITS):
            return None
        head.version = words[0].decode("latin-1")
        head.code = int(words[1])
        head.phrase = first[len(words[0]) + 5 : -1].decode("latin-1")
    for index in range(1, count):
        line = lines[index]
        size = len(line)
        if size < 2 or line[size - 1] != 13:
            return None
        name, colon, value = line.partition(b":")
        header = header_name(name)
        if not colon or not name or not header.valid:
            return None
        if header.kept:
            keep(head, header.key, value[:-1].strip(b" \t").decode("latin-1"))
    head.settle()
    return head


class HeaderName:
    """What is known of a header by its name as it was sent."""

    def __init__(self, raw: bytes) -> None:
        self.shown = raw.decode("latin-1")
        self.valid = _TOKEN_SET.issuperset(self.shown)
        self.key = self.shown.strip().lower()
        self.field = HEADER_FIELDS.get(self.key, "http.header.value")
        self.kept = self.key in KEPT_HEADERS


_header_names: Final[dict[bytes, HeaderName]] = {}
MAX_HEADER_NAMES: Final = 4096
"""Spellings of header names remembered; ordinary traffic has a few dozen."""


def header_name(raw: bytes) -> HeaderName:
    """The header named `raw`, looked up where it was met before."""
    found = _header_names.get(raw)
    if found is None:
        found = HeaderName(raw)
        if len(_header_names) < MAX_HEADER_NAMES:
            _header_names[raw] = found
    return found


def keep(head: Head, key: str, value: str) -> None:
    """Remember a header; lines of the same name are one list (RFC 9110 5.3)."""
    if key == "content-length":
        head.lengths.append(value)
    before = head.headers.get(key)
    head.headers[key] = value if before is None else f"{before}, {value}"


def own_framing(head: Head) -> tuple[int, int]:
    """How the body's end is known, and its length where that is given (RFC 9112 6.3, rules 3 to 8)."""
    if not head.version:
        return NO_BODY, 0
    length = _content_length(head)
    coding = head.header("transfer-encoding").lower()
    if coding == "identity":
        head.issues.append("transfer coding 'identity' does not exist any more and is ignored (RFC 9112 7)")
    elif coding:
        if head.lengths:
            head.issues.append("both Content-Length and Transfer-Encoding: the coding counts (RFC 9112 6.3)")
        if coding.rpartition(",")[2].strip() == "chunked":
            return CHUNKED, 0
        head.issues.append(f"transfer coding {coding!r} does not end in chunked")
        return (NO_BODY, 0) if head.is_request else (CLOSE, 0)
    if length >= 0:
        return LENGTH, length
    return (NO_BODY, 0) if head.is_request else (CLOSE, 0)


def _content_length(head: Head) -> int:
    """The Content-Length in force, -1 without a usable one; what is wrong with it goes to `head.issues`."""
    found: list[int] = []
    for line in head.lengths:
        for part in line.split(","):
            text = part.strip().lstrip("0") or part.strip()[:1]
            if not (text.isascii() and text.isdecimal()) or len(text) > 18:
                head.issues.append(f"Content-Length {text[:24]!r} is no usable number")
            elif int(text) not in found:
                found.append(int(text))
    if len(found) > 1:
        head.issues.append(f"conflicting Content-Length values {', '.join(str(n) for n in found)}: the first is used")
    return found[0] if found else -1


def head_summary(head: Head) -> str:
    """The start line as people write it."""
    if head.is_request:
        return f"{head.method} {head.target} {head.version}" if head.version else f"{head.method} {head.target}"
    return f"{head.version} {head.code} {head.phrase}" if head.phrase else f"{head.version} {head.code}"


def head_facts(head: Head) -> dict[str, object]:
    """What lists and filters ask for."""
    facts: dict[str, object] = {}
    if head.is_request:
        facts["http.request.method"] = head.method
        facts["http.request.uri"] = head.target
        facts["http.request.version"] = head.version
    else:
        facts["http.response.version"] = head.version
        facts["http.response.code"] = head.code
        facts["http.response.phrase"] = head.phrase
    for key, value in head.headers.items():
        facts[HEADER_FIELDS[key]] = value
    return facts


def has_body(head: Head, request: Message | None) -> bool:
    """Whether a body may follow this head at all (RFC 9112 6.3, rules 1 and 2)."""
    if head.is_request:
        return head.method != "CONNECT"
    if 100 <= head.code < 200 or head.code == 204 or head.code == 304:
        return False
    method = request.facts.get("http.request.method") if request is not None else None
    return method != "HEAD" and not (method == "CONNECT" and 200 <= head.code < 300)
