"""Semismooth Newton ascent on the dual of one account, compiled.

The dual is concave and piecewise quadratic; smoothing each disjunction's kink over a small width makes it once
differentiable, and a dozen Newton steps find its top. The prices found are a guess, never trusted: whatever they
are, `solvers.dual.dual` turns them into a valid bound.

A hard cap on tracking error is one more price: with its multiplier theta the problem is the same with risk aversion
gamma + theta, and the dual loses theta TE^2 / 2. It is concave in the prices and theta together, so both climb at once.

Symbols: `solvers.arrays`; H is minus the generalised Hessian (`solvers.curvature`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import ABSENT, Account, Bytes, Floats, Response
from solvers.compiling import kernel
from solvers.curvature import Curvature, hessian, squared_tracking_error
from solvers.dual import dual, inside_band

LINE_SEARCH_STEPS = 6
FAILED_SEARCHES_MAX = 3


AVERSION_GROWTH_MAX = 4.0
"""One step changes gamma + theta by this factor at most."""


class Rules(NamedTuple):
    """How far to climb."""

    width: float
    """Of the smoothed kinks, fraction of net asset value."""
    steps_max: int
    slope_min: float
    gain_min: float
    damping: float


class Ascent(NamedTuple):
    """What a Newton run found."""

    best: float
    """Best true dual seen: a bound."""
    best_theta: float
    """Multiplier of the tracking-error cap at that bound."""
    theta: float
    """The multiplier at the end."""
    slope: float
    """Largest component of the projected gradient at the end; the cap's, as a tracking error."""
    steps: int


@kernel
def gradient(account: Account, pi: Floats, theta: float, out: Response, g: Floats, active: Bytes) -> float:
    """Fill the gradient of the smoothed dual and which prices may move; return the largest component."""
    F, sector, r, y0 = account.F, account.sector, account.r, account.y0
    sells, buys, gains, buy_share, sell_share = out.sold, out.bought, out.sold_gain, out.buy_share, out.sell_share
    buy_sells, buy_gains = out.buy_sold, out.buy_sold_gain
    n, k = F.shape
    sectors = pi.shape[0] - k - 3
    gamma = account.gamma + theta
    g[:] = 0.0
    turnover = gain = 0.0
    for i in range(n):
        bought = buy_share[i] * buys[i]
        sold = sell_share[i] * sells[i] + buy_share[i] * buy_sells[i]
        if bought != 0.0 or sold != 0.0:
            trade = bought - sold
            for j in range(k):
                g[j] += F[i, j] * trade
            g[k + 1 + sector[i]] += trade
            turnover += bought + sold
            gain += sell_share[i] * gains[i] + buy_share[i] * buy_gains[i]
    total = 0.0
    for s in range(sectors):
        total += g[k + 1 + s]
    largest = 0.0
    for j in range(k):
        y = pi[j] / gamma
        if account.banded:
            y = inside_band(r, y0, j, y)
        g[j] += y0[j] - y
        active[j] = 1
        largest = max(largest, abs(g[j]))
    for u in range(sectors + 1):
        j = k + u
        use = total if u == 0 else g[j]
        high = r[0] if u == 0 else r[1 + u]
        low = r[1] if u == 0 else r[1 + sectors + u]
        active[j] = 1
        if pi[j] > 0.0 or (pi[j] == 0.0 and use > high):
            g[j] = use - high
        elif pi[j] < 0.0 or use < -low:
            g[j] = use + low
        else:
            g[j] = 0.0
            active[j] = 0
        largest = max(largest, abs(g[j]))
    for u in range(2):
        j = k + 1 + sectors + u
        g[j] = (turnover if u == 0 else gain) - r[2 + 2 * sectors + u]
        active[j] = 1
        if pi[j] <= 0.0 and g[j] <= 0.0:
            g[j] = 0.0
            active[j] = 0
        largest = max(largest, abs(g[j]))
    return largest


@kernel
def factorise(H: Floats, size: int) -> None:
    """Replace the upper triangle of H by U with U'U = H, row by row; four pivots at a time, no reductions."""
    for block in range(0, size, 4):
        end = min(block + 4, size)
        for j in range(block, end):
            scale = 1.0 / np.sqrt(max(H[j, j], 1e-300))
            row = H[j]
            for c in range(j, size):
                row[c] *= scale
            for i in range(j + 1, end):
                u = row[i]
                below = H[i]
                for c in range(i, size):
                    below[c] -= u * row[c]
        if end < size:
            R0, R1, R2, R3 = H[block], H[block + 1], H[block + 2], H[block + 3]
            for i in range(end, size):
                u0, u1, u2, u3 = R0[i], R1[i], R2[i], R3[i]
                below = H[i]
                for c in range(i, size):
                    below[c] -= (u0 * R0[c] + u1 * R1[c]) + (u2 * R2[c] + u3 * R3[c])


