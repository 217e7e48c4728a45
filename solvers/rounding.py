"""From continuous trades to orders in the account's share step, compiled and deterministic.

Sales of a whole lot keep the exact lot; everything else is cut to the step below. Orders under the minimum trade are
dropped. Then steps are added or taken back one move at a time: while a limit is broken, the move that mends it at the
least loss of objective per unit mended; afterwards the move that gains most, the lowest security first among equals.

Limits are kept with `MARGIN` to spare, so that exact money agrees (`solvers.orders`). Sublots of one lot leave in
position order. Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.arrays import ABSENT, BUY, UNDECIDED, Account, Book, Bytes, Floats, Integers
from solvers.compiling import kernel
from solvers.dual import account_of
from solvers.orders import objective_of, result_of
from solvers.prepare import Tables, tax_of

MARGIN = 1e-9
MOVE_MIN = 2e-5
"""A single move spends at least this much of a breach (fraction of the account), or one step."""
GAIN_MIN = 1e-9
"""Smallest improvement, fraction of the account, worth a move."""
MOVES_MAX = 600
BROKEN_WEIGHT = 10.0
GAIN_WEIGHT = 100.0
SECTOR_WEIGHT = 2.0
"""A sector's row counts for more than cash: it may be mended at cash's expense, and cash then with any other name."""
FULL = 1e-9
"""A lot of which less than this fraction of the account would stay is sold whole."""


class Chains(NamedTuple):
    """The account's custodian lots that can be sold; each a run of sublots sold in position order."""

    first: Integers
    """(c,) first lot row."""
    capacity: Integers
    """Micro-shares that may be sold."""
    whole: Bytes
    """1 where the capacity is the entire lot, which may be sold exactly."""
    security: Integers
    sold: Integers
    """Micro-shares, the state that moves change."""
    tax_low: Floats
    tax_high: Floats
    """Least and most tax per unit of the chain's sublots."""
    begin: int
    """First lot row of the account."""
    lot_shares: Integers
    lot_tax: Floats
    lot_gain: Floats
    """(lots,) of the account: micro-shares, tax and gain per unit."""


class State(NamedTuple):
    """Orders as they stand, and the sums that moves keep up to date."""

    unit: Floats
    """(n,) weight of one micro-share."""
    bought: Integers
    """(n,) micro-shares."""
    sold: Floats
    """(n,) weight sold."""
    y: Floats
    x: Floats
    left: Floats
    """What is left of r; negative where broken."""


class Terms(NamedTuple):
    """What every move of an account is measured by; few numbers, because they are handed over for every move."""

    step: int
    least: float
    """Weight of the smallest order."""
    kappa: float
    gamma: float
    te2_max: float
    te2: float
    """As it stands."""
    missing: float
    """Sum of all rows' shortfalls."""
    banded: bool


class Move(NamedTuple):
    """A change of one order."""

    score: float
    security: int
    chain: int
    """-1 for a purchase."""
    shares: int
    """Signed micro-shares."""


