"""Sessions: the days on which the exchange is open, from a checked-in list of weekday closures.

The list covers 1990 to 2035 for XNYS; `tests/unit/test_sessions.py` compares it with `exchange_calendars`.
"""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path

from ledger.errors import NightOrderError

FIRST_YEAR, LAST_YEAR = 1990, 2035
_SATURDAY = 5
_DAY = dt.timedelta(days=1)


@functools.cache
def closures() -> frozenset[dt.date]:
    """Return the weekdays on which the exchange was, or will be, closed."""
    lines = Path(__file__).with_name("closures.csv").read_text(encoding="utf-8").split()
    return frozenset(dt.date.fromisoformat(line) for line in lines[1:])


def is_session(day: dt.date) -> bool:
    """Return whether the exchange is open on ``day``."""
    return FIRST_YEAR <= day.year <= LAST_YEAR and day.weekday() < _SATURDAY and day not in closures()


def session_after(day: dt.date) -> dt.date:
    """Return the first session after ``day``."""
    day += _DAY
    while not is_session(day):
        _require_known(day)
        day += _DAY
    return day


def session_before(day: dt.date) -> dt.date:
    """Return the last session before ``day``."""
    day -= _DAY
    while not is_session(day):
        _require_known(day)
        day -= _DAY
    return day


def session_on_or_after(day: dt.date) -> dt.date:
    """Return ``day`` where it is a session, else the first session after it."""
    return day if is_session(day) else session_after(day)


def sessions_between(*, first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the sessions from ``first`` to ``last``, both included where they are sessions."""
    days = (first + _DAY * number for number in range((last - first).days + 1))
    return [day for day in days if is_session(day)]


def require_session(night: dt.date) -> None:
    """Refuse a ``night`` that is not a session.

    Raises
    ------
    NightOrderError
        Naming the session before and after it.
    """
    if not is_session(night):
        raise NightOrderError(
            code="NIGHT-001",
            where=f"night {night}",
            found=f"a {night:%A} on which the exchange is closed",
            expected=f"a session, such as {session_before(night)} or {session_after(night)}",
            remedy="Name the session whose close the night prices from.",
        )


def _require_known(day: dt.date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise NightOrderError(
            code="NIGHT-002",
            where=f"day {day}",
            found="a year outside the checked-in calendar",
            expected=f"{FIRST_YEAR} to {LAST_YEAR}",
            remedy="Extend assets/closures.csv.",
        )
