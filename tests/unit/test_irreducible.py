"""An irreducible set of an infeasible account: it cannot be kept, and can without any one of its members."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from solvers.irreducible import irreducible_conflict
from solvers.problem import NO_GAIN_LIMIT, ShardProblems, SolveSettings, Status
from solvers.shard import solve_shard
from tests.solver_cases import random_shard

WITHOUT: dict[str, dict[str, Any]] = {
    "cash_min": {"cash_min": -1e9},
    "cash_max": {"cash_max": np.inf},
    "turnover": {"turnover_max": np.inf},
    "net_gain_budget": {"net_gain_budget_microusd": NO_GAIN_LIMIT},
    "tracking_error_max": {"tracking_error_max": np.inf},
}


def account(**changes: Any) -> ShardProblems:  # noqa: ANN401 - any field
    return random_shard(names=20, factors=4, accounts=1, seed=117, households=False, **changes)


def names(problems: ShardProblems) -> set[str]:
    return {name for name, _ in irreducible_conflict(problems)}


def test_an_account_that_can_keep_its_limits_has_no_conflict() -> None:
    assert irreducible_conflict(account()) == []


def test_a_withdrawal_beyond_the_turnover_conflicts_with_it_alone() -> None:
    problems = account(turnover_max=0.01, flow_microusd=-(10**11))
    found = dict(irreducible_conflict(problems))
    assert found.keys() == {"cash_min", "turnover"}
    missing = found["turnover"]
    wider = dataclasses.replace(problems, turnover_max=problems.turnover_max + missing + 1e-6)
    narrow = dataclasses.replace(problems, turnover_max=problems.turnover_max + 0.9 * missing)
    assert irreducible_conflict(wider) == []
    assert irreducible_conflict(narrow) != []


@pytest.mark.parametrize(
    "changes",
    [
        {"turnover_max": 0.01, "flow_microusd": -(10**11)},
        {"can_buy": False, "cash_max": 0.0001, "cash_min": 0.0, "flow_microusd": 10**11},
        {"tracking_error_max": 1e-4, "turnover_max": 0.02},
    ],
    ids=["withdrawal", "deposit", "tracking error"],
)
def test_without_any_one_member_the_rest_can_be_kept(changes: dict[str, Any]) -> None:
    problems = account(**changes)
    members = names(problems)
    assert members
    for member in members & WITHOUT.keys():
        if member == "cash_min":
            continue  # cash below zero is never allowed, so the row cannot be taken away whole
        fields = {key: np.full_like(getattr(problems, key), value) for key, value in WITHOUT[member].items()}
        rest = irreducible_conflict(dataclasses.replace(problems, **fields))
        assert len(members) == 1 or not members - {member} <= {name for name, _ in rest}
    assert solve_shard(problems, SolveSettings()).status[0] in {Status.HELD_INFEASIBLE, Status.CERTIFIED_RELAXED}


def test_sectors_that_conflict_are_named_in_a_fixed_order() -> None:
    problems = account(sector_band=0.0, turnover_max=0.05)
    found = irreducible_conflict(problems)
    assert found == irreducible_conflict(problems)
    assert any(name.startswith("sector:") for name, _ in found)
    assert all(amount > 0.0 for _, amount in found)