@kernel
def back_substitute(H: Floats, size: int, step: Floats) -> None:
    """Solve U'U step = step in place."""
    for j in range(size):
        step[j] /= H[j, j]
        u = step[j]
        row = H[j]
        for c in range(j + 1, size):
            step[c] -= u * row[c]
    for j in range(size - 1, -1, -1):
        u = step[j]
        for c in range(j + 1, size):
            u -= H[j, c] * step[c]
        step[j] = u / H[j, j]


@kernel
def move(pi: Floats, length: float, step: Floats, curve: Curvature, size: int, k: int, g: Floats, to: Floats) -> None:
    """Fill ``to`` with ``pi`` plus ``length`` times the step, kept on its side of each price's sign."""
    last_signed = pi.shape[0] - 3
    to[:] = pi
    for a in range(size):
        j = curve.chosen[a]
        value = pi[j] + length * step[a]
        if j > last_signed:
            value = max(value, 0.0)
        elif j >= k:
            is_positive = pi[j] > 0.0 or (pi[j] == 0.0 and g[j] > 0.0)
            value = max(value, 0.0) if is_positive else min(value, 0.0)
        to[j] = value


@kernel
def cap_slope(account: Account, pi: Floats, theta: float, out: Response) -> float:
    """Return the projected derivative of the smoothed dual in theta; 0 where there is no cap."""
    if account.te2 >= ABSENT:
        return 0.0
    slope = 0.5 * (squared_tracking_error(account, pi, theta, out) - account.te2)
    return 0.0 if theta == 0.0 and slope < 0.0 else slope


@kernel
def longest_step(gamma: float, change: float) -> float:
    """Return which part of a step may be taken so that ``gamma`` stays within a factor of what it was."""
    most = gamma * (AVERSION_GROWTH_MAX - 1.0) if change > 0.0 else gamma * (1.0 - 1.0 / AVERSION_GROWTH_MAX)
    return min(1.0, most / max(abs(change), 1e-300))


@kernel
def ascend(
    account: Account, pi: Floats, theta: float, directions: Bytes, rules: Rules, enough: float,
    out: Response, curve: Curvature, best_pi: Floats,
) -> Ascent:  # fmt: skip
    """Climb the dual from ``pi`` in place, and from ``theta``; stop at the top or once a bound passes ``enough``.

    ``best_pi`` receives the prices of the best true bound. ``out`` holds the answers at the final ``pi``.
    """
    k = account.F.shape[1]
    size = pi.shape[0]
    g, step, trial = np.empty(size), np.empty(size + 1), np.empty(size)
    active = np.empty(size, np.int8)
    unit = 1.0 / ((account.gamma + theta) * mean(account.D))
    damping, damping_min = rules.damping * unit, 1e-7 * unit
    cap = np.sqrt(max(account.te2, 1e-300))
    value, best = dual(account, pi, theta, directions, rules.width, out)
    best_pi[:] = pi
    best_theta = theta
    pull = cap_slope(account, pi, theta, out)
    slope = max(gradient(account, pi, theta, out, g, active), abs(pull) / cap)
    taken = failed = 0
    while taken < rules.steps_max and slope >= rules.slope_min and best <= enough:
        taken += 1
        count = hessian(account, pi, theta, rules.width, out, active, pull != 0.0, damping, curve)
        for a in range(count):
            step[a] = g[curve.chosen[a]]
        step[count] = pull
        if failed > 0:
            # Along (lambda, gamma + theta) the factors' part is flat: theta needs damping of its own.
            curve.H[count, count] *= 1.0 + damping / unit
        order = count + (1 if pull != 0.0 else 0)
        factorise(curve.H, order)
        back_substitute(curve.H, order, step)
        length = longest_step(account.gamma + theta, step[count]) if pull != 0.0 else 1.0
        found, now = value, theta
        climbed = False
        for _ in range(LINE_SEARCH_STEPS):
            move(pi, length, step, curve, count, k, g, trial)
            now = max(theta + length * step[count], 0.0) if pull != 0.0 else theta
            found, bound = dual(account, trial, now, directions, rules.width, out)
            if bound > best:
                best, best_theta = bound, now
                best_pi[:] = trial
            if found >= value - 1e-15:
                climbed = True
                break
            length *= 0.3
        if not climbed:
            damping *= 10.0
            failed += 1
            dual(account, pi, theta, directions, rules.width, out)
            if failed > FAILED_SEARCHES_MAX:
                break
            continue
        pi[:] = trial
        theta = now
        rise = found - value
        value = found
        pull = cap_slope(account, pi, theta, out)
        slope = max(gradient(account, pi, theta, out, g, active), abs(pull) / cap)
        damping = max(damping * 0.2, damping_min) if length == 1.0 else damping * 2.0
        if rise < rules.gain_min:
            break
    return Ascent(best, best_theta, theta, slope, taken)


@kernel
def mean(values: Floats) -> float:
    """Return the mean, summed in order."""
    total = 0.0
    for i in range(values.shape[0]):
        total += float(values[i])
    return total / float(values.shape[0])
