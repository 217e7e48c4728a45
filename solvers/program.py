"""The quadratic program that Clarabel sees: the variables left free, the others at their bounds; compiled.

    minimise   1/2 z'Pz + q'z    subject to   A z + s = b,   s in {0}^k x R_+^m

with z = [free trades by security, y]: a sale entry has sign -1, a purchase +1. The first k rows say y = F'x; then the
rows of r that the free trades could reach, factor bands on y itself; then z >= 0 and z <= what is there. With few free
trades and no factor band near y is multiplied out and its rows are gone. Around a good guess a limit that binds there
at a price is an equality, and limits and bounds that are not near wait: whether they were rightly left out is for the
certificate to say, computed over all of them. Variables and objective are scaled by ``SCALE`` so that the solver's
tolerances mean what they say. P is the upper triangle: Clarabel takes a lower one in silence and answers wrongly.

Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import ABSENT, BUY, SELL, UNDECIDED, Account, Bytes, Floats, Integers, Response
from solvers.compiling import kernel
from solvers.dual import dual, inside_band, trades_of

SCALE = 100.0
TRADE_MIN = 1e-9
"""A trade of an answer below this fraction of net asset value is none."""
NONE = -1


class Nearness(NamedTuple):
    """What of an account's limits and bounds a program around a guess contains."""

    near: float
    """Limits without a price, and bounds, with more than this left at the guess stay out; ``ABSENT`` takes all in."""
    priced: float
    """A limit that binds at the guess and whose price there is above this is an equality."""


EVERYTHING = Nearness(near=ABSENT, priced=ABSENT)


class Free(NamedTuple):
    """Which trades of one account are variables, what the others are fixed at (0 where free), and the guess."""

    sale: Bytes
    bought: Bytes
    fixed_sale: Floats
    fixed_bought: Floats
    guess_sale: Floats
    guess_bought: Floats
    """Of all trades, free or not."""


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
    """(rows of r,) place among the general rows, equalities first, or -1 where it cannot bind."""
    equal: int
    """How many of the general rows are equalities."""
    factors: int
    """How many rows, and variables, are factors: k, or 0 where they are multiplied out."""
    y: Floats
    """(k,) of the fixed trades."""
    gamma: float


@kernel
def fixed_trades(account: Account, free: Free) -> tuple[Floats, Floats, Floats]:
    """Return x (n,), y (k,) and what is left of r with the fixed trades done and the free ones at zero."""
    n, k = account.F.shape
    sectors = (account.r.shape[0] - 4) // 2 - k
    bands = 4 + 2 * sectors
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
    if account.banded:
        for j in range(k):
            left[bands + j] -= y[j] - account.y0[j]
            left[bands + k + j] += y[j] - account.y0[j]
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
def price_of(account: Account, pi: Floats, gamma: float, u: int) -> float:
    """Return the price of row ``u`` of r at ``pi``, positive where the row pushes back.

    A factor band's is what its lambda exceeds the pull of the exposure at the band by.
    """
    k = account.y0.shape[0]
    sectors = (account.r.shape[0] - 4) // 2 - k
    bands = 4 + 2 * sectors
    if u >= bands:
        j = (u - bands) % k
        pulled = pi[j] - gamma * inside_band(account.r, account.y0, j, pi[j] / gamma)
        return float(pulled) if u < bands + k else -float(pulled)
    if u < 2:
        return float(pi[k]) if u == 0 else -float(pi[k])
    if u < 2 + 2 * sectors:
        price = float(pi[k + 1 + (u - 2) % sectors])
        return price if u < 2 + sectors else -price
    return float(pi[k + 1 + sectors + u - 2 - 2 * sectors])


