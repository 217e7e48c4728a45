"""The night line: one level-triggered sensor that looks at what is materialised and asks for what is next.

Run keys name the work, so asking again asks for nothing; there is no cursor to lose. After the retries are
exhausted an operator re-runs the shard, and the sensor sees it in the store.
"""

from __future__ import annotations

import datetime as dt

import dagster as dg

from assets.book import Book
from assets.feeds import feed_digests
from assets.store import Store
from ledger.errors import InputError
from pipelines.arrivals import NextSteps, ingest_key, next_steps
from pipelines.jobs import BOOKS, INGEST, JOBS, PUBLISH

INTERVAL_SECONDS = 15


def night_line_of(book: Book) -> dg.SensorDefinition:
    """Return the sensor of one book."""
    store = Store(book.path)

    @dg.sensor(
        name="night_line",
        jobs=JOBS,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Feeds in -> market and accounts -> every shard whose night before is done -> trades.",
    )
    def night_line(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        steps = next_steps(book, store, now=dt.datetime.now(dt.UTC))
        asks = requests_of(book, steps)
        if asks:
            return dg.SensorResult(run_requests=asks)
        return dg.SkipReason("; ".join(steps.waiting) or "every night whose feeds are in is published")

    return night_line


def requests_of(book: Book, steps: NextSteps) -> list[dg.RunRequest]:
    """Return the runs that ``steps`` ask for, each with the key of its work."""
    asks: list[dg.RunRequest] = []
    for night in steps.ingest:
        try:
            key = ingest_key(night, feed_digests(book=book, night=night))
        except InputError:
            continue  # two forms of one feed, or a file that vanished: the run would refuse it; wait for the mend
        asks.append(dg.RunRequest(job_name=INGEST, run_key=key, partition_key=night.isoformat()))
    for night, shard in steps.books:
        asks.append(
            dg.RunRequest(
                job_name=BOOKS,
                run_key=f"{night}|{shard}",
                partition_key=dg.MultiPartitionKey({"night": night.isoformat(), "shard": shard}),
            )
        )
    for night, held in steps.publish:
        config = {"ops": {"trades": {"config": {"past_deadline": held}}}}
        asks.append(
            dg.RunRequest(
                job_name=PUBLISH, run_key=f"{night}|{held}", partition_key=night.isoformat(), run_config=config
            )
        )
    return asks
