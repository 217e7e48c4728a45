"""Which night may run: a session of the book, after the session before it has run."""

from __future__ import annotations

import datetime as dt

from assets.book import Book
from assets.sessions import require_session, session_before
from assets.store import Store, Version
from ledger.errors import NightOrderError


def require_night(*, book: Book, night: dt.date) -> None:
    """Refuse a ``night`` that is no session or lies before the book's first.

    Raises
    ------
    NightOrderError
        NIGHT-001 for a day without a session, NIGHT-004 for one before the book began.
    """
    require_session(night)
    first = book.settings.book.first_night
    if night < first:
        raise NightOrderError(
            code="NIGHT-004",
            where=f"night {night}",
            found=f"a night before the book's first, {first}",
            expected=f"{first} or a later session",
            remedy="Name a later night; a book has no lots before its first.",
        )


def head_before(asset: str, *, store: Store, book: Book, night: dt.date, shard: str | None = None) -> Version | None:
    """Return the partition of the session before ``night``; None on the book's first night.

    Raises
    ------
    NightOrderError
        NIGHT-003 where the session before has not run.
    """
    require_night(book=book, night=night)
    if night == book.settings.book.first_night:
        return None
    before = session_before(night)
    if not store.has(asset, night=before, shard=shard):
        raise NightOrderError(
            code="NIGHT-003",
            where=f"night {night}",
            found=f"no {asset} of the session before, {before}",
            expected="that night to have run",
            remedy=f"Run the night {before} first; `openbell backfill` runs several in order.",
        )
    return store.head(asset, night=before, shard=shard)
