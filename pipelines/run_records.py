"""What Dagster recorded of shards' runs: how long they took, and those that never ended because their process did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import dagster as dg

from pipelines.instance import BOOKS, STAGE_TAG

PARTITION_TAG = "dagster/partition"
NIGHT_TAG = "dagster/partition/night"
HEADLESS_TAG = "openbell/headless"
AT_WORK = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
RECORDS_MAX = 200
"""The latest runs are enough to know a rate."""


def past_seconds_per_account(records: Sequence[dg.RunRecord], accounts: Mapping[str, int]) -> float | None:
    """Return worker-seconds per account over finished runs of shards, by the accounts that each has tonight."""
    seconds = counted = 0.0
    for record in records:
        shard = record.dagster_run.tags.get(PARTITION_TAG, "").rpartition("|")[2]
        if record.start_time and record.end_time and accounts.get(shard):
            seconds += record.end_time - record.start_time
            counted += accounts[shard]
    return seconds / counted if counted else None


def finished_runs(instance: dg.DagsterInstance) -> list[dg.RunRecord]:
    """Return the latest records of runs in which a shard answered."""
    found = dg.RunsFilter(tags={STAGE_TAG: BOOKS}, statuses=[dg.DagsterRunStatus.SUCCESS])
    return list(instance.get_run_records(found, limit=RECORDS_MAX))


def close_runs_of(*, night: dt.date) -> None:
    """Record as failed the headless runs of the night's shards that began, and whose process did not live to end them.

    Called by the one process that runs the night, while none of its workers is at work: else the UI would show them as
    running for ever.
    """
    tags = {STAGE_TAG: BOOKS, NIGHT_TAG: str(night), HEADLESS_TAG: "yes"}
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs(dg.RunsFilter(tags=tags, statuses=[dg.DagsterRunStatus.STARTED])):
            instance.report_run_failed(run, "Its process ended, or was ended, before it answered.")


def runs_of_night(
    instance: dg.DagsterInstance, *, night: dt.date, statuses: Sequence[dg.DagsterRunStatus]
) -> dict[str, dg.RunRecord]:
    """Return, by shard, the latest record of a run of its books tonight that has one of ``statuses``."""
    found = dg.RunsFilter(tags={STAGE_TAG: BOOKS, NIGHT_TAG: str(night)}, statuses=list(statuses))
    records = reversed(list(instance.get_run_records(found)))
    return {record.dagster_run.tags[PARTITION_TAG].rpartition("|")[2]: record for record in records}


def first_runs_of_night(instance: dg.DagsterInstance, *, night: dt.date) -> dict[str, dg.RunRecord]:
    """Return, by shard, the record of the first run in which its books of the night succeeded."""
    found = dg.RunsFilter(tags={STAGE_TAG: BOOKS, NIGHT_TAG: str(night)}, statuses=[dg.DagsterRunStatus.SUCCESS])
    records = list(instance.get_run_records(found))  # the latest come first, and give way
    return {record.dagster_run.tags[PARTITION_TAG].rpartition("|")[2]: record for record in records}
