"""Which limits give, and by how little, where a policy declares the order in which they may.

The order names limits from the one that gives first to the one that gives last; all others stay as they are. The least
relaxation is lexicographic: least for the last limit of the order, under that least for the one before it, and so on to
the first. So the first gives alone where that suffices, and a later one only what the earlier ones cannot.

    minimise   the sum of the slacks of one limit's rows, limit after limit
    subject to A t - slack <= r,   0 <= t <= most,   |x|_Sigma <= cap + slack of the cap,   the sums found so far

Buying and selling are both allowed everywhere: where the directions ask for more, orders in whole steps are searched
(`solvers.whole`). Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import clarabel
import numpy as np
import scipy.sparse as sp

from solvers.arrays import ABSENT, Account, Floats, Integers
from solvers.conic import CAREFUL, Columns, solve
from solvers.irreducible import limit_matrix
from solvers.outcome import Outcome
from solvers.program import SCALE

STAGE_SLACK = 1e-8
"""What later stages may add to a sum that an earlier one found least."""
GIVEN_MIN = 1e-7
"""A slack below this fraction of net asset value is none."""


class Relaxation(NamedTuple):
    """The least that a declared order asks for."""

    slack: Floats
    """(rows of r,)"""
    cap: float
    """What the tracking-error cap gives."""


def row_ranks(rank: Integers, account: Account) -> Integers:
    """Return (rows of r,) the place of each row's limit in the declared order, 0 for those that stay.

    ``rank`` is by `solvers.problem.RELAXABLE`, the tracking-error cap last.
    """
    k = len(account.y0)
    sectors = (len(account.r) - 4) // 2 - k
    return np.repeat(rank[:6], [1, 1, 2 * sectors, 1, 1, 2 * k])


def least_relaxation(account: Account, *, rank: Integers, cash_min: float) -> Relaxation | None:
    """Return by how much each limit gives, or None where the limits that may give do not suffice.

    Cash falls short of ``cash_min`` at most, never of zero.
    """
    ranks = row_ranks(rank, account)
    stated = np.flatnonzero(account.r < 0.5 * ABSENT)
    matrix = limit_matrix(account)[stated]
    trades = matrix.shape[1]
    giving = np.flatnonzero(ranks[stated] > 0)
    place = ranks[stated][giving]
    capped = account.te2 < ABSENT
    place = np.append(place, rank[-1] if capped else 0)
    columns = trades + len(place)
    gives = sp.csr_matrix((-np.ones(len(giving)), (giving, np.arange(len(giving)))), (len(stated), len(place)))
    most = np.concatenate([account.quantity, account.room, np.full(len(giving), np.inf), [np.inf]])
    most[trades : columns - 1][stated[giving] == 0] = max(cash_min, 0.0)
    most[-1] = np.inf if place[-1] > 0 else 0.0
    bounded = np.flatnonzero(np.isfinite(most))
    unit = sp.identity(columns, format="csr")
    blocks = [sp.hstack([matrix, gives]), -unit, unit[bounded]]
    limits = [account.r[stated], np.zeros(columns), most[bounded]]
    cone, radius = _cone_of_cap(account, columns) if capped else (sp.csr_matrix((0, columns)), np.zeros(0))
    slack = None
    for level in range(int(place.max(initial=0)), 0, -1):
        chosen = (place == level).astype(float)
        cost = np.concatenate([np.zeros(trades), chosen])
        slack = _stage(cost, sp.vstack(blocks), np.concatenate(limits), cone, radius)
        if slack is None:
            return None
        slack = slack[trades:]
        blocks.append(sp.csr_matrix(cost))
        limits.append(np.array([float(chosen @ slack) + STAGE_SLACK]))
    if slack is None:
        return None
    slack = np.where(slack > GIVEN_MIN, slack, 0.0)
    rows = np.zeros(len(account.r))
    rows[stated[giving]] = slack[:-1]
    return Relaxation(rows, float(slack[-1]))


def _cone_of_cap(account: Account, columns: int) -> tuple[sp.csr_matrix, Floats]:
    """Return the rows and right-hand side of (cap + its slack, y, root of D times x) in the second-order cone."""
    n, entries = len(account.D), len(account.quantity)
    security = np.concatenate([np.repeat(np.arange(n), np.diff(account.first)), np.arange(n)])
    sign = np.concatenate([-np.ones(entries), np.ones(n)])
    trade = sp.csr_matrix((sign, (security, np.arange(len(sign)))), (n, columns))
    own = sp.csr_matrix(([-1.0], ([0], [columns - 1])), (1, columns))
    root = np.sqrt(account.D)
    rows = sp.vstack([own, -sp.csr_matrix(account.F.T) @ trade, -sp.diags(root) @ trade])
    return sp.csr_matrix(rows), np.concatenate([[np.sqrt(account.te2)], account.y0, root * account.x0])


def _stage(cost: Floats, rows: sp.spmatrix, limits: Floats, cone: sp.csr_matrix, radius: Floats) -> Floats | None:
    """Return the columns, none below zero, that minimise ``cost``, or None where there are none."""
    matrix = sp.csc_matrix(sp.vstack([rows, cone]))
    matrix.sort_indices()
    nothing = np.zeros(len(cost) + 1, np.int64)
    cones = [clarabel.NonnegativeConeT(len(limits))]
    if len(radius):
        cones.append(clarabel.SecondOrderConeT(len(radius)))
    answer = solve(
        P=Columns(data=np.zeros(0), rows=nothing[:0], start=nothing, height=len(cost)),
        q=cost,
        A=Columns(
            data=matrix.data, rows=matrix.indices.astype(np.int64), start=matrix.indptr.astype(np.int64),
            height=matrix.shape[0],
        ),
        b=np.concatenate([limits, radius]) * SCALE,
        cones=cones,
        chosen=CAREFUL,
    )  # fmt: skip
    return np.maximum(answer.x / SCALE, 0.0) if answer.outcome is Outcome.SOLVED else None
