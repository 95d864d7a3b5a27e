import struct

from hypothesis import given
from hypothesis import strategies as st

from inspector.net.checksums import add_ones, ones_sum, pseudo_header, remark
from net.frames import checksum, pseudo


@given(st.binary(max_size=200))
def test_the_sum_equals_the_one_written_out(data: bytes) -> None:
    assert ones_sum(data) % 0xFFFF == (checksum(data) ^ 0xFFFF) % 0xFFFF


@given(st.binary(max_size=99), st.integers(0, 0xFFFF))
def test_only_the_right_checksum_is_right(data: bytes, other: int) -> None:
    right = checksum(data)
    assert remark(right, ones_sum(data)) is None
    if other % 0xFFFF != right % 0xFFFF:
        assert f"computed 0x{right:04x}" in str(remark(other, ones_sum(data)))


def test_zero_and_all_ones_are_the_same_and_all_ones_is_no_joker() -> None:
    assert remark(0, 0xFFFF) is None
    assert remark(0xFFFF, 0xFFFF) is None
    assert remark(0xFFFF, 0x1234) is not None


def test_pseudo_headers() -> None:
    four = pseudo_header(bytes([10, 0, 0, 1, 10, 0, 0, 2]), 6, 1000)
    assert four == ones_sum(pseudo("10.0.0.1", "10.0.0.2", 6, 1000))
    six = pseudo_header(bytes(15) + b"\x01" + bytes(15) + b"\x02", 17, 70_000)
    assert six == ones_sum(pseudo("::1", "::2", 17, 70_000))


def test_a_checksum_left_to_the_network_card() -> None:
    part = pseudo_header(bytes([127, 0, 0, 1, 127, 0, 0, 1]), 6, 40)
    assert "only the pseudo-header" in str(remark(part, ones_sum(b"some header"), part))


def test_sums_carry_around() -> None:
    assert add_ones(0xFFFF, 0xFFFF, 3) == 3
    assert add_ones(*struct.unpack(">4H", b"\x80\0\x80\0\x80\0\x80\x01")) == 3
