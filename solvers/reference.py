"""The account's problem as one would write it on paper, in CVXPY: the reference that tests hold the solve against.

    minimise    g/2 (|F'x|^2 + sum D x^2) + sum (tax + k) s + k sum b
    subject to  x = holding - benchmark - (sales of the security) + b
                cash min <= cash - sum b + sum s + flow <= cash max
                |sum of x over a sector| <= band for every sector,    |F'x| <= band for every factor
                sum b + sum s <= turnover,    sum gain s <= net gain budget,    |x|_Sigma <= tracking-error cap
                0 <= s <= what may be sold,   0 <= b <= room below the cap
    and for every disjunction: no purchases in the group, or no sales of its losses.

Slow on purpose: one account at a time, and every combination of directions by enumeration.
"""

from __future__ import annotations

import itertools

import cvxpy as cp
import numpy as np

from solvers.evaluate import AccountView

TOLERANCES = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
INFEASIBLE_MIN = 1e-9
"""Limits that must give at least this much, as a fraction of net asset value, are impossible."""


def solve_directions(view: AccountView, directions: tuple[int, ...]) -> float:
    """Return the optimum with each disjunction decided (-1 sell, 1 buy), or allowing both (0); inf if infeasible."""
    market, problems, a = view.market, view.problems, view.a
    pieces = view.pieces()
    n, sectors = len(view.x0), len(market.sectors)
    may_buy, may_sell = np.ones(n, bool), np.ones(len(pieces.quantity), bool)
    for members, direction in zip(view.disjunctions(pieces), directions, strict=True):
        if direction < 0:
            may_buy[members] = False
        if direction > 0:
            may_sell &= ~(np.isin(pieces.security, members) & pieces.is_loss)
    sold = cp.Variable(max(len(pieces.quantity), 1), nonneg=True)
    bought = cp.Variable(n, nonneg=True)
    of_security = np.zeros((n, max(len(pieces.quantity), 1)))
    of_security[pieces.security, np.arange(len(pieces.quantity))] = 1.0
    padded = (lambda column: column) if len(pieces.quantity) else (lambda column: np.zeros(1))
    active = view.x0 + bought - of_security @ sold
    factor = market.exposures.T @ active
    specific = cp.multiply(np.sqrt(market.specific_variance), active)
    risk = cp.sum_squares(factor) + cp.sum_squares(specific)
    cost = float(problems.cost_rate[a])
    objective = 0.5 * float(problems.risk_aversion[a]) * risk + cost * cp.sum(bought)
    objective += padded(pieces.tax + cost) @ sold
    high, low, sector_high, sector_low, turnover, net_gain = view.limits()
    traded = cp.sum(bought) - cp.sum(sold)
    of_sector = np.zeros((sectors, n))
    of_sector[market.sector, np.arange(n)] = 1.0
    sector_trade = of_sector @ (active - view.x0)
    slack = cp.Variable(nonneg=True)
    bounds = [
        sold <= padded(np.where(may_sell, pieces.quantity, 0.0)),
        bought <= np.where(may_buy, view.room, 0.0),
    ]
    rows = [traded - high]
    rows += [-traded - low] if np.isfinite(low) else []
    rows += [sector_trade - sector_high, -sector_trade - sector_low] if np.isfinite(sector_high).all() else []
    rows += [cp.sum(bought) + cp.sum(sold) - turnover] if np.isfinite(turnover) else []
    rows += [padded(pieces.gain) @ sold - net_gain] if np.isfinite(net_gain) else []
    least_exposure, largest_exposure = view.bands()
    if np.isfinite(largest_exposure).all():
        rows += [factor - largest_exposure, least_exposure - factor]
    least = cp.Problem(cp.Minimize(slack), [*bounds, *(row <= slack for row in rows)])
    least.solve(solver=cp.SCIPY, scipy_options={"method": "highs"})
    if least.value > INFEASIBLE_MIN:
        return np.inf
    limits = [*bounds, *(row <= 0.0 for row in rows)]
    if np.isfinite(view.cap):
        nearest = cp.Problem(cp.Minimize(risk), limits)
        nearest.solve(solver=cp.CLARABEL, **TOLERANCES)
        if nearest.value > view.cap**2:
            return np.inf
        limits.append(cp.norm(cp.hstack([factor, specific])) <= view.cap)
    program = cp.Problem(cp.Minimize(objective), limits)
    program.solve(solver=cp.CLARABEL, **TOLERANCES)
    assert program.status == cp.OPTIMAL, program.status
    return float(program.value)


def optimum(view: AccountView) -> float:
    """Return the optimum over all directions, by enumeration; for a dozen disjunctions at most."""
    count = len(view.disjunctions(view.pieces()))
    return min(solve_directions(view, choice) for choice in itertools.product((-1, 1), repeat=count))
