"""What orders in whole micro-shares amount to: objective, limits, cash and gain; compiled.

Everything here is recomputed from the lots, not from the sale entries that the solve saw, so that joined sublots are
taxed at their own bases. Money is exact (`solvers.amounts`). A limit that is a fraction of net asset value becomes a
whole number of micro-dollars, two of them to the safe side of float error; rounding keeps a wider margin than that.
Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.amounts import add, as_float, product
from solvers.arrays import ABSENT, Floats, Integers
from solvers.compiling import kernel
from solvers.prepare import Tables, tax_of

INTACT, NAME_CAP, TRACKING_ERROR = -1, -2, -3
EXPOSURE_SLACK = 1e-12
"""Float error forgiven in an exposure to a factor."""


class Result(NamedTuple):
    """What one account's orders amount to."""

    objective: float
    """Fraction of net asset value."""
    te2: float
    """Squared tracking error."""
    turnover: float
    cash_after: int
    """Micro-dollars, without flows and costs."""
    net_gain: int
    """Micro-dollars, by the ledger's floor differences."""
    broken: int
    """The first broken row of r (`solvers.arrays`), `NAME_CAP`, `TRACKING_ERROR`, or `INTACT`."""


@kernel
def limit_of(weight: float, nav: int, outward: int) -> int:
    """Return a fraction of net asset value in micro-dollars; ``outward`` is 1 for an upper limit, -1 for a lower."""
    if abs(weight) >= ABSENT:
        return outward * (1 << 62)
    return int(np.floor(weight * float(nav))) + 2 * outward


@kernel
def floor_product(left: int, right: int, divisor: int) -> int:
    """Return left * right // divisor for 0 <= left, right <= divisor, bit by bit, without overflow."""
    quotient = 0
    rest = 0
    for bit in range(62, -1, -1):
        quotient *= 2
        rest *= 2
        if (right >> bit) & 1:
            rest += left
        quotient += rest // divisor
        rest %= divisor
    return quotient


