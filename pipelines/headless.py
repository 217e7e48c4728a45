"""The night without a daemon: the same assets on the same Dagster instance, shards in a process pool.

Every run is recorded as the daemon's would be, so a night that ran here shows in the UI with its lineage.
"""

from __future__ import annotations

import atexit
import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import functools
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.alive import abandon, release
from assets.book import Book
from assets.disk import refusal_of
from assets.fault_points import passed
from assets.feeds import feed_digests, validate_feeds
from assets.locks import night_lock, try_lock
from assets.night_order import require_night
from assets.publish import revision_of
from assets.sessions import session_after, session_before
from assets.store import Store, latest_manifest
from ledger.errors import NightError, NightOrderError, OpenbellError
from pipelines.arrivals import is_ingested
from pipelines.instance import use_instance

Facts = dict[str, str]
NOON = dt.time(12, 0)
LOCK_TRIES, LOCK_WAIT_SECONDS = 5, 0.1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NightResult:
    """What a night published: its outcomes, its totals in plain decimals, and the digests behind them."""

    night: dt.date
    published: bool
    counts: dict[str, int]
    totals: dict[str, str]
    digests: dict[str, str]
    revision: int = 0
    moved_inputs: tuple[str, ...] = ()
    """Files of a published night that are no longer what it read; what is published stands."""


class Workers:
    """Processes that each run one shard at a time, made once for many nights; one worker is this process itself."""

    def __init__(self, book: Book, *, workers: int | None = None) -> None:
        use_instance(book)
        self.book = book
        self.number = max(1, min(workers or os.cpu_count() or 1, len(book.shards)))
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None
        if self.number > 1:
            spawn = multiprocessing.get_context("spawn")
            self._pool = concurrent.futures.ProcessPoolExecutor(
                max_workers=self.number, mp_context=spawn, initializer=end_with_parent
            )
            for _ in range(self.number):
                self._pool.submit(load_modules)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run_books(self, *, night: dt.date, shards: Sequence[str], revise: bool = False) -> dict[str, Facts | None]:
        """Run the books of ``shards`` and return, per shard, the error's facts or None."""
        path = self.book.path
        if self._pool is None:
            return {shard: run_shard(path, night=night, shard=shard, revise=revise) for shard in shards}
        futures = {
            shard: self._pool.submit(run_shard, path, night=night, shard=shard, revise=revise) for shard in shards
        }
        outcomes: dict[str, Facts | None] = {}
        for shard, future in futures.items():
            try:
                outcomes[shard] = future.result()
            except concurrent.futures.process.BrokenProcessPool:
                outcomes[shard] = _facts(
                    NightError(
                        code="RUN-003",
                        where=f"shard {shard} of {night}",
                        found="a worker process that ended before its time",
                        expected="an answer",
                        remedy="Run the night again: what is written stays, the rest is made anew.",
                    )
                )
        return outcomes


def run_night(
    workers: Workers, *, night: dt.date, shards: Sequence[str] | None = None, revise: bool = False
) -> NightResult:
    """Run one night: check the feeds, ingest, every shard, publish. Running it again changes nothing.

    With ``shards``, only their books are run and nothing is published. With ``revise``, a published night is worked
    as if it were not, and what comes out otherwise is published as its next revision.

    Raises
    ------
    InputError
        Where the night cannot start; nothing was written.
    NightError
        Where it could not be completed, or another process runs it; nothing was published.
    """
    book = workers.book
    store = Store(book.path)
    require_startable(book, store, night=night)
    if revise:
        require_revisable(book, store, night=night)
    validate_feeds(book=book, night=night)
    with alone(book, night=night):
        answer_shards(workers, night=night, shards=tuple(shards or book.shards), revise=revise)
        if shards is None:
            publish_night(book, night=night, revise=revise)
    return result_of(book, store, night=night)


def answer_shards(workers: Workers, *, night: dt.date, shards: Sequence[str], revise: bool = False) -> None:
    """Ingest the night's feeds and run the books of ``shards``."""
    from pipelines.launcher import end_lost_runs

    instance, _ = _line_of(workers.book.path, revising=night if revise else None)
    end_lost_runs(instance)
    passed("ingest.begun", where=str(night))
    _require(run_here(workers.book, night=night, shard=None, groups=("market", "accounts"), revise=revise))
    passed("ingest.done", where=str(night))
    outcomes = workers.run_books(night=night, shards=shards, revise=revise)
    failed = {shard: facts for shard, facts in outcomes.items() if facts is not None}
    if failed:
        _require(next(iter(failed.values())))


