"""Watching a headless night: the forecast while it runs, its journal, and who is told of what."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from assets.book import Book
from assets.disk import refusal_of
from assets.store import Store, latest_manifest
from assets.worth import accounts_by_shard
from ledger.errors import InputError, NightError, OpenbellError
from pipelines.alerts import (
    failure_alert,
    forecast_alert,
    reaches_somebody,
    send,
    send_once,
    tell_published,
)
from pipelines.deadline import Clock, Deadline, deadline_has_passed
from pipelines.headless import NightResult, Workers, run_night
from pipelines.journal import Journal
from pipelines.planner import Planner, forecast_of
from pipelines.run_records import finished_runs, past_seconds_per_account
from pipelines.workers import Standing

Show = Callable[[str], None]


def run_watched(
    workers: Workers,
    *,
    night: dt.date,
    clock: Clock,
    show: Show,
    shards: Sequence[str] | None = None,
    revise: bool = False,
    deadline: Deadline | None = None,
) -> NightResult:
    """Run one night as `run_night` does, and tell of it: on ``show``, in its journal, and by the book's alerts."""
    book = workers.book
    store, journal = Store(book.path), Journal.of(book, night=night, clock=clock)
    stood = _publications(store, night)
    watch = Watch(workers=workers, night=night, journal=journal, show=show, deadline=deadline)
    with telling_failure(book, night=night, clock=clock):
        result = run_night(
            workers,
            night=night,
            shards=shards,
            revise=revise,
            deadline=deadline,
            watch=watch,
            tell=tell_policy_faults,
        )
        for facts in watch.failures():
            # Published without them; the shards' accounts are held, and these lines say why.
            alert = failure_alert(night=str(night), facts=facts)
            sys.stderr.write(f"{alert.text}\n")
            send(book, alert, journal=journal)
        if result.published:
            if _publications(store, night) != stood:
                late = deadline is not None and deadline.has_passed()
            else:
                late = was_late(book, result)
            tell_published(book, result, late=late, journal=journal)
    return result


def was_late(book: Book, result: NightResult) -> bool:
    """Return whether another process published it late: without a shard, or by its own time past the deadline.

    It did not live to tell; the time that the file system gives its manifest is all there is to know it by.
    """
    manifest = latest_manifest(book.path, result.night)
    assert manifest is not None, result.night
    at = dt.datetime.fromtimestamp(manifest.stat().st_mtime, dt.UTC)
    is_first = result.revision == 0  # a revision has no deadline of its own
    return bool(result.unanswered) or (is_first and deadline_has_passed(book, night=result.night, now=at))


def tell_policy_faults(faults: Mapping[str, str]) -> None:
    """Say on stderr which accounts are held for their policy."""
    for account, fault in faults.items():
        sys.stderr.write(f"{account} is held for its policy: {fault}\n")


@contextlib.contextmanager
def telling_failure(book: Book, *, night: dt.date, clock: Clock) -> Iterator[None]:
    """Note in the journal of ``night`` the error that ends the block, and send its alert.

    A night that is refused before it begins writes nothing, its journal included, unless there is somebody to tell.
    """
    journal = Journal.of(book, night=night, clock=clock)
    try:
        yield
    except OpenbellError as error:
        is_refused = isinstance(error, InputError)
        if not is_refused:
            journal.note("failed", **error.as_dict())
        if not is_refused or reaches_somebody(book.settings.alerts):
            send(book, failure_alert(night=str(night), facts=error.as_dict()), journal=journal)
        raise
    except Exception as error:
        facts = defect_of(error, night=night).as_dict()
        journal.note("failed", **facts)
        send(book, failure_alert(night=str(night), facts=facts), journal=journal)
        raise


def defect_of(error: Exception, *, night: dt.date) -> NightError:
    """Return what is told of an exception that nobody foresaw: what the disk refuses, or a defect with its place."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    where = f"night {night}, {frame.f_globals.get('__name__')} line {line}"
    return refusal_of(error, where=where) or NightError(
        code="RUN-010",
        where=where,
        found=f"{type(error).__name__}: {error}",
        expected="a night that ends by itself, or with an error of ours",
        remedy="This is a defect unless the message names what to mend. What is written stays; run the night again.",
    )


def _publications(store: Store, night: dt.date) -> int:
    """Return how often a night was published, revisions included."""
    return len(list((store.book / "published" / night.isoformat()).glob("**/manifest.json")))


@dataclasses.dataclass(slots=True, kw_only=True)
class Watch:
    """Sees every change of where the shards stand."""

    workers: Workers
    night: dt.date
    journal: Journal
    show: Show
    deadline: Deadline | None
    planner: Planner | None = None
    told: tuple[int, int] = (0, 0)
    standing: Standing | None = None

    def __call__(self, standing: Standing) -> None:
        """Show the forecast; note and tell what changed."""
        self.standing = standing
        forecast = forecast_of(
            self._planner(),
            standing,
            reading=time.monotonic(),
            now=self.journal.clock(),
            deadline=self.deadline.at if self.deadline else None,
        )
        self.show(f"{self.night}: {forecast}")
        change = (len(standing.outcomes), len(standing.deaths))
        if change != self.told:
            self.told = change
            self.journal.note(
                "progress",
                answered=forecast.answered,
                shards=forecast.shards,
                failed=sorted(standing.failed),
                workers_lost=len(standing.deaths),
                predicted_finish=forecast.finish,
                deadline=forecast.deadline,
            )
        if forecast.misses and self.deadline is not None and not self.deadline.has_passed():
            send_once(self.workers.book, forecast_alert(night=self.night, forecast=forecast), journal=self.journal)

    def failures(self) -> list[dict[str, str]]:
        """Return the errors of the shards that failed for good, in order of name."""
        return [facts for _, facts in sorted(self.standing.failed.items())] if self.standing else []

    def _planner(self) -> Planner:
        """Return the planner, made when the night's accounts have been read."""
        if self.planner is None:
            accounts = accounts_by_shard(Store(self.workers.book.path), night=self.night)
            with dg.DagsterInstance.get() as instance:
                past = past_seconds_per_account(finished_runs(instance), accounts)
            self.planner = Planner(accounts=accounts, workers=self.workers.number, past_seconds_per_account=past)
        return self.planner


@contextlib.contextmanager
def progress(show: bool, *, total: int) -> Iterator[tuple[Show, Callable[[], None]]]:
    """Yield what describes and what advances a progress bar over nights; both silent where ``show`` is false."""
    if not show:
        yield (lambda _text: None), (lambda: None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield (lambda text: bar.update(task, description=text)), (lambda: bar.update(task, advance=1))
