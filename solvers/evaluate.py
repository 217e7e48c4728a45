"""The judge: objective, limits, bound and wash proof of published answers, in plain NumPy and exact integers.

Shares no code with the solve beyond the problem's own arrays, so that an error there does not hide itself. It reads
the problem, the orders and the certificate's prices, and recomputes everything else, what the household's earlier
orders close included (`docs/model.md`, sections 1, 2).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from ledger.amounts import MICRO, part
from solvers.bounds import covers, leaf_bounds, leaves_of
from solvers.claims import Claims, Stated
from solvers.figures import wrong_figures, wrong_prices
from solvers.problem import (
    NO_GAIN_LIMIT,
    RELAXABLE,
    Flags,
    Floats,
    Integers,
    ShardProblems,
    Status,
)
from solvers.views import AccountView, View, heads, value_of

__all__ = ["AccountView", "Claims", "Judgement", "judge", "lots_at_loss"]

CHUNK = 64
"""Accounts judged at a time: few enough for the cache, many enough to share NumPy's overhead; changes no verdict."""
TOLERANCE_MICROUSD = 2
"""Float error forgiven when a fraction of net asset value becomes micro-dollars."""
WEIGHT_TOLERANCE = 1e-12
EXPOSURE_TOLERANCE = 2e-12
OBJECTIVE_TOLERANCE = 1e-10
RELAXED_MARGIN = 1.1e-5
"""A limit relaxed for a drifted account is wider than today's breach by no more than this, and one share step of the
dearest security that it holds or may buy."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the judge finds for the m accounts of a shard; nan where there is nothing to judge."""

    objective: Floats
    objective_idle: Floats
    bound: Floats
    offences: tuple[tuple[int, str], ...]
    """(account, what is wrong): empty for a shard that may be published."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Orders:
    """The orders of a view's accounts, laid out over its lots and securities."""

    sold: Integers
    """(lots,) micro-shares."""
    bought: Integers
    """(accounts, n) micro-shares."""
    sold_weight: Floats
    bought_weight: Floats


def judge(problems: ShardProblems, answers: Stated) -> Judgement:
    """Return what can be recomputed of a shard's answers, and every offence against the problem's rules."""
    m = len(problems.account_ids)
    found = Judgement(
        objective=np.full(m, np.nan), objective_idle=np.full(m, np.nan), bound=np.full(m, np.nan), offences=()
    )
    closings = _Closings(problems, answers)
    offences = [(a, text) for a, text in _washes(problems, answers)]
    for lo in range(0, m, CHUNK):
        rows = slice(lo, min(lo + CHUNK, m))
        with np.errstate(all="ignore"):  # what makes no sense is held already, and judged as such
            view = closings.view(rows)
            orders = _laid_out(view, answers)
            traded = view.objective(orders.sold_weight, orders.bought_weight)
            idle = view.objective(np.zeros_like(orders.sold_weight), np.zeros_like(orders.bought_weight))
            wrong = list(_judge_chunk(view, orders, answers, found, traded=traded, at_idle=idle))
            # Figures that follow from wrong orders say nothing new.
            named = {a for a, _ in wrong}
            figures = _judge_figures(view, orders, answers, te2=traded[1], at_idle=idle)
            offences += [*wrong, *((a, text) for a, text in figures if a not in named)]
    return dataclasses.replace(found, offences=tuple(sorted(offences)))


