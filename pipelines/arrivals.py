"""Arrivals: which nights' feeds are in, which have been read, and what comes next. Facts from the files alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

from assets.book import Book
from assets.locks import is_held, night_lock
from assets.sessions import is_session, session_before
from assets.store import Store
from assets.trade_tables import ANSWER, answered_shards, is_of_settings
from pipelines.deadline import deadline_has_passed

INGESTED = (
    "corporate_actions",
    "prices",
    "benchmark_weights",
    "risk_model",
    "account_policies",
    "account_shards",
    "custodian_activity",
    "custodian_positions",
)
REQUIRED_FEEDS = ("prices", "benchmark", "positions", "cash")


def feeds_are_in(book: Book, night: dt.date) -> bool:
    """Return whether every required feed of the night has arrived under its final name."""
    folder = book.feeds(night)
    return all(
        any((folder / f"{feed}{ending}").exists() for ending in (".csv", ".csv.gz", ".parquet"))
        for feed in required_feeds(book)
    )


def required_feeds(book: Book) -> tuple[str, ...]:
    """Return the feeds without which no night of ``book`` can run."""
    return tuple("vendor_prices" if feed == "prices" and book.reads_vendor_file else feed for feed in REQUIRED_FEEDS)


def is_ingested(book: Book, store: Store, night: dt.date) -> bool:
    """Return whether every market and accounts asset of the night is in the store."""
    lots = ("custodian_lots",) if book.keeps_broker_lots else ()
    vendor = ("vendor_prices",) if book.reads_vendor_file else ()
    return all(store.has(asset, night=night) for asset in (*INGESTED, *lots, *vendor))


def is_read_as_set(book: Book, store: Store, night: dt.date) -> bool:
    """Return whether the night is ingested, all of it under the present settings."""
    settings = book.settings.digest()
    return is_ingested(book, store, night) and all(
        is_of_settings(store.head(asset, night=night), settings) for asset in INGESTED
    )


def ingest_key(book: Book, night: dt.date, digests: Mapping[str, str]) -> str:
    """Return the run key of an ingest: the night, the content of its files, and the settings."""
    lines = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    lines += f"\nsettings {book.settings.digest()}"
    return f"{night}|{hashlib.sha256(lines.encode()).hexdigest()[:16]}"


def work_key(store: Store, book: Book, *, night: dt.date, answers: bool) -> str:
    """Return a short digest of what the night's shards read, or with ``answers`` of what they have answered.

    It is part of the run keys: what was read or answered anew is work of its own, and is asked for again.
    """
    parts: list[tuple[str, str | None]]
    if answers:
        parts = [(ANSWER, shard) for shard in answered_shards(store, book, night)]
    else:
        parts = [(asset, None) for asset in INGESTED if store.has(asset, night=night)]
    heads = [store.head(asset, night=night, shard=shard) for asset, shard in parts]
    lines = "\n".join([f"settings {book.settings.digest()}", *(f"{head.name} {head.digest}" for head in heads)])
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def nights_in(book: Book) -> list[dt.date]:
    """Return the sessions from the book's first night whose feeds have arrived, in order."""
    folder = book.path / "feeds"
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    nights = [dt.date.fromisoformat(name) for name in names if _is_date(name)]
    first = book.settings.book.first_night
    return [night for night in nights if night >= first and is_session(night) and feeds_are_in(book, night)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NextSteps:
    """What can be started now, and what is waited for."""

    ingest: tuple[dt.date, ...] = ()
    books: tuple[tuple[dt.date, str], ...] = ()
    publish: tuple[tuple[dt.date, bool], ...] = ()
    """Nights to publish, each with whether unanswered shards are held."""
    late: tuple[tuple[dt.date, str], ...] = ()
    """Shards that a published night went out without: their answers are kept, and their lots are tomorrow's."""
    unfinished: tuple[dt.date, ...] = ()
    """Nights whose shards are at work."""
    waiting: tuple[str, ...] = ()


def next_steps(book: Book, store: Store, *, now: dt.datetime) -> NextSteps:
    """Return what to start next, from what is in the store; the same store gives the same answer."""
    ingest: list[dt.date] = []
    books: list[tuple[dt.date, str]] = []
    publish: list[tuple[dt.date, bool]] = []
    late: list[tuple[dt.date, str]] = []
    unfinished: list[dt.date] = []
    waiting: list[str] = []
    nights = nights_in(book)
    latest = _latest_whole(book, store, nights)
    for night in nights:
        if store.is_sealed(night):
            if latest is None or night > latest:
                late += [(night, shard) for shard in _startable(book, store, night=night)]
            continue
        if is_held(night_lock(book.path, night)):
            waiting.append(f"{night} is run by another process")
            continue
        if not is_read_as_set(book, store, night):
            if night == book.settings.book.first_night or is_ingested(book, store, session_before(night)):
                ingest.append(night)
            else:
                waiting.append(f"{night} waits for the feeds of the session before")
            continue
        # As publishing counts them: an answer from other policies or prices than those that stand is none.
        answered = answered_shards(store, book, night)
        missing = [shard for shard in book.shards if shard not in answered]
        if not missing or deadline_has_passed(book, night=night, now=now):
            publish.append((night, bool(missing)))
            continue
        startable = [shard for shard in missing if _can_start(book, store, night=night, shard=shard)]
        books += [(night, shard) for shard in startable]
        unfinished.append(night)
        waiting.append(f"{night} waits for {', '.join(missing)}")
    return NextSteps(
        ingest=tuple(ingest),
        books=tuple(books),
        publish=tuple(publish),
        late=tuple(late),
        unfinished=tuple(unfinished),
        waiting=tuple(waiting),
    )


def _latest_whole(book: Book, store: Store, nights: Sequence[dt.date]) -> dt.date | None:
    """Return the latest published night of which every shard has answered: none before it can lack anything."""
    for night in reversed(nights):
        if store.is_sealed(night) and all(
            store.has("reconciliation", night=night, shard=shard) for shard in book.shards
        ):
            return night
    return None


def _startable(book: Book, store: Store, *, night: dt.date) -> list[str]:
    """Return the shards that have not answered, and whose lots of the session before are there."""
    return [
        shard
        for shard in book.shards
        if not store.has("reconciliation", night=night, shard=shard)
        and _can_start(book, store, night=night, shard=shard)
    ]


def _can_start(book: Book, store: Store, *, night: dt.date, shard: str) -> bool:
    """Return whether the lots that the shard begins with are there."""
    first = night == book.settings.book.first_night
    return first or store.has("lots", night=session_before(night), shard=shard)


def _is_date(name: str) -> bool:
    try:
        dt.date.fromisoformat(name)
    except ValueError:
        return False
    return True
