"""Minus the generalised Hessian of the smoothed dual, put together from what each security answers; compiled.

The columns are the active prices, then the multiplier theta of the tracking-error cap where that may move. A trade
inside its bounds answers with weight w = share / (g D) along (F, cash, sector, turnover, gain, D x): with a larger
theta every active weight x inside its bounds shrinks as x / g. A factor at the end of its band does not answer.

Symbols: `solvers.arrays`; H is minus the Hessian.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import Account, Bytes, Floats, Integers, Response
from solvers.compiling import kernel
from solvers.dual import inside_band


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
    """(K + 1,) difference of the two branches' derivatives at a disjunction with several members, theta's last."""
    cap_column: Floats
    """(K + 1,) the column of theta over all prices, theta last."""
    place: Integers
    chosen: Integers
    """Where each price sits among the active ones, and back."""


@kernel
def new_curvature(account: Account) -> Curvature:
    """Return storage for one account's Hessians."""
    n, k = account.F.shape
    sectors = (account.r.shape[0] - 4) // 2 - k
    size = k + 3 + sectors
    return Curvature(
        np.empty((size + 1, size + 1)),
        np.empty((sectors, k)),
        np.empty(k),
        np.empty(k),
        np.empty(sectors),
        np.empty(sectors),
        np.empty(sectors),
        np.empty(n + 4, np.int64),
        np.empty(n + 4),
        np.empty((n, 6)),
        np.empty(size + 1),
        np.zeros(size + 1),
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
def add_joint_kinks(account: Account, width: float, out: Response, active: int, capped: bool, curve: Curvature) -> None:
    """Add the smoothed kinks of disjunctions with several members, each a dense outer product."""
    k = account.F.shape[1]
    sectors = curve.sector_weight.shape[0]
    jump = curve.jump
    for d in range(out.slope.shape[0]):
        if out.slope[d] == 0.0 or account.member_at[d + 1] - account.member_at[d] == 1:
            continue
        jump[:] = 0.0
        for at in range(account.member_at[d], account.member_at[d + 1]):
            i = account.member[at]
            bought = out.bought[i] - out.buy_sold[i]
            trade = -out.sold[i] - bought
            for j in range(k):
                jump[j] += account.F[i, j] * trade
            jump[k] += trade
            jump[k + 1 + account.sector[i]] += trade
            jump[k + 1 + sectors] += out.sold[i] - (out.bought[i] + out.buy_sold[i])
            jump[k + 2 + sectors] += out.sold_gain[i] - out.buy_sold_gain[i]
            jump[k + 3 + sectors] += risk_jump(account.D[i], account.x0[i] - out.sold[i], account.x0[i] + bought)
        for a in range(active):
            left = jump[curve.chosen[a]] / (2.0 * width)
            for c in range(a, active):
                curve.H[a, c] += left * jump[curve.chosen[c]]
        if capped:
            last = jump[k + 3 + sectors]
            for a in range(active):
                curve.H[a, active] += last * jump[curve.chosen[a]] / (2.0 * width)
            curve.H[active, active] += last * last / (2.0 * width)


@kernel
def risk_jump(specific: float, sells: float, buys: float) -> float:
    """Return the difference of half the specific variance between the active weight when selling and when buying."""
    return 0.5 * specific * (sells * sells - buys * buys)


@kernel
def squared_tracking_error(account: Account, pi: Floats, theta: float, out: Response) -> float:
    """Return twice the derivative in theta of the smoothed dual without the cap's own term."""
    gamma = account.gamma + theta
    total = 0.0
    for j in range(account.y0.shape[0]):
        y = pi[j] / gamma
        if account.banded:
            y = inside_band(account.r, account.y0, j, y)
        total += y * y
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
def fill_cap_column(account: Account, pi: Floats, theta: float, width: float, out: Response, curve: Curvature) -> None:
    """Fill the column of theta over all prices, disjunctions with several members left out."""
    F, D, x0, room, disjunction = account.F, account.D, account.x0, account.room, account.disjunction
    n, k = F.shape
    sectors = curve.sector_weight.shape[0]
    column = curve.cap_column
    column[:] = 0.0
    gamma = account.gamma + theta
    square = 0.0
    for j in range(k):
        if account.banded and inside_band(account.r, account.y0, j, pi[j] / gamma) != pi[j] / gamma:
            continue
        column[j] = -pi[j] / (gamma * gamma)
        square += pi[j] * pi[j]
    last = square / (gamma * gamma * gamma)
    for i in range(n):
        trade = turnover = gain = 0.0
        sells, buys = x0[i] - out.sold[i], x0[i] + out.bought[i] - out.buy_sold[i]
        if disjunction[i] < 0:
            sells = buys = buys - out.sold[i]
        if out.sell_inner[i] and out.sell_share[i] > 0.0:
            pull = out.sell_share[i] * sells / gamma
            trade, turnover, gain = trade + pull, turnover - pull, gain - pull * out.sell_margin[i]
            last += pull * D[i] * sells
        if out.buy_inner[i] and out.buy_share[i] > 0.0:
            pull = out.buy_share[i] * buys / gamma
            trade, turnover, gain = trade + pull, turnover - pull, gain - pull * out.buy_margin[i]
            last += pull * D[i] * buys
        if 0.0 < out.bought[i] < room[i] and out.buy_share[i] > 0.0:
            pull = out.buy_share[i] * buys / gamma
            trade, turnover = trade + pull, turnover + pull
            last += pull * D[i] * buys
        d = disjunction[i]
        if d >= 0 and out.slope[d] > 0.0 and account.member_at[d + 1] - account.member_at[d] == 1:
            jump = risk_jump(D[i], sells, buys)
            kink = 0.5 / width * jump
            trade -= kink * (out.sold[i] + out.bought[i])
            turnover += kink * (out.sold[i] - out.bought[i])
            gain += kink * out.sold_gain[i]
            last += kink * jump
        if trade != 0.0 or turnover != 0.0:
            for j in range(k):
                column[j] += F[i, j] * trade
            column[k] += trade
            column[k + 1 + account.sector[i]] += trade
            column[k + 1 + sectors] += turnover
            column[k + 2 + sectors] += gain
    column[k + 3 + sectors] = last


@kernel
def hessian(
    account: Account, pi: Floats, theta: float, width: float, out: Response, active: Bytes, capped: bool,
    damping: float, curve: Curvature,
) -> int:  # fmt: skip
    """Fill the upper triangle of H over the active prices, theta last if ``capped``; return how many prices."""
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
    H[: count + 1, : count + 1] = 0.0
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
    if capped:
        fill_cap_column(account, pi, theta, width, out, curve)
        for a in range(count):
            H[a, count] = curve.cap_column[chosen[a]]
        H[count, count] = curve.cap_column[pi.shape[0]]
    add_joint_kinks(account, width, out, count, capped, curve)
    gamma = account.gamma + theta
    for a in range(k):
        is_bound = account.banded and inside_band(account.r, account.y0, a, pi[a] / gamma) != pi[a] / gamma
        H[a, a] += damping if is_bound else 1.0 / gamma
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
