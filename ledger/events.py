"""Events that change lots, as the ledger takes them: exact numbers, trade dates, names."""

from __future__ import annotations

import dataclasses
import datetime as dt
from fractions import Fraction
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """An account of a household; ``retirement`` accounts (IRA, Roth) have no taxable basis."""

    account_id: str
    household_id: str
    owner_id: str
    retirement: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have: a trade (or ex-) date, a name, a security and their place in the file."""

    date: dt.date
    event_id: str
    security: str
    order: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Buy(Event):
    """A purchase or a reinvested dividend; ``amount`` is the total paid."""

    account: str
    lot: str
    shares: Fraction
    amount: Fraction


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sell(Event):
    """A sale of named lots; or, with no lots, of ``shares`` of the account's oldest ones."""

    account: str
    proceeds: Fraction
    shares: Fraction
    lots: tuple[tuple[str, Fraction], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Event):
    """A lot, or its first ``shares``, moves in kind from one account to another of the household."""

    account: str
    receiver: str
    lot: str
    shares: Fraction | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Split(Event):
    """``ratio`` new shares for one old one: a split or a stock dividend."""

    ratio: Fraction
    cash_in_lieu: Fraction | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SpinOff(Event):
    """``ratio`` shares of a new security for one share, with both values per share after it."""

    new_security: str
    ratio: Fraction
    fmv_old: Fraction
    fmv_new: Fraction
    cash_in_lieu: Fraction | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Merger(Event):
    """Every share becomes ``ratio`` shares of another security and ``cash``."""

    new_security: str
    ratio: Fraction
    kind: Literal["stock", "boot", "taxable"]
    cash: Fraction = Fraction(0)
    fmv_new: Fraction | None = None
    cash_in_lieu: Fraction | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOfCapital(Event):
    """``per_share`` dollars out of capital on every share held."""

    per_share: Fraction


Action = Split | SpinOff | Merger | ReturnOfCapital
Trade = Buy | Sell | Transfer
