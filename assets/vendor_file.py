"""A vendor's own file of closes, in the layout that book.toml names: read row by row, and nothing guessed.

``two_days``: for every symbol a row of the night and one of the session before, with the raw and the adjusted close;
docs/vendor-feeds.md lists the columns. Such files come damaged on ordinary nights. A row that cannot be read is left
out and told; only a file that cannot be read as a whole, or lacks a column, is refused.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from assets.book import Intake
from assets.feed_errors import refusal, shown
from assets.feed_models import ID, schema_of
from assets.feed_raw import RawFile, read_raw
from assets.feed_values import READERS

LEFT_OUT = {"line": pl.Int64, "symbol": pl.String, "column_name": pl.String, "found": pl.String, "expected": pl.String}
HALF_CENT = 5_000
"""Micro-dollars by which a close may lie outside its day's range: vendors round prices one by one."""
_UNPRINTABLE = r"[^ -~]"
_FOUND_MAX = 80


@dataclasses.dataclass(frozen=True, slots=True)
class VendorFile:
    """The rows of one night's file."""

    label: str
    """Its path within the book."""
    digest: str
    rows: pl.DataFrame
    """line, symbol, session, close_microusd, adjusted_microusd, volume and tonight (of the night, or the session before
    it), by line; identical rows once."""
    left_out: pl.DataFrame
    """The columns of `LEFT_OUT`, by line: the rows that could not be read."""
    repeated: int
    """How many rows came again, word for word."""


def read_vendor_file(path: Path, *, label: str, night: dt.date, before: dt.date, limits: Intake) -> VendorFile:
    """Return the file of ``night``; ``before`` is the session before it.

    Raises
    ------
    FeedError
        Where the file cannot be read as a whole, or its header is not that of the layout.
    """
    raw = read_raw(path, label=label, limits=limits, keep_ragged=True)
    schema = schema_of("vendor_prices", header=raw.header)
    fields = {field: column.metadata for field, column in schema.columns.items() if column.metadata}
    _check_header(raw, fields)
    rows, left_out = raw.rows, [_ragged(raw)]
    if all(rows.schema[column] == pl.String for column in raw.header):
        header = pl.all_horizontal(pl.col(column) == column for column in raw.header)
        left_out.append(_refused(rows, header, column="symbol", expected="a row of a symbol, not the header again"))
        rows = rows.filter(~header.fill_null(value=False))
    typed = _typed(rows, fields=fields, header=raw.header)
    for column, expected, is_good in _questions(fields, header=raw.header, night=night, before=before):
        bad = ~is_good.fill_null(value=False)
        refused = typed.select("line", bad=bad).filter("bad").select("line")
        offenders = rows.join(refused, on="line", how="semi", maintain_order="left")
        left_out.append(_refused(offenders, pl.lit(value=True), column=column, expected=expected))
        rows = rows.join(refused, on="line", how="anti", maintain_order="left")
        typed = typed.filter(~bad)
    once = rows.unique(raw.header, keep="first", maintain_order=True)
    typed = typed.join(once.select("line"), on="line", how="semi", maintain_order="left")
    told = typed.select(
        "line", "symbol", "session", "close_microusd", "adjusted_microusd", "volume", tonight=pl.col("session") == night
    )
    return VendorFile(
        label=raw.label,
        digest=raw.digest,
        rows=told.sort("line"),
        left_out=pl.concat(left_out).sort("line"),
        repeated=rows.height - once.height,
    )


def _check_header(raw: RawFile, fields: dict[str, dict[str, Any]]) -> None:
    """Refuse columns that the layout does not have, and missing ones."""
    known = [facts["column"] for facts in fields.values()]
    wanted = [facts["column"] for facts in fields.values() if not facts["absent"]]
    unknown = [column for column in raw.header if column not in known]
    missing = [column for column in wanted if column not in raw.header]
    if unknown:
        where = f"{raw.label} row 1 column {shown(unknown[0])}"
        raise refusal("FEED-010", where=where, found="an unknown column", expected="only " + ", ".join(known))
    if missing:
        where = f"{raw.label} row 1 column {missing[0]}"
        raise refusal("FEED-011", where=where, found="no such column", expected="the columns " + ", ".join(wanted))


def _typed(rows: pl.DataFrame, *, fields: dict[str, dict[str, Any]], header: tuple[str, ...]) -> pl.DataFrame:
    """Return the values of ``rows`` in the units of the tables; what cannot be read is null."""
    columns = {"line": rows["line"]}
    for field, facts in fields.items():
        there = facts["column"] in header
        cells = rows[facts["column"]] if there else pl.Series([None] * rows.height, dtype=pl.String)
        columns[field] = READERS[facts["reads"]](cells).rename(field)
        if facts["absent"]:
            # A cell that may be blank, and is not, must be readable; a blank one says nothing.
            columns[f"{field}_is_readable"] = columns[field].is_not_null() | cells.is_null()
    return pl.DataFrame(columns)


def _questions(
    fields: dict[str, dict[str, Any]], *, header: tuple[str, ...], night: dt.date, before: dt.date
) -> list[tuple[str, str, pl.Expr]]:
    """Return column, expectation and test of everything that is asked of a row, in order; the first "no" is told."""
    close = pl.col("close_microusd")
    low, high = pl.col("low_microusd"), pl.col("high_microusd")
    asked = [
        ("symbol", fields["symbol"]["expected"], pl.col("symbol").str.contains(ID)),
        ("date", f"{night}, or {before}, the session before", pl.col("session").is_in([night, before])),
        ("close", fields["close_microusd"]["expected"], close > 0),
        ("adj_close", fields["adjusted_microusd"]["expected"], pl.col("adjusted_microusd") > 0),
    ]
    for field in ("open_microusd", "high_microusd", "low_microusd", "volume"):
        facts = fields[field]
        least = pl.col(field).fill_null(1) > 0 if facts["reads"] == "micro" else pl.col(field).fill_null(0) >= 0
        asked.append((facts["column"], facts["expected"], pl.col(f"{field}_is_readable") & least))
    in_range = (close >= low.fill_null(close) - HALF_CENT) & (close <= high.fill_null(close) + HALF_CENT)
    asked.append(("close", "a close between the low and the high of its day", in_range))
    return [question for question in asked if question[0] in header]


def _refused(rows: pl.DataFrame, offends: pl.Expr, *, column: str, expected: str) -> pl.DataFrame:
    """Return the rows of ``rows`` that offend, as they are told."""
    cell = pl.col(column).cast(pl.String)
    told = rows.filter(offends).select(
        "line",
        symbol=pl.col("symbol").cast(pl.String),
        column_name=pl.lit(column),
        found=pl.when(cell.is_null()).then(pl.lit("a blank cell")).otherwise(pl.format("'{}'", cell)),
        expected=pl.lit(expected),
    )
    return _printable(told)


def _ragged(raw: RawFile) -> pl.DataFrame:
    """Return the rows with more or fewer cells than the header, as they are told."""
    told = raw.ragged.select(
        "line",
        symbol=pl.col("text").str.split(",").list.first(),
        column_name=pl.lit("symbol"),
        found=pl.format("{} cells", "cells"),
        expected=pl.lit(f"{len(raw.header)}, as in the header"),
    )
    return _printable(told)


def _printable(told: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose texts, which come from a damaged file, can be shown to anybody."""
    texts = [
        pl.col(column).str.replace_all(_UNPRINTABLE, "?").str.slice(0, _FOUND_MAX) for column in ("symbol", "found")
    ]
    return told.with_columns(texts).cast(LEFT_OUT).select(LEFT_OUT.keys())  # type: ignore[arg-type]
