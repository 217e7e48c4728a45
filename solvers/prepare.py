"""From a shard's tables to the arrays of `solvers.arrays`: weights, sale entries, disjunctions, limits; compiled.

Sublots. A custodian lot may consist of sublots with bases of their own, sold in position order. Each is an entry, cut
off at the first one that may not be sold; where a later one is cheaper to sell than an earlier one the two are joined
at their average, so that position order and ascending cost agree. The joined cost is the lower convex envelope of the
true one: the bound stays valid, and the true cost of what is sold is computed in `solvers.rounding`. What lies behind a
loss cannot be sold without it, so it counts as a loss itself.

Symbols: `solvers.arrays`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.amounts import as_float, holding_weights, product
from solvers.arrays import ABSENT, Account, Book, Floats, Integers
from solvers.compiling import kernel
from solvers.problem import Flags, Mode

DUST = 1e-12
"""A room smaller than this fraction of the account is not there, nor is an entry whose weight, tax and gain all are."""
TAX_UNAWARE, BUY_ONLY = int(Mode.TAX_UNAWARE), int(Mode.BUY_ONLY)


class Tables(NamedTuple):
    """The shard's tables as the kernels read them, with the permissions as they stand in the present wave."""

    F: Floats
    FT: Floats
    D: Floats
    sector: Integers
    group: Integers
    group_at: Integers
    group_member: Integers
    """Members of group g are ``group_member[group_at[g]:group_at[g + 1]]``."""
    price: Integers
    weights: Floats
    """(benchmarks, n)"""
    benchmark: Integers
    taxable: Flags
    mode: Integers
    cash: Integers
    flow: Integers
    nav: Integers
    rates: Floats
    """(m, 5) short gain, long gain, short loss, long loss; the margin above its basis below which a lot may lose."""
    limits: Floats
    """(m, 9) risk aversion, cost, cash min, cash max, sector band, turnover, net gain (dollars), tracking error,
    factor band."""
    relaxed: Floats
    """(m, 4 + 2 c + 2 k) what each row of r is widened by."""
    max_weight: Floats
    can_buy: Flags
    can_sell: Flags
    lot_start: Integers
    lot_security: Integers
    lot_shares: Integers
    lot_basis: Integers
    lot_long: Flags
    lot_allowed: Flags
    lot_loss_allowed: Flags
    share_step: Integers
    min_trade: Integers
    trigger: Floats
    relaxation_rank: Integers
    same_lot: Flags
    """True where a lot row continues the custodian lot of the row before."""


@kernel
def new_book(tables: Tables, rows: Integers) -> Book:
    """Return room for the accounts ``rows``."""
    n, k = tables.F.shape
    count = rows.shape[0]
    limits = tables.relaxed.shape[1]
    entry_at = np.zeros(count + 1, np.int64)
    for at in range(count):
        entry_at[at + 1] = entry_at[at] + tables.lot_start[rows[at] + 1] - tables.lot_start[rows[at]]
    e = entry_at[count]
    return Book(
        tables.F, tables.FT, tables.D, tables.sector, entry_at,
        np.zeros((count, n + 1), np.int64),
        np.zeros(e), np.zeros(e), np.zeros(e), np.zeros(e, np.int8),
        np.zeros(e, np.int64), np.zeros(e, np.int64),
        np.zeros((count, n)), np.zeros((count, n)),
        np.full((count, n), -1, np.int64),
        np.zeros((count, n + 1), np.int64), np.zeros((count, n), np.int64), np.zeros(count, np.int64),
        np.zeros((count, k)), np.zeros((count, limits)),
        np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count, np.bool_),
    )  # fmt: skip


