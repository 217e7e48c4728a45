"""Which runs are alive: every run holds a lock of its own in the book's Dagster home while its process lives.

Dagster's own monitoring asks the process that started a run, and cannot ask once that one is gone too: a run whose
whole machine died would be `STARTED` for ever, and keep its place in the queue.
"""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import BinaryIO

from assets.locks import is_held, try_lock

_held: dict[Path, BinaryIO] = {}


def lock_of(home: Path, run_id: str) -> Path:
    """Return the lock file of a run; ``home`` is the book's Dagster home."""
    assert run_id.replace("-", "").isalnum(), run_id
    return home / ".alive" / f"{run_id}.lock"


def claim(home: Path, run_id: str) -> None:
    """Say that this process works on the run, until `release` or its own end."""
    path = lock_of(home, run_id)
    if path not in _held and (file := try_lock(path)) is not None:
        _held[path] = file
        atexit.register(release, home, run_id)


def release(home: Path, run_id: str) -> None:
    """Say that this process is done with the run."""
    path = lock_of(home, run_id)
    if (file := _held.pop(path, None)) is not None:
        path.unlink(missing_ok=True)
        file.close()


def abandon() -> None:
    """Let go of every run that this process could not bring to its end: they are lost, and count as such."""
    for path in list(_held):
        _held.pop(path).close()


def is_lost(home: Path, run_id: str, *, seconds: float, start_seconds_max: float) -> bool:
    """Return whether the process of a run that has been `STARTED` for ``seconds`` is no more.

    One without a lock has not come to its first stage: it is lost after ``start_seconds_max``.
    """
    path = lock_of(home, run_id)
    return not is_held(path) if path.exists() else seconds > start_seconds_max
