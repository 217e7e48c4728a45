"""The dual's top under a hard cap on tracking error: a root search on the cap's multiplier around Newton; compiled.

With the cap's multiplier theta the problem is the same with risk aversion gamma + theta, and the bound loses
theta TE^2 / 2. The tracking error falls as theta rises; its inverse square is nearly linear in theta, so a guarded
regula falsi (Illinois) needs a handful of Newton runs. Every one of them yields a valid bound.

Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import ABSENT, Account, Bytes, Floats, Response
from solvers.compiling import kernel
from solvers.dual import dual
from solvers.newton import Ascent, Curvature, ascend

GROWTHS_MAX = 40
ROOT_STEPS_MAX = 40


class Rules(NamedTuple):
    """How far to climb; see `solvers.newton.ascend`."""

    width: float
    steps_max: int
    slope_min: float
    gain_min: float
    damping: float
    root_tolerance: float
    """Accepted slack below the cap, as a fraction of its square."""


class Settled(NamedTuple):
    """The top as found."""

    best: float
    """Best true dual seen: a bound."""
    best_theta: float
    """Multiplier of the cap at that bound; its prices are in ``proof``."""
    theta: float
    slope: float
    """Largest component of the projected gradient at the end; inf where no multiplier keeps the cap."""


@kernel
def squared_tracking_error(account: Account, pi: Floats, theta: float, out: Response) -> float:
    """Return twice the derivative in theta of the smoothed dual without the cap's own term."""
    gamma = account.gamma + theta
    total = 0.0
    for j in range(account.y0.shape[0]):
        total += (pi[j] / gamma) * (pi[j] / gamma)
    for i in range(account.D.shape[0]):
        buys = account.x0[i] + out.bought[i] - out.buy_sold[i]
        if account.disjunction[i] < 0:
            active = buys - out.sold[i]
            total += account.D[i] * active * active
        else:
            sells = account.x0[i] - out.sold[i]
            total += account.D[i] * (out.sell_share[i] * sells * sells + out.buy_share[i] * buys * buys)
    return total


@kernel
def climb_at(
    account: Account, pi: Floats, old: float, theta: float, directions: Bytes, rules: Rules, enough: float,
    out: Response, curve: Curvature, best_pi: Floats,
) -> tuple[Ascent, float]:  # fmt: skip
    """Climb at ``theta`` from prices that fitted ``old``; return the climb and cap^2 / TE^2 - 1."""
    k = account.y0.shape[0]
    for j in range(k):
        pi[j] *= (account.gamma + theta) / (account.gamma + old)
    climb = ascend(
        account, pi, theta, directions, rules.width, rules.steps_max, rules.slope_min, rules.gain_min, rules.damping,
        enough, out, curve, best_pi,
    )  # fmt: skip
    if account.te2 >= ABSENT:
        return climb, 0.0
    dual(account, pi, theta, directions, rules.width, out)
    return climb, account.te2 / max(squared_tracking_error(account, pi, theta, out), 1e-300) - 1.0


@kernel
def settle(
    account: Account, pi: Floats, theta: float, directions: Bytes, rules: Rules, enough: float,
    out: Response, curve: Curvature, proof: Floats,
) -> Settled:  # fmt: skip
    """Climb from ``pi`` and ``theta`` to the top in both; ``proof`` receives the prices of the best bound."""
    climb, slack = climb_at(account, pi, theta, theta, directions, rules, enough, out, curve, proof)
    best, best_theta = climb.best, theta
    if account.te2 >= ABSENT or best > enough or (theta == 0.0 and slack >= 0.0):
        return Settled(best, best_theta, theta, climb.slope)
    trial_proof = np.empty(pi.shape[0])
    low, high, low_slack, high_slack = theta, theta, slack, slack
    now = theta
    for _ in range(GROWTHS_MAX):
        if low_slack < 0.0 <= high_slack or (high_slack >= 0.0 and high == 0.0):
            break
        if slack < 0.0:
            low, low_slack = now, slack
            wanted = (account.gamma + now) * max(1.05, min(2.0, 1.1 / np.sqrt(max(1.0 + slack, 1e-3)))) - account.gamma
        else:
            high, high_slack = now, slack
            wanted = max((account.gamma + now) / 1.3 - account.gamma, 0.0)
        climb, slack = climb_at(account, pi, now, wanted, directions, rules, enough, out, curve, trial_proof)
        now = wanted
        if climb.best > best:
            best, best_theta = climb.best, now
            proof[:] = trial_proof
        if slack < 0.0:
            low, low_slack = now, slack
        else:
            high, high_slack = now, slack
        if best > enough:
            return Settled(best, best_theta, now, climb.slope)
    if high_slack < 0.0:
        return Settled(best, best_theta, now, np.inf)
    for step in range(ROOT_STEPS_MAX):
        if high_slack <= rules.root_tolerance or high == 0.0 or high - low <= 1e-13 * high or best > enough:
            break
        wanted = high - (high - low) * (high_slack - 0.3 * rules.root_tolerance) / (high_slack - low_slack)
        wanted = min(max(wanted, low + 1e-4 * (high - low)), high - 1e-9 * (high - low))
        climb, slack = climb_at(account, pi, now, wanted, directions, rules, enough, out, curve, trial_proof)
        now = wanted
        if climb.best > best:
            best, best_theta = climb.best, now
            proof[:] = trial_proof
        if slack >= 0.0:
            high, high_slack = now, slack
            low_slack *= 0.5 if step > 1 else 1.0
        else:
            low, low_slack = now, slack
    if now != high:
        climb, slack = climb_at(account, pi, now, high, directions, rules, enough, out, curve, trial_proof)
        if climb.best > best:
            best, best_theta = climb.best, high
            proof[:] = trial_proof
    return Settled(best, best_theta, high, climb.slope)
