"""Which limits of an infeasible account conflict, and no fewer: an irreducible set, by deletion.

One limit after the other is left out; where the rest still cannot be kept it stays out. What remains cannot be kept
together, and can be as soon as any one of it is given up (Chinneck and Dravnieks, 1991). Buying and selling are both
allowed everywhere, so what is impossible here is impossible. Each member comes with what it alone would have to give.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from solvers.answer import limit_names
from solvers.arrays import ABSENT, Account, Floats
from solvers.dual import account_of
from solvers.elastic import least_tracking_error
from solvers.prepare import prepare
from solvers.problem import ShardProblems
from solvers.tables import tables_of

BREACH_MIN = 1e-9
"""A shortfall below this fraction of net asset value is float dust."""
CAP_MIN = 1e-7
"""The same for a tracking error, which comes from a quadratic program."""


def irreducible_conflict(problems: ShardProblems, a: int = 0) -> list[tuple[str, float]]:
    """Return (limit, by how much it alone would have to give) of an irreducible set; empty where limits can be kept.

    Amounts are fractions of net asset value, of the net gain budget dollars.
    """
    tables = tables_of(problems)
    account = account_of(prepare(tables, np.array([a])), 0)
    names = limit_names(problems.market.sectors, tables.F.shape[1])
    dollars = float(tables.nav[a]) / 1e6
    matrix = limit_matrix(account)
    stated = [u for u in range(len(names)) if account.r[u] < 0.5 * ABSENT]
    if _shortfall(account, matrix, kept=stated, elastic=stated) > BREACH_MIN:
        kept = _deleted(stated, lambda some: _shortfall(account, matrix, kept=some, elastic=some) > BREACH_MIN)
        found = [(names[u], _shortfall(account, matrix, kept=kept, elastic=[u])) for u in kept]
        return [(name, amount * dollars if name == "net_gain_budget" else amount) for name, amount in found]
    cap = float(np.sqrt(account.te2))
    if account.te2 >= ABSENT or _tracking_error(account, stated) <= cap + CAP_MIN:
        return []
    kept = _deleted(stated, lambda some: _tracking_error(account, some) > cap + CAP_MIN)
    return [("tracking_error_max", _tracking_error(account, kept) - cap), *((names[u], np.inf) for u in kept)]


def _deleted(limits: list[int], conflict: Callable[[list[int]], bool]) -> list[int]:
    """Return ``limits`` without those that the conflict does not need, in their order."""
    kept = list(limits)
    for limit in limits:
        rest = [other for other in kept if other != limit]
        if conflict(rest):
            kept = rest
    return kept


def limit_matrix(account: Account) -> sp.csr_matrix:
    """Return what a unit of each sale entry, then of each purchase, uses of each row of r."""
    n, entries = len(account.D), len(account.quantity)
    sectors = (len(account.r) - 4) // 2 - len(account.y0)
    security = np.concatenate([np.repeat(np.arange(n), np.diff(account.first)), np.arange(n)])
    sign = np.concatenate([-np.ones(entries), np.ones(n)])
    member = sp.csr_matrix((sign, (account.sector[security], np.arange(len(sign)))), (sectors, len(sign)))
    gain = np.concatenate([account.gain, np.zeros(n)])
    exposure = account.F[security].T * sign
    rows = [sign[None, :], -sign[None, :], member, -member, np.ones((1, len(sign))), gain[None, :], exposure, -exposure]
    return sp.csr_matrix(sp.vstack([sp.csr_matrix(row) for row in rows]))


def _shortfall(account: Account, matrix: sp.csr_matrix, *, kept: list[int], elastic: list[int]) -> float:
    """Return the least sum that the ``elastic`` limits give so that all ``kept`` ones hold; inf where none will do."""
    most: Floats = np.concatenate([account.quantity, account.room])
    if not kept:
        return 0.0
    give = sp.csr_matrix((-np.ones(len(elastic)), ([kept.index(u) for u in elastic], np.arange(len(elastic)))),
                         (len(kept), len(elastic)))  # fmt: skip
    answer = linprog(
        np.concatenate([np.zeros(len(most)), np.ones(len(elastic))]),
        A_ub=sp.hstack([matrix[kept], give]).tocsr(),
        b_ub=account.r[kept],
        bounds=[*((0.0, float(value)) for value in most), *((0.0, None) for _ in elastic)],
        method="highs-ds",
    )
    return float(answer.fun) if answer.status == 0 else np.inf


def _tracking_error(account: Account, kept: list[int]) -> float:
    """Return the least tracking error under the ``kept`` limits alone; 0 where there is no answer."""
    r = np.full(len(account.r), ABSENT)
    r[kept] = account.r[kept]
    least = least_tracking_error(account._replace(r=r))
    return 0.0 if least is None else least
