"""One file, read and held to its contract: typed rows, or a refusal of the whole file.

Of static/accounts, a policy that breaks its contract holds its account instead (`assets/policy_faults.py`). The order
of the questions is fixed (header, rows, types, then what Pandera checks), so that the same bad file is always refused
with the same words.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from assets.book import Book
from assets.feed_contracts import CONTRACTS
from assets.feed_errors import refusal, rows_refused
from assets.feed_files import Feed, find_file, label_of
from assets.feed_models import schema_of
from assets.feed_raw import RawFile, raw_parts, read_raw
from assets.feed_values import READERS
from assets.policy_faults import STANDS_IN, Finding, with_faults, with_stand_ins
from ledger.errors import FeedError

Fields = dict[str, dict[str, Any]]
"""What the contract says of each field: its column of the file, how it is read, what is expected."""
CONTRADICTION = "FEED-031"
PART_ROWS = 1_000_000
"""Rows of a file that are held to the contract at once."""
_DAYS_TOLD = -719_161, 2_932_895
"""Days since 1970 that Python can tell in every time zone: those of the years 1 to 9999 but the first and the last."""
_TICKS_OF_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
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
    rows, unreadable = _typed(raw, schema, fields, holding=STANDS_IN if name == "accounts" else {})
    if name == "accounts":
        rows = _with_policy_faults(raw, schema, fields, rows=rows, unreadable=unreadable, book=book)
    else:
        _refuse(_broken(raw, schema, fields, rows), raw)
    return Feed(raw.label, raw.digest, rows)


def read_parts(name: str, path: Path, *, book: Book, night: dt.date, is_clean: bool = False) -> Iterator[Feed]:
    """Yield the rows of the Parquet file ``path``, the night's ``name``, in parts that were held to its contract.

    With ``is_clean`` the file is known to keep it, and is only read. What breaks it is told as `read_feed` tells it,
    which reads the whole file: before the part with the offence, or, for a key that stands twice, after the last.

    Raises
    ------
    FeedError
        As `read_feed`.
    """
    hashes: list[pl.Series] = []
    label, limits = label_of(path, book=book), book.settings.intake
    for raw in raw_parts(path, label=label, limits=limits, part_rows=PART_ROWS):
        schema = schema_of(name, header=raw.header)
        fields = {field: column.metadata for field, column in schema.columns.items() if column.metadata}
        rows = _clean_rows(raw, schema, fields, is_clean=is_clean)
        if rows is None:
            rows = _whole(name, book=book, night=night, part=raw)[raw.rows["line"] - 1]
        if schema.unique and not is_clean:
            hashes.append(rows.select(schema.unique).hash_rows())
        yield Feed(raw.label, raw.digest, rows)
    if hashes and (keys := pl.concat(hashes)).n_unique() < keys.len():
        _whole(name, book=book, night=night, part=raw)


def _whole(name: str, *, book: Book, night: dt.date, part: RawFile) -> pl.DataFrame:
    """Return the rows of the whole file of which ``part`` may break the contract."""
    feed = read_feed(name, book=book, night=night)
    if feed.digest != part.digest:
        raise refusal("FEED-014", where=part.label, found="other bytes than a moment ago", expected="one content")
    return feed.rows


def _clean_rows(raw: RawFile, schema: pa.DataFrameSchema, fields: Fields, *, is_clean: bool) -> pl.DataFrame | None:
    """Return the typed rows of a part that keeps the contract, else None."""
    try:
        _check_header(raw, fields)
        _check_rows(raw, may_be_empty=False)
        rows, _ = _typed(raw, schema, fields, holding={})
    except FeedError:
        return None
    return rows if is_clean or not _offences(schema, rows) else None


def _with_policy_faults(
    raw: RawFile,
    schema: pa.DataFrameSchema,
    fields: Fields,
    *,
    rows: pl.DataFrame,
    unreadable: list[Finding],
    book: Book,
) -> pl.DataFrame:
    """Return the accounts with what is wrong with the policy of each; anything else that is wrong refuses the file."""
    held, rows = list(unreadable), with_stand_ins(rows, unreadable)
    while broken := _broken(raw, schema, fields, rows):
        _refuse([finding for finding in broken if finding.field not in STANDS_IN], raw)
        # Cells that contradict each other are judged when those that are wrong by themselves have a stand-in.
        plain = [finding for finding in broken if finding.code != CONTRADICTION] or broken
        rows = with_stand_ins(rows, plain)
        held += plain
    return with_faults(rows, held, file=raw.label, share_max=book.settings.trust.policy_faults_max)


def _refuse(findings: list[Finding], raw: RawFile) -> None:
    """Refuse the file for the worst of ``findings``, if there are any."""
    if findings:
        raise min((finding.as_error(raw.label) for finding in findings), key=_severity)


def _broken(raw: RawFile, schema: pa.DataFrameSchema, fields: Fields, rows: pl.DataFrame) -> list[Finding]:
    """Return what Pandera finds in ``rows``.

    It takes several times their memory, so a large file is looked at part by part: its checks are of single rows, but
    for the keys, whose hashes are looked at as a whole. Only a file that may not be clean is gone through at once.
    """
    may_be_clean = rows.height > PART_ROWS and (
        not schema.unique or rows.select(schema.unique).hash_rows().n_unique() == rows.height
    )
    if may_be_clean:
        of_rows = copy.copy(schema)
        of_rows.unique = None
        if all(not _offences(of_rows, part) for part in rows.iter_slices(PART_ROWS)):
            return []
    return [_explained(error, raw, fields) for error in _offences(schema, rows)]


def _offences(schema: pa.DataFrameSchema, rows: pl.DataFrame) -> list[SchemaError]:
    """Return Pandera's words on ``rows``."""
    try:
        schema.validate(rows, lazy=True)
    except SchemaErrors as errors:
        return list(errors.schema_errors)
    return []


