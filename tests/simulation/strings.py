"""Strings of nights: every night is delivered, disturbed, run to its end and looked at; all of it drawn from a seed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl

from assets import fault_points
from assets.book import Book
from assets.fault_points import POINTS, Fault
from assets.retention import prune
from assets.stages import stages_of
from assets.store import Store
from assets.verification import is_verified, published_night, verify_night
from ledger.errors import DiskError, FeedError, OpenbellError
from pipelines.replay import compared, prepare
from solvers import conic
from tests.simulation.books import left_behind, lost_events, unreadable_files
from tests.simulation.feed_faults import FEED_FAULTS
from tests.simulation.invariants import (
    Files,
    PublishedOnce,
    broken_chain,
    files_of,
    lost_shares_and_basis,
    washed_losses,
    wrong_answers,
)
from tests.simulation.nights import has_struck, run_in_child, write_plan
from tests.simulation.world import Delivery, World

NIGHTS = 20
PLAIN = tuple(point for point in POINTS if point.partition(".")[0] in {"archive", "store", "file", "files"})
"""The points that a night passes which is run stage by stage, without Dagster."""


class ViolationError(AssertionError):
    """Something that must always be true is not; the message ends with the command that shows it again."""


@dataclasses.dataclass(slots=True)
class Told:
    """What happened in a string: how often which fault struck, and how the nights were run."""

    seed: int
    nights: int = 0
    faults: Counter[str] = dataclasses.field(default_factory=Counter)
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    seconds: float = 0.0


class String:
    """One string of nights."""

    def __init__(
        self, folder: Path, *, seed: int, roughness: float = 1.0, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Begin a string; nights are disturbed ``roughness`` times as often as `DISTURBANCES` says."""
        self.roughness = roughness
        self.world = World(folder, seed=seed)
        self.rng: random.Random = self.world.rng
        # A draw of its own, so that what an operator does moves no fault of the same seed to another night.
        self.operator = random.Random(f"operator {seed}")
        self.told = Told(seed)
        self.published = PublishedOnce()
        self.known: frozenset[Path] = frozenset()
        self.say = say
        self.tonight: list[str] = []
        self.reproducible = True

    def run(self, nights: int) -> Told:
        """Run ``nights`` nights; raise `ViolationError` at the first thing that is wrong."""
        began = time.monotonic()
        for number in range(nights):
            if number:
                self.world.tomorrow()
            self.tonight, self.reproducible = [], True
            delivery = self._delivery()
            by_dagster = self._run_disturbed(delivery)
            self._require(self._wrong(delivery, by_dagster=by_dagster))
            for odds, disturb in AFTERWARDS:
                if self.rng.random() < odds:
                    disturb(self)
                    self._require(self.published.wrong(self.world, night=None))
            if self.operator.random() < PRUNES:
                the_store_is_pruned(self)
                self._require(self.published.wrong(self.world, night=None))
            self.told.nights += 1
            self.say(f"{self.world.night} {'; '.join(self.tonight) or 'calm'}")
        self.told.seconds = time.monotonic() - began
        return self.told

    def note(self, name: str, what: str = "") -> None:
        self.told.faults[name] += 1
        self.tonight.append(f"{name} {what}".strip())

    def run_stages(self, *, book: Book | None = None, night: dt.date | None = None, until: str = "") -> None:
        """Run the night stage by stage in this process, without Dagster: the same functions, in their order.

        ``until`` names the last stage, where it is not to come to its end.
        """
        book, night = book or self.world.book, night or self.world.night
        store = Store(book.path)
        store.sweep()
        for stage in stages_of(book):
            for shard in book.shards if stage.by_shard else (None,):
                stage.write(store=store, book=book, night=night, **({"shard": shard} if shard else {}))
            if stage.name == until:
                return

    def run_process(self, *, plan: Path | None = None, workers: int = 1) -> int:
        """Run the night headless, with Dagster, in a new process; return its exit status."""
        ended = run_in_child(self.world.book.path, nights=[self.world.night], plan=plan, workers=workers)
        if ended.code:
            self.tonight.append(f"-> {ended.code}")
        return ended.status

    def plan(self, *, points: tuple[str, ...], action: str) -> tuple[Path, Fault]:
        """Draw a fault: some point, some passage of it."""
        group = self.rng.choice(sorted({point.partition(".")[0] for point in points}))
        point = self.rng.choice([point for point in points if point.startswith(f"{group}.")])
        often = {"archive": 8, "store": 19, "file": 38, "event": 19, "files": 1, "shard": 2}.get(group, 1)
        often = 4 if point == "files.written" else often
        fault = Fault(point=point, action=action, nth=self.rng.randint(1, often))
        return write_plan(self.world.folder / "plan.json", fault), fault

    def _delivery(self) -> Delivery:
        delivery = self.world.expect()
        for fault in FEED_FAULTS:
            if self.rng.random() < fault.odds and (what := fault.strike(self.world, delivery)) is not None:
                self.note(fault.strike.__name__, what)
        self.world.deliver(delivery)
        if delivery.refused:
            try:
                self.run_stages()
            except FeedError:
                self.world.write(delivery.mended)
            else:
                self._require(["files that break their contract were not refused"])
        return delivery

    def _run_disturbed(self, delivery: Delivery) -> bool:
        """Run the night to its end through what disturbs it; return whether Dagster ran it last."""
        by_dagster = False
        if self.operator.random() < RULES:
            an_operator_rules(self)
        for odds, disturb in DISTURBANCES:
            if self.rng.random() < odds * self.roughness:
                by_dagster = disturb(self) or by_dagster
                self._require(unreadable_files(self.world.book.path, known=self.known))
        if by_dagster:
            self._require([] if self.run_process() == 0 else ["the rerun did not come to its end"])
        elif self.reproducible:
            self.run_stages()
        return by_dagster

    def _wrong(self, delivery: Delivery, *, by_dagster: bool) -> list[str]:
        world, night = self.world, self.world.night
        wrong = self.published.wrong(world, night=night)
        files = files_of(world, night)
        wrong += wrong_answers(world, files, delivery) + washed_losses(world, files) + broken_chain(world, files)
        wrong += lost_shares_and_basis(world, files, delivery)
        checks = verify_night(store=world.store, book=world.book, night=night)
        if is_verified(checks):
            # Every version of the manifest was read and digested: only what else is there is looked at.
            self.known |= {world.book.path / "store" / name / f"{digest}.duckdb" for name, digest in _stored(files)}
        else:
            wrong += [f"verify: {check}" for check in checks if check.differences]
        wrong += unreadable_files(world.book.path, known=self.known) + left_behind(world.book.path)
        self.known = frozenset(
            path
            for path in world.book.path.rglob("*")
            if path.suffix in {".duckdb", ".json"} and path.name != "head.json"
        ) | frozenset((world.book.path / "store" / "files").iterdir())
        if by_dagster:
            wrong += lost_events(world.book, night=night)
        if self.reproducible and self.rng.random() < REPLAYED:
            self.note("replayed")
            wrong += self._replay(night)
        self.told.outcomes.update(row["status"] for row in files.accounts)
        return wrong

    def _replay(self, night: dt.date) -> list[str]:
        """Run the night again elsewhere from its kept inputs, and compare to the byte."""
        elsewhere = self.world.folder / "elsewhere"
        elsewhere.mkdir()
        try:
            published = published_night(book=self.world.book, night=night)
            again = prepare(book=self.world.book, published=published, folder=elsewhere)
            self.run_stages(book=again, night=night)
            differences = compared(book=self.world.book, published=published, elsewhere=again).differences
            return [f"replay: {difference}" for difference in differences]
        finally:
            shutil.rmtree(elsewhere)

    def _require(self, wrong: list[str]) -> None:
        if wrong:
            night, number = self.world.night, self.told.nights + 1
            told = "\n  ".join(wrong[:12])
            raise ViolationError(
                f"seed {self.told.seed}, night {number} ({night}; {'; '.join(self.tonight)}):\n  {told}\n"
                f"Again: make simulate SEED={self.told.seed} NIGHTS={number}"
                + (f" ROUGHNESS={self.roughness:g}" if self.roughness != 1.0 else "")
            )


