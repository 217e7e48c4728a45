"""Jobs for worker processes that die, hang or answer, by the name of the shard."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import time
from pathlib import Path

from assets.book import Book
from pipelines.headless import run_shard
from pipelines.workers import Facts

HANG_SECONDS = 600
LATE_SHARD = "s001"


def hang_on_the_late_shard(book: Book, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books, unless it is the late one: that one begins and never ends."""
    if shard == LATE_SHARD:
        time.sleep(HANG_SECONDS)
    return run_shard(book, night=night, shard=shard, revise=revise)


def die_once(book: Book, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books; the late shard's process is killed after its books are written, the first time."""
    facts = run_shard(book, night=night, shard=shard, revise=revise)
    marker = book.path / "died"
    if shard == LATE_SHARD and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return facts


def fail_the_late_shard(book: Book, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books, unless it is the late one: that one fails for good."""
    if shard == LATE_SHARD:
        facts = ("RUN-004", f"shard {shard}", "a defect", "an answer", "Mend it.")
        return dict(zip(("code", "where", "found", "expected", "remedy"), facts, strict=True))
    return run_shard(book, night=night, shard=shard, revise=revise)


def edit_settings_first(book: Book, *, night: dt.date, shard: str, revise: bool) -> Facts | None:
    """Run the shard's books after somebody edited a setting that changes answers."""
    edit_settings(book.path)
    return run_shard(book, night=night, shard=shard, revise=revise)


def edit_settings(path: Path) -> None:
    """Let every lot within 30 % above its basis count as a loss, where it was 2 %."""
    file = path / "book.toml"
    file.write_text(
        re.sub(r"(?m)^loss_margin_bps = .*$", "loss_margin_bps = 3000", file.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
