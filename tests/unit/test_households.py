"""Accounts of one taxpayer, wave after wave: what one trades closes to the next, retirement accounts included."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ledger.amounts import MICRO
from solvers.evaluate import judge
from solvers.generator import some_accounts
from solvers.problem import ShardAnswers, ShardProblems, SolveSettings, Status
from solvers.shard import solve_shard
from tests.solver_cases import random_shard

SETTINGS = SolveSettings()


def two_accounts(*, first_taxable: bool, together: bool = True) -> ShardProblems:
    """Return two accounts with the same lots, of one household or of two."""
    one = random_shard(names=30, factors=4, accounts=1, seed=12, pairs=10, households=False)
    both = some_accounts(one, np.array([0, 0]))
    cash = both.cash_microusd + np.array([0, round(0.02 * 1e6) * MICRO])
    return dataclasses.replace(
        both,
        account_ids=("A", "B"),
        household=np.zeros(2, np.int64) if together else np.arange(2),
        wave=np.arange(2),
        taxable=np.array([first_taxable, not first_taxable]),
        cash_microusd=cash,
        turnover_max=np.full(2, 0.5),
        lot_ids=tuple(f"L{lot}" for lot in range(len(both.lot_ids))),
        lot_loss_sale_allowed=np.ones(len(both.lot_ids), np.bool_),
    )


def groups_of(problems: ShardProblems, answers: ShardAnswers, a: int) -> tuple[set[int], set[int]]:
    """Return the identical groups that account ``a`` buys, and those that it sells below basis."""
    market = problems.market
    bought, lost = set(), set()
    for order in np.flatnonzero(answers.order_account == a).tolist():
        group = int(market.identical_group[answers.order_security[order]])
        lot = int(answers.order_lot[order])
        if answers.order_is_buy[order]:
            bought.add(group)
        elif (
            int(problems.lot_micro_shares[lot]) * int(market.price_microusd[answers.order_security[order]])
            < int(problems.lot_basis_microusd[lot]) * MICRO
        ):
            lost.add(group)
    return bought, lost


def test_what_a_retirement_account_buys_first_is_no_loss_of_the_taxable_one() -> None:
    apart = two_accounts(first_taxable=False, together=False)
    alone = solve_shard(apart, SETTINGS)
    bought, _ = groups_of(apart, alone, 0)
    _, lost = groups_of(apart, alone, 1)
    assert bought & lost, "alone, the two would wash each other"
    problems = two_accounts(first_taxable=False)
    answers = solve_shard(problems, SETTINGS)
    assert set(answers.status) == {Status.CERTIFIED}
    bought, _ = groups_of(problems, answers, 0)
    _, lost = groups_of(problems, answers, 1)
    assert lost
    assert not bought & lost
    assert judge(problems, answers).offences == ()


def test_what_the_taxable_account_harvests_first_is_not_bought_for_retirement() -> None:
    apart = two_accounts(first_taxable=True, together=False)
    alone = solve_shard(apart, SETTINGS)
    _, lost = groups_of(apart, alone, 0)
    bought, _ = groups_of(apart, alone, 1)
    assert bought & lost, "alone, the two would wash each other"
    problems = two_accounts(first_taxable=True)
    answers = solve_shard(problems, SETTINGS)
    _, lost = groups_of(problems, answers, 0)
    bought, _ = groups_of(problems, answers, 1)
    assert bought
    assert not bought & lost
    assert judge(problems, answers).offences == ()


@pytest.mark.parametrize("first_taxable", [True, False])
def test_orders_that_wash_in_the_household_are_seen_by_the_judge(first_taxable: bool) -> None:
    apart = two_accounts(first_taxable=first_taxable, together=False)
    washing = solve_shard(apart, SETTINGS)
    offences = judge(two_accounts(first_taxable=first_taxable), washing).offences
    assert any("sells its group at a loss" in text for _, text in offences)


def test_the_first_account_of_a_household_is_answered_as_if_alone() -> None:
    problems = two_accounts(first_taxable=True)
    answers = solve_shard(problems, SETTINGS)
    alone = solve_shard(some_accounts(problems, np.array([0])), SETTINGS)
    assert answers.objective[:1].tobytes() == alone.objective.tobytes()
    assert answers.bound[:1].tobytes() == alone.bound.tobytes()
    mine = answers.order_account == 0
    assert answers.order_micro_shares[mine].tobytes() == alone.order_micro_shares.tobytes()
