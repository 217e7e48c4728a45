"""The nightly files of a real vendor, kept in a folder of real prices as one table, and who its symbols are.

The table ``vendor_feed*.parquet`` has the columns of the layout ``two_days`` and ``file_date``, the night on which the
vendor delivered the row. Rows go into a book as they were delivered; a session without any gets a file without rows.
"""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path

import polars as pl

from ledger.errors import FeedError

FEED_FILES = "vendor_feed*.parquet"


def vendor_rows(market: Path, *, night: dt.date) -> pl.DataFrame:
    """Return what the vendor delivered on ``night``: the columns of the layout, rows in the table's order."""
    rows = _delivered(market)
    return rows.filter(pl.col("file_date") == night).drop("file_date")


def write_vendor_file(market: Path, *, night: dt.date, folder: Path) -> None:
    """Write what the vendor delivered on ``night`` to ``folder``/vendor_prices.csv."""
    vendor_rows(market, night=night).write_csv(folder / "vendor_prices.csv")


def vendor_symbols(market: Path, *, security_ids: pl.Series) -> pl.DataFrame:
    """Return symbol, security_id, from_date and to_date of ``security_ids``, as the folder's own prices name them.

    A symbol in use on the last session has no to_date.
    """
    named = _named(market)
    last = pl.col("to_date").max()
    return (
        named.with_columns(to_date=pl.when(pl.col("to_date") < last).then("to_date"))
        .filter(pl.col("security_id").is_in(security_ids.implode()))
        .sort("symbol", "from_date")
    )


def covered_names(market: Path, *, night: dt.date) -> frozenset[str]:
    """Return the securities of which the vendor delivered a close of ``night``."""
    told = vendor_rows(market, night=night).filter(pl.col("date") == night).select("symbol")
    in_force = _named(market).filter(pl.lit(night).is_between(pl.col("from_date"), pl.col("to_date")))
    return frozenset(in_force.join(told, on="symbol", how="semi")["security_id"])


@functools.lru_cache(maxsize=2)
def _delivered(market: Path) -> pl.DataFrame:
    found = sorted(market.glob(FEED_FILES))
    if len(found) != 1:
        raise FeedError(
            code="FEED-063",
            where=f"market folder {market}",
            found=f"{len(found)} files {FEED_FILES}",
            expected="one, with what the vendor delivered each night",
            remedy="Put the vendor's table into the folder, or leave the vendor out.",
        )
    return pl.read_parquet(found[0]).with_columns(pl.col("date", "file_date").cast(pl.Date))


@functools.lru_cache(maxsize=2)
def _named(market: Path) -> pl.DataFrame:
    """Return symbol, security_id, from_date and to_date: the first and last session of a symbol of a security."""
    prices = pl.read_parquet(market / "prices.parquet", columns=["date", "symbol", "security_id"])
    day = pl.col("date").cast(pl.Date)
    spans = prices.group_by("symbol", "security_id").agg(from_date=day.min(), to_date=day.max())
    return spans.sort("symbol", "from_date")
