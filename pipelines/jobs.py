"""Jobs: the three runs of a night, and the clock that starts the first of them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from assets.book import Book
from assets.feeds import feed_digests
from assets.partitions import EXCHANGE_TIMEZONE
from assets.sessions import is_session
from assets.store import Store
from pipelines.arrivals import feeds_are_in, ingest_key, is_read_as_set
from pipelines.instance import BOOKS, INGEST, PUBLISH, STAGE_TAG


def jobs_of(book: Book) -> tuple[Any, ...]:
    """Return the runs of ``book``: ingest works on a night, books on a night and shard, publish on a night."""
    runs = book.settings.runs
    return (
        dg.define_asset_job(
            INGEST,
            selection=dg.AssetSelection.groups("market", "accounts"),
            tags={STAGE_TAG: INGEST},
            description="Read and check the night's feeds.",
        ),
        dg.define_asset_job(
            BOOKS,
            selection=dg.AssetSelection.groups("books"),
            tags={
                STAGE_TAG: BOOKS,
                "dagster/max_runtime": str(runs.shard_seconds_max),
                "dagster/max_retries": str(runs.retries_max),
            },
            description="Age the lots of one shard, solve its accounts and reconcile them.",
        ),
        dg.define_asset_job(
            PUBLISH,
            selection=dg.AssetSelection.groups("trades"),
            tags={STAGE_TAG: PUBLISH, "dagster/priority": "10"},
            description="Verify every shard's answers and publish the night once.",
        ),
    )


def schedule_of(book: Book) -> dg.ScheduleDefinition:
    """Return the evening schedule: it asks for tonight's ingest where the feeds are in by then."""
    store = Store(book.path)

    @dg.schedule(
        name="evening",
        job_name=INGEST,
        cron_schedule="30 18 * * 1-5",
        execution_timezone=EXCHANGE_TIMEZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Starts the night at 18:30 exchange time; the sensor starts it when feeds arrive later.",
    )
    def evening(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        night = context.scheduled_execution_time.astimezone(ZoneInfo(EXCHANGE_TIMEZONE)).date()
        return tonight(Book.open(book.path), store, night)

    return evening


def tonight(book: Book, store: Store, night: dt.date) -> dg.RunRequest | dg.SkipReason:
    """Return the request for tonight's ingest, or why there is nothing to ask for."""
    if not is_session(night):
        return dg.SkipReason(f"{night} is no session")
    if not feeds_are_in(book, night):
        return dg.SkipReason(f"the feeds of {night} are not in yet")
    if is_read_as_set(book, store, night):
        return dg.SkipReason(f"the feeds of {night} have been read")
    key = ingest_key(book, night, feed_digests(book=book, night=night))
    return dg.RunRequest(run_key=key, partition_key=night.isoformat())
