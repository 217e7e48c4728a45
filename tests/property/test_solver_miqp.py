"""The solve against SCIP: the non-convex problem as a mixed-integer quadratic program, one binary per disjunction.

Enumeration (`tests/property/test_solver_reference.py`) ends at a handful of disjunctions; here are dozens.
"""

from __future__ import annotations

import numpy as np
import pytest
from pyscipopt import Model, quicksum

from solvers.evaluate import AccountView, judge
from solvers.problem import SolveSettings
from solvers.shard import solve_shard
from tests.solver_cases import random_shard

SETTINGS = SolveSettings(gap_bp_target=1e-4)
SCIP_GAP = 1e-6
"""What SCIP's own tolerances leave open: a hundredth of a basis point."""
NODES_MAX = 20_000
SCALE = 100.0
"""Weights in hundredths, so that SCIP's absolute tolerances mean a ten-thousandth of a basis point."""

CASES = {
    "ordinary": {"names": 14},
    "identical groups": {"names": 16, "pairs": 8, "sector_band": 0.5},
    "tight gain budget": {"names": 16, "net_gain_budget_microusd": 0, "short_gain_rate": 0.1, "long_gain_rate": 0.05},
    "tight turnover": {"names": 16, "turnover_max": 0.05, "cash_min": 0.0, "cash_max": 0.9, "sector_band": 1.0},
    "factor bands": {"names": 16, "factor_band": 0.003, "cash_min": 0.0, "cash_max": 0.9, "sector_band": 1.0},
    "middle": {"names": 40},
    "larger": {"names": 80, "pairs": 10},
}


def scip_bounds(view: AccountView) -> tuple[float, float, int]:
    """Return SCIP's (best objective, proven bound, binaries) of one account without a tracking-error cap."""
    pieces, market, a = view.pieces(), view.market, view.a
    n = len(view.x0)
    model = Model()
    model.hideOutput()
    model.setParam("numerics/feastol", 1e-9)
    model.setParam("limits/gap", 1e-9)
    model.setParam("limits/nodes", NODES_MAX)
    sold = [model.addVar(ub=float(q) * SCALE) for q in pieces.quantity]
    bought = [model.addVar(ub=float(room) * SCALE) for room in view.room]
    active = [model.addVar(lb=None) for _ in range(n)]
    factor = [model.addVar(lb=None) for _ in range(market.exposures.shape[1])]
    risk = model.addVar(lb=0.0)
    of_security: list[list[int]] = [[] for _ in range(n)]
    for piece, i in enumerate(pieces.security.tolist()):
        of_security[i].append(piece)
    for i in range(n):
        model.addCons(active[i] == float(view.x0[i]) * SCALE + bought[i] - quicksum(sold[p] for p in of_security[i]))
    for j, y in enumerate(factor):
        model.addCons(y == quicksum(float(market.exposures[i, j]) * active[i] for i in range(n)))
    variance = [float(value) for value in market.specific_variance]
    specific = quicksum(d * x * x for d, x in zip(variance, active, strict=True))
    model.addCons(risk >= quicksum(y * y for y in factor) + specific)
    disjunctions = view.disjunctions(pieces)
    for members in disjunctions:
        buys = model.addVar(vtype="B")
        for i in members:
            model.addCons(bought[i] <= float(view.room[i]) * SCALE * buys)
            for piece in (p for p in of_security[i] if pieces.is_loss[p]):
                model.addCons(sold[piece] <= float(pieces.quantity[piece]) * SCALE * (1 - buys))
    high, low, sector_high, sector_low, turnover, net_gain = view.limits()
    traded = quicksum(bought) - quicksum(sold)
    limits = [(traded, high), (-traded, low), (quicksum(bought) + quicksum(sold), turnover)]
    limits.append((quicksum(float(g) * s for g, s in zip(pieces.gain, sold, strict=True)), net_gain))
    for s in range(len(market.sectors)):
        members = np.flatnonzero(market.sector == s).tolist()
        change = quicksum(active[i] - float(view.x0[i]) * SCALE for i in members)
        limits += [(change, float(sector_high[s])), (-change, float(sector_low[s]))] if members else []
    for y, low_exposure, high_exposure in zip(factor, *view.bands(), strict=True):
        limits += [(y, float(high_exposure)), (-y, -float(low_exposure))]
    for row, limit in limits:
        if np.isfinite(limit):
            model.addCons(row <= limit * SCALE)
    cost = float(view.problems.cost_rate[a])
    linear = quicksum(float(t + cost) * s for t, s in zip(pieces.tax, sold, strict=True)) + cost * quicksum(bought)
    model.setObjective(0.5 * float(view.problems.risk_aversion[a]) / SCALE * risk + linear)
    model.optimize()
    best = model.getObjVal() / SCALE if model.getNSols() else np.inf
    return best, model.getDualbound() / SCALE, len(disjunctions)


@pytest.mark.parametrize("case", CASES)
def test_scip_finds_nothing_better_and_proves_nothing_more(case: str) -> None:
    problems = random_shard(factors=4, accounts=6, seed=23, households=False, **CASES[case])  # type: ignore[arg-type]
    answers = solve_shard(problems, SETTINGS)
    assert judge(problems, answers).offences == ()
    binaries = compared = 0
    for a, status in enumerate(answers.status):
        if status.is_held:
            continue
        best, bound, count = scip_bounds(AccountView(problems, a, answers.certificate))
        binaries += count
        continuous = float(answers.bound[a] + answers.gap_continuous[a])
        assert answers.bound[a] <= best + SCIP_GAP
        assert bound <= continuous + SCIP_GAP
        compared += best - bound <= SCIP_GAP
        if best - bound <= SCIP_GAP:
            assert abs(continuous - best) <= 2.0 * SCIP_GAP
    assert compared >= 4
    assert binaries >= 12
