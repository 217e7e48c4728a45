"""The solve against the reference: CVXPY over every combination of directions, on small accounts of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.evaluate import AccountView, judge
from solvers.problem import SolveSettings, Status
from solvers.reference import optimum, solve_directions
from solvers.shard import solve_shard
from tests.solver_cases import random_shard

SETTINGS = SolveSettings(gap_bp_target=1e-4)
AGREEMENT = 1e-7
DISJUNCTIONS_MAX = 5

CASES = {
    "ordinary": {},
    "identical groups": {"pairs": 3, "sector_band": 0.5},
    "tight gain budget": {"net_gain_budget_microusd": 0, "short_gain_rate": 0.1, "long_gain_rate": 0.05},
    "zero cash": {"cash_microusd": 0},
    "overdrawn": {"cash_microusd": -1_000_000_000},
    "retirement": {"taxable": False},
    "tax unaware": {"mode": 1, "taxable": True},
    "buy only": {"mode": 2, "cash_min": 0.0},
    "free trading": {"cost_rate": 0.0, "turnover_max": np.inf, "sector_band": np.inf},
    "tracking-error cap": {"tracking_error_max": 0.06, "taxable": True},
    "factor bands": {"factor_band": 0.004, "cash_min": 0.0, "cash_max": 0.5, "sector_band": 1.0, "turnover_max": 0.6},
    "factor bands and a tracking-error cap": {
        "factor_band": 0.004, "tracking_error_max": 0.05, "cash_min": 0.0, "cash_max": 0.5, "sector_band": 1.0,
        "turnover_max": 0.6,
    },
    "expected withdrawal": {"flow_microusd": -2_000_000_000},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_answer_is_the_optimum_over_all_directions(case: str) -> None:
    problems = random_shard(names=7, factors=4, accounts=10, seed=17, **CASES[case])  # type: ignore[arg-type]
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()
    compared = 0
    for a, status in enumerate(answers.status):
        view = AccountView(problems, a, answers.certificate)
        if len(view.disjunctions(view.pieces())) > DISJUNCTIONS_MAX:
            continue
        best = optimum(view)
        if status is Status.HELD_INFEASIBLE:
            assert best == np.inf
            continue
        assert not status.is_held, answers.reasons[a]
        assert answers.bound[a] <= best + AGREEMENT
        assert abs(answers.bound[a] + answers.gap_continuous[a] - best) <= AGREEMENT + SETTINGS.gap_bp_target * 1e-4
        compared += 1
    assert compared >= 5


def test_one_name_accounts_meet_the_reference() -> None:
    problems = random_shard(names=1, factors=1, accounts=12, seed=2, sector_band=1.0, max_weight=1.0)
    answers = solve_shard(problems, SETTINGS)
    for a, status in enumerate(answers.status):
        best = optimum(AccountView(problems, a, answers.certificate))
        assert status.is_held == (best == np.inf)
        if not status.is_held:
            assert abs(answers.bound[a] + answers.gap_continuous[a] - best) <= AGREEMENT


def test_allowing_both_directions_is_a_relaxation_that_can_be_strict() -> None:
    problems = random_shard(
        names=8, factors=4, accounts=20, seed=6, households=False, net_gain_budget_microusd=0, sector_band=0.5
    )
    answers = solve_shard(problems, SETTINGS)
    strict = 0
    for a in range(20):
        view = AccountView(problems, a, answers.certificate)
        count = len(view.disjunctions(view.pieces()))
        if count == 0 or answers.status[a].is_held:
            continue
        relaxation = solve_directions(view, (0,) * count)
        assert relaxation <= answers.bound[a] + AGREEMENT
        strict += relaxation < answers.bound[a] - AGREEMENT
    assert strict > 0