@kernel
def chain_shares(
    tables: Tables, a: int, account: Account, first_lot: Integers, last_lot: Integers, sale: Floats, directions: Bytes
) -> tuple[Chains, Floats]:
    """Return the account's chains, none sold yet, and the micro-shares that the trades ``sale`` (e,) ask of each."""
    lots = (tables.lot_start[a], tables.lot_start[a + 1])
    place = np.full(lots[1] - lots[0], -1, np.int64)
    count = 0
    for lot in range(lots[0], lots[1]):
        if lot == lots[0] or not tables.same_lot[lot]:
            count += 1
        place[lot - lots[0]] = count - 1
    chains = Chains(
        np.full(count, -1, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int8),
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.full(count, np.inf), np.full(count, -np.inf),
        lots[0], tables.lot_shares[lots[0] : lots[1]], np.zeros(lots[1] - lots[0]), np.zeros(lots[1] - lots[0]),
    )  # fmt: skip
    entire = np.zeros(count, np.int64)
    wanted = np.zeros(count)
    for lot in range(lots[0], lots[1]):
        c = place[lot - lots[0]]
        if chains.first[c] < 0:
            chains.first[c] = lot
            chains.security[c] = tables.lot_security[lot]
        entire[c] += tables.lot_shares[lot]
        tax, gain, _, _ = tax_of(tables, a, lot)
        chains.lot_tax[lot - lots[0]], chains.lot_gain[lot - lots[0]] = tax, gain
        chains.tax_low[c] = min(chains.tax_low[c], tax)
        chains.tax_high[c] = max(chains.tax_high[c], tax)
    for i in range(account.D.shape[0]):
        d = account.disjunction[i]
        direction = directions[d] if d >= 0 else UNDECIDED
        for entry in range(account.first[i], account.first[i + 1]):
            if direction == BUY and account.loss[entry]:
                continue
            c = place[first_lot[entry] - lots[0]]
            shares = 0
            for lot in range(first_lot[entry], last_lot[entry] + 1):
                shares += tables.lot_shares[lot]
            chains.capacity[c] += shares
            wanted[c] += sale[entry] / account.quantity[entry] * shares
    for c in range(count):
        chains.whole[c] = 1 if chains.capacity[c] == entire[c] else 0
    return chains, wanted


@kernel
def cut(wanted: float, step: int) -> int:
    """Return the largest multiple of ``step`` that is not more than ``wanted``, a millionth of a step forgiven."""
    return int(np.floor(wanted / step + 1e-6)) * step


@kernel
def start(tables: Tables, a: int, account: Account, chains: Chains, wanted: Floats, bought: Floats) -> State:
    """Return the orders cut to the share step, small ones dropped."""
    n = account.D.shape[0]
    step = tables.share_step[a]
    nav = float(tables.nav[a])
    least = float(tables.min_trade[a]) / nav
    state = State(
        np.zeros(n), np.zeros(n, np.int64), np.zeros(n), account.y0.copy(), account.x0.copy(), account.r.copy()
    )
    for i in range(n):
        state.unit[i] = float(tables.price[i]) * 1e-6 / nav
        if bought[i] > 0.0:
            state.bought[i] = cut(min(bought[i], account.room[i]) / state.unit[i], step)
            if state.bought[i] * state.unit[i] < least:
                state.bought[i] = 0
    total = np.zeros(n)
    for c in range(chains.sold.shape[0]):
        unit = state.unit[chains.security[c]]
        rest = chains.capacity[c] - wanted[c]
        if wanted[c] > 0.0 and (rest < step or rest * unit < FULL):
            chains.sold[c] = chains.capacity[c] if chains.whole[c] else cut(float(chains.capacity[c]), step)
        elif wanted[c] > 0.0:
            chains.sold[c] = cut(wanted[c], step)
        total[chains.security[c]] += chains.sold[c] * unit
    for c in range(chains.sold.shape[0]):
        if total[chains.security[c]] < least:
            chains.sold[c] = 0
    for c in range(chains.sold.shape[0]):
        if chains.sold[c] > 0:
            apply(account, state, Move(0.0, chains.security[c], c, chains.sold[c]), chains, False)
    for i in range(n):
        if state.bought[i] > 0:
            apply(account, state, Move(0.0, i, -1, state.bought[i]), chains, False)
    return state


@kernel
def gain_between(
    lot: int, unit: float, before: int, after: int, shares: Integers, taxes: Floats, gains: Floats
) -> tuple[float, float]:
    """Return (tax, gain) of moving a chain's sales from ``before`` to ``after`` micro-shares, as weights.

    ``lot`` is the chain's first lot, counted from the account's first as the arrays are; ``unit`` the weight of one
    micro-share.
    """
    sign = 1.0 if after >= before else -1.0
    low, high = min(before, after), max(before, after)
    tax = gain = 0.0
    position = 0
    while position < high:
        end = position + shares[lot]
        part = min(end, high) - max(position, low)
        if part > 0:
            tax += taxes[lot] * (part * unit)
            gain += gains[lot] * (part * unit)
        position = end
        lot += 1
    return sign * tax, sign * gain


