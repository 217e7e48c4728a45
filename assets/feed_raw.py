"""The rows of one file as they were delivered: the text of every cell, and its place in the file.

CSV is read as text, so that a value of the wrong type can be reported as it stands; nothing is typed here. A file is
held to the book's limits before it is unpacked, so that a damaged or hostile one cannot take the machine down.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import io
import itertools
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as arrow_compute
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from assets.book import Intake
from assets.feed_errors import refusal
from assets.feed_files import open_plain
from ledger.errors import FeedError

_CHUNK_BYTES = 2**20
_BATCH_ROWS = 262_144


@dataclasses.dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it was delivered."""

    label: str
    """Its path within the book, with forward slashes."""
    digest: str
    """sha256 of its bytes."""
    header: tuple[str, ...]
    rows: pl.DataFrame
    """Its columns (text of CSV, blank cells null; Parquet's own types) and ``line``, the 1-based row in the file."""
    ragged: pl.DataFrame
    """line, cells and text of the rows of CSV with more or fewer cells than the header, where asked for."""


def read_raw(path: Path, *, label: str, limits: Intake, keep_ragged: bool = False) -> RawFile:
    """Return the rows of ``path`` as they were delivered.

    A row with more or fewer cells than the header refuses the file, or with ``keep_ragged`` stands apart.

    Raises
    ------
    FeedError
        Where the file cannot be read, is too large, not UTF-8, has no header or rows of unequal length.
    """
    content = _content(path, label=label, limits=limits)
    digest = hashlib.sha256(content).hexdigest()
    ragged: list[tuple[int, int, str]] | None = [] if keep_ragged else None
    if path.suffix == ".parquet":
        header, rows = _parquet_rows(content, label=label, limits=limits)
    else:
        text = _unpacked(content, label=label, limits=limits) if path.suffix == ".gz" else content
        header, rows = _csv_rows(text, label=label, limits=limits, ragged=ragged)
    # What reading needed beside the rows would otherwise stay with the process: hundreds of bytes a row.
    pa.default_memory_pool().release_unused()
    return RawFile(label, digest, header, rows, _ragged_rows(ragged or []))


def raw_parts(path: Path, *, label: str, limits: Intake, part_rows: int) -> Iterator[RawFile]:
    """Yield the rows of the Parquet file ``path`` in parts of ``part_rows``, the last one of what is left.

    Raises
    ------
    FeedError
        Where the file cannot be read or is too large: before the first part, or instead of the next.
    """
    content = _content(path, label=label, limits=limits)
    digest = hashlib.sha256(content).hexdigest()
    first = 1
    try:
        header, schema = _parquet_header(content, label=label, limits=limits)
        batches = _unpacked_batches(content, schema=schema, label=label, limits=limits)
        for part in _grouped(batches, part_rows):
            rows = _blank_texts(_with_lines(pa.Table.from_batches(part), first=first))
            yield RawFile(label, digest, header, rows, _ragged_rows([]))
            first += rows.height
    except (pa.ArrowException, OSError) as error:
        raise _no_parquet(error, label=label) from error