def publish_night(book: Book, *, night: dt.date, past_deadline: bool = False, revise: bool = False) -> None:
    """Publish what the shards have answered."""
    config = {"ops": {"trades": {"config": {"past_deadline": past_deadline}}}}
    passed("publish.begun", where=str(night))
    _require(run_here(book, night=night, shard=None, groups=("trades",), revise=revise, config=config))
    passed("publish.done", where=str(night))


@contextlib.contextmanager
def alone(book: Book, *, night: dt.date) -> Iterator[None]:
    """Hold the night's lock; the system lets it go when the process ends, however it ends.

    Raises
    ------
    NightError
        Where another process runs the night.
    """
    for _ in range(LOCK_TRIES):  # Who only looks whether the night is held does so for a moment.
        lock = try_lock(night_lock(book.path, night))
        if lock is not None:
            break
        time.sleep(LOCK_WAIT_SECONDS)
    else:
        raise NightError(
            code="RUN-006",
            where=f"night {night}",
            found="another process that runs it",
            expected="one at a time",
            remedy="Wait for it to end; running the night again then changes nothing.",
        )
    with lock:
        yield


def require_revisable(book: Book, store: Store, *, night: dt.date) -> None:
    """Refuse to revise a night that is not published, or that a later night has read."""
    after = session_after(night)
    if not store.is_sealed(night):
        found, expected = "a night that is not published", "a published one"
    elif any(store.has("lots", night=after, shard=shard) for shard in book.shards):
        found, expected = f"lots of {after}, made from what is published", "the last night that has run"
    else:
        return
    raise NightOrderError(
        code="NIGHT-007",
        where=f"revision of {night}",
        found=found,
        expected=expected,
        remedy="Only orders that can still be placed are revised; corrections of the past go through the ledger.",
    )


def result_of(book: Book, store: Store, *, night: dt.date) -> NightResult:
    """Return the outcome counts and digests of ``night`` from its partitions."""
    published = store.has("trades", night=night) and store.is_sealed(night)
    counts: dict[str, int] = {}
    totals: dict[str, str] = {}
    digests: dict[str, str] = {}
    if published:
        trades = store.head("trades", night=night)
        with store.reading({"report": store.head("night_report", night=night)}) as tables:
            counts = dict(tables.select("select status, accounts from report.status_count order by all").iter_rows())
            figures = tables.select("select figure, amount from report.night_total order by all").iter_rows()
            totals = {figure: f"{amount:f}" for figure, amount in figures}
        digests[trades.name] = trades.digest
    for shard in book.shards:
        if store.has("reconciliation", night=night, shard=shard):
            version = store.head("reconciliation", night=night, shard=shard)
            digests[version.name] = version.digest
    manifest = latest_manifest(book.path, night)
    return NightResult(
        night=night,
        published=published,
        counts=counts,
        totals=totals,
        digests=digests,
        revision=revision_of(manifest) if manifest else 0,
        moved_inputs=moved_inputs(book, manifest, night=night) if manifest else (),
    )


def moved_inputs(book: Book, manifest: Path, *, night: dt.date) -> tuple[str, ...]:
    """Return the files that the published ``night`` read and that are other ones, or gone, today."""
    read: dict[str, str] = json.loads(manifest.read_bytes())["inputs"]
    today = feed_digests(book=book, night=night)
    return tuple(sorted(label for label in read.keys() | today.keys() if read.get(label) != today.get(label)))


def require_startable(book: Book, store: Store, *, night: dt.date) -> None:
    """Refuse a night that is no session, lies before the book, or whose predecessor has not run."""
    require_night(book=book, night=night)
    if night == book.settings.book.first_night:
        return
    before = session_before(night)
    missing = [shard for shard in book.shards if not store.has("lots", night=before, shard=shard)]
    if missing or not is_ingested(book, store, before):
        raise NightOrderError(
            code="NIGHT-003",
            where=f"night {night}",
            found=f"no lots of {before} for {', '.join(missing) or 'its market'}",
            expected="the session before to have run",
            remedy=f"Run `openbell night BOOK --night {before}` first, or `openbell backfill`.",
        )


