"""One account's senseless numbers hold that account, by name, and change no bit of its neighbours."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from solvers.problem import ShardAnswers, ShardProblems, SolveSettings, Status
from solvers.shard import solve_shard
from tests.solver_cases import random_shard

VICTIM = 2
NAN = float("nan")


@pytest.fixture(scope="module")
def usual() -> tuple[ShardProblems, ShardAnswers]:
    problems = random_shard(names=12, factors=3, accounts=5, seed=31, households=False)
    return problems, solve_shard(problems, SolveSettings())


NUMBERS = (
    *((name, NAN) for name in (
        "risk_aversion", "cost_rate", "short_gain_rate", "long_gain_rate", "short_loss_rate", "long_loss_rate",
        "loss_margin", "cash_min", "cash_max", "sector_band", "turnover_max", "factor_band", "tracking_error_max",
        "trigger", "max_weight",
    )),
    *((name, -1.0) for name in (
        "risk_aversion", "cost_rate", "long_loss_rate", "sector_band", "turnover_max", "tracking_error_max", "trigger",
    )),
    ("risk_aversion", 0.0), ("risk_aversion", np.inf), ("share_step_micro", 0),
)  # fmt: skip


@pytest.mark.parametrize(("name", "value"), NUMBERS, ids=str)
def test_a_senseless_number_holds_its_account_and_no_other(
    usual: tuple[ShardProblems, ShardAnswers], name: str, value: float
) -> None:
    problems, before = usual
    column = getattr(problems, name).copy()
    column[VICTIM] = value
    after = solve_shard(dataclasses.replace(problems, **{name: column}), SolveSettings())
    assert after.status[VICTIM] is Status.HELD_DATA
    assert name in after.reasons[VICTIM]
    assert not (after.order_account == VICTIM).any()
    others = np.arange(5) != VICTIM
    assert after.objective[others].tobytes() == before.objective[others].tobytes()
    assert after.bound[others].tobytes() == before.bound[others].tobytes()
    kept = before.order_account != VICTIM
    assert after.order_micro_shares.tobytes() == before.order_micro_shares[kept].tobytes()


@pytest.mark.parametrize(("name", "value"), [("lot_micro_shares", 0), ("lot_basis_microusd", -1)])
def test_a_senseless_lot_holds_its_account(usual: tuple[ShardProblems, ShardAnswers], name: str, value: int) -> None:
    problems, before = usual
    column = getattr(problems, name).copy()
    column[problems.lot_start[VICTIM]] = value
    after = solve_shard(dataclasses.replace(problems, **{name: column}), SolveSettings())
    assert (after.status[VICTIM], after.reasons[VICTIM]) == (Status.HELD_DATA, "no sensible number in lots")
    assert after.status[:VICTIM] == before.status[:VICTIM]