@kernel
def tax_of(tables: Tables, a: int, lot: int) -> tuple[float, float, bool, float]:
    """Return a lot's (tax per unit sold, gain per unit, whether it may be sold at a loss, weight).

    Fills come at another price than the one the tax is reckoned at, so a lot just above its basis may lose too.
    """
    i = tables.lot_security[lot]
    amount = product(tables.lot_shares[lot], tables.price[i])
    value = as_float(amount)
    weight = value / float(tables.nav[a])
    if not tables.taxable[a] or value <= 0.0:
        return 0.0, 0.0, False, weight
    basis = tables.lot_basis[lot]
    gain = 1.0 - float(basis) / value
    rate = tables.rates[a, (1 if tables.lot_long[lot] else 0) + (2 if amount[0] < basis else 0)]
    may_lose = amount[0] < basis + int(np.floor(float(basis) * tables.rates[a, 4]))
    return (0.0 if tables.mode[a] == TAX_UNAWARE else rate * gain), gain, may_lose, weight


@kernel
def put_entries(tables: Tables, a: int, lots: tuple[int, int], start: int, at: int, book: Book) -> int:
    """Write the entries of one security's ``lots`` from place ``at`` of the book; return the next free place."""
    begin = start + at
    end = begin
    blocked = loses = False
    bottom = begin
    for lot in range(lots[0], lots[1]):
        if not tables.same_lot[lot]:
            blocked = loses = False
            bottom = end
        tax, gain, is_loss, weight = tax_of(tables, a, lot)
        loses = loses or is_loss
        allowed = tables.lot_allowed[lot] and (tables.lot_loss_allowed[lot] or not is_loss)
        if blocked or not allowed:
            blocked = True
            continue
        if max(1.0, abs(tax), abs(gain)) * weight <= DUST:
            continue
        book.quantity[end] = weight
        book.cost[end] = tax
        book.gain[end] = gain
        book.loss[end] = 1 if loses else 0
        book.first_lot[end] = book.last_lot[end] = lot
        end += 1
        while end - 1 > bottom and book.cost[end - 2] >= book.cost[end - 1]:
            join(book, end - 2, end - 1)
            end -= 1
    for entry in range(begin, end):
        book.cost[entry] += tables.limits[a, 1]
        sink(book, begin, entry)
    return end - start


@kernel
def join(book: Book, left: int, right: int) -> None:
    """Join two neighbouring entries of one lot at their average."""
    total = book.quantity[left] + book.quantity[right]
    share = book.quantity[right] / total
    book.cost[left] += share * (book.cost[right] - book.cost[left])
    book.gain[left] += share * (book.gain[right] - book.gain[left])
    book.quantity[left] = total
    book.loss[left] = max(book.loss[left], book.loss[right])
    book.last_lot[left] = book.last_lot[right]


@kernel
def sink(book: Book, begin: int, entry: int) -> None:
    """Move an entry down to its place by ascending cost, behind its equals."""
    at = entry
    while at > begin and book.cost[at - 1] > book.cost[at]:
        for column in (book.quantity, book.cost, book.gain):
            column[at - 1], column[at] = column[at], column[at - 1]
        book.loss[at - 1], book.loss[at] = book.loss[at], book.loss[at - 1]
        book.first_lot[at - 1], book.first_lot[at] = book.first_lot[at], book.first_lot[at - 1]
        book.last_lot[at - 1], book.last_lot[at] = book.last_lot[at], book.last_lot[at - 1]
        at -= 1


@kernel
def put_disjunctions(tables: Tables, at: int, book: Book) -> None:
    """Find the groups of identical securities where something can be bought and some loss can be sold."""
    n = tables.D.shape[0]
    start = book.entry_at[at]
    count = 0
    members = 0
    book.disjunction[at] = -1
    for i in range(n):
        group = tables.group[i]
        lo, hi = tables.group_at[group], tables.group_at[group + 1]
        if tables.group_member[lo] != i:
            continue
        buys = False
        losses = False
        for place in range(lo, hi):
            j = tables.group_member[place]
            buys = buys or book.room[at, j] > 0.0
            for entry in range(start + book.first[at, j], start + book.first[at, j + 1]):
                losses = losses or book.loss[entry] == 1
        if buys and losses:
            for place in range(lo, hi):
                book.member[at, members] = tables.group_member[place]
                book.disjunction[at, tables.group_member[place]] = count
                members += 1
            count += 1
            book.member_at[at, count] = members
    book.disjunctions[at] = count


