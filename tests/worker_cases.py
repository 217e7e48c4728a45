"""Jobs for worker processes that die, hang or answer, by the name of the shard."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from pathlib import Path

from pipelines.headless import run_shard
from pipelines.workers import Facts

HANG_SECONDS = 600
LATE_SHARD = "s001"


def hang_on_the_late_shard(path: Path, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books, unless it is the late one: that one begins and never ends."""
    if shard == LATE_SHARD:
        time.sleep(HANG_SECONDS)
    return run_shard(path, night=night, shard=shard, revise=revise)


def die_once(path: Path, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books; the late shard's process is killed after its books are written, the first time."""
    facts = run_shard(path, night=night, shard=shard, revise=revise)
    marker = path / "died"
    if shard == LATE_SHARD and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return facts


def fail_the_late_shard(path: Path, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books, unless it is the late one: that one fails for good."""
    if shard == LATE_SHARD:
        facts = ("RUN-004", f"shard {shard}", "a defect", "an answer", "Mend it.")
        return dict(zip(("code", "where", "found", "expected", "remedy"), facts, strict=True))
    return run_shard(path, night=night, shard=shard, revise=revise)
