"""A shard's problems in, its certified orders out: households wave by wave, every account on its own and from cold.

Waves: the first accounts of all households, then the second, and so on in each household's declared order. An
account's orders, once rounded, close what would wash in its household: a loss sold closes purchases of that identical
group for the later accounts, a purchase (in a retirement account too) closes loss sales of it.
"""

from __future__ import annotations

import numpy as np

from ledger.amounts import MICRO
from ledger.errors import InputError
from solvers.answer import AccountAnswer
from solvers.arrays import Integers
from solvers.explain import AccountOrders, order_reasons, shadow_prices
from solvers.line import Line
from solvers.prepare import Tables
from solvers.problem import Certificate, Flags, ShardAnswers, ShardProblems, SolveSettings
from solvers.proven import proven
from solvers.tables import refusals, tables_of

BLOCK = 256
"""Accounts prepared at a time; it bounds the memory and changes no answer."""
NO_ORDERS = np.zeros(0, np.int64)
"""So that a shard without accounts, all of them held beforehand, has arrays of orders too."""


def solve_shard(problems: ShardProblems, settings: SolveSettings) -> ShardAnswers:
    """Return one answer per account, and all orders; the answer to an account never depends on other households.

    Raises `InputError` where the market itself, or the order of a household, makes no sense; an account's own bad
    numbers hold that account only.
    """
    tables = tables_of(problems)
    line = Line(tables=tables, settings=settings, sectors=problems.market.sectors)
    answers = refusals(problems, tables)
    closed_buys: dict[int, set[int]] = {}
    closed_losses: dict[int, set[int]] = {}
    seen: set[tuple[int, int]] = set()
    for key in zip(problems.household.tolist(), problems.wave.tolist(), strict=True):
        if key in seen:
            raise InputError(
                code="SHARD-001",
                where=f"household {key[0]}",
                found=f"two accounts in wave {key[1]}",
                expected="one account of a household per wave",
                remedy="Number the accounts of each household in their declared order.",
            )
        seen.add(key)
    for wave in sorted(set(problems.wave.tolist())):
        rows = np.array([a for a in np.flatnonzero(problems.wave == wave) if int(a) not in answers], np.int64)
        for a in rows:
            household = int(problems.household[a])
            _close(tables, int(a), closed_buys.get(household, set()), closed_losses.get(household, set()))
        for begin in range(0, len(rows), BLOCK):
            block = rows[begin : begin + BLOCK]
            for a, found in zip(block, line.answer_rows(block), strict=True):
                answer = proven(problems, tables, int(a), found, settings)
                answers[int(a)] = answer
                household = int(problems.household[a])
                bought, lost = _traded_groups(tables, int(a), answer)
                closed_losses.setdefault(household, set()).update(bought)
                closed_buys.setdefault(household, set()).update(lost)
    return _assemble(problems, tables, [answers[a] for a in range(len(problems.account_ids))])


def _close(tables: Tables, a: int, buys: set[int], losses: set[int]) -> None:
    """Take the household's closed groups from account ``a``'s permissions."""
    if buys:
        tables.can_buy[a, np.isin(tables.group, sorted(buys))] = False
    if losses and tables.taxable[a]:
        lots = slice(int(tables.lot_start[a]), int(tables.lot_start[a + 1]))
        washed = np.isin(tables.group[tables.lot_security[lots]], sorted(losses))
        tables.lot_loss_allowed[lots][washed] = False


def _traded_groups(tables: Tables, a: int, answer: AccountAnswer) -> tuple[set[int], set[int]]:
    """Return the identical groups that the account buys, and those of which it sells lots at a loss."""
    if answer.sold is None or answer.bought is None:
        return set(), set()
    bought = set(tables.group[np.flatnonzero(answer.bought)].tolist())
    if not tables.taxable[a]:
        return bought, set()
    lots = int(tables.lot_start[a]) + np.flatnonzero(answer.sold)
    return bought, set(tables.group[tables.lot_security[lots[may_lose(tables, a, lots)]]].tolist())


