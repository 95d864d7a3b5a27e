"""Metadata of files that pyarrow wrote, against what pyarrow itself reads of it (see parquet/generate.py)."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from protocols.test_thrift_transports import post
from streams import check_message, cut

FOLDER = Path(__file__).parent / "parquet"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def read(data: bytes) -> tuple[Message, Field]:
    (message,) = cut([(SERVER, data)], forced="parquet")
    return message, check_message(message)


def fields(struct: Field) -> dict[str, Any]:
    """A struct's fields as plain values, by name."""
    return {field.label: plain(field) for field in struct.children if field.name == "thrift.field"}


def plain(field: Field) -> Any:
    """A field's or an element's value: structs as dictionaries, lists as lists, enumerations by their names."""
    for node in field.children:
        if node.name in ("thrift.list", "thrift.set"):
            return [element(each) for each in node.children if each.name not in NO_ELEMENTS]
        if node.name == "thrift.struct":
            return fields(node)
        if node.name in ("thrift.string", "thrift.binary"):
            return node.value
    return field.value


def element(node: Field) -> Any:
    if node.name == "thrift.struct":
        return fields(node)
    return node.label if node.name == "thrift.enum" else node.value


NO_ELEMENTS = ("thrift.str_len", "thrift.compact_type", "thrift.num_list_item", "thrift.num_set_item")


def metadata_of(tree: Field) -> dict[str, Any]:
    (node,) = [child for child in tree.children if child.name == "parquet.metadata"]
    return fields(next(child for child in node.children if child.name == "thrift.struct"))


@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_is_what_pyarrow_reads(name: str) -> None:
    theirs = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    message, tree = read((FOLDER / f"{name}.parquet").read_bytes())
    assert message.issue is None
    assert [node.issue for node in tree.walk() if node.issue] == []
    ours = metadata_of(tree)
    for key in ("num_rows", "created_by"):
        assert ours[key] == theirs[key]
    assert message.facts["parquet.num_rows"] == theirs["num_rows"]
    texts = {pair["key"]: pair.get("value", "") for pair in ours.get("key_value_metadata", ())}
    assert ("ARROW:schema" in texts) == theirs["arrow_schema"]
    assert {key: value for key, value in texts.items() if key != "ARROW:schema"} == theirs["key_values"]
    leaves = [one for one in ours["schema"] if "num_children" not in one]
    assert [schema_column(one) for one in leaves] == theirs["schema"]
    assert len(ours["row_groups"]) == len(theirs["row_groups"])
    for group, expected in zip(ours["row_groups"], theirs["row_groups"], strict=True):
        assert (group["num_rows"], group["total_byte_size"]) == (expected["num_rows"], expected["total_byte_size"])
        for column, wanted in zip(group["columns"], expected["columns"], strict=True):
            assert chunk(column) == wanted


def schema_column(one: dict[str, Any]) -> dict[str, object]:
    logical = next(iter(one.get("logicalType", {})), "")
    return {
        "name": one["name"],
        "physical_type": one["type"],
        "logical_type": LOGICAL.get(logical or one.get("converted_type", ""), logical),
    }


LOGICAL = {"": "NONE", "INTEGER": "INT", "UNKNOWN": "NULL", "UTF8": "STRING"} | {
    f"{sign}INT_{size}": "INT" for sign in ("", "U") for size in (8, 16, 32, 64)
}
"""pyarrow's names of logical types, where they are others than the format's; the older types they stand for."""


def chunk(column: dict[str, Any]) -> dict[str, object]:
    about = column["meta_data"]
    first = about.get("dictionary_page_offset")
    return {
        "path_in_schema": ".".join(about["path_in_schema"]),
        "codec": about["codec"],
        "encodings": sorted(about["encodings"]),
        "num_values": about["num_values"],
        "data_page_offset": about["data_page_offset"],
        "dictionary_page_offset": first,
        "total_compressed_size": about["total_compressed_size"],
        "total_uncompressed_size": about["total_uncompressed_size"],
        "null_count": about.get("statistics", {}).get("null_count"),
        "column_index": "column_index_offset" in column,
        "offset_index": "offset_index_offset" in column,
    }


def test_encrypted_metadata_says_how() -> None:
    message, tree = read((FOLDER / "encrypted-footer.parquet").read_bytes())
    assert message.issue is None
    assert message.summary.startswith("Parquet, encrypted, ")
    assert [child.name for child in tree.children] == [
        "parquet.magic",
        "parquet.pages",
        "parquet.crypto_metadata",
        "parquet.encrypted",
        "parquet.footer_length",
        "parquet.magic",
    ]
    crypto = fields(tree.children[2].children[0])
    assert list(crypto) == ["encryption_algorithm", "key_metadata"]
    assert list(crypto["encryption_algorithm"]) == ["AES_GCM_V1"]


def test_signed_metadata_is_read_and_its_signature_named() -> None:
    message, tree = read((FOLDER / "signed-footer.parquet").read_bytes())
    assert message.issue is None
    ours = metadata_of(tree)
    assert list(ours["encryption_algorithm"]) == ["AES_GCM_V1"]
    kinds = Counter(
        next(iter(c["crypto_metadata"]), "") for c in ours["row_groups"][0]["columns"] if "crypto_metadata" in c
    )
    assert kinds == {"ENCRYPTION_WITH_COLUMN_KEY": 1}
    (rest,) = [node for node in tree.walk() if node.name == "parquet.metadata_rest"]
    assert rest.length == 28, "a nonce of 12 bytes and a tag of 16"


def answer(data: bytes, kind: str) -> bytes:
    head = f"HTTP/1.1 206 Partial Content\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


@pytest.mark.parametrize("kind", ["binary/octet-stream", "application/octet-stream"])
@pytest.mark.parametrize("size", [12_010, 9_000, 8])
def test_a_file_or_its_end_in_an_answer_that_says_bytes(kind: str, size: int) -> None:
    data = (FOLDER / "all-types.parquet").read_bytes()[-size:]
    messages = cut([(CLIENT, b"GET /lago/a.parquet HTTP/1.1\r\nHost: a\r\n\r\n"), (SERVER, answer(data, kind))])
    assert [m.protocol for m in messages] == ["http", "http"]
    tree = check_message(messages[1])
    (found,) = [node for node in tree.walk() if node.name == "parquet"]
    names = [child.name for child in found.children]
    assert names[-2:] == ["parquet.footer_length", "parquet.magic"]
    assert ("parquet.metadata" in names) == (size > 8)
    if size == 8:
        assert found.children[-1].issue is not None
        assert "lies" in found.children[-1].issue or "begins" in found.children[-1].issue


def test_other_bytes_stay_bytes() -> None:
    messages = cut([(CLIENT, post(b"")), (SERVER, answer(b"PAR" + b"\0" * 40 + b"PAR", "binary/octet-stream"))])
    assert "parquet" not in {node.name for node in check_message(messages[1]).walk()}
