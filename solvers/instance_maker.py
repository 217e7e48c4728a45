"""Instances to publish: accounts of the open generator as documents, ordinary ones and every kind known to be hard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ledger.amounts import MICRO, plain
from solvers.generator import random_shard, with_sublots
from solvers.instance import FORMAT
from solvers.problem import NO_GAIN_LIMIT, RELAXABLE, Market, Mode, ShardProblems

Document = dict[str, Any]
DECIMALS = 6
"""Of exposures and variances: the files stay small, and every reader sees the same numbers."""

KINDS: dict[str, dict[str, Any]] = {
    "ordinary-20": {"names": 20, "factors": 4, "seed": 101},
    "ordinary-60": {"names": 60, "factors": 8, "seed": 102},
    "ordinary-120": {"names": 120, "factors": 12, "seed": 103},
    "tight-gain-budget": {"names": 30, "factors": 6, "seed": 104, "net_gain_budget_microusd": 0,
                          "short_gain_rate": 0.1, "long_gain_rate": 0.05},
    "identical-groups": {"names": 40, "factors": 6, "seed": 105, "pairs": 15},
    "tracking-error-cap": {"names": 40, "factors": 6, "seed": 106, "tracking_error_max": 0.02},
    "tight-turnover": {"names": 40, "factors": 6, "seed": 107, "turnover_max": 0.01},
    "whole-shares": {"names": 40, "factors": 6, "seed": 108, "share_step": MICRO},
    "minimum-trade": {"names": 40, "factors": 6, "seed": 109, "min_trade_microusd": 1_000 * MICRO},
    "free-trading": {"names": 20, "factors": 4, "seed": 110, "cost_rate": 0.0, "turnover_max": np.inf,
                     "sector_band": np.inf},
    "expected-deposit": {"names": 30, "factors": 6, "seed": 111, "flow_microusd": 20_000 * MICRO},
    "expected-withdrawal": {"names": 30, "factors": 6, "seed": 112, "flow_microusd": -20_000 * MICRO},
    "retirement": {"names": 30, "factors": 6, "seed": 113, "taxable": False},
    "buy-only": {"names": 30, "factors": 6, "seed": 114, "mode": int(Mode.BUY_ONLY), "cash_min": 0.0},
    "no-trade": {"names": 30, "factors": 6, "seed": 115, "trigger": 0.5, "cash_min": 0.0, "cash_max": 0.5,
                 "sector_band": 1.0},
    "one-name": {"names": 1, "factors": 1, "seed": 116, "sector_band": 1.0, "max_weight": 1.0},
    "impossible-withdrawal": {"names": 20, "factors": 4, "seed": 117, "flow_microusd": -(10**14)},
    "sublots": {"names": 40, "factors": 6, "seed": 118},
}  # fmt: skip
"""What makes each kind, as changes of the generator's usual account; two accounts of each are published."""
PER_KIND = 2


def published_instances() -> Iterator[tuple[str, Document]]:
    """Yield (name, document) of the published instances."""
    for kind, changes in KINDS.items():
        problems = random_shard(accounts=PER_KIND, households=False, **changes)
        if kind == "sublots":
            problems = with_sublots(problems, share=0.3, adjustment=0.05, seed=1)
        for a in range(PER_KIND):
            yield f"{kind}-{a + 1}", instance_of(problems, a)


def random_instances(*, names: int, factors: int, accounts: int, seed: int) -> Iterator[tuple[str, Document]]:
    """Yield (name, document) of ordinary accounts of this size."""
    problems = random_shard(names=names, factors=factors, accounts=accounts, seed=seed, households=False)
    for a in range(accounts):
        yield f"random-{names}-{factors}-{seed}-{a + 1}", instance_of(problems, a)


def instance_of(problems: ShardProblems, a: int) -> Document:
    """Return account ``a`` as an instance document; exposures and variances rounded to `DECIMALS`."""
    lots = range(int(problems.lot_start[a]), int(problems.lot_start[a + 1]))
    market = problems.market
    rates = ("short_gain", "long_gain", "short_loss", "long_loss")
    return {
        "format": FORMAT,
        "account_id": problems.account_ids[a],
        "taxable": bool(problems.taxable[a]),
        "cash_usd": _dollars(problems.cash_microusd[a]),
        "flow_usd": _dollars(problems.flow_microusd[a]),
        "securities": [_security(problems, market, a, i) for i in range(len(market.security_ids))],
        "factor_covariance": np.eye(market.exposures.shape[1]).tolist(),
        "lots": [
            {
                "lot_id": problems.lot_ids[lot],
                "security_id": market.security_ids[int(problems.lot_security[lot])],
                "shares": _dollars(problems.lot_micro_shares[lot]),
                "basis_usd": _dollars(problems.lot_basis_microusd[lot]),
                "term": "long" if problems.lot_long_term[lot] else "short",
                "sale_allowed": bool(problems.lot_sale_allowed[lot]),
                "loss_sale_allowed": bool(problems.lot_loss_sale_allowed[lot]),
            }
            for lot in lots
        ],
        "rates": {name: float(getattr(problems, f"{name}_rate")[a]) for name in rates},
        "policy": _policy(problems, a),
    }


def _security(problems: ShardProblems, market: Market, a: int, i: int) -> Document:
    group = int(np.flatnonzero(market.identical_group == market.identical_group[i])[0])
    return {
        "security_id": market.security_ids[i],
        "price_usd": _dollars(market.price_microusd[i]),
        "benchmark_weight": float(market.benchmark_weights[problems.benchmark[a], i]),
        "sector": market.sectors[int(market.sector[i])],
        "exposures": [round(value, DECIMALS) for value in market.exposures[i].tolist()],
        "specific_variance": round(float(market.specific_variance[i]), DECIMALS),
        "max_weight": round(float(problems.max_weight[a, i]), DECIMALS),
        "can_buy": bool(problems.can_buy[a, i]),
        "can_sell": bool(problems.can_sell[a, i]),
        "identical_group": market.security_ids[group],
    }


def _policy(problems: ShardProblems, a: int) -> Document:
    """Return the policy, null where a limit is absent."""
    limits = {
        name: float(getattr(problems, name)[a])
        for name in (
            "risk_aversion", "cost_rate", "cash_min", "cash_max", "sector_band", "turnover_max", "tracking_error_max",
            "trigger", "loss_margin",
        )
    }  # fmt: skip
    budget = int(problems.net_gain_budget_microusd[a])
    more: Document = {name: value if np.isfinite(value) else None for name, value in limits.items()}
    if np.isfinite(problems.factor_band[a]):
        more["factor_band"] = float(problems.factor_band[a])
    ranks = problems.relaxation_rank[a].tolist()
    if any(ranks):
        more["relaxation_order"] = [RELAXABLE[at] for at in np.argsort(ranks, kind="stable").tolist() if ranks[at]]
    return more | {
        "mode": Mode(int(problems.mode[a])).name.lower(),
        "net_gain_budget_usd": None if budget == NO_GAIN_LIMIT else _dollars(budget),
        "share_step": _dollars(problems.share_step_micro[a]),
        "min_trade_usd": _dollars(problems.min_trade_microusd[a]),
    }


def _dollars(micro: Any) -> float:  # noqa: ANN401 - an integer of any width
    """Return millionths as the float that reads back as the same millionths."""
    return float(plain(int(micro)))
