"""Corporate actions: what happens to the basis of one block of shares; shares and money as exact fractions."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

ZERO = Fraction(0)


@dataclasses.dataclass(frozen=True, slots=True)
class Payment:
    """Cash received on shares that stay: the gain that it makes, and the basis that is left."""

    cash: Fraction
    gain: Fraction
    basis: Fraction

    @property
    def used(self) -> Fraction:
        """Return the basis that the cash consumed."""
        return self.cash - self.gain


def spun_off_basis(*, basis: Fraction, ratio: Fraction, fmv_old: Fraction, fmv_new: Fraction) -> Fraction:
    """Return the basis that goes to the new shares: new value over the value of both (26 U.S.C. 358(b)-(c)).

    ``ratio`` is new shares for one old share; both values are per share, after the distribution.

    >>> spun_off_basis(basis=Fraction(1000), ratio=Fraction(1, 4), fmv_old=Fraction(30), fmv_new=Fraction(40))
    Fraction(250, 1)
    """
    new_value = fmv_new * ratio
    return basis * new_value / (fmv_old + new_value)


def return_of_capital(*, basis: Fraction, cash: Fraction) -> Payment:
    """Return what a distribution out of capital does: it consumes basis, and the rest is gain (301(c)(2)-(3))."""
    gain = max(cash - basis, ZERO)
    return Payment(cash=cash, gain=gain, basis=basis - (cash - gain))


def boot(*, basis: Fraction, cash: Fraction, value: Fraction) -> Payment:
    """Return what cash beside shares worth ``value`` does in a merger (26 U.S.C. 356(a), (c), 358(a)).

    The realised gain is recognised up to the cash, a loss never; block by block (Rev. Rul. 68-23).
    """
    gain = min(cash, max(value + cash - basis, ZERO))
    return Payment(cash=cash, gain=gain, basis=basis - cash + gain)
