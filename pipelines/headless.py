"""The night without a daemon: the same assets on the same Dagster instance, shards in worker processes.

Every run is recorded as the daemon's would be, so a night that ran here shows in the UI with its lineage.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import dataclasses
import datetime as dt
import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.alive import abandon, release
from assets.book import Book
from assets.comparison import MovedAccount
from assets.disk import refusal_of
from assets.fault_points import passed
from assets.feeds import reading_once, validate_feeds
from assets.locks import night_lock, try_lock
from assets.night_order import require_night
from assets.publish import revision_of
from assets.sessions import session_after, session_before
from assets.signing import signer_of
from assets.store import Store, latest_manifest
from assets.trade_tables import answered_shards
from assets.worth import shards_by_worth
from ledger.errors import NightError, NightOrderError, OpenbellError
from pipelines.arrivals import is_ingested
from pipelines.deadline import Deadline
from pipelines.instance import BOOKS, STAGE_TAG, use_instance
from pipelines.launcher import end_all_lost_runs
from pipelines.meters import meter_of
from pipelines.moved import moved
from pipelines.run_records import HEADLESS_TAG, close_runs_of
from pipelines.workers import Crew, Facts, Job, Patience, Standing

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
    unanswered: tuple[str, ...] = ()
    """Shards that had not answered at the deadline; their accounts are held."""
    policy_faults: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Accounts that are held because their policy breaks its contract, and why."""
    moved_inputs: tuple[str, ...] = ()
    """Files and settings of a published night that are no longer what it read; what is published stands."""
    moved_code: tuple[str, ...] = ()
    """What else made the rerun, where it came out otherwise: code, packages_sha256, machine."""
    moved_partitions: tuple[str, ...] = ()
    """Partitions that the rerun made otherwise; its versions are kept beside the published ones."""
    moved_accounts: tuple[MovedAccount, ...] = ()
    """Accounts that the rerun answers otherwise."""


class Workers:
    """What runs the shards of many nights: one worker is this process itself, unless something may have to end it."""

    def __init__(
        self, book: Book, *, workers: int | None = None, job: Job | None = None, costs: Path | None = None
    ) -> None:
        """Prepare for ``book``; ``job`` stands in for `run_shard` where a test wants a shard to die or hang.

        What every part of a night costs is written to the file ``costs``, where one is named.
        """
        use_instance(book)
        self.book = book
        self.costs = costs
        self.meter = meter_of(costs)
        self.number = max(1, min(workers or os.cpu_count() or 1, len(book.shards)))
        self._job = job or functools.partial(run_shard, costs=costs)
        self._crew = Crew(self._job, number=self.number, warm_up=load_modules)
        if self.number > 1:
            self._crew.staff()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._crew.close()

    def run_books(
        self,
        *,
        night: dt.date,
        shards: Sequence[str],
        revise: bool = False,
        deadline: Deadline | None = None,
        watch: Callable[[Standing], None] = lambda _: None,
    ) -> Standing:
        """Run the books of ``shards``, the first ones first, until all are done or the deadline has passed."""
        calls = {shard: {"book": self.book, "night": night, "shard": shard, "revise": revise} for shard in shards}
        if self.number == 1 and deadline is None:
            return _run_in_turn(calls, job=self._job, watch=watch)
        runs = self.book.settings.runs
        standing = self._crew.run(
            calls,
            order=shards,
            patience=Patience(retries_max=runs.retries_max, seconds_max=runs.shard_seconds_max),
            is_over=deadline.has_passed if deadline else lambda: False,
            watch=watch,
        )
        if standing.deaths or standing.started:
            close_runs_of(night=night)
        return standing


def _run_in_turn(calls: Mapping[str, Mapping[str, Any]], *, job: Job, watch: Callable[[Standing], None]) -> Standing:
    """Run every call in this process."""
    standing = Standing(waiting=collections.deque(calls))
    while standing.waiting:
        shard = standing.waiting.popleft()
        began = standing.started[shard] = time.monotonic()
        watch(standing)
        standing.outcomes[shard] = job(**calls[shard])
        del standing.started[shard]
        if standing.outcomes[shard] is None:
            standing.seconds[shard] = time.monotonic() - began
    watch(standing)
    return standing


def run_night(
    workers: Workers,
    *,
    night: dt.date,
    shards: Sequence[str] | None = None,
    revise: bool = False,
    deadline: Deadline | None = None,
    watch: Callable[[Standing], None] = lambda _: None,
    tell: Callable[[Mapping[str, str]], None] = lambda _: None,
) -> NightResult:
    """Run one night: check the feeds, ingest, every shard, publish. Running it again changes nothing.

    With ``shards``, only their books are run and nothing is published. With ``revise``, a published night is worked
    as if it were not, and what comes out otherwise is published as its next revision. Without, a published night that
    comes out otherwise is kept beside what is published, and reported. At the ``deadline`` workers still at a shard are
    ended, and the night is published with the accounts of unanswered shards held. ``tell`` is told of the accounts
    whose policy holds them, before anything is written.

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
    signer_of(book)  # a key that cannot sign is refused now, not when all the work is done
    if revise:
        require_revisable(book, store, night=night)
    with contextlib.ExitStack() as reading:
        reading.enter_context(reading_once())
        with workers.meter("errand", "validate feeds"):
            faults = validate_feeds(book=book, night=night)
        tell(faults)
        with alone(book, night=night):
            close_runs_of(night=night)  # of a process that was killed: the lock says that none is at work
            end_all_lost_runs()
            store.forget_rerun(night)
            store.end_revision(night)
            ingest(book, night=night, revise=revise, costs=workers.costs)
            reading.close()  # the shards need the memory
            with workers.meter("errand", "order of shards"):
                order = [
                    shard
                    for shard in shards_by_worth(store, book=book, night=night)
                    if shard in (shards or book.shards)
                ]
            standing = workers.run_books(night=night, shards=order, revise=revise, deadline=deadline, watch=watch)
            is_late = bool(standing.unanswered) and deadline is not None and deadline.has_passed()
            if not is_late or shards is not None:
                _require(failure_of(standing, night=night))
            if shards is None:
                publish_night(book, night=night, past_deadline=is_late, revise=revise, costs=workers.costs)
    with workers.meter("errand", "result"):
        return result_of(book, store, night=night, policy_faults=faults)


def ingest(book: Book, *, night: dt.date, revise: bool = False, costs: Path | None = None) -> None:
    """Read and check the night's feeds into the store."""
    passed("ingest.begun", where=str(night))
    _require(run_here(book, night=night, shard=None, groups=("market", "accounts"), revise=revise, costs=costs))
    passed("ingest.done", where=str(night))


