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
VERSION: Final = b" HTTP/1."
MAX_TARGET: Final = 8192
"""Bytes before a version that are searched for a method; RFC 9112 3 asks servers to take request lines of 8,000."""
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
    line = before = pos
    while True:
        at = data.find(VERSION, before)
        if at < 0:
            return -1
        newline = data.rfind(b"\n", before, at)
        line = newline + 1 if newline >= 0 else line
        if data[line : min(at, line + LONGEST_METHOD)].partition(b" ")[0] in METHODS:
            return line
        before = at + len(VERSION)
        start = _inside_line(data, max(line, at - MAX_TARGET), at)
        if start >= 0:
            end = data[before + 1 : before + 3]
            if end[:1] == b"\n" or end == b"\r\n":
                return start
            if len(end) < 2 and b"\r\n".startswith(end):
                # whether the line ends here is still to come
                return -1


def _inside_line(data: bytes, start: int, end: int) -> int:
    """Where a method and a target stand that end at `end`, such as behind a body without a line end; or -1."""
    rest, space, target = data[start:end].rpartition(b" ")
    word = rest[-LONGEST_METHOD:].rpartition(b" ")[2]
    for length in range(len(word), 2, -1):
        if space and target and word[-length:] in METHODS:
            return end - len(target) - 1 - length
    return -1
