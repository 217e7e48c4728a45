"""Accounts that cannot keep their limits tonight: which limits conflict, by how much, and how to come nearer.

Two elastic programs over the account's trades, buying and selling both allowed everywhere (a relaxation: what is
impossible here is impossible):

    conflicts   minimise the sum of the slacks of all limits: where it is positive, no trades keep the limits
    approach    the account's own objective plus a price per unit of slack, on the limits that idling breaks already,
                each by no more than it is broken now: a drifted account comes nearer as far as that is worth the price

Symbols: `solvers.arrays`.
"""

from __future__ import annotations

import numpy as np

from solvers.arrays import Account, Bytes, Floats
from solvers.conic import CAREFUL, Answer, Columns, cones_of, solve
from solvers.dual import judge
from solvers.outcome import Outcome
from solvers.program import EVERYTHING, SCALE, Program, all_free, build, read

BREACH_MIN = 1e-7
"""A slack below this fraction of net asset value is no conflict."""


def conflicts(account: Account) -> Floats | None:
    """Return the least slack of each row of r that makes the account feasible, or None where Clarabel refuses."""
    program = build(account, 0.0, all_free(account, _undecided(account)), _no_prices(account), EVERYTHING)
    rows = len(account.r)
    slack = _elastic(account, program, price=np.ones(rows), cap=np.full(rows, np.inf), linear=0.0, curvature=0.0)
    return None if slack is None else np.where(slack > BREACH_MIN, slack, 0.0)


def approach(account: Account, *, conflict: Floats, price: float, cash_min: float) -> Floats | None:
    """Return by how much to widen each row that idling breaks, or None where that does not make it feasible.

    Only rows with a slack in ``conflict`` are widened where that is enough. ``price`` is the objective given up per
    unit of a limit; cash may fall short of ``cash_min``, never of zero.
    """
    broken = np.maximum(-account.r, 0.0)
    broken[0] = min(broken[0], max(cash_min, 0.0))
    program = build(account, 0.0, all_free(account, _undecided(account)), _no_prices(account), EVERYTHING)
    for cap in (np.where(conflict > 0.0, broken, 0.0), broken):
        slack = _elastic(account, program, price=np.full(len(cap), price), cap=cap, linear=1.0, curvature=1.0)
        if slack is not None:
            return np.where(slack > BREACH_MIN, slack, 0.0)
    return None


def _elastic(
    account: Account, program: Program, *, price: Floats, cap: Floats, linear: float, curvature: float
) -> Floats | None:
    """Solve the program with a slack, at a price and up to a cap, on each of its general rows; return the slacks."""
    k = program.factors
    columns = len(program.q)
    height = len(program.b)
    rows = [(u, int(at)) for u, at in enumerate(program.row_at) if at >= 0 and cap[u] > 0.0]
    capped = [number for number, (u, _) in enumerate(rows) if np.isfinite(cap[u])]
    data, indices, start = list(program.A_data), list(program.A_rows), list(program.A_start)
    for number, (_, at) in enumerate(rows):
        data += [-1.0, -1.0]
        indices += [k + at, height + number]
        if number in capped:
            data.append(1.0)
            indices.append(height + len(rows) + capped.index(number))
        start.append(len(data))
    total = height + len(rows) + len(capped)
    answer: Answer = solve(
        P=Columns(
            data=program.P_data * curvature,
            rows=program.P_rows,
            start=np.concatenate([program.P_start, np.full(len(rows), program.P_start[-1])]),
            height=columns + len(rows),
        ),
        q=np.concatenate([program.q * linear, [price[u] for u, _ in rows]]),
        A=Columns(data=np.array(data), rows=np.array(indices), start=np.array(start), height=total),
        b=np.concatenate([program.b, np.zeros(len(rows)), [cap[rows[number][0]] * SCALE for number in capped]]),
        cones=cones_of(k, total),
        chosen=CAREFUL,
    )
    if answer.outcome is not Outcome.SOLVED:
        return None
    slack = np.zeros(len(account.r))
    for number, (u, _) in enumerate(rows):
        slack[u] = max(answer.x[columns + number] / SCALE, 0.0)
    return slack


def least_tracking_error(account: Account) -> float | None:
    """Return the least tracking error that the other limits allow, buying and selling both allowed everywhere."""
    free = all_free(account, _undecided(account))
    costless = account._replace(gamma=1.0, kappa=0.0, cost=np.zeros(len(account.cost)))
    plain = build(costless, 0.0, free, _no_prices(account), EVERYTHING)
    answer = solve(
        P=Columns(data=plain.P_data, rows=plain.P_rows, start=plain.P_start, height=len(plain.q)),
        q=plain.q,
        A=Columns(data=plain.A_data, rows=plain.A_rows, start=plain.A_start, height=len(plain.b)),
        b=plain.b,
        cones=cones_of(plain.factors, len(plain.b)),
        chosen=CAREFUL,
    )
    if answer.outcome is not Outcome.SOLVED:
        return None
    sale, bought = np.empty(len(account.quantity)), np.empty(len(account.D))
    read(account, plain, free, answer.x, answer.z, sale, bought, _no_prices(account))
    return float(np.sqrt(judge(account, sale, bought)[2]))


def _undecided(account: Account) -> Bytes:
    return np.zeros(len(account.member_at) - 1, np.int8)


def _no_prices(account: Account) -> Floats:
    return np.zeros(3 + (len(account.r) - 4) // 2)
