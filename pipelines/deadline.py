"""The deadline of a night: when it falls, when it binds, and the clock it is held against, which is an argument."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from assets.book import Book
from assets.partitions import CLOSE, EXCHANGE_TIMEZONE
from assets.sessions import session_after
from ledger.errors import SettingError

NO_DEADLINE = "none"
ZONE = ZoneInfo(EXCHANGE_TIMEZONE)

Clock = Callable[[], dt.datetime]
"""Returns an aware moment; tests hand in their own."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The moment from which the night no longer waits."""

    at: dt.datetime
    clock: Clock

    def has_passed(self) -> bool:
        """Return whether it is the deadline or later."""
        return self.clock() >= self.at


def wall_clock() -> dt.datetime:
    """Return the moment that it is; for the command line and the daemon only."""
    return dt.datetime.now(dt.UTC)


def deadline_at(book: Book, *, night: dt.date) -> dt.datetime:
    """Return when the deadline of ``night`` falls: in the morning of its trade date, in exchange time."""
    time = dt.time.fromisoformat(book.settings.publish.deadline)
    return dt.datetime.combine(session_after(night), time, ZONE)


def binds(*, night: dt.date, now: dt.datetime) -> bool:
    """Return whether at ``now`` (aware) the deadline of ``night`` is ahead or in force.

    That is from the night's close to the close of its trade date: a night made up for later, or a simulated one, has
    no opening bell to be ready for (docs/decisions/0006).
    """
    closed, over = (dt.datetime.combine(day, CLOSE, ZONE) for day in (night, session_after(night)))
    return closed <= now < over


def deadline_has_passed(book: Book, *, night: dt.date, now: dt.datetime) -> bool:
    """Return whether the deadline of ``night`` is in force at ``now`` (aware)."""
    return binds(night=night, now=now) and now >= deadline_at(book, night=night)


def deadline_of(book: Book, *, night: dt.date, clock: Clock, asked: str | None = None) -> Deadline | None:
    """Return the deadline that a run of ``night`` keeps: the one ``asked`` for, else that of book.toml where it binds.

    ``asked`` is a moment such as ``2026-09-02T06:00``, in exchange time unless it names an offset, or ``none``.

    Raises
    ------
    SettingError
        Where it is neither.
    """
    if asked is None:
        at = deadline_at(book, night=night)
        return Deadline(at=at, clock=clock) if binds(night=night, now=clock()) else None
    if asked == NO_DEADLINE:
        return None
    try:
        at = dt.datetime.fromisoformat(asked)
    except ValueError as error:
        raise SettingError(
            code="SET-007",
            where="--deadline",
            found=repr(asked),
            expected="a moment in exchange time, such as 2026-09-02T06:00, or none",
            remedy="Write the deadline anew; nothing was run.",
        ) from error
    return Deadline(at=at if at.tzinfo else at.replace(tzinfo=ZONE), clock=clock)
