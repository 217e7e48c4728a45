"""Killed under the real daemon: a shard's run comes back by itself, and a daemon that is started again goes on."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from assets.book import Book
from assets.fault_points import PLAN_VARIABLE, Fault
from pipelines.instance import use_instance
from tests.book_cases import fingerprint
from tests.server_cases import serving, wait_until
from tests.simulation.books import FIRST_NIGHT, left_behind, lost_events, not_run_yet, small_book, unreadable_files
from tests.simulation.nights import run_in_child, write_plan

NIGHT_SECONDS = 400


def test_killed_runs_and_a_killed_daemon_come_back_by_themselves(tmp_path: Path) -> None:
    calm = small_book(tmp_path / "calm" / "book", seed=5)
    book = not_run_yet(calm.path, to=tmp_path / "book")
    assert run_in_child(calm.path, nights=[FIRST_NIGHT]).status == 0
    plan = write_plan(
        tmp_path / "plan.json",
        Fault(point="store.renamed", action="kill", where="proposals/*/s001"),
        Fault(point="files.synced", action="kill_group"),
    )
    struck = [tmp_path / f"plan.json.{number}.struck" for number in (0, 1)]
    with serving(book.path, log=tmp_path / "first.log", environment={PLAN_VARIABLE: str(plan)}):
        wait_until(struck[1].exists, seconds=NIGHT_SECONDS, what="the killed shard came back, and publishing is killed")
    assert struck[0].exists()
    assert unreadable_files(book.path) == []
    assert not (book.path / "published" / str(FIRST_NIGHT)).exists()
    with serving(book.path, log=tmp_path / "second.log"):
        published = book.path / "published" / str(FIRST_NIGHT) / "manifest.json"
        wait_until(published.exists, seconds=NIGHT_SECONDS, what="the daemon that was started again publishes")
        wait_until(lambda: not runs_in_progress(book), seconds=NIGHT_SECONDS, what="every run ends")
    assert fingerprint(book.path / "published") == fingerprint(calm.path / "published")
    assert lost_events(book, night=FIRST_NIGHT) == []
    assert left_behind(book.path) == []


def runs_in_progress(book: Book) -> int:
    use_instance(book)
    with dg.DagsterInstance.get() as instance:
        statuses = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.QUEUED]
        return instance.get_runs_count(dg.RunsFilter(statuses=statuses))
