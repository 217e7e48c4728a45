"""Semismooth Newton ascent on the dual of one account, compiled.

The dual is concave and piecewise quadratic; smoothing each disjunction's kink over a small width makes it once
differentiable, and a dozen Newton steps find its top. The prices found are a guess, never trusted: whatever they
are, `solvers.dual.dual` turns them into a valid bound.

Symbols: `solvers.arrays`; H is minus the generalised Hessian, ordered as the active prices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import Account, Bytes, Floats, Integers, Response
from solvers.compiling import kernel
from solvers.dual import dual

LINE_SEARCH_STEPS = 6
FAILED_SEARCHES_MAX = 3


class Ascent(NamedTuple):
    """What a Newton run found."""

    smooth: float
    """Smoothed dual at the last prices."""
    best: float
    """Best true dual seen: a bound."""
    slope: float
    """Largest component of the projected gradient at the last prices."""
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
        g[j] += y0[j] - pi[j] / gamma
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


class Curvature(NamedTuple):
    """Sums over securities from which the Hessian is put together, and its own storage."""

    H: Floats
    by_sector: Floats
    """(c, k) sum of weight F."""
    turnover_row: Floats
    gain_row: Floats
    """(k,) sums of F times the derivative of turnover, of gain."""
    sector_weight: Floats
    sector_turnover: Floats
    sector_gain: Floats
    """(c,) each."""
    security: Integers
    weight: Floats
    """Securities that answer, and their weights, padded to a multiple of four."""
    derivatives: Floats
    """(n, 6): see `second_derivatives`."""
    jump: Floats
    """(K,) difference of the two branches' derivatives at a disjunction with several members."""
    place: Integers
    chosen: Integers
    """Where each price sits among the active ones, and back."""


@kernel
def new_curvature(account: Account) -> Curvature:
    """Return storage for one account's Hessians."""
    n, k = account.F.shape
    sectors = (account.r.shape[0] - 4) // 2
    size = k + 3 + sectors
    return Curvature(
        np.empty((size, size)),
        np.empty((sectors, k)),
        np.empty(k),
        np.empty(k),
        np.empty(sectors),
        np.empty(sectors),
        np.empty(sectors),
        np.empty(n + 4, np.int64),
        np.empty(n + 4),
        np.empty((n, 6)),
        np.empty(size),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )


@kernel
def second_derivatives(account: Account, theta: float, width: float, out: Response, derivatives: Floats) -> None:
    """Fill (n, 6): minus the second derivatives of each security's answer.

    The columns are trade^2, trade turnover, trade gain, turnover^2, turnover gain, gain^2. A disjunction with one
    member adds its smoothed kink here, one with several in `add_joint_kinks`.
    """
    D, room, disjunction, member_at = account.D, account.room, account.disjunction, account.member_at
    sold, bought, sold_gain, slope = out.sold, out.bought, out.sold_gain, out.slope
    sell_inner, sell_margin, sell_share = out.sell_inner, out.sell_margin, out.sell_share
    buy_inner, buy_margin, buy_share = out.buy_inner, out.buy_margin, out.buy_share
    gamma = account.gamma + theta
    for i in range(D.shape[0]):
        inverse = 1.0 / (gamma * D[i])
        tt = tu = tg = uu = ug = gg = 0.0
        if sell_inner[i] and sell_share[i] > 0.0:
            w, m = inverse * sell_share[i], sell_margin[i]
            tt, tu, tg, uu, ug, gg = w, -w, -w * m, w, w * m, w * m * m
        if buy_inner[i] and buy_share[i] > 0.0:
            w, m = inverse * buy_share[i], buy_margin[i]
            tt, tu, tg, uu, ug, gg = tt + w, tu - w, tg - w * m, uu + w, ug + w * m, gg + w * m * m
        if 0.0 < bought[i] < room[i] and buy_share[i] > 0.0:
            w = inverse * buy_share[i]
            tt, tu, uu = tt + w, tu + w, uu + w
        d = disjunction[i]
        if d >= 0 and slope[d] > 0.0 and member_at[d + 1] - member_at[d] == 1:
            kink = 0.5 / width
            trade, turnover, gain = -(sold[i] + bought[i]), sold[i] - bought[i], sold_gain[i]
            tt += kink * trade * trade
            tu += kink * trade * turnover
            tg += kink * trade * gain
            uu += kink * turnover * turnover
            ug += kink * turnover * gain
            gg += kink * gain * gain
        derivatives[i, 0] = tt
        derivatives[i, 1] = tu
        derivatives[i, 2] = tg
        derivatives[i, 3] = uu
        derivatives[i, 4] = ug
        derivatives[i, 5] = gg