@kernel
def apply(account: Account, state: State, move: Move, chains: Chains, count: bool) -> None:
    """Keep the sums up to date with a move; ``count`` also books its shares."""
    i = move.security
    k = state.y.shape[0]
    sectors = (state.left.shape[0] - 4) // 2 - k
    amount = move.shares * state.unit[i]
    trade = amount if move.chain < 0 else -amount
    if move.chain >= 0:
        state.sold[i] += amount
        if state.sold[i] < 0.5 * state.unit[i]:
            state.sold[i] = 0.0
        before = chains.sold[move.chain] if count else 0
        _, gain = gain_between(
            chains.first[move.chain] - chains.begin, state.unit[i], before, before + move.shares, chains.lot_shares,
            chains.lot_tax, chains.lot_gain,
        )  # fmt: skip
        state.left[3 + 2 * sectors] -= gain
        if count:
            chains.sold[move.chain] += move.shares
    elif count:
        state.bought[i] += move.shares
    state.x[i] += trade
    for j in range(k):
        state.y[j] += account.F[i, j] * trade
    if account.banded:
        for j in range(k):
            state.left[4 + 2 * sectors + j] -= account.F[i, j] * trade
            state.left[4 + 2 * sectors + k + j] += account.F[i, j] * trade
    state.left[0] -= trade
    state.left[1] += trade
    state.left[2 + account.sector[i]] -= trade
    state.left[2 + sectors + account.sector[i]] += trade
    state.left[2 + 2 * sectors] -= amount


@kernel
def short_of(left: float) -> float:
    """Return how badly a row falls short of its margin; beyond the limit itself it counts for more."""
    if left >= 0.5 * ABSENT:
        return 0.0
    return max(MARGIN - left, 0.0) + BROKEN_WEIGHT * max(-left, 0.0)


@kernel
def shortfall(left: Floats, factors: int) -> float:
    """Return the sum of all rows' shortfalls; gains per dollar sold are small, so that row is weighted up."""
    total = 0.0
    gain = left.shape[0] - 2 * factors - 1
    for u in range(left.shape[0]):
        weight = GAIN_WEIGHT if u == gain else (SECTOR_WEIGHT if 2 <= u < gain - 1 else 1.0)
        total += short_of(left[u]) * weight
    return total


@kernel
def factors_mended(F: Floats, left: Floats, i: int, trade: float) -> float:
    """Return by how much the factor bands' shortfall falls when security ``i`` is traded."""
    k = F.shape[1]
    high = left.shape[0] - 2 * k
    total = 0.0
    for j in range(k):
        change = F[i, j] * trade
        total += short_of(left[high + j]) - short_of(left[high + j] - change)
        total += short_of(left[high + k + j]) - short_of(left[high + k + j] + change)
    return total


@kernel
def mended(left: Floats, factors: int, sector: int, trade: float, amount: float, gain: float) -> float:
    """Return by how much the shortfall falls when a trade adds ``amount`` to turnover and ``gain`` to gains."""
    rows = left.shape[0] - 2 * factors
    sectors = (rows - 4) // 2
    total = short_of(left[0]) - short_of(left[0] - trade)
    total += short_of(left[1]) - short_of(left[1] + trade)
    high, low = left[2 + sector], left[2 + sectors + sector]
    total += SECTOR_WEIGHT * (short_of(high) - short_of(high - trade) + short_of(low) - short_of(low + trade))
    total += short_of(left[rows - 2]) - short_of(left[rows - 2] - amount)
    return total + GAIN_WEIGHT * (short_of(left[rows - 1]) - short_of(left[rows - 1] - gain))


@kernel
def squared_tracking_error(account: Account, state: State) -> float:
    """Return the squared tracking error of the orders as they stand."""
    total = 0.0
    for j in range(state.y.shape[0]):
        total += state.y[j] * state.y[j]
    for i in range(state.x.shape[0]):
        total += account.D[i] * state.x[i] * state.x[i]
    return total


