"""The Lagrangian dual of one account in closed form, and the objective of given trades: compiled, bit-repeatable.

For prices pi (symbols: `solvers.arrays`) every security answers by itself: sell entries in ascending cost until the
marginal one is worth more than its price, or buy until the room is used. The sum of these answers' values is a lower
bound of the account's optimum for ANY prices; at a disjunction it takes the smaller of its two branches, so the bound
holds for the non-convex problem (`docs/model.md`, section 2).

Compiled without fast-math and without BLAS: the order of every sum is written here, so the bits do not depend on
the shard, the thread or the processor.
"""

from __future__ import annotations

import numpy as np

from solvers.arrays import ABSENT, BUY, SELL, UNDECIDED, Account, Book, Bytes, Floats, Integers, Response
from solvers.compiling import inlined_kernel, kernel


@kernel
def account_of(book: Book, a: int) -> Account:
    """Return account ``a`` of the book as views."""
    lo = book.entry_at[a]
    hi = lo + book.first[a, -1]
    d = book.disjunctions[a]
    return Account(
        book.F,
        book.FT,
        book.D,
        book.sector,
        book.first[a],
        book.quantity[lo:hi],
        book.cost[lo:hi],
        book.gain[lo:hi],
        book.loss[lo:hi],
        book.x0[a],
        book.room[a],
        book.disjunction[a],
        book.member_at[a, : d + 1],
        book.member[a],
        book.y0[a],
        book.r[a],
        book.gamma[a],
        book.kappa[a],
        book.half_specific[a],
        book.te2[a],
        book.banded[a],
    )


@kernel
def new_response(account: Account) -> Response:
    """Return room for the answers of one account."""
    n = account.D.shape[0]
    e = account.quantity.shape[0]
    return Response(
        np.empty(n),
        np.zeros(e),
        np.zeros(e),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n, np.int8),
        np.zeros(n),
        np.zeros(n, np.int8),
        np.zeros(n),
        np.ones(n),
        np.ones(n),
        np.zeros(account.member_at.shape[0] - 1),
        np.arange(e),
    )


@kernel
def security_prices(account: Account, pi: Floats, gamma: float, price: Floats) -> None:
    """Fill ``price`` with g D x0 + F lambda + cash + sector, the pull on each security at rest."""
    FT, D, x0, sector = account.FT, account.D, account.x0, account.sector
    k, n = FT.shape
    for i in range(n):
        price[i] = gamma * D[i] * x0[i] + (pi[k] + pi[k + 1 + sector[i]])
    for j in range(k):
        lam = pi[j]
        if lam != 0.0:
            for i in range(n):
                price[i] += FT[j, i] * lam


@inlined_kernel
def sort_entries(lo: int, hi: int, costs: Floats, gains: Floats, gain_price: float, order: Integers) -> None:
    """Sort the entries ``lo:hi`` by cost at this price of gains; stable, and quick where nothing moved."""
    for a in range(lo + 1, hi):
        entry = order[a]
        cost = costs[entry] + gain_price * gains[entry]
        at = a
        while at > lo and costs[order[at - 1]] + gain_price * gains[order[at - 1]] > cost:
            order[at] = order[at - 1]
            at -= 1
        order[at] = entry


