"""What the files of a night must be to each other: names known, balances whole, weights that sum to one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from assets.book import Book
from assets.feed_errors import refusal, rows_refused
from assets.feed_files import Feed

Reader = Callable[[str], Feed]

KNOWN = {
    "identical_groups": {"security_id": "securities"},
    "restrictions": {"account_id": "accounts"},
    "opening_lots": {"account_id": "accounts", "security_id": "securities"},
    "opening_cash": {"account_id": "accounts"},
    "price_confirmations": {"security_id": "securities"},
    "vendor_symbols": {"security_id": "securities"},
    "prices": {"security_id": "securities"},
    "corporate_actions": {"security_id": "securities", "new_security_id": "securities"},
    "benchmark": {"security_id": "securities"},
    "activity": {"account_id": "accounts"},
    "custodian_lots": {"account_id": "accounts", "security_id": "securities"},
    "flows": {"account_id": "accounts"},
}
"""Which columns of a file name a security or an account that another file must know.

Not those of rulings: what was frozen once may have left the book, and a ruling is never taken out of its file. That a
new one names what the book has is asked where it is entered (`assets/ruling_entry.py`).
"""
KEY = {"securities": "security_id", "accounts": "account_id"}


def check_references(name: str, *, read: Reader, book: Book, night: dt.date) -> None:
    """Refuse the file ``name`` where it contradicts another of the night; ``read`` gives any of them.

    Raises
    ------
    FeedError
        Naming the row of ``name`` (or of accounts, for a missing benchmark) and the file it contradicts.
    """
    feed = read(name)
    for column, target in KNOWN.get(name, {}).items():
        known = read(target)
        _require_known(feed, column, known=known.rows[KEY[target]], of=f"a {KEY[target]} of {known.label}")
    if name == "restrictions":
        _check_restrictions(feed, securities=read("securities"))
    if name == "benchmark":
        _check_weights(feed, tolerance=book.settings.trust.weight_sum_tolerance)
        stated = feed.rows["benchmark_id"]
        _require_known(read("accounts"), "benchmark_id", known=stated, of=f"a benchmark_id of {feed.label}")
    if name in {"cash", "opening_cash"}:
        _require_all_accounts(feed, accounts=read("accounts"))
    if name == "custodian_lots":
        _require_dates(feed, "acquired_date", until=night, of=f"the night, {night}, or an earlier day")
    if name == "opening_lots":
        first = book.settings.book.first_night
        _require_dates(feed, "acquired_date", until=first, of=f"the book's first night, {first}, or an earlier day")
    if name == "return_history":
        _require_dates(feed, "session", until=night, of=f"the book's first night, {night}, or an earlier session")


def _require_known(feed: Feed, column: str, *, known: pl.Series, of: str) -> None:
    """Refuse rows whose ``column`` is filled with what ``known`` does not hold."""
    unknown = feed.rows.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(known.unique().implode()))
    if not unknown.is_empty():
        offenders = unknown.select("line", found=column)
        raise rows_refused("FEED-040", file=feed.label, column=column, offenders=offenders, expected=of)


def _require_dates(feed: Feed, column: str, *, until: dt.date, of: str) -> None:
    """Refuse rows dated after ``until``."""
    late = feed.rows.filter(pl.col(column) > until).select("line", found=column)
    if not late.is_empty():
        raise rows_refused("FEED-032", file=feed.label, column=column, offenders=late, expected=of)


def _require_all_accounts(feed: Feed, *, accounts: Feed) -> None:
    """Refuse balances that leave an account of the book out."""
    missing = accounts.rows.join(feed.rows, on="account_id", how="anti")["account_id"].sort()
    if missing.len():
        others = f" and {missing.len() - 1} more" if missing.len() > 1 else ""
        found = f"no row for the account {missing[0]!r}{others}"
        expected = f"one row for every account of {accounts.label}"
        raise refusal("FEED-041", where=feed.label, found=found, expected=expected)


def _check_weights(feed: Feed, *, tolerance: float) -> None:
    """Refuse a benchmark whose weights do not sum to one."""
    sums = feed.rows.sort("benchmark_id", "security_id").group_by("benchmark_id", maintain_order=True)
    wrong = sums.agg(pl.col("line").first(), pl.col("weight").sum()).filter((pl.col("weight") - 1).abs() > tolerance)
    if not wrong.is_empty():
        benchmark, _, weight = wrong.row(0)
        raise refusal(
            "FEED-042",
            where=f"{feed.label} benchmark {benchmark!r} column weight",
            found=f"a sum of {weight:.9g}",
            expected=f"1 within {tolerance:g}",
        )


def _check_restrictions(feed: Feed, *, securities: Feed) -> None:
    """Refuse restrictions on what the book does not know, and two of one kind at the same time."""
    for on_what, column in (("security", "security_id"), ("sector", "sector")):
        rows = Feed(feed.label, feed.digest, feed.rows.filter(pl.col("on_what") == on_what))
        _require_known(rows, "value", known=securities.rows[column], of=f"a {column} of {securities.label}")
    key = ["account_id", "kind", "on_what", "value"]
    begins = pl.col("from_date").fill_null(dt.date.min)
    ends_before = pl.col("to_date").fill_null(dt.date.max).shift(1).over(key, order_by=begins)
    overlapping = feed.rows.filter(begins <= ends_before).select("line", found="value")
    if not overlapping.is_empty():
        expected = "one restriction of a kind on a value at a time"
        raise rows_refused("FEED-043", file=feed.label, column="from_date", offenders=overlapping, expected=expected)
