"""The Internet checksum; RFC 1071."""

from typing import Final

OFFLOADED: Final = "normal on loopback and with offload"


def ones_sum(data: bytes) -> int:
    """The ones' complement sum of `data` as 16-bit numbers, an odd byte padded with zero."""
    padded = data + b"\0" if len(data) % 2 else data
    total = int.from_bytes(padded, "big")
    # 65536 = 1 modulo 65535, so the sum with end-around carry is the remainder, with 65535 for a non-zero multiple
    return total % 0xFFFF or (0xFFFF if total else 0)


def add_ones(*sums: int) -> int:
    """Ones' complement addition of 16-bit sums."""
    total = sum(sums)
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo_header(addresses: bytes, proto: int, length: int) -> int:
    """The sum of the pseudo-header: RFC 9293 3.1 (IPv4) and RFC 8200 8.1 (IPv6) sum to the same for one length."""
    return add_ones(ones_sum(addresses), proto, length & 0xFFFF, length >> 16)


def remark(stored: int, segment: int, pseudo: int = 0) -> str | None:
    """What is wrong with checksum `stored`, None when it is right.

    `segment` is the sum of the header and payload with the checksum itself taken as zero, `pseudo` the pseudo-header's.
    """
    computed = add_ones(segment, pseudo) ^ 0xFFFF
    # 0 and 0xffff are the same number (RFC 1071 1)
    if stored % 0xFFFF == computed % 0xFFFF:
        return None
    if pseudo and stored == pseudo:
        return f"bad checksum: computed 0x{computed:04x}; only the pseudo-header is summed so far, {OFFLOADED}"
    return f"bad checksum: computed 0x{computed:04x}; {OFFLOADED}"
