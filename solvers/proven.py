"""Answers of accounts with sublots held to a bound that knows their order.

The search joins sublots of one lot where a later one is cheaper (`solvers.prepare`): right for the tax, but no envelope
of the gains that a net gain budget counts, nor of what a group of several securities may sell while it buys, and lower
than need be. The bound is taken anew with the sublots in their order (`solvers.chains`), which any prices prove: those
of the search, those of the trades before rounding, and some between, the best for each leaf. An answer that is then
further from its bound than is accepted is held.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from solvers import answer as answers
from solvers.answer import AccountAnswer
from solvers.arrays import Bytes, Floats
from solvers.bounds import Leaves, leaf_bounds
from solvers.prepare import Tables
from solvers.problem import ShardProblems, SolveSettings, Status
from solvers.views import View

UNPROVEN = "sublots: the answer is not proven to be near enough to the bound"
FLOAT_ERROR = 1e-10
BP = 1e-4
SHARES = np.array([0.25, 0.5, 0.75, 1.0])
"""Of the way from the search's prices to those of the trades before rounding."""


def proven(
    problems: ShardProblems, tables: Tables, a: int, answer: AccountAnswer, settings: SolveSettings
) -> AccountAnswer:
    """Return the answer with the bound of its sublots in their order, or held where that is too far away.

    Runs before the answer's orders close anything to the rest of its household.
    """
    lots = slice(int(tables.lot_start[a]), int(tables.lot_start[a + 1]))
    if answer.status.is_held or answer.leaves is None or not tables.same_lot[lots].any():
        return answer
    with np.errstate(all="ignore"):
        view = View(
            problems, a, a + 1, can_buy=tables.can_buy[a : a + 1], loss_allowed=tables.lot_loss_allowed[lots],
            relaxed=tables.relaxed[a : a + 1], cap=tables.limits[a : a + 1, 7],
        )  # fmt: skip
        enough = answer.objective - settings.gap_bp_target * BP
        leaves = _raised(view, answer.leaves, answer.prices, enough=enough)
    bound = float(leaves.bound.min())
    if abs(bound - answer.bound) <= FLOAT_ERROR:
        return answer
    answer = dataclasses.replace(answer, leaves=leaves)
    return _with_bound(answer, bound, trigger=float(problems.trigger[a]), settings=settings)


def _raised(
    view: View, leaves: answers.Leaves, prices: tuple[Floats, float] | None, *, enough: float
) -> answers.Leaves:
    """Return the leaves with bounds anew; at the best prices at hand where the search's prove less than ``enough``."""
    leaves = leaves._replace(bound=_bounds(view, leaves.directions, leaves.pi, leaves.theta))
    weak = np.flatnonzero(~(leaves.bound >= enough))
    if prices is None or len(weak) == 0:
        return leaves
    way = np.repeat(SHARES, len(weak))
    at = np.tile(weak, len(SHARES))
    pi = (1.0 - way[:, None]) * leaves.pi[at] + way[:, None] * prices[0]
    theta = (1.0 - way) * leaves.theta[at] + way * prices[1]
    bound = _bounds(view, leaves.directions[at], pi, theta).reshape(len(SHARES), len(weak))
    best = np.argmax(bound, axis=0) * len(weak) + np.arange(len(weak))
    better = bound.ravel()[best] > leaves.bound[weak]
    best, weak = best[better], weak[better]
    raised = leaves._replace(pi=leaves.pi.copy(), theta=leaves.theta.copy(), bound=leaves.bound.copy())
    raised.pi[weak], raised.theta[weak], raised.bound[weak] = pi[best], theta[best], bound.ravel()[best]
    return raised


def _bounds(view: View, directions: Bytes, pi: Floats, theta: Floats) -> Floats:
    """Return (leaves,) what prices prove under directions; -inf where they prove nothing."""
    wide = np.zeros((len(theta), view.x0.shape[1]), np.int64)
    wide[:, : directions.shape[1]] = directions
    account = np.zeros(len(theta), np.int64)
    found = leaf_bounds(view, Leaves(account=account, prices=pi, cap_price=theta, directions=wide))
    return np.where(np.isnan(found), -np.inf, found)


def _with_bound(answer: AccountAnswer, bound: float, *, trigger: float, settings: SolveSettings) -> AccountAnswer:
    gap = max(answer.gap_continuous + answer.bound - bound, 0.0)
    bound = min(bound, answer.objective)
    idle = answer.status is Status.CERTIFIED_NO_TRADE
    if gap <= settings.gap_bp_max * BP and not (idle and answer.objective - bound >= trigger):
        return dataclasses.replace(answer, bound=bound, gap_continuous=gap)
    return AccountAnswer(
        status=Status.HELD_SOLVER, reason=UNPROVEN, idle=answer.idle, idle_te2=answer.idle_te2, nodes=answer.nodes
    )
