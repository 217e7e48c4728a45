"""What the careful search may conclude: what is impossible, and what a limit that is none may cost."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.arrays import ABSENT, Account
from solvers.careful import dearest_objective, search_carefully
from solvers.dual import account_of, judge, new_response
from solvers.prepare import prepare
from solvers.problem import NO_GAIN_LIMIT, ShardProblems
from solvers.program import EVERYTHING, all_free, build
from solvers.reduce import solve_whole
from solvers.tables import tables_of
from tests.solver_cases import random_shard


def accounts_of(problems: ShardProblems) -> list[Account]:
    book = prepare(tables_of(problems), np.arange(len(problems.account_ids)))
    return [account_of(book, a) for a in range(len(problems.account_ids))]


def test_a_limit_that_is_none_is_no_row_however_far_the_trades_reach() -> None:
    """Without a cap on holdings the trades reach millions, and a row a million away has a price of float dust."""
    problems = random_shard(
        names=8, factors=3, accounts=4, seed=1, households=False, max_weight=ABSENT, turnover_max=np.inf,
        sector_band=np.inf, cash_max=np.inf, net_gain_budget_microusd=int(NO_GAIN_LIMIT),
    )  # fmt: skip
    for account in accounts_of(problems):
        free = all_free(account, np.zeros(len(account.member_at) - 1, np.int8))
        free.guess_bought[:] = 0.01
        free.guess_sale[:] = 0.5 * account.quantity
        program = build(account, 0.0, free, np.zeros(3 + (len(account.r) - 4) // 2), EVERYTHING)
        assert program.row_at[0] >= 0
        assert (program.row_at[account.r >= ABSENT] == -1).all()


@pytest.mark.parametrize("aversion", [1e-2, 50.0, 1e8])
def test_no_trades_within_the_limits_are_dearer_than_the_dearest(aversion: float) -> None:
    problems = random_shard(names=10, factors=3, accounts=12, seed=4, households=False, risk_aversion=aversion)
    for account in accounts_of(problems):
        dearest = dearest_objective(account)
        for direction in (-1, 1):
            directions = np.full(len(account.member_at) - 1, direction, np.int8)
            # The worst of the vertices that a linear objective picks, away from the optimum.
            for sign in (1.0, -1.0):
                away = account._replace(gamma=1e-6, kappa=0.0, cost=np.full(len(account.cost), sign * 1e-3))
                fixed = solve_whole(away, directions, 0.0, -np.inf, new_response(away))
                if fixed.breach <= 1e-7:
                    assert judge(account, fixed.sale, fixed.bought)[0] <= dearest


def test_impossible_is_what_costs_more_than_the_dearest() -> None:
    """No cash can be raised here beyond what is held, whatever the aversion to risk."""
    for aversion in (1e-3, 50.0, 1e9):
        possible = random_shard(names=6, factors=2, accounts=3, seed=8, households=False, risk_aversion=aversion)
        for account in accounts_of(possible):
            tree = search_carefully(account, target=1e-6, nodes_max=20, breach_max=1e-7)
            assert tree.bound <= tree.dearest
            r = account.r.copy()
            r[0] = -1.5
            tree = search_carefully(account._replace(r=r), target=1e-6, nodes_max=20, breach_max=1e-7)
            assert tree.best is None
            assert tree.bound > tree.dearest
