"""Answers held to a bound that joined sublots cannot spoil.

The search joins sublots of one lot where a later one is cheaper (`solvers.prepare`): right for the tax, but no envelope
of the gains that a net gain budget counts, nor of what a group of several securities may sell while it buys. There the
bound is taken anew from the same prices with the sublots apart (`solvers.views`), which any prices prove; an answer
that is then further from its bound than is accepted is held.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from solvers.answer import AccountAnswer
from solvers.bounds import Leaves, leaf_bounds
from solvers.prepare import Tables
from solvers.problem import ShardProblems, SolveSettings, Status
from solvers.views import View

UNPROVEN = "sublots: the answer is not proven to be near enough to the bound"
FLOAT_ERROR = 1e-10
BP = 1e-4


def proven(
    problems: ShardProblems, tables: Tables, a: int, answer: AccountAnswer, settings: SolveSettings
) -> AccountAnswer:
    """Return the answer, with the lower bound where sublots ask for it, or held where that is too far away.

    Runs before the answer's orders close anything to the rest of its household.
    """
    lots = slice(int(tables.lot_start[a]), int(tables.lot_start[a + 1]))
    if answer.status.is_held or answer.leaves is None or not tables.same_lot[lots].any():
        return answer
    count, n = len(answer.leaves.theta), tables.F.shape[0]
    directions = np.zeros((count, n), np.int64)
    directions[:, : answer.leaves.directions.shape[1]] = answer.leaves.directions
    leaves = Leaves(
        account=np.zeros(count, np.int64), prices=answer.leaves.pi, cap_price=answer.leaves.theta, directions=directions
    )
    with np.errstate(all="ignore"):
        view = View(
            problems, a, a + 1, can_buy=tables.can_buy[a : a + 1], loss_allowed=tables.lot_loss_allowed[lots],
            relaxed=tables.relaxed[a : a + 1], cap=tables.limits[a : a + 1, 7],
        )  # fmt: skip
        bound = float(leaf_bounds(view, leaves).min())
    if bound >= answer.bound - FLOAT_ERROR:
        return answer
    return _with_bound(answer, bound, trigger=float(problems.trigger[a]), settings=settings)


def _with_bound(answer: AccountAnswer, bound: float, *, trigger: float, settings: SolveSettings) -> AccountAnswer:
    gap = answer.gap_continuous + answer.bound - bound
    idle = answer.status is Status.CERTIFIED_NO_TRADE
    if gap <= settings.gap_bp_max * BP and not (idle and answer.objective - bound >= trigger):
        return dataclasses.replace(answer, bound=bound, gap_continuous=gap)
    return AccountAnswer(
        status=Status.HELD_SOLVER, reason=UNPROVEN, idle=answer.idle, idle_te2=answer.idle_te2, nodes=answer.nodes
    )
