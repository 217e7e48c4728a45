"""Orders in whole steps where no small repair of the cut trades keeps the limits: a mixed-integer program.

Rounding (`solvers.rounding`) mends one order at a time. Where several orders must move together, as with whole shares
and a cash band narrower than one of them, the orders are found as a whole: integers of steps per purchase and per lot,
full sales of odd lots, sublots in position order, the minimum trade, one direction per security and group. Columns and
rows are in dollars. The program looks near the continuous trades first, then further, at last everywhere:

    minimise   the objective's slope at the continuous trades times the orders, plus a price of leaving them
    subject to every row of r; the tracking-error cap by its tangents, one more for every orders that break it

What it finds is judged in exact money like any other orders (`solvers.orders`), and the gap is that of the judged
orders: nothing here can make an answer look better than it is. HiGHS through scipy, limited by nodes, never by a clock.
Symbols: `solvers.arrays`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.sparse as sp

from solvers.arrays import ABSENT, UNDECIDED, Account, Floats, Integers
from solvers.declared import row_ranks
from solvers.orders import INTACT, TRACKING_ERROR, Result, result_of
from solvers.prepare import Tables
from solvers.quiet import without_output
from solvers.rounding import Chains, chain_shares, sublots_sold

REACHES = (2, 32, None)
"""Steps around the continuous trades that are tried in turn; None for all there is."""
NODES_MAX = 2000
PROGRAMS_MAX = 60
"""How often one reach is solved: every orders that break the cap or float error's margin add a row."""
GAP_REL = 1e-3
MARGIN_USD = 1e-6
LEAP_USD = 16 * MARGIN_USD
"""Orders past a row by more have the row leave that much at once; a smaller margin doubles until it is there."""
STEP_MIN = 1e-7
"""Steps worth less, fraction of net asset value, are no integers to the program: hundreds of millions of them need
not end. Its answer is cut to steps afterwards, and judged."""
SWITCH_ERROR = 2e-6
"""What an order's switch may lack of one, as a share of the smallest order: HiGHS calls 0.999999 an integer."""
FOREVER = np.inf


class Orders(NamedTuple):
    """Micro-shares sold per lot of the account and bought per security, and what they amount to."""

    sold: Integers
    bought: Integers
    result: Result


