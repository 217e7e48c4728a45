"""What the sensor asks the daemon for, and in which order, from a real store and Dagster's own records."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.account_tables import write_account_policies
from assets.book import Book, BookSettings, General
from assets.store import Store
from assets.worth import shards_by_worth
from pipelines.alert_sensors import alert_sensors_of
from pipelines.deadline import deadline_at
from pipelines.instance import BOOKS, STAGE_TAG
from pipelines.jobs import jobs_of
from pipelines.journal import Journal
from pipelines.sensors import night_line_of
from tests.book_cases import NIGHTS

NIGHT = dt.date.fromisoformat(NIGHTS[-1])


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def look(book: Book, instance: dg.DagsterInstance, *, now: dt.datetime) -> tuple[list[str], str]:
    """Return the run keys that the sensor asks for, in order, and what it says where it asks for none."""
    sensor = night_line_of(book, jobs=jobs_of(book), clock=lambda: now)
    found = sensor(dg.build_sensor_context(instance=instance))
    if isinstance(found, dg.SkipReason):
        return [], found.skip_message or ""
    assert isinstance(found, dg.SensorResult)
    return [request.run_key or "" for request in found.run_requests or ()], ""


def forget(book: Book, shard: str) -> None:
    shutil.rmtree(book.path / "store" / "reconciliation" / NIGHTS[-1] / shard)


def tags(shard: str) -> dict[str, str]:
    return {STAGE_TAG: BOOKS, "dagster/partition": f"{NIGHT}|{shard}", "dagster/partition/night": str(NIGHT)}


def test_the_shards_most_worth_trading_are_asked_for_first(book_copy: Path, instance: dg.DagsterInstance) -> None:
    book = Book.open(book_copy)
    shutil.rmtree(book.published(NIGHT))
    for shard in book.shards:
        forget(book, shard)
    order = shards_by_worth(Store(book.path), book=book, night=NIGHT)
    evening = deadline_at(book, night=NIGHT) - dt.timedelta(hours=8)
    asked = look(book, instance, now=evening)[0]
    assert [key.rpartition("|")[0] for key in asked] == [f"{NIGHT}|{shard}" for shard in order]
    assert len({key.rpartition("|")[2] for key in asked}) == 1


def test_what_is_read_or_answered_anew_is_asked_for_again(book_copy: Path, instance: dg.DagsterInstance) -> None:
    book = Book.open(book_copy)
    shutil.rmtree(book.published(NIGHT))
    evening = deadline_at(book, night=NIGHT) - dt.timedelta(hours=8)
    (publish,) = look(book, instance, now=evening)[0]
    assert publish.startswith(f"{NIGHT}|False|")
    accounts = book.path / "static" / "accounts.csv"
    accounts.write_text(accounts.read_text(encoding="utf-8").replace(",false,", ",true,", 1), encoding="utf-8")
    write_account_policies(store=Store(book.path), book=book, night=NIGHT)
    asked = look(book, instance, now=evening)[0]
    assert sorted(key.rpartition("|")[0] for key in asked) == [f"{NIGHT}|{shard}" for shard in book.shards]
    at_deadline = look(book, instance, now=deadline_at(book, night=NIGHT))[0]
    assert [key.rpartition("|")[0] for key in at_deadline] == [f"{NIGHT}|True"]


def test_a_shard_that_a_night_went_out_without_is_asked_for_once_and_not_while_it_runs(
    book_copy: Path, instance: dg.DagsterInstance
) -> None:
    book = Book.open(book_copy)
    forget(book, "s001")
    noon = deadline_at(book, night=NIGHT) + dt.timedelta(hours=6)
    assert look(book, instance, now=noon)[0] == [f"{NIGHT}|s001|late"]
    instance.add_run(dg.DagsterRun(job_name=BOOKS, tags=tags("s001"), status=dg.DagsterRunStatus.STARTED))
    assert look(book, instance, now=noon) == ([], "every night whose feeds are in is published")


def test_a_deadline_that_will_be_missed_is_told_once(book_copy: Path, instance: dg.DagsterInstance) -> None:
    book = Book.open(book_copy)
    shutil.rmtree(book.published(NIGHT))
    forget(book, "s001")

    @dg.asset
    def answer() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult()

    assert dg.materialize([answer], instance=instance, tags=tags("s000")).success
    deadline = deadline_at(book, night=NIGHT)

    def predictions() -> list[str]:
        events = Journal.of(book, night=NIGHT, clock=lambda: deadline).events()
        return [event["text"] for event in events if event.get("kind") == "deadline_predicted"]

    look(book, instance, now=deadline - dt.timedelta(hours=8))
    assert predictions() == []
    for _ in range(2):
        look(book, instance, now=deadline - dt.timedelta(microseconds=1))
    (told,) = predictions()
    assert "1 of 2 shards answered" in told
    assert "AFTER the deadline" in told


@pytest.mark.parametrize("tried_again", [False, True])
def test_a_run_that_failed_is_told_unless_it_is_tried_again(
    tmp_path: Path, instance: dg.DagsterInstance, tried_again: bool
) -> None:
    facts = {"code": "RUN-004", "where": "shard s001", "found": "a defect", "expected": "none", "remedy": "Mend it."}

    @dg.asset
    def broken() -> None:
        raise dg.Failure("broken", metadata=facts, allow_retries=False)

    book = Book(tmp_path, BookSettings(book=General(first_night=NIGHT)))
    ended = dg.materialize([broken], instance=instance, tags=tags("s001"), raise_on_error=False)
    instance.add_run_tags(ended.run_id, {"dagster/will_retry": str(tried_again).lower()})
    sensor, _ = alert_sensors_of(book, clock=lambda: dt.datetime(2026, 9, 4, tzinfo=dt.UTC))
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_event=ended.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=ended.dagster_run,
    )
    sensor(context.for_run_failure())
    events = Journal.of(book, night=NIGHT, clock=lambda: dt.datetime(2026, 9, 4, tzinfo=dt.UTC)).events()
    expected = "RUN-004 shard s001: found a defect; expected none. Mend it."
    assert [event["text"] for event in events] == ([] if tried_again else [expected])
