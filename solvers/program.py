"""The quadratic program that Clarabel sees: the variables left free, the others at their bounds; compiled.

    minimise   1/2 z'Pz + q'z    subject to   A z + s = b,   s in {0}^k x R_+^m

with z = [free trades by security, y]: a sale entry has sign -1, a purchase +1. The first k rows say y = F'x; then the
rows of r that the free trades could reach; then z >= 0 and z <= what is there. With few free trades y is multiplied
out and its rows are gone. Variables and objective are scaled by
``SCALE`` so that the solver's tolerances mean what they say. P is the upper triangle: Clarabel takes a lower one
without complaint and answers wrongly.

Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import BUY, SELL, UNDECIDED, Account, Bytes, Floats, Integers, Response
from solvers.compiling import kernel
from solvers.dual import dual, trades_of

SCALE = 100.0
NONE = -1


class Free(NamedTuple):
    """Which trades of one account are variables, and what the others are fixed at (0 where free)."""

    sale: Bytes
    bought: Bytes
    fixed_sale: Floats
    fixed_bought: Floats


class Program(NamedTuple):
    """One quadratic program in compressed columns, and how to read its answer."""

    P_data: Floats
    P_rows: Integers
    P_start: Integers
    q: Floats
    A_data: Floats
    A_rows: Integers
    A_start: Integers
    b: Floats
    security: Integers
    entry: Integers
    """(v,) entry of the variable, or -1 for a purchase."""
    cap: Floats
    """(v,) largest amount."""
    row_at: Integers
    """(rows of r,) place among the general rows, or -1 where it cannot bind."""
    general: int
    """How many general rows there are."""
    factors: int
    """How many rows, and variables, are factors: k, or 0 where they are multiplied out."""
    y: Floats
    """(k,) of the fixed trades."""
    gamma: float


@kernel
def fixed_trades(account: Account, free: Free) -> tuple[Floats, Floats, Floats]:
    """Return x (n,), y (k,) and what is left of r with the fixed trades done and the free ones at zero."""
    n, k = account.F.shape
    sectors = (account.r.shape[0] - 4) // 2
    x = account.x0.copy()
    y = account.y0.copy()
    left = account.r.copy()
    for i in range(n):
        sold = 0.0
        for entry in range(account.first[i], account.first[i + 1]):
            sold += free.fixed_sale[entry]
            left[3 + 2 * sectors] -= account.gain[entry] * free.fixed_sale[entry]
        bought = free.fixed_bought[i]
        trade = bought - sold
        left[2 + 2 * sectors] -= bought + sold
        if trade != 0.0:
            x[i] += trade
            left[0] -= trade
            left[1] += trade
            left[2 + account.sector[i]] -= trade
            left[2 + sectors + account.sector[i]] += trade
            for j in range(k):
                y[j] += account.F[i, j] * trade
    return x, y, left


@kernel
def list_variables(account: Account, free: Free) -> tuple[Integers, Integers, Floats]:
    """Return (security, entry or -1, largest amount) of every free trade, by security, purchases last."""
    n = account.D.shape[0]
    count = 0
    for i in range(n):
        count += free.bought[i]
        for entry in range(account.first[i], account.first[i + 1]):
            count += free.sale[entry]
    security = np.empty(count, np.int64)
    entries = np.empty(count, np.int64)
    cap = np.empty(count)
    at = 0
    for i in range(n):
        for entry in range(account.first[i], account.first[i + 1]):
            if free.sale[entry]:
                security[at], entries[at], cap[at] = i, entry, account.quantity[entry]
                at += 1
        if free.bought[i]:
            security[at], entries[at], cap[at] = i, NONE, account.room[i]
            at += 1
    return security, entries, cap


@kernel
def choose_rows(
    account: Account, left: Floats, security: Integers, entry: Integers, cap: Floats, pi: Floats, near: float
) -> Integers:
    """Return where each row of r goes among the general rows, -1 for one that the free trades cannot reach.

    A row with no price at ``pi`` and more than ``near`` left is dropped too; the certificate finds out if it binds.
    """
    k = account.y0.shape[0]
    sectors = (account.r.shape[0] - 4) // 2
    reach = np.zeros(left.shape[0])
    for v in range(cap.shape[0]):
        s = account.sector[security[v]]
        reach[2 + 2 * sectors] += cap[v]
        if entry[v] == NONE:
            reach[0] += cap[v]
            reach[2 + s] += cap[v]
        else:
            reach[1] += cap[v]
            reach[2 + sectors + s] += cap[v]
            reach[3 + 2 * sectors] += max(account.gain[entry[v]], 0.0) * cap[v]
    row_at = np.full(left.shape[0], NONE, np.int64)
    count = 0
    for u in range(left.shape[0]):
        price, sign = pi[k], 1.0 if u == 0 else -1.0
        if 2 <= u < 2 + 2 * sectors:
            price, sign = pi[k + 1 + (u - 2) % sectors], 1.0 if u < 2 + sectors else -1.0
        elif u >= 2 + 2 * sectors:
            price, sign = pi[k + 1 + sectors + u - 2 - 2 * sectors], 1.0
        if left[u] < reach[u] + 1e-12 and (sign * price > 0.0 or left[u] < near):
            row_at[u] = count
            count += 1
    return row_at


@kernel
def block_weight(account: Account, gamma: float, u: int, v: int, security: Integers, entry: Integers) -> float:
    """Return the second derivative of the specific risk in two trades of one security."""
    weight: float = gamma * account.D[security[v]] / SCALE
    return weight if (entry[u] == NONE) == (entry[v] == NONE) else -weight


@kernel
def sparse_hessian(
    account: Account, gamma: float, security: Integers, entry: Integers
) -> tuple[Floats, Integers, Integers]:
    """Return P over [trades, y]: a block of g D per security, signs included, and g on the factors."""
    k = account.y0.shape[0]
    count = security.shape[0]
    size = k
    for v in range(count):
        u = v
        while u >= 0 and security[u] == security[v]:
            size += 1
            u -= 1
    data = np.empty(size)
    rows = np.empty(size, np.int64)
    start = np.empty(count + k + 1, np.int64)
    at = 0
    for v in range(count):
        start[v] = at
        u = v
        while u > 0 and security[u - 1] == security[v]:
            u -= 1
        while u <= v:
            rows[at], data[at] = u, block_weight(account, gamma, u, v, security, entry)
            at += 1
            u += 1
    for j in range(k):
        start[count + j] = at
        rows[at], data[at] = count + j, gamma / SCALE
        at += 1
    start[count + k] = at
    return data, rows, start


@kernel
def dense_hessian(
    account: Account, gamma: float, security: Integers, entry: Integers
) -> tuple[Floats, Integers, Integers]:
    """Return P over the trades alone, the factors multiplied out: g (F F' + D), signs included."""
    k = account.y0.shape[0]
    count = security.shape[0]
    signed = np.empty((k, count))
    for v in range(count):
        sign = 1.0 if entry[v] == NONE else -1.0
        for j in range(k):
            signed[j, v] = sign * account.F[security[v], j]
    data = np.zeros(count * (count + 1) // 2)
    rows = np.empty(data.shape[0], np.int64)
    start = np.empty(count + 1, np.int64)
    at = 0
    for v in range(count):
        start[v] = at
        column = data[at : at + v + 1]
        for j in range(k):
            weight = signed[j, v] * gamma / SCALE
            row = signed[j]
            for u in range(v + 1):
                column[u] += weight * row[u]
        for u in range(v + 1):
            rows[at + u] = u
            if security[u] == security[v]:
                column[u] += block_weight(account, gamma, u, v, security, entry)
        at += v + 1
    start[count] = at
    return data, rows, start


@kernel
def fill_rows(
    account: Account, security: Integers, entry: Integers, row_at: Integers, general: int, factors: int
) -> tuple[Floats, Integers, Integers]:
    """Return A in compressed columns: the factors (if any), the general rows, both bounds of every free trade."""
    count = security.shape[0]
    sectors = (row_at.shape[0] - 4) // 2
    data = np.empty(count * (factors + 8) + factors)
    rows = np.empty(count * (factors + 8) + factors, np.int64)
    start = np.empty(count + factors + 1, np.int64)
    at = 0
    for v in range(count):
        start[v] = at
        sign = 1.0 if entry[v] == NONE else -1.0
        s = account.sector[security[v]]
        for j in range(factors):
            rows[at], data[at] = j, sign * account.F[security[v], j]
            at += 1
        gain = 0.0 if entry[v] == NONE else account.gain[entry[v]]
        for u, value in (
            (0, sign), (1, -sign), (2 + s, sign), (2 + sectors + s, -sign), (2 + 2 * sectors, 1.0),
            (3 + 2 * sectors, gain),
        ):  # fmt: skip
            if row_at[u] != NONE and value != 0.0:
                rows[at], data[at] = factors + row_at[u], value
                at += 1
        rows[at], data[at] = factors + general + v, -1.0
        rows[at + 1], data[at + 1] = factors + general + count + v, 1.0
        at += 2
    for j in range(factors):
        start[count + j] = at
        rows[at], data[at] = j, -1.0
        at += 1
    start[count + factors] = at
    return data[:at], rows[:at], start


@kernel
def build(account: Account, theta: float, free: Free, pi: Floats, near: float) -> Program:
    """Return the program over the free trades of one account; see `choose_rows` for ``pi`` and ``near``.

    Where the trades are few the factors are multiplied out, else they stay variables of their own.
    """
    k = account.y0.shape[0]
    gamma = account.gamma + theta
    x, y, left = fixed_trades(account, free)
    security, entry, cap = list_variables(account, free)
    count = security.shape[0]
    row_at = choose_rows(account, left, security, entry, cap, pi, near)
    general = 0
    for u in range(row_at.shape[0]):
        general = max(general, row_at[u] + 1)
    factors = k if count > 4 * k or count == 0 else 0
    if factors:
        P_data, P_rows, P_start = sparse_hessian(account, gamma, security, entry)
    else:
        P_data, P_rows, P_start = dense_hessian(account, gamma, security, entry)
    A_data, A_rows, A_start = fill_rows(account, security, entry, row_at, general, factors)
    q = np.zeros(count + factors)
    b = np.zeros(factors + general + 2 * count)
    for j in range(factors):
        b[j] = -y[j] * SCALE
    for u in range(row_at.shape[0]):
        if row_at[u] != NONE:
            b[factors + row_at[u]] = left[u] * SCALE
    for v in range(count):
        i = security[v]
        pull = account.D[i] * x[i]
        if not factors:
            for j in range(k):
                pull += account.F[i, j] * y[j]
        q[v] = gamma * pull + account.kappa if entry[v] == NONE else account.cost[entry[v]] - gamma * pull
        b[factors + general + count + v] = cap[v] * SCALE
    return Program(
        P_data, P_rows, P_start, q, A_data, A_rows, A_start, b, security, entry, cap, row_at, general, factors, y, gamma
    )  # fmt: skip


@kernel
def read(
    account: Account, program: Program, free: Free, x: Floats, z: Floats, sale: Floats, bought: Floats, pi: Floats
) -> None:
    """Turn Clarabel's answer into trades within their bounds and into prices."""
    k = account.y0.shape[0]
    sectors = (program.row_at.shape[0] - 4) // 2
    sale[:] = free.fixed_sale
    bought[:] = free.fixed_bought
    pi[:] = 0.0
    for j in range(k):
        pi[j] = z[j] if program.factors else program.gamma * program.y[j]
    for v in range(program.cap.shape[0]):
        if not program.factors:
            trade = program.gamma * x[v] / SCALE if program.entry[v] == NONE else -program.gamma * x[v] / SCALE
            for j in range(k):
                pi[j] += trade * account.F[program.security[v], j]
        amount = x[v] / SCALE
        amount = min(amount, program.cap[v]) if amount > 1e-9 else 0.0
        if program.entry[v] == NONE:
            bought[program.security[v]] = amount
        else:
            sale[program.entry[v]] = amount
    for u in range(program.row_at.shape[0]):
        if program.row_at[u] == NONE:
            continue
        price = max(z[program.factors + program.row_at[u]], 0.0)
        if u == 0:
            pi[k] += price
        elif u == 1:
            pi[k] -= price
        elif u < 2 + sectors:
            pi[k + 1 + u - 2] += price
        elif u < 2 + 2 * sectors:
            pi[k + 1 + u - 2 - sectors] -= price
        else:
            pi[k + 1 + sectors + u - 2 - 2 * sectors] = price


@kernel
def all_free(account: Account, directions: Bytes) -> Free:
    """Return every trade that ``directions`` allow as a variable; undecided disjunctions allow both branches."""
    free = Free(
        np.zeros(account.quantity.shape[0], np.int8),
        np.zeros(account.D.shape[0], np.int8),
        np.zeros(account.quantity.shape[0]),
        np.zeros(account.D.shape[0]),
    )
    for i in range(account.D.shape[0]):
        d = account.disjunction[i]
        direction = directions[d] if d >= 0 else UNDECIDED
        several = d >= 0 and account.member_at[d + 1] - account.member_at[d] > 1
        free.bought[i] = 1 if account.room[i] > 0.0 and direction != SELL else 0
        for entry in range(account.first[i], account.first[i + 1]):
            gains_only = several and not account.loss[entry]
            free.sale[entry] = 1 if direction != BUY or gains_only else 0
    return free


@kernel
def inner_free(account: Account, directions: Bytes, pi: Floats, theta: float, margin: float, out: Response) -> Free:
    """Return as variables the trades that lie inside their bounds at ``pi``, or move with a nudge of cash's price."""
    k = account.y0.shape[0]
    e = account.quantity.shape[0]
    n = account.D.shape[0]
    free = Free(np.zeros(e, np.int8), np.zeros(n, np.int8), np.zeros(e), np.zeros(n))
    sale = np.empty(e)
    bought = np.empty(n)
    dual(account, pi, theta, directions, 0.0, out)
    trades_of(account, directions, out, free.fixed_sale, free.fixed_bought)
    nudged = pi.copy()
    for nudge in (margin, -margin):
        nudged[k] = pi[k] + nudge
        dual(account, nudged, theta, directions, 0.0, out)
        trades_of(account, directions, out, sale, bought)
        mark_moved(account, sale, bought, 0.0, free)
    for i in range(n):
        if 0.0 < free.fixed_bought[i] < account.room[i]:
            free.bought[i] = 1
        if free.bought[i]:
            free.fixed_bought[i] = 0.0
    for entry in range(e):
        if 0.0 < free.fixed_sale[entry] < account.quantity[entry]:
            free.sale[entry] = 1
        if free.sale[entry]:
            free.fixed_sale[entry] = 0.0
    return free


@kernel
def mark_moved(account: Account, sale: Floats, bought: Floats, least: float, free: Free) -> int:
    """Free every fixed trade whose answer ``sale``, ``bought`` differs by more than ``least``; return how many."""
    count = 0
    for i in range(bought.shape[0]):
        if not free.bought[i] and abs(bought[i] - free.fixed_bought[i]) > least:
            free.bought[i] = 1
            count += 1
    for entry in range(sale.shape[0]):
        if not free.sale[entry] and abs(sale[entry] - free.fixed_sale[entry]) > least:
            free.sale[entry] = 1
            count += 1
    return count
