"""Whose closes a vendor's file tells: symbols become securities as of the night, and each security has one row.

A symbol is no identity: it is used again by other companies. Both sessions of a file go by the symbols of its night,
for so the vendor writes them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from assets.book import Book
from assets.feed_errors import refusal, rows_refused
from assets.feed_files import Feed

if TYPE_CHECKING:
    from assets.vendor_file import VendorFile

VENDOR_CLOSE = {
    "security_id": pl.String,
    "symbol": pl.String,
    "line": pl.Int64,
    "close_microusd": pl.Int64,
    "volume": pl.Float64,
    "contradicts": pl.Boolean,
    "earlier_microusd": pl.Int64,
    "earlier_adjusted_microusd": pl.Int64,
}


@dataclasses.dataclass(frozen=True, slots=True)
class VendorNight:
    """What the file of a night says of the book's securities."""

    file: VendorFile
    closes: pl.DataFrame
    """The columns of `VENDOR_CLOSE`, by security: those of the night and, as ``earlier``, of the session before."""
    unknown: pl.DataFrame
    """symbol and line of the symbols that are nobody's tonight, by symbol."""

    def as_prices(self) -> Feed:
        """Return the night's closes as the file `prices` would tell them."""
        told = self.closes.filter(pl.col("close_microusd").is_not_null())
        return Feed(self.file.label, self.file.digest, told.select("line", "security_id", "close_microusd"))


def symbols_in_force(symbols: Feed, securities: Feed, *, night: dt.date) -> pl.DataFrame:
    """Return symbol and security_id on ``night``: the rows of ``symbols``, or without any those of ``securities``.

    Of securities.csv a symbol that several securities have is nobody's.

    Raises
    ------
    FeedError
        Where two rows of ``symbols`` give one symbol to two securities tonight.
    """
    if symbols.digest is None:
        alone = pl.len().over("symbol") == 1
        return securities.rows.filter(alone).select("symbol", "security_id").sort("symbol")
    begun = pl.col("from_date").fill_null(dt.date.min) <= night
    lasts = pl.col("to_date").fill_null(dt.date.max) >= night
    rows = symbols.rows.filter(begun & lasts)
    twice = rows.filter(pl.col("security_id").n_unique().over("symbol") > 1)
    if not twice.is_empty():
        raise rows_refused(
            "FEED-070",
            file=symbols.label,
            column="symbol",
            offenders=twice.select("line", found="symbol"),
            expected=f"one security for a symbol on {night}",
        )
    return rows.select("symbol", "security_id").unique().sort("symbol")


def vendor_night(file: VendorFile, *, symbols: pl.DataFrame) -> VendorNight:
    """Return what ``file`` says of the securities of ``symbols`` (symbol, security_id).

    Where the rows of one security and session contradict each other none of them is used.
    """
    rows = file.rows.join(symbols, on="symbol", how="left", maintain_order="left")
    unknown = rows.filter(pl.col("security_id").is_null()).group_by("symbol").agg(pl.col("line").min()).sort("symbol")
    rows = rows.filter(pl.col("security_id").is_not_null())
    key = ["security_id", "tonight"]
    told = ["close_microusd", "adjusted_microusd", "volume"]
    one = rows.group_by(key, maintain_order=True).agg(
        pl.col("symbol", "line", *told).first(), contradicts=pl.struct(told).n_unique() > 1
    )
    clear = ~pl.col("contradicts")
    tonight = one.filter("tonight").select(
        "security_id",
        "symbol",
        "line",
        "contradicts",
        close_microusd=pl.when(clear).then("close_microusd"),
        volume=pl.when(clear).then("volume"),
    )
    earlier = one.filter(~pl.col("tonight")).select(
        "security_id",
        symbol_before="symbol",
        line_before="line",
        earlier_microusd=pl.when(clear).then("close_microusd"),
        earlier_adjusted_microusd=pl.when(clear).then("adjusted_microusd"),
    )
    closes = tonight.join(earlier, on="security_id", how="full", coalesce=True).with_columns(
        pl.coalesce("symbol", "symbol_before").alias("symbol"),
        pl.coalesce("line", "line_before").alias("line"),
        pl.col("contradicts").fill_null(value=False),
    )
    return VendorNight(file, closes.select(VENDOR_CLOSE.keys()).cast(VENDOR_CLOSE).sort("security_id"), unknown)  # type: ignore[arg-type]


def require_usable(told: VendorNight, *, expected: pl.DataFrame, book: Book) -> None:
    """Refuse a file with the closes of too few of the ``expected`` names (security_id) to run a night on.

    Raises
    ------
    FeedError
        FEED-071, below the share that book.toml asks for.
    """
    found = expected.join(told.as_prices().rows, on="security_id", how="semi").height
    least = book.settings.vendor.usable_share_min
    if found < least * expected.height:
        raise refusal(
            "FEED-071",
            where=told.file.label,
            found=f"closes of the night for {found} of {expected.height} names in a benchmark or owned",
            expected=f"at least {least:.0%}",
        )
