"""One file, read and held to its contract: typed rows, or a refusal of the whole file.

The order of the questions is fixed (header, rows, types, then what Pandera checks), so that the same bad file is
always refused with the same words.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from assets.book import Book
from assets.feed_contracts import CONTRACTS
from assets.feed_errors import refusal, rows_refused
from assets.feed_files import Feed, find_file, label_of
from assets.feed_models import schema_of
from assets.feed_raw import RawFile, read_raw
from assets.feed_values import READERS
from ledger.errors import FeedError

_CODE_OF_CHECK = {"isin": "FEED-023", "str_matches": "FEED-024"}


def read_feed(name: str, *, book: Book, night: dt.date) -> Feed:
    """Return the file ``name`` of the night, held to its own contract.

    Raises
    ------
    FeedError
        Naming file, row, column, what was found, what was expected, and the remedy.
    """
    path = find_file(name, book=book, night=night)
    if path is None:
        columns = schema_of(name, header=()).columns
        none = {column: pl.Series([], dtype=check.dtype.type) for column, check in columns.items()}
        return Feed(f"{CONTRACTS[name].folder}/{name} (absent)", None, pl.DataFrame(none))
    raw = read_raw(path, label=label_of(path, book=book), limits=book.settings.intake)
    schema = schema_of(name, header=raw.header)
    fields = {field: column.metadata for field, column in schema.columns.items() if column.metadata}
    _check_header(raw, fields)
    _check_rows(raw, may_be_empty=CONTRACTS[name].may_be_empty)
    rows = _typed(raw, schema, fields)
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as errors:
        raise min((_explained(error, raw, rows, fields) for error in errors.schema_errors), key=_severity) from errors
    return Feed(raw.label, raw.digest, rows)


def _check_header(raw: RawFile, fields: dict[str, dict[str, Any]]) -> None:
    """Refuse columns that the contract does not know, and missing ones that it wants."""
    known = list(dict.fromkeys(facts["column"] for facts in fields.values()))
    wanted = list(dict.fromkeys(facts["column"] for facts in fields.values() if not facts["absent"]))
    unknown = [column for column in raw.header if column not in known]
    missing = [column for column in wanted if column not in raw.header]
    if unknown:
        where = f"{raw.label} row 1 column {unknown[0]}"
        raise refusal("FEED-010", where=where, found="an unknown column", expected="only " + ", ".join(known))
    if missing:
        where = f"{raw.label} row 1 column {missing[0]}"
        raise refusal("FEED-011", where=where, found="no such column", expected="the columns " + ", ".join(wanted))


def _check_rows(raw: RawFile, *, may_be_empty: bool) -> None:
    """Refuse a file without rows where it must have some, and one with its header among the rows."""
    if raw.rows.is_empty() and not may_be_empty:
        raise refusal("FEED-008", where=raw.label, found="a header without rows", expected="at least one row")
    if all(raw.rows.schema[column] == pl.String for column in raw.header):
        repeated = raw.rows.filter(pl.all_horizontal(pl.col(column) == column for column in raw.header))
        if not repeated.is_empty():
            column = raw.header[0]
            offenders = repeated.select("line", found=column)
            expected = "the header in row 1 only"
            raise rows_refused("FEED-013", file=raw.label, column=column, offenders=offenders, expected=expected)


def _typed(raw: RawFile, schema: pa.DataFrameSchema, fields: dict[str, dict[str, Any]]) -> pl.DataFrame:
    """Return the rows with exact values in the units of the tables, refusing the first column that cannot be read."""
    columns = {"line": raw.rows["line"]}
    for field, facts in fields.items():
        if facts["column"] not in raw.header:
            columns[field] = pl.Series([None] * raw.rows.height, dtype=schema.columns[field].dtype.type)
            continue
        cells = raw.rows[facts["column"]]
        columns[field] = READERS[facts["reads"]](cells)
        unreadable = columns[field].is_null() & cells.is_not_null()
        if unreadable.any():
            offenders = raw.rows.filter(unreadable).select("line", found=facts["column"])
            raise rows_refused(
                "FEED-020", file=raw.label, column=facts["column"], offenders=offenders, expected=facts["expected"]
            )
    return pl.DataFrame(columns)


def _explained(error: SchemaError, raw: RawFile, rows: pl.DataFrame, fields: dict[str, dict[str, Any]]) -> FeedError:
    """Return what Pandera found in the words of the file: its own columns, rows and text."""
    if error.reason_code is SchemaErrorReason.DUPLICATES:
        keys = [column for field in error.schema.unique if (column := fields[field]["column"]) in raw.header]
        offenders = raw.rows.filter(raw.rows["line"].is_in(error.failure_cases["line"].implode())).select(
            "line", found=pl.concat_str(pl.col(keys).cast(pl.String).fill_null(""), separator=", ")
        )
        place = "+".join(keys)
        return rows_refused("FEED-030", file=raw.label, column=place, offenders=offenders, expected="every key once")
    if "line" in error.failure_cases.columns:
        column, _, expected = str(error.check.error).partition(": ")
        failed = raw.rows["line"].is_in(error.failure_cases["line"].implode())
        code = "FEED-031"
    else:
        facts = fields[error.schema.name]
        column, expected = facts["column"], facts["expected"]
        failed = ~error.check_output.to_series()
        blank = error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS
        code = "FEED-021" if blank else _CODE_OF_CHECK.get(error.check.name, "FEED-022")
        if code == "FEED-024" and expected.startswith("one of "):
            code = "FEED-023"
    offenders = raw.rows.filter(failed).select("line", found=column)
    return rows_refused(code, file=raw.label, column=column, offenders=offenders, expected=expected)


def _severity(error: FeedError) -> tuple[str, str]:
    """Return the order in which refusals of one file are told: plain cells before keys and contradictions."""
    return error.code, error.where
