"""Header blocks: RFC 7541 5 (integers and strings) and 6 (representations)."""

from typing import Final

from hpack.exceptions import HPACKDecodingError
from hpack.huffman_table import decode_huffman
from mypy_extensions import i64

from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.protocols.hpack_table import REASONS, STATIC, UNDECODED, UNSEEN, Entry, Table
from inspector.wire.reader import Reader

MAX_INTEGER_BYTES: Final = 6
"""Bytes of one integer: 5 octets beyond the prefix hold 35 bits, more than any length or index needs."""
MAX_REMEMBERED_STRING: Final = 1024
MAX_REMEMBERED_STRINGS: Final = 8192
"""Huffman strings whose text is remembered: header fields repeat."""
MAX_REMEMBERED_BLOCK: Final = 16384
MAX_REMEMBERED: Final = 8 << 20
"""Bytes of header blocks and their fields whose outcome is remembered; a call has less than 1,000."""
MAX_SHOWN: Final = 200
"""Characters of a value shown on the line of its header field; the value itself is shown whole below."""

INDEXED: Final = "Indexed Header Field"
INCREMENTAL: Final = "Literal Header Field with Incremental Indexing"
WITHOUT: Final = "Literal Header Field without Indexing"
NEVER: Final = "Literal Header Field never Indexed"
BAD_HUFFMAN: Final = "<invalid Huffman code>"

NAMED: Final = {
    name: "http2.headers." + name.lstrip(":").replace("-", "_")
    for name in (
        ":authority :status :path :method :scheme accept accept-charset accept-encoding accept-language accept-ranges "
        "access-control-allow-origin age allow authorization cache-control content-disposition content-encoding "
        "content-language content-length content-location content-range content-type cookie date etag expect expires "
        "from if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location "
        "max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie "
        "strict-transport-security user-agent vary via www-authenticate"
    ).split()
}
"""Wireshark's names of header fields that have one of their own."""

_texts: Final[dict[bytes, str]] = {}


class Block:
    """What a header block says and what it did to the table.

    `fields` are its header fields in order; `inserted` went into the table, which then holds `count` entries of `size`
    bytes. `issues` are what is wrong with it.
    """

    def __init__(self) -> None:
        self.fields: list[Entry] = []
        self.inserted: list[Entry] = []
        self.issues: list[str] = []
        self.count: i64 = 0
        self.size: i64 = 0
        self.limit: i64 = 0
        self.lost = ""
        self.version: i64 = 0
        self.notes: object = None


