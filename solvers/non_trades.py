"""What was not traded and might have been: what stopped it, and what it was worth at tonight's prices.

Candidates are names with losses left to sell, names held above their benchmark weight and not sold, and names below
it and not bought. What a trade costs per unit comes in parts: risk, cash, sector, turnover, net gain, tax, costs, at
the prices of the account's certificate. Where the trade may not be made at all, that stops it; else the dearest part.
Its worth is what it would add were that one thing not there: max over amounts of gain less the name's own risk.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from solvers.problem import Flags, Floats, Integers, Mode, ShardAnswers, ShardProblems
from solvers.views import View, value_of

PER_ACCOUNT = 3
"""At most so many of each kind: losses not sold, other names not sold, names not bought."""
WORTH_MIN = 1e-7
"""Fraction of net asset value below which nobody asks."""
CHUNK = 64
SALE_PARTS = ("tracking_error", "cash", "sector", "turnover", "net_gain_budget", "tax", "cost", "factor_band")
BUY_PARTS = ("tracking_error", "cash", "sector", "turnover", "cost", "factor_band")
SALE_STOPS = (
    "", "purchase_tonight", "household_purchase", "wash_window", "minimum_holding_days", "mode", "no_sell",
)  # fmt: skip
"""From the least to the greatest authority; the first is no stop."""
BUY_STOPS = ("", "loss_sale_tonight", "max_weight", "household_loss_sale", "no_buy")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NonTrades:
    """Trades that were not made, by account and falling worth."""

    account: Integers
    security: Integers
    is_buy: Flags
    stopped_by: tuple[str, ...]
    worth_usd: Floats


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Prices:
    """The certificate's prices of a view's accounts; (accounts, n) or (accounts,)."""

    risk: Floats
    """Derivative of the risk in the active weight, after the orders."""
    curvature: Floats
    band: Floats
    """The part of the factors' prices that is above the pull of an exposure at the end of its band."""
    cash: Floats
    sector: Floats
    turnover: Floats
    net_gain: Floats


def non_trades(problems: ShardProblems, answers: ShardAnswers) -> NonTrades:
    """Return the interesting trades that no certified account of the shard makes."""
    found: list[NonTrades] = []
    for lo in range(0, len(problems.account_ids), CHUNK):
        rows = slice(lo, min(lo + CHUNK, len(problems.account_ids)))
        with np.errstate(all="ignore"):  # accounts without sense are held, and have no leaves
            found += _of_chunk(problems, answers, rows)
    stacked = {
        name: np.concatenate([np.zeros(0, kind), *[getattr(part, name) for part in found]])
        for name, kind in (("account", np.int64), ("security", np.int64), ("is_buy", np.bool_), ("worth_usd", float))
    }
    stopped = [word for part in found for word in part.stopped_by]
    order = np.lexsort((stacked["is_buy"], stacked["security"], -stacked["worth_usd"], stacked["account"]))
    return NonTrades(
        account=stacked["account"][order],
        security=stacked["security"][order],
        is_buy=stacked["is_buy"][order],
        stopped_by=tuple(stopped[at] for at in order.tolist()),
        worth_usd=stacked["worth_usd"][order],
    )


def _of_chunk(problems: ShardProblems, answers: ShardAnswers, rows: slice) -> list[NonTrades]:
    certificate = answers.certificate
    lots = slice(int(problems.lot_start[rows.start]), int(problems.lot_start[rows.stop]))
    view = View(
        problems, rows.start, rows.stop, can_buy=certificate.can_buy[rows],
        loss_allowed=certificate.lot_loss_sale_allowed[lots], relaxed=certificate.relaxed[rows],
        cap=certificate.tracking_error_max[rows],
    )  # fmt: skip
    proven = np.diff(certificate.leaf_start[rows.start : rows.stop + 1]) > 0
    if not proven.any():
        return []
    orders = slice(*np.searchsorted(answers.order_account, [rows.start, rows.stop]))
    m, n = view.x0.shape
    cell = (answers.order_account[orders] - rows.start) * n + answers.order_security[orders]
    price = problems.market.price_microusd[answers.order_security[orders]]
    value = value_of(answers.order_micro_shares[orders], price).floats()
    is_buy = answers.order_is_buy[orders]
    bought = np.bincount(cell[is_buy], value[is_buy], m * n).reshape(m, n) / view.nav[:, None]
    sold = np.bincount(cell[~is_buy], value[~is_buy], m * n).reshape(m, n) / view.nav[:, None]
    untouched = np.ones(len(view.shares), np.bool_)
    untouched[answers.order_lot[orders][~is_buy] - lots.start] = False
    active = view.x0 + bought - sold
    prices = _prices(view, answers, active)
    return [
        part
        for part in (
            *_sales(view, prices, untouched=untouched, active=active, bought=bought, proven=proven),
            _purchases(view, prices, active=active, bought=bought, sold=sold, proven=proven),
        )
        if len(part.account)
    ]


