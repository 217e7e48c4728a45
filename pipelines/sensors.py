"""The night line: one level-triggered sensor that looks at what is materialised and asks for what is next.

Run keys name the work, so asking again asks for nothing; there is no cursor to lose. After the retries are
exhausted an operator re-runs the shard, and the sensor sees it in the store.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from assets.book import Book
from assets.feeds import feed_digests
from assets.store import Store
from assets.trade_tables import ANSWER
from assets.worth import accounts_by_shard, shards_by_worth
from ledger.errors import InputError, SettingError
from pipelines.alerts import forecast_alert, send_once
from pipelines.arrivals import NextSteps, ingest_key, next_steps, work_key
from pipelines.deadline import Clock, binds, deadline_at
from pipelines.instance import BOOKS, BOOKS_AT_ONCE, INGEST, PUBLISH
from pipelines.journal import Journal
from pipelines.planner import Forecast, Planner, forecast_of
from pipelines.run_records import AT_WORK, finished_runs, past_seconds_per_account, runs_of_night
from pipelines.workers import Standing

INTERVAL_SECONDS = 15


def night_line_of(book: Book, *, jobs: Sequence[Any], clock: Clock) -> dg.SensorDefinition:
    """Return the sensor of one book, which asks for runs of ``jobs``."""
    store, path = Store(book.path), book.path

    @functools.lru_cache(maxsize=8)
    def by_worth(book: Book, night: dt.date) -> tuple[str, ...]:
        return shards_by_worth(store, book=book, night=night)

    @dg.sensor(
        name="night_line",
        jobs=jobs,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Feeds in -> market and accounts -> every shard whose night before is done -> trades.",
    )
    def night_line(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = clock()
        try:
            book = Book.open(path)  # the runs read the settings of their own start, not of the daemon's
        except SettingError as error:
            return dg.SkipReason(str(error))
        steps = next_steps(book, store, now=now)
        told = list(steps.waiting)
        for night in steps.unfinished:
            forecast = forecast_of_night(context.instance, book, night=night, now=now)
            told.append(f"{night}: {forecast}")
            if forecast.misses:
                alert = forecast_alert(night=night, forecast=forecast)
                send_once(book, alert, journal=Journal.of(book, night=night, clock=clock))
        steps = in_order_of_worth(steps, functools.partial(by_worth, book))
        asks = [*requests_of(book, steps), *late_requests(context.instance, steps)]
        if asks:
            context.log.info("; ".join(told))
            return dg.SensorResult(run_requests=asks)
        return dg.SkipReason("; ".join(told) or "every night whose feeds are in is published")

    return night_line


def requests_of(book: Book, steps: NextSteps) -> list[dg.RunRequest]:
    """Return the runs that ``steps`` ask for, each with the key of its work."""
    asks: list[dg.RunRequest] = []
    store = Store(book.path)
    for night in steps.ingest:
        try:
            key = ingest_key(book, night, feed_digests(book=book, night=night))
        except InputError:
            continue  # two forms of one feed, or a file that vanished: the run would refuse it; wait for the mend
        asks.append(dg.RunRequest(job_name=INGEST, run_key=key, partition_key=night.isoformat()))
    for night, shard in steps.books:
        read = work_key(store, book, night=night, answers=False)
        asks.append(books_request(night=night, shard=shard, run_key=f"{night}|{shard}|{read}"))
    for night, held in steps.publish:
        config = {"ops": {"trades": {"config": {"past_deadline": held}}}}
        answered = work_key(store, book, night=night, answers=True)
        asks.append(
            dg.RunRequest(
                job_name=PUBLISH,
                run_key=f"{night}|{held}|{answered}",
                partition_key=night.isoformat(),
                run_config=config,
            )
        )
    return asks


def books_request(*, night: dt.date, shard: str, run_key: str) -> dg.RunRequest:
    """Return the request for one shard's run."""
    partition = dg.MultiPartitionKey({"night": night.isoformat(), "shard": shard})
    return dg.RunRequest(job_name=BOOKS, run_key=run_key, partition_key=partition)


def in_order_of_worth(steps: NextSteps, by_worth: Callable[[dt.date], tuple[str, ...]]) -> NextSteps:
    """Return ``steps`` with the shards most worth trading first in every night: they are run as they are asked for."""
    ranks = {night: by_worth(night) for night, _ in steps.books}
    books = sorted(steps.books, key=lambda ask: (ask[0], ranks[ask[0]].index(ask[1])))
    return dataclasses.replace(steps, books=tuple(books))


def late_requests(instance: dg.DagsterInstance, steps: NextSteps) -> list[dg.RunRequest]:
    """Return the runs of shards that published nights went out without, unless one is still at work or queued."""
    nights = sorted({night for night, _ in steps.late})
    at_work = {night: runs_of_night(instance, night=night, statuses=AT_WORK) for night in nights}
    return [
        books_request(night=night, shard=shard, run_key=f"{night}|{shard}|late")
        for night, shard in steps.late
        if shard not in at_work[night]
    ]


def forecast_of_night(instance: dg.DagsterInstance, book: Book, *, night: dt.date, now: dt.datetime) -> Forecast:
    """Return when the daemon will be done with the shards of ``night``, from the runs that Dagster recorded."""
    store = Store(book.path)
    accounts = accounts_by_shard(store, night=night)
    started = runs_of_night(instance, night=night, statuses=[dg.DagsterRunStatus.STARTED])
    missing = [shard for shard in book.shards if not store.has(ANSWER, night=night, shard=shard)]
    answered = runs_of_night(instance, night=night, statuses=[dg.DagsterRunStatus.SUCCESS])
    standing = Standing(
        waiting=collections.deque(shard for shard in missing if shard not in started),
        started={shard: started[shard].start_time or now.timestamp() for shard in missing if shard in started},
        seconds={
            shard: (record.end_time or 0.0) - (record.start_time or 0.0)
            for shard, record in sorted(answered.items())
            if shard not in missing
        },
    )
    planner = Planner(
        accounts=accounts,
        workers=BOOKS_AT_ONCE,
        past_seconds_per_account=past_seconds_per_account(finished_runs(instance), accounts),
    )
    deadline = deadline_at(book, night=night) if binds(night=night, now=now) else None
    return forecast_of(planner, standing, reading=now.timestamp(), now=now, deadline=deadline)
