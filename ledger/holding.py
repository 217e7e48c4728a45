"""Holding periods: when a sale is long-term, and what a replacement inherits from the shares it replaces."""

from __future__ import annotations

import datetime as dt

from ledger.policy import Tacking

_DAY = dt.timedelta(days=1)


def long_from(holding_start: dt.date) -> dt.date:
    """Return the first day on which a sale is long-term (26 U.S.C. 1222; Rev. Rul. 66-97).

    The year runs from the day after the holding start; a year after 29 February is 1 March.

    >>> long_from(dt.date(2023, 2, 28))
    datetime.date(2024, 3, 1)
    """
    first_day = holding_start + _DAY
    if (first_day.month, first_day.day) == (2, 29):
        return dt.date(first_day.year + 1, 3, 1)
    return first_day.replace(year=first_day.year + 1)


def is_long_term(*, holding_start: dt.date, sale: dt.date) -> bool:
    """Return whether shares held since ``holding_start`` are sold long-term on ``sale``."""
    return sale >= long_from(holding_start)


def tacked_start(*, own_start: dt.date, sold_start: dt.date, sale: dt.date, reading: Tacking) -> dt.date:
    """Return where a replacement's holding period begins (26 U.S.C. 1223(3), in one of three readings).

    ``own_start`` is the replacement's own; the shares sold on ``sale`` had been held since ``sold_start``.
    """
    if reading == "replacement":
        return own_start
    if reading == "union" and own_start <= sale:
        # Held together for a while: those days count once.
        return min(own_start, sold_start)
    return own_start - (sale - sold_start)