def _judge_chunk(
    view: View,
    orders: _Orders,
    answers: Stated,
    found: Judgement,
    *,
    traded: tuple[Floats, Floats],
    at_idle: tuple[Floats, Floats],
) -> Iterator[tuple[int, str]]:
    """Fill ``found`` for the accounts of a view, and yield their offences.

    ``traded`` and ``at_idle`` are objective and squared tracking error with the orders and without any.
    """
    rows, lo, m = view.rows, view.lo, view.hi - view.lo
    held = np.array([status.is_held for status in answers.status[rows]], np.bool_)
    trades = np.bincount(view.lot_account, orders.sold > 0, m) + (orders.bought > 0).sum(axis=1) > 0
    yield from ((lo + int(at), "a held account trades") for at in np.flatnonzero(held & trades))
    (objective, te2), (idle, idle_te2) = traded, at_idle
    leaves = leaves_of(answers.certificate, rows)
    bound = np.full(m, np.inf)
    np.minimum.at(bound, leaves.account, leaf_bounds(view, leaves))
    found.objective[rows] = np.where(held, np.nan, objective)
    found.objective_idle[rows] = np.where(held, np.nan, idle)
    found.bound[rows] = np.where(held, np.nan, bound)
    last = np.searchsorted(leaves.account, np.arange(m), side="right")
    first = np.searchsorted(leaves.account, np.arange(m))
    for at in np.flatnonzero(~held).tolist():
        mine = leaves.directions[first[at] : last[at]]
        if not covers(mine[:, (mine != 0).any(axis=0)]):
            yield lo + at, "the certificate leaves directions out"
        stated = float(answers.objective[lo + at]), float(answers.bound[lo + at])
        if not abs(objective[at] - stated[0]) <= OBJECTIVE_TOLERANCE:
            yield lo + at, f"the objective is {float(objective[at])!r}, not {stated[0]!r}"
        if not stated[1] <= bound[at] + OBJECTIVE_TOLERANCE:
            yield lo + at, f"the bound is {float(bound[at])!r}, not {stated[1]!r}"
        if not stated[1] <= stated[0] + OBJECTIVE_TOLERANCE:
            yield lo + at, f"the bound {stated[1]!r} is above the objective {stated[0]!r}"
        if answers.status[lo + at] is Status.CERTIFIED_NO_TRADE:
            yield from ((lo + at, text) for text in _not_idle(view, at, trades=bool(trades[at]), stated=stated))
    for broken in (_broken_money, _broken_weights, _broken_orders):
        yield from ((lo + at, text) for at, text in broken(view, orders, answers) if not held[at])
    yield from ((lo + at, text) for at, text in _broken_risk(view, te2, idle_te2, answers) if not held[at])


def _judge_figures(
    view: View, orders: _Orders, answers: Stated, *, te2: Floats, at_idle: tuple[Floats, Floats]
) -> Iterator[tuple[int, str]]:
    """Yield the figures of a view's accounts that are not as recomputed."""
    m = view.hi - view.lo
    held = np.array([status.is_held for status in answers.status[view.rows]], np.bool_)
    idle, idle_te2 = at_idle
    figures = wrong_figures(
        view, answers, held=held, idle=idle, error=np.sqrt(te2), idle_error=np.sqrt(idle_te2),
        traded=np.bincount(view.lot_account, orders.sold_weight, m) + orders.bought_weight.sum(axis=1),
    )  # fmt: skip
    prices = wrong_prices(view, answers, leaves_of(answers.certificate, view.rows), held=held)
    yield from ((view.lo + at, text) for at, text in (*figures, *prices))


def _not_idle(view: View, at: int, *, trades: bool, stated: tuple[float, float]) -> Iterator[str]:
    """Yield why an account that claims to be best left alone is not proven to be."""
    if trades:
        yield "an account that is not to trade trades"
    trigger = float(view.problems.trigger[view.lo + at])
    if not stated[0] - stated[1] < trigger + OBJECTIVE_TOLERANCE:
        yield f"more than the trigger of {trigger!r} is left to gain"


class _Closings:
    """What the household's orders of earlier waves close to each account: to buying, and to selling losses."""

    def __init__(self, problems: ShardProblems, answers: Stated) -> None:
        self.problems, self.certificate = problems, answers.certificate
        account, security = answers.order_account, answers.order_security
        group = problems.market.identical_group[security]
        loses = np.zeros(len(account), np.bool_)
        sales = np.flatnonzero(~answers.order_is_buy)
        loses[sales] = lots_at_loss(problems, account[sales], answers.order_lot[sales])
        self.buys = self._closed(account[loses], group[loses])
        self.losses = self._closed(account[answers.order_is_buy], group[answers.order_is_buy])

    def _closed(self, account: Integers, group: Integers) -> tuple[Integers, Integers]:
        """Return (later account of the household, group), each pair once, for trades of ``account`` in ``group``."""
        household, wave = self.problems.household, self.problems.wave
        groups = int(self.problems.market.identical_group.max()) + 1
        by_household = np.argsort(household, kind="stable")
        size = np.bincount(household)
        first = np.cumsum(size) - size
        count = size[household[account]]
        trade = np.repeat(np.arange(len(account)), count)
        offset = np.arange(len(trade)) - (np.cumsum(count) - count)[trade]
        other = by_household[first[household[account[trade]]] + offset]
        later = wave[other] > wave[account[trade]]
        cells = np.unique(other[later] * groups + group[trade[later]])
        return cells // groups, cells % groups

    def view(self, rows: slice) -> View:
        """Return the accounts ``rows`` with the permissions that these closings leave them."""
        problems = self.problems
        identical = problems.market.identical_group
        groups = int(identical.max()) + 1
        shut = []
        for account, group in (self.buys, self.losses):
            among = slice(*np.searchsorted(account, [rows.start, rows.stop]))
            cells = np.zeros((rows.stop - rows.start, groups), np.bool_)
            cells[account[among] - rows.start, group[among]] = True
            shut.append(cells[:, identical])
        lots = slice(int(problems.lot_start[rows.start]), int(problems.lot_start[rows.stop]))
        owner = np.repeat(np.arange(rows.stop - rows.start), np.diff(problems.lot_start[rows.start : rows.stop + 1]))
        return View(
            problems, rows.start, rows.stop,
            can_buy=problems.can_buy[rows] & ~shut[0],
            loss_allowed=problems.lot_loss_sale_allowed[lots] & ~shut[1][owner, problems.lot_security[lots]],
            relaxed=self.certificate.relaxed[rows], cap=self.certificate.tracking_error_max[rows],
        )  # fmt: skip


