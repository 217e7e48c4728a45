"""Exact money in compiled code: shares times price as whole micro-dollars and a remainder.

One micro-share at one micro-dollar is a millionth of a micro-dollar. Neither products nor sums may overflow 64 bits,
so an amount is a pair (micro-dollars, millionths of one), the second in [0, MICRO).
"""

from __future__ import annotations

import numpy as np

from ledger.amounts import MICRO
from solvers.arrays import Floats, Integers
from solvers.compiling import kernel


@kernel
def product(micro_shares: int, price_microusd: int) -> tuple[int, int]:
    """Return the exact value of a non-negative number of shares (up to 9e12 dollars)."""
    part = (micro_shares % MICRO) * price_microusd
    return (micro_shares // MICRO) * price_microusd + part // MICRO, part % MICRO


@kernel
def add(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Return the sum of two amounts."""
    rest = left[1] + right[1]
    return left[0] + right[0] + rest // MICRO, rest % MICRO


@kernel
def as_float(amount: tuple[int, int]) -> float:
    """Return micro-dollars as a float."""
    return float(amount[0]) + float(amount[1]) / MICRO


@kernel
def net_asset_values(
    lot_start: Integers, lot_security: Integers, lot_micro_shares: Integers, price: Integers, cash: Integers
) -> Integers:
    """Return (m,) cash plus holdings, whole micro-dollars, the rest dropped."""
    nav = np.empty(cash.shape[0], np.int64)
    for a in range(cash.shape[0]):
        total = (cash[a], 0)
        for lot in range(lot_start[a], lot_start[a + 1]):
            total = add(total, product(lot_micro_shares[lot], price[lot_security[lot]]))
        nav[a] = total[0]
    return nav


@kernel
def holding_weights(
    lots: tuple[int, int], lot_security: Integers, lot_micro_shares: Integers, price: Integers, nav: float, h0: Floats
) -> None:
    """Fill (n,) ``h0`` with the holdings of the lots ``lots[0]:lots[1]``, fractions of ``nav`` micro-dollars."""
    h0[:] = 0.0
    for lot in range(lots[0], lots[1]):
        i = lot_security[lot]
        h0[i] += as_float(product(lot_micro_shares[lot], price[i])) / nav
