"""Alerts under the daemon: what Dagster saw of a run's end is told as the headless night tells it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import dagster as dg

from assets.book import Book
from assets.partitions import night_of
from assets.store import Store
from pipelines.alerts import failure_alert, send, tell_published
from pipelines.deadline import Clock, deadline_has_passed
from pipelines.headless import result_of
from pipelines.instance import PUBLISH
from pipelines.journal import Journal
from pipelines.run_records import PARTITION_TAG

INTERVAL_SECONDS = 15
WILL_RETRY_TAG = "dagster/will_retry"


def alert_sensors_of(book: Book, *, clock: Clock) -> list[dg.SensorDefinition]:
    """Return the sensors that tell of runs that failed for good, and of what was published."""

    @dg.run_failure_sensor(
        name="failure_alert",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of a run that failed and will not be tried again.",
    )
    def failure_alert_of_run(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run = context.instance.get_run_by_id(context.dagster_run.run_id) or context.dagster_run
        if run.tags.get(WILL_RETRY_TAG) == "true":
            return dg.SkipReason(f"run {run.run_id} is tried again")
        partition = run.tags.get(PARTITION_TAG, "")
        night = night_of(partition)[0] if partition else clock().date()
        alert = failure_alert(night=str(night), facts=facts_of_failure(context, partition))
        send(book, alert, journal=Journal.of(book, night=night, clock=clock))
        return None

    @dg.run_status_sensor(
        name="published_alert",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitor_all_code_locations=False,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of a published night with more held accounts or breaks than allowed, or past its deadline.",
    )
    def published_alert(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        if context.dagster_run.job_name != PUBLISH:
            return dg.SkipReason("published nothing")
        night = dt.date.fromisoformat(context.dagster_run.tags[PARTITION_TAG])
        result = result_of(book, Store(book.path), night=night)
        late = deadline_has_passed(book, night=night, now=clock())
        journal = Journal.of(book, night=night, clock=clock)
        if not tell_published(book, result, late=late, journal=journal):
            return dg.SkipReason(f"revision {result.revision} of {night} was told")
        return None

    return [failure_alert_of_run, published_alert]


def facts_of_failure(context: dg.RunFailureSensorContext, partition: str) -> Mapping[str, str]:
    """Return the five facts of the error that ended a run, as far as Dagster knows them."""
    for event in context.get_step_failure_events():
        failure = event.step_failure_data
        facts = failure.user_failure_data.metadata if failure.user_failure_data else {}
        if "code" in facts:
            return {key: str(facts[key].value) for key in ("code", "where", "found", "expected", "remedy")}
    return {
        "code": "RUN-008",
        "where": f"run of {context.dagster_run.job_name} {partition}",
        "found": context.failure_event.message or "a run that failed without saying why",
        "expected": "a run that ends by itself",
        "remedy": f"Look at run {context.dagster_run.run_id} in the UI; re-run it there when its cause is mended.",
    }