def lots_at_loss(problems: ShardProblems, account: Integers, lot: Integers) -> Flags:
    """Return which lots are worth less than their basis plus the account's margin, in accounts that pay tax."""
    basis = problems.lot_basis_microusd[lot]
    value = value_of(problems.lot_micro_shares[lot], problems.market.price_microusd[problems.lot_security[lot]])
    margin = np.floor(basis.astype(float) * problems.loss_margin[account]).astype(np.int64)
    below: Flags = (value.whole < basis + margin) & problems.taxable[account]
    return below


def _laid_out(view: View, answers: Stated) -> _Orders:
    """Return the orders of the view's accounts over their lots and securities, and as fractions of the accounts."""
    chosen = slice(*np.searchsorted(answers.order_account, [view.lo, view.hi]))
    is_buy = answers.order_is_buy[chosen]
    shares = answers.order_micro_shares[chosen]
    sold = np.zeros(len(view.shares), np.int64)
    np.add.at(sold, answers.order_lot[chosen][~is_buy] - view.lots.start, shares[~is_buy])
    bought = np.zeros(view.x0.shape, np.int64)
    account = answers.order_account[chosen][is_buy] - view.lo
    np.add.at(bought, (account, answers.order_security[chosen][is_buy]), shares[is_buy])
    price = view.market.price_microusd
    sales = value_of(np.maximum(sold, 0), price[view.security]).floats()
    purchases = value_of(np.maximum(bought, 0), price[None, :]).floats()
    return _Orders(
        sold=sold, bought=bought, sold_weight=sales / view.nav[view.lot_account],
        bought_weight=purchases / view.nav[:, None],
    )  # fmt: skip


def _broken_money(view: View, orders: _Orders, answers: Stated) -> Iterator[tuple[int, str]]:
    """Yield every limit and figure in dollars that the orders break: cash, turnover, net gain; exact."""
    problems, rows, nav = view.problems, view.rows, view.nav
    m = len(nav)
    price = view.market.price_microusd
    sales = value_of(orders.sold, price[view.security]).summed(view.lot_account, m)
    each = value_of(orders.bought, price[None, :])
    whole, rest = each.whole.sum(axis=1), each.rest.sum(axis=1)
    purchases = whole + rest // MICRO
    cash = problems.cash_microusd[rows] + sales.whole - purchases - (sales.rest < rest % MICRO)
    after = cash + problems.flow_microusd[rows]
    slack = TOLERANCE_MICROUSD + 1e-15 * nav
    wide, sectors = view.relaxed, len(view.market.sectors)
    gain = _net_gain(view, orders, sales.whole)
    budget = problems.net_gain_budget_microusd[rows]
    limited = view.taxable & (budget != NO_GAIN_LIMIT)
    checks = {
        "cash_min": after < (np.maximum(problems.cash_min[rows], 0.0) - wide[:, 0]) * nav - slack,
        "cash_max": after > (problems.cash_max[rows] + wide[:, 1]) * nav + slack,
        "turnover": sales.whole + purchases > (problems.turnover_max[rows] + wide[:, 2 + 2 * sectors]) * nav + slack,
        "net_gain_budget": limited & (gain > budget + wide[:, 3 + 2 * sectors] * nav + slack),
        "cash after the orders is not as stated": cash != answers.cash_after_microusd[rows],
        "the net gain is not as stated": np.where(view.taxable, gain, 0) != answers.net_gain_microusd[rows],
    }
    for name, broken in checks.items():
        yield from ((int(at), name) for at in np.flatnonzero(broken))


