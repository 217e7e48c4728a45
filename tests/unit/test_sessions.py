"""The calendar: our checked-in closures against an independent one."""

from __future__ import annotations

import datetime as dt

import exchange_calendars
import pytest

from assets.sessions import (
    FIRST_YEAR,
    LAST_YEAR,
    is_session,
    require_session,
    session_after,
    session_before,
    sessions_between,
)
from ledger.errors import NightOrderError


# exchange_calendars still reads pandas series by position; the warning is theirs, and only this test meets it.
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_sessions_are_those_of_the_exchange() -> None:
    first, last = dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)
    calendar = exchange_calendars.get_calendar("XNYS", start=first.isoformat(), end=last.isoformat())
    assert sessions_between(first=first, last=last) == [session.date() for session in calendar.sessions]


def test_a_holiday_and_a_weekend_are_skipped_both_ways() -> None:
    wednesday, friday = dt.date(2026, 11, 25), dt.date(2026, 11, 27)
    assert session_after(wednesday) == friday
    assert session_before(friday) == wednesday
    assert session_after(friday) == dt.date(2026, 11, 30)


def test_a_night_that_is_no_session_is_refused_with_its_neighbours() -> None:
    with pytest.raises(NightOrderError, match=r"NIGHT-001 night 2026-11-26: .* Thursday .* 2026-11-25 or 2026-11-27"):
        require_session(dt.date(2026, 11, 26))


def test_a_day_outside_the_checked_in_calendar_is_refused() -> None:
    assert not is_session(dt.date(LAST_YEAR + 1, 1, 2))
    with pytest.raises(NightOrderError, match="NIGHT-002"):
        session_after(dt.date(LAST_YEAR, 12, 31))
