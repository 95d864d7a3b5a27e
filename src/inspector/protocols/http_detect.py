"""What looks like HTTP/1.x, and where a message starts. Spec: RFC 9112 3 and 4."""

import re
from typing import Final

from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Hints
from inspector.protocols.http_head import TOKEN

METHODS: Final = frozenset(
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH "
    b"REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PURGE LINK UNLINK QUERY ACL BIND".split()
)
LONGEST_METHOD: Final = 32
STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] [1-9][0-9][0-9][ \r\n]")


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """A request line or a status line at the start."""
    data = prefix.lstrip(b"\r\n")
    if side == SERVER:
        if data.startswith(b"HTTP/1.") and len(data) >= 9:
            return Verdict("http", STRONG, f'starts with a status line, "{_shown(data)}"')
        if data and b"HTTP/1.".startswith(data[:7]):
            return Verdict("http", MORE, "may become a status line")
        return Verdict("http", NONE, "no status line")
    word, space, rest = data[: LONGEST_METHOD + 1].partition(b" ")
    if not word or word.strip(TOKEN):
        return Verdict("http", NONE, "no method at the start")
    if not space:
        return Verdict("http", MORE if len(data) <= LONGEST_METHOD else NONE, "may become a method")
    if word == b"PRI":
        return Verdict("http", NONE, "PRI opens HTTP/2, not HTTP/1")
    if word in METHODS and rest:
        return Verdict("http", STRONG, f'starts with a method, a space and a target, "{_shown(data)}"')
    line = data.partition(b"\n")[0]
    if b" HTTP/1." in line[len(word) :]:
        return Verdict("http", STRONG, f'the first line ends in an HTTP version, "{_shown(data)}"')
    return Verdict("http", MORE if line == data and len(data) < 4096 else NONE, "no known method")


def _shown(data: bytes) -> str:
    return data[:40].partition(b"\n")[0].decode("latin-1").strip()


def sender(prefix: bytes) -> Side:
    """Who begins so: a client with a request line, a server with a status line; -1 for anything else."""
    hints = Hints()
    for side in (CLIENT, SERVER):
        if recognise(prefix, side, hints).strength == STRONG:
            return side
    return -1


def find_head(side: Side, data: bytes, pos: int) -> int:
    """The index in `data`, from `pos`, of the first thing that looks like a start line; -1 without one."""
    if side == SERVER:
        found = STATUS_LINE.search(data, pos)
        return found.start() if found is not None else -1
    at = pos
    while True:
        at = data.find(b" HTTP/1.", at)
        if at < 0:
            return -1
        line = data.rfind(b"\n", pos, at) + 1 or pos
        if data[line:at].split(b" ")[0] in METHODS:
            return line
        at += 8