@dataclasses.dataclass(slots=True)
class Model:
    """A mixed-integer program as it grows: columns, and rows of (columns, values, low, high)."""

    cost: list[float] = dataclasses.field(default_factory=list)
    low: list[float] = dataclasses.field(default_factory=list)
    high: list[float] = dataclasses.field(default_factory=list)
    integral: list[int] = dataclasses.field(default_factory=list)
    rows: list[tuple[list[int], list[float], float, float]] = dataclasses.field(default_factory=list)

    def column(self, *, cost: float, low: float, high: float, integral: bool) -> int:
        """Add a column; return its number."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.integral.append(int(integral))
        return len(self.cost) - 1

    def row(self, terms: list[tuple[int, float]], *, low: float = -FOREVER, high: float = FOREVER) -> None:
        """Add a row."""
        self.rows.append(([c for c, _ in terms], [value for _, value in terms], low, high))

    def solve(self) -> Floats | None:
        """Return the best columns found, or None."""
        if not self.cost:
            return np.zeros(0)
        numbers = np.repeat(np.arange(len(self.rows)), [len(row[0]) for row in self.rows])
        columns = np.array([c for row in self.rows for c in row[0]], np.int64)
        values = np.array([value for row in self.rows for value in row[1]], float)
        matrix = sp.csr_array((values, (numbers, columns)), (len(self.rows), len(self.cost)))
        with without_output():
            found = scipy.optimize.milp(
                np.array(self.cost),
                integrality=np.array(self.integral),
                bounds=scipy.optimize.Bounds(np.array(self.low), np.array(self.high)),
                constraints=scipy.optimize.LinearConstraint(
                    matrix, np.array([row[2] for row in self.rows]), np.array([row[3] for row in self.rows])
                ),
                options={"disp": False, "presolve": False, "node_limit": NODES_MAX, "mip_rel_gap": GAP_REL},
            )
        return None if found.x is None else np.asarray(found.x, float)


def whole_orders(
    tables: Tables, a: int, account: Account, lots: tuple[Integers, Integers], trades: tuple[Floats, Floats]
) -> Orders | None:
    """Return orders that keep every limit, near the continuous ``trades`` (sale per entry, purchase per security).

    ``lots`` are the first and last lot of every entry. None where no such orders were found.
    """
    for reach in REACHES:
        program = Program(tables, a, account, lots, trades, reach=reach)
        orders = program.orders()
        if orders is not None:
            return orders
    return None


def least_slack(
    tables: Tables, a: int, account: Account, lots: tuple[Integers, Integers], trades: tuple[Floats, Floats]
) -> Floats | None:
    """Return by how much the rows that idling breaks must give for some orders to keep the rest; None for no orders.

    No row gives more than idling breaks it by, and cash no more than its minimum. Where the policy declares an order,
    the limits it names give, the last of them least, and idling does not matter.
    """
    program = Program(tables, a, account, lots, trades, reach=None)
    cash = max(float(tables.limits[a, 2]) - float(tables.relaxed[a, 0]), 0.0)
    rank = tables.relaxation_rank[a]
    if rank.any():
        ranks = row_ranks(rank, account)
        most = np.where(ranks > 0, np.inf, 0.0)
        most[0] = min(most[0], cash)
        return program.slack(most, ranks)
    breach = np.maximum(-account.r, 0.0)
    broken = breach.copy()
    broken[0] = min(broken[0], cash)
    slack = program.slack(broken, np.ones(len(broken), np.int64))
    idle_te2 = 2.0 * account.half_specific + float(sum(value * value for value in account.y0.tolist()))
    if slack is None and broken[0] == breach[0] and idle_te2 <= account.te2:
        # Idling is orders in whole steps too, and today's breach is what it needs.
        return broken
    return slack


def risk_slope(account: Account, trade: Floats) -> Floats:
    """Return half the gradient (n,) of the squared tracking error after net trades (n,), every sum in order."""
    x = account.x0 + trade
    y = account.y0.copy()
    for i in np.flatnonzero(trade).tolist():
        y += account.F[i] * trade[i]
    slope = account.D * x
    for j in range(len(y)):
        slope = slope + account.F[:, j] * y[j]
    return slope


class Program:
    """The mixed-integer program of one account within ``reach`` steps of its continuous trades."""

    def __init__(
        self, tables: Tables, a: int, account: Account, lots: tuple[Integers, Integers],
        trades: tuple[Floats, Floats], *, reach: int | None,
    ) -> None:  # fmt: skip
        self.tables, self.a, self.account, self.reach = tables, a, account, reach
        n = len(account.D)
        undecided = np.full(len(account.member_at) - 1, UNDECIDED, np.int8)
        self.chains, self.wanted = chain_shares(tables, a, account, lots[0], lots[1], trades[0], undecided)
        self.nav = float(tables.nav[a]) * 1e-6
        self.step = int(tables.share_step[a])
        self.price = tables.price.astype(float) * 1e-12
        self.least = float(tables.min_trade[a]) * 1e-6
        security = np.repeat(np.arange(n), np.diff(account.first))
        sold = np.bincount(security, trades[0], n) if len(security) else np.zeros(n)
        self.trade = trades[1] - sold
        self.bought = trades[1]
        self.pull = account.gamma * risk_slope(account, self.trade)
        self.curve = account.gamma * account.D
        for j in range(len(account.y0)):
            self.curve = self.curve + account.gamma * account.F[:, j] ** 2
        self.losses = np.zeros(len(self.chains.lot_shares), bool)
        for entry in np.flatnonzero(account.loss).tolist():
            self.losses[int(lots[0][entry]) - self.chains.begin : int(lots[1][entry]) - self.chains.begin + 1] = True
        self.model = Model()
        self.buys: dict[int, int] = {}
        self.steps: dict[int, tuple[int, int]] = {}
        self.sales: dict[int, list[tuple[int, float, bool]]] = {}
        self.switches: dict[tuple[int, bool], int] = {}
        self._add_columns()
        self._add_directions()

    def _range(self, wanted: float, most: int, value: float) -> tuple[int, int]:
        """Return the least and most steps in reach of ``wanted`` steps of ``value`` dollars each."""
        if self.reach is None:
            return 0, most
        smallest = math.ceil(self.least / value) if self.least > 0.0 else 0
        low, high = math.floor(wanted) - self.reach, math.ceil(wanted) + self.reach
        return (0 if low <= smallest else min(low, most)), min(max(high, smallest + self.reach), most)

    def _counts(self, value: float) -> bool:
        """Return whether steps of ``value`` dollars each are counted."""
        return value >= STEP_MIN * self.nav

    def _add_columns(self) -> None:
        """Add purchases and sales, and the price of leaving the continuous trades."""
        account, kappa = self.account, self.account.kappa
        for i in np.flatnonzero(account.room > 0.0).tolist():
            value = self.price[i] * self.step
            most = math.floor(account.room[i] * self.nav / value + 1e-9)
            low, high = self._range(self.bought[i] * self.nav / value, most, value)
            if high > 0:
                self.buys[i] = self.model.column(
                    cost=value * (kappa + float(self.pull[i])), low=low, high=high, integral=self._counts(value)
                )
        for c in np.flatnonzero(self.chains.capacity > 0).tolist():
            self._add_chain(c)
        for i in sorted({*self.buys, *self.sales}):
            value = self.price[i] * self.step
            weight = 0.5 * float(self.curve[i]) * value / self.nav
            away = self.model.column(cost=weight, low=0.0, high=FOREVER, integral=False)
            terms, at = self._trade_terms(i), float(self.trade[i]) * self.nav
            self.model.row([*terms, (away, -1.0)], high=at)
            self.model.row([*terms, (away, 1.0)], low=at)

    def _add_chain(self, c: int) -> None:
        """Add one lot: whole steps, or all of it; its sublots in position order."""
        chains, model = self.chains, self.model
        i = int(chains.security[c])
        capacity = int(chains.capacity[c])
        value = self.price[i] * self.step
        most, rest = capacity // self.step, capacity % self.step
        low, high = self._range(float(self.wanted[c]) / self.step, most, value)
        may_rest = bool(chains.whole[c]) and rest > 0 and high == most
        if high == 0 and not may_rest:
            return
        steps = model.column(cost=0.0, low=low, high=high, integral=self._counts(value))
        last = -1
        terms = [(steps, -value)]
        if may_rest:
            last = model.column(cost=0.0, low=0.0, high=1.0, integral=True)
            terms.append((last, -self.price[i] * rest))
            model.row([(steps, 1.0), (last, -float(most))], low=0.0)
        self.steps[c] = (steps, last)
        lot, left, full = int(chains.first[c]) - chains.begin, capacity, -1
        while left > 0:
            shares = min(int(chains.lot_shares[lot]), left)
            amount = self.price[i] * shares
            cost = float(chains.lot_tax[lot]) + self.account.kappa - float(self.pull[i])
            piece = model.column(cost=cost, low=0.0, high=amount, integral=False)
            self.sales.setdefault(i, []).append((piece, float(chains.lot_gain[lot]), bool(self.losses[lot])))
            terms.append((piece, 1.0))
            if full >= 0:
                model.row([(piece, 1.0), (full, -amount)], high=0.0)
            left -= shares
            lot += 1
            if left > 0:
                full = model.column(cost=0.0, low=0.0, high=1.0, integral=True)
                model.row([(piece, 1.0), (full, -amount)], low=0.0)
        model.row(terms, low=0.0, high=0.0)

    def _trade_terms(self, i: int) -> list[tuple[int, float]]:
        """Return the net purchase of a security in dollars."""
        terms = [(piece, -1.0) for piece, _, _ in self.sales.get(i, [])]
        if i in self.buys:
            terms.append((self.buys[i], self.price[i] * self.step))
        return terms

    def _add_directions(self) -> None:
        """Add what is decided per security and per group: buy or sell, nothing or the minimum trade."""
        model, account = self.model, self.account
        for i in sorted({*self.buys, *self.sales}):
            buy = self._switch(i, buys=True)
            sell = self._switch(i, buys=False)
            if buy >= 0 and sell >= 0:
                model.row([(buy, 1.0), (sell, 1.0)], high=1.0)
        for d in range(len(account.member_at) - 1):
            members = account.member[account.member_at[d] : account.member_at[d + 1]].tolist()
            if len(members) == 1:
                continue
            side = model.column(cost=0.0, low=0.0, high=1.0, integral=True)
            for i in members:
                if i in self.buys:
                    model.row([(self.buys[i], 1.0), (side, -model.high[self.buys[i]])], high=0.0)
                for piece, _, is_loss in self.sales.get(i, []):
                    if is_loss:
                        model.row([(piece, 1.0), (side, model.high[piece])], high=model.high[piece])

    def _switch(self, i: int, *, buys: bool) -> int:
        """Add whether a security is bought, or sold; return the column, -1 where it cannot be."""
        model = self.model
        if buys and i in self.buys:
            terms = [(self.buys[i], self.price[i] * self.step)]
        elif not buys and i in self.sales:
            terms = [(piece, 1.0) for piece, _, _ in self.sales[i]]
        else:
            return -1
        most = sum(model.high[column] * value for column, value in terms)
        switch = model.column(cost=0.0, low=0.0, high=1.0, integral=True)
        self.switches[i, buys] = switch
        model.row([*terms, (switch, -most)], high=0.0)
        if self.least > 0.0:
            model.row([*terms, (switch, -(self._asked(i) + self._cut(i, buys=buys)))], low=0.0)
        return switch

    def _asked(self, i: int) -> float:
        """Return the dollars to ask of an order, so that what its switch lacks leaves it no smaller than the smallest.

        Where steps are worth more than that, no more than the fewest that suffice: one less misses it by more.
        """
        value = float(self.price[i] * self.step)
        asked = self.least * (1.0 + SWITCH_ERROR)
        if value <= 2.0 * SWITCH_ERROR * self.least:
            return asked
        return min(asked, math.ceil(self.least / value - 1e-9) * value)

    def _cut(self, i: int, *, buys: bool) -> float:
        """Return the dollars that an order may lose when steps that were not counted are cut: one a purchase or lot."""
        value = self.price[i] * self.step
        if self._counts(value):
            return 0.0
        return float(value) * (1 if buys else sum(int(self.chains.security[c]) == i for c in self.steps))

    def _limit_terms(self) -> list[list[tuple[int, float]]]:
        """Return the terms of every row of r."""
        account = self.account
        k = len(account.y0)
        sectors = (len(account.r) - 4) // 2 - k
        bands = 4 + 2 * sectors
        rows: list[list[tuple[int, float]]] = [[] for _ in range(len(account.r))]
        for i in sorted({*self.buys, *self.sales}):
            net = self._trade_terms(i)
            s = int(account.sector[i])
            for u, sign in ((0, 1.0), (1, -1.0), (2 + s, 1.0), (2 + sectors + s, -1.0)):
                rows[u] += [(column, sign * value) for column, value in net]
            rows[bands - 2] += [(column, abs(value)) for column, value in net]
            rows[bands - 1] += [(piece, gain) for piece, gain, _ in self.sales.get(i, []) if gain != 0.0]
            for j in np.flatnonzero(account.F[i]).tolist() if account.banded else []:
                exposure = float(account.F[i, j])
                rows[bands + j] += [(column, exposure * value) for column, value in net]
                rows[bands + k + j] += [(column, -exposure * value) for column, value in net]
        return rows

    def orders(self) -> Orders | None:
        """Return orders that the exact judge finds intact, or None."""
        terms = self._limit_terms()
        margin = np.zeros(len(terms))
        for u, row in enumerate(terms):
            if self.account.r[u] < ABSENT:
                self.model.row(row, high=float(self.account.r[u]) * self.nav)
        tightened: list[int] = []
        in_one_go, leapt, attempt = True, False, 0
        for _ in range(PROGRAMS_MAX):
            found = self.model.solve()
            if found is None:
                if not leapt:
                    return None
                # A band as narrow as what cutting costs may have room for less of it: the margin grows from nothing.
                in_one_go, leapt, attempt = False, False, 0
                for at in reversed(tightened):
                    del self.model.rows[at]
                margin[:] = 0.0
                tightened = []
                continue
            orders = self._read(found)
            broken = orders.result.broken
            if broken == INTACT:
                return orders
            if broken == TRACKING_ERROR:
                self._add_tangent(orders)
            elif broken >= 0:
                excess = self._excess(broken, orders) if in_one_go else 0.0
                excess = excess if excess < self._width(broken) else 0.0
                margin[broken] += max(excess if excess > LEAP_USD else 0.0, MARGIN_USD * 2.0**attempt)
                high = float(self.account.r[broken]) * self.nav - margin[broken]
                tightened.append(len(self.model.rows))
                self.model.row(terms[broken], high=high)
                leapt = leapt or excess > LEAP_USD
            else:
                return None
            attempt += 1
        return None

    def _width(self, u: int) -> float:
        """Return the dollars between row ``u`` of r and the one that bounds the same sum from the other side."""
        r, k = self.account.r, len(self.account.y0)
        sectors = (len(r) - 4) // 2 - k
        bands = 4 + 2 * sectors
        if bands - 2 <= u < bands:
            return FOREVER
        if u < 2:
            other = 1 - u
        elif u < bands - 2:
            other = u + sectors if u < 2 + sectors else u - sectors
        else:
            other = u + k if u < bands + k else u - k
        return float(r[u] + r[other]) * self.nav

    def _excess(self, u: int, orders: Orders) -> float:
        """Return the dollars by which orders in whole steps are past row ``u`` of r.

        The program's columns keep the row: what its answer lost when steps that were not counted were cut to whole
        ones, and integers to integers, is what the row has to leave.
        """
        account = self.account
        k = len(account.y0)
        sectors = (len(account.r) - 4) // 2 - k
        bands = 4 + 2 * sectors
        begin = self.chains.begin
        security = self.tables.lot_security[begin : begin + len(orders.sold)]
        sales = orders.sold * self.price[security]
        net = orders.bought * self.price - np.bincount(security, sales, len(account.D))
        if u >= bands:
            j, sign = (u - bands, 1.0) if u < bands + k else (u - bands - k, -1.0)
            value = sign * float(account.F[:, j] @ net)
        elif u == bands - 1:
            value = float(self.chains.lot_gain[: len(sales)] @ sales)
        elif u == bands - 2:
            value = float(orders.bought @ self.price + sales.sum())
        elif u >= 2:
            s, sign = (u - 2, 1.0) if u < 2 + sectors else (u - 2 - sectors, -1.0)
            value = sign * float(net[account.sector == s].sum())
        else:
            value = float(net.sum()) * (1.0 if u == 0 else -1.0)
        return max(value - float(account.r[u]) * self.nav, 0.0)

    def slack(self, most: Floats, ranks: Integers) -> Floats | None:
        """Return the least slack (rows of r,) up to ``most`` under which orders exist, or None.

        The rows of the highest of ``ranks`` give least, under that the next: `solvers.declared`.
        """
        self.model.cost = [0.0] * len(self.model.cost)
        columns = {}
        for u, row in enumerate(self._limit_terms()):
            if self.account.r[u] >= ABSENT:
                continue
            extra = []
            if most[u] > 0.0:
                columns[u] = self.model.column(cost=1.0, low=0.0, high=float(most[u]) * self.nav, integral=False)
                extra = [(columns[u], -1.0)]
            self.model.row([*row, *extra], high=float(self.account.r[u]) * self.nav)
        slack = None
        for level in sorted({int(ranks[u]) for u in columns} or {0}, reverse=True):
            chosen = [column for u, column in columns.items() if ranks[u] == level]
            for column in columns.values():
                self.model.cost[column] = float(column in chosen)
            found = self._within_cap()
            if found is None:
                return None
            slack = np.zeros(len(self.account.r))
            for u, column in columns.items():
                slack[u] = max(found[column] / self.nav, 0.0)
            least = sum(float(found[column]) for column in chosen)
            self.model.row([(column, 1.0) for column in chosen], high=least + MARGIN_USD)
        return slack

    def _within_cap(self) -> Floats | None:
        """Return the model's best columns whose orders keep the tracking-error cap, or None."""
        cap = math.sqrt(self.account.te2)
        for _ in range(PROGRAMS_MAX):
            found = self.model.solve()
            if found is None:
                return None
            orders = self._read(found)
            if orders.result.te2 <= cap * cap or self.account.te2 >= ABSENT:
                return found
            self._add_tangent(orders)
        return None

    def _read(self, found: Floats) -> Orders:
        """Return the orders of the program's columns, judged.

        What a switch that is nought but for the program's float error lets through, a millionth of the most, is none:
        it is smaller than the smallest order.
        """
        chains: Chains = self.chains
        off = {key for key, switch in self.switches.items() if self.least > 0.0 and found[switch] <= 0.5}
        bought = np.zeros(len(self.account.D), np.int64)
        for i, column in self.buys.items():
            if (i, True) not in off:
                bought[i] = round(found[column]) * self.step
        chains.sold[:] = 0
        for c, (steps, last) in self.steps.items():
            if (int(chains.security[c]), False) in off:
                continue
            chains.sold[c] = round(found[steps]) * self.step
            if last >= 0 and found[last] > 0.5:
                chains.sold[c] = chains.capacity[c]
        sold = sublots_sold(self.tables, self.a, chains)
        return Orders(sold, bought, result_of(self.tables, self.a, self.account.x0, sold, bought))

    def _add_tangent(self, orders: Orders) -> None:
        """Add the tangent of the tracking error at orders that exceed its cap: it cuts nothing else off."""
        account = self.account
        security = self.tables.lot_security[self.chains.begin : self.chains.begin + len(orders.sold)]
        weight = np.bincount(security, orders.sold * self.price[security], len(account.D)) / self.nav
        trade = orders.bought * self.price / self.nav - weight
        error = math.sqrt(orders.result.te2)
        slope = risk_slope(account, trade) / error
        traded = sorted({*self.buys, *self.sales})
        terms = [(column, value * float(slope[i])) for i in traded for column, value in self._trade_terms(i)]
        reached = sum(float(slope[i] * trade[i]) for i in traded)
        self.model.row(terms, high=(math.sqrt(account.te2) * (1.0 - 1e-10) - error + reached) * self.nav)
