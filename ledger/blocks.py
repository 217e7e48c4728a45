"""The oracle's nouns: parts of lots, pieces sold, losses still open; shares and money as exact fractions.

A lot is a list of parts in the order of its shares; a part has one basis per share and one holding start. Shares
leave from the front.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from fractions import Fraction

from ledger.events import Account

ZERO = Fraction(0)

LotKey = tuple[str, str, str]
"""Account, security, lot."""
Purchase = tuple[str, str, str, dt.date]
"""Account, security, lot and day of a purchase: a lot's name may be used again once nothing of it is open."""


@dataclasses.dataclass(slots=True)
class Part:
    """Open shares of a lot with one basis per share."""

    key: LotKey
    shares: Fraction
    basis: Fraction
    acquired: dt.date
    order: int
    holding_start: dt.date
    purchase: bool
    absorbed: bool
    bought_as: Purchase
    first: Fraction = ZERO
    """Its place among the shares of its purchase: how many were before it."""

    def take(self, shares: Fraction) -> Part:
        """Cut the first ``shares`` off, with their share of the basis, and return them."""
        assert 0 < shares <= self.shares, f"{self.key}: {shares} of {self.shares}"
        taken = dataclasses.replace(self, shares=shares, basis=self.basis * shares / self.shares)
        self.shares -= taken.shares
        self.basis -= taken.basis
        self.first += taken.shares
        return taken


@dataclasses.dataclass(slots=True)
class Piece:
    """Shares sold from one part; or, without shares, cash received on shares that stay."""

    sale: str
    part: Part
    proceeds: Fraction
    date: dt.date
    order: int
    disallowed: Fraction = ZERO
    permanent: Fraction = ZERO

    @property
    def gain(self) -> Fraction:
        """Return the realised gain, signed, before any disallowed loss."""
        return self.proceeds - self.part.basis


@dataclasses.dataclass(slots=True)
class OpenLoss:
    """What a later purchase would still undo of a piece sold at a loss."""

    piece: Piece
    security: str
    shares: Fraction
    loss: Fraction


@dataclasses.dataclass(slots=True)
class Books:
    """Everything that the ledger knows."""

    accounts: Mapping[str, Account]
    groups: Mapping[str, str]
    lots: dict[LotKey, list[Part]] = dataclasses.field(default_factory=dict)
    pieces: list[Piece] = dataclasses.field(default_factory=list)
    open_losses: list[OpenLoss] = dataclasses.field(default_factory=list)
    pending_losses: list[OpenLoss] = dataclasses.field(default_factory=list)
    """Losses of fractions that today's actions sold; they look for replacements with the day's other losses."""
    names_to_be_used: set[LotKey] = dataclasses.field(default_factory=set)
    """Lots that today's actions are about to buy."""

    def group(self, security: str) -> str:
        """Return the group of substantially identical securities; one not listed is its own."""
        return self.groups.get(security, security)

    def household(self, account: str) -> str:
        """Return the taxpayer of ``account``."""
        return self.accounts[account].household_id

    def retirement(self, account: str) -> bool:
        """Return whether ``account`` is an IRA or Roth."""
        return self.accounts[account].retirement

    def open_shares(self, key: LotKey) -> Fraction:
        """Return the open shares of one lot; none where there is no such lot."""
        return sum((part.shares for part in self.lots.get(key, ())), ZERO)

    def oldest_first(self, *, account: str | None = None, security: str | None = None) -> Iterator[Part]:
        """Yield open parts, of one account or security where given, first in, first out."""
        keys = [key for key in self.lots if (account is None or key[0] == account) and security in (None, key[1])]
        parts = [part for key in keys for part in self.lots[key]]
        yield from sorted(parts, key=lambda part: (part.acquired, part.order, *part.key))

    def add(self, part: Part) -> None:
        """Put ``part`` among the other parts of its lot, in the order of their shares."""
        parts = self.lots.setdefault(part.key, [])
        parts.append(part)
        parts.sort(key=lambda other: other.first)

    def put_before(self, part: Part, *, rest: Part) -> None:
        """Put ``part`` before what is ``rest`` of the part that it was cut from."""
        parts = self.lots[part.key]
        parts.insert(next(number for number, other in enumerate(parts) if other is rest), part)

    def take(self, key: LotKey, shares: Fraction) -> list[Part]:
        """Remove the first ``shares`` of a lot and return them."""
        taken: list[Part] = []
        for part in self.lots[key]:
            if shares > 0:
                taken.append(part.take(min(shares, part.shares)))
                shares -= taken[-1].shares
        self.drop_empty()
        return taken

    def drop_empty(self) -> None:
        """Forget parts and lots of which nothing is left."""
        for key, parts in list(self.lots.items()):
            self.lots[key] = [part for part in parts if part.shares > 0]
            if not self.lots[key]:
                del self.lots[key]
