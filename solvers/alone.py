"""One account on its own: what the block's first answer does not settle.

More rounds and the whole problem in Clarabel, branching with Clarabel, joined sublots, limits drawn tighter until the
rounded orders keep them, and accounts whose limits cannot be kept tonight.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from solvers.answer import (
    BASIS_POINT,
    NOTHING_LEFT,
    AccountAnswer,
    Leaves,
    Proof,
    gap_refusal,
    held,
    idle_answer,
    limit_names,
    proof_of,
    traded_answer,
)
from solvers.arrays import ABSENT, BUY, SELL, Account, Book, Bytes, Floats, Integers
from solvers.careful import Tree, dearest_objective, search_carefully
from solvers.declared import least_relaxation
from solvers.dual import account_of, new_response
from solvers.elastic import approach, conflicts, least_tracking_error
from solvers.orders import INTACT, NAME_CAP, TRACKING_ERROR, Result, objective_of, result_of
from solvers.pools import joined_answers
from solvers.prepare import Tables, prepare
from solvers.problem import SolveSettings, Status
from solvers.reduce import Fixed, holds, solve_fixed
from solvers.rounding import lot_weights, round_trades
from solvers.searching import FEASIBLE, Searched, search_all
from solvers.whole import Orders, least_slack, whole_orders

INFEASIBLE = "no trades keep all limits"
NO_WHOLE_STEPS = "no orders in whole steps keep the limits"
TIGHTER = (1e-7, 1e-6, 1e-5, 1e-4)
"""Tried in turn on a limit that the rounded orders break, fractions of net asset value."""
DEARER = (1e-4, 1e-3, 1e-2, 1e-1)
"""Tried in turn where it is the tracking-error cap: by what share risk aversion grows."""
CAP_REST = 0.1
"""Share of the way from the present to the least possible tracking error that a drifted account need not go."""
CAP_SHARES = (0.0, 0.1, 0.3, 1.0)
"""Shares of the way back to the present tracking error that the cap gives where no orders in whole steps keep it."""
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
        self.names = limit_names(sectors, tables.F.shape[1])
        self.target = settings.gap_bp_target * BASIS_POINT
        self.caps = tuple(tables.limits[:, 7].tolist())
        """Tracking-error caps of the policies; those in force are in the tables."""

    def answer(
        self, a: int, at: int, book: Book, searched: Searched, *, first: Fixed | None, relaxed: int = 0
    ) -> AccountAnswer:
        """Answer account ``a``, row ``at`` of the book; ``first`` is a certified direction-fixed answer, if any.

        ``relaxed`` says how often its limits were widened already: for trades at all, and for orders in whole steps.
        """
        account = account_of(book, at)
        is_impossible = searched.bound[at] > searched.idle[at] and searched.bound[at] > dearest_objective(account)
        solved = INFEASIBLE if is_impossible else self._solve(account, at, searched, first)
        if isinstance(solved, Solved):
            return self._round(a, at, account, book, searched, solved, relaxed)
        if solved == INFEASIBLE and relaxed == 0:
            return self._relax(a, account, book, searched, at)
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
        if tree.bound > tree.dearest:
            return INFEASIBLE
        return f"no answer within the limits was found; Clarabel's last word was {fixed.status}"

    def _round(
        self, a: int, at: int, account: Account, book: Book, searched: Searched, solved: Solved, relaxed: int
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
        # The bound of joined sublots is only an envelope's: `solvers.proven` has the last word on their gap.
        if refusal and not joined.any():
            return held(Status.HELD_SOLVER, refusal, searched=searched, at=at)
        solved = solved._replace(fixed=fixed)
        sold, bought, result = self._orders(a, account, book, entries, solved)
        may_idle = searched.idle_breach[at] <= FEASIBLE
        if result.broken != INTACT and not may_idle:
            return self._widen(a, at, account, book, searched, (fixed.sale, fixed.bought), relaxed)
        if result.broken != INTACT or (
            may_idle and not is_worth(result, searched=searched, at=at, trigger=float(self.tables.trigger[a]))
        ):
            reason = NOTHING_LEFT if result.broken == INTACT else NO_WHOLE_STEPS
            answer = idle_answer(
                Status.CERTIFIED, reason, searched=searched, at=at, proof=solved.proof, cash=int(self.tables.cash[a])
            )
        else:
            answer = traded_answer(
                searched=searched, at=at, proof=solved.proof, continuous=worth[best], sold=sold, bought=bought,
                result=result,
            )  # fmt: skip
        return dataclasses.replace(answer, prices=(fixed.pi, solved.theta)) if joined.any() else answer

    def _orders(self, a: int, account: Account, book: Book, entries: slice, solved: Solved) -> Orders:
        """Return rounded orders; where they break a limit, others near the trades that do not, if there are any."""
        lots = book.first_lot[entries], book.last_lot[entries]
        found = self._tighter(a, account, lots, solved)
        if found.result.broken == INTACT:
            return found
        whole = whole_orders(self.tables, a, account, lots, (solved.fixed.sale, solved.fixed.bought))
        if whole is None:
            return found
        directions = directions_of(account, whole)
        sale, bought = weights_of(self.tables, a, account, lots, whole)
        sold, buys = round_trades(self.tables, a, account, *lots, directions, sale, bought)
        result = result_of(self.tables, a, account.x0, sold, buys)
        is_better = result.broken == INTACT and result.objective < whole.result.objective
        return Orders(sold, buys, result) if is_better else whole

    def _tighter(self, a: int, account: Account, lots: tuple[Integers, Integers], solved: Solved) -> Orders:
        """Return rounded orders; while they break a limit, those of a problem with that limit drawn tighter."""
        fixed = solved.fixed
        r = account.r.copy()
        theta = solved.theta
        level = dict.fromkeys((TRACKING_ERROR, *range(len(r))), 0)
        while True:
            sold, bought = round_trades(self.tables, a, account, *lots, solved.directions, fixed.sale, fixed.bought)
            result = result_of(self.tables, a, account.x0, sold, bought)
            row = result.broken
            if row in (INTACT, NAME_CAP) or level[row] == len(TIGHTER):
                return Orders(sold, bought, result)
            if row == TRACKING_ERROR:
                theta = solved.theta + (account.gamma + solved.theta) * DEARER[level[row]]
            else:
                r[row] = account.r[row] - TIGHTER[level[row]]
            level[row] += 1
            # With its price in the risk aversion the cap is no limit any more: exact orders are judged against it.
            tightened = account._replace(r=r, gamma=account.gamma + theta, te2=ABSENT)
            fixed = solve_fixed(
                tightened, solved.directions, solved.fixed.pi, 0.0, -np.inf, new_response(account),
                self.settings.violation_max,
            )  # fmt: skip
            if not holds(fixed, self.settings.violation_max):
                return Orders(sold, bought, result)

    def _widen(
        self, a: int, at: int, account: Account, book: Book, searched: Searched, trades: tuple[Floats, Floats],
        relaxed: int,
    ) -> AccountAnswer:  # fmt: skip
        """Answer an account that may not idle and has no orders in whole steps within its limits.

        The limits that idling breaks are widened, never beyond today's breach, until some orders keep them.
        """
        entries = slice(int(book.entry_at[at]), int(book.entry_at[at]) + len(account.quantity))
        lots = book.first_lot[entries], book.last_lot[entries]
        refused = held(Status.HELD_SOLVER, NO_WHOLE_STEPS, searched=searched, at=at)
        if relaxed > 1:
            return refused
        before, cap = self.tables.relaxed[a].copy(), float(self.tables.limits[a, 7])
        idle = float(np.sqrt(searched.idle_te2[at]))
        rank = self.tables.relaxation_rank[a]
        may_err = idle > cap and not (rank.any() and rank[-1] == 0)
        for share in CAP_SHARES if may_err else CAP_SHARES[:1]:
            wider = cap + share * (idle - cap) if share > 0.0 else cap
            slack = least_slack(self.tables, a, account._replace(te2=min(wider * wider, ABSENT)), lots, trades)
            if slack is None or not (slack.any() or share > 0.0):
                continue
            self.tables.relaxed[a] = before + np.where(slack > 0.0, slack + 4.0 / float(self.tables.nav[a]), 0.0)
            self.tables.limits[a, 7] = wider
            answer = self._again(a, relaxed=2)
            if not answer.status.is_held:
                why = "no orders in whole steps keep its limits, widened"
                return as_relaxed(answer, self._widened(a, why, before=(before, cap)))
        self.tables.relaxed[a], self.tables.limits[a, 7] = before, cap
        return refused

    def _again(self, a: int, *, relaxed: int) -> AccountAnswer:
        """Answer the account under its widened limits."""
        rows = np.array([a])
        book = prepare(self.tables, rows)
        searched = search_all(self.tables, rows, book, self.target, self.settings.nodes_max)
        return self.answer(a, 0, book, searched, first=None, relaxed=relaxed)

    def _widened(self, a: int, why: str, *, before: tuple[Floats, float]) -> str:
        """Return why limits were widened, and name those that are wider now than ``before``: (rows of r, the cap).

        Nothing where none is: what an elastic program asks for may be no more than its tolerance.

        Limits may be widened twice, for trades at all and then for orders in whole steps; amounts are what is in force.
        """
        relaxed, cap = self.tables.relaxed[a], float(self.tables.limits[a, 7])
        named = [*self._in_units(np.where(relaxed != before[0], relaxed, 0.0), a)]
        again = {name for name, _ in self._in_units(np.where(relaxed != before[0], before[0], 0.0), a)}
        if cap != before[1]:
            named.append(("tracking_error_max", cap - self.caps[a]))
            again |= {"tracking_error_max"} if before[1] != self.caps[a] else set()
        told = (f"{name} by {amount:.6g}" + " in all" * (name in again) for name, amount in named)
        return f"{why}: " + ", ".join(told) if named else ""

    def _relax_as_declared(self, a: int, account: Account, book: Book, searched: Searched, at: int) -> AccountAnswer:
        """Widen the limits that the policy names by the least that its order asks for; else name conflicts."""
        cash_min, cap = float(self.tables.limits[a, 2]), float(self.tables.limits[a, 7])
        found = least_relaxation(account, rank=self.tables.relaxation_rank[a], cash_min=cash_min)
        if found is None:
            return self._conflict(a, account, searched, at)
        if found.slack.any() or found.cap > 0.0:
            relaxed = np.where(found.slack > 0.0, found.slack + RELAXED_MARGIN, 0.0)
            relaxed[0] = min(relaxed[0], max(cash_min, 0.0))
            self.tables.relaxed[a] = relaxed
            if found.cap > 0.0:
                self.tables.limits[a, 7] = cap + found.cap + RELAXED_MARGIN
            told = self._widened(a, "relaxed in the declared order", before=(np.zeros(len(relaxed)), cap))
            answer = self._again(a, relaxed=1)
            if not answer.status.is_held:
                return as_relaxed(answer, told)
            if answer.reason != INFEASIBLE:
                return answer
            self.tables.relaxed[a], self.tables.limits[a, 7] = 0.0, cap
        # The directions ask for more than the relaxation that allows both.
        nothing = np.zeros(len(account.quantity)), np.zeros(len(account.D))
        answer = self._widen(a, at, account, book, searched, nothing, 1)
        return self._conflict(a, account, searched, at) if answer.status.is_held else answer

    def _relax(self, a: int, account: Account, book: Book, searched: Searched, at: int) -> AccountAnswer:
        """Widen the limits that the account has drifted out of, as far as coming back is worth; else name conflicts."""
        if self.tables.relaxation_rank[a].any():
            return self._relax_as_declared(a, account, book, searched, at)
        conflict = np.zeros(len(account.r)) if self._is_cap_alone(a, account) else conflicts(account)
        if conflict is None:
            return self._conflict(a, account, searched, at)
        slack: Floats | None = np.zeros(len(account.r))
        if conflict.any():
            slack = approach(
                account, conflict=conflict, price=self.settings.approach_price, cash_min=float(self.tables.limits[a, 2])
            )
        if slack is None:
            return self._conflict(a, account, searched, at)
        self.tables.relaxed[a] = np.where(slack > 0.0, slack + RELAXED_MARGIN, 0.0)
        self.tables.relaxed[a, 0] = min(self.tables.relaxed[a, 0], max(float(self.tables.limits[a, 2]), 0.0))
        missing = cap_shortfall(account_of(prepare(self.tables, np.array([a])), 0))
        idle, cap = float(np.sqrt(searched.idle_te2[at])), float(self.tables.limits[a, 7])
        is_wider = missing > 0.0 and idle > cap
        if is_wider:
            self.tables.limits[a, 7] = min(cap + missing + CAP_REST * (idle - cap - missing) + RELAXED_MARGIN, idle)
        if not (is_wider or slack.any()):
            # Nothing conflicts while buying and selling are both allowed: the directions make it impossible.
            nothing = np.zeros(len(account.quantity)), np.zeros(len(account.D))
            answer = self._widen(a, at, account, book, searched, nothing, 1)
            return self._conflict(a, account, searched, at) if answer.status.is_held else answer
        told = self._widened(
            a, "drifted out of its limits, approaching", before=(np.zeros(len(account.r)), self.caps[a])
        )
        answer = self._again(a, relaxed=1)
        if answer.reason == INFEASIBLE:
            return self._conflict(a, account, searched, at)
        return answer if answer.status.is_held else as_relaxed(answer, told)

    def _is_cap_alone(self, a: int, account: Account) -> bool:
        """Return whether some trades keep all limits but the tracking-error cap."""
        if account.te2 >= ABSENT:
            return False
        rows = np.array([a])
        limits = self.tables.limits.copy()
        limits[a, 7] = np.inf
        uncapped = self.tables._replace(limits=limits)
        searched = search_all(uncapped, rows, prepare(uncapped, rows), self.target, 0)
        return bool(np.isfinite(searched.objective[0]))

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


def as_relaxed(answer: AccountAnswer, told: str) -> AccountAnswer:
    """Return an answer under widened limits as such; where limits were widened again on its way, that is told next."""
    if not told:
        return answer
    again = f"; {answer.reason}" if answer.status is Status.CERTIFIED_RELAXED else ""
    return dataclasses.replace(answer, status=Status.CERTIFIED_RELAXED, reason=told + again)


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


def directions_of(account: Account, orders: Orders) -> Bytes:
    """Return the direction of every disjunction under which the orders may be: buy where anything is bought."""
    bought = np.flatnonzero(orders.bought)
    directions = np.full(len(account.member_at) - 1, SELL, np.int8)
    chosen = account.disjunction[bought]
    directions[chosen[chosen >= 0]] = BUY
    return directions


def weights_of(
    tables: Tables, a: int, account: Account, lots: tuple[Integers, Integers], orders: Orders
) -> tuple[Floats, Floats]:
    """Return orders as sales per entry and purchases per security, fractions of net asset value."""
    unit = tables.price.astype(float) * 1e-6 / float(tables.nav[a])
    begin = int(tables.lot_start[a])
    sale = np.zeros(len(account.quantity))
    for entry in range(len(sale)):
        part = orders.sold[int(lots[0][entry]) - begin : int(lots[1][entry]) - begin + 1]
        sale[entry] = float(part.sum()) * unit[tables.lot_security[lots[0][entry]]]
    return np.minimum(sale, account.quantity), orders.bought * unit


def _leaves_of(tree: Tree) -> Leaves:
    return Leaves(
        np.array([leaf.directions for leaf in tree.leaves]),
        np.array([leaf.proof_pi for leaf in tree.leaves]),
        np.array([leaf.proof_theta for leaf in tree.leaves]),
        np.array([leaf.bound for leaf in tree.leaves]),
    )