def answer_shards(workers: Workers, *, night: dt.date, shards: Sequence[str]) -> None:
    """Ingest the night's feeds and run the books of ``shards``."""
    ingest(workers.book, night=night)
    _require(failure_of(workers.run_books(night=night, shards=shards), night=night))


def failure_of(standing: Standing, *, night: dt.date) -> Facts | None:
    """Return the one error that tells of all shards that failed, or None."""
    failed = dict(sorted(standing.failed.items()))
    if len(failed) < 2:
        return next(iter(failed.values()), None)
    first = next(iter(failed.values()))
    return NightError(
        code="RUN-007",
        where=f"shards {', '.join(failed)} of {night}",
        found=f"no answer; of the first: {first['code']} {first['where']}: {first['found']}",
        expected="an answer of every shard",
        remedy=f"{first['remedy']} The others have answered; at the deadline they are published without these.",
    ).as_dict()


def publish_night(
    book: Book, *, night: dt.date, past_deadline: bool = False, revise: bool = False, costs: Path | None = None
) -> None:
    """Publish what the shards have answered."""
    config = {"ops": {"trades": {"config": {"past_deadline": past_deadline}}}}
    passed("publish.begun", where=str(night))
    _require(run_here(book, night=night, shard=None, groups=("trades",), revise=revise, config=config, costs=costs))
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


def result_of(
    book: Book, store: Store, *, night: dt.date, policy_faults: Mapping[str, str] | None = None
) -> NightResult:
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
    answered = answered_shards(store, book, night) if published else book.shards
    return NightResult(
        night=night,
        published=published,
        unanswered=tuple(sorted(set(book.shards) - set(answered))),
        counts=counts,
        totals=totals,
        digests=digests,
        revision=revision_of(manifest) if manifest else 0,
        policy_faults=policy_faults or {},
        **(moved(book, store, manifest, night=night) if manifest else {}),
    )


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


def load_modules() -> None:
    """Import in a worker what its first shard needs, while this process still reads the feeds."""
    import assets.stages  # noqa: F401


def run_shard(
    book: Book, *, night: dt.date, shard: str, revise: bool = False, costs: Path | None = None
) -> Facts | None:
    """Run one shard's books in this process; called in a worker. Returns the error's facts, or None.

    The settings are those of ``book``, which the night began with, whatever book.toml says by now.
    """
    passed("shard.begun", where=f"{night}/{shard}")
    facts = run_here(book, night=night, shard=shard, groups=("books",), revise=revise, costs=costs)
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
    costs: Path | None = None,
) -> Facts | None:
    """Materialise the assets of ``groups`` for one partition in this process, recorded on the book's instance."""
    # Here, because Dagster takes seconds to import and the command line answers most questions without it.
    import dagster as dg

    from assets.stages import stages_of

    partition: Any = night.isoformat()
    tags = {}
    if shard:
        tags = {STAGE_TAG: BOOKS, HEADLESS_TAG: "yes"}
        partition = dg.MultiPartitionKey({"night": night.isoformat(), "shard": shard})
    rerun = not revise and Store(book.path).is_sealed(night)
    instance, assets = _line_of(
        book, revising=night if revise else None, rerunning=night if rerun else None, costs=costs
    )
    try:
        # The calendar ends at the night itself: what runs does not depend on the day of the wall clock.
        with (
            meter_of(costs)("run", shard or "-".join(groups)),
            dg.partition_loading_context(effective_dt=dt.datetime.combine(night, NOON, dt.UTC)),
        ):
            result = dg.materialize(
                assets,
                selection=[stage.name for stage in stages_of(book) if stage.group in groups],
                partition_key=partition,
                instance=instance,
                raise_on_error=False,
                tags=tags,
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
def _line_of(
    book: Book, *, revising: dt.date | None, rerunning: dt.date | None, costs: Path | None
) -> tuple[Any, list[Any]]:
    """Return the instance and the assets of one book, opened once per process: each costs most of a second."""
    import dagster as dg

    from assets.stages import assets_of, feed_specs

    instance = dg.DagsterInstance.get()
    atexit.register(instance.dispose)
    made = assets_of(book, revising=revising, rerunning=rerunning, alone=True, meter=meter_of(costs))
    return instance, [*feed_specs(book), *made]


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
