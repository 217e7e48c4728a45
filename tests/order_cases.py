"""Small accounts where whole shares decide, and every order set they have, by enumeration."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np

from ledger.amounts import MICRO, part
from solvers.problem import NO_GAIN_LIMIT, RELAXABLE, Floats, Integers, Market, Mode, ShardProblems

COMBINATIONS_MAX = 60_000
LOT_STEPS_MAX = 200


def tight_account(seed: int, **changes: Any) -> ShardProblems:  # noqa: ANN401 - any field
    """Return an account of two to four names whose limits leave room for a handful of whole shares."""
    random = np.random.default_rng([seed, 77])
    n = int(random.integers(2, 5))
    price = random.choice([0.01, 0.37, 4.0, 19.9, 52.5, 113.0, 480.0, 2_950.0, 500_000.0], n, p=_ODDS)
    shares = random.integers(0, 9, n).astype(float)
    nav = float(shares @ price) * random.uniform(1.0, 1.3) + float(price.max())
    weights = (shares + random.uniform(0.2, 2.0, n)) * price
    weights /= weights.sum()
    odd = random.random(n) < 0.3
    lots: list[tuple[int, int, int, bool, bool]] = []
    for i in range(n):
        whole = int(shares[i]) * MICRO + (int(random.integers(1, MICRO)) if odd[i] else 0)
        split = int(whole * random.uniform(0.2, 0.8)) // MICRO * MICRO if random.random() < 0.5 else 0
        for micro in (split, whole - split):
            if micro > 0:
                basis = round(micro * price[i] * np.exp(random.normal(0.0, 0.3)))
                lots.append((i, micro, basis, bool(random.random() < 0.5), bool(random.random() < 0.85)))
    value = sum(micro * round(price[i] * MICRO) // MICRO for i, micro, *_ in lots)
    cash = round(random.uniform(-0.05, 0.25) * max(value, nav * MICRO * 0.1))
    unit = float(price.min()) / max((value + cash) / MICRO, 1.0)
    least = random.choice([0.0, 0.002, 0.01])
    fields: dict[str, Any] = {
        "market": _market(price, weights, random),
        "account_ids": ("A",),
        "household": 0,
        "wave": 0,
        "taxable": bool(random.random() < 0.8),
        "mode": int(Mode.TAX_AWARE),
        "benchmark": 0,
        "cash_microusd": cash,
        "flow_microusd": round(random.choice([0.0, 0.0, 0.03, -0.03]) * (value + cash)),
        "short_gain_rate": 0.4,
        "long_gain_rate": 0.2,
        "short_loss_rate": 0.4,
        "long_loss_rate": 0.2,
        "risk_aversion": float(random.choice([5.0, 50.0])),
        "cost_rate": 0.0005,
        "cash_min": least,
        "cash_max": least + float(random.choice([0.3, 1.0, 3.0, 20.0, 60.0])) * min(unit, 0.2),
        "sector_band": float(random.choice([0.1, 0.4, np.inf])),
        "turnover_max": float(random.choice([0.02, 0.1, 0.4, np.inf])),
        "net_gain_budget_microusd": int(random.choice([NO_GAIN_LIMIT, 0, round(0.01 * abs(value + cash))])),
        "tracking_error_max": float(random.choice([np.inf, np.inf, 0.08])),
        "factor_band": np.inf,
        "relaxation_rank": np.zeros(len(RELAXABLE), np.int64),
        "trigger": 0.0,
        "loss_margin": 0.0,
        "share_step_micro": MICRO,
        "min_trade_microusd": int(random.choice([0, 0, 100])) * MICRO,
        "max_weight": np.minimum((shares + random.integers(1, 7, n)) * price / nav, float(random.choice([0.6, 1.0]))),
        "can_buy": random.random(n) < 0.85,
        "can_sell": random.random(n) < 0.9,
    }
    fields |= changes
    numbers: list[int] = []
    for at, lot in enumerate(lots):
        same = at > 0 and lot[0] == lots[at - 1][0] and random.random() < 0.4
        numbers.append(numbers[-1] if same else at)
    columns = {key: np.array([value]) for key, value in fields.items() if key not in {"market", "account_ids"}}
    return ShardProblems(
        market=fields["market"],
        account_ids=("A",),
        lot_start=np.array([0, len(lots)], np.int64),
        lot_ids=tuple(f"L{number}" for number in numbers),
        lot_number=np.array(numbers, np.int64),
        lot_security=np.array([lot[0] for lot in lots], np.int64),
        lot_micro_shares=np.array([lot[1] for lot in lots], np.int64),
        lot_basis_microusd=np.array([lot[2] for lot in lots], np.int64),
        lot_long_term=np.array([lot[3] for lot in lots], np.bool_),
        lot_sale_allowed=np.ones(len(lots), np.bool_),
        lot_loss_sale_allowed=np.array([lot[4] for lot in lots], np.bool_),
        **columns,
    )


_ODDS = np.array([0.06, 0.08, 0.16, 0.16, 0.18, 0.16, 0.12, 0.05, 0.03])


def _market(price: Floats, weights: Floats, random: np.random.Generator) -> Market:
    """Return a market of two sectors and two factors; now and then two names are identical."""
    n = len(price)
    group = np.arange(n)
    if n > 2 and random.random() < 0.25:
        group[1:] -= 1
    return Market(
        security_ids=tuple(f"S{i}" for i in range(n)),
        price_microusd=np.round(price * MICRO).astype(np.int64),
        exposures=random.normal(0.1, 0.08, (n, 2)),
        specific_variance=random.uniform(0.15, 0.4, n) ** 2,
        sectors=("X", "Y"),
        sector=random.integers(0, 2, n).astype(np.int64),
        identical_group=group.astype(np.int64),
        benchmark_ids=("B",),
        benchmark_weights=weights[None],
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What may be done with one security: micro-shares bought, or sold of each lot."""

    bought: int
    sold: dict[int, int]