def _net_gain(view: View, orders: _Orders, sales: Integers) -> Integers:
    """Return (accounts,) what the sales gain by the ledger's floor differences, micro-dollars."""
    parts = np.where(orders.sold == view.shares, view.basis, 0)
    for lot in np.flatnonzero((orders.sold != view.shares) & (orders.sold > 0)).tolist():
        sold, shares = int(orders.sold[lot]), int(view.shares[lot])
        parts[lot] = part(int(view.basis[lot]), of=shares, lo=0, hi=min(sold, shares))
    basis = np.zeros(len(sales), np.int64)
    np.add.at(basis, view.lot_account, parts)
    gain: Integers = sales - basis
    return gain


def _broken_weights(view: View, orders: _Orders, answers: Stated) -> Iterator[tuple[int, str]]:
    """Yield every sector band, factor band and name cap that the orders break."""
    del answers
    problems, rows, market = view.problems, view.rows, view.market
    m, n = view.x0.shape
    sectors = len(market.sectors)
    sales = np.bincount(view.lot_account * n + view.security, orders.sold_weight, m * n).reshape(m, n)
    x = view.x0 + orders.bought_weight - sales
    cell = np.arange(m)[:, None] * sectors + market.sector
    active = np.bincount(cell.ravel(), x.ravel(), m * sectors).reshape(m, sectors)
    tolerance = (4.0 / view.nav + WEIGHT_TOLERANCE)[:, None]
    band, wide = problems.sector_band[rows, None], view.relaxed
    outside = active > band + wide[:, 2 : 2 + sectors] + tolerance
    outside |= -active > band + wide[:, 2 + sectors : 2 + 2 * sectors] + tolerance
    yield from ((int(at), f"sector:{market.sectors[s]}") for at, s in zip(*np.nonzero(outside), strict=True))
    exposure = np.einsum("an,nk->ak", x, market.exposures)
    low, high = view.bands()
    strays = (exposure > high + EXPOSURE_TOLERANCE) | (exposure < low - EXPOSURE_TOLERANCE)
    yield from ((int(at), f"factor:f{j + 1:02d}") for at, j in zip(*np.nonzero(strays), strict=True))
    after = view.holding + orders.bought_weight - sales
    caps = np.maximum(problems.max_weight[rows], view.holding)
    over = ((orders.bought_weight > 0.0) & (after > caps + tolerance)).any(axis=1)
    yield from ((int(at), "max_weight") for at in np.flatnonzero(over))


def _broken_risk(view: View, te2: Floats, idle_te2: Floats, answers: Stated) -> Iterator[tuple[int, str]]:
    """Yield every tracking-error cap that the orders break, and every limit relaxed without need."""
    problems, rows = view.problems, view.rows
    over = np.sqrt(te2) > view.cap * (1.0 + 1e-11)
    yield from ((int(at), "tracking_error_max") for at in np.flatnonzero(over))
    stated = problems.tracking_error_max[rows]
    allowed = np.maximum(stated, np.sqrt(idle_te2) * (1.0 + 1e-11))
    relaxed = np.array([status is Status.CERTIFIED_RELAXED for status in answers.status[rows]], np.bool_)
    cap_is_free = np.where(relaxed, view.cap > allowed, view.cap != stated)
    within_reach = (view.holding > 0.0) | (view.room > 0.0)
    dearest = np.where(within_reach, view.market.price_microusd, 0).max(axis=1)
    step = problems.share_step_micro[rows] / MICRO * dearest / view.nav
    limits = view.limits()
    high, low, sector_high, sector_low, turnover, net_gain = limits
    exposure = np.einsum("an,nk->ak", view.x0, view.market.exposures)
    least, largest = view.bands()
    left = np.concatenate(
        [high[:, None], low[:, None], sector_high, sector_low, turnover[:, None], net_gain[:, None],
         largest - exposure, exposure - least], axis=1
    )  # fmt: skip
    breach = np.maximum(view.relaxed - left, 0.0)
    most = np.where(relaxed[:, None], breach + RELAXED_MARGIN + step[:, None], 0.0)
    ranks = problems.relaxation_rank[rows]
    declared: Flags = np.asarray((ranks > 0).any(axis=1))
    named = _rows_named(view, ranks > 0)
    most = np.where(declared[:, None], np.where(named & relaxed[:, None], np.inf, 0.0), most)
    cash = np.maximum(problems.cash_min[rows], 0.0)
    most[:, 0] = np.where(declared, np.minimum(most[:, 0], cash), most[:, 0])
    cap_is_free = np.where(
        declared, np.where(relaxed & (ranks[:, -1] > 0), view.cap < stated, view.cap != stated), cap_is_free
    )
    wide = ~((view.relaxed >= 0.0) & (view.relaxed <= most)).all(axis=1)  # what is no number is wide, too
    cap_is_free |= np.isnan(view.cap)
    yield from ((int(at), "a limit is relaxed without need") for at in np.flatnonzero(cap_is_free | wide))