def may_lose(tables: Tables, a: int, lots: Integers) -> Flags:
    """Return which of the account's lots are worth less than their basis and its margin, exactly."""
    shares, price = tables.lot_shares[lots], tables.price[tables.lot_security[lots]]
    whole = (shares // MICRO) * price + (shares % MICRO) * price // MICRO
    basis = tables.lot_basis[lots]
    below: Flags = whole < basis + np.floor(basis.astype(float) * tables.rates[a, 4]).astype(np.int64)
    return below


def _assemble(problems: ShardProblems, tables: Tables, answers: list[AccountAnswer]) -> ShardAnswers:
    """Return all answers side by side, orders sorted by (account, security, lot)."""
    orders = [_orders_of(tables, a, answer) for a, answer in enumerate(answers)]
    shadows: list[tuple[int, str, float]] = []
    conflicts: list[tuple[int, str, float]] = []
    for a, answer in enumerate(answers):
        conflicts += [(a, name, needed) for name, needed in answer.conflict]
        shadows += [(a, name, dollars) for name, dollars in shadow_prices(problems, tables, a, answer)]
    results = [answer.result for answer in answers]
    account = np.repeat(np.arange(len(answers)), np.array([len(one.lot) for one in orders], np.int64))
    security = np.concatenate([NO_ORDERS, *[one.security for one in orders]])
    lots = np.concatenate([NO_ORDERS, *[one.lot for one in orders]])
    return ShardAnswers(
        status=tuple(answer.status for answer in answers),
        reasons=tuple(answer.reason for answer in answers),
        objective=np.array([answer.objective for answer in answers]),
        bound=np.array([answer.bound for answer in answers]),
        gap_continuous=np.array([answer.gap_continuous for answer in answers]),
        objective_idle=np.array([answer.idle for answer in answers]),
        nav_microusd=tables.nav.copy(),
        cash_after_microusd=np.array(
            [cash if result is None else result.cash_after for cash, result in zip(tables.cash, results, strict=True)],
            np.int64,
        ),
        tracking_error_before=np.sqrt([answer.idle_te2 for answer in answers]),
        tracking_error_after=np.sqrt(
            [answer.idle_te2 if answer.result is None else answer.result.te2 for answer in answers]
        ),
        net_gain_microusd=np.array([0 if result is None else result.net_gain for result in results], np.int64),
        turnover=np.array([0.0 if result is None else result.turnover for result in results]),
        nodes=np.array([answer.nodes for answer in answers], np.int64),
        order_account=account,
        order_security=security,
        order_is_buy=lots < 0,
        order_lot=lots,
        order_micro_shares=np.concatenate([NO_ORDERS, *[one.shares for one in orders]]),
        order_reason=tuple(order_reasons(tables, account=account, security=security, lot=lots)),
        shadow_account=np.array([a for a, _, _ in shadows], np.int64),
        shadow_limit=tuple(name for _, name, _ in shadows),
        shadow_usd_per_unit=np.array([dollars for _, _, dollars in shadows], np.float64),
        conflict_account=np.array([a for a, _, _ in conflicts], np.int64),
        conflict_limit=tuple(name for _, name, _ in conflicts),
        conflict_needed=np.array([needed for _, _, needed in conflicts], np.float64),
        certificate=_certificate(tables, answers),
    )


def _orders_of(tables: Tables, a: int, answer: AccountAnswer) -> AccountOrders:
    """Return the account's orders, sorted by (security, lot)."""
    if answer.sold is None or answer.bought is None:
        nothing = np.zeros(0, np.int64)
        return AccountOrders(nothing, nothing, nothing)
    at = np.flatnonzero(answer.sold)
    bought = np.flatnonzero(answer.bought)
    lot = np.concatenate([int(tables.lot_start[a]) + at, np.full(len(bought), -1)])
    security = np.concatenate([tables.lot_security[lot[: len(at)]], bought])
    shares = np.concatenate([answer.sold[at], answer.bought[bought]])
    order = np.lexsort((lot, security))
    return AccountOrders(security[order], lot[order], shares[order])


def _certificate(tables: Tables, answers: list[AccountAnswer]) -> Certificate:
    """Return the leaves of all accounts side by side."""
    n = tables.F.shape[0]
    size = 3 + (tables.relaxed.shape[1] - 4) // 2
    counts = [0 if answer.leaves is None else len(answer.leaves.theta) for answer in answers]
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    prices = np.zeros((int(start[-1]), size))
    cap_price = np.zeros(int(start[-1]))
    directions = np.zeros((int(start[-1]), n), np.int8)
    for a, answer in enumerate(answers):
        if answer.leaves is not None:
            part = slice(int(start[a]), int(start[a + 1]))
            prices[part] = answer.leaves.pi
            cap_price[part] = answer.leaves.theta
            directions[part, : answer.leaves.directions.shape[1]] = answer.leaves.directions
    return Certificate(
        leaf_start=start,
        leaf_prices=prices,
        leaf_cap_price=cap_price,
        leaf_directions=directions,
        relaxed=tables.relaxed.copy(),
        tracking_error_max=tables.limits[:, 7].copy(),
        can_buy=tables.can_buy,
        lot_loss_sale_allowed=tables.lot_loss_allowed,
    )
