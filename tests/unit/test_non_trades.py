"""What was not traded is told with what stopped it and its worth: few, in order, and only what is interesting."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from solvers.non_trades import BUY_PARTS, BUY_STOPS, PER_ACCOUNT, SALE_PARTS, SALE_STOPS, NonTrades, non_trades
from solvers.problem import Mode, ShardProblems, SolveSettings
from solvers.shard import solve_shard
from tests.solver_cases import random_shard


def told(problems: ShardProblems) -> NonTrades:
    return non_trades(problems, solve_shard(problems, SolveSettings()))


def small(**changes: Any) -> ShardProblems:  # noqa: ANN401 - any field
    return random_shard(names=30, factors=6, accounts=8, seed=11, **changes)


def test_few_are_told_in_a_total_order_with_their_worth() -> None:
    found = told(small())
    assert len(found.account) > 0
    assert (found.worth_usd > 0.0).all()
    assert np.bincount(found.account).max() <= 3 * PER_ACCOUNT
    key = list(zip(found.account.tolist(), (-found.worth_usd).tolist(), found.security.tolist(), strict=True))
    assert key == sorted(key)
    words = {True: {*BUY_PARTS, *BUY_STOPS[1:]}, False: {*SALE_PARTS, *SALE_STOPS[1:]}}
    assert all(word in words[is_buy] for word, is_buy in zip(found.stopped_by, found.is_buy.tolist(), strict=True))


def test_lifting_what_stopped_a_trade_gains_no_more_than_its_worth() -> None:
    problems = small(lot_loss_sale_allowed=False, taxable=True)
    answers = solve_shard(problems, SolveSettings())
    found = non_trades(problems, answers)
    stopped = [at for at, word in enumerate(found.stopped_by) if word == "wash_window"]
    gained = 0
    for at in stopped[:6]:
        a, i = int(found.account[at]), int(found.security[at])
        lots = np.arange(len(problems.lot_ids))
        allowed = (lots >= problems.lot_start[a]) & (lots < problems.lot_start[a + 1]) & (problems.lot_security == i)
        alone = dataclasses.replace(problems, lot_loss_sale_allowed=problems.lot_loss_sale_allowed | allowed)
        freed = solve_shard(alone, SolveSettings())
        if freed.certificate.can_buy[a].tolist() != answers.certificate.can_buy[a].tolist():
            continue
        worth = found.worth_usd[at] * 1e6 / float(answers.nav_microusd[a])
        gap = float(answers.objective[a] - answers.bound[a])
        assert freed.objective[a] >= answers.bound[a] - worth - 1e-9
        assert freed.bound[a] <= answers.objective[a] + 1e-9
        gained += freed.objective[a] < answers.objective[a] - gap - 1e-7
    assert gained > 0


def test_each_permission_that_is_taken_away_is_named() -> None:
    changes: dict[str, dict[str, Any]] = {
        "minimum_holding_days": {"lot_sale_allowed": False},
        "no_sell": {"can_sell": False, "cash_min": 0.0},
        "no_buy": {"can_buy": False, "cash_max": 0.9, "cash_min": 0.0},
        "mode": {"mode": int(Mode.BUY_ONLY), "cash_min": 0.0},
    }
    for word, change in changes.items():
        assert word in told(small(**change)).stopped_by, word


def test_a_tight_turnover_is_named() -> None:
    assert "turnover" in told(small(turnover_max=0.002, cash_min=0.0, cash_max=0.9, sector_band=1.0)).stopped_by


def test_what_was_closed_in_the_household_tonight_is_named() -> None:
    found = told(random_shard(names=20, factors=4, accounts=40, seed=5, pairs=4))
    assert {"household_loss_sale", "loss_sale_tonight"} & set(found.stopped_by)


def test_held_accounts_are_told_nothing() -> None:
    problems = small()
    held = dataclasses.replace(problems, mode=np.full(8, int(Mode.HOLD)))
    assert len(told(held).account) == 0