class Memory:
    """Outcomes of blocks already decoded, by table version and bytes."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[int, bytes], Block] = {}
        self.bytes: i64 = 0
        self.versions: i64 = len(REASONS)

    def new_version(self) -> int:
        """A version that no table has had."""
        self.versions += 1
        return self.versions

    def keep(self, key: tuple[int, bytes], block: Block) -> None:
        """Remember an outcome; when there are too many, begin anew."""
        size: i64 = len(key[1])
        for entry in block.fields:
            size += entry.size
        if size > MAX_REMEMBERED_BLOCK:
            return
        if self.bytes > MAX_REMEMBERED:
            self.blocks.clear()
            self.bytes = 0
        self.blocks[key] = block
        self.bytes += size


_memory: Final = Memory()


def decode_block(data: bytes, table: Table, message: Message) -> Block:
    """Decode a whole header block that came in `message`, and bring `table` up to date.

    The same block on the same table is decoded once. Never raises: what is wrong stands in `issues`.
    """
    key = (int(table.version), data)
    block = _memory.blocks.get(key)
    if block is not None:
        if block.inserted:
            table.log.extend(block.inserted)
            for _ in block.inserted:
                table.inserters.append(message)
        table.first = len(table.log) - block.count
        table.size = block.size
        table.limit = block.limit
        table.lost = block.lost
        table.version = block.version
        return block
    block = Block()
    inserted = len(table.log)
    limit, count, lost = table.limit, table.count, table.lost
    r = Reader(data)
    try:
        read_block(r, table, message, block)
    except DecodeError as error:
        block.issues.append(f"the header block cannot be decoded from byte {r.pos}: {error.reason}")
        table.forget(UNDECODED)
    block.inserted = table.log[inserted:]
    block.count = table.count
    block.size = table.size
    block.limit = table.limit
    block.lost = table.lost
    if block.inserted or table.limit != limit or table.count != count or table.lost != lost:
        table.version = _memory.new_version()
    block.version = table.version
    _memory.keep(key, block)
    return block


def read_block(r: Reader, table: Table, message: Message, block: Block) -> None:
    """All representations up to the end of `r`, each a node `http2.header`. Raises DecodeError."""
    while r.left:
        first = r.peek_u8()
        if first & 0x80:
            _indexed(r, table, block)
        elif first & 0x40:
            _literal(r, table, message, block, 6, INCREMENTAL)
        elif first & 0x20:
            _size_update(r, table, block)
        elif first & 0x10:
            _literal(r, table, message, block, 4, NEVER)
        else:
            _literal(r, table, message, block, 4, WITHOUT)


def read_integer(r: Reader, name: str, prefix: i64, flag: str) -> int:
    """An integer with a prefix of `prefix` bits (RFC 7541 5.1); `flag` names the bits above the prefix."""
    data, start, limit = r.data, r.pos, r.limit
    if start >= limit:
        r.peek_u8()
    first: i64 = data[start]
    mask: i64 = (1 << prefix) - 1
    value: i64 = first & mask
    count: i64 = 1
    if value == mask:
        shift: i64 = 0
        while True:
            if start + count >= limit:
                r.peek(count + 1)
            if count >= MAX_INTEGER_BYTES:
                raise r.malformed(f"an integer of more than {MAX_INTEGER_BYTES} bytes")
            byte: i64 = data[start + count]
            value += (byte & 0x7F) << shift
            shift += 7
            count += 1
            if not byte & 0x80:
                break
    r.known(name, count, value)
    if r.recording:
        low = 8 * (count - 1)
        r.bits(flag, first >> prefix, low + prefix, 8 - prefix)
        r.bits("http2.hpack.prefix", first & mask, low, prefix)
        for i in range(1, count):
            r.bits("http2.hpack.more", data[start + i] >> 7, 8 * (count - 1 - i) + 7, 1)
            r.bits("http2.hpack.septet", data[start + i] & 0x7F, 8 * (count - 1 - i), 7)
    return value


def read_string(r: Reader, name: str, length_name: str) -> str:
    """A string literal (RFC 7541 5.2), Huffman-coded or not."""
    coded = r.peek_u8() & 0x80
    length = read_integer(r, length_name, 7, "http2.hpack.huffman")
    if not coded:
        return r.latin(name, length)
    raw = r.peek(length)
    text = huffman_text(raw)
    r.known(name, length, text)
    if text == BAD_HUFFMAN:
        r.note("not a valid Huffman code (RFC 7541 5.2)")
    return text


def huffman_text(raw: bytes) -> str:
    """The text of Huffman-coded bytes, BAD_HUFFMAN when they are none."""
    found = _texts.get(raw)
    if found is not None:
        return found
    try:
        decoded: bytes = decode_huffman(raw)
        text = decoded.decode("latin-1")
    except HPACKDecodingError:
        text = BAD_HUFFMAN
    if len(raw) <= MAX_REMEMBERED_STRING:
        if len(_texts) >= MAX_REMEMBERED_STRINGS:
            _texts.clear()
        _texts[raw] = text
    return text


def _entry(table: Table, index: i64, block: Block) -> Entry | None:
    """The entry with `index`, None when nobody knows it."""
    if 0 < index <= len(STATIC):
        return STATIC[index - 1]
    place = table.dynamic(index)
    if place >= 0:
        return table.log[place]
    if index and not table.lost:
        block.issues.append(f"index {index} is beyond the table, which has {table.count} entries (RFC 7541 2.3.3)")
        table.forget(UNSEEN)
    return None


def _unknown(table: Table, index: i64) -> str:
    return f"<index {index}, {table.lost}>" if index else "<index 0>"


def _source(r: Reader, table: Table, index: i64) -> None:
    """Where the entry with `index` came from."""
    place = table.dynamic(index)
    if place >= 0:
        r.known("http2.header.inserted_by", 0, table.inserters[place].number)
    elif index > len(STATIC):
        r.known("http2.header.inserted_by", 0, None)
        r.note(f"index {index}: {table.lost}")


def _indexed(r: Reader, table: Table, block: Block) -> None:
    """RFC 7541 6.1."""
    r.begin("http2.header")
    index = read_integer(r, "http2.header.index", 7, "http2.hpack.pattern")
    entry = _entry(table, index, block)
    if entry is None:
        if index == 0:
            block.issues.append("index 0 is not used (RFC 7541 6.1)")
        entry = Entry(_unknown(table, index), "")
    block.fields.append(entry)
    if r.recording:
        r.known("http2.header.repr", 0, INDEXED)
        r.known("http2.header.name", 0, entry.name)
        r.known("http2.header.value", 0, entry.value)
        _source(r, table, index)
        _close(r, entry)
    else:
        r.close()


def _literal(r: Reader, table: Table, message: Message, block: Block, prefix: i64, kind: str) -> None:
    """RFC 7541 6.2."""
    r.begin("http2.header")
    index = read_integer(r, "http2.header.index", prefix, "http2.hpack.pattern")
    if index:
        known = _entry(table, index, block)
        name = known.name if known is not None else _unknown(table, index)
    else:
        name = read_string(r, "http2.header.name", "http2.header.name.length")
    value = read_string(r, "http2.header.value", "http2.header.value.length")
    if value == BAD_HUFFMAN or name == BAD_HUFFMAN:
        block.issues.append("a string that is no valid Huffman code (RFC 7541 5.2)")
    entry = Entry(name, value)
    block.fields.append(entry)
    if r.recording:
        r.known("http2.header.repr", 0, f"{kind} - {'Indexed' if index else 'New'} Name")
        if index:
            r.known("http2.header.name", 0, name)
            _source(r, table, index)
    if kind == INCREMENTAL:
        gone = table.insert(entry, message)
        if r.recording:
            r.known("http2.hpack.inserted", 0, len(STATIC) + 1)
            if gone:
                r.known("http2.hpack.evicted", 0, gone)
    if r.recording:
        _close(r, entry)
    else:
        r.close()


def _close(r: Reader, entry: Entry) -> None:
    """End the node of a header field; what Wireshark has a name for is found under it too."""
    name = NAMED.get(entry.name)
    if name is not None:
        r.known(name, 0, int(entry.value) if entry.name == ":status" and is_status(entry.value) else entry.value)
    r.close(shown(entry))


def is_status(value: str) -> bool:
    """Whether this is a status code (RFC 9113 8.3.2)."""
    return len(value) == 3 and value.isascii() and value.isdecimal()


def _size_update(r: Reader, table: Table, block: Block) -> None:
    """RFC 7541 6.3."""
    r.begin("http2.header_table_size_update")
    limit = read_integer(r, "http2.header_table_size_update.header_table_size", 5, "http2.hpack.pattern")
    if block.fields:
        r.note("a size update belongs at the beginning of a block (RFC 7541 4.2)")
        block.issues.append("a table size update behind header fields (RFC 7541 4.2)")
    gone = table.resize(limit)
    if gone:
        r.known("http2.hpack.evicted", 0, gone)
    r.close(limit)


def shown(entry: Entry) -> str:
    """A header field on one line."""
    value = entry.value
    if not value and entry.name.startswith("<"):
        return entry.name
    return f"{entry.name}: {value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + '...'}"