@kernel
def respond(account: Account, pi: Floats, gamma: float, directions: Bytes, out: Response) -> None:
    """Fill ``out`` with both branches of every security at prices ``pi``, as far as ``directions`` allow them.

    Entries are sold in ascending cost while worth it; the room is bought into while worth it.
    """
    D, first, quantity, costs, gains = account.D, account.first, account.quantity, account.cost, account.gain
    loss, room, disjunction, member_at = account.loss, account.room, account.disjunction, account.member_at
    prices, sale, gain_sale, order = out.price, out.sale, out.gain_sale, out.order
    sold, sold_gain, sell_value, sell_inner, sell_margin = (
        out.sold, out.sold_gain, out.sell_value, out.sell_inner, out.sell_margin,
    )  # fmt: skip
    buy_sold, buy_sold_gain, buy_value, buy_inner, buy_margin, bought = (
        out.buy_sold, out.buy_sold_gain, out.buy_value, out.buy_inner, out.buy_margin, out.bought,
    )  # fmt: skip
    n = D.shape[0]
    turnover_price = pi[pi.shape[0] - 2]
    gain_price = pi[pi.shape[0] - 1]
    buy_cost = account.kappa + turnover_price
    security_prices(account, pi, gamma, prices)
    sale[:] = 0.0
    gain_sale[:] = 0.0
    for i in range(n):
        d = disjunction[i]
        direction = directions[d] if d >= 0 else UNDECIDED
        price = prices[i]
        weight = gamma * D[i]
        lo, hi = first[i], first[i + 1]
        if gain_price > 0.0 and hi - lo > 1:
            sort_entries(lo, hi, costs, gains, gain_price, order)
        sold[i] = sold_gain[i] = sell_value[i] = sell_margin[i] = 0.0
        buy_sold[i] = buy_sold_gain[i] = bought[i] = buy_value[i] = buy_margin[i] = 0.0
        sell_inner[i] = buy_inner[i] = 0
        for branch in (SELL, BUY):
            if direction == -branch or (branch == BUY and (d < 0 or member_at[d + 1] - member_at[d] == 1)):
                continue
            total = cost = gain = margin = 0.0
            inner = 0
            for a in range(lo, hi):
                entry = order[a] if gain_price > 0.0 else a
                if branch == BUY and loss[entry]:
                    continue
                unit = costs[entry] + turnover_price + gain_price * gains[entry]
                wanted = (price - unit) / weight - total
                if wanted <= 0.0:
                    break
                amount = min(wanted, quantity[entry])
                if branch == SELL:
                    sale[entry] = amount
                else:
                    gain_sale[entry] = amount
                total += amount
                cost += unit * amount
                gain += gains[entry] * amount
                if wanted < quantity[entry]:
                    inner, margin = 1, gains[entry]
                    break
            value = (0.5 * weight * total - price) * total + cost
            if branch == SELL:
                sold[i], sold_gain[i], sell_value[i], sell_inner[i], sell_margin[i] = total, gain, value, inner, margin
            else:
                buy_sold[i], buy_sold_gain[i], buy_value[i] = total, gain, value
                buy_inner[i], buy_margin[i] = inner, margin
        pull = price + buy_cost
        if direction != SELL and room[i] > 0.0 and pull < 0.0:
            b = min(-pull / weight, room[i])
            bought[i] = b
            buy_value[i] += (0.5 * weight * b + pull) * b


@inlined_kernel
def inside_band(r: Floats, y0: Floats, j: int, wanted: float) -> float:
    """Return the exposure to factor ``j`` nearest to ``wanted`` inside its band."""
    k = y0.shape[0]
    high: float = y0[j] + r[r.shape[0] - 2 * k + j]
    low: float = y0[j] - r[r.shape[0] - k + j]
    return min(max(wanted, low), high)


@kernel
def limits_value(account: Account, pi: Floats, gamma: float, theta: float) -> float:
    """Return the part of the dual that no security answers: factors, limits, the tracking-error cap, what rests."""
    k = account.y0.shape[0]
    sectors = pi.shape[0] - k - 3
    value: float = gamma * account.half_specific
    square = beyond = 0.0
    for j in range(k):
        value += pi[j] * account.y0[j]
        if account.banded:
            wanted = pi[j] / gamma
            y = inside_band(account.r, account.y0, j, wanted)
            if y != wanted:
                beyond += (pi[j] - 0.5 * gamma * y) * y
                continue
        square += pi[j] * pi[j]
    value -= square / (2.0 * gamma)
    if account.banded:
        value -= beyond
    value -= pi[k] * account.r[0] if pi[k] > 0.0 else -pi[k] * account.r[1]
    for s in range(sectors):
        price = pi[k + 1 + s]
        value -= price * account.r[2 + s] if price > 0.0 else -price * account.r[2 + sectors + s]
    value -= pi[k + 1 + sectors] * account.r[2 + 2 * sectors] + pi[k + 2 + sectors] * account.r[3 + 2 * sectors]
    if theta > 0.0:
        value -= 0.5 * theta * account.te2
    return value


