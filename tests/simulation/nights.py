"""One night in a process of its own, which a plan of faults may stop at any point.

Processes are forked from one that has imported everything and does nothing else: a start costs a fork, not the
seconds of the imports, and nothing that a thread holds is copied.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import multiprocessing
import os
import signal
import uuid
from collections.abc import Iterable
from pathlib import Path

from assets import fault_points
from assets.book import Book
from assets.fault_points import FORMAT, Fault
from ledger.errors import OpenbellError
from pipelines.headless import Workers, run_night

SECONDS_MAX = 300

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.simulation.preload"])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: 0 published, 1 failed, 2 refused, or the negative signal; and the code of its error."""

    status: int
    code: str | None = None

    @property
    def was_killed(self) -> bool:
        return self.status == -signal.SIGKILL


def write_plan(path: Path, *faults: Fault, seen: Path | None = None) -> Path:
    """Write a plan of faults that have not struck yet."""
    for struck in path.parent.glob(f"{path.name}.*.struck"):
        struck.unlink()
    content = {
        "format": FORMAT,
        "faults": [dataclasses.asdict(fault) for fault in faults],
        "seen": str(seen) if seen else None,
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def has_struck(plan: Path) -> bool:
    return any(plan.parent.glob(f"{plan.name}.*.struck"))


def run_in_child(
    book: Path,
    *,
    nights: Iterable[dt.date],
    plan: Path | None = None,
    workers: int = 1,
    seconds_max: float = SECONDS_MAX,
) -> Ended:
    """Run ``nights`` in a new process, the leader of a group of its own; one that hangs is killed with its group."""
    told = book.parent / f"told.{uuid.uuid4().hex}.json"
    arguments = (book, tuple(nights), plan, workers, told)
    process = _forks.Process(target=_run, args=arguments)
    process.start()
    process.join(seconds_max)
    if process.exitcode is None:
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    assert process.exitcode is not None
    code = None
    if told.exists():
        code = json.loads(told.read_text(encoding="utf-8"))["code"]
        told.unlink()
    return Ended(status=process.exitcode, code=code)


def _run(book: Path, nights: tuple[dt.date, ...], plan: Path | None, workers: int, told: Path) -> None:
    os.setpgid(0, 0)
    if plan is not None:
        os.environ[fault_points.PLAN_VARIABLE] = str(plan)  # for this process's own workers
        fault_points.arm(plan)
    try:
        with Workers(Book.open(book), workers=workers) as pool:
            for night in nights:
                run_night(pool, night=night)
    except OpenbellError as error:
        told.write_text(json.dumps(error.as_dict()), encoding="utf-8")
        raise SystemExit(1) from error
