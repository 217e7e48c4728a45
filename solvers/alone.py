"""One account on its own: what the block's first answer does not settle.

More rounds and the whole problem in Clarabel, branching with Clarabel, joined sublots, limits drawn tighter until the
rounded orders keep them, and accounts whose limits cannot be kept tonight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.answer import (
    BASIS_POINT,
    NOTHING_LEFT,
    AccountAnswer,
    Leaves,
    Proof,
    broken_name,
    gap_refusal,
    held,
    idle_answer,
    limit_names,
    proof_of,
    traded_answer,
)
from solvers.arrays import ABSENT, Account, Book, Bytes, Floats, Integers
from solvers.careful import IMPOSSIBLE, Tree, search_carefully
from solvers.dual import account_of, new_response
from solvers.elastic import approach, conflicts, least_tracking_error
from solvers.orders import INTACT, NAME_CAP, TRACKING_ERROR, Result, objective_of, result_of
from solvers.pools import joined_answers
from solvers.prepare import Tables, prepare
from solvers.problem import SolveSettings, Status
from solvers.reduce import Fixed, holds, solve_fixed
from solvers.rounding import lot_weights, round_trades
from solvers.searching import FEASIBLE, Searched, search_all

INFEASIBLE = "no trades keep all limits"
TIGHTER = (1e-7, 1e-6, 1e-5, 1e-4)
"""Tried in turn on a limit that the rounded orders break, fractions of net asset value."""
CAP_REST = 0.1
"""Share of the way from the present to the least possible tracking error that a drifted account need not go."""
RELAXED_MARGIN = 1e-5
"""A relaxed limit is this much wider than the trades that approach it, so that they lie inside."""


class Solved(NamedTuple):
    """A certified continuous answer on its way to rounding."""

    fixed: Fixed
    directions: Bytes
    theta: float
    proof: Proof


class Alone:
    """Answers single accounts of one shard; holds what they share."""

    def __init__(self, *, tables: Tables, settings: SolveSettings, sectors: tuple[str, ...]) -> None:
        self.tables = tables
        self.settings = settings
        self.names = limit_names(sectors)
        self.target = settings.gap_bp_target * BASIS_POINT

    def answer(
        self, a: int, at: int, book: Book, searched: Searched, *, first: Fixed | None, may_relax: bool = True
    ) -> AccountAnswer:
        """Answer account ``a``, row ``at`` of the book; ``first`` is a certified direction-fixed answer, if any."""
        account = account_of(book, at)
        solved = self._solve(account, at, searched, first)
        if isinstance(solved, Solved):
            return self._round(a, at, account, book, searched, solved)
        if solved == INFEASIBLE and may_relax:
            return self._relax(a, account, searched, at)
        return held(Status.HELD_SOLVER, solved, searched=searched, at=at)

    def _solve(self, account: Account, at: int, searched: Searched, first: Fixed | None) -> Solved | str:
        """Return the continuous answer, or why there is none."""
        directions = searched.directions[at, : len(account.member_at) - 1].copy()
        theta = float(searched.theta[at])
        breach_max = self.settings.violation_max
        fixed = first or solve_fixed(
            account, directions, searched.pi[at], theta, -np.inf, new_response(account), breach_max
        )
        proof = proof_of(searched, at)
        good = holds(fixed, breach_max)
        if good and (fixed.objective - proof.bound <= self.target or not is_open(searched, at)):
            return Solved(fixed, directions, theta, proof)
        refusal = "" if good else diagnosis(account, fixed)
        if refusal:
            return refusal
        tree = search_carefully(account, target=self.target, nodes_max=self.settings.nodes_max, breach_max=breach_max)
        if tree.bound > proof.bound:
            proof = Proof(tree.bound, proof.nodes + tree.nodes, _leaves_of(tree))
        if tree.best is not None and not (good and fixed.objective <= tree.best.objective):
            return Solved(tree.best, tree.best_directions, tree.best_theta, proof)
        if good:
            return Solved(fixed, directions, theta, proof)
        if tree.bound > IMPOSSIBLE:
            return INFEASIBLE
        return f"no answer within the limits was found; Clarabel's last word was {fixed.status}"

    def _round(
        self, a: int, at: int, account: Account, book: Book, searched: Searched, solved: Solved
    ) -> AccountAnswer:
        """Round the continuous answer and judge the orders."""
        entries = slice(int(book.entry_at[at]), int(book.entry_at[at]) + len(account.quantity))
        joined = book.first_lot[entries] < book.last_lot[entries]
        answers = joined_answers(
            account, joined, solved.fixed, directions=solved.directions, theta=solved.theta,
            breach_max=self.settings.violation_max,
        )  # fmt: skip
        worth = []
        for fixed in answers:
            lots = lot_weights(self.tables, a, book.first_lot[entries], book.last_lot[entries], fixed.sale)
            worth.append(objective_of(self.tables, a, account.x0, lots, fixed.bought)[0])
        best = int(np.argmin(worth))
        fixed = answers[best]
        refusal = gap_refusal(max(worth[best] - solved.proof.bound, 0.0), self.settings)
        if refusal:
            return held(Status.HELD_SOLVER, refusal, searched=searched, at=at)
        sold, bought, result = self._orders(a, account, book, entries, solved._replace(fixed=fixed))
        idle_is_better = searched.idle_breach[at] <= FEASIBLE and not is_worth(
            result, searched=searched, at=at, trigger=float(self.tables.trigger[a])
        )
        if idle_is_better:
            return idle_answer(
                Status.CERTIFIED, NOTHING_LEFT, searched=searched, at=at, proof=solved.proof,
                cash=int(self.tables.cash[a]), pi=fixed.pi, theta=solved.theta,
            )  # fmt: skip
        if result.broken != INTACT:
            reason = f"rounding: {broken_name(self.names, result.broken)} is broken"
            return held(Status.HELD_SOLVER, reason, searched=searched, at=at)
        return traded_answer(
            searched=searched, at=at, proof=solved.proof, continuous=worth[best], sold=sold, bought=bought,
            result=result, pi=fixed.pi, theta=solved.theta,
        )  # fmt: skip

    def _orders(
        self, a: int, account: Account, book: Book, entries: slice, solved: Solved
    ) -> tuple[Integers, Integers, Result]:
        """Return rounded orders; while they break a limit, those of a problem with that limit drawn tighter."""
        fixed = solved.fixed
        r = account.r.copy()
        theta = solved.theta
        level = dict.fromkeys((TRACKING_ERROR, *range(len(r))), 0)
        while True:
            sold, bought = round_trades(
                self.tables, a, account, book.first_lot[entries], book.last_lot[entries], solved.directions,
                fixed.sale, fixed.bought,
            )  # fmt: skip
            result = result_of(self.tables, a, account.x0, sold, bought)
            row = result.broken
            if row in (INTACT, NAME_CAP) or level[row] == len(TIGHTER):
                return sold, bought, result
            if row == TRACKING_ERROR:
                theta = solved.theta + (account.gamma + solved.theta) * 10.0 * TIGHTER[level[row]]
            else:
                r[row] = account.r[row] - TIGHTER[level[row]]
            level[row] += 1
            fixed = solve_fixed(
                account._replace(r=r), solved.directions, solved.fixed.pi, theta, -np.inf,
                new_response(account), self.settings.violation_max,
            )  # fmt: skip
            if not holds(fixed, self.settings.violation_max):
                return sold, bought, result

    def _relax(self, a: int, account: Account, searched: Searched, at: int) -> AccountAnswer:
        """Widen the limits that the account has drifted out of, as far as coming back is worth; else name conflicts."""
        conflict = conflicts(account)
        if conflict is None:
            return self._conflict(a, account, searched, at)
        slack: Floats | None = np.zeros(len(account.r))
        if conflict.any():
            slack = approach(
                account, conflict=conflict, price=self.settings.approach_price, cash_min=float(self.tables.limits[a, 2])
            )
        if slack is None:
            return self._conflict(a, account, searched, at)
        step = float(self.tables.share_step[a]) * 1e-6 * float(self.tables.price.max()) / float(self.tables.nav[a])
        self.tables.relaxed[a] = np.where(slack > 0.0, slack + RELAXED_MARGIN + step, 0.0)
        rows = np.array([a])
        widened = self._in_units(slack, a)
        missing = cap_shortfall(account_of(prepare(self.tables, rows), 0))
        idle, cap = float(np.sqrt(searched.idle_te2[at])), float(self.tables.limits[a, 7])
        if missing > 0.0 and idle > cap:
            self.tables.limits[a, 7] = min(cap + missing + CAP_REST * (idle - cap - missing) + RELAXED_MARGIN, idle)
            widened += (("tracking_error_max", float(self.tables.limits[a, 7]) - cap),)
        if not widened:
            return self._conflict(a, account, searched, at)
        book = prepare(self.tables, rows)
        again = search_all(self.tables, rows, book, self.target, self.settings.nodes_max)
        answer = self.answer(a, 0, book, again, first=None, may_relax=False)
        if answer.reason == INFEASIBLE:
            return self._conflict(a, account, searched, at)
        if not answer.status.is_held:
            answer.status = Status.CERTIFIED_RELAXED
            answer.reason = "drifted out of its limits, approaching: " + ", ".join(
                f"{name} by {amount:.6g}" for name, amount in widened
            )
        return answer

    def _conflict(self, a: int, account: Account, searched: Searched, at: int) -> AccountAnswer:
        """Return the account held, with the limits in conflict and by how much each would have to give."""
        slack = conflicts(account)
        answer = held(Status.HELD_INFEASIBLE, INFEASIBLE, searched=searched, at=at)
        if slack is None:
            return answer
        answer.conflict = self._in_units(slack, a)
        missing = cap_shortfall(account)
        if not slack.any() and missing > 0.0:
            answer.conflict = (("tracking_error_max", missing),)
        if answer.conflict:
            answer.reason = "limits in conflict: " + ", ".join(name for name, _ in answer.conflict)
        return answer

    def _in_units(self, slack: Floats, a: int) -> tuple[tuple[str, float], ...]:
        """Return (limit, amount) of every slack: fractions of net asset value, the gain budget in dollars."""
        dollars = float(self.tables.nav[a]) / 1e6
        return tuple(
            (name, float(amount * dollars if name == "net_gain_budget" else amount))
            for name, amount in zip(self.names, slack, strict=True)
            if amount > 0.0
        )


def is_open(searched: Searched, at: int) -> bool:
    """Return whether the search missed candidates, so that branching with Clarabel may find a better one."""
    return bool(searched.missed[at] > 0 or not np.isfinite(searched.objective[at]))


def is_worth(result: Result, *, searched: Searched, at: int, trigger: float) -> bool:
    """Return whether rounded orders are worth more than doing nothing, and at least the account's trigger."""
    benefit = float(searched.idle[at]) - result.objective
    return benefit > 0.0 and benefit >= trigger


def diagnosis(account: Account, fixed: Fixed) -> str:
    """Return why an account without an answer cannot have one, or nothing where it may."""
    slack = conflicts(account)
    if slack is None:
        return f"Clarabel answered {fixed.status}, and no diagnosis"
    return INFEASIBLE if slack.any() or cap_shortfall(account) > 0.0 else ""


def cap_shortfall(account: Account) -> float:
    """Return by how much the tracking-error cap would have to give for the other limits to be kept; 0 for not."""
    if account.te2 >= ABSENT:
        return 0.0
    least = least_tracking_error(account)
    return 0.0 if least is None else max(least - float(np.sqrt(account.te2)), 0.0)


def _leaves_of(tree: Tree) -> Leaves:
    return Leaves(
        np.array([leaf.directions for leaf in tree.leaves]),
        np.array([leaf.proof_pi for leaf in tree.leaves]),
        np.array([leaf.proof_theta for leaf in tree.leaves]),
    )