@kernel
def dual(
    account: Account, pi: Floats, theta: float, directions: Bytes, width: float, out: Response
) -> tuple[float, float]:
    """Return the dual with its kinks smoothed over ``width`` and the true dual, and fill ``out``.

    ``theta`` is the multiplier of the tracking-error cap; ``directions`` (d,) fixes some disjunctions. The second
    number is a lower bound of the account's optimum under ``directions``, for any prices and any ``theta`` >= 0.
    """
    gamma = account.gamma + theta
    respond(account, pi, gamma, directions, out)
    smooth = limits_value(account, pi, gamma, theta)
    disjunction, member_at, member = account.disjunction, account.member_at, account.member
    sell_values, buy_values, sell_share, buy_share = out.sell_value, out.buy_value, out.sell_share, out.buy_share
    slope = out.slope
    for i in range(disjunction.shape[0]):
        if disjunction[i] < 0:
            sell_share[i] = buy_share[i] = 1.0
            smooth += sell_values[i] + buy_values[i]
    true = smooth
    for d in range(slope.shape[0]):
        sell_value = 0.0
        buy_value = 0.0
        for at in range(member_at[d], member_at[d + 1]):
            sell_value += sell_values[member[at]]
            buy_value += buy_values[member[at]]
        difference = sell_value - buy_value
        slope[d] = 0.0
        if directions[d] == SELL:
            share = 1.0
        elif directions[d] == BUY:
            share = 0.0
        elif -width < difference < width:
            share = 0.5 - difference / (2.0 * width)
            slope[d] = 1.0
        else:
            share = 1.0 if difference <= 0.0 else 0.0
        if slope[d] > 0.0:
            smooth += 0.5 * (sell_value + buy_value) - difference * difference / (4.0 * width) - 0.25 * width
            true += min(sell_value, buy_value)
        else:
            value = sell_value if share == 1.0 else buy_value
            smooth += value
            true += value
        for at in range(member_at[d], member_at[d + 1]):
            sell_share[member[at]] = share
            buy_share[member[at]] = 1.0 - share
    return smooth, true


@kernel
def choose_directions(account: Account, fixed: Bytes, out: Response, directions: Bytes) -> None:
    """Fill ``directions`` with the better branch of every disjunction that ``fixed`` leaves undecided."""
    for d in range(fixed.shape[0]):
        directions[d] = fixed[d]
        if fixed[d] == UNDECIDED:
            sell_value = 0.0
            buy_value = 0.0
            for at in range(account.member_at[d], account.member_at[d + 1]):
                sell_value += out.sell_value[account.member[at]]
                buy_value += out.buy_value[account.member[at]]
            directions[d] = SELL if sell_value <= buy_value else BUY


@kernel
def trades_of(account: Account, directions: Bytes, out: Response, sale: Floats, bought: Floats) -> None:
    """Fill ``sale`` (e,) and ``bought`` (n,) with the answers under fully decided ``directions``."""
    for i in range(account.D.shape[0]):
        d = account.disjunction[i]
        buys = d >= 0 and directions[d] == BUY
        bought[i] = out.bought[i]
        for entry in range(account.first[i], account.first[i + 1]):
            sale[entry] = out.gain_sale[entry] if buys else out.sale[entry]


@kernel
def judge(account: Account, sale: Floats, bought: Floats) -> tuple[float, float, float]:
    """Return the objective, the largest breach of a row, and the squared tracking error of given trades."""
    F, D, x0, sector, r = account.F, account.D, account.x0, account.sector, account.r
    first, cost, gains = account.first, account.cost, account.gain
    n, k = F.shape
    sectors = (r.shape[0] - 4) // 2 - k
    sector_trade = np.zeros(sectors)
    y = account.y0.copy()
    linear = specific = turnover = gain = total = 0.0
    for i in range(n):
        sold = 0.0
        for entry in range(first[i], first[i + 1]):
            amount = sale[entry]
            if amount != 0.0:
                sold += amount
                linear += cost[entry] * amount
                gain += gains[entry] * amount
        linear += account.kappa * bought[i]
        turnover += bought[i] + sold
        trade = bought[i] - sold
        x = x0[i] + trade
        specific += D[i] * x * x
        if trade != 0.0:
            total += trade
            sector_trade[sector[i]] += trade
            for j in range(k):
                y[j] += F[i, j] * trade
    te2 = specific
    for j in range(k):
        te2 += y[j] * y[j]
    breach = max(total - r[0], -total - r[1])
    for s in range(sectors):
        breach = max(breach, sector_trade[s] - r[2 + s])
        breach = max(breach, -sector_trade[s] - r[2 + sectors + s])
    breach = max(breach, turnover - r[2 + 2 * sectors])
    breach = max(breach, gain - r[3 + 2 * sectors])
    if account.banded:
        for j in range(k):
            change = y[j] - account.y0[j]
            breach = max(breach, change - r[4 + 2 * sectors + j])
            breach = max(breach, -change - r[4 + 2 * sectors + k + j])
    if account.te2 < ABSENT:
        breach = max(breach, np.sqrt(te2) - np.sqrt(account.te2))
    return linear + 0.5 * account.gamma * te2, breach, te2
