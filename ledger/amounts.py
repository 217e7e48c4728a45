"""Exact amounts: shares and dollars as integers of one millionth, and the one rounding rule.

Shares are counted in micro-shares and dollars in micro-dollars. An amount that belongs to a part of a lot
is a floor difference of cumulative share positions, so the parts always sum to the whole, whatever the
order in which they leave.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

MICRO = 1_000_000


def to_micro(value: Decimal | int | str | Fraction) -> int:
    """Return ``value`` (shares or dollars) in millionths, nearest, half to even.

    >>> to_micro("1.25")
    1250000
    """
    if isinstance(value, Fraction):
        return round(value * MICRO)
    return int((Decimal(value) * MICRO).to_integral_value(rounding=ROUND_HALF_EVEN))


def from_micro(value: int) -> Decimal:
    """Return millionths as an exact decimal number of shares or dollars.

    >>> from_micro(-1250000)
    Decimal('-1.25')
    """
    return (Decimal(value) / MICRO).normalize() + Decimal(0)


def plain(value: int) -> str:
    """Return millionths as a plain decimal string, without exponent or trailing zeros.

    >>> plain(12_500_000), plain(0), plain(-1)
    ('12.5', '0', '-0.000001')
    """
    return f"{from_micro(value):f}"


def plain_fraction(value: Fraction) -> str:
    """Return an exact number as a plain decimal string, to nine decimals where it has no end.

    >>> plain_fraction(Fraction(5, 4)), plain_fraction(Fraction(-1, 3))
    ('1.25', '-0.333333333')
    """
    nanos = round(value * 10**9)
    return f"{(Decimal(nanos) / 10**9).normalize() + Decimal(0):f}"


def part(total: int, *, of: int, lo: int, hi: int) -> int:
    """Return the part of ``total`` that belongs to share positions ``lo`` to ``hi`` of ``of``.

    >>> part(100, of=3, lo=0, hi=1), part(100, of=3, lo=1, hi=3)
    (33, 67)
    """
    return total * hi // of - total * lo // of