def end_with_parent() -> None:
    """Let this worker end when the process that started it is no more, instead of waiting for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()


def load_modules() -> None:
    """Import in a worker what its first shard needs, while this process still reads the feeds."""
    import assets.stages  # noqa: F401


def run_shard(path: Path, *, night: dt.date, shard: str, revise: bool = False) -> Facts | None:
    """Run one shard's books in this process; called in a worker. Returns the error's facts, or None."""
    passed("shard.begun", where=f"{night}/{shard}")
    facts = run_here(Book.open(path), night=night, shard=shard, groups=("books",), revise=revise)
    passed("shard.done", where=f"{night}/{shard}")
    return facts


def run_here(
    book: Book,
    *,
    night: dt.date,
    shard: str | None,
    groups: Sequence[str],
    revise: bool = False,
    config: Mapping[str, Any] | None = None,
) -> Facts | None:
    """Materialise the assets of ``groups`` for one partition in this process, recorded on the book's instance."""
    # Here, because Dagster takes seconds to import and the command line answers most questions without it.
    import dagster as dg

    from assets.stages import stages_of

    partition: Any = night.isoformat()
    if shard:
        partition = dg.MultiPartitionKey({"night": night.isoformat(), "shard": shard})
    instance, assets = _line_of(book.path, revising=night if revise else None)
    try:
        # The calendar ends at the night itself: what runs does not depend on the day of the wall clock.
        with dg.partition_loading_context(effective_dt=dt.datetime.combine(night, NOON, dt.UTC)):
            result = dg.materialize(
                assets,
                selection=[stage.name for stage in stages_of(book) if stage.group in groups],
                partition_key=partition,
                instance=instance,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **(config or {})},
            )
    except Exception as error:
        # Dagster's own records lie on the same disk.
        abandon()
        refused = refusal_of(error, where=f"Dagster's records of {night}")
        if refused is None:
            raise
        return _facts(refused)
    release(book.path / "dagster", result.run_id)
    if result.success:
        return None
    return next(_failures(result.all_events), _unexplained(night, shard))


@functools.lru_cache(maxsize=1)
def _line_of(path: Path, *, revising: dt.date | None) -> tuple[Any, list[Any]]:
    """Return the instance and the assets of one book, opened once per process: each costs most of a second."""
    import dagster as dg

    from assets.stages import assets_of, feed_specs

    instance, book = dg.DagsterInstance.get(), Book.open(path)
    atexit.register(instance.dispose)
    return instance, [*feed_specs(book), *assets_of(book, revising=revising, alone=True)]


def _failures(events: Sequence[Any]) -> Iterator[Facts]:
    for event in events:
        if not event.is_step_failure:
            continue
        failure = event.step_failure_data
        facts = failure.user_failure_data.metadata if failure.user_failure_data else {}
        if "code" in facts:
            yield {key: str(facts[key].value) for key in ("code", "where", "found", "expected", "remedy")}
        elif failure.error is not None:
            error = failure.error
            while error.cause is not None:
                error = error.cause
            yield _facts(
                NightError(
                    code="RUN-004",
                    where=f"asset {event.step_key}",
                    found=error.message.strip(),
                    expected="a materialised partition",
                    remedy="This is a defect: the run's log in the UI has its place. Nothing was published.",
                )
            )


def _unexplained(night: dt.date, shard: str | None) -> Facts:
    return _facts(
        NightError(
            code="RUN-005",
            where=f"run of {night} {shard or ''}".strip(),
            found="a run that failed without saying why",
            expected="a materialised partition",
            remedy="Look at the run's log in the UI.",
        )
    )


def _facts(error: OpenbellError) -> Facts:
    return error.as_dict()


def _require(facts: Facts | None) -> None:
    if facts is not None:
        raise NightError(**facts)


@contextlib.contextmanager
def progress(show: bool, *, total: int) -> Iterator[Callable[[str], None]]:
    """Yield a function that advances a progress bar; silent where ``show`` is false."""
    if not show:
        yield lambda _text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def advance(text: str) -> None:
            bar.update(task, description=text, advance=1)

        yield advance
