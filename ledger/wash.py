"""Wash sales: which part of a realised loss the taxpayer may not deduct.

A loss is disallowed to the extent that substantially identical shares are bought within 30 days before or after the
sale, trade date to trade date (26 U.S.C. 1091). The disallowed loss joins the basis of the replacement.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Protocol

from ledger.policy import OlderLot

WINDOW_DAYS = 30


def in_window(*, sale: dt.date, purchase: dt.date) -> bool:
    """Return whether ``purchase`` falls in the 61-day window centred on ``sale``."""
    return abs((purchase - sale).days) <= WINDOW_DAYS


def last_exposed_day(sale: dt.date) -> dt.date:
    """Return the last day on which a purchase would still undo a loss of ``sale``."""
    return sale + dt.timedelta(days=WINDOW_DAYS)


class Bought(Protocol):
    """What the law asks of a block of shares: when it was bought, and in which purchase."""

    acquired: dt.date
    bought_as: tuple[str, str, str, dt.date]


class Held(Bought, Protocol):
    """A block of shares still held, that may replace others."""

    purchase: bool
    absorbed: bool


def can_replace(*, held: Held, sold: Bought, sale: dt.date, older_lot: OlderLot) -> bool:
    """Return whether the shares ``held`` are a replacement for those ``sold`` at a loss on ``sale``.

    They were bought (not spun off) within the window, have not made another loss nondeductible (26 CFR 1.1091-1(e)),
    and come from another purchase (Rev. Rul. 56-602). Whether older shares count is a reading.
    """
    return (
        held.purchase
        and not held.absorbed
        and in_window(sale=sale, purchase=held.acquired)
        and held.bought_as != sold.bought_as
        and (older_lot == "absorbs" or held.acquired >= sold.acquired)
    )


def disallowed_loss(*, loss: Fraction, sold: Fraction, replaced: Fraction) -> Fraction:
    """Return the disallowed part of ``loss`` (USD, positive), share for share (26 CFR 1.1091-1(c)).

    >>> disallowed_loss(loss=Fraction(900), sold=Fraction(30), replaced=Fraction(10))
    Fraction(300, 1)
    """
    return loss * min(sold, replaced) / sold
