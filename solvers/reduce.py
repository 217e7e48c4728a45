"""One account through Clarabel: the free trades first, more where the certificate asks for them, then the whole.

The directions and prices that come in are a guess. What goes out is Clarabel's answer, its objective and breach
recomputed over the full account, and the best dual under the same directions: an answer is used only when the two
agree to `FIXED_GAP_MAX`.
"""

from __future__ import annotations

from typing import NamedTuple

import clarabel
import numpy as np

from solvers.arrays import Account, Bytes, Floats, Response
from solvers.block import LOOSE, MARGIN, Closed
from solvers.conic import CAREFUL, QUICK, Answer, Columns, cones_of, solve
from solvers.dual import dual, judge, trades_of
from solvers.outcome import Outcome
from solvers.program import EVERYTHING, Free, Nearness, all_free, build, inner_free, mark_moved, read

FIXED_GAP_MAX = 1e-7
ROUNDS_MAX = 6
MOVED = 1e-9


class Fixed(NamedTuple):
    """An answer to the account with its directions fixed."""

    outcome: Outcome
    status: str
    sale: Floats
    bought: Floats
    pi: Floats
    objective: float
    breach: float
    te2: float
    bound: float
    """Best dual under the directions."""
    rounds: int


def first_answer(closed: Closed, at: int, entries: slice, status: str) -> Fixed:
    """Return the answer that the block gave to its account ``at``."""
    return Fixed(
        Outcome.SOLVED if np.isfinite(closed.objective[at]) else Outcome.REFUSED,
        status,
        closed.sale[entries],
        closed.bought[at],
        closed.pi[at],
        float(closed.objective[at]),
        float(closed.breach[at]),
        float(closed.te2[at]),
        float(closed.bound[at]),
        1,
    )


def run(
    account: Account, theta: float, free: Free, chosen: clarabel.DefaultSettings, guess: Floats, nearness: Nearness
) -> tuple[Answer, Floats, Floats, Floats]:
    """Solve the program over the free trades; return Clarabel's answer, sales (e,), purchases (n,), prices (K,)."""
    program = build(account, theta, free, guess, nearness)
    height = len(program.b)
    answer = solve(
        P=Columns(data=program.P_data, rows=program.P_rows, start=program.P_start, height=len(program.q)),
        q=program.q,
        A=Columns(data=program.A_data, rows=program.A_rows, start=program.A_start, height=height),
        b=program.b,
        cones=cones_of(program.factors + program.equal, height),
        chosen=chosen,
    )
    sale = np.empty(len(account.quantity))
    bought = np.empty(len(account.D))
    pi = np.empty(3 + (len(account.r) - 4) // 2)
    read(account, program, free, answer.x, answer.z, sale, bought, pi)
    return answer, sale, bought, pi


def solve_fixed(
    account: Account, directions: Bytes, pi: Floats, theta: float, bound: float, out: Response, breach_max: float
) -> Fixed:
    """Solve with ``directions`` fixed, from the guess ``pi`` and the dual ``bound`` that it proves."""
    free = inner_free(account, directions, pi, theta, MARGIN, out)
    fixed = None
    for rounds in range(1, ROUNDS_MAX + 1):
        nearness = LOOSE if rounds == 1 else EVERYTHING
        fixed = _attempt(account, directions, theta, bound, free, out, QUICK, rounds, guess=pi, nearness=nearness)
        bound = max(bound, fixed.bound)
        if holds(fixed, breach_max):
            return fixed
        if fixed.outcome is not Outcome.SOLVED:
            break
        dual(account, fixed.pi, theta, directions, 0.0, out)
        sale, bought = np.empty_like(fixed.sale), np.empty_like(fixed.bought)
        trades_of(account, directions, out, sale, bought)
        if mark_moved(account, sale, bought, MOVED, free) == 0 and rounds > 1:
            break
        free.fixed_sale[free.sale > 0] = 0.0
        free.fixed_bought[free.bought > 0] = 0.0
    return solve_whole(account, directions, theta, bound, out)


def solve_whole(account: Account, directions: Bytes, theta: float, bound: float, out: Response) -> Fixed:
    """Solve with ``directions`` fixed and every trade they allow a variable, with iterative refinement."""
    size = 3 + (len(account.r) - 4) // 2
    return _attempt(
        account, directions, theta, bound, all_free(account, directions), out, CAREFUL, ROUNDS_MAX + 1,
        guess=np.zeros(size), nearness=EVERYTHING,
    )  # fmt: skip


def _attempt(
    account: Account, directions: Bytes, theta: float, bound: float, free: Free, out: Response,
    chosen: clarabel.DefaultSettings, rounds: int, *, guess: Floats, nearness: Nearness,
) -> Fixed:  # fmt: skip
    answer, sale, bought, pi = run(account, theta, free, chosen, guess, nearness)
    if answer.outcome is not Outcome.SOLVED:
        nothing = np.nan
        return Fixed(answer.outcome, answer.status, sale, bought, pi, nothing, nothing, nothing, bound, rounds)
    objective, breach, te2 = judge(account, sale, bought)
    _, proven = dual(account, pi, theta, directions, 0.0, out)
    return Fixed(answer.outcome, answer.status, sale, bought, pi, objective, breach, te2, max(bound, proven), rounds)


def holds(fixed: Fixed, breach_max: float) -> bool:
    """Return whether an answer is certified; a nan never is."""
    return (
        fixed.outcome is Outcome.SOLVED
        and fixed.breach <= breach_max
        and fixed.objective - fixed.bound <= FIXED_GAP_MAX
    )
