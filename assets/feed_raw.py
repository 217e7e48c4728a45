"""The rows of one file as they were delivered: the text of every cell, and its place in the file.

CSV is read as text, so that a value of the wrong type can be reported as it stands; nothing is typed here.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import hashlib
import io
import itertools
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from assets.feed_errors import refusal
from ledger.errors import FeedError

FILE_BYTES_MAX = 4 * 2**30
"""Largest file, on disk and unpacked. Reading takes several times that of memory; beyond it a file is refused, so that
a damaged or hostile one cannot take the machine down."""


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


def read_raw(path: Path, *, label: str, keep_ragged: bool = False) -> RawFile:
    """Return the rows of ``path`` as they were delivered.

    A row with more or fewer cells than the header refuses the file, or with ``keep_ragged`` stands apart.

    Raises
    ------
    FeedError
        Where the file cannot be read, is too large, not UTF-8, has no header or rows of unequal length.
    """
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise _too_large(label, size)
        content = path.read_bytes()
    except OSError as error:
        raise refusal("FEED-004", where=label, found=str(error.strerror), expected="a readable file") from error
    digest = hashlib.sha256(content).hexdigest()
    ragged: list[tuple[int, int, str]] | None = [] if keep_ragged else None
    if path.suffix == ".parquet":
        header, rows = _parquet_rows(content, label=label)
    else:
        text = _unpacked(content, label=label) if path.suffix == ".gz" else content
        header, rows = _csv_rows(text, label=label, ragged=ragged)
    schema = {"line": pl.Int64, "cells": pl.Int64, "text": pl.String}
    return RawFile(label, digest, header, rows, pl.DataFrame(ragged or [], schema=schema, orient="row"))


def _too_large(label: str, size: int) -> FeedError:
    return refusal("FEED-005", where=label, found=f"{size} bytes", expected=f"at most {FILE_BYTES_MAX}")


def _unpacked(content: bytes, *, label: str) -> bytes:
    """Return the text in a gzip file, reading no further than the limit."""
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(FILE_BYTES_MAX + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise refusal("FEED-004", where=label, found=str(error), expected="a whole gzip file") from error
    if len(unpacked) > FILE_BYTES_MAX:
        raise _too_large(label, len(unpacked))
    return unpacked


def _csv_rows(
    content: bytes, *, label: str, ragged: list[tuple[int, int, str]] | None
) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Return header and rows of CSV text: every cell text, blank cells null, blank lines left out.

    Rows of another length are appended to ``ragged``; where that is None they refuse the file.
    """

    def set_apart(row: arrow_csv.InvalidRow) -> str:
        assert ragged is not None
        ragged.append((row.number, row.actual_columns, row.text))
        return "skip"

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


def _parquet_rows(content: bytes, *, label: str) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Return column names and rows of a Parquet file, with its own types; empty text is blank."""
    try:
        file = arrow_parquet.ParquetFile(pa.BufferReader(content))
        facts = file.metadata
        encoded = sum(facts.row_group(group).total_byte_size for group in range(facts.num_row_groups))
        # A run of equal values packs to almost nothing, so the rows count too.
        size = encoded + 8 * facts.num_rows * facts.num_columns
        if size > FILE_BYTES_MAX:
            raise _too_large(label, size)
        table = file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        found = str(error).partition("\n")[0]
        raise refusal("FEED-004", where=label, found=found, expected="a whole Parquet file") from error
    header = tuple(table.column_names)
    _require_distinct(header, label=label)
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        where = f"{label} column {nested[0]}"
        raise refusal("FEED-020", where=where, found="a nested column", expected="one value in each cell")
    rows = _with_lines(table, first=1)
    texts = pl.col(pl.String)
    return header, rows.with_columns(pl.when(texts != "").then(texts))


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
