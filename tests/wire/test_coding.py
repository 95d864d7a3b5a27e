"""Content codings undone piece by piece, truncated, corrupt, stacked, and made to explode."""

import gzip
import random
import zlib
from collections.abc import Callable

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.model.field import Field
from inspector.model.sides import SERVER
from inspector.wire.coding import FREE, MAX_INFLATED, Codings, inflate
from inspector.wire.media import body_text, codings_of, parameter
from streams import Turn, check_message, cut

Packer = Callable[[bytes], bytes]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Packer] = {
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
    "deflate": zlib.compress,
    "br": lambda data: bytes(cramjam.brotli.compress(data)),
    "zstd": lambda data: bytes(cramjam.zstd.compress(data)),
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
    "snappy": lambda data: bytes(cramjam.snappy.compress(data)),
}
TEXT = b"".join(b"line %d of %d\n" % (n, n * n) for n in range(2000))


def undone(names: list[str], data: bytes, size: int = 0) -> tuple[bytes, str]:
    codings = Codings(names)
    size = size or max(len(data), 1)
    parts = [codings.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join(parts) + codings.finish(), codings.problem


@pytest.mark.parametrize("name", PACKERS)
@settings(deadline=None)
@given(data=st.binary(max_size=300), size=st.integers(1, 40))
def test_what_was_packed_comes_out(name: str, data: bytes, size: int) -> None:
    packed = PACKERS[name](data)
    assert undone([name], packed, size) == undone([name], packed) == (data, "")


def test_deflate_without_its_header_comes_out_too() -> None:
    assert undone(["deflate"], raw_deflate(TEXT), 100) == (TEXT, "")


@pytest.mark.parametrize("outer", PACKERS)
@pytest.mark.parametrize("inner", PACKERS)
def test_codings_on_top_of_each_other(outer: str, inner: str) -> None:
    packed = PACKERS[outer](PACKERS[inner](TEXT))
    assert undone(codings_of(f"{inner}, {outer}"), packed, 1000) == (TEXT, "")


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "x-gzip"])
def test_what_came_out_before_the_end_is_kept(name: str) -> None:
    packed = PACKERS[name](TEXT)
    for length in (len(packed) // 2, len(packed) - 1):
        out, problem = undone([name], packed[:length])
        assert TEXT.startswith(out)
        assert out or name in ("zstd", "lz4", "snappy")
        assert "ends too early" in problem


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_what_came_out_before_a_wrong_byte_is_kept(name: str) -> None:
    packed = bytearray(PACKERS[name](TEXT))
    packed[len(packed) // 2 :] = bytes(len(packed) - len(packed) // 2)
    out, problem = undone([name], bytes(packed))
    assert TEXT.startswith(out[:1000])
    assert len(out) > 1000
    assert problem


def test_a_wrong_checksum_is_told_and_the_content_kept() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1
    assert undone(["gzip"], bytes(packed)) == (TEXT, "the gzip data is corrupt: incorrect data check")


def test_bytes_behind_the_end() -> None:
    assert undone(["gzip"], gzip.compress(b"a") + bytes(100)) == (b"a", "")
    assert undone(["gzip"], gzip.compress(b"a") + b"junk") == (b"a", "bytes behind the end of the gzip data")


def test_unknown_codings_are_named() -> None:
    assert undone(["compress"], b"abc") == (b"", "nobody here knows the coding 'compress'")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_bombs_stop_early(name: str) -> None:
    out, problem = undone([name], PACKERS[name](bytes(MAX_INFLATED + (8 << 20))))
    assert FREE <= len(out) <= MAX_INFLATED
    assert "more than is safe to hold" in problem


@pytest.mark.parametrize("name", PACKERS)
def test_any_bytes_are_survived(name: str) -> None:
    chance = random.Random(name)
    packed = PACKERS[name](TEXT[:400])
    for _ in range(200):
        changed = bytearray(packed)
        for _ in range(chance.randrange(1, 5)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        undone([name], bytes(changed[: chance.randrange(len(changed) + 1)]), chance.choice([0, 1, 7]))
        undone([name], chance.randbytes(chance.randrange(60)))


def test_a_block_of_snappy_comes_out_whole_or_not_at_all() -> None:
    block = bytes(cramjam.snappy.compress_raw(TEXT))
    assert undone(["snappy"], block) == undone(["snappy"], block, 100) == (TEXT, "")
    out, problem = undone(["snappy"], block[:-9])
    assert out == b""
    assert "ends too early" in problem
    # it says that it makes more than anyone should hold
    assert undone(["snappy"], b"\xff\xff\xff\xff\x0fzzzz")[0] == b""


def test_zstd_frames_of_other_kinds() -> None:
    frame = PACKERS["zstd"](b"abc")
    skippable = b"\x50\x2a\x4d\x18\x03\0\0\0xyz"
    assert undone(["zstd"], skippable + frame + skippable + frame) == (b"abcabc", "")
    # a raw block, and one of a repeated byte, in a frame with a window descriptor
    blocks = b"\x28\xb5\x2f\xfd\x00\x00" + b"\x10\0\0ab" + b"\x2b\0\0z"
    assert undone(["zstd"], blocks) == (b"abzzzzz", "")
    assert undone(["zstd"], blocks[:-1])[0] == b"ab"


def answer(body: bytes, head: str) -> Field:
    raw = f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    turns: list[Turn] = [(SERVER, raw)]
    (message,) = cut(turns)
    return check_message(message)


def test_a_coded_body_is_shown_decoded_and_leads_back_to_its_bytes() -> None:
    tree = answer(gzip.compress(b'{"a":1}'), "Content-Type: application/json\r\nContent-Encoding: gzip\r\n")
    coded = next(f for f in tree.walk() if f.name == "http.coded_data")
    body = next(f for f in tree.walk() if f.name == "http.file_data")
    assert body.value == '{"a":1}'
    assert body.buffer is not None
    (origin,) = body.buffer.origins(2, 3)
    assert (origin.start, origin.end, origin.exact) == (coded.start, coded.end, False)
    assert [f.value for f in tree.walk() if f.name == "json.value.number"] == [1]


def test_a_coded_body_that_is_broken_says_so_in_its_place() -> None:
    tree = answer(gzip.compress(TEXT)[:200], "Content-Encoding: gzip\r\n")
    body = next(f for f in tree.walk() if f.name == "http.file_data")
    assert body.issue == "the gzip data ends too early"
    assert body.length > 100


def test_text_is_read_in_its_charset() -> None:
    tree = answer("Olá".encode("latin-1"), "Content-Type: text/plain; charset=ISO-8859-1\r\n")
    assert next(f for f in tree.walk() if f.name == "http.file_data").value == "Olá"
    assert body_text(b"\xff", "text/plain; charset=rot13") == "\ufffd"
    assert body_text(b"\xff", "text/plain; charset=cp99999") == "\ufffd"
    assert parameter('multipart/form-data; boundary="a b"', "boundary") == "a b"


def test_thousands_of_gzip_members_follow_each_other() -> None:
    assert undone(["gzip"], gzip.compress(b"a") * 5000) == (b"a" * 5000, "")


@pytest.mark.parametrize("name", PACKERS)
def test_all_at_once_within_a_limit(name: str) -> None:
    packed = PACKERS[name](TEXT)
    whole, some, cut_short = inflate(name, packed), inflate(name, packed, 100), inflate(name, packed[:-1])
    assert (whole.data, whole.problem) == (TEXT, "")
    assert (some.data, some.problem) == (TEXT[:100], "only the first 100 bytes are shown")
    assert TEXT.startswith(cut_short.data)
    assert "ends too early" in cut_short.problem


def test_all_at_once_what_is_no_coding() -> None:
    assert inflate("", b"abc").problem == "the coding is not named"
    assert inflate("lzma", b"abc").problem == "nobody here knows the coding 'lzma'"
    assert (inflate("gzip", b"").data, inflate("gzip", b"").problem) == (b"", "")
