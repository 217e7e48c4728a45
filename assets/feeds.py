"""The feeds of a night: every file validated as a whole before anything is written.

`docs/feeds.md` lists every file, column and rule. A file that breaks one is refused with the row and the remedy; no
row is dropped or repaired.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator

import polars as pl

from assets.archive import Archive
from assets.book import Book
from assets.feed_files import Feed, contracts_of, digest_of_file, find_file, label_of, require_folders
from assets.feed_references import check_references
from assets.night_order import require_night
from assets.sessions import session_before
from assets.store import Tables
from assets.vendor_names import VendorNight, require_usable, symbols_in_force, vendor_night


class Intake:
    """The files of one night, each read and validated at most once."""

    def __init__(self, *, book: Book, night: dt.date) -> None:
        """Refuse a night that cannot run, or whose folders are missing."""
        require_night(book=book, night=night)
        require_folders(book=book, night=night)
        self.book = book
        self.night = night
        self._feeds: dict[str, Feed] = {}
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
        for feed in self._feeds.values():
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


def _read_once(name: str, read: Callable[..., Feed], *, book: Book, night: dt.date) -> Feed:
    path = None if _kept is None else find_file(name, book=book, night=night)
    if _kept is None or path is None:
        return read(name, book=book, night=night)
    facts = path.stat()
    key = (path, book.settings.model_dump_json(), night, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    if key not in _kept:
        _kept[key] = read(name, book=book, night=night)
    return _kept[key]


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