def killed(string: String) -> bool:
    """Kill the night, and some of its reruns too."""
    for _ in range(string.rng.randint(1, 3)):
        plan, fault = string.plan(points=POINTS, action="kill")
        _stopped(string, plan, fault, signal_expected=True)
    return True


def group_killed(string: String) -> bool:
    workers = 2 if string.rng.random() < TWO_WORKERS else 1
    plan, fault = string.plan(points=POINTS, action="kill_group")
    return _stopped(string, plan, fault, signal_expected=True, workers=workers)


def disk_refuses_process(string: String) -> bool:
    plan, fault = string.plan(points=PLAIN, action=string.rng.choice(("disk_full", "read_only")))
    return _stopped(string, plan, fault, signal_expected=False)


def _stopped(string: String, plan: Path, fault: Fault, *, signal_expected: bool, workers: int = 1) -> bool:
    status = string.run_process(plan=plan, workers=workers)
    if has_struck(plan):
        string.note(fault.action, f"at {fault.point} {fault.nth}")
        expected = status < 0 if signal_expected else status == 1
        # A worker that is killed ends its shard; the night then fails by itself.
        expected = expected or (workers > 1 and status == 1)
        string._require([] if expected else [f"struck by {fault}, the night ended with {status}"])
    else:
        string.note("restarted")
        string._require([] if status == 0 else [f"undisturbed, the night ended with {status}"])
    return True