@kernel
def choose_rows(
    account: Account, left: Floats, security: Integers, entry: Integers, cap: Floats, guess: Floats, pi: Floats,
    gamma: float, nearness: Nearness,
) -> tuple[Integers, int, int]:  # fmt: skip
    """Return where each row of r goes among the general rows, how many are equalities, and how many there are.

    -1 for a row that the free trades cannot reach, that is not near, or of a limit that is none: however far the trades
    reach, its price would be float dust times a million. ``left`` is what the fixed trades leave.
    """
    k = account.y0.shape[0]
    sectors = (account.r.shape[0] - 4) // 2 - k
    bands = 4 + 2 * sectors
    rows = left.shape[0] if account.banded else bands
    reach, use, touched = np.zeros(rows), np.zeros(rows), np.zeros(rows, np.int8)
    for v in range(cap.shape[0]):
        s = account.sector[security[v]]
        sign = 1.0 if entry[v] == NONE else -1.0
        gain = 0.0 if entry[v] == NONE else account.gain[entry[v]]
        for u, value in (
            (0, sign), (1, -sign), (2 + s, sign), (2 + sectors + s, -sign), (bands - 2, 1.0), (bands - 1, gain),
        ):  # fmt: skip
            reach[u] += max(value, 0.0) * cap[v]
            use[u] += value * guess[v]
            touched[u] = 1 if value != 0.0 else touched[u]
        if account.banded:
            for j in range(k):
                value = sign * account.F[security[v], j]
                for u in (bands + j, bands + k + j):
                    reach[u] += abs(value) * cap[v]
                    use[u] += value * guess[v]
                    touched[u] = 1 if value != 0.0 else touched[u]
                    value = -value
    row_at = np.full(left.shape[0], NONE, np.int64)
    equal = 0
    for u in range(rows):
        binds = abs(left[u] - use[u]) < nearness.near and price_of(account, pi, gamma, u) > nearness.priced
        if binds and touched[u] and account.r[u] < ABSENT:
            row_at[u] = equal
            equal += 1
    general = equal
    for u in range(rows):
        is_wanted = price_of(account, pi, gamma, u) > 0.0 or left[u] - use[u] < nearness.near
        if row_at[u] == NONE and left[u] < reach[u] + 1e-12 and is_wanted and account.r[u] < ABSENT:
            row_at[u] = general
            general += 1
    return row_at, equal, general


@kernel
def choose_bounds(cap: Floats, guess: Floats, near: float, first: int) -> tuple[Integers, Integers, int]:
    """Return the rows of each variable's lower and upper bound, counted from ``first``, -1 where not near; the next."""
    low_at, high_at = np.full(cap.shape[0], NONE, np.int64), np.full(cap.shape[0], NONE, np.int64)
    at = first
    for v in range(cap.shape[0]):
        if guess[v] < near:
            low_at[v] = at
            at += 1
    for v in range(cap.shape[0]):
        if cap[v] - guess[v] < near:
            high_at[v] = at
            at += 1
    return low_at, high_at, at


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
    account: Account, security: Integers, entry: Integers, row_at: Integers, equal: int, factors: int,
    low_at: Integers, high_at: Integers,
) -> tuple[Floats, Integers, Integers]:  # fmt: skip
    """Return A in compressed columns: the factors (if any), the general rows, bounds of the free trades."""
    count = security.shape[0]
    k = account.y0.shape[0]
    sectors = (row_at.shape[0] - 4) // 2 - k
    bands = 4 + 2 * sectors
    data = np.empty(count * (factors + 8) + 3 * factors)
    rows = np.empty(count * (factors + 8) + 3 * factors, np.int64)
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
        for equalities in (True, False):
            for u, value in (
                (0, sign), (1, -sign), (2 + s, sign), (2 + sectors + s, -sign), (bands - 2, 1.0), (bands - 1, gain),
            ):  # fmt: skip
                if row_at[u] != NONE and value != 0.0 and (row_at[u] < equal) == equalities:
                    rows[at], data[at] = factors + row_at[u], value
                    at += 1
        if low_at[v] != NONE:
            rows[at], data[at] = low_at[v], -1.0
            at += 1
        if high_at[v] != NONE:
            rows[at], data[at] = high_at[v], 1.0
            at += 1
    for j in range(factors):
        start[count + j] = at
        rows[at], data[at] = j, -1.0
        at += 1
        high, low = row_at[bands + j], row_at[bands + k + j]
        for row in (min(high, low), max(high, low)):
            if row != NONE:
                rows[at], data[at] = factors + row, 1.0 if row == high else -1.0
                at += 1
    start[count + factors] = at
    return data[:at], rows[:at], start


