"""Where the files of a night lie: one of three forms of each, plain files, and none that the contract does not know.

A link could lead to any file of the machine, whose bytes would be kept and told in errors; a pipe or a device never
ends. Neither is read.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import os
import stat
from pathlib import Path

import polars as pl

from assets.book import Book
from assets.feed_contracts import CONTRACTS, Contract
from assets.feed_errors import place, refusal
from ledger.errors import FeedError

FORMS = (".csv", ".csv.gz", ".parquet")


@dataclasses.dataclass(frozen=True, slots=True)
class Feed:
    """The rows of one file, as its contract types them, with ``line``, their place in it."""

    label: str
    """Its path within the book."""
    digest: str | None
    """sha256 of the file; None where an optional file is absent, which says that there are no rows."""
    rows: pl.DataFrame


def contracts_of(book: Book) -> dict[str, Contract]:
    """Return the contracts of the files that ``book`` reads; another file is unknown to it."""
    with_lots, with_vendor = book.keeps_broker_lots, book.reads_vendor_file
    return {
        name: contract
        for name, contract in CONTRACTS.items()
        if (with_lots or not contract.of_custodian_lots) and contract.of_vendor in {None, with_vendor}
    }


def folder_of(name: str, *, book: Book, night: dt.date) -> Path:
    """Return the folder in which the file ``name`` of the night lies."""
    return book.path / "static" if CONTRACTS[name].folder == "static" else book.feeds(night)


def label_of(path: Path, *, book: Book) -> str:
    """Return ``path`` within the book, as errors and manifests name it."""
    return path.relative_to(book.path).as_posix()


def require_folders(*, book: Book, night: dt.date) -> None:
    """Refuse a missing folder, or data files in one whose names the contract does not know.

    A misspelt optional file would otherwise be taken for a quiet night.
    """
    for name in ("accounts", "prices"):
        folder = folder_of(name, book=book, night=night)
        if not folder.is_dir():
            raise refusal(
                "FEED-001", where=label_of(folder, book=book), found="no folder", expected="the night's files"
            )
        if folder.is_symlink() and CONTRACTS[name].folder == "feeds":
            raise not_plain(label_of(folder, book=book), "a symbolic link")
        known = {other for other, contract in contracts_of(book).items() if contract.folder == CONTRACTS[name].folder}
        for path in sorted(folder.iterdir()):
            form = next((form for form in FORMS if path.name.endswith(form)), None)
            if form and not path.name.startswith(".") and path.name.removesuffix(form) not in known:
                expected = "a file named " + ", ".join(sorted(known))
                raise refusal(
                    "FEED-009", where=place(label_of(path, book=book)), found="an unknown file", expected=expected
                )


def find_file(name: str, *, book: Book, night: dt.date) -> Path | None:
    """Return the one form of the file ``name`` that is there, or None where it may be absent and is."""
    folder = folder_of(name, book=book, night=night)
    found = [path for form in FORMS if os.path.lexists(path := folder / f"{name}{form}")]
    if len(found) > 1:
        forms = " and ".join(path.name for path in found)
        raise refusal("FEED-003", where=label_of(folder, book=book), found=forms, expected=f"one form of {name}")
    if not found and CONTRACTS[name].required:
        where = f"{label_of(folder, book=book)}/{name}.csv"
        raise refusal("FEED-002", where=where, found="no file", expected="one, in some form")
    if not found:
        return None
    _require_plain(found[0], label=label_of(found[0], book=book), bytes_max=book.settings.intake.file_bytes_max)
    return found[0]


def _require_plain(path: Path, *, label: str, bytes_max: int) -> None:
    """Refuse what is no plain file, or a larger one than the book allows, without opening it."""
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise not_plain(label, _kind(facts.st_mode))
    if facts.st_size > bytes_max:
        raise refusal("FEED-005", where=label, found=f"{facts.st_size} bytes", expected=f"at most {bytes_max}")


def _kind(mode: int) -> str:
    for is_kind, name in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if is_kind(mode):
            return name
    return "a device"


def not_plain(label: str, found: str) -> FeedError:
    """Return the refusal of what is no plain file."""
    return refusal("FEED-015", where=label, found=found, expected="a plain file or folder in its own place")


def open_plain(path: Path) -> io.BufferedReader:
    """Open a file for reading; what became a link or pipe since it was found is not followed and not waited for."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def digest_of_file(path: Path) -> str:
    """Return sha256 of the bytes of ``path``."""
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