def _prices(view: View, answers: ShardAnswers, active: Floats) -> _Prices:
    """Return the prices of each account's first leaf; nan where it has none."""
    certificate, market = answers.certificate, view.market
    first, last = certificate.leaf_start[view.lo : view.hi], certificate.leaf_start[view.lo + 1 : view.hi + 1]
    leaf = np.minimum(first, max(len(certificate.leaf_cap_price) - 1, 0))
    prices = np.where((last > first)[:, None], certificate.leaf_prices[leaf], np.nan)
    k, sectors = market.exposures.shape[1], len(market.sectors)
    curvature = (view.aversion + certificate.leaf_cap_price[leaf])[:, None] * market.specific_variance
    gamma = (view.aversion + certificate.leaf_cap_price[leaf])[:, None]
    low, high = view.bands()
    pull = gamma * np.clip(prices[:, :k] / gamma, low, high)
    banded = (pull != gamma * (prices[:, :k] / gamma)).any(axis=1)
    of_risk = np.where(banded[:, None], pull, prices[:, :k])
    return _Prices(
        risk=curvature * active + np.einsum("ak,nk->an", of_risk, market.exposures),
        band=np.einsum("ak,nk->an", prices[:, :k] - of_risk, market.exposures),
        curvature=curvature,
        cash=prices[:, k],
        sector=prices[:, k + 1 : k + 1 + sectors][:, market.sector],
        turnover=prices[:, -2],
        net_gain=prices[:, -1],
    )


def _sales(
    view: View, prices: _Prices, *, untouched: Flags, active: Floats, bought: Floats, proven: Flags
) -> list[NonTrades]:
    """Return losses not sold, and other names held above their benchmark weight and not sold."""
    problems, account, security = view.problems, view.lot_account, view.security
    m, n = view.x0.shape
    by_group, begins = view.groups()
    group = np.zeros(n, np.int64)
    group[by_group] = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, n)))
    buying = np.logical_or.reduceat(bought[:, by_group] > 0.0, begins, axis=1)[:, group]
    flags = (
        view.is_loss & buying[account, security],
        view.is_loss & ~view.loss_allowed,
        view.is_loss & ~problems.lot_loss_sale_allowed[view.lots],
        ~problems.lot_sale_allowed[view.lots],
        problems.mode[view.rows][account] == Mode.BUY_ONLY,
        ~problems.can_sell[view.rows][account, security],
    )
    stop = np.zeros(len(account), np.int64)
    for number, flag in enumerate(flags, start=1):
        stop[flag] = number
    found = []
    for losing in (True, False):
        chosen = untouched & ((view.tax < 0.0) == losing) & proven[account]
        chosen &= (view.weight > 0.0) & (losing | (active[account, security] > 0.0))
        cell = account[chosen] * n + security[chosen]
        amount = np.bincount(cell, view.weight[chosen], m * n).astype(np.float64)
        tax = np.bincount(cell, (view.weight * view.tax)[chosen], m * n)
        gain = np.bincount(cell, (view.weight * view.gain)[chosen], m * n)
        stops = np.zeros(m * n, np.int64)
        np.maximum.at(stops, cell, stop[chosen])
        at = np.flatnonzero(amount)
        a, i = at // n, at % n
        parts = np.stack([
            -prices.risk[a, i], -prices.cash[a], -prices.sector[a, i], prices.turnover[a],
            prices.net_gain[a] * gain[at] / amount[at], tax[at] / amount[at], view.cost[a],
            -prices.band[a, i],
        ])  # fmt: skip
        found.append(_best(view, prices, a, i, parts, amount[at], stops[at], SALE_PARTS, SALE_STOPS, is_buy=False))
    return found


def _purchases(
    view: View, prices: _Prices, *, active: Floats, bought: Floats, sold: Floats, proven: Flags
) -> NonTrades:
    """Return names below their benchmark weight that are not bought."""
    problems = view.problems
    by_group, begins = view.groups()
    selling = np.zeros(view.x0.shape, np.bool_)
    counts = np.diff(np.append(begins, len(by_group)))
    selling[:, by_group] = np.repeat(np.logical_or.reduceat(sold[:, by_group] > 0.0, begins, axis=1), counts, axis=1)
    stops = np.zeros(active.shape, np.int64)
    stops[selling] = 1
    stops[view.room <= 0.0] = 2
    stops[~view.can_buy] = 3
    stops[~problems.can_buy[view.rows]] = 4
    a, i = np.nonzero((bought == 0.0) & (active < 0.0) & proven[:, None])
    parts = np.stack([
        prices.risk[a, i], prices.cash[a], prices.sector[a, i], prices.turnover[a], view.cost[a],
        prices.band[a, i],
    ])  # fmt: skip
    return _best(view, prices, a, i, parts, -active[a, i], stops[a, i], BUY_PARTS, BUY_STOPS, is_buy=True)


def _best(
    view: View, prices: _Prices, a: Integers, i: Integers, parts: Floats, amount: Floats, stops: Integers,
    part_names: tuple[str, ...], stop_names: tuple[str, ...], *, is_buy: bool,
) -> NonTrades:  # fmt: skip
    """Return the `PER_ACCOUNT` worthiest candidates of each account."""
    dearest = parts.argmax(axis=0)
    gain = -parts.sum(axis=0) + np.where(stops > 0, 0.0, parts.max(axis=0))
    curvature = prices.curvature[a, i]
    traded = np.clip(gain / curvature, 0.0, amount)
    worth = (gain - 0.5 * curvature * traded) * traded
    kept = np.flatnonzero(worth > WORTH_MIN)
    kept = kept[np.lexsort((i[kept], -worth[kept], a[kept]))]
    place = np.arange(len(kept)) - np.searchsorted(a[kept], a[kept])
    kept = kept[place < PER_ACCOUNT]
    names = [
        stop_names[stop] if stop else part_names[part]
        for stop, part in zip(stops[kept].tolist(), dearest[kept].tolist(), strict=True)
    ]
    return NonTrades(
        account=a[kept] + view.lo,
        security=i[kept].astype(np.int64),
        is_buy=np.full(len(kept), is_buy),
        stopped_by=tuple(names),
        worth_usd=worth[kept] * view.nav[a[kept]] / 1e6,
    )