def disk_refuses(string: String) -> bool:
    """The disk refuses in this process, without Dagster: an error of the house, and nothing half written."""
    plan, fault = string.plan(points=PLAIN, action=string.rng.choice(("disk_full", "read_only")))
    fault_points.arm(plan)
    try:
        string.run_stages()
    except (DiskError, OSError):  # an OSError outside of the store's own writing is told where Dagster runs the stage
        string.note(fault.action, f"at {fault.point} {fault.nth}")
    finally:
        fault_points.arm(None)
    return False


def an_operator_rules(string: String) -> None:
    """A switch is turned, before the night or in the middle of it: what has answered by then is held all the same."""
    world, rng = string.world, string.operator
    if rng.random() < HALFWAY:
        string.run_stages(until="reconciliation")
    if world.ruled and rng.random() < RELEASED:
        target = rng.choice(sorted(world.ruled))
        string.note("released", target)
        world.rule("release", scope=world.ruled[target], target=target)
        return
    scope = rng.choice(("account", "security"))
    names = world.accounts()["account_id"] if scope == "account" else world.securities()
    target = rng.choice(sorted(set(names) - world.ruled.keys()))
    string.note("frozen by a ruling", target)
    world.rule("freeze", scope=scope, target=target)


def restarted(string: String) -> bool:
    string.note("restarted")
    return True


def two_workers(string: String) -> bool:
    string.note("two workers")
    status = string.run_process(workers=2)
    string._require([] if status == 0 else [f"with two workers the night ended with {status}"])
    return True


def solver_gives_up(string: String) -> bool:
    """Clarabel stops after a step or two: what it says then is refused, and every account still has its outcome."""
    string.note("solver gives up")
    string.reproducible = False
    kept = conic.QUICK.max_iter, conic.CAREFUL.max_iter
    conic.QUICK.max_iter = conic.CAREFUL.max_iter = string.rng.randint(1, 3)
    try:
        string.run_stages()
    finally:
        conic.QUICK.max_iter, conic.CAREFUL.max_iter = kept
    return False


DISTURBANCES: tuple[tuple[float, Callable[[String], bool]], ...] = (
    (0.10, disk_refuses),
    (0.13, killed),
    (0.04, group_killed),
    (0.02, disk_refuses_process),
    (0.03, restarted),
    (0.005, two_workers),
)
"""Odds in a night, and what happens before the night comes to its end; True where Dagster ran it."""

RULES, HALFWAY, RELEASED, PRUNES = 0.12, 0.5, 0.6, 0.06
"""Odds in a night that the operator rules, in the middle of it, to release; and that he prunes after it."""
REPLAYED = 0.15
TWO_WORKERS = 0.1


def an_old_night_is_run_again(string: String) -> None:
    old = string.rng.choice(_nights(string))
    string.note("rerun", str(old))
    _again(string, old)


def a_feed_is_revised(string: String) -> None:
    """A close, a position or cash of a night that is published says something else now; what is published stands."""
    night = string.rng.choice(_nights(string)[-2:])
    name, column = string.rng.choice((("prices", "close_usd"), ("cash", "cash_usd"), ("positions", "shares")))
    frame = pl.read_csv(string.world.outside.feeds(night) / f"{name}.csv", infer_schema=False)
    number = string.rng.randrange(frame.height)
    other = (pl.col(column).cast(pl.Float64) * 1.1).round(2).cast(pl.String)
    chosen = pl.int_range(pl.len()) == number
    string.world.write(
        {name: frame.with_columns(pl.when(chosen).then(other).otherwise(column).alias(column))}, night=night
    )
    string.note("feed revised", f"{name} of {night}")
    _again(string, night)


def the_store_is_pruned(string: String) -> None:
    """What can be made again of old nights is dropped; nothing that is published needs it unsaid."""
    kept = _nights(string)[-3:]
    pruned = prune(string.world.store, string.world.book, first_kept=kept[0], dry_run=False)
    string.note("pruned", f"{pruned.partitions} partitions")


def _again(string: String, night: dt.date) -> None:
    """Run a published night again: it may be refused where its inputs moved, and changes nothing that stands."""
    try:
        string.run_stages(night=night)
    except OpenbellError as error:
        string.tonight.append(f"-> {error.code}")


def _stored(files: Files) -> list[tuple[str, str]]:
    stored: dict[str, str] = files.manifest["store"]
    return sorted(stored.items())


def _nights(string: String) -> list[dt.date]:
    published = string.world.book.path / "published"
    return sorted(dt.date.fromisoformat(path.name) for path in published.glob("????-??-??"))


AFTERWARDS: tuple[tuple[float, Callable[[String], None]], ...] = (
    (0.08, an_old_night_is_run_again),
    (0.08, a_feed_is_revised),
)
"""Odds in a night, and what happens after it is published."""


def run_string(
    folder: Path,
    *,
    seed: int,
    nights: int = NIGHTS,
    roughness: float = 1.0,
    say: Callable[[str], None] = lambda _: None,
) -> Told:
    """Run one string of nights in the empty ``folder``."""
    return String(folder, seed=seed, roughness=roughness, say=say).run(nights)
