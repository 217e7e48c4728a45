"""What an account's problem is by definition, in NumPy: a stretch of a shard's accounts side by side.

Made from `ShardProblems` alone and without the solve's code, so that an error there does not hide itself: the judge
(`solvers.evaluate`) and the reference model (`solvers.reference`) see accounts through it. Symbols: `docs/model.md`.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ledger.amounts import MICRO
from solvers.problem import NO_GAIN_LIMIT, Certificate, Flags, Floats, Integers, Mode, ShardProblems

DUST = 1e-12
"""Room smaller than this fraction of an account cannot be traded, nor a lot whose weight, tax and gain all are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Amounts:
    """Exact money: whole micro-dollars, and millionths of one in [0, MICRO)."""

    whole: Integers
    rest: Integers

    def summed(self, index: Integers, size: int) -> Amounts:
        """Return the sums of the amounts of one index, for each index below ``size``."""
        whole, rest = np.zeros(size, np.int64), np.zeros(size, np.int64)
        np.add.at(whole, index, self.whole)
        np.add.at(rest, index, self.rest)
        return Amounts(whole + rest // MICRO, rest % MICRO)

    def floats(self) -> Floats:
        """Return micro-dollars."""
        return self.whole + self.rest / MICRO


def value_of(micro_shares: Integers, price_microusd: Integers) -> Amounts:
    """Return the exact values of non-negative numbers of shares, without overflow up to nine trillion dollars."""
    part = (micro_shares % MICRO) * price_microusd
    return Amounts((micro_shares // MICRO) * price_microusd + part // MICRO, part % MICRO)


def heads(values: Integers) -> Integers:
    """Return for each place of a sorted array where its run of equal values begins.

    >>> heads(np.array([3, 3, 5, 7, 7, 7])).tolist()
    [0, 0, 2, 3, 3, 3]
    """
    begins = np.zeros(len(values), np.int64)
    begins[1:] = np.where(values[1:] != values[:-1], np.arange(1, len(values)), 0)
    found: Integers = np.maximum.accumulate(begins)
    return found


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What can be sold at one rate each: single lots, or sublots joined in position order; by account, security."""

    account: Integers
    """Counted from the first of the view."""
    security: Integers
    quantity: Floats
    tax: Floats
    gain: Floats
    is_loss: Flags
    """Whether its sale realises a loss, its own or that of a sublot in front of it."""


class View:
    """The accounts ``lo:hi`` of a shard; arrays are (accounts,), (accounts, n) or (lots,) of these."""

    def __init__(
        self, problems: ShardProblems, lo: int, hi: int, *, can_buy: Flags, loss_allowed: Flags, relaxed: Floats,
        cap: Floats,
    ) -> None:  # fmt: skip
        market = problems.market
        self.problems, self.market, self.lo, self.hi = problems, market, lo, hi
        self.rows = slice(lo, hi)
        self.lots = slice(int(problems.lot_start[lo]), int(problems.lot_start[hi]))
        m, n = hi - lo, len(market.security_ids)
        self.lot_account = np.repeat(np.arange(m), np.diff(problems.lot_start[lo : hi + 1]))
        self.security = problems.lot_security[self.lots]
        self.shares = problems.lot_micro_shares[self.lots]
        self.basis = problems.lot_basis_microusd[self.lots]
        self.value = value_of(self.shares, market.price_microusd[self.security])
        held = self.value.summed(self.lot_account, m)
        self.nav = held.whole + problems.cash_microusd[self.rows]
        value = self.value.floats()
        self.weight = value / self.nav[self.lot_account]
        cell = self.lot_account * n + self.security
        self.holding = np.bincount(cell, self.weight, m * n).reshape(m, n)
        self.x0 = self.holding - market.benchmark_weights[problems.benchmark[self.rows]]
        self.taxable = problems.taxable[self.rows]
        self._price_lots(value)
        mode = problems.mode[self.rows]
        sellable = problems.lot_sale_allowed[self.lots] & (loss_allowed | ~self.is_loss)
        sellable &= problems.can_sell[self.rows][self.lot_account, self.security]
        self.sellable: Flags = sellable & (mode != Mode.BUY_ONLY)[self.lot_account]
        room = np.maximum(problems.max_weight[self.rows] - self.holding, 0.0) * can_buy
        self.room: Floats = np.where(room > DUST, room, 0.0)
        self.can_buy, self.loss_allowed, self.relaxed, self.cap = can_buy, loss_allowed, relaxed, cap
        _, number, members = np.unique(market.identical_group, return_inverse=True, return_counts=True)
        self.in_shared_group: Flags = members[number] > 1
        """(n,) whether the security's group has others."""
        self.cost = problems.cost_rate[self.rows]
        self.aversion = problems.risk_aversion[self.rows]
        number = problems.lot_number[self.lots]
        goes_on = np.zeros(len(number), np.bool_)
        goes_on[1:] = (number[1:] == number[:-1]) & (cell[1:] == cell[:-1])
        self.chain: Integers = np.cumsum(~goes_on) - 1
        """Number of the custodian lot that a row is a part of."""

    def _price_lots(self, value: Floats) -> None:
        """Say what each lot's sale is taxed, and whether it counts as a loss: below basis plus the margin."""
        problems, account = self.problems, self.lot_account
        basis = self.basis.astype(float)
        margin = np.floor(basis * problems.loss_margin[self.rows][account]).astype(np.int64)
        taxable = self.taxable[account]
        self.is_loss: Flags = (self.value.whole < self.basis + margin) & taxable
        self.gain = np.where(value > 0.0, 1.0 - basis / np.where(value > 0.0, value, 1.0), 0.0) * taxable
        below = self.value.whole < self.basis
        long_term = problems.lot_long_term[self.lots]
        gain_rate = np.where(long_term, problems.long_gain_rate[self.rows][account],
                             problems.short_gain_rate[self.rows][account])  # fmt: skip
        loss_rate = np.where(long_term, problems.long_loss_rate[self.rows][account],
                             problems.short_loss_rate[self.rows][account])  # fmt: skip
        aware = (problems.mode[self.rows] != Mode.TAX_UNAWARE)[account]
        self.tax = np.where(below, loss_rate, gain_rate) * self.gain * aware

    def parts(self) -> tuple[Pieces, Integers]:
        """Return the sellable sublots, none joined, cut at the first blocked one; and the lot each is a part of."""
        kept, loses = self._kept()
        pieces = Pieces(
            account=self.lot_account[kept], security=self.security[kept], quantity=self.weight[kept],
            tax=self.tax[kept], gain=self.gain[kept], is_loss=loses[kept],
        )  # fmt: skip
        return pieces, self.chain[kept]

    def _kept(self) -> tuple[Integers, Flags]:
        """Return the lots that can be sold, and (lots,) whether selling them realises a loss.

        What lies behind a loss cannot be sold without it.
        """
        blocked = np.cumsum(~self.sellable)
        head = heads(self.chain)
        before: Integers = blocked[head] - ~self.sellable[head]
        counts = np.maximum(1.0, np.maximum(np.abs(self.tax), np.abs(self.gain))) * self.weight > DUST
        losses = np.cumsum(self.is_loss)
        loses: Flags = losses > (losses - self.is_loss)[head]
        return np.flatnonzero((blocked == before) & counts), loses

    def pieces(self) -> Pieces:
        """Return the sellable pieces: cut at the first blocked sublot, joined where a later one is cheaper.

        A join is an envelope of the tax only. Where a group of several securities could sell the gains and keep the
        losses, or a net gain budget counts other gains than the tax does, sublots stay apart: that their order is then
        dropped makes the bound lower, never wrong.
        """
        problems = self.problems
        kept, loses = self._kept()
        chain, tax = self.chain[kept], self.tax[kept]
        falls = (chain[1:] == chain[:-1]) & (tax[1:] <= tax[:-1])
        table = np.stack([self.weight[kept], tax, self.gain[kept], loses[kept].astype(float)])
        account, security = self.lot_account[kept], self.security[kept]
        if falls.any():
            shared = self.in_shared_group[self.security[kept]]
            limited = (problems.net_gain_budget_microusd[self.rows] != NO_GAIN_LIMIT)[self.lot_account[kept]]
            table, lasting = _joined(table, chain, np.unique(chain[1:][falls]), shared=shared, limited=limited)
            account, security = account[lasting], security[lasting]
        return Pieces(
            account=account, security=security, quantity=table[0], tax=table[1], gain=table[2], is_loss=table[3] > 0.0
        )

    def limits(self) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Return what idling leaves of: cash high, cash low, sectors high, sectors low, turnover, net gain."""
        problems, rows, wide = self.problems, self.rows, self.relaxed
        sectors = len(self.market.sectors)
        m = self.hi - self.lo
        cell = np.arange(m)[:, None] * sectors + self.market.sector
        active = np.bincount(cell.ravel(), self.x0.ravel(), m * sectors).reshape(m, sectors)
        cash = (problems.cash_microusd[rows].astype(float) + problems.flow_microusd[rows]) / self.nav
        band = problems.sector_band[rows, None]
        budget = problems.net_gain_budget_microusd[rows]
        limited = self.taxable & (budget != NO_GAIN_LIMIT)
        return (
            cash - np.maximum(problems.cash_min[rows], 0.0) + wide[:, 0],
            problems.cash_max[rows] - cash + wide[:, 1],
            band - active + wide[:, 2 : 2 + sectors],
            band + active + wide[:, 2 + sectors : 2 + 2 * sectors],
            problems.turnover_max[rows] + wide[:, 2 + 2 * sectors],
            np.where(limited, budget / self.nav, np.inf) + wide[:, 3 + 2 * sectors],
        )

    def bands(self) -> tuple[Floats, Floats]:
        """Return (accounts, k) the least and the largest exposure of the active weights to each factor."""
        k = self.market.exposures.shape[1]
        band, wide = self.problems.factor_band[self.rows, None], self.relaxed
        at = 4 + 2 * len(self.market.sectors)
        return -(band + wide[:, at + k : at + 2 * k]), band + wide[:, at : at + k]

    def groups(self) -> tuple[Integers, Integers]:
        """Return securities by identical group, groups by first member; and where each group begins among them."""
        _, first, number = np.unique(self.market.identical_group, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))
        by_group = np.argsort(rank[number], kind="stable")
        begins = np.searchsorted(rank[number][by_group], np.arange(len(first)))
        return by_group.astype(np.int64), begins.astype(np.int64)

    def disjoint_groups(self, pieces: Pieces) -> Flags:
        """Return (accounts, groups): where something can be bought and some loss can be sold."""
        loses = np.zeros(self.x0.shape, np.bool_)
        loses[pieces.account[pieces.is_loss], pieces.security[pieces.is_loss]] = True
        by_group, begins = self.groups()
        losing = np.logical_or.reduceat(loses[:, by_group], begins, axis=1)
        buying = np.logical_or.reduceat(self.room[:, by_group] > 0.0, begins, axis=1)
        both: Flags = losing & buying
        return both

    def objective(self, sold: Floats, bought: Floats) -> tuple[Floats, Floats]:
        """Return (objective, squared tracking error) of weights sold per lot and bought (accounts, n)."""
        m, n = self.x0.shape
        sales = np.bincount(self.lot_account * n + self.security, sold, m * n).reshape(m, n)
        x = self.x0 + bought - sales
        factor = np.einsum("an,nk->ak", x, self.market.exposures)
        te2 = (factor**2).sum(axis=1) + (self.market.specific_variance * x * x).sum(axis=1)
        traded = np.bincount(self.lot_account, sold, m) + bought.sum(axis=1)
        tax = np.bincount(self.lot_account, self.tax * sold, m)
        return 0.5 * self.aversion * te2 + tax + self.cost * traded, te2


def _joined(
    table: Floats, chain: Integers, wanted: Integers, *, shared: Flags, limited: Flags
) -> tuple[Floats, Integers]:
    """Return the columns with the rows of the ``wanted`` chains joined to ascending tax, and which rows last.

    Rows of ``shared`` groups are joined only where both or neither lose, of ``limited`` accounts only at one gain.
    """
    table = table.copy()
    lasting = np.ones(table.shape[1], np.bool_)
    for number in wanted.tolist():
        at = np.arange(*np.searchsorted(chain, [number, number + 1]))
        stack: list[int] = []
        for row in at.tolist():
            stack.append(row)
            while len(stack) > 1 and table[1, stack[-2]] >= table[1, stack[-1]]:
                one, other = table[:, stack[-2]], table[:, stack[-1]]
                if (shared[row] and one[3] != other[3]) or (limited[row] and one[2] != other[2]):
                    break
                last = stack.pop()
                into = stack[-1]
                total = table[0, into] + table[0, last]
                for column in (1, 2):
                    mixed = table[0, into] * table[column, into] + table[0, last] * table[column, last]
                    table[column, into] = mixed / total
                table[0, into] = total
                table[3, into] = max(table[3, into], table[3, last])
        lasting[at] = False
        lasting[stack] = True
    return table[:, lasting], np.flatnonzero(lasting)


class AccountView:
    """One account of a shard with the permissions it was solved under; scalars instead of arrays of one."""

    def __init__(self, problems: ShardProblems, a: int, certificate: Certificate) -> None:
        lots = slice(int(problems.lot_start[a]), int(problems.lot_start[a + 1]))
        self.view = View(
            problems, a, a + 1, can_buy=certificate.can_buy[a : a + 1],
            loss_allowed=certificate.lot_loss_sale_allowed[lots], relaxed=certificate.relaxed[a : a + 1],
            cap=certificate.tracking_error_max[a : a + 1],
        )  # fmt: skip
        self.problems, self.market, self.a = problems, problems.market, a
        self.x0, self.room, self.holding = self.view.x0[0], self.view.room[0], self.view.holding[0]
        self.nav, self.cap = int(self.view.nav[0]), float(self.view.cap[0])

    def pieces(self) -> Pieces:
        """Return what can be sold."""
        return self.view.pieces()

    def limits(self) -> tuple[float, float, Floats, Floats, float, float]:
        """Return what idling leaves of: cash high, cash low, sectors high, sectors low, turnover, net gain."""
        high, low, sector_high, sector_low, turnover, net_gain = self.view.limits()
        return float(high[0]), float(low[0]), sector_high[0], sector_low[0], float(turnover[0]), float(net_gain[0])

    def bands(self) -> tuple[Floats, Floats]:
        """Return (k,) the least and the largest exposure of the active weights to each factor."""
        low, high = self.view.bands()
        return low[0], high[0]

    def disjunctions(self, pieces: Pieces) -> list[list[int]]:
        """Return the members of each group where something can be bought and some loss can be sold."""
        by_group, begins = self.view.groups()
        members = np.split(by_group, begins[1:])
        return [members[group].tolist() for group in np.flatnonzero(self.view.disjoint_groups(pieces)[0])]
