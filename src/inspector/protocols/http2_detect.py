"""Whether bytes are HTTP/2: the preface, a first SETTINGS, or frames one behind the other."""

from typing import Final

from mypy_extensions import i64

from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Hints
from inspector.protocols.http2_frames import (
    CONTINUATION,
    DATA,
    DEFAULT_MAX_FRAME,
    DEFINED,
    ERROR_NAMES,
    GOAWAY,
    HEADER,
    HEADERS,
    KINDS,
    MAGIC,
    ORIGIN,
    PADDED,
    PING,
    PRIORITY,
    PRIORITY_FLAG,
    PRIORITY_UPDATE,
    RST_STREAM,
    SETTING_FIELDS,
    SETTINGS,
    WINDOW_UPDATE,
    kind_name,
)

ENOUGH: Final = 14
"""Bytes of the preface, "PRI * HTTP/2.0", that nothing else begins with."""
MAX_SETTINGS: Final = 64 * 6
"""Bytes of a first SETTINGS frame that are believed; each setting takes 6, and there are about ten."""
MAX_STREAM: Final = 1 << 24
"""Stream identifiers that are believed when nothing else is known; they count up from 1."""
LARGE_FRAME: Final = 1 << 22
"""Payload bytes believed where nobody saw what the receiver allows; gRPC's C core allows as many."""
# Whether frames follow one another.
NO: Final = 0
OPEN: Final = 1
"""As far as the bytes go."""
YES: Final = 2


def plausible(data: bytes, at: i64, most: i64) -> bool:
    """Whether the nine bytes from `at` are the header of a frame of at most `most` bytes (RFC 9113 4.1, 6)."""
    length: i64 = (i64(data[at]) << 16) | (i64(data[at + 1]) << 8) | i64(data[at + 2])
    kind: i64 = data[at + 3]
    flags: i64 = data[at + 4]
    if length > most or data[at + 5] > MAX_STREAM >> 24 or kind > PRIORITY_UPDATE:
        return False
    if kind not in KINDS or flags & ~i64(DEFINED.get(kind, 0)):
        return False
    stream: i64 = (i64(data[at + 5]) << 24) | (i64(data[at + 6]) << 16) | (i64(data[at + 7]) << 8) | i64(data[at + 8])
    if kind == SETTINGS:
        return not stream and length % 6 == 0 and (not flags or not length)
    if kind == PING:
        return not stream and length == 8
    if kind == GOAWAY:
        return not stream and length >= 8
    if kind in (ORIGIN, PRIORITY_UPDATE):
        return not stream and length >= 2
    if kind == WINDOW_UPDATE:
        return length == 4
    if not stream:
        return False
    if kind == PRIORITY:
        return length == 5
    if kind == RST_STREAM:
        return length == 4
    if kind == DATA:
        return length > 0 or flags == 1
    return length > 0


def in_a_row(data: bytes, at: i64, most: i64, wanted: i64) -> i64:
    """Whether `wanted` plausible frame headers follow one another from `at`: NO, OPEN or YES."""
    size: i64 = len(data)
    found: i64 = 0
    while at + HEADER <= size:
        if not plausible(data, at, most if not found else max(most, LARGE_FRAME)):
            return NO
        found += 1
        if found == wanted:
            return YES
        at += HEADER + ((i64(data[at]) << 16) | (i64(data[at + 1]) << 8) | i64(data[at + 2]))
    return OPEN


def _begins(data: bytes, at: i64, most: i64) -> bool:
    """Whether frames may begin here in bytes that nobody knows: not with what goes on from another frame, nor on a
    stream with an even number, which servers open by a push only (RFC 9113 5.1.1, 6.10)."""
    stream: i64 = (i64(data[at + 5]) << 24) | (i64(data[at + 6]) << 16) | (i64(data[at + 7]) << 8) | i64(data[at + 8])
    return data[at + 3] != CONTINUATION and (stream == 0 or stream & 1 == 1) and plausible(data, at, most)


def find_frames(data: bytes, at: i64, most: i64, wanted: i64, over: bool) -> i64:
    """Where, from `at`, `wanted` frame headers follow one another; at the end of the bytes (`over`) one is enough
    when its frame ends with them. -1 when nowhere, or when more bytes must tell."""
    size: i64 = len(data)
    if at + HEADER <= size and _begins(data, at, most) and in_a_row(data, at, most, wanted) == YES:
        return at
    while True:
        # no frame of less than 64 KiB begins otherwise
        at = data.find(b"\0", at)
        if at < 0 or at + HEADER > size:
            return -1
        if _begins(data, at, most):
            row = in_a_row(data, at, most, wanted)
            if row == YES:
                return at
            if row == OPEN:
                if not over:
                    return -1
                if _ends_with(data, at):
                    return at
        at += 1