@kernel
def build(account: Account, theta: float, free: Free, pi: Floats, nearness: Nearness) -> Program:
    """Return the program over the free trades of one account, around its guess and the guessed prices ``pi``.

    Where the trades are few the factors are multiplied out, else, and where a factor band is near, they stay variables.
    """
    k = account.y0.shape[0]
    gamma = account.gamma + theta
    x, y, left = fixed_trades(account, free)
    security, entry, cap = list_variables(account, free)
    count = security.shape[0]
    guess = np.empty(count)
    for v in range(count):
        guess[v] = free.guess_bought[security[v]] if entry[v] == NONE else free.guess_sale[entry[v]]
    row_at, equal, general = choose_rows(account, left, security, entry, cap, guess, pi, gamma, nearness)
    has_bands = bool((row_at[row_at.shape[0] - 2 * k :] != NONE).any())
    factors = k if count > k or count == 0 or has_bands else 0
    low_at, high_at, height = choose_bounds(cap, guess, nearness.near, factors + general)
    if factors:
        P_data, P_rows, P_start = sparse_hessian(account, gamma, security, entry)
    else:
        P_data, P_rows, P_start = dense_hessian(account, gamma, security, entry)
    A_data, A_rows, A_start = fill_rows(account, security, entry, row_at, equal, factors, low_at, high_at)
    q = np.zeros(count + factors)
    b = np.zeros(height)
    for j in range(factors):
        b[j] = -y[j] * SCALE
    for u in range(row_at.shape[0]):
        if row_at[u] != NONE:
            b[factors + row_at[u]] = left[u] * SCALE
    if account.banded:
        bands = row_at.shape[0] - 2 * k
        for j in range(k):
            if row_at[bands + j] != NONE:
                b[factors + row_at[bands + j]] += y[j] * SCALE
            if row_at[bands + k + j] != NONE:
                b[factors + row_at[bands + k + j]] -= y[j] * SCALE
    for v in range(count):
        i = security[v]
        pull = account.D[i] * x[i]
        if not factors:
            for j in range(k):
                pull += account.F[i, j] * y[j]
        q[v] = gamma * pull + account.kappa if entry[v] == NONE else account.cost[entry[v]] - gamma * pull
        if high_at[v] != NONE:
            b[high_at[v]] = cap[v] * SCALE
    return Program(
        P_data, P_rows, P_start, q, A_data, A_rows, A_start, b, security, entry, cap, row_at, equal, factors, y, gamma
    )  # fmt: skip


@kernel
def offset(account: Account, sale: Floats, bought: Floats) -> None:
    """Take out of the trades what of a security is both bought and sold, the dearest sales first.

    The active weight stays; turnover, costs and realised gains only fall. Where trading costs nothing, nothing else
    keeps a solver from it.
    """
    for i in range(bought.shape[0]):
        entry = account.first[i + 1]
        while bought[i] > 0.0 and entry > account.first[i]:
            entry -= 1
            amount = min(sale[entry], bought[i])
            if amount > 0.0:
                sale[entry] = sale[entry] - amount if sale[entry] - amount > TRADE_MIN else 0.0
                bought[i] = bought[i] - amount if bought[i] - amount > TRADE_MIN else 0.0


@kernel
def read(
    account: Account, program: Program, free: Free, x: Floats, z: Floats, sale: Floats, bought: Floats, pi: Floats
) -> None:
    """Turn Clarabel's answer into trades within their bounds and into prices."""
    k = account.y0.shape[0]
    sectors = (program.row_at.shape[0] - 4) // 2 - k
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
        amount = min(amount, program.cap[v]) if amount > TRADE_MIN else 0.0
        if program.entry[v] == NONE:
            bought[program.security[v]] = amount
        else:
            sale[program.entry[v]] = amount
    offset(account, sale, bought)
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
        elif u < 4 + 2 * sectors:
            pi[k + 1 + sectors + u - 2 - 2 * sectors] = price


@kernel
def all_free(account: Account, directions: Bytes) -> Free:
    """Return every trade that ``directions`` allow as a variable; undecided disjunctions allow both branches."""
    free = Free(
        np.zeros(account.quantity.shape[0], np.int8),
        np.zeros(account.D.shape[0], np.int8),
        np.zeros(account.quantity.shape[0]),
        np.zeros(account.D.shape[0]),
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
    free = Free(np.zeros(e, np.int8), np.zeros(n, np.int8), np.zeros(e), np.zeros(n), np.zeros(e), np.zeros(n))
    sale = np.empty(e)
    bought = np.empty(n)
    dual(account, pi, theta, directions, 0.0, out)
    trades_of(account, directions, out, free.fixed_sale, free.fixed_bought)
    free.guess_sale[:] = free.fixed_sale
    free.guess_bought[:] = free.fixed_bought
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
