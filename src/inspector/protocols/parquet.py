"""Apache Parquet files: their metadata, which is a Thrift struct in the compact protocol, at the end of the file.

Spec: Apache Parquet, File Format (https://parquet.apache.org/docs/file-format/)
"""

from typing import Final

from inspector.model.errors import DecodeError, Truncated
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.thrift_body import Body, read_body
from inspector.protocols.thrift_compact import CompactEncoding
from inspector.schema.registry import Schemas
from inspector.schema.thrift import StructType
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

MAGIC: Final = b"PAR1"
ENCRYPTED: Final = b"PARE"
"""The magic of a file whose metadata is encrypted."""

TAIL: Final = 8
"""Bytes of the metadata's length and the magic at the end."""

METADATA: Final = "parquet_file_metadata"
"""The function of idl/parquet.thrift whose result is the metadata."""

CRYPTO: Final = "parquet_file_crypto_metadata"
"""The function whose result says how the metadata is encrypted."""

_TYPES: Final = ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet")
_SHOWN: Final = 40
"""Columns named in the facts."""


class ParquetConversation(Conversation):
    """One file, or the end of one, a side; where it ends is known when no more comes."""

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        raise Truncated(r.offset, "a Parquet file says at its end where its metadata is", r.offset + r.left + 1)

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        start = r.pos
        end = r.offset + r.left
        found = Recorder(r.data[r.pos : r.end], r.offset, r.holes, "parquet")
        issue: str | None = None
        try:
            read_file(found, self.schemas)
        except DecodeError as problem:
            issue = problem.reason
        tree = found.finish(issue)
        if issue is not None and len(tree.children) < 2:
            return None
        message = out.message(side, "file", r.offset, end, _summary(tree, r.left))
        message.issue = issue
        message.complete = issue is None
        _facts(message, tree)
        r.rewind(start + message.length)
        return message


def read_file(r: Reader, schemas: Schemas) -> None:
    """A file, or its last bytes: what comes before the metadata, the metadata, its length, the magic."""
    tail = r.data[max(r.end - TAIL, r.pos) : r.end]
    if r.limit < r.end or tail[4:] not in (MAGIC, ENCRYPTED):
        _before(r, r.left)
        raise r.malformed("no PAR1 stands at the end: this is no whole file, nor the end of one")
    length = int.from_bytes(tail[:4], "little")
    before = r.left - TAIL - length
    if before < 0:
        part = r.left - TAIL
        if part:
            r.skip("parquet.metadata_part", part)
        _tail(r)
        r.note(f"the metadata has {length} bytes and begins {-before} bytes before these")
        return
    _before(r, before)
    _metadata(r, length, schemas, CRYPTO if tail[4:] == ENCRYPTED else METADATA)
    _tail(r)


def _before(r: Reader, size: int) -> None:
    if size >= len(MAGIC) and r.data[r.pos : r.pos + len(MAGIC)] in (MAGIC, ENCRYPTED):
        r.text("parquet.magic", len(MAGIC))
        size -= len(MAGIC)
    if size:
        r.skip("parquet.pages", size)


def _metadata(r: Reader, length: int, schemas: Schemas, name: str) -> None:
    """The metadata; of encrypted metadata only how it is encrypted (Apache Parquet, Encryption, "Encrypted footer")."""
    before = r.narrow(length)
    r.begin("parquet.metadata" if name == METADATA else "parquet.crypto_metadata")
    read_body(CompactEncoding(), r, _struct(schemas, name), 0, Body())
    if name == METADATA and r.left:
        r.skip("parquet.metadata_rest", r.left)
    r.close()
    if r.left:
        r.skip("parquet.encrypted", r.left)
    r.widen(before)


def _tail(r: Reader) -> None:
    r.u32le("parquet.footer_length")
    r.text("parquet.magic", len(MAGIC))


def _struct(schemas: Schemas, name: str) -> StructType | None:
    function = schemas.thrift.function(name)
    return function.result.fields[0].type.struct if function is not None else None


def _summary(tree: Field, size: int) -> str:
    """What the metadata says of the file as a whole."""
    rows = _labelled(tree, "num_rows")
    if not rows:
        encrypted = any(node.name == "parquet.crypto_metadata" for node in tree.children)
        return f"Parquet, {'encrypted, ' if encrypted else ''}{size} bytes"
    groups = _counted(_count(tree, "row_groups"), "row group")
    return f"Parquet, {_counted(rows[0].value, 'row')} in {groups}, {_counted(len(column_names(tree)), 'column')}"


def _counted(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _facts(message: Message, tree: Field) -> None:
    rows = _labelled(tree, "num_rows")
    if not rows:
        return
    value = rows[0].value
    message.facts["parquet.num_rows"] = value if isinstance(value, int) else 0
    message.facts["parquet.row_groups"] = _count(tree, "row_groups")
    message.facts["parquet.columns"] = ", ".join(column_names(tree)[:_SHOWN])
    writer = _labelled(tree, "created_by")
    if writer:
        message.facts["parquet.created_by"] = str(writer[0].value)


def _labelled(tree: Field, label: str) -> list[Field]:
    """The fields of the metadata itself that the schema calls so."""
    for node in tree.children:
        if node.name == "parquet.metadata":
            return [field for struct in node.children for field in struct.children if field.label == label]
    return []


def _count(tree: Field, label: str) -> int:
    for field in _labelled(tree, label):
        for leaf in field.walk():
            if leaf.name == "thrift.num_list_item" and isinstance(leaf.value, int):
                return leaf.value
    return 0


def column_names(tree: Field) -> list[str]:
    """The columns that hold values: elements of the schema without children."""
    found: list[str] = []
    for schema in _labelled(tree, "schema"):
        for element in schema.walk():
            if element.label == "SchemaElement":
                values = {field.label: field.value for field in element.children if field.label}
                if "num_children" not in values:
                    found.append(str(values.get("name", "")))
    return found


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """The magic at the beginning; a range of a file cannot be told by its first bytes."""
    head = prefix[: len(MAGIC)]
    if head in (MAGIC, ENCRYPTED):
        return Verdict("parquet", STRONG, f"{head.hex(' ')} is the text {head.decode()}")
    more = MAGIC.startswith(head) or ENCRYPTED.startswith(head)
    return Verdict("parquet", MORE if more else NONE, "may become PAR1" if more else "does not begin with PAR1")


def inside(head: bytes, tail: bytes) -> bool:
    """Whether a body with these first and last bytes is a file or the end of one, whatever its media type says."""
    return head[: len(MAGIC)] in (MAGIC, ENCRYPTED) or (len(tail) >= TAIL and tail[-4:] in (MAGIC, ENCRYPTED))


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The file's parts, and every field of its metadata."""
    read_file(r, schemas)


PROTOCOL = Protocol(
    name="parquet",
    title="Apache Parquet",
    spec="https://parquet.apache.org/docs/file-format/",
    recognise=recognise,
    conversation=ParquetConversation,
    explain=explain,
    content_types=_TYPES,
    undoes_codings=True,
    inside=inside,
)
