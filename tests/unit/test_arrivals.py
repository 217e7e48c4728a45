"""What the night line asks for next, from the files alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assets.book import Book, BookSettings, Custodian, General
from assets.store import Store
from pipelines.arrivals import INGESTED, REQUIRED_FEEDS, NextSteps, next_steps
from pipelines.deadline import deadline_has_passed

FIRST, SECOND = dt.date(2026, 9, 3), dt.date(2026, 9, 4)  # a Thursday and the Friday before Labor Day
LATER = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path, BookSettings(book=General(first_night=FIRST, shards=2)))


def deliver(book: Book, night: dt.date) -> None:
    book.feeds(night).mkdir(parents=True)
    for feed in REQUIRED_FEEDS:
        (book.feeds(night) / f"{feed}.csv").touch()


def done(book: Book, *assets: str, night: dt.date, shard: str | None = None) -> None:
    for asset in assets:
        folder = Store(book.path).folder(asset, night=night, shard=shard)
        folder.mkdir(parents=True)
        facts = {"digest": f"{asset} as first made", "rows": {}, "inputs": {}}
        (folder / f"{facts['digest']}.duckdb").touch()
        (folder / "head.json").write_text(json.dumps(facts), encoding="utf-8")


def steps(book: Book, *, now: dt.datetime = LATER) -> NextSteps:
    return next_steps(book, Store(book.path), now=now)


def test_nothing_is_asked_for_before_every_required_feed_is_in(book: Book) -> None:
    assert steps(book) == NextSteps()
    deliver(book, FIRST)
    (book.feeds(FIRST) / "cash.csv").unlink()
    assert steps(book) == NextSteps()
    (book.feeds(FIRST) / "cash.csv.gz").touch()
    assert steps(book).ingest == (FIRST,)


def test_a_night_goes_from_feeds_to_shards_to_publishing(book: Book) -> None:
    deliver(book, FIRST)
    done(book, *INGESTED, night=FIRST)
    assert steps(book).books == ((FIRST, "s000"), (FIRST, "s001"))
    done(book, "lots", "reconciliation", night=FIRST, shard="s001")
    assert steps(book).books == ((FIRST, "s000"),)
    assert steps(book).publish == ()
    done(book, "lots", "reconciliation", night=FIRST, shard="s000")
    assert steps(book).publish == ((FIRST, False),)


def test_where_the_custodian_sends_its_lots_they_are_read_before_the_shards(tmp_path: Path) -> None:
    settings = BookSettings(book=General(first_night=FIRST), custodian=Custodian(lots="feed"))
    book = Book(tmp_path, settings)
    deliver(book, FIRST)
    done(book, *INGESTED, night=FIRST)
    assert steps(book).ingest == (FIRST,)
    done(book, "custodian_lots", night=FIRST)
    assert [shard for _, shard in steps(book).books] == list(book.shards)


def test_a_shard_waits_for_its_own_night_before_only(book: Book) -> None:
    for night in (FIRST, SECOND):
        deliver(book, night)
        done(book, *INGESTED, night=night)
    done(book, "lots", "reconciliation", night=FIRST, shard="s001")
    assert steps(book).books == ((FIRST, "s000"), (SECOND, "s001"))


def test_the_second_nights_feeds_wait_for_the_first(book: Book) -> None:
    deliver(book, SECOND)
    assert steps(book).ingest == ()
    assert "waits for the feeds of the session before" in steps(book).waiting[0]


def test_a_published_night_is_left_alone(book: Book) -> None:
    deliver(book, FIRST)
    book.published(FIRST).mkdir(parents=True)
    (book.published(FIRST) / "manifest.json").touch()
    for shard in book.shards:
        done(book, "lots", "reconciliation", night=FIRST, shard=shard)
    assert steps(book) == NextSteps()


def test_a_shard_that_a_published_night_went_out_without_is_asked_for_again(book: Book) -> None:
    for night in (FIRST, SECOND):
        deliver(book, night)
        done(book, *INGESTED, night=night)
    book.published(FIRST).mkdir(parents=True)
    (book.published(FIRST) / "manifest.json").touch()
    done(book, "lots", "reconciliation", night=FIRST, shard="s001")
    assert steps(book).late == ((FIRST, "s000"),)
    assert steps(book).books == ((SECOND, "s001"),), "the next night's shard waits for the late one's lots"
    done(book, "lots", "reconciliation", night=FIRST, shard="s000")
    assert steps(book).late == ()
    assert steps(book).books == ((SECOND, "s000"), (SECOND, "s001"))
    assert steps(book).unfinished == (SECOND,)


def test_the_deadline_binds_from_its_hour_until_the_next_close(book: Book) -> None:
    zone = ZoneInfo("America/New_York")
    tuesday = dt.date(2026, 9, 8)  # Labor Day lies between

    def passed(day: dt.date, hour: int) -> bool:
        return deadline_has_passed(book, night=SECOND, now=dt.datetime.combine(day, dt.time(hour), zone))

    assert not passed(SECOND, 23)
    assert not passed(dt.date(2026, 9, 7), 12)
    assert not passed(tuesday, 5)
    assert passed(tuesday, 6)
    assert passed(tuesday, 15)
    assert not passed(tuesday, 16)


def test_past_the_deadline_the_answered_shards_are_published_and_the_rest_held(book: Book) -> None:
    deliver(book, FIRST)
    done(book, *INGESTED, night=FIRST)
    done(book, "lots", "reconciliation", night=FIRST, shard="s001")
    morning = dt.datetime(2026, 9, 4, 7, tzinfo=ZoneInfo("America/New_York"))
    assert steps(book, now=morning).publish == ((FIRST, True),)
