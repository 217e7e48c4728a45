"""Clarabel's statuses are judged by a closed table, and its inputs are guarded."""

from __future__ import annotations

import clarabel
import numpy as np

from solvers.conic import CAREFUL, QUICK, Columns, solve
from solvers.outcome import OUTCOME_OF_STATUS, Outcome


def test_every_status_is_judged() -> None:
    assert OUTCOME_OF_STATUS.keys() == {name for name in vars(clarabel.SolverStatus) if name[0].isupper()}


def test_only_a_solved_answer_is_used() -> None:
    assert [name for name, outcome in OUTCOME_OF_STATUS.items() if outcome is Outcome.SOLVED] == ["Solved"]
    assert all(OUTCOME_OF_STATUS[name] is Outcome.REFUSED for name in OUTCOME_OF_STATUS if name.startswith("Almost"))


def test_no_setting_depends_on_a_clock_or_on_cores() -> None:
    for chosen in (QUICK, CAREFUL):
        assert chosen.time_limit == float("inf")
        assert chosen.max_threads == 1
        assert chosen.direct_solve_method == "qdldl"
        assert not chosen.verbose


def test_a_number_that_is_none_is_refused_before_clarabel_sees_it() -> None:
    one = Columns(data=np.ones(1), rows=np.zeros(1, np.int64), start=np.array([0, 1]), height=1)
    answer = solve(
        P=one, q=np.array([np.nan]), A=one, b=np.ones(1), cones=[clarabel.NonnegativeConeT(1)], chosen=CAREFUL
    )
    assert answer.outcome is Outcome.REFUSED


def test_an_impossible_program_is_infeasible() -> None:
    flat = Columns(data=np.ones(1), rows=np.zeros(1, np.int64), start=np.array([0, 1]), height=1)
    both = Columns(data=np.array([1.0, -1.0]), rows=np.array([0, 1]), start=np.array([0, 2]), height=2)
    answer = solve(
        P=flat, q=np.zeros(1), A=both, b=np.array([-1.0, -1.0]), cones=[clarabel.NonnegativeConeT(2)], chosen=CAREFUL
    )
    assert answer.outcome is Outcome.INFEASIBLE