def _ends_with(data: bytes, at: i64) -> bool:
    """Whether the frames from `at` end exactly where the bytes do."""
    size: i64 = len(data)
    while at + HEADER <= size:
        at += HEADER + ((i64(data[at]) << 16) | (i64(data[at + 1]) << 8) | i64(data[at + 2]))
    return at == size


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """The client's preface, the server's first SETTINGS or GOAWAY, or frames in a row."""
    if side == CLIENT:
        if prefix.startswith(MAGIC[:ENOUGH]):
            return Verdict("http2", STRONG, 'starts with the connection preface, "PRI * HTTP/2.0"')
        if prefix and MAGIC.startswith(prefix):
            return Verdict("http2", MORE, "may become the connection preface")
    if not prefix:
        return Verdict("http2", NONE, "no bytes")
    if prefix[0] == 0:
        if len(prefix) < HEADER:
            return Verdict("http2", MORE, "may become a frame header")
        if plausible(prefix, 0, DEFAULT_MAX_FRAME):
            return _first_frame(prefix, side)
    return Verdict("http2", NONE, "neither preface nor frames")


def _first_frame(prefix: bytes, side: Side) -> Verdict:
    """What bytes that begin with a plausible frame header are."""
    kind = prefix[3]
    length = int.from_bytes(prefix[:3], "big")
    behind = HEADER + length + 5
    if kind == CONTINUATION and prefix[behind : behind + 4] != prefix[5:9][: max(len(prefix) - behind, 0)]:
        return Verdict("http2", NONE, "a CONTINUATION is followed by a frame of the same stream (RFC 9113 6.10)")
    if in_a_row(prefix, 0, DEFAULT_MAX_FRAME, 2) == YES:
        kinds = f"{kind_name(kind)} of {length} bytes, then {kind_name(prefix[HEADER + length + 3])}"
        return Verdict("http2", STRONG, f"two frames follow one another: {kinds}")
    if side != CLIENT and length and not prefix[4]:
        payload = prefix[HEADER : HEADER + length]
        if kind == SETTINGS and length <= MAX_SETTINGS:
            if len(payload) < 2:
                return Verdict("http2", MORE, "may become a SETTINGS frame")
            if _is_setting(int.from_bytes(payload[:2], "big")):
                return Verdict("http2", STRONG, f"starts with a SETTINGS frame of {length // 6} settings on stream 0")
        if kind == GOAWAY:
            if len(payload) < 8:
                return Verdict("http2", MORE, "may become a GOAWAY frame")
            if int.from_bytes(payload[4:8], "big") < len(ERROR_NAMES):
                return Verdict("http2", STRONG, "starts with a GOAWAY frame")
    if len(prefix) < HEADER + length + HEADER:
        return Verdict("http2", MORE, f"may be a frame: {kind_name(kind)} of {length} bytes")
    return Verdict("http2", NONE, "what follows the first frame is no frame")


def _is_setting(identifier: int) -> bool:
    """Whether this is a registered setting, gRPC's, or one reserved to exercise unknown ones (as RFC 8701 does)."""
    return identifier in SETTING_FIELDS or identifier & 0x0F0F == 0x0A0A


def sender(prefix: bytes) -> Side:
    """Who begins so: a client with the preface, either with HEADERS whose first field tells; -1 for anything else."""
    if prefix.startswith(MAGIC):
        return CLIENT
    at = 0
    while at + HEADER <= len(prefix) and plausible(prefix, at, DEFAULT_MAX_FRAME):
        length, kind, flags = int.from_bytes(prefix[at : at + 3], "big"), prefix[at + 3], prefix[at + 4]
        at += HEADER
        if kind == HEADERS:
            at += (1 if flags & PADDED else 0) + (5 if flags & PRIORITY_FLAG else 0)
            first = prefix[at] if at < len(prefix) else 0
            # indexed :method or :path or :scheme, and indexed :status (RFC 7541 6.1 and Appendix A)
            return CLIENT if 0x82 <= first <= 0x87 else SERVER if 0x88 <= first <= 0x8E else -1
        at += length
    return -1
