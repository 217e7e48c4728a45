"""Why each order was made, and what one more unit of each limit would be worth.

An order's reason is the first that applies:
    sales      harvest      the lot is below its basis and the account pays tax
               exclusion    the holding is above its cap, or may be neither bought nor held at all
               transition   the benchmark does not hold the security
               raise cash   idle cash, with the expected flow, is below its band
               rebalance
    purchases  invest cash  idle cash, with the expected flow, is above its band
               rebalance
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.answer import AccountAnswer
from solvers.arrays import ABSENT, Integers
from solvers.prepare import Tables
from solvers.problem import ShardProblems

PRICE_MIN = 1e-9
"""A multiplier below this is float dust, not a binding limit."""


class AccountOrders(NamedTuple):
    """One account's orders, sorted by (security, lot)."""

    security: Integers
    lot: Integers
    """Lot of the shard, -1 for a purchase."""
    shares: Integers
    """Micro-shares."""


REASONS = ("invest cash", "harvest", "exclusion", "transition", "raise cash", "rebalance")


def order_reasons(tables: Tables, *, account: Integers, security: Integers, lot: Integers) -> list[str]:
    """Return the reason of each order; ``lot`` is a lot of the shard, -1 for a purchase."""
    accounts, n = tables.max_weight.shape
    nav = tables.nav[account].astype(float)
    cash = (tables.cash[account].astype(float) + tables.flow[account].astype(float)) / nav
    value = tables.lot_shares * 1e-6 * tables.price[tables.lot_security]
    owner = np.repeat(np.arange(accounts), np.diff(tables.lot_start))
    held = np.bincount(owner * n + tables.lot_security, value, accounts * n).reshape(accounts, n)
    buys = lot < 0
    losing = np.zeros(len(lot), bool)
    sold = lot[~buys]
    losing[~buys] = (value[sold] < tables.lot_basis[sold]) & tables.taxable[account[~buys]]
    first = np.select(
        [
            buys & (cash > tables.limits[account, 3]),
            buys,
            losing,
            held[account, security] / nav > tables.max_weight[account, security],
            tables.weights[tables.benchmark[account], security] == 0.0,
            cash < tables.limits[account, 2],
        ],
        [0, 5, 1, 2, 3, 4],
        5,
    )
    return [REASONS[number] for number in first.tolist()]


def shadow_prices(problems: ShardProblems, tables: Tables, a: int, answer: AccountAnswer) -> list[tuple[str, float]]:
    """Return (limit, dollars per unit) of each binding limit; units are net asset values, of the budget dollars.

    They are the prices of the certificate's weakest leaf, the one that the account's bound is of.
    """
    if answer.leaves is None:
        return []
    leaf = int(np.argmin(answer.leaves.bound))
    sectors = problems.market.sectors
    nav = float(tables.nav[a]) / 1e6
    k = tables.F.shape[1]
    prices, theta = answer.leaves.pi[leaf], float(answer.leaves.theta[leaf])
    found = [("cash_min", prices[k] * nav), ("cash_max", -prices[k] * nav)]
    for s, name in enumerate(sectors):
        price = prices[k + 1 + s] * nav
        found += [(f"sector:{name} high", price), (f"sector:{name} low", -price)]
    found.append(("turnover", prices[k + 1 + len(sectors)] * nav))
    found.append(("net_gain_budget", prices[k + 2 + len(sectors)]))
    if tables.limits[a, 8] < ABSENT:
        gamma = float(tables.limits[a, 0]) + theta
        bands = tables.relaxed.shape[1] - 2 * k
        for j in range(k):
            low = -gamma * (tables.limits[a, 8] + tables.relaxed[a, bands + k + j])
            high = gamma * (tables.limits[a, 8] + tables.relaxed[a, bands + j])
            beyond = (prices[j] - min(max(prices[j], low), high)) * nav
            found += [(f"factor:f{j + 1:02d} high", beyond), (f"factor:f{j + 1:02d} low", -beyond)]
    if theta > 0.0 and tables.limits[a, 7] < ABSENT:
        found.append(("tracking_error_max", theta * tables.limits[a, 7] * nav))
    return [
        (name, float(dollars))
        for name, dollars in found
        if dollars > PRICE_MIN * (1.0 if name == "net_gain_budget" else nav)
    ]