@kernel
def sum_outer_products(account: Account, count: int, curve: Curvature) -> None:
    """Add weight F F' of ``count`` securities (a multiple of four) to the upper triangle of H, four at a time."""
    F, H, weight, security = account.F, curve.H, curve.weight, curve.security
    k = F.shape[1]
    for at in range(0, count, 4):
        w0, w1, w2, w3 = weight[at], weight[at + 1], weight[at + 2], weight[at + 3]
        F0, F1, F2, F3 = F[security[at]], F[security[at + 1]], F[security[at + 2]], F[security[at + 3]]
        for a in range(k):
            u0, u1, u2, u3 = w0 * F0[a], w1 * F1[a], w2 * F2[a], w3 * F3[a]
            row = H[a]
            for c in range(a, k):
                row[c] += (u0 * F0[c] + u1 * F1[c]) + (u2 * F2[c] + u3 * F3[c])


@kernel
def add_joint_kinks(account: Account, width: float, out: Response, active: int, curve: Curvature) -> None:
    """Add the smoothed kinks of disjunctions with several members, each a dense outer product."""
    k = account.F.shape[1]
    sectors = curve.sector_weight.shape[0]
    for d in range(out.slope.shape[0]):
        if out.slope[d] == 0.0 or account.member_at[d + 1] - account.member_at[d] == 1:
            continue
        curve.jump[:] = 0.0
        for at in range(account.member_at[d], account.member_at[d + 1]):
            i = account.member[at]
            trade = -out.sold[i] - (out.bought[i] - out.buy_sold[i])
            for j in range(k):
                curve.jump[j] += account.F[i, j] * trade
            curve.jump[k] += trade
            curve.jump[k + 1 + account.sector[i]] += trade
            curve.jump[k + 1 + sectors] += out.sold[i] - (out.bought[i] + out.buy_sold[i])
            curve.jump[k + 2 + sectors] += out.sold_gain[i] - out.buy_sold_gain[i]
        for a in range(active):
            left = curve.jump[curve.chosen[a]] / (2.0 * width)
            for c in range(a, active):
                curve.H[a, c] += left * curve.jump[curve.chosen[c]]


@kernel
def hessian(
    account: Account, theta: float, width: float, out: Response, active: Bytes, damping: float, curve: Curvature
) -> int:
    """Fill the upper triangle of H over the active prices; return how many there are."""
    F, sector, H = account.F, account.sector, curve.H
    place, chosen, derivatives, security, weight = (
        curve.place, curve.chosen, curve.derivatives, curve.security, curve.weight,
    )  # fmt: skip
    by_sector, turnover_row, gain_row = curve.by_sector, curve.turnover_row, curve.gain_row
    sector_weight, sector_turnover, sector_gain = curve.sector_weight, curve.sector_turnover, curve.sector_gain
    n, k = F.shape
    count = 0
    for j in range(active.shape[0]):
        place[j] = -1
        if active[j]:
            place[j] = count
            chosen[count] = j
            count += 1
    H[:count, :count] = 0.0
    by_sector[:] = 0.0
    turnover_row[:] = 0.0
    gain_row[:] = 0.0
    sector_weight[:] = 0.0
    sector_turnover[:] = 0.0
    sector_gain[:] = 0.0
    turnover_active = active[active.shape[0] - 2] == 1
    gain_active = active[active.shape[0] - 1] == 1
    sum_uu = sum_ug = sum_gg = 0.0
    used = 0
    second_derivatives(account, theta, width, out, derivatives)
    for i in range(n):
        tt, tu, tg = derivatives[i, 0], derivatives[i, 1], derivatives[i, 2]
        if tt <= 0.0:
            continue
        s = sector[i]
        security[used] = i
        weight[used] = tt
        used += 1
        sector_weight[s] += tt
        sector_turnover[s] += tu
        sector_gain[s] += tg
        sum_uu += derivatives[i, 3]
        sum_ug += derivatives[i, 4]
        sum_gg += derivatives[i, 5]
        for j in range(k):
            by_sector[s, j] += tt * F[i, j]
        if turnover_active:
            for j in range(k):
                turnover_row[j] += tu * F[i, j]
        if gain_active:
            for j in range(k):
                gain_row[j] += tg * F[i, j]
    while used % 4 != 0:
        security[used] = 0
        weight[used] = 0.0
        used += 1
    sum_outer_products(account, used, curve)
    border(curve, k, sum_uu, sum_ug, sum_gg)
    add_joint_kinks(account, width, out, count, curve)
    for a in range(k):
        H[a, a] += 1.0 / (account.gamma + theta)
    for a in range(k, count):
        H[a, a] += damping
    return count


