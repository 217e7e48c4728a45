"""Factor bands: the exposure of the active weights to every factor stays inside, to the last share."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from solvers.bounds import leaf_bounds, leaves_of
from solvers.evaluate import AccountView, judge
from solvers.instance import solve_instance
from solvers.irreducible import irreducible_conflict
from solvers.problem import ShardAnswers, ShardProblems, SolveSettings, Status
from solvers.shard import solve_shard
from solvers.warm import tiny_instance
from tests.order_cases import best_orders, tight_account
from tests.solver_cases import random_shard

SETTINGS = SolveSettings()
ROOMY = {"cash_min": 0.0, "cash_max": 0.5, "sector_band": 1.0, "turnover_max": 0.6, "households": False}


def shard(**changes: Any) -> ShardProblems:  # noqa: ANN401 - any field
    return random_shard(**({"names": 40, "factors": 6, "accounts": 20, "seed": 31} | ROOMY | changes))


def exposures(problems: ShardProblems, answers: ShardAnswers, a: int) -> np.ndarray[Any, Any]:
    """Return the exposures of account ``a`` after its orders."""
    view = AccountView(problems, a, answers.certificate)
    x = view.x0.copy()
    unit = problems.market.price_microusd * 1e-6 / view.nav
    for order in np.flatnonzero(answers.order_account == a).tolist():
        i = answers.order_security[order]
        sign = 1.0 if answers.order_is_buy[order] else -1.0
        x[i] += sign * answers.order_micro_shares[order] * unit[i]
    found: np.ndarray[Any, Any] = x @ problems.market.exposures
    return found


@pytest.mark.parametrize("step", [100, 1_000_000], ids=["fractions", "whole shares"])
def test_orders_keep_the_band_where_it_binds(step: int) -> None:
    free = shard(share_step=step)
    banded = shard(share_step=step, factor_band=0.002)
    before, after = solve_shard(free, SETTINGS), solve_shard(banded, SETTINGS)
    assert judge(banded, after).offences == ()
    certified = [a for a, status in enumerate(after.status) if status is Status.CERTIFIED]
    assert len(certified) >= 12
    outside = [a for a in certified if np.abs(exposures(free, before, a)).max() > 0.002]
    assert len(outside) >= 5
    for a in certified:
        assert np.abs(exposures(banded, after, a)).max() <= 0.002 + 2e-12
    assert any(name.startswith("factor:f0") for name in after.shadow_limit)


def test_a_band_that_nothing_reaches_changes_no_answer_beyond_the_last_digits() -> None:
    free, wide = solve_shard(shard(), SETTINGS), solve_shard(shard(factor_band=5.0), SETTINGS)
    assert wide.status == free.status
    assert np.abs(wide.bound - free.bound).max() <= 1e-9
    assert not [name for name in wide.shadow_limit if name.startswith("factor")]


def test_the_judge_sees_an_order_that_leaves_the_band() -> None:
    problems = shard()
    answers = solve_shard(problems, SETTINGS)
    told = {text for _, text in judge(dataclasses.replace(problems, factor_band=np.full(20, 0.001)), answers).offences}
    assert {"factor:f01", "factor:f02"} <= told


def test_a_bound_that_the_band_alone_would_give_is_not_believed_without_it() -> None:
    banded = shard(factor_band=0.001)
    answers = solve_shard(banded, SETTINGS)
    told = [text for _, text in judge(dataclasses.replace(banded, factor_band=np.full(20, np.inf)), answers).offences]
    assert any(text.startswith("the bound is") for text in told)


def test_any_prices_bound_the_optimum() -> None:
    problems = shard(names=12, accounts=10, factor_band=0.002)
    answers = solve_shard(problems, SETTINGS)
    certificate = answers.certificate
    random = np.random.default_rng(5)
    for a in range(10):
        if answers.status[a] is not Status.CERTIFIED:
            continue
        view = AccountView(problems, a, certificate)
        leaves = leaves_of(certificate, slice(a, a + 1))
        for size in (1e-4, 1e-2, 1.0, 1e4):
            prices = leaves.prices + random.normal(0.0, size, leaves.prices.shape)
            prices[:, -2:] = np.abs(prices[:, -2:])
            bounds = leaf_bounds(view.view, dataclasses.replace(leaves, prices=prices))
            assert bounds.min() <= answers.bound[a] + answers.gap_continuous[a] + 1e-9


def test_limits_that_no_orders_keep_are_named_with_what_they_would_have_to_give() -> None:
    document = tiny_instance()
    document["policy"]["factor_band"] = 0.0001
    document["policy"]["cash_min"] = 0.05
    document["policy"]["relaxation_order"] = ["turnover"]
    answer = solve_instance(document, irreducible=True)
    assert answer["status"] == Status.HELD_INFEASIBLE
    # Cash of 5 % of the account leaves an exposure of -0.2 times 5 %.
    found = {row["limit"]: row["needed"] for row in answer["irreducible"]}
    assert found["factor:f01 low"] == pytest.approx(0.2 * 0.05 - 0.0001, abs=1e-7)
    assert found["cash_min"] == pytest.approx(0.05 - 0.0001 / 0.2, abs=1e-7)
    assert {row["limit"] for row in answer["conflict"]} <= {"factor:f01 low", "cash_min"}


def test_an_account_that_drifted_out_comes_nearer() -> None:
    document = tiny_instance()
    document["policy"] |= {"factor_band": 0.004, "turnover_max": 0.01}
    answer = solve_instance(document)
    assert answer["status"] == Status.CERTIFIED_RELAXED
    # Idle the account is short of 0.2 times its cash of 500 in 15,500; all its turnover comes back.
    missing = 0.2 * (500 / 15_500 - 0.01) - 0.004
    name, amount = answer["reasons"][0].partition(": ")[2].split(" by ")
    assert name == "factor:f01 low"
    assert missing <= float(amount) <= missing + 1.1e-5
    assert answer["turnover"] == pytest.approx(0.01, abs=1e-4)


def test_small_accounts_find_the_best_whole_shares_inside_the_band() -> None:
    compared = feasible = 0
    for seed in range(60):
        problems = tight_account(seed, factor_band=0.03, tracking_error_max=np.inf, sector_band=np.inf)
        best = best_orders(problems)
        if best is None:
            continue
        answers = solve_shard(problems, SolveSettings(gap_bp_max=1e6))
        assert judge(problems, answers).offences == ()
        if answers.status[0] in {Status.CERTIFIED, Status.CERTIFIED_NO_TRADE}:
            assert answers.objective[0] >= best - 1e-9
            assert answers.bound[0] <= best + 1e-9
            feasible += 1
        else:
            assert best == np.inf, (seed, answers.reasons[0])
        compared += 1
    assert compared >= 30
    assert feasible >= 10


def test_the_band_is_kept_in_any_shard_and_order() -> None:
    problems = shard(factor_band=0.002)
    whole = solve_shard(problems, SETTINGS)
    again = solve_shard(problems, SETTINGS)
    assert np.array_equal(whole.objective, again.objective, equal_nan=True)
    assert np.array_equal(whole.order_micro_shares, again.order_micro_shares)
    assert irreducible_conflict(problems, int(np.flatnonzero([s is Status.CERTIFIED for s in whole.status])[0])) == []