def _rows_named(view: View, named: Flags) -> Flags:
    """Return (accounts, limits) which limits an account's relaxation order names, ``named`` by `RELAXABLE`."""
    sectors, k = len(view.market.sectors), view.market.exposures.shape[1]
    repeats = dict.fromkeys(RELAXABLE, 1) | {"sector_band": 2 * sectors, "factor_band": 2 * k, "tracking_error_max": 0}
    flags: Flags = np.repeat(named, [repeats[name] for name in RELAXABLE], axis=1)
    return flags


def _broken_orders(view: View, orders: _Orders, answers: Stated) -> Iterator[tuple[int, str]]:
    """Yield every order that may not be, by lot, security, step and direction."""
    del answers
    problems, rows, market = view.problems, view.rows, view.market
    m, n = view.x0.shape
    sold, step = orders.sold, problems.share_step_micro[rows]
    head = heads(view.chain)
    sold_before, held_before = np.cumsum(sold) - sold, np.cumsum(view.shares) - view.shares
    sold_before, held_before = sold_before - sold_before[head], held_before - held_before[head]
    last = np.append(head[1:] != head[:-1], True) if len(head) else np.zeros(0, np.bool_)
    total, whole = sold_before + sold, held_before + view.shares
    account = view.lot_account
    by_lot = {
        "is oversold": (sold > view.shares) | (sold < 0),
        "may not be sold": (sold != 0) & ~view.sellable,
        "is not sold in position order": (sold > 0) & (sold_before < held_before),
        "is not sold in whole steps": last & (total % step[account] != 0) & (total < whole),
    }
    for what, broken in by_lot.items():
        for lot in np.flatnonzero(broken).tolist():
            yield int(account[lot]), f"lot {problems.lot_ids[view.lots.start + lot]} {what}"
    sold_of = np.zeros(m * n, np.int64)
    np.add.at(sold_of, account * n + view.security, sold)
    sold_of = sold_of.reshape(m, n)
    value = value_of(np.maximum(orders.bought + sold_of, 0), market.price_microusd[None, :])
    bought = orders.bought
    by_name = {
        "may not be bought, or not in this size": (
            (bought != 0) & ((view.room <= 0.0) | (bought % step[:, None] != 0) | (bought < 0))
        ),
        "is both bought and sold": (bought > 0) & (sold_of > 0),
        "is traded below the minimum": (
            (bought + sold_of > 0) & (value.whole < problems.min_trade_microusd[rows, None] - 1)
        ),
    }
    for what, cells in by_name.items():
        yield from ((int(at), f"{market.security_ids[i]} {what}") for at, i in zip(*np.nonzero(cells), strict=True))


def _washes(problems: ShardProblems, answers: Stated) -> Iterator[tuple[int, str]]:
    """Yield every purchase of a group of which the household sells what may be a loss tonight."""
    groups = int(problems.market.identical_group.max()) + 1
    cell = problems.household[answers.order_account] * groups
    cell += problems.market.identical_group[answers.order_security]
    sales = np.flatnonzero(~answers.order_is_buy)
    lost = cell[sales[lots_at_loss(problems, answers.order_account[sales], answers.order_lot[sales])]]
    washed = answers.order_is_buy & np.isin(cell, lost)
    for order in np.flatnonzero(washed).tolist():
        name = problems.market.security_ids[int(answers.order_security[order])]
        yield (
            int(answers.order_account[order]),
            f"{name} is bought while the household sells its group at a loss",
        )
