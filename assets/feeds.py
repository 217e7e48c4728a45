"""The feeds of a night: every file validated as a whole before anything is written.

`docs/feeds.md` lists every file, column and rule. A file that breaks one is refused with the row and the remedy; no
row is dropped or repaired.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from assets.archive import Archive
from assets.book import Book
from assets.feed_files import Feed, contracts_of, digest_of_file, find_file, label_of, require_folders
from assets.feed_references import check_references
from assets.night_order import require_night
from assets.sessions import session_before
from assets.store import Tables
from assets.vendor_names import VendorNight, require_usable, symbols_in_force, vendor_night
from ledger.errors import FeedError

IN_PARTS = frozenset({"opening_lots"})
"""Files whose rows are written as they are read: no stage needs all of them at once."""
PART_FILE_BYTES = 2**24
"""Larger files of `IN_PARTS` are read in parts: some million rows."""


class Intake:
    """The files of one night, each read and validated at most once."""

    def __init__(self, *, book: Book, night: dt.date) -> None:
        """Refuse a night that cannot run, or whose folders are missing."""
        require_night(book=book, night=night)
        require_folders(book=book, night=night)
        self.book = book
        self.night = night
        self._feeds: dict[str, Feed] = {}
        self._in_parts: dict[str, Feed] = {}
        self._vendor: VendorNight | None = None

    def rows(self, name: str) -> pl.DataFrame:
        """Return the rows of the file ``name``, held to its contract and to the files it refers to.

        Raises
        ------
        FeedError
            Where the file, or one it refers to, is missing or breaks its contract.
        """
        rows = self._read(name).rows
        check_references(name, read=self._read, book=self.book, night=self.night)
        if name == "vendor_prices":
            require_usable(self.vendor(), expected=self.names_expected(), book=self.book)
        return rows.drop("line")

    def parts(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield the rows of the file ``name`` as `rows` returns them, part by part where it is large Parquet.

        Such a file is held to its contract as a whole only when the last part was taken: keys may stand in two parts.

        Raises
        ------
        FeedError
            Where the file, or one it refers to, is missing or breaks its contract.
        """
        from assets.feed_reader import read_parts  # noqa: PLC0415 - as in `_read`

        path = find_file(name, book=self.book, night=self.night)
        if name in self._feeds or path is None or not _comes_in_parts(path):
            yield self.rows(name)
            return
        key = _key_of(path, book=self.book, night=self.night)
        is_clean = _kept is not None and key in _clean
        for feed in read_parts(name, path, book=self.book, night=self.night, is_clean=is_clean):
            self._in_parts[name] = Feed(feed.label, feed.digest, feed.rows.clear())
            try:
                check_references(name, read=self._reading(name, feed), book=self.book, night=self.night)
            except FeedError:
                self.rows(name)  # the offence that is told first is the first of the whole file
                raise
            yield feed.rows.drop("line")
        if name not in self._in_parts:
            yield self.rows(name)
        if _kept is not None:
            _clean.add(key)

    def _reading(self, name: str, part: Feed) -> Callable[[str], Feed]:
        """Return a reader to which ``part`` is all of the file ``name``."""
        return lambda other: part if other == name else self._read(other)

    def vendor(self) -> VendorNight:
        """Return what the vendor's file of the night says of the book's securities.

        Raises
        ------
        FeedError
            Where the file is missing, cannot be read as a whole, or tells too few of the names expected (FEED-071).
        """
        from assets.vendor_file import read_vendor_file  # noqa: PLC0415 - as in `_read`

        if self._vendor is None:
            path = find_file("vendor_prices", book=self.book, night=self.night)
            assert path is not None, "its contract requires it"
            label, before = label_of(path, book=self.book), session_before(self.night)
            file = read_vendor_file(
                path, label=label, night=self.night, before=before, limits=self.book.settings.intake
            )
            symbols = symbols_in_force(self._read("vendor_symbols"), self._read("securities"), night=self.night)
            self._vendor = vendor_night(file, symbols=symbols)
        return self._vendor

    def names_expected(self) -> pl.DataFrame:
        """Return security_id of the names that need a close tonight: those in a benchmark or owned."""
        weights, positions = self._read("benchmark").rows, self._read("positions").rows
        wanted = [
            weights.filter(pl.col("weight") > 0).select("security_id"),
            positions.filter(pl.col("micro_shares") > 0).select("security_id"),
        ]
        return pl.concat(wanted).unique().sort("security_id")

    def has(self, name: str) -> bool:
        """Return whether the optional file ``name`` was delivered."""
        return self._read(name).digest is not None

    def note_reads(self, tables: Tables) -> None:
        """Note the digest of every file read so far among what ``tables`` were made from, and keep its bytes."""
        archive = Archive(self.book.path)
        for feed in (*self._feeds.values(), *self._in_parts.values()):
            if feed.digest is not None:
                archive.keep(self.book.path / feed.label, label=feed.label, digest=feed.digest)
                tables.read_file(name=feed.label, digest=feed.digest)
        archive.settle()

    def _read(self, name: str) -> Feed:
        # Here, because Pandera takes seconds to import and most processes of a night read no feed.
        from assets.feed_reader import read_feed  # noqa: PLC0415

        if name not in self._feeds:
            if self.book.reads_vendor_file and name in {"prices", "vendor_prices"}:
                self._feeds[name] = self.vendor().as_prices()
            else:
                self._feeds[name] = _read_once(name, read_feed, book=self.book, night=self.night)
        return self._feeds[name]


