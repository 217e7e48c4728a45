"""Orders in whole shares against every order set an account has: what can be done is done, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.evaluate import judge
from solvers.problem import SolveSettings, Status
from solvers.shard import solve_shard
from tests.order_cases import best_orders, tight_account

SETTINGS = SolveSettings(gap_bp_max=1e4)
"""Joined sublots leave some of these accounts with a gap above the usual limit; here only the orders are judged."""
FLOAT_ERROR = 1e-12


@pytest.mark.parametrize("block", range(12))
def test_where_some_orders_keep_the_limits_orders_are_found(block: int) -> None:
    feasible = 0
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        problems = tight_account(seed)
        best = best_orders(problems)
        if best is None:
            continue
        answers = solve_shard(problems, SETTINGS)
        assert judge(problems, answers).offences == (), seed
        if best < np.inf:
            feasible += 1
            assert answers.status[0] in {Status.CERTIFIED, Status.CERTIFIED_NO_TRADE}, (seed, answers.reasons)
            assert answers.bound[0] - FLOAT_ERROR <= best <= answers.objective[0] + FLOAT_ERROR, seed
        elif not answers.status[0].is_held:
            assert answers.status[0] is Status.CERTIFIED_RELAXED, seed
    assert feasible >= 5


def test_an_account_that_no_whole_shares_bring_back_comes_as_near_as_they_can() -> None:
    relaxed = [
        seed for seed in range(40) if solve_shard(tight_account(seed), SETTINGS).status[0].name.endswith("RELAXED")
    ]
    assert len(relaxed) >= 10
    for seed in relaxed:
        problems = tight_account(seed)
        answers = solve_shard(problems, SETTINGS)
        assert "widened" in answers.reasons[0] or "approaching" in answers.reasons[0]
        assert (answers.certificate.relaxed[0] > 0.0).any() or answers.certificate.tracking_error_max[0] < np.inf
        assert judge(problems, answers).offences == ()


def test_whole_share_orders_are_the_same_twice() -> None:
    for seed in range(1100, 1120):
        first, second = (solve_shard(tight_account(seed), SETTINGS) for _ in range(2))
        assert first.status == second.status
        assert first.order_micro_shares.tobytes() == second.order_micro_shares.tobytes()
        assert first.objective.tobytes() == second.objective.tobytes()
