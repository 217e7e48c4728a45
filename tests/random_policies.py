"""Random policies on small accounts: every limit, far tighter and far looser than the generator's ordinary ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ledger.amounts import MICRO
from solvers.problem import NO_GAIN_LIMIT, Mode, ShardProblems, relaxation_ranks
from tests.solver_cases import random_shard

ORDERS: tuple[tuple[str, ...], ...] = ((), (), (), ("turnover", "cash"), ("sector_band", "tracking_error_max"))


def choices(**fields: tuple[Any, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: st.sampled_from(values) for name, values in fields.items()})


POLICIES = choices(
    seed=tuple(range(400)),
    pairs=(0, 0, 1, 2),
    taxable=(True, True, True, False),
    mode=(Mode.TAX_AWARE, Mode.TAX_AWARE, Mode.TAX_UNAWARE, Mode.BUY_ONLY),
    cash=(0.0, 0.01, 0.2, -0.01),
    flow=(0.0, 0.0, 0.05, -0.05),
    rates=((0.408, 0.238, 0.408, 0.238), (0.1, 0.05, 0.4, 0.2), (0.4, 0.2, 0.1, 0.05), (0.0, 0.0, 0.0, 0.0)),
    loss_margin=(0.0, 0.02),
    risk_aversion=(0.5, 50.0, 500.0),
    cost_rate=(0.0005, 0.01),
    cash_band=((0.0, 1.0), (0.002, 0.012), (0.01, 0.0105)),
    sector_band=(np.inf, 0.05, 0.005),
    turnover_max=(np.inf, 0.2, 0.02, 0.001),
    net_gain_budget=(None, 0.0, 0.002, -0.002),
    tracking_error_max=(np.inf, np.inf, 0.08, 0.02),
    factor_band=(np.inf, np.inf, 0.02, 0.004),
    relaxation=ORDERS,
    trigger=(0.0, 0.0, 1e-4),
    share_step_micro=(1, 100, MICRO),
    min_trade_usd=(0, 100),
    dearest_usd=(0.01, 100.0, 500_000.0),
    value_usd=(1e3, 1e6, 1e9),
    loss_sales_closed=(0.0, 0.3),
)
"""One account each; shares of its value where nothing else is said."""


def account_of_policy(policy: dict[str, Any], *, names: int = 6) -> ShardProblems:
    """Return the account as a shard of one."""
    stated = {
        name: policy[name]
        for name in (
            "taxable", "mode", "loss_margin", "risk_aversion", "cost_rate", "sector_band", "turnover_max",
            "tracking_error_max", "factor_band", "trigger", "share_step_micro",
        )
    }  # fmt: skip
    rates = zip(
        ("short_gain_rate", "long_gain_rate", "short_loss_rate", "long_loss_rate"), policy["rates"], strict=True
    )
    least, most = policy["cash_band"]
    usual = random_shard(
        names=names, factors=3, accounts=1, seed=policy["seed"], pairs=policy["pairs"], households=False,
        cash_min=least, cash_max=most, min_trade_microusd=policy["min_trade_usd"] * MICRO,
        relaxation_rank=relaxation_ranks(policy["relaxation"]), **stated, **dict(rates),
    )  # fmt: skip
    return _of_size(usual, policy)


def _of_size(usual: ShardProblems, policy: dict[str, Any]) -> ShardProblems:
    """Return the account at the policy's value, prices and cash, its gains per dollar as they were."""
    market, security = usual.market, usual.lot_security
    price = market.price_microusd * (policy["dearest_usd"] * MICRO / market.price_microusd.max())
    price = np.maximum(np.round(price), 1).astype(np.int64)
    worth = usual.lot_micro_shares / MICRO * market.price_microusd[security]
    wanted = worth / worth.sum() * policy["value_usd"] * MICRO
    shares = np.maximum(np.round(wanted / price[security] * MICRO), 1).astype(np.int64)
    value = shares / MICRO * price[security]
    nav = float(value.sum()) / (1.0 - policy["cash"])
    budget = policy["net_gain_budget"]
    closed = np.random.default_rng([policy["seed"], 5]).random(len(shares)) < policy["loss_sales_closed"]
    return dataclasses.replace(
        usual,
        market=dataclasses.replace(market, price_microusd=price),
        lot_micro_shares=shares,
        lot_basis_microusd=np.round(usual.lot_basis_microusd / worth * value).astype(np.int64),
        lot_loss_sale_allowed=~closed,
        cash_microusd=np.array([round(policy["cash"] * nav)], np.int64),
        flow_microusd=np.array([round(policy["flow"] * nav)], np.int64),
        net_gain_budget_microusd=np.array([NO_GAIN_LIMIT if budget is None else round(budget * nav)], np.int64),
    )
