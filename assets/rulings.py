"""Rulings: what an operator decides about the book, as dated events in one file that only grows.

A ruling freezes or releases an account, a household, a security or the whole book, or accepts a break (or withdraws
the acceptance). `BOOK/static/rulings.csv` is the only place in which rulings stand: a row is added under a lock and
the file replaced at once, so that of two processes both rulings stand and every reader sees a whole file. What is in
force follows from the set of rows alone, by their numbers; the order of the rows, and the clock, mean nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
from collections.abc import Iterator

import polars as pl

from assets.archive import Archive
from assets.book import Book
from assets.feed_files import Feed, digest_of_file, find_file

NAME = "rulings"
COLUMNS = (
    "ruling_id", "at", "kind", "account_id", "household_id", "security_id", "difference", "from_night", "to_night",
    "role", "reason",
)  # fmt: skip
"""The columns of the file, in the order in which a new one has them."""
SWITCH_COLUMNS = ("scope", "target", "ruling_id", "reason")
ACCEPTANCE_COLUMNS = ("ruling_id", "account_id", "security_id", "difference_micro", "reason")


def read_rulings(book: Book) -> Feed:
    """Return the rulings of the book as its file states them, in order of their numbers; none where it is absent.

    Raises
    ------
    FeedError
        Where the file breaks its contract: a switch that cannot be read is not taken for one that is off.
    """
    # Here, because Pandera takes seconds to import and most processes of a night read no feed.
    from assets.feed_reader import read_feed  # noqa: PLC0415

    feed = read_feed(NAME, book=book, night=book.settings.book.first_night)
    return dataclasses.replace(feed, rows=in_order(feed.rows.drop("line")))


def digest_of_rulings(book: Book) -> str | None:
    """Return the digest of the file as it stands now; None where there is none."""
    path = find_file(NAME, book=book, night=book.settings.book.first_night)
    return digest_of_file(path) if path is not None else None


def keep_rulings(book: Book, feed: Feed) -> dict[str, str]:
    """Keep the bytes of the file that was read, for replays; return its digest by its path within the book."""
    if feed.digest is None:
        return {}
    Archive(book.path).keep(book.path / feed.label, label=feed.label, digest=feed.digest)
    return {feed.label: feed.digest}


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rulings in the order of their numbers."""
    return rows.sort(pl.col("ruling_id").str.slice(1).cast(pl.Int64))


def switches_in_force(rows: pl.DataFrame) -> pl.DataFrame:
    """Return scope, target, ruling_id and reason of every switch that is on; the book's own target is blank.

    Of the freezes and releases of one target the one with the highest number counts.
    """
    target = ("account_id", "household_id", "security_id")
    last = in_order(rows).filter(pl.col("kind").is_in(["freeze", "release"])).group_by(target).last()
    scope = pl.coalesce(
        *(pl.when(pl.col(column).is_not_null()).then(pl.lit(column.removesuffix("_id"))) for column in target),
        pl.lit("book"),
    )
    switches = last.filter(pl.col("kind") == "freeze").with_columns(
        scope=scope, target=pl.coalesce(*target, pl.lit(""))
    )
    return switches.select(SWITCH_COLUMNS).sort("scope", "target")


def acceptances(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of all acceptances of breaks that are not withdrawn; one without a security is of cash.

    Of the acceptances and withdrawals of one account and security the one with the highest number counts.
    """
    stated = in_order(rows).filter(pl.col("kind").is_in(["accept", "withdraw"]))
    last = stated.group_by("account_id", "security_id").last()
    return last.filter(pl.col("kind") == "accept").sort("account_id", "security_id", nulls_last=True)


def acceptances_in_force(rows: pl.DataFrame, *, night: dt.date) -> pl.DataFrame:
    """Return the acceptances that hold on ``night``, with the columns that the night's tables keep of them."""
    holds = (pl.col("from_night") <= night) & (pl.col("to_night").fill_null(night) >= night)
    return acceptances(rows).filter(holds).select(ACCEPTANCE_COLUMNS)


@contextlib.contextmanager
def rulings_held(book: Book) -> Iterator[None]:
    """Hold the file: nobody else adds a ruling until the block ends; waits for whoever holds it now.

    The system lets the lock go when the process ends, however it ends.
    """
    folder = book.path / "store" / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{NAME}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