@kernel
def border(curve: Curvature, k: int, sum_uu: float, sum_ug: float, sum_gg: float) -> None:
    """Fill the rows and columns of H beyond the factors: cash, sectors, turnover, gain."""
    H = curve.H
    sectors = curve.sector_weight.shape[0]
    cash_at = curve.place[k]
    turnover_at = curve.place[k + 1 + sectors]
    gain_at = curve.place[k + 2 + sectors]
    for s in range(sectors):
        at = curve.place[k + 1 + s]
        if cash_at >= 0:
            for j in range(k):
                H[j, cash_at] += curve.by_sector[s, j]
            H[cash_at, cash_at] += curve.sector_weight[s]
            if turnover_at >= 0:
                H[cash_at, turnover_at] += curve.sector_turnover[s]
            if gain_at >= 0:
                H[cash_at, gain_at] += curve.sector_gain[s]
        if at >= 0:
            for j in range(k):
                H[j, at] = curve.by_sector[s, j]
            H[at, at] += curve.sector_weight[s]
            if cash_at >= 0:
                H[cash_at, at] = curve.sector_weight[s]
            if turnover_at >= 0:
                H[at, turnover_at] = curve.sector_turnover[s]
            if gain_at >= 0:
                H[at, gain_at] = curve.sector_gain[s]
    if turnover_at >= 0:
        for j in range(k):
            H[j, turnover_at] = curve.turnover_row[j]
        H[turnover_at, turnover_at] = sum_uu
        if gain_at >= 0:
            H[turnover_at, gain_at] = sum_ug
    if gain_at >= 0:
        for j in range(k):
            H[j, gain_at] = curve.gain_row[j]
        H[gain_at, gain_at] = sum_gg


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
def ascend(
    account: Account,
    pi: Floats,
    theta: float,
    directions: Bytes,
    width: float,
    steps_max: int,
    slope_min: float,
    gain_min: float,
    damping: float,
    enough: float,
    out: Response,
    curve: Curvature,
    best_pi: Floats,
) -> Ascent:
    """Climb the dual from ``pi`` in place; stop at the top, after ``steps_max``, or once a bound passes ``enough``.

    ``best_pi`` receives the prices of the best true bound. ``out`` holds the answers at the final ``pi``.
    """
    k = account.F.shape[1]
    size = pi.shape[0]
    g = np.empty(size)
    active = np.empty(size, np.int8)
    step = np.empty(size)
    trial = np.empty(size)
    unit = 1.0 / ((account.gamma + theta) * mean(account.D))
    damping *= unit
    damping_min = 1e-7 * unit
    value, best = dual(account, pi, theta, directions, width, out)
    best_pi[:] = pi
    slope = gradient(account, pi, theta, out, g, active)
    taken = 0
    failed = 0
    while taken < steps_max and slope >= slope_min and best <= enough:
        taken += 1
        count = hessian(account, theta, width, out, active, damping, curve)
        for a in range(count):
            step[a] = g[curve.chosen[a]]
        factorise(curve.H, count)
        back_substitute(curve.H, count, step)
        length = 1.0
        found = value
        climbed = False
        for _ in range(LINE_SEARCH_STEPS):
            move(pi, length, step, curve, count, k, g, trial)
            found, bound = dual(account, trial, theta, directions, width, out)
            if bound > best:
                best = bound
                best_pi[:] = trial
            if found >= value - 1e-15:
                climbed = True
                break
            length *= 0.3
        if not climbed:
            damping *= 10.0
            failed += 1
            dual(account, pi, theta, directions, width, out)
            if failed > FAILED_SEARCHES_MAX:
                break
            continue
        pi[:] = trial
        rise = found - value
        value = found
        slope = gradient(account, pi, theta, out, g, active)
        damping = max(damping * 0.2, damping_min) if length == 1.0 else damping * 2.0
        if rise < gain_min:
            break
    return Ascent(value, best, slope, taken)


@kernel
def mean(values: Floats) -> float:
    """Return the mean, summed in order."""
    total = 0.0
    for i in range(values.shape[0]):
        total += float(values[i])
    return total / float(values.shape[0])
