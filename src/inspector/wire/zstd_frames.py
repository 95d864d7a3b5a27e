"""Zstandard frames as far as they have come, made into frames that end there. Spec: RFC 8878 3.1"""

from typing import Final

MAGIC: Final = b"\x28\xb5\x2f\xfd"
SKIPPABLE: Final = b"\x2a\x4d\x18"
"""The last three bytes of a skippable frame's magic number (RFC 8878 3.1.2)."""
MAX_WINDOW_LOG: Final = 27
"""RFC 8878 3.1.1.1.2 asks decoders for 8 MB; libraries stop at 128 MB."""
RLE: Final = 1
RESERVED: Final = 3


def whole_blocks(data: bytes) -> tuple[bytes, bool, str]:
    """Frames that hold the blocks which are there in full, whether the last frame has ended, and what is wrong.

    Their headers tell no size and no checksum: those belong to the whole frame.
    """
    out: list[bytes] = []
    at = 0
    ended = False
    while at < len(data):
        if data[at + 1 : at + 4] == SKIPPABLE and data[at] >> 4 == 5:
            if at + 8 > len(data):
                break
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            ended = at <= len(data)
            continue
        ended = False
        head = data[at : at + 4]
        if head != MAGIC:
            if len(head) < 4 and MAGIC.startswith(head):
                break
            return b"".join(out), False, "no zstd frame starts where one should"
        frame, at, ended, problem = _frame(data, at)
        out.append(frame)
        if problem or not ended:
            return b"".join(out), False, problem
    return b"".join(out), ended, ""


def _frame(data: bytes, start: int) -> tuple[bytes, int, bool, str]:
    """The frame at `start` with its whole blocks, the index behind it, whether it has ended, and what is wrong."""
    at = start + 5
    if at > len(data):
        return b"", at, False, ""
    descriptor = data[start + 4]
    single = descriptor >> 5 & 1
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    size_bytes = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    if descriptor & 8:
        return b"", at, False, "a reserved bit of the zstd frame header is set"
    if at + (1 - single) + dictionary + size_bytes > len(data):
        return b"", at, False, ""
    window = b"" if single else data[at : at + 1]
    at += 1 - single
    named = data[at : at + dictionary]
    at += dictionary
    if single:
        size = int.from_bytes(data[at : at + size_bytes], "little") + (256 if size_bytes == 2 else 0)
        window = bytes([max(0, min(MAX_WINDOW_LOG, max(size - 1, 1).bit_length()) - 10) << 3])
    at += size_bytes
    # Frame_Header_Descriptor with nothing but the length of the dictionary's number (3.1.1.1.1)
    parts = [MAGIC, bytes([descriptor & 3]), window, named]
    while at + 3 <= len(data):
        header = int.from_bytes(data[at : at + 3], "little")
        kind = header >> 1 & 3
        if kind == RESERVED:
            return _closed(parts), at, False, "a zstd block of the reserved type"
        end = at + 3 + (1 if kind == RLE else header >> 3)
        if end > len(data):
            break
        parts += [(header & ~1).to_bytes(3, "little"), data[at + 3 : end]]
        at = end
        if header & 1:
            at += 4 if descriptor & 4 else 0
            return _closed(parts), min(at, len(data)), at <= len(data), ""
    return _closed(parts), at, False, ""


def _closed(parts: list[bytes]) -> bytes:
    """With an empty raw block as the last one (3.1.1.2.1)."""
    return b"".join([*parts, b"\x01\x00\x00"])
