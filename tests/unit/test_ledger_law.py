"""The rules as functions."""

from __future__ import annotations

import dataclasses
import datetime as dt
from fractions import Fraction

import pytest

from ledger import holding, reorganisations, wash
from ledger.policy import OlderLot, Tacking

DAY = dt.timedelta(days=1)
SALE = dt.date(2026, 6, 15)


@dataclasses.dataclass
class Shares:
    acquired: dt.date = SALE - DAY
    bought_as: tuple[str, str, str, dt.date] = ("T1", "X", "N", SALE)
    purchase: bool = True
    absorbed: bool = False


SOLD = Shares(acquired=SALE - 10 * DAY, bought_as=("T1", "X", "A", SALE))


def replaces(held: Shares, *, older_lot: OlderLot = "absorbs") -> bool:
    return wash.can_replace(held=held, sold=SOLD, sale=SALE, older_lot=older_lot)


@pytest.mark.parametrize("days", [-30, -1, 0, 1, 30])
def test_the_window_holds_thirty_days_on_both_sides(days: int) -> None:
    assert wash.in_window(sale=SALE, purchase=SALE + days * DAY)


@pytest.mark.parametrize("days", [-31, 31])
def test_the_window_ends_after_thirty_days(days: int) -> None:
    assert not wash.in_window(sale=SALE, purchase=SALE + days * DAY)


def test_shares_bought_in_the_window_replace() -> None:
    assert replaces(Shares())
    assert replaces(Shares(acquired=SALE - 30 * DAY))


def test_spun_off_used_old_and_own_shares_replace_nothing() -> None:
    assert not replaces(Shares(purchase=False))
    assert not replaces(Shares(absorbed=True))
    assert not replaces(Shares(acquired=SALE - 31 * DAY))
    assert not replaces(Shares(bought_as=SOLD.bought_as))


def test_an_older_lot_counts_only_in_the_conservative_reading() -> None:
    older = Shares(acquired=SALE - 20 * DAY)
    assert replaces(older)
    assert not replaces(older, older_lot="newer_only")
    assert replaces(Shares(acquired=SOLD.acquired), older_lot="newer_only")


def test_never_disallows_more_than_the_loss() -> None:
    loss = wash.disallowed_loss(loss=Fraction(90), sold=Fraction(30), replaced=Fraction(40))
    assert loss == Fraction(90)


@pytest.mark.parametrize(
    ("start", "first_long_day"),
    [
        (dt.date(2025, 3, 10), dt.date(2026, 3, 11)),
        (dt.date(2023, 2, 28), dt.date(2024, 3, 1)),
        (dt.date(2024, 2, 28), dt.date(2025, 3, 1)),
        (dt.date(2024, 2, 29), dt.date(2025, 3, 1)),
        (dt.date(2023, 12, 31), dt.date(2025, 1, 1)),
    ],
)
def test_long_term_begins_the_day_after_a_year(start: dt.date, first_long_day: dt.date) -> None:
    assert holding.long_from(start) == first_long_day
    assert holding.is_long_term(holding_start=start, sale=first_long_day)
    assert not holding.is_long_term(holding_start=start, sale=first_long_day - DAY)


def test_union_is_additive_where_the_lots_were_never_held_together() -> None:
    def start(reading: Tacking) -> dt.date:
        return holding.tacked_start(own_start=SALE + 5 * DAY, sold_start=SALE - 40 * DAY, sale=SALE, reading=reading)

    assert start("union") == start("additive") == SALE - 35 * DAY
    assert start("replacement") == SALE + 5 * DAY


def test_boot_recognises_a_gain_up_to_the_cash_and_never_a_loss() -> None:
    gain_below_cash = reorganisations.boot(basis=Fraction(22), cash=Fraction(5), value=Fraction(20))
    gain_above_cash = reorganisations.boot(basis=Fraction(10), cash=Fraction(5), value=Fraction(20))
    loss = reorganisations.boot(basis=Fraction(40), cash=Fraction(5), value=Fraction(20))
    assert (gain_below_cash.gain, gain_below_cash.basis) == (Fraction(3), Fraction(20))
    assert (gain_above_cash.gain, gain_above_cash.basis) == (Fraction(5), Fraction(10))
    assert (loss.gain, loss.basis) == (Fraction(0), Fraction(35))


def test_a_return_of_capital_never_leaves_a_negative_basis() -> None:
    payment = reorganisations.return_of_capital(basis=Fraction(8), cash=Fraction(12))
    assert (payment.used, payment.gain, payment.basis) == (Fraction(8), Fraction(4), Fraction(0))
