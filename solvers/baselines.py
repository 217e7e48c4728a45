"""What the solve is measured against: the account in a modelling layer, and one full quadratic program.

Both are convex: they are told the directions, or decide nothing and may buy and sell one name at once. They round
nothing:
    naive      the account written in CVXPY and handed to Clarabel
    full QP    Clarabel alone with its default settings on the whole account, its matrices made outside the clock
"""

from __future__ import annotations

from typing import Any, NamedTuple

import clarabel
import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from solvers.arrays import ABSENT, Account
from solvers.problem import Floats
from solvers.program import Free


class Trades(NamedTuple):
    """What a baseline trades, as fractions of net asset value, and what it says of itself."""

    bought: Floats
    """(n,)"""
    sold: Floats
    """(e,) per sale entry."""
    status: str
    optimum: float
    """What it says that the program's optimum is: a lower bound where the directions are undecided."""


def solve_naive(account: Account, free: Free) -> Trades:
    """Return the answer of the account as written in CVXPY, directions fixed by what is free."""
    n = len(account.D)
    bought, sold = cp.Variable(n, nonneg=True), cp.Variable(len(account.quantity), nonneg=True)
    security = np.repeat(np.arange(n), np.diff(account.first))
    entries = np.arange(len(security))
    sales = sp.csr_matrix((np.ones(len(security)), (security, entries)), (n, len(security)))
    k = len(account.y0)
    sectors = (len(account.r) - 4) // 2 - k
    bands = 4 + 2 * sectors
    members = sp.csr_matrix((np.ones(n), (account.sector, np.arange(n))), (sectors, n))
    trade = bought - sales @ sold
    active = account.x0 + trade
    risk = cp.sum_squares(account.F.T @ active) + cp.sum_squares(cp.multiply(np.sqrt(account.D), active))
    value = 0.5 * account.gamma * risk + account.cost @ sold + account.kappa * cp.sum(bought)
    r = account.r
    limits = [
        cp.sum(trade) <= r[0],
        cp.sum(trade) >= -r[1],
        members @ trade <= r[2 : 2 + sectors],
        members @ trade >= -r[2 + sectors : 2 + 2 * sectors],
        cp.sum(bought) + cp.sum(sold) <= r[bands - 2],
        bought <= np.where(free.bought > 0, account.room, 0.0),
        sold <= np.where(free.sale > 0, account.quantity, 0.0),
    ]
    if r[bands - 1] < ABSENT:
        limits.append(account.gain @ sold <= r[bands - 1])
    program = cp.Problem(cp.Minimize(value), limits)
    program.solve(solver=cp.CLARABEL)
    return Trades(bought.value, sold.value, program.status, float(program.value))


def full_program(account: Account, free: Free) -> tuple[Any, ...]:
    """Return Clarabel's arguments for the whole account: net trades t, sales s, factors y; purchases are t + sales."""
    n = len(account.D)
    entries = np.flatnonzero(free.sale)
    security = np.repeat(np.arange(n), np.diff(account.first))[entries]
    may_buy = free.bought > 0
    traded = np.flatnonzero(may_buy | np.isin(np.arange(n), security))
    t, s = len(traded), len(entries)
    place = np.full(n, -1)
    place[traded] = np.arange(t)
    k = len(account.y0)
    sectors = (len(account.r) - 4) // 2 - k
    bands = 4 + 2 * sectors
    sales = sp.csc_matrix((np.ones(s), (place[security], np.arange(s))), (t, s))
    members = sp.csc_matrix((np.ones(t), (account.sector[traded], np.arange(t))), (sectors, t))
    one, eye = np.ones((1, t)), sp.identity(t, format="csr")
    nothing = sp.csc_matrix((1, k))
    buys = may_buy[traded]
    rows: list[tuple[Any, Floats]] = [
        (sp.hstack([sp.csc_matrix(account.F[traded].T), sp.csc_matrix((k, s)), -sp.identity(k)]), -account.y0),
        (sp.hstack([eye[~buys], sales[~buys], sp.csc_matrix(((~buys).sum(), k))]), np.zeros((~buys).sum())),
        (sp.hstack([one, np.zeros((1, s)), nothing]), account.r[:1]),
        (sp.hstack([-one, np.zeros((1, s)), nothing]), account.r[1:2]),
        (sp.hstack([members, sp.csc_matrix((sectors, s + k))]), account.r[2 : 2 + sectors]),
        (sp.hstack([-members, sp.csc_matrix((sectors, s + k))]), account.r[2 + sectors : 2 + 2 * sectors]),
        (sp.hstack([one, 2.0 * np.ones((1, s)), nothing]), account.r[bands - 2 : bands - 1]),
        (sp.hstack([np.zeros((1, t)), account.gain[entries][None], nothing]), account.r[bands - 1 : bands]),
        (sp.hstack([-eye[buys], -sales[buys], sp.csc_matrix((buys.sum(), k))]), np.zeros(buys.sum())),
        (sp.hstack([eye[buys], sales[buys], sp.csc_matrix((buys.sum(), k))]), account.room[traded][buys]),
        (sp.hstack([sp.csc_matrix((s, t)), -sp.identity(s), sp.csc_matrix((s, k))]), np.zeros(s)),
        (sp.hstack([sp.csc_matrix((s, t)), sp.identity(s), sp.csc_matrix((s, k))]), account.quantity[entries]),
    ]
    matrix = sp.vstack([row for row, _ in rows], format="csc")
    matrix.sort_indices()
    b = np.concatenate([limit for _, limit in rows])
    weight = account.gamma * account.D[traded]
    curvature = sp.diags(np.concatenate([weight, np.zeros(s), np.full(k, account.gamma)]), format="csc")
    linear = [weight * account.x0[traded] + account.kappa, account.cost[entries] + account.kappa, np.zeros(k)]
    equal = k + int((~buys).sum())
    chosen = clarabel.DefaultSettings()
    chosen.verbose = False
    return (
        curvature,
        np.concatenate(linear),
        matrix,
        b,
        [clarabel.ZeroConeT(equal), clarabel.NonnegativeConeT(len(b) - equal)],
        chosen,
    )


def solve_full(program: tuple[Any, ...]) -> Any:  # noqa: ANN401 - Clarabel's own
    """Solve one whole account with Clarabel's defaults; return its solution."""
    return clarabel.DefaultSolver(*program).solve()


def trades_of(account: Account, free: Free, solution: Any) -> Trades:  # noqa: ANN401 - Clarabel's own
    """Return what the solution of `full_program` trades."""
    n = len(account.D)
    entries = np.flatnonzero(free.sale)
    security = np.repeat(np.arange(n), np.diff(account.first))[entries]
    traded = np.flatnonzero((free.bought > 0) | np.isin(np.arange(n), security))
    found = np.array(solution.x)
    sold = np.zeros(len(account.quantity))
    sold[entries] = found[len(traded) : len(traded) + len(entries)]
    bought = np.zeros(n)
    np.add.at(bought, security, sold[entries])
    bought[traded] += found[: len(traded)]
    idle = 0.5 * account.gamma * float(account.D @ (account.x0 * account.x0))
    return Trades(bought, sold, str(solution.status), float(solution.obj_val) + idle)