@kernel
def put_limits(tables: Tables, a: int, at: int, book: Book) -> None:
    """Write r: what is left of every limit when the account stays idle."""
    limits = tables.limits[a]
    nav = float(tables.nav[a])
    k = tables.F.shape[1]
    sectors = (tables.relaxed.shape[1] - 4) // 2 - k
    active = np.zeros(sectors)
    for i in range(tables.D.shape[0]):
        active[tables.sector[i]] += book.x0[at, i]
    cash = (float(tables.cash[a]) + float(tables.flow[a])) / nav
    r = book.r[at]
    r[0] = cash - max(limits[2], 0.0)
    r[1] = limits[3] - cash
    for s in range(sectors):
        r[2 + s] = limits[4] - active[s]
        r[2 + sectors + s] = limits[4] + active[s]
    r[2 + 2 * sectors] = limits[5]
    r[3 + 2 * sectors] = limits[6] / nav if tables.taxable[a] else ABSENT
    bands = 4 + 2 * sectors
    for j in range(k):
        r[bands + j] = limits[8] - book.y0[at, j]
        r[bands + k + j] = limits[8] + book.y0[at, j]
    book.banded[at] = limits[8] < ABSENT
    for u in range(r.shape[0]):
        r[u] = min(r[u] + tables.relaxed[a, u], ABSENT)


@kernel
def prepare(tables: Tables, rows: Integers) -> Book:
    """Return the prepared problems of the accounts ``rows``."""
    n, k = tables.F.shape
    book = new_book(tables, rows)
    h0 = np.empty(n)
    for at in range(rows.shape[0]):
        a = rows[at]
        nav = float(tables.nav[a])
        lots = (tables.lot_start[a], tables.lot_start[a + 1])
        holding_weights(lots, tables.lot_security, tables.lot_shares, tables.price, nav, h0)
        weights = tables.weights[tables.benchmark[a]]
        lot = lots[0]
        place = 0
        for i in range(n):
            book.x0[at, i] = h0[i] - weights[i]
            room = max(tables.max_weight[a, i] - h0[i], 0.0) if tables.can_buy[a, i] else 0.0
            book.room[at, i] = room if room > DUST else 0.0
            end = lot
            while end < lots[1] and tables.lot_security[end] == i:
                end += 1
            if tables.can_sell[a, i] and tables.mode[a] != BUY_ONLY:
                place = put_entries(tables, a, (lot, end), book.entry_at[at], place, book)
            book.first[at, i + 1] = place
            lot = end
        put_disjunctions(tables, at, book)
        book.gamma[at] = tables.limits[a, 0]
        book.kappa[at] = tables.limits[a, 1]
        cap = tables.limits[a, 7]
        book.te2[at] = min(cap * cap, ABSENT)
        half = 0.0
        for i in range(n):
            half += tables.D[i] * book.x0[at, i] * book.x0[at, i]
            for j in range(k):
                book.y0[at, j] += tables.F[i, j] * book.x0[at, i]
        book.half_specific[at] = 0.5 * half
        put_limits(tables, a, at, book)
    return book


@kernel
def idle_of(account: Account) -> tuple[float, float, float]:
    """Return the objective of doing nothing, its largest breach of a row, and its squared tracking error."""
    te2 = 2.0 * account.half_specific
    for j in range(account.y0.shape[0]):
        te2 += account.y0[j] * account.y0[j]
    breach = -np.inf
    for u in range(account.r.shape[0]):
        breach = max(breach, -account.r[u])
    if account.te2 < ABSENT:
        breach = max(breach, np.sqrt(te2) - np.sqrt(account.te2))
    return 0.5 * account.gamma * te2, breach, te2
