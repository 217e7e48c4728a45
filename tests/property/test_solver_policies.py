"""Random policies: what is certified passes both judges, and what is called impossible is impossible without us."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from hypothesis import given, reject, settings

from solvers.evaluate import AccountView, judge
from solvers.problem import ShardAnswers, ShardProblems, SolveSettings, Status
from solvers.reference import optimum
from solvers.shard import solve_shard
from tests.random_policies import POLICIES, account_of_policy

SETTINGS = SolveSettings(gap_bp_target=1e-4)
AGREEMENT = 1e-7
CAP_ERROR = 1e-9
"""By what share a cap is wider for the reference: an account that can only idle is relaxed to its very own error."""
DISJUNCTIONS_MAX = 3
WHOLE_STEPS = "whole steps"


def as_stated(problems: ShardProblems, answers: ShardAnswers) -> AccountView:
    """Return the account with no limit widened, whatever its answer widened."""
    certificate = answers.certificate
    unwidened = dataclasses.replace(
        certificate, relaxed=np.zeros_like(certificate.relaxed), tracking_error_max=problems.tracking_error_max
    )
    return AccountView(problems, 0, unwidened)


def decided(view: AccountView) -> float:
    """Return the reference's optimum; accounts on which it does not reach its own tolerance are no examples."""
    try:
        return optimum(view)
    except UserWarning:  # CVXPY's "may be inaccurate", an error in tests
        reject()


@given(POLICIES)
@settings(max_examples=60)
def test_what_is_certified_passes_the_judges_and_what_is_impossible_is(policy: dict[str, Any]) -> None:
    problems = account_of_policy(policy)
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()
    status, reason = answers.status[0], answers.reasons[0]
    under = AccountView(problems, 0, answers.certificate)
    if len(under.disjunctions(under.pieces())) > DISJUNCTIONS_MAX or status is Status.HELD_SOLVER:
        return
    under.cap *= 1.0 + CAP_ERROR
    stated = as_stated(problems, answers)
    if status is Status.HELD_INFEASIBLE:
        assert decided(stated) == np.inf
        return
    best, scale = decided(under), max(1.0, abs(float(answers.objective[0])))
    assert answers.bound[0] <= best + AGREEMENT * scale
    assert best <= answers.bound[0] + answers.gap_continuous[0] + AGREEMENT * scale
    if status is Status.CERTIFIED_RELAXED and WHOLE_STEPS not in reason:
        assert decided(stated) == np.inf, reason