def _grouped(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[list[pa.RecordBatch]]:
    """Yield ``batches`` in groups that have ``rows`` together, or more; the last has what is left."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(part.num_rows for part in group) >= rows:
            yield group
            group = []
    if group:
        yield group


def _ragged_rows(found: Sequence[tuple[int, int, str]]) -> pl.DataFrame:
    """Return the rows that stand apart, as `RawFile` has them."""
    return pl.DataFrame(found, schema={"line": pl.Int64, "cells": pl.Int64, "text": pl.String}, orient="row")


def _content(path: Path, *, label: str, limits: Intake) -> bytes:
    """Return the bytes of a file that is not too large."""
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.file_bytes_max:
                raise _too_large(label, f"{size} bytes", limits.file_bytes_max)
            return file.read(size)
    except OSError as error:
        raise refusal("FEED-004", where=label, found=str(error.strerror), expected="a readable file") from error


def _too_large(label: str, found: str, limit: int, *, of: str = "bytes") -> FeedError:
    return refusal("FEED-005", where=label, found=found, expected=f"at most {limit} {of}")


def _unpacked(content: bytes, *, label: str, limits: Intake) -> bytes:
    """Return the text in a gzip file, whose length is counted before any of it is kept."""
    size = 0
    try:
        with gzip.open(io.BytesIO(content)) as file:
            while chunk := file.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > limits.unpacked_bytes_max:
                    raise _too_large(
                        label, f"more than {limits.unpacked_bytes_max} bytes unpacked", limits.unpacked_bytes_max
                    )
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise refusal("FEED-004", where=label, found=str(error), expected="a whole gzip file") from error


def _csv_rows(
    content: bytes, *, label: str, limits: Intake, ragged: list[tuple[int, int, str]] | None
) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Return header and rows of CSV text: every cell text, blank cells null, blank lines left out.

    Rows of another length are appended to ``ragged``; where that is None they refuse the file.
    """

    def set_apart(row: arrow_csv.InvalidRow) -> str:
        assert ragged is not None
        ragged.append((row.number, row.actual_columns, row.text))
        return "skip"

    _require_few_rows(content.count(b"\n") - 1, label=label, limits=limits)
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}"
        raise refusal("FEED-006", where=f"{label} row {line}", found=found, expected="UTF-8 text") from error
    header = tuple(next(csv.reader([decoded.partition("\n")[0].rstrip("\r")]), []))
    del decoded
    if not header:
        raise refusal("FEED-008", where=label, found="an empty file", expected="a header and rows")
    _require_distinct(header, label=label)
    if b"\n" not in content:
        content += b"\n"  # Arrow takes a header that does not end its line for no file at all
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                ignore_empty_lines=False, invalid_row_handler=None if ragged is None else set_apart
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        raise _malformed(str(error), label=label) from error
    rows = _with_lines(table, first=2, but=[line for line, _, _ in ragged or ()])
    return header, rows.filter(~pl.all_horizontal(pl.col(header).is_null()))


def _malformed(message: str, *, label: str) -> FeedError:
    """Return the error for CSV that Arrow could not split into cells."""
    facts = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
    if not facts:
        return refusal("FEED-007", where=label, found=message.partition("\n")[0], expected="comma-separated rows")
    line, wanted, got = facts.groups()
    return refusal(
        "FEED-007", where=f"{label} row {line}", found=f"{got} cells", expected=f"{wanted}, as in the header"
    )


def _require_few_rows(rows: int, *, label: str, limits: Intake) -> None:
    if rows > limits.rows_max:
        raise _too_large(label, f"{rows} rows", limits.rows_max, of="rows")


def _parquet_rows(content: bytes, *, label: str, limits: Intake) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Return column names and rows of a Parquet file, with its own types; empty text is blank."""
    try:
        header, schema = _parquet_header(content, label=label, limits=limits)
        batches = list(_unpacked_batches(content, schema=schema, label=label, limits=limits))
        table = pa.Table.from_batches(batches) if batches else schema.empty_table()
    except (pa.ArrowException, OSError) as error:
        raise _no_parquet(error, label=label) from error
    return header, _blank_texts(_with_lines(table, first=1))


def _parquet_header(content: bytes, *, label: str, limits: Intake) -> tuple[tuple[str, ...], pa.Schema]:
    """Return column names and schema of a Parquet file of plain columns and not too many rows."""
    file = arrow_parquet.ParquetFile(pa.BufferReader(content))
    header = tuple(file.schema_arrow.names)
    _require_distinct(header, label=label)
    _require_plain_columns(file.schema_arrow, label=label)
    _require_few_rows(file.metadata.num_rows, label=label, limits=limits)
    return header, file.schema_arrow


def _no_parquet(error: Exception, *, label: str) -> FeedError:
    """Return the refusal of bytes that Arrow cannot read."""
    return refusal("FEED-004", where=label, found=str(error).partition("\n")[0], expected="a whole Parquet file")


def _blank_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return ``rows`` with null in place of empty text."""
    texts = pl.col(pl.String)
    return rows.with_columns(pl.when(texts != "").then(texts))