_kept: dict[tuple[object, ...], Feed] | None = None
"""What `reading_once` keeps, while it does."""
_clean: set[tuple[object, ...]] = set()
"""The files that were read in parts, and found to keep their contracts, while it does."""


@contextlib.contextmanager
def reading_once() -> Iterator[None]:
    """Let every file be read and validated once within the block, however many stages of this process ask for it.

    A file that changes on the disk meanwhile is read anew.
    """
    global _kept  # noqa: PLW0603  # one for the process: the stages are called by Dagster, which hands nothing on
    _kept = {}
    try:
        yield
    finally:
        _kept = None
        _clean.clear()


def _read_once(name: str, read: Callable[..., Feed], *, book: Book, night: dt.date) -> Feed:
    path = None if _kept is None else find_file(name, book=book, night=night)
    if _kept is None or path is None:
        return read(name, book=book, night=night)
    key = _key_of(path, book=book, night=night)
    if key not in _kept:
        _kept[key] = read(name, book=book, night=night)
    return _kept[key]


def _key_of(path: Path, *, book: Book, night: dt.date) -> tuple[object, ...]:
    """Return what another state of the file would not have."""
    facts = path.stat()
    return path, book.settings.model_dump_json(), night, facts.st_ino, facts.st_size, facts.st_mtime_ns


def _comes_in_parts(path: Path) -> bool:
    """Return whether a file may be larger than what is to lie in memory at once."""
    return path.suffix == ".parquet" and path.stat().st_size > PART_FILE_BYTES


def files_of(*, book: Book, night: dt.date) -> list[str]:
    """Return the names of the files that the night reads; those of the opening on the first night only."""
    first = night == book.settings.book.first_night
    contracts = contracts_of(book).items()
    return [name for name, contract in contracts if first or not contract.first_night_only]


def validate_feeds(*, book: Book, night: dt.date) -> dict[str, str]:
    """Validate every file that the night reads; nothing is written. Return the accounts whose policy holds them: why.

    Raises
    ------
    NightOrderError
        Where the night is no session or lies before the book's first.
    FeedError
        The first refusal, in the order of `CONTRACTS`.
    """
    intake = Intake(book=book, night=night)
    for name in files_of(book=book, night=night):
        if name in IN_PARTS:
            for _ in intake.parts(name):
                pass
        else:
            intake.rows(name)
    faulty = intake.rows("accounts").filter(pl.col("policy_fault").is_not_null()).sort("account_id")
    return dict(faulty.select("account_id", "policy_fault").iter_rows())


def feed_digests(*, book: Book, night: dt.date) -> dict[str, str]:
    """Return sha256 of every file that the night reads, by its path within the book: the key of a run.

    Raises
    ------
    FeedError
        Where a required file or folder is missing, or a file is there in two forms.
    """
    require_folders(book=book, night=night)
    found = (find_file(name, book=book, night=night) for name in files_of(book=book, night=night))
    return {label_of(path, book=book): digest_of_file(path) for path in found if path is not None}
