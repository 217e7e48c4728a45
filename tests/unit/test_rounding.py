"""What moves of single orders can do needs no program: a sale for cash, a purchase in a sector and then a sale."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ledger.amounts import MICRO
from solvers import alone
from solvers.arrays import Floats
from solvers.evaluate import judge
from solvers.generator import random_shard
from solvers.problem import ShardProblems, SolveSettings
from solvers.shard import solve_shard


def balanced_shard(seed: int) -> ShardProblems:
    """Return an account that holds its benchmark and some cash, untaxed: it spreads thinly what it has to trade."""
    shard = random_shard(
        names=60, factors=4, accounts=1, seed=seed, households=False, share_step=100, cash_max=0.2,
        turnover_max=np.inf, can_sell=True, can_buy=True, max_weight=1.0, cost_rate=0.001, short_gain_rate=0.0,
        long_gain_rate=0.0, short_loss_rate=0.0, long_loss_rate=0.0, net_gain_budget_microusd=2**60, risk_aversion=5.0,
    )  # fmt: skip
    value = values_of(shard)
    return dataclasses.replace(
        shard,
        cash_microusd=np.array([round(value.sum() * 1e-3)]),
        market=dataclasses.replace(shard.market, benchmark_weights=(value / value.sum())[None, :]),
    )


def values_of(shard: ShardProblems) -> Floats:
    """Return what the only account holds of every security, in microdollars."""
    price = shard.market.price_microusd.astype(float)
    value = shard.lot_micro_shares * price[shard.lot_security] / MICRO
    return np.bincount(shard.lot_security, value, len(price)).astype(float)


@pytest.fixture
def _no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where orders are sought by a mixed-integer program."""

    def refuse(*_arguments: object) -> None:
        pytest.fail("a program was solved for what moves of single orders can do")

    monkeypatch.setattr(alone, "whole_orders", refuse)


@pytest.mark.usefixtures("_no_programs")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cash_that_is_short_by_less_than_the_smallest_order_is_raised_by_one_sale(seed: int) -> None:
    shard = balanced_shard(seed)
    nav = values_of(shard).sum() + float(shard.cash_microusd[0])
    short = dataclasses.replace(
        shard, min_trade_microusd=np.array([round(nav * 4e-4)]), cash_min=shard.cash_microusd / nav + 5e-5
    )
    answers = solve_shard(short, SolveSettings())
    assert judge(short, answers).offences == ()
    assert answers.order_is_buy.tolist() == [False]


@pytest.mark.usefixtures("_no_programs")
def test_a_sector_is_filled_at_the_expense_of_cash_and_cash_from_another_sector() -> None:
    """Whole shares and a narrow band of sectors: five of these accounts are stuck where both count alike."""
    shard = random_shard(
        names=60, factors=4, accounts=40, seed=5, households=False, share_step=MICRO, sector_band=0.008,
        cash_min=0.01, cash_max=0.05,
    )  # fmt: skip
    answers = solve_shard(shard, SolveSettings())
    assert judge(shard, answers).offences == ()
    assert not any(status.is_held for status in answers.status)