@kernel
def tracking_left(te2_max: float, te2: float) -> float:
    """Return what is left of the tracking-error cap, as a row of r."""
    return ABSENT if te2_max >= ABSENT else 0.5 * (te2_max - te2) / np.sqrt(te2_max)


@kernel
def tracking_mended(terms: Terms, pull: float, curve: float, trade: float) -> float:
    """Return by how much a trade mends the tracking-error cap."""
    if terms.te2_max >= ABSENT:
        return 0.0
    after = terms.te2 + (2.0 * pull + curve * trade) * trade / terms.gamma
    return short_of(tracking_left(terms.te2_max, terms.te2)) - short_of(tracking_left(terms.te2_max, after))


@kernel
def steps_of(wanted: float, unit: float, step: int) -> int:
    """Return a number of micro-shares, whole steps and at least one, worth about ``wanted``."""
    return max(int(np.floor(wanted / (unit * step))), 1) * step


@kernel
def best_move(tables: Tables, a: int, account: Account, state: State, chains: Chains, directions: Bytes) -> Move:
    """Return the best move, its ``score`` positive; a score of zero means that none helps.

    A broken limit is mended with the orders that exist; only where none of them helps does a new one come in.
    """
    F, D, sector, room, disjunction = account.F, account.D, account.sector, account.room, account.disjunction
    x, y, sold, bought, unit, left = state.x, state.y, state.sold, state.bought, state.unit, state.left
    security, capacity, chain_sold, first, whole = (
        chains.security, chains.capacity, chains.sold, chains.first, chains.whole,
    )  # fmt: skip
    low, high, shares, taxes, gains = (
        chains.tax_low, chains.tax_high, chains.lot_shares, chains.lot_tax, chains.lot_gain,
    )  # fmt: skip
    terms = terms_of(tables, a, account, state)
    n = D.shape[0]
    pull, curve = np.empty(n), np.empty(n)
    for i in range(n):
        slope = D[i] * x[i]
        bend = D[i]
        for j in range(y.shape[0]):
            slope += F[i, j] * y[j]
            bend += F[i, j] * F[i, j]
        pull[i] = account.gamma * slope
        curve[i] = account.gamma * bend
    best = Move(0.0, -1, -1, 0)
    for new_orders in (False, True):
        if new_orders and (terms.missing <= 0.0 or best.score > 0.0):
            break
        for i in range(n):
            d = disjunction[i]
            if room[i] <= 0.0 or sold[i] > 0.0 or (d >= 0 and directions[d] != BUY):
                continue
            if terms.missing > 0.0 and (bought[i] > 0) == new_orders:
                continue
            for way in (1, -1):
                if terms.missing > 0.0 or promises(way * (pull[i] + terms.kappa), curve[i]):
                    best = try_purchase(
                        terms, i, way, unit[i], room[i], bought[i], pull[i], curve[i], sector[i], left, F, best
                    )
        for c in range(capacity.shape[0]):
            i = security[c]
            if capacity[c] == 0 or bought[i] > 0:
                continue
            if terms.missing > 0.0 and (chain_sold[c] > 0) == new_orders:
                continue
            for way in (1, -1):
                tax = low[c] if way > 0 else high[c]
                if terms.missing > 0.0 or promises(way * (tax + terms.kappa - pull[i]), curve[i]):
                    after = next_sale(terms, way, unit[i], chain_sold[c], capacity[c], whole[c] == 1, sold[i])
                    if after == chain_sold[c]:
                        continue
                    tax, gain = gain_between(
                        first[c] - chains.begin, unit[i], chain_sold[c], after, shares, taxes, gains
                    )
                    amount = (after - chain_sold[c]) * unit[i]
                    worse = tax + (terms.kappa - pull[i]) * amount + 0.5 * curve[i] * amount * amount
                    mends = mended(left, F.shape[1], sector[i], -amount, amount, gain)
                    if terms.banded:
                        mends += factors_mended(F, left, i, -amount)
                    mends += tracking_mended(terms, pull[i], curve[i], -amount)
                    score = score_of(terms.missing, mends, worse, abs(amount))
                    if score > best.score:
                        best = Move(score, i, c, after - chain_sold[c])
    return best


