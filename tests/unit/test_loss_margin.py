"""A lot near its basis counts as a loss for wash sales, and is taxed as it is priced."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ledger.amounts import MICRO
from solvers.evaluate import AccountView, judge, lots_at_loss
from solvers.problem import Floats, Integers, ShardAnswers, ShardProblems, SolveSettings
from solvers.shard import solve_shard
from tests.solver_cases import random_shard

SETTINGS = SolveSettings()
MARGIN = 0.05


def shard(**changes: Any) -> ShardProblems:  # noqa: ANN401 - any field
    return random_shard(names=30, factors=6, accounts=8, seed=11, taxable=True, **changes)


def value_over_basis(problems: ShardProblems, lots: Integers) -> Floats:
    price = problems.market.price_microusd[problems.lot_security[lots]]
    ratio: Floats = problems.lot_micro_shares[lots] / MICRO * price / problems.lot_basis_microusd[lots]
    return ratio


def sold(answers: ShardAnswers) -> Integers:
    lots: Integers = answers.order_lot[~answers.order_is_buy]
    return lots


def test_where_losses_are_closed_a_lot_within_the_margin_stays() -> None:
    near = {
        margin: value_over_basis(problems, sold(solve_shard(problems, SETTINGS))).min()
        for margin in (0.0, MARGIN)
        if (problems := shard(loss_margin=margin, lot_loss_sale_allowed=False))
    }
    assert 1.0 <= near[0.0] < 1.0 + MARGIN
    assert near[MARGIN] >= 1.0 + MARGIN - 1e-9


def test_its_sale_closes_the_purchases_of_its_group() -> None:
    problems = random_shard(names=20, factors=4, accounts=40, seed=5, pairs=4, loss_margin=0.3)
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()
    without = dataclasses.replace(problems, loss_margin=np.zeros(40))
    loose = solve_shard(without, SETTINGS)
    assert judge(without, loose).offences == ()
    assert any("bought while" in text for _, text in judge(problems, loose).offences)


def test_its_tax_is_what_it_is_priced_at() -> None:
    problems = shard(loss_margin=MARGIN)
    answers = solve_shard(problems, SETTINGS)
    view = AccountView(problems, 0, answers.certificate).view
    plain = AccountView(shard(loss_margin=0.0), 0, answers.certificate).view
    assert (view.tax == plain.tax).all()
    near = view.is_loss & ~plain.is_loss
    assert near.any()
    assert (view.tax[near] >= 0.0).all()


def test_the_kernels_and_the_judge_draw_the_same_line() -> None:
    problems = shard(loss_margin=MARGIN)
    lots = np.arange(len(problems.lot_ids))
    account = np.repeat(np.arange(8), np.diff(problems.lot_start))
    flagged = lots_at_loss(problems, account, lots)
    ratio = value_over_basis(problems, lots)
    assert flagged[ratio < 1.0 + MARGIN - 1e-9].all()
    assert not flagged[ratio > 1.0 + MARGIN + 1e-9].any()


def test_where_the_certificate_decides_the_answers_are_as_good() -> None:
    problems = random_shard(names=60, factors=6, accounts=40, seed=9, pairs=6)
    always = solve_shard(problems, SETTINGS)
    decided = solve_shard(problems, SolveSettings(clarabel="uncertified"))
    assert judge(problems, decided).offences == ()
    assert decided.status == always.status
    first = problems.wave == 0
    assert np.abs(decided.bound - always.bound)[first].max() <= 1e-9
    assert (decided.gap_continuous[first] <= always.gap_continuous[first] + 1e-9).all()
