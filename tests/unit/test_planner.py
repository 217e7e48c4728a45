"""The planner: rates in, a finish out; it never waits for what is overdue, and says nothing it cannot know."""

from __future__ import annotations

import collections
import datetime as dt
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assets.book import Book
from assets.store import Store
from assets.worth import accounts_by_shard, shards_by_worth
from pipelines.planner import Forecast, Planner, forecast_of, remaining_seconds
from pipelines.workers import Standing
from tests.book_cases import NIGHTS

ZONE = ZoneInfo("America/New_York")
DEADLINE = dt.datetime(2026, 9, 2, 6, tzinfo=ZONE)


def planner(*, workers: int = 2, past: float | None = None) -> Planner:
    accounts = {"s000": 100, "s001": 200, "s002": 300}
    return Planner(accounts=accounts, workers=workers, past_seconds_per_account=past)


def forecast(standing: Standing, *, now: dt.datetime, past: float | None = None) -> Forecast:
    return forecast_of(planner(past=past), standing, reading=1000.0, now=now, deadline=DEADLINE)


@pytest.mark.parametrize(
    ("running", "waiting", "workers", "seconds"),
    [([], [], 2, 0), ([30], [], 2, 30), ([30, 10], [15, 10], 2, 35), ([], [5, 5, 5], 1, 15), ([9, 9, 9], [1], 2, 10)],
)
def test_a_free_worker_takes_the_next_shard(
    running: list[float], waiting: list[float], workers: int, seconds: float
) -> None:
    assert remaining_seconds(running=running, waiting=waiting, workers=workers) == seconds


def test_without_a_rate_nothing_is_predicted() -> None:
    standing = Standing(waiting=collections.deque(["s000", "s001"]))
    told = forecast(standing, now=DEADLINE)
    assert told.finish is None
    assert not told.misses
    assert planner(past=0.5).seconds_left(standing, reading=0.0) == 100


def test_the_rate_of_tonight_goes_before_that_of_past_nights() -> None:
    standing = Standing(waiting=collections.deque(["s002"]), seconds={"s000": 100.0}, outcomes={"s000": None})
    assert planner(past=50.0).seconds_left(standing, reading=0.0) == 300


def test_a_shard_that_takes_longer_than_predicted_is_expected_now() -> None:
    standing = Standing(waiting=collections.deque(["s002"]), started={"s001": 0.0})
    assert planner(workers=1, past=1.0).seconds_left(standing, reading=50.0) == 450
    assert planner(workers=1, past=1.0).seconds_left(standing, reading=900.0) == 300


def test_a_finish_after_the_deadline_is_told_as_such() -> None:
    standing = Standing(
        waiting=collections.deque(["s002"]), seconds={"s000": 100.0}, outcomes={"s000": None}, started={"s001": 1000.0}
    )
    in_time = forecast(standing, now=DEADLINE - dt.timedelta(seconds=301))
    assert not in_time.misses
    assert str(in_time) == "1 of 3 shards answered, done by about 2026-09-02 05:59, deadline 2026-09-02 06:00"
    late = forecast(standing, now=(DEADLINE - dt.timedelta(seconds=299)).astimezone(dt.UTC))
    assert late.misses
    assert str(late).endswith("done by about 2026-09-02 06:00, AFTER the deadline 2026-09-02 06:00")


def test_the_shard_with_most_to_harvest_and_invest_goes_first(book_copy: Path) -> None:
    book, night = Book.open(book_copy), dt.date.fromisoformat(NIGHTS[1])
    store = Store(book.path)
    assert sum(accounts_by_shard(store, night=night).values()) == 40
    order = shards_by_worth(store, book=book, night=night)
    assert order in {("s000", "s001"), ("s001", "s000")}
    assert shards_by_worth(store, book=book, night=dt.date.fromisoformat(NIGHTS[0])) == ("s000", "s001")
    lots = book_copy / "store" / "lots" / NIGHTS[0]
    (lots / "s000").rename(lots / "swap")
    (lots / "s001").rename(lots / "s000")
    (lots / "swap").rename(lots / "s001")
    shutil.rmtree(book_copy / "published" / NIGHTS[0])
    assert shards_by_worth(store, book=book, night=night) == order[::-1]
