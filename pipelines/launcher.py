"""Lost runs: those whose process is no more are ended, so that retries bring their work back."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from assets.alive import is_lost

START_SECONDS_MAX = 120
LOST = "The process of this run is no more; what it had written stays, and the rest is made anew."


class NightRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which in addition can tell whether a run's process still lives, whoever started it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Return that run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return whether the process of ``run`` lives."""
        if _is_lost(self._instance, run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, LOST)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def end_lost_runs(instance: dg.DagsterInstance) -> int:
    """Report every run whose process is no more as failed; return how many there were."""
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    lost = [run for run in started if _is_lost(instance, run.run_id)]
    for run in lost:
        instance.report_run_failed(run, LOST)
    return len(lost)


def end_all_lost_runs() -> int:
    """End the lost runs of the book that this process works on."""
    with dg.DagsterInstance.get() as instance:
        return end_lost_runs(instance)


def _is_lost(instance: dg.DagsterInstance, run_id: str) -> bool:
    record = instance.get_run_record_by_id(run_id)
    assert record is not None, run_id
    seconds = time.time() - (record.start_time or record.create_timestamp.timestamp())
    return is_lost(Path(instance.root_directory), run_id, seconds=seconds, start_seconds_max=START_SECONDS_MAX)
