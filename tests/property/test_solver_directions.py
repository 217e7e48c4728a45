"""The branch and bound against every combination of directions, on accounts whose root leaves a gap.

The combinations are solved by Clarabel as whole programs; `tests.property.test_solver_reference` holds those same
programs against the formulation in CVXPY.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from solvers.arrays import Account
from solvers.dual import account_of, new_response
from solvers.evaluate import judge
from solvers.prepare import prepare
from solvers.problem import ShardProblems, SolveSettings, Status
from solvers.reduce import solve_whole
from solvers.searching import search_all
from solvers.shard import solve_shard
from solvers.tables import tables_of
from tests.solver_cases import random_shard

SETTINGS = SolveSettings(gap_bp_target=1e-5, nodes_max=400)
OPEN_GAP = 1e-9
AGREEMENT = 1e-8
DISJUNCTIONS_MAX = 8
CASES: dict[str, dict[str, Any]] = {
    "styles": {"names": 14, "factors": 8, "sector_band": 1.0},
    "no gain allowed": {"names": 18, "factors": 10, "sector_band": 1.0, "net_gain_budget_microusd": 0},
    "identical groups": {"names": 12, "factors": 4, "pairs": 4, "sector_band": 1.0, "net_gain_budget_microusd": 0},
    "small turnover, no cost": {"names": 10, "factors": 4, "sector_band": 0.05, "turnover_max": 0.05, "cost_rate": 0.0},
    "factor bands": {
        "names": 14, "factors": 8, "sector_band": 1.0, "cash_min": 0.0, "cash_max": 0.5, "factor_band": 0.004,
        "turnover_max": 0.6, "net_gain_budget_microusd": 0,
    },
    "no cash, cheap gains, none allowed": {
        "names": 12, "factors": 6, "cash_microusd": 0, "net_gain_budget_microusd": 0, "short_gain_rate": 0.05,
        "long_gain_rate": 0.02,
    },
}  # fmt: skip


def open_accounts(problems: ShardProblems) -> list[tuple[int, Account]]:
    """Return the accounts that need branching and are small enough to enumerate."""
    tables = tables_of(problems)
    rows = np.arange(len(problems.account_ids))
    book = prepare(tables, rows)
    searched = search_all(tables, rows, book, OPEN_GAP, 0)
    chosen = (book.disjunctions <= DISJUNCTIONS_MAX) & ~(searched.objective - searched.bound <= OPEN_GAP)
    return [(a, account_of(book, a)) for a in np.flatnonzero(chosen).tolist()]


def best_of_all_directions(account: Account) -> float:
    """Return the least objective over all directions, inf where none is feasible."""
    best = np.inf
    for choice in itertools.product((-1, 1), repeat=len(account.member_at) - 1):
        fixed = solve_whole(account, np.array(choice, np.int8), 0.0, -np.inf, new_response(account))
        if fixed.status == "Solved" and fixed.breach <= SETTINGS.violation_max:
            best = min(best, fixed.objective)
    return best


@pytest.mark.parametrize("case", CASES, ids=str)
def test_branching_ends_at_the_optimum_over_all_directions(case: str) -> None:
    compared = 0
    for seed in range(500, 508):
        problems = random_shard(accounts=30, seed=seed, households=False, **CASES[case])
        accounts = open_accounts(problems)
        answers = solve_shard(problems, SETTINGS)
        assert judge(problems, answers).offences == ()
        for a, account in accounts:
            best = best_of_all_directions(account)
            status = answers.status[a]
            if best == np.inf:
                assert status is not Status.CERTIFIED
                continue
            assert status is Status.CERTIFIED, (seed, a, answers.reasons[a])
            assert answers.bound[a] <= best + AGREEMENT
            assert answers.bound[a] + answers.gap_continuous[a] <= best + AGREEMENT
            compared += 1
    assert compared >= 5, compared
