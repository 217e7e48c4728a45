"""What a disk refuses, or a file where a folder belongs; told as an error that can be acted on, never a traceback."""

from __future__ import annotations

import errno
import sqlite3

from ledger.errors import DiskError

REFUSALS = {
    errno.ENOSPC: "Free space on the disk of the book, then run the night again.",
    errno.EDQUOT: "Raise the quota or free space, then run the night again.",
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f), then run the night again.",
    errno.EROFS: "Mount the book's disk for writing, then run the night again.",
    errno.EACCES: "Give this user the right to write in the book, then run the night again.",
    errno.EPERM: "Give this user the right to write in the book, then run the night again.",
    errno.ENOTDIR: "Name a folder, not a file or what lies in one.",
    errno.EEXIST: "Name a folder, not a file or what lies in one.",
    errno.EIO: "Look at the disk; what is written can be held to its digests with `openbell verify`.",
}
IN_SQLITE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}
IN_WORDS = {
    "No space left on device": errno.ENOSPC,
    "File too large": errno.EFBIG,
    "Read-only file system": errno.EROFS,
    "Permission denied": errno.EACCES,
    "Disk quota exceeded": errno.EDQUOT,
    "Input/output error": errno.EIO,
}
"""What DuckDB says where it gives no number."""


def refusal_of(error: BaseException, *, where: str) -> DiskError | None:
    """Return the error to tell where the disk is behind ``error``; None where it is another matter."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        number = _number_of(cause)
        if number in REFUSALS:
            place = getattr(cause, "filename", None)
            return DiskError(
                where=f"{where}: {place}" if place else where,
                found=str(cause).splitlines()[0],
                expected="a disk that takes what the night writes",
                remedy=f"{REFUSALS[number]} What is written stays, nothing is half written.",
            )
        cause = cause.__cause__ or cause.__context__
    return None


def _number_of(error: BaseException) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    if isinstance(error, sqlite3.OperationalError):
        return IN_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return next((number for words, number in IN_WORDS.items() if words in str(error)), None)
