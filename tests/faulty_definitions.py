"""The code location of a book whose first shard is killed once, its second hangs, and whose deadline comes early.

It is the line's own in everything else: jobs, sensors, retries, monitoring.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import signal
import time
from pathlib import Path
from typing import Any

import dagster as dg

from assets import stages
from assets.book import Book
from assets.proposal_tables import write_proposals
from assets.store import Store, Version
from pipelines.definitions import definitions_of
from pipelines.instance import BOOK_VARIABLE
from tests.book_cases import FIRST_NIGHT

HANG_SECONDS = 600
KILLED, HUNG = "s000", "s001"
EVENING = dt.datetime(2026, 9, 2, 2, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 9, 2, 11, tzinfo=dt.UTC)


def write_with_faults(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Write the proposals; one shard's process is killed the first time, the other's hangs until the night is out."""
    marker = book.path / "killed"
    if shard == KILLED and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if shard == HUNG and not book.published(night).exists():
        time.sleep(HANG_SECONDS)
    return write_proposals(store=store, book=book, night=night, shard=shard)


def faulty(stage: stages.Stage) -> stages.Stage:
    """Return ``stage``, with its faults where it is the solve."""
    return dataclasses.replace(stage, write=write_with_faults) if stage.name == "proposals" else stage


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions; the deadline passes as soon as the shard that was killed has answered."""
    stages.STAGES = tuple(faulty(stage) for stage in stages.STAGES)
    book = Book.open(Path(os.environ[BOOK_VARIABLE]))
    store, night = Store(book.path), dt.date.fromisoformat(FIRST_NIGHT)

    def clock() -> dt.datetime:
        return MORNING if store.has("reconciliation", night=night, shard=KILLED) else EVENING

    found: Any = definitions_of(book, clock=clock)
    assert isinstance(found, dg.Definitions)
    return found