@kernel
def terms_of(tables: Tables, a: int, account: Account, state: State) -> Terms:
    """Return what moves are measured by as the orders stand."""
    te2 = squared_tracking_error(account, state)
    return Terms(
        tables.share_step[a],
        float(tables.min_trade[a]) / float(tables.nav[a]),
        account.kappa,
        account.gamma,
        account.te2,
        te2,
        shortfall(state.left, state.y.shape[0]) + short_of(tracking_left(account.te2, te2)),
        account.banded,
    )


@kernel
def promises(slope: float, curve: float) -> bool:
    """Return whether a move with this slope and curvature can gain `GAIN_MIN` at all."""
    return slope < 0.0 and 0.5 * slope * slope / curve > GAIN_MIN


@kernel
def score_of(missing: float, mends: float, worse: float, amount: float) -> float:
    """Return a move's score: gain of objective when all limits hold, else cheapness of mending."""
    if missing <= 0.0:
        return -worse if mends >= 0.0 and worse < -GAIN_MIN else 0.0
    if mends <= 1e-6 * amount:
        return 0.0
    return 1.0 / (1.0 + float(np.exp(min(max(worse / mends, -40.0), 40.0))))


@kernel
def move_size(missing: float) -> float:
    """Return the weight that one move may spend on mending."""
    return max(MOVE_MIN, missing / 16.0) if missing > MOVE_MIN else missing


@kernel
def try_purchase(
    terms: Terms, i: int, way: int, unit: float, room: float, now: int, pull: float, curve: float, sector: int,
    left: Floats, F: Floats, best: Move,
) -> Move:  # fmt: skip
    """Return the better of ``best`` and buying more (``way`` 1) or less (-1) of security ``i``."""
    step = terms.step
    slope = way * (pull + terms.kappa)
    wanted = move_size(terms.missing) if terms.missing > 0.0 else -slope / curve
    shares = steps_of(wanted, unit, step)
    if way > 0:
        shares = min(shares, cut(room / unit, step) - now)
        if (now + shares) * unit < terms.least:
            shares = int(np.ceil(terms.least / (unit * step))) * step - now
        if shares <= 0 or (now + shares) * unit > room:
            return best
    else:
        shares = min(shares, now)
        if (now - shares) * unit < terms.least:
            shares = now
        if shares <= 0:
            return best
    amount = shares * unit
    trade = way * amount
    mends = mended(left, F.shape[1], sector, trade, trade, 0.0)
    if terms.banded:
        mends += factors_mended(F, left, i, trade)
    mends += tracking_mended(terms, pull, curve, trade)
    score = score_of(terms.missing, mends, slope * amount + 0.5 * curve * amount * amount, amount)
    return Move(score, i, -1, way * shares) if score > best.score else best


@kernel
def next_sale(terms: Terms, way: int, unit: float, now: int, capacity: int, whole: bool, sold: float) -> int:
    """Return a chain's sales after selling more (``way`` 1) or less (-1) of it; as they are where that may not be.

    ``sold`` is the weight sold of its security.
    """
    step = terms.step
    top = capacity if whole else cut(float(capacity), step)
    if (way > 0 and now >= top) or (way < 0 and now == 0):
        return now
    steps = steps_of(move_size(terms.missing) if terms.missing > 0.0 else MOVE_MIN, unit, step)
    if way > 0:
        after = now + steps
        if sold + steps * unit < terms.least:
            after = now + int(np.ceil((terms.least - sold) / (unit * step))) * step
        after = top if after >= top else cut(float(after), step)
    elif now % step == 0:
        after = max(now - steps, 0)
    else:
        after = cut(float(now), step)
    rest = sold + (after - now) * unit
    if 1e-15 < rest < terms.least:
        return now if way > 0 or sold > now * unit + 1e-15 else 0
    return after


