"""Weeks of nights unattended: the simulated custodian and market write each session's feeds, the line runs it."""

from __future__ import annotations

import datetime as dt

from assets.book import Book
from assets.store import Store
from ledger.errors import SettingError
from pipelines.arrivals import nights_in
from pipelines.custodian import write_next_feeds
from pipelines.headless import NightResult, Workers, run_night
from pipelines.watch import progress, tell_policy_faults


def simulate_nights(book: Book, *, nights: int, workers: int | None, show_progress: bool) -> list[NightResult]:
    """Run the next ``nights`` nights: the last whose feeds are in, where it is not published yet, then new ones.

    Raises
    ------
    SettingError
        Where the book's market cannot be simulated, because its feeds come from outside.
    """
    if book.settings.market.source == "feeds":
        raise SettingError(
            code="SET-006",
            where=f"{book.path / 'book.toml'} key market.source",
            found="feeds",
            expected="synthetic or directory",
            remedy="A book on outside feeds is run with `openbell night`.",
        )
    store = Store(book.path)
    results: list[NightResult] = []
    with Workers(book, workers=workers) as pool, progress(show_progress, total=nights) as (describe, advance):
        for _ in range(nights):
            night = next_night(book, store)
            describe(str(night))
            results.append(run_night(pool, night=night, tell=tell_policy_faults))
            advance()
    return results


def next_night(book: Book, store: Store) -> dt.date:
    """Return the night to run next; writes its feeds unless they are in."""
    latest = nights_in(book)[-1]
    return write_next_feeds(book, night=latest) if store.is_sealed(latest) else latest