def _require_plain_columns(schema: pa.Schema, *, label: str) -> None:
    """Refuse columns whose cells are no single values, blocks of bytes of any width, or of a type that no field has."""
    for field in schema:
        where = f"{label} column {field.name}"
        if pa.types.is_nested(field.type) or pa.types.is_fixed_size_binary(field.type):
            raise refusal("FEED-020", where=where, found="a nested column", expected="one value in each cell")
        if not _is_readable(field.type.value_type if pa.types.is_dictionary(field.type) else field.type):
            found, expected = f"a column of {field.type}", "text, numbers, dates or times"
            raise refusal("FEED-020", where=where, found=found, expected=expected)


def _is_readable(kind: pa.DataType) -> bool:
    """Return whether cells of the type ``kind`` can be handed on and told."""
    named = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_date, pa.types.is_time)
    is_number_or_time = any(is_of(kind) for is_of in (*named, pa.types.is_timestamp, pa.types.is_null))
    is_decimal = pa.types.is_decimal(kind) and not pa.types.is_decimal256(kind)
    return is_number_or_time or is_decimal or pa.types.is_string_view(kind) or _is_text(kind) or _is_bytes(kind)


def _unpacked_batches(content: bytes, *, schema: pa.Schema, label: str, limits: Intake) -> Iterator[pa.RecordBatch]:
    """Yield the cells of a Parquet file, unpacked a batch at a time and counted first.

    What the file says of its own size proves nothing, and a text that stands in every row is stored once: texts are
    read as places in a dictionary, so that their length is known before they are written out.
    """
    texts = [field.name for field in schema if _is_text(field.type)]
    file = arrow_parquet.ParquetFile(pa.BufferReader(content), read_dictionary=texts)
    size = 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
        size += sum(_unpacked_bytes(column) for column in batch.columns)
        if size > limits.unpacked_bytes_max:
            found = f"more than {limits.unpacked_bytes_max} bytes unpacked"
            raise _too_large(label, found, limits.unpacked_bytes_max)
        yield pa.RecordBatch.from_arrays([_written_out(column) for column in batch.columns], schema.names)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _unpacked_bytes(column: pa.Array) -> int:
    """Return the bytes of a column with every text written out."""
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return int(column.nbytes)
    lengths = arrow_compute.binary_length(column.dictionary)
    total = arrow_compute.sum(lengths.take(column.indices).cast(pa.int64())).as_py()
    return int(total or 0) + 8 * len(column)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _written_out(column: pa.Array) -> pa.Array:
    """Return the cells of a column, its texts held to UTF-8: nothing after this looks at their bytes."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _written_out(column.dictionary)).dictionary_decode()
    if _is_bytes(column.type):
        return column.cast(pa.large_string())
    if _is_text(column.type) or pa.types.is_string_view(column.type):
        column.validate(full=True)
    return column


def _with_lines(table: pa.Table, *, first: int, but: Sequence[int] = ()) -> pl.DataFrame:
    """Return ``table`` with the number of each row in its file, from ``first``; the rows ``but`` are not in it."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    numbers = pl.Series("line", range(first, first + frame.height + len(but)), dtype=pl.Int64)
    return frame.with_columns(numbers.filter(~numbers.is_in(but)))


def _require_distinct(header: tuple[str, ...], *, label: str) -> None:
    """Refuse a header that names a column twice."""
    for name, group in itertools.groupby(sorted(header)):
        if len(list(group)) > 1:
            found = f"two columns {name!r}"
            raise refusal("FEED-012", where=f"{label} row 1", found=found, expected="every column once")
