"""Writes the Parquet files of this folder and what pyarrow itself reads of their metadata; run where pyarrow is.

`python generate.py`, from this folder
"""

import base64
import datetime as dt
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

HERE = Path(__file__).parent

COLUMNS = {
    "flag": pa.array([True, None, False], pa.bool_()),
    "i8": pa.array([1, -2, None], pa.int8()),
    "u16": pa.array([1, 2, None], pa.uint16()),
    "i32": pa.array([1, -2, 3], pa.int32()),
    "u32": pa.array([1, 2, None], pa.uint32()),
    "i64": pa.array([1, -(2**40), None], pa.int64()),
    "u64": pa.array([1, 2**63, None], pa.uint64()),
    "f16": pa.array([1.5, None, -2.0], pa.float16()),
    "f32": pa.array([1.5, float("nan"), None], pa.float32()),
    "f64": pa.array([1.5, float("-inf"), None], pa.float64()),
    "text": pa.array(["ação", "", None], pa.string()),
    "raw": pa.array([b"\0\xff", b"", None], pa.binary()),
    "fixed": pa.array([b"abcd", None, b"\0\0\0\0"], pa.binary(4)),
    "date": pa.array([dt.date(2024, 1, 2), None, None], pa.date32()),
    "time": pa.array([dt.time(1, 2, 3), None, None], pa.time64("us")),
    "stamp": pa.array([dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC), None, None], pa.timestamp("ms", "UTC")),
    "nanos": pa.array([1, None, 2], pa.timestamp("ns")),
    "price": pa.array([decimal.Decimal("1.25"), None, None], pa.decimal128(9, 2)),
    "wide": pa.array([decimal.Decimal("1.5"), None, None], pa.decimal256(60, 10)),
    "list": pa.array([[1, None], [], None], pa.list_(pa.int32())),
    "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    "struct": pa.array(
        [{"x": 1, "y": {"z": "q"}}, None, None], pa.struct([("x", pa.int16()), ("y", pa.struct([("z", pa.string())]))])
    ),
    "word": pa.array(["a", "a", "b"]).dictionary_encode(),
    "nothing": pa.array([None, None, None], pa.null()),
}
TABLE = pa.table(COLUMNS).replace_schema_metadata({"pandas": json.dumps({"columns": ["flag"]}), "empty": ""})


class Keys(pe.KmsClient):  # type: ignore[misc]  # pyarrow has no types
    """Keys that hide nothing: enough to make files whose metadata is encrypted."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


def write(name: str, **options: object) -> None:
    """One file and its description."""
    path = HERE / f"{name}.parquet"
    pq.write_table(TABLE, path, **options)
    (HERE / f"{name}.json").write_text(
        json.dumps(described(pq.read_metadata(path)), indent=1, ensure_ascii=False) + "\n"
    )


def write_encrypted(name: str, plaintext_footer: bool) -> None:
    """A file with encrypted columns, and metadata that is encrypted or signed."""
    factory = pe.CryptoFactory(lambda _: Keys())
    configuration = pe.EncryptionConfiguration(
        footer_key="f", column_keys={"c": ["i32"]}, plaintext_footer=plaintext_footer, encryption_algorithm="AES_GCM_V1"
    )
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), configuration)
    with pq.ParquetWriter(HERE / f"{name}.parquet", TABLE.schema, encryption_properties=properties) as writer:
        writer.write_table(TABLE)


def described(metadata: pq.FileMetaData) -> dict[str, object]:
    """What pyarrow reads."""
    texts = {key.decode(): value.decode() for key, value in (metadata.metadata or {}).items()}
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    return {
        "version": metadata.format_version,
        "num_rows": metadata.num_rows,
        "created_by": metadata.created_by,
        "footer": metadata.serialized_size,
        "schema": [schema_column(metadata.schema.column(index)) for index in range(metadata.num_columns)],
        "key_values": {key: value for key, value in texts.items() if key != "ARROW:schema"},
        "arrow_schema": "ARROW:schema" in texts,
        "row_groups": [
            {
                "num_rows": group.num_rows,
                "total_byte_size": group.total_byte_size,
                "columns": [chunk(group.column(index)) for index in range(group.num_columns)],
            }
            for group in groups
        ],
    }


def schema_column(column: pq.ColumnSchema) -> dict[str, object]:
    logical = json.loads(column.logical_type.to_json())
    return {"name": column.name, "physical_type": column.physical_type, "logical_type": logical["Type"].upper()}


def chunk(column: pq.ColumnChunkMetaData) -> dict[str, object]:
    statistics = column.statistics
    return {
        "path_in_schema": column.path_in_schema,
        "codec": column.compression,
        "encodings": sorted(column.encodings),
        "num_values": column.num_values,
        "data_page_offset": column.data_page_offset,
        "dictionary_page_offset": column.dictionary_page_offset,
        "total_compressed_size": column.total_compressed_size,
        "total_uncompressed_size": column.total_uncompressed_size,
        "null_count": statistics.null_count if statistics is not None and statistics.has_null_count else None,
        "column_index": column.has_column_index,
        "offset_index": column.has_offset_index,
    }


if __name__ == "__main__":
    write(
        "all-types",
        compression="snappy",
        row_group_size=2,
        write_page_index=True,
        sorting_columns=[pq.SortingColumn(3)],
    )
    write(
        "zstd-v2", compression="zstd", data_page_version="2.0", version="2.6", use_dictionary=False, store_schema=False
    )
    write("plain-v1", compression="none", version="1.0", write_statistics=False, use_deprecated_int96_timestamps=True)
    write_encrypted("encrypted-footer", plaintext_footer=False)
    write_encrypted("signed-footer", plaintext_footer=True)