def _check_header(raw: RawFile, fields: Fields) -> None:
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
    """Refuse a file without rows where it must have some, with days no calendar has, or its header among the rows."""
    if raw.rows.is_empty() and not may_be_empty:
        raise refusal("FEED-008", where=raw.label, found="a header without rows", expected="at least one row")
    for column, kind in raw.rows.select(raw.header).schema.items():
        if isinstance(kind, pl.Date | pl.Datetime):
            ticks = _TICKS_OF_DAY[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
            days = raw.rows.select("line", found=pl.col(column).to_physical() // ticks)
            untold = days.filter(~pl.col("found").is_between(*_DAYS_TOLD))
            if not untold.is_empty():
                expected = "a day of the years 1 to 9999, in days since 1970"
                raise rows_refused("FEED-020", file=raw.label, column=column, offenders=untold, expected=expected)
    if all(raw.rows.schema[column] == pl.String for column in raw.header):
        repeated = raw.rows.filter(pl.all_horizontal(pl.col(column) == column for column in raw.header))
        if not repeated.is_empty():
            column = raw.header[0]
            offenders = repeated.select("line", found=column)
            expected = "the header in row 1 only"
            raise rows_refused("FEED-013", file=raw.label, column=column, offenders=offenders, expected=expected)


def _typed(
    raw: RawFile, schema: pa.DataFrameSchema, fields: Fields, *, holding: Collection[str]
) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the rows with exact values in the units of the tables, and what cannot be read in the fields ``holding``.

    The first other column that cannot be read refuses the file.
    """
    findings = []
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
            finding = Finding(
                code="FEED-020",
                field=field,
                column=facts["column"],
                expected=facts["expected"],
                offenders=offenders,
            )
            if field not in holding:
                raise finding.as_error(raw.label)
            findings.append(finding)
    return pl.DataFrame(columns), findings


def _explained(error: SchemaError, raw: RawFile, fields: Fields) -> Finding:
    """Return what Pandera found in the words of the file: its own columns, rows and text."""
    if error.reason_code is SchemaErrorReason.DUPLICATES:
        keys = [column for field in error.schema.unique if (column := fields[field]["column"]) in raw.header]
        offenders = raw.rows.filter(raw.rows["line"].is_in(error.failure_cases["line"].implode())).select(
            "line", found=pl.concat_str(pl.col(keys).cast(pl.String).fill_null(""), separator=", ")
        )
        return Finding(code="FEED-030", field="", column="+".join(keys), expected="every key once", offenders=offenders)
    if "line" in error.failure_cases.columns:
        column, _, expected = str(error.check.error).partition(": ")
        field = next(field for field, facts in fields.items() if facts["column"] == column)
        failed = raw.rows["line"].is_in(error.failure_cases["line"].implode())
        code = CONTRADICTION
    else:
        field, facts = error.schema.name, fields[error.schema.name]
        column, expected = facts["column"], facts["expected"]
        failed = ~error.check_output.to_series()
        blank = error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS
        code = "FEED-021" if blank else _CODE_OF_CHECK.get(error.check.name, "FEED-022")
        if code == "FEED-024" and expected.startswith("one of "):
            code = "FEED-023"
    offenders = raw.rows.filter(failed).select("line", found=column)
    return Finding(code=code, field=field, column=column, expected=expected, offenders=offenders)


def _severity(error: FeedError) -> tuple[str, str]:
    """Return the order in which refusals of one file are told: plain cells before keys and contradictions."""
    return error.code, error.where
