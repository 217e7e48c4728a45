"""Locks on files: the system lets them go when the process that holds them ends, however it ends.

A lock is taken on an open file, so a name that was removed and made again meanwhile is not the file that was locked.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

WAIT_SECONDS = 1.0


def try_lock(path: Path, *, shared: bool = False) -> BinaryIO | None:
    """Return the open, locked file ``path``, made where it is not there; None where another process holds it.

    Closing the file lets the lock go. A ``shared`` lock stands beside other shared ones.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = path.open("ab")
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        except OSError:
            file.close()
            raise
        if _is_still(path, file):
            return file
        file.close()


def is_held(path: Path) -> bool:
    """Return whether a living process holds the lock ``path``, which must be there."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def night_lock(book: Path, night: dt.date) -> Path:
    """Return the lock of a night: one process holds it alone, or runs of the daemon share it."""
    return book / "store" / ".locks" / f"{night}.lock"


@contextlib.contextmanager
def sharing(path: Path) -> Iterator[None]:
    """Hold a shared lock on ``path``; wait while another process holds it alone."""
    while (lock := try_lock(path, shared=True)) is None:
        time.sleep(WAIT_SECONDS)
    with lock:
        yield


@contextlib.contextmanager
def temporary_in(folder: Path) -> Iterator[Path]:
    """Yield a name in ``folder`` for a file or folder that is written there and then renamed; remove what remains.

    The name's lock is held meanwhile: `sweep` takes what lies under a name whose lock nobody holds.
    """
    lock, path = None, folder
    while lock is None:
        path = folder / f".{os.urandom(16).hex()}.tmp"
        lock = try_lock(path.with_suffix(".lock"))
    try:
        yield path
    finally:
        _remove(path)
        path.with_suffix(".lock").unlink(missing_ok=True)
        lock.close()


def sweep(folder: Path) -> int:
    """Remove from ``folder`` what processes that are no more were writing; return how many names that were."""
    swept = 0
    for path in sorted(folder.glob(".*.lock")):
        lock = try_lock(path)
        if lock is not None:
            with lock:
                _remove(path.with_suffix(".tmp"))
                path.unlink(missing_ok=True)
                swept += 1
    return swept


def _remove(path: Path) -> None:
    """Remove a temporary file, or folder of files, with what a database keeps beside it (``.wal``)."""
    for left in path.parent.glob(f"{path.name}*"):
        if left.is_dir():
            for inner in left.iterdir():
                inner.unlink()
            left.rmdir()
        else:
            left.unlink(missing_ok=True)


def _is_still(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
