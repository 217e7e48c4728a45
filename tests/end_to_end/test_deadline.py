"""The deadline: what is unanswered is held, the rest goes out, and a late answer waits to be asked for."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import dagster as dg
import pytest

from assets.book import Book
from assets.store import Store
from assets.trade_tables import answered_shards
from assets.verification import is_verified, verify_night
from ledger.errors import NightError
from pipelines.deadline import Deadline
from pipelines.headless import NightResult, Workers
from pipelines.journal import Journal
from pipelines.watch import run_watched
from pipelines.workers import Job
from tests.book_cases import FIRST_NIGHT, NIGHTS, fingerprint
from tests.worker_cases import LATE_SHARD, die_once, fail_the_late_shard, hang_on_the_late_shard

NIGHT = dt.date.fromisoformat(FIRST_NIGHT)
DEADLINE = dt.datetime(2026, 9, 2, 10, tzinfo=dt.UTC)
DATA = ("accounts.csv", "allocations.csv", "orders.csv")


@pytest.fixture
def book(fresh_book: Path) -> Book:
    """Return the three-night book before its first night."""
    return Book.open(fresh_book)


def night(book: Book, job: Job, *, deadline: Deadline | None = None, revise: bool = False) -> NightResult:
    shown: list[str] = []
    clock = deadline.clock if deadline else lambda: DEADLINE
    with Workers(book, workers=2, job=job) as workers:
        result = run_watched(workers, night=NIGHT, clock=clock, show=shown.append, deadline=deadline, revise=revise)
    assert shown, "the forecast is shown"
    return result


def told(book: Book) -> list[str]:
    """Return the kinds of the alerts that went out, in order."""
    events = Journal.of(book, night=NIGHT, clock=lambda: DEADLINE).events()
    return [event["kind"] for event in events if event["event"] == "alert"]


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return {row["account_id"]: row for row in csv.DictReader(file)}


def data_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in DATA}


def test_a_hung_shard_is_held_at_the_deadline_and_its_later_answer_is_published_only_when_asked(
    book: Book, three_nights: Path
) -> None:
    store, published = Store(book.path), book.published(NIGHT)
    undisturbed = three_nights / "published" / FIRST_NIGHT

    def clock() -> dt.datetime:
        return DEADLINE if store.has("reconciliation", night=NIGHT, shard="s000") else DEADLINE - dt.timedelta(hours=1)

    result = night(book, hang_on_the_late_shard, deadline=Deadline(at=DEADLINE, clock=clock))
    assert result.published
    assert result.unanswered == (LATE_SHARD,)
    expected, found = rows(undisturbed), rows(published)
    assert found.keys() == expected.keys()
    for account, row in found.items():
        if row["shard"] == LATE_SHARD:
            assert (row["status"], row["orders"]) == ("HELD_DEADLINE", "0")
        else:
            assert row == expected[account]
    assert is_verified(verify_night(store=store, book=book, night=NIGHT))
    with dg.DagsterInstance.get() as instance:
        assert not instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))

    assert told(book) == ["held", "published_late"]

    stood = fingerprint(published)
    again = night(book, die_once)
    assert store.has("reconciliation", night=NIGHT, shard=LATE_SHARD), "the late answer is kept"
    assert (book.path / "died").exists(), "its worker was killed on the way, and the shard came back"
    assert fingerprint(published) == stood
    assert again.unanswered == (LATE_SHARD,)
    assert told(book) == ["held", "published_late"], "what changes nothing tells nobody"

    revised = night(book, die_once, revise=True)
    assert (revised.revision, revised.unanswered) == (1, ())
    assert data_files(published / "revision-1") == data_files(undisturbed)
    assert is_verified(verify_night(store=store, book=book, night=NIGHT))


def test_a_shard_that_fails_stops_no_other_and_nothing_goes_out_before_the_deadline(book: Book) -> None:
    store = Store(book.path)
    ahead = Deadline(at=DEADLINE, clock=lambda: DEADLINE - dt.timedelta(seconds=1))
    with pytest.raises(NightError, match=f"RUN-004 shard {LATE_SHARD}"):
        night(book, fail_the_late_shard, deadline=ahead)
    assert store.has("reconciliation", night=NIGHT, shard="s000")
    assert not book.published(NIGHT).exists()
    assert told(book) == ["failure"]
    passed = Deadline(at=DEADLINE, clock=lambda: DEADLINE)
    assert night(book, fail_the_late_shard, deadline=passed).unanswered == (LATE_SHARD,)
    assert told(book) == ["failure", "held", "published_late"]


def test_an_answer_made_from_other_prices_than_those_that_stand_is_none(book_copy: Path) -> None:
    book, last = Book.open(book_copy), dt.date.fromisoformat(NIGHTS[-1])
    store = Store(book_copy)
    shutil.rmtree(book.published(last))
    assert answered_shards(store, book, last) == ["s000", "s001"]

    def stand_otherwise(asset: str, shard: str | None) -> None:
        head = store.head(asset, night=last, shard=shard)
        shutil.copy(head.path, head.path.with_name(f"{'0' * 64}.duckdb"))
        file = head.path.with_name("head.json")
        file.write_text(file.read_text(encoding="utf-8").replace(head.digest, "0" * 64), encoding="utf-8")

    stand_otherwise("lots", "s001")
    assert answered_shards(store, book, last) == ["s000"]
    stand_otherwise("prices", None)
    assert answered_shards(store, book, last) == []