@kernel
def round_trades(
    tables: Tables, a: int, account: Account, first_lot: Integers, last_lot: Integers, directions: Bytes,
    sale: Floats, bought: Floats,
) -> tuple[Integers, Integers]:  # fmt: skip
    """Return (micro-shares sold per lot of the account, micro-shares bought per security)."""
    chains, wanted = chain_shares(tables, a, account, first_lot, last_lot, sale, directions)
    state = start(tables, a, account, chains, wanted, bought)
    for _ in range(MOVES_MAX):
        move = best_move(tables, a, account, state, chains, directions)
        if move.score <= 0.0:
            break
        apply(account, state, move, chains, True)
    return sublots_sold(tables, a, chains), state.bought


@kernel
def sublots_sold(tables: Tables, a: int, chains: Chains) -> Integers:
    """Return micro-shares sold per lot row, each chain's sublots in position order."""
    first = tables.lot_start[a]
    sold = np.zeros(tables.lot_start[a + 1] - first, np.int64)
    for c in range(chains.sold.shape[0]):
        rest = chains.sold[c]
        lot = chains.first[c]
        while rest > 0:
            part = min(rest, tables.lot_shares[lot])
            sold[lot - first] = part
            rest -= part
            lot += 1
    return sold


@kernel
def lot_weights(tables: Tables, a: int, first_lot: Integers, last_lot: Integers, sale: Floats) -> Floats:
    """Return the weight sold per lot of the account when each custodian lot's sales leave in position order."""
    begin = tables.lot_start[a]
    count = tables.lot_start[a + 1] - begin
    head = np.zeros(count, np.int64)
    for at in range(count):
        head[at] = head[at - 1] if at > 0 and tables.same_lot[begin + at] else at
    asked = np.zeros(count)
    for entry in range(sale.shape[0]):
        asked[head[first_lot[entry] - begin]] += sale[entry]
    sold = np.zeros(count)
    for at in range(count):
        rest = asked[head[at]]
        if rest > 0.0:
            weight = tax_of(tables, a, begin + at)[3]
            last = at + 1 == count or not tables.same_lot[begin + at + 1]
            sold[at] = rest if last else min(rest, weight)
            asked[head[at]] -= sold[at]
    return sold


class Rounded(NamedTuple):
    """Orders of a block of accounts, and what they amount to."""

    continuous: Floats
    """(A,) objective before rounding, every sublot at its own tax."""
    sold: Integers
    """By lot: those of account a begin at ``book.entry_at[a]``."""
    bought: Integers
    """(A, n)"""
    objective: Floats
    te2: Floats
    turnover: Floats
    cash_after: Integers
    net_gain: Integers
    broken: Integers


@kernel
def round_block(
    tables: Tables, rows: Integers, book: Book, directions: Bytes, wanted: Bytes, sale: Floats, bought: Floats
) -> Rounded:
    """Round the trades of the accounts flagged in ``wanted`` (A,) and judge their orders."""
    count = rows.shape[0]
    out = Rounded(
        np.full(count, np.nan), np.zeros(book.quantity.shape[0], np.int64), np.zeros(book.x0.shape, np.int64),
        np.full(count, np.nan), np.full(count, np.nan), np.zeros(count),
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64),
    )  # fmt: skip
    for at in range(count):
        if not wanted[at]:
            continue
        a = rows[at]
        account = account_of(book, at)
        lo, hi = book.entry_at[at], book.entry_at[at] + account.quantity.shape[0]
        first_lot, last_lot = book.first_lot[lo:hi], book.last_lot[lo:hi]
        lots = lot_weights(tables, a, first_lot, last_lot, sale[lo:hi])
        out.continuous[at] = objective_of(tables, a, account.x0, lots, bought[at])[0]
        chosen = directions[at, : book.disjunctions[at]]
        sold, buys = round_trades(tables, a, account, first_lot, last_lot, chosen, sale[lo:hi], bought[at])
        out.sold[lo : book.entry_at[at + 1]] = sold
        out.bought[at] = buys
        result = result_of(tables, a, account.x0, sold, buys)
        out.objective[at], out.te2[at], out.turnover[at] = result.objective, result.te2, result.turnover
        out.cash_after[at], out.net_gain[at], out.broken[at] = result.cash_after, result.net_gain, result.broken
    return out
