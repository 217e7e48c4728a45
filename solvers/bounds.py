"""What certificates prove, recomputed in NumPy: the Lagrangian bound of every leaf, and whether leaves cover all.

Shares no code with the solve; the formulas are those of `docs/model.md`, section 2.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from solvers.chains import Steps, in_order, least_values
from solvers.problem import Certificate, Flags, Floats, Integers
from solvers.views import Pieces, View


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """Some leaves of a view's accounts."""

    account: Integers
    """(leaves,) counted from the first of the view."""
    prices: Floats
    """(leaves, k + sectors + 3)"""
    cap_price: Floats
    directions: Integers
    """(leaves, disjunctions or more)"""


def leaf_bounds(view: View, leaves: Leaves) -> Floats:
    """Return (leaves,) the bound that each leaf's prices prove; nan or -inf where they prove nothing."""
    market, at = view.market, leaves.account
    k, sectors = market.exposures.shape[1], len(market.sectors)
    factors, cash = leaves.prices[:, :k], leaves.prices[:, k]
    sector, turnover, net_gain = leaves.prices[:, k + 1 : k + 1 + sectors], leaves.prices[:, -2], leaves.prices[:, -1]
    gamma = view.aversion[at] + leaves.cap_price
    weight = gamma[:, None] * market.specific_variance
    x0 = view.x0[at]
    # Not by BLAS: its threads would cost more than the sums.
    price = weight * x0 + np.einsum("lk,nk->ln", factors, market.exposures) + cash[:, None] + sector[:, market.sector]
    unit = view.cost[at] + turnover
    pieces, chain = view.parts()
    chosen = _pieces_of(pieces, at)
    cost = pieces.tax[chosen.piece] + unit[chosen.leaf] + net_gain[chosen.leaf] * pieces.gain[chosen.piece]
    sell = _sold_value(pieces, chain, chosen, price, weight, cost)
    pull = price + unit[:, None]
    bought = np.clip(-pull / weight, 0.0, view.room[at])
    buy = 0.5 * weight * bought**2 + pull * bought
    by_group, begins = view.groups()
    size = np.diff(np.append(begins, len(by_group)))
    several = np.zeros(len(by_group), np.bool_)
    several[by_group] = np.repeat(size > 1, size)
    buying = buy
    if several.any():
        gains = ~pieces.is_loss[chosen.piece] & several[pieces.security[chosen.piece]]
        buying = buy + _sold_value(pieces, chain, chosen.only(gains), price, weight, cost[gains])
    sells = np.add.reduceat(sell[:, by_group], begins, axis=1)
    buys = np.add.reduceat(buying[:, by_group], begins, axis=1)
    both = np.add.reduceat((sell + buy)[:, by_group], begins, axis=1)
    disjoint = view.disjoint_groups(pieces)
    number = np.maximum(np.cumsum(disjoint, axis=1) - 1, 0)[at]
    direction = np.take_along_axis(leaves.directions, number, axis=1)
    decided = np.where(direction < 0, sells, np.where(direction > 0, buys, np.minimum(sells, buys)))
    value = np.where(disjoint[at], decided, both).sum(axis=1)
    y0 = np.einsum("ln,nk->lk", x0, market.exposures)
    # Each factor's exposure y minimises gamma/2 y^2 - lambda y inside its band.
    wanted = factors / gamma[:, None]
    low, high = (band[at] for band in view.bands())
    y = np.clip(wanted, low, high)
    inside = y == wanted
    value += (factors * y0).sum(axis=1) - np.where(inside, factors**2, 0.0).sum(axis=1) / (2.0 * gamma)
    value += np.where(inside, 0.0, 0.5 * gamma[:, None] * y**2 - factors * y).sum(axis=1)
    value += 0.5 * (weight * x0**2).sum(axis=1)
    valid = (turnover >= 0.0) & (net_gain >= 0.0) & (leaves.cap_price >= 0.0)
    return np.where(valid, value - _price_of_limits(view, leaves), -np.inf)


def _price_of_limits(view: View, leaves: Leaves) -> Floats:
    """Return (leaves,) the prices of the limits times what idling leaves of them; an absent limit at no price is 0."""
    k, sectors = view.market.exposures.shape[1], len(view.market.sectors)
    high, low, sector_high, sector_low, turnover, net_gain = (limit[leaves.account] for limit in view.limits())
    prices = leaves.prices
    up = np.concatenate([high[:, None], sector_high, turnover[:, None], net_gain[:, None]], axis=1)
    down = np.concatenate([low[:, None], sector_low], axis=1)
    limited = prices[:, k:]
    cost = np.where(limited > 0.0, limited * np.where(limited > 0.0, up, 0.0), 0.0).sum(axis=1)
    signed = prices[:, k : k + 1 + sectors]
    cost += np.where(signed < 0.0, -signed * np.where(signed < 0.0, down, 0.0), 0.0).sum(axis=1)
    cap = np.where(leaves.cap_price > 0.0, view.cap[leaves.account], 0.0)
    total: Floats = cost + 0.5 * leaves.cap_price * cap**2
    return total


@dataclasses.dataclass(frozen=True, slots=True)
class _Chosen:
    """Pieces side by side, once for every leaf of their account."""

    leaf: Integers
    piece: Integers

    def only(self, which: Flags) -> _Chosen:
        return _Chosen(self.leaf[which], self.piece[which])


def _pieces_of(pieces: Pieces, account: Integers) -> _Chosen:
    """Return the pieces of each leaf's account."""
    first, last = np.searchsorted(pieces.account, account), np.searchsorted(pieces.account, account, side="right")
    count = last - first
    leaf = np.repeat(np.arange(len(account)), count)
    start = np.cumsum(count) - count
    return _Chosen(leaf, np.arange(len(leaf)) - start[leaf] + first[leaf])


def _sold_value(
    pieces: Pieces, chain: Integers, chosen: _Chosen, price: Floats, weight: Floats, cost: Floats
) -> Floats:
    """Return (leaves, n) the least value of selling what is worth its price, sublots of a lot in position order."""
    cell = chosen.leaf * price.shape[1] + pieces.security[chosen.piece]
    steps = Steps(cell, chain[chosen.piece], cost, pieces.quantity[chosen.piece])
    values = least_values(steps, price=price.ravel(), weight=weight.ravel())
    return in_order(values, steps, price=price.ravel(), weight=weight.ravel()).reshape(price.shape)


def covers(directions: Integers) -> bool:
    """Return whether leaves (leaves, disjunctions) leave out no way to decide the disjunctions."""
    if len(directions) == 0:
        return False
    if (directions == 0).all(axis=1).any():
        return True
    split = np.flatnonzero((directions != 0).all(axis=0))
    if len(split) == 0:
        return False
    d = int(split[0])
    rest = np.delete(directions, d, axis=1)
    return covers(rest[directions[:, d] == -1]) and covers(rest[directions[:, d] == 1])


def leaves_of(certificate: Certificate, rows: slice) -> Leaves:
    """Return the leaves of the accounts ``rows`` of a shard."""
    count = np.diff(certificate.leaf_start[rows.start : rows.stop + 1])
    part = slice(int(certificate.leaf_start[rows.start]), int(certificate.leaf_start[rows.stop]))
    return Leaves(
        account=np.repeat(np.arange(rows.stop - rows.start), count),
        prices=certificate.leaf_prices[part],
        cap_price=certificate.leaf_cap_price[part],
        directions=certificate.leaf_directions[part].astype(np.int64),
    )