@kernel
def gain_of(tables: Tables, lot: int, sold: int) -> tuple[int, int]:
    """Return the exact gain of selling the first ``sold`` micro-shares of a lot, its basis by floor difference."""
    shares = tables.lot_shares[lot]
    basis = tables.lot_basis[lot]
    part = (basis // shares) * sold + floor_product(basis % shares, sold, shares)
    value = product(sold, tables.price[tables.lot_security[lot]])
    return value[0] - part, value[1]


@kernel
def objective_of(tables: Tables, a: int, x0: Floats, lot_sales: Floats, bought: Floats) -> tuple[float, float]:
    """Return (objective, squared tracking error) of lot sales (lots,) and purchases (n,), fractions of the account."""
    n, k = tables.F.shape
    start = tables.lot_start[a]
    kappa = tables.limits[a, 1]
    trade = bought.copy()
    linear = 0.0
    for at in range(lot_sales.shape[0]):
        amount = lot_sales[at]
        if amount != 0.0:
            trade[tables.lot_security[start + at]] -= amount
            linear += (tax_of(tables, a, start + at)[0] + kappa) * amount
    y = np.zeros(k)
    te2 = 0.0
    for i in range(n):
        linear += kappa * bought[i]
        x = x0[i] + trade[i]
        te2 += tables.D[i] * x * x
        for j in range(k):
            y[j] += tables.F[i, j] * x
    for j in range(k):
        te2 += y[j] * y[j]
    return linear + 0.5 * tables.limits[a, 0] * te2, te2


@kernel
def broken_sector(tables: Tables, a: int, h0: Floats, traded: Floats) -> int:
    """Return the first sector row of r that trades (n,), fractions of the account, break; or `INTACT`."""
    sectors = int(tables.relaxed.shape[1] - 4) // 2 - int(tables.F.shape[1])
    slack = 4.0 / float(tables.nav[a]) + 1e-14
    active = np.zeros(sectors)
    weights = tables.weights[tables.benchmark[a]]
    for i in range(h0.shape[0]):
        active[tables.sector[i]] += (h0[i] - weights[i]) + traded[i]
    for s in range(sectors):
        if active[s] > tables.limits[a, 4] + tables.relaxed[a, 2 + s] + slack:
            return 2 + s
        if -active[s] > tables.limits[a, 4] + tables.relaxed[a, 2 + sectors + s] + slack:
            return 2 + sectors + s
    return INTACT


@kernel
def broken_factor(tables: Tables, a: int, h0: Floats, traded: Floats) -> int:
    """Return the first factor row of r that trades (n,), fractions of the account, break; or `INTACT`."""
    n, k = int(tables.F.shape[0]), int(tables.F.shape[1])
    bands = int(tables.relaxed.shape[1]) - 2 * k
    y = np.zeros(k)
    weights = tables.weights[tables.benchmark[a]]
    for i in range(n):
        active = (h0[i] - weights[i]) + traded[i]
        for j in range(k):
            y[j] += tables.F[i, j] * active
    for j in range(k):
        if y[j] > tables.limits[a, 8] + tables.relaxed[a, bands + j] + EXPOSURE_SLACK:
            return bands + j
        if -y[j] > tables.limits[a, 8] + tables.relaxed[a, bands + k + j] + EXPOSURE_SLACK:
            return bands + k + j
    return INTACT


@kernel
def result_of(tables: Tables, a: int, x0: Floats, sold: Integers, bought: Integers) -> Result:
    """Return what orders amount to: micro-shares sold per lot of the account, and bought per security (n,)."""
    n = x0.shape[0]
    start = tables.lot_start[a]
    nav = tables.nav[a]
    weights = tables.weights[tables.benchmark[a]]
    sales = (0, 0)
    purchases = (0, 0)
    gain = (0, 0)
    lot_sales = np.zeros(sold.shape[0])
    buys = np.zeros(n)
    traded = np.zeros(n)
    for at in range(sold.shape[0]):
        if sold[at] == 0:
            continue
        i = tables.lot_security[start + at]
        value = product(sold[at], tables.price[i])
        sales = add(sales, value)
        if tables.taxable[a]:
            gain = add(gain, gain_of(tables, start + at, sold[at]))
        lot_sales[at] = as_float(value) / float(nav)
        traded[i] -= lot_sales[at]
    broken = INTACT
    h0 = x0 + weights
    for i in range(n):
        if bought[i] == 0:
            continue
        value = product(bought[i], tables.price[i])
        purchases = add(purchases, value)
        buys[i] = as_float(value) / float(nav)
        traded[i] += buys[i]
        if h0[i] + buys[i] > tables.max_weight[a, i] + 4.0 / float(nav) + 1e-14:
            broken = NAME_CAP
    cash = tables.cash[a] + sales[0] - purchases[0]
    if sales[1] < purchases[1]:
        cash -= 1
    turnover = add(sales, purchases)
    objective, te2 = objective_of(tables, a, x0, lot_sales, buys)
    if broken == INTACT:
        broken = broken_row(tables, a, cash, turnover[0], gain[0])
    if broken == INTACT:
        broken = broken_sector(tables, a, h0, traded)
    if broken == INTACT and tables.limits[a, 8] < ABSENT:
        broken = broken_factor(tables, a, h0, traded)
    if broken == INTACT and np.sqrt(te2) > tables.limits[a, 7] * (1.0 + 1e-12):
        broken = TRACKING_ERROR
    return Result(objective, te2, as_float(turnover) / float(nav), cash, gain[0], broken)


@kernel
def broken_row(tables: Tables, a: int, cash: int, turnover: int, gain: int) -> int:
    """Return the first of the cash, turnover and gain rows that is broken, in micro-dollars; or `INTACT`."""
    limits = tables.limits[a]
    relaxed = tables.relaxed[a]
    nav = tables.nav[a]
    rows = int(relaxed.shape[0]) - 2 * int(tables.F.shape[1])
    after = cash + tables.flow[a]
    if after < limit_of(max(limits[2], 0.0) - relaxed[0], nav, -1):
        return 0
    if after > limit_of(min(limits[3] + relaxed[1], ABSENT), nav, 1):
        return 1
    if turnover > limit_of(min(limits[5] + relaxed[rows - 2], ABSENT), nav, 1):
        return rows - 2
    budget = limits[6] / float(nav) + relaxed[rows - 1]
    if tables.taxable[a] and gain > limit_of(min(budget, ABSENT), nav, 1):
        return rows - 1
    return INTACT
