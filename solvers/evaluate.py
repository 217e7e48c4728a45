"""The judge: objective, limits, bound and wash proof of published answers, in plain NumPy and Python integers.

Shares no code with the solve beyond the problem's own arrays, so that an error there does not hide itself. It reads
the problem, the orders and the certificate's prices, and recomputes everything else (`docs/model.md`, sections 1, 2).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ledger.amounts import MICRO, part
from solvers.problem import NO_GAIN_LIMIT, Certificate, Floats, Integers, Mode, ShardAnswers, ShardProblems

TOLERANCE_MICROUSD = 2
"""Float error forgiven when a fraction of net asset value becomes micro-dollars."""
WEIGHT_TOLERANCE = 1e-12
DUST = 1e-12
OBJECTIVE_TOLERANCE = 1e-10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the judge finds for the m accounts of a shard; nan where there is nothing to judge."""

    objective: Floats
    objective_idle: Floats
    bound: Floats
    offences: tuple[tuple[int, str], ...]
    """(account, what is wrong): empty for a shard that may be published."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Pieces:
    """What one account can sell, at one rate each: single lots, or sublots joined in position order."""

    security: Integers
    quantity: Floats
    tax: Floats
    gain: Floats
    is_loss: np.ndarray[tuple[int], np.dtype[np.bool_]]


class AccountView:
    """One account's numbers, by definition rather than by the solve's arrays."""

    def __init__(self, problems: ShardProblems, a: int, certificate: Certificate) -> None:
        market = problems.market
        self.problems, self.market, self.a = problems, market, a
        self.lots = range(int(problems.lot_start[a]), int(problems.lot_start[a + 1]))
        lots = slice(self.lots.start, self.lots.stop)
        self.security = problems.lot_security[lots]
        shares = problems.lot_micro_shares[lots].tolist()
        price = market.price_microusd[self.security].tolist()
        self.value_pico = [s * p for s, p in zip(shares, price, strict=True)]
        self.nav = (int(problems.cash_microusd[a]) * MICRO + sum(self.value_pico)) // MICRO
        value = np.array([v / MICRO for v in self.value_pico], float)
        basis = problems.lot_basis_microusd[lots].astype(float)
        n = len(market.security_ids)
        self.weight = value / self.nav
        self.holding = np.bincount(self.security, self.weight, n) if len(self.security) else np.zeros(n)
        self.x0 = self.holding - market.benchmark_weights[problems.benchmark[a]]
        taxable = bool(problems.taxable[a])
        below = np.array(
            [v < b * MICRO for v, b in zip(self.value_pico, problems.lot_basis_microusd[lots].tolist(), strict=True)],
            bool,
        )
        self.is_loss = below & taxable
        self.gain = np.where(value > 0.0, 1.0 - basis / np.where(value > 0.0, value, 1.0), 0.0) * taxable
        long_term = problems.lot_long_term[lots]
        gain_rate = np.where(long_term, problems.long_gain_rate[a], problems.short_gain_rate[a])
        loss_rate = np.where(long_term, problems.long_loss_rate[a], problems.short_loss_rate[a])
        aware = problems.mode[a] != Mode.TAX_UNAWARE
        self.tax = np.where(self.is_loss, loss_rate, gain_rate) * self.gain * aware
        sellable = problems.lot_sale_allowed[lots] & (certificate.lot_loss_sale_allowed[lots] | ~self.is_loss)
        self.sellable = sellable & problems.can_sell[a, self.security] & (problems.mode[a] != Mode.BUY_ONLY)
        room = np.maximum(problems.max_weight[a] - self.holding, 0.0) * certificate.can_buy[a]
        self.room = np.where(room > DUST, room, 0.0)
        self.relaxed = certificate.relaxed[a]
        self.cap = float(certificate.tracking_error_max[a])

    def objective(self, sold: Floats, bought: Floats) -> tuple[float, float]:
        """Return (objective, squared tracking error) of weights sold per lot and bought per security."""
        a = self.a
        n = len(self.x0)
        x = self.x0 + bought - (np.bincount(self.security, sold, n) if len(sold) else 0.0)
        factor = (self.market.exposures * x[:, None]).sum(axis=0)
        te2 = float((factor**2).sum() + (self.market.specific_variance * x * x).sum())
        cost = float(self.problems.cost_rate[a]) * float(sold.sum() + bought.sum())
        return 0.5 * float(self.problems.risk_aversion[a]) * te2 + float((self.tax * sold).sum()) + cost, te2

    def pieces(self) -> Pieces:
        """Return the sellable pieces: cut at the first blocked sublot, joined where a later one is cheaper."""
        ids = [self.problems.lot_ids[lot] for lot in self.lots]
        found: list[list[float]] = []
        fresh, blocked = 0, False
        for at in range(len(ids)):
            if at == 0 or ids[at] != ids[at - 1] or self.security[at] != self.security[at - 1]:
                fresh, blocked = len(found), False
            blocked = blocked or not self.sellable[at]
            if blocked or self.weight[at] <= DUST:
                continue
            found.append(
                [float(self.security[at]), self.weight[at], self.tax[at], self.gain[at], float(self.is_loss[at])]
            )
            while len(found) - fresh > 1 and found[-2][2] >= found[-1][2]:
                last = found.pop()
                total = found[-1][1] + last[1]
                for column in (2, 3):
                    found[-1][column] = (found[-1][1] * found[-1][column] + last[1] * last[column]) / total
                found[-1][1] = total
                found[-1][4] = max(found[-1][4], last[4])
        table = np.array(found, float).reshape(-1, 5)
        return Pieces(
            security=table[:, 0].astype(np.int64),
            quantity=table[:, 1],
            tax=table[:, 2],
            gain=table[:, 3],
            is_loss=table[:, 4] > 0.0,
        )

    def limits(self) -> tuple[float, float, Floats, Floats, float, float]:
        """Return what idling leaves of: cash high, cash low, sectors high, sectors low, turnover, net gain."""
        problems, a = self.problems, self.a
        sectors = len(self.market.sectors)
        cash = (int(problems.cash_microusd[a]) + int(problems.flow_microusd[a])) / self.nav
        active = np.bincount(self.market.sector, self.x0, sectors)
        band = float(problems.sector_band[a])
        budget = int(problems.net_gain_budget_microusd[a])
        limited = bool(problems.taxable[a]) and budget != NO_GAIN_LIMIT
        wide = self.relaxed
        return (
            cash - max(float(problems.cash_min[a]), 0.0) + wide[0],
            float(problems.cash_max[a]) - cash + wide[1],
            band - active + wide[2 : 2 + sectors],
            band + active + wide[2 + sectors : 2 + 2 * sectors],
            float(problems.turnover_max[a]) + wide[-2],
            budget / self.nav + wide[-1] if limited else np.inf,
        )

    def disjunctions(self, pieces: Pieces) -> list[list[int]]:
        """Return the members of each group where something can be bought and some loss can be sold."""
        loses = np.zeros(len(self.x0), bool)
        loses[pieces.security[pieces.is_loss]] = True
        groups: dict[int, list[int]] = {}
        for i, group in enumerate(self.market.identical_group.tolist()):
            groups.setdefault(group, []).append(i)
        return [
            members
            for members in groups.values()
            if any(self.room[i] > 0.0 for i in members) and any(loses[i] for i in members)
        ]


def _sold_value(view: AccountView, pieces: Pieces, price: Floats, weight: Floats, cost: Floats, use: Floats) -> Floats:
    """Return per security the least value of selling the pieces flagged in ``use`` at these prices."""
    n = len(price)
    order = np.lexsort((cost, pieces.security))
    order = order[use[order] > 0.0]
    security, quantity, unit = pieces.security[order], pieces.quantity[order], cost[order]
    before = np.cumsum(quantity) - quantity
    first = np.searchsorted(security, security, side="left")
    before = before - before[first] if len(order) else before
    amount = np.clip((price[security] - unit) / weight[security] - before, 0.0, quantity)
    total = np.bincount(security, amount, n) if len(order) else np.zeros(n)
    paid = np.bincount(security, unit * amount, n) if len(order) else np.zeros(n)
    return 0.5 * weight * total**2 - price * total + paid


def dual_bound(view: AccountView, prices: Floats, cap_price: float, directions: Integers) -> float:
    """Return the Lagrangian bound of one account at given prices, under decided ``directions`` (0 undecided)."""
    market, problems, a = view.market, view.problems, view.a
    k, sectors = market.exposures.shape[1], len(market.sectors)
    factors, cash, sector = prices[:k], prices[k], prices[k + 1 : k + 1 + sectors]
    turnover, net_gain = prices[-2], prices[-1]
    assert turnover >= 0.0
    assert net_gain >= 0.0
    assert cap_price >= 0.0
    gamma = float(problems.risk_aversion[a]) + cap_price
    weight = gamma * market.specific_variance
    price = weight * view.x0 + (market.exposures * factors).sum(axis=1) + cash + sector[market.sector]
    pieces = view.pieces()
    cost = pieces.tax + float(problems.cost_rate[a]) + turnover + net_gain * pieces.gain
    every = np.ones(len(cost))
    sell = _sold_value(view, pieces, price, weight, cost, every)
    pull = price + float(problems.cost_rate[a]) + turnover
    bought = np.clip(-pull / weight, 0.0, view.room)
    buy = 0.5 * weight * bought**2 + pull * bought
    gains_only = _sold_value(view, pieces, price, weight, cost, (~pieces.is_loss).astype(float))
    free = np.ones(len(price), bool)
    value = 0.0
    for number, members in enumerate(view.disjunctions(pieces)):
        free[members] = False
        sells = float(sell[members].sum())
        buys = float(buy[members].sum() + (gains_only[members].sum() if len(members) > 1 else 0.0))
        value += {-1: sells, 1: buys, 0: min(sells, buys)}[int(directions[number])]
    value += float((sell + buy)[free].sum())
    y0 = (market.exposures * view.x0[:, None]).sum(axis=0)
    value += float((factors * y0).sum() - (factors**2).sum() / (2.0 * gamma) + 0.5 * (weight * view.x0**2).sum())
    high, low, sector_high, sector_low, most_turnover, most_gain = view.limits()
    for multiplier, up, down in [(cash, high, low), *zip(sector, sector_high, sector_low, strict=True)]:
        value -= multiplier * up if multiplier > 0.0 else (-multiplier * down if multiplier < 0.0 else 0.0)
    value -= turnover * most_turnover if turnover > 0.0 else 0.0
    value -= net_gain * most_gain if net_gain > 0.0 else 0.0
    return value - (0.5 * cap_price * view.cap * view.cap if cap_price > 0.0 else 0.0)


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


def judge(problems: ShardProblems, answers: ShardAnswers) -> Judgement:
    """Return what can be recomputed of a shard's answers, and every offence against the problem's rules."""
    m = len(problems.account_ids)
    objective, idle, bound = np.full(m, np.nan), np.full(m, np.nan), np.full(m, np.nan)
    offences: list[tuple[int, str]] = []
    certificate = answers.certificate
    for a in range(m):
        orders = np.flatnonzero(answers.order_account == a)
        if answers.status[a].is_held:
            offences += [(a, "a held account trades")] if len(orders) else []
            continue
        view = AccountView(problems, a, certificate)
        sold, bought = _ordered(view, answers, orders)
        objective[a], te2 = view.objective(*_weights(view, sold, bought))
        idle[a], _ = view.objective(np.zeros(len(view.lots)), np.zeros(len(view.x0)))
        leaves = range(int(certificate.leaf_start[a]), int(certificate.leaf_start[a + 1]))
        bounds = [
            dual_bound(
                view, certificate.leaf_prices[j], float(certificate.leaf_cap_price[j]), certificate.leaf_directions[j]
            )
            for j in leaves
        ]
        bound[a] = min(bounds, default=-np.inf)
        if not covers(certificate.leaf_directions[leaves.start : leaves.stop].astype(np.int64)):
            offences.append((a, "the certificate leaves directions out"))
        if not abs(objective[a] - answers.objective[a]) <= OBJECTIVE_TOLERANCE:
            offences.append((a, f"the objective is {objective[a]!r}, not {answers.objective[a]!r}"))
        if not answers.bound[a] <= bound[a] + OBJECTIVE_TOLERANCE:
            offences.append((a, f"the bound is {bound[a]!r}, not {answers.bound[a]!r}"))
        offences += [(a, text) for text in _broken_limits(view, sold, bought, te2)]
    offences += _washes(problems, answers)
    return Judgement(objective=objective, objective_idle=idle, bound=bound, offences=tuple(offences))


def _ordered(view: AccountView, answers: ShardAnswers, orders: Integers) -> tuple[list[int], list[int]]:
    """Return micro-shares sold per lot of the account and bought per security."""
    sold, bought = [0] * len(view.lots), [0] * len(view.x0)
    for order in orders.tolist():
        shares = int(answers.order_micro_shares[order])
        if answers.order_is_buy[order]:
            bought[int(answers.order_security[order])] += shares
        else:
            sold[int(answers.order_lot[order]) - view.lots.start] += shares
    return sold, bought


def _weights(view: AccountView, sold: list[int], bought: list[int]) -> tuple[Floats, Floats]:
    """Return the orders as fractions of net asset value."""
    price = view.market.price_microusd.tolist()
    sales = [s * price[i] / MICRO / view.nav for s, i in zip(sold, view.security.tolist(), strict=True)]
    return np.array(sales, float), np.array([b * p / MICRO / view.nav for b, p in zip(bought, price, strict=True)])


def _broken_limits(view: AccountView, sold: list[int], bought: list[int], te2: float) -> list[str]:
    """Return every limit that the orders break, in micro-dollars and exact where money is."""
    problems, a, nav = view.problems, view.a, view.nav
    price = view.market.price_microusd.tolist()
    shares = problems.lot_micro_shares[view.lots.start : view.lots.stop].tolist()
    broken = []
    sales = sum(s * price[i] for s, i in zip(sold, view.security.tolist(), strict=True))
    purchases = sum(b * p for b, p in zip(bought, price, strict=True))
    cash = int(problems.cash_microusd[a]) * MICRO + sales - purchases + int(problems.flow_microusd[a]) * MICRO
    slack = TOLERANCE_MICROUSD * MICRO
    wide = view.relaxed
    if cash < (max(float(problems.cash_min[a]), 0.0) - wide[0]) * nav * MICRO - slack:
        broken.append("cash_min")
    if cash > (float(problems.cash_max[a]) + wide[1]) * nav * MICRO + slack:
        broken.append("cash_max")
    if sales + purchases > (float(problems.turnover_max[a]) + wide[-2]) * nav * MICRO + slack:
        broken.append("turnover")
    budget = int(problems.net_gain_budget_microusd[a])
    if problems.taxable[a] and budget != NO_GAIN_LIMIT:
        gain = sales // MICRO - sum(
            part(int(problems.lot_basis_microusd[lot]), of=whole, lo=0, hi=s)
            for lot, s, whole in zip(view.lots, sold, shares, strict=True)
        )
        if gain > budget + wide[-1] * nav + TOLERANCE_MICROUSD:
            broken.append("net_gain_budget")
    sale_weights, buy_weights = _weights(view, sold, bought)
    n, sectors = len(view.x0), len(view.market.sectors)
    held = view.holding + buy_weights - (np.bincount(view.security, sale_weights, n) if len(sold) else 0.0)
    active = np.bincount(view.market.sector, held - view.market.benchmark_weights[problems.benchmark[a]], sectors)
    tolerance = 4.0 / nav + WEIGHT_TOLERANCE
    band = float(problems.sector_band[a])
    for s, name in enumerate(view.market.sectors):
        if active[s] > band + wide[2 + s] + tolerance or -active[s] > band + wide[2 + sectors + s] + tolerance:
            broken.append(f"sector:{name}")
    caps = np.maximum(problems.max_weight[a], view.holding)
    if ((buy_weights > 0.0) & (held > caps + tolerance)).any():
        broken.append("max_weight")
    if np.sqrt(te2) > view.cap * (1.0 + 1e-11):
        broken.append("tracking_error_max")
    return broken + _broken_permissions(view, sold, bought, shares)


def _broken_permissions(view: AccountView, sold: list[int], bought: list[int], shares: list[int]) -> list[str]:
    """Return every order that may not be, by lot, security, step and direction."""
    problems, a = view.problems, view.a
    step, least = int(problems.share_step_micro[a]), int(problems.min_trade_microusd[a]) * MICRO
    price = view.market.price_microusd.tolist()
    ids = [problems.lot_ids[lot] for lot in view.lots]
    broken = []
    sold_of = [0] * len(view.x0)
    lot_total: dict[tuple[int, str], tuple[int, int]] = {}
    for at, s in enumerate(sold):
        i = int(view.security[at])
        sold_of[i] += s
        key = (i, ids[at])
        before = lot_total.get(key, (0, 0))
        lot_total[key] = (before[0] + s, before[1] + shares[at])
        if s > shares[at] or s < 0:
            broken.append(f"lot {ids[at]} is oversold")
        if s and not view.sellable[at]:
            broken.append(f"lot {ids[at]} may not be sold")
        if s and before[0] < before[1]:
            broken.append(f"lot {ids[at]} is not sold in position order")
    broken += [
        f"lot {key[1]} is not sold in whole steps" for key, (s, all_) in lot_total.items() if s % step and s < all_
    ]
    for i, b in enumerate(bought):
        if b and (not view.room[i] > 0.0 or b % step):
            broken.append(f"{view.market.security_ids[i]} may not be bought, or not in this size")
        if b and sold_of[i]:
            broken.append(f"{view.market.security_ids[i]} is both bought and sold")
        if 0 < (b + sold_of[i]) * price[i] < least - MICRO:
            broken.append(f"{view.market.security_ids[i]} is traded below the minimum")
    return broken


def _washes(problems: ShardProblems, answers: ShardAnswers) -> list[tuple[int, str]]:
    """Return every purchase of a group of which the household sells a loss tonight."""
    group = problems.market.identical_group
    price = problems.market.price_microusd.tolist()
    lost: set[tuple[int, int]] = set()
    for a, i, lot in zip(answers.order_account.tolist(), answers.order_security.tolist(), answers.order_lot.tolist(),
                         strict=True):  # fmt: skip
        if lot >= 0 and problems.taxable[a]:
            value = int(problems.lot_micro_shares[lot]) * price[i]
            if value < int(problems.lot_basis_microusd[lot]) * MICRO:
                lost.add((int(problems.household[a]), int(group[i])))
    return [
        (a, f"{problems.market.security_ids[i]} is bought while the household sells its group at a loss")
        for a, i, buy in zip(
            answers.order_account.tolist(), answers.order_security.tolist(), answers.order_is_buy.tolist(), strict=True
        )
        if buy and (int(problems.household[a]), int(group[i])) in lost
    ]
