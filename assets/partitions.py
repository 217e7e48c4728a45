"""Partitions: the nights of a book, its shards, and how one stage's partition finds another's.

A run works on one (night, shard); the session before is found by the calendar, so closures are skipped.
"""

from __future__ import annotations

import datetime as dt
import warnings

import dagster as dg

from assets.book import Book
from assets.sessions import closures

EXCHANGE_TIMEZONE = "America/New_York"
CLOSE = dt.time(16, 0)
"""When the exchange closes, in its time."""

# Both multi-partition mappings are beta: their notice is known, and docs/decisions/0007 says why they are used.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)
    BY_NIGHT = dg.MultiToSingleDimensionPartitionMapping("night")
    """Night to (night, shard), and the fan-in back; works both ways."""

    NIGHT_BEFORE = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    SHARD_NIGHT_BEFORE = dg.MultiPartitionMapping(
        {
            "night": dg.DimensionPartitionMapping("night", NIGHT_BEFORE),
            "shard": dg.DimensionPartitionMapping("shard", dg.IdentityPartitionMapping()),
        }
    )


def nights_of(book: Book) -> dg.TimeWindowPartitionsDefinition:
    """Return the sessions from the book's first night to tonight."""
    first = book.settings.book.first_night
    closed = [dt.datetime.combine(day, dt.time()) for day in sorted(closures()) if day >= first]
    return dg.TimeWindowPartitionsDefinition(
        start=first.isoformat(),
        fmt="%Y-%m-%d",
        cron_schedule="0 0 * * 1-5",
        timezone=EXCHANGE_TIMEZONE,
        exclusions=closed,
        end_offset=1,  # else tonight's session would not exist until tomorrow's begins
    )


def night_shards_of(book: Book) -> dg.MultiPartitionsDefinition:
    """Return the pairs of night and shard: one run each."""
    return dg.MultiPartitionsDefinition(
        {"night": nights_of(book), "shard": dg.StaticPartitionsDefinition(list(book.shards))}
    )


def due_by_deadline(book: Book) -> dg.FreshnessPolicy:
    """Return when a night's publication is overdue: at the deadline of the morning after its evening.

    The nights of Monday to Friday are due on Tuesday to Saturday: Friday's too, though its deadline is Monday's, for
    Dagster looks back less than the least time between two of these mornings.
    """
    deadline = dt.time.fromisoformat(book.settings.publish.deadline)
    evening, morning = dt.date(2000, 1, 1), dt.date(2000, 1, 2)  # any two days: what counts is the time between
    since_close = dt.datetime.combine(morning, deadline) - dt.datetime.combine(evening, CLOSE)
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{deadline.minute} {deadline.hour} * * 2-6",
        lower_bound_delta=since_close,
        timezone=EXCHANGE_TIMEZONE,
    )


def night_of(key: str) -> tuple[dt.date, str | None]:
    """Return the night and, where there is one, the shard of a partition key.

    >>> night_of("2026-11-20|s003")
    (datetime.date(2026, 11, 20), 's003')
    """
    night, _, shard = key.partition("|")
    return dt.date.fromisoformat(night), shard or None