class Facts:
    """The first account of a shard, in money and by definition."""

    def __init__(self, problems: ShardProblems) -> None:
        self.problems = problems
        market = problems.market
        n = len(market.security_ids)
        price = market.price_microusd[problems.lot_security].tolist()
        self.value = [micro * p for micro, p in zip(problems.lot_micro_shares.tolist(), price, strict=True)]
        self.nav = (int(problems.cash_microusd[0]) * MICRO + sum(self.value)) // MICRO
        basis = problems.lot_basis_microusd.tolist()
        self.taxable = bool(problems.taxable[0])
        self.is_loss = [self.taxable and v < b * MICRO for v, b in zip(self.value, basis, strict=True)]
        self.sellable = [
            bool(problems.can_sell[0, i]) and (not loss or bool(allowed))
            for i, loss, allowed in zip(
                problems.lot_security.tolist(), self.is_loss, problems.lot_loss_sale_allowed.tolist(), strict=True
            )
        ]
        weight = np.array([v / MICRO / self.nav for v in self.value])
        holding = np.bincount(problems.lot_security, weight, n) if len(weight) else np.zeros(n)
        self.x0 = holding - market.benchmark_weights[0]
        self.room = np.maximum(problems.max_weight[0] - holding, 0.0) * problems.can_buy[0]

    def rate(self, lot: int) -> float:
        """Return the tax per unit of value sold."""
        if not self.taxable:
            return 0.0
        long_term = bool(self.problems.lot_long_term[lot])
        name = f"{'long' if long_term else 'short'}_{'loss' if self.is_loss[lot] else 'gain'}_rate"
        gain = 1.0 - int(self.problems.lot_basis_microusd[lot]) * MICRO / self.value[lot]
        return float(getattr(self.problems, name)[0] * gain)

    def choices(self, i: int) -> list[Choice]:
        """Return every order of one security that permissions, steps and minimum trade allow, none included.

        Nothing where they are too many.
        """
        problems = self.problems
        step, price = int(problems.share_step_micro[0]), int(problems.market.price_microusd[i])
        least = int(problems.min_trade_microusd[0]) * MICRO
        found = [Choice(bought=0, sold={})]
        most = min(int(self.room[i] * self.nav * MICRO / price) // step, COMBINATIONS_MAX)
        found += [Choice(bought=b * step, sold={}) for b in range(1, most + 1) if b * step * price >= least]
        per_lot = []
        heads: dict[str, list[int]] = {}
        for lot in np.flatnonzero(problems.lot_security == i).tolist():
            heads.setdefault(problems.lot_ids[lot], []).append(lot)
        for members in heads.values():
            sellable = list(itertools.takewhile(lambda lot: self.sellable[lot], members))
            capacity = sum(int(problems.lot_micro_shares[lot]) for lot in sellable)
            amounts = list(range(0, capacity + 1, step))
            if len(sellable) == len(members) and capacity % step:
                amounts.append(capacity)
            if len(amounts) > LOT_STEPS_MAX:
                return []
            per_lot.append([self.in_order(sellable, amount) for amount in amounts])
        for combination in itertools.product(*per_lot):
            sold = {lot: shares for one in combination for lot, shares in one.items()}
            if sold and sum(sold.values()) * price >= least:
                found.append(Choice(bought=0, sold=sold))
        return found

    def in_order(self, lots: list[int], amount: int) -> dict[int, int]:
        """Return micro-shares per sublot when ``amount`` of a lot leaves in position order."""
        sold = {}
        for lot in lots:
            taken = min(amount, int(self.problems.lot_micro_shares[lot]))
            if taken:
                sold[lot] = taken
            amount -= taken
        return sold

    def amounts(self, i: int, choices: list[Choice]) -> tuple[Floats, Floats, Floats, Floats, Integers]:
        """Return per choice: net purchase, turnover, gain and tax (micro-dollars), and 1 buys, -1 sells a loss."""
        table = np.zeros((5, len(choices)))
        price = int(self.problems.market.price_microusd[i])
        for at, choice in enumerate(choices):
            sold = sum(choice.sold.values())
            table[0, at] = (choice.bought - sold) * price / MICRO
            table[1, at] = (choice.bought + sold) * price / MICRO
            for lot, shares in choice.sold.items():
                whole, basis = int(self.problems.lot_micro_shares[lot]), int(self.problems.lot_basis_microusd[lot])
                table[2, at] += shares * price / MICRO - part(basis, of=whole, lo=0, hi=shares)
                table[3, at] += self.rate(lot) * shares * price / MICRO
                table[4, at] = min(table[4, at], -float(self.is_loss[lot]))
            table[4, at] = 1.0 if choice.bought else table[4, at]
        return table[0], table[1], table[2], table[3], table[4].astype(np.int64)


def best_orders(problems: ShardProblems) -> float | None:
    """Return the objective of the best orders that keep every limit, inf for none, None where they are too many."""
    facts, market = Facts(problems), problems.market
    n, nav = len(market.security_ids), facts.nav
    choices = [facts.choices(i) for i in range(n)]
    if not 0.0 < np.prod([float(len(one)) for one in choices]) <= COMBINATIONS_MAX:
        return None
    grid = np.array(list(itertools.product(*(range(len(one)) for one in choices)))).reshape(-1, n)
    columns = [facts.amounts(i, one) for i, one in enumerate(choices)]
    net, turnover, gain, tax, side = (
        np.stack([columns[i][number][grid[:, i]] for i in range(n)], axis=1) for number in range(5)
    )
    cash = int(problems.cash_microusd[0]) + int(problems.flow_microusd[0]) - net.sum(axis=1)
    fits = (cash >= max(float(problems.cash_min[0]), 0.0) * nav) & (cash <= float(problems.cash_max[0]) * nav)
    fits &= turnover.sum(axis=1) <= float(problems.turnover_max[0]) * nav
    budget = int(problems.net_gain_budget_microusd[0])
    fits &= (gain.sum(axis=1) <= budget) | (budget == NO_GAIN_LIMIT) | (not facts.taxable)
    active = facts.x0 + net / nav
    for s in range(len(market.sectors)):
        fits &= np.abs(active[:, market.sector == s].sum(axis=1)) <= float(problems.sector_band[0])
    fits &= (np.abs(active @ market.exposures) <= float(problems.factor_band[0])).all(axis=1)
    for group in np.unique(market.identical_group):
        inside = side[:, market.identical_group == group]
        fits &= ~((inside == 1).any(axis=1) & (inside == -1).any(axis=1))
    te2 = ((active @ market.exposures) ** 2).sum(axis=1) + (market.specific_variance * active**2).sum(axis=1)
    fits &= np.sqrt(te2) <= float(problems.tracking_error_max[0])
    value = 0.5 * float(problems.risk_aversion[0]) * te2 + tax.sum(axis=1) / nav
    value += float(problems.cost_rate[0]) * turnover.sum(axis=1) / nav
    return float(value[fits].min()) if fits.any() else np.inf
