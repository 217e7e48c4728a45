"""The trades that the search's own prices ask for, and what they are worth, without Clarabel; compiled.

Newton leaves prices under the best directions. Where the trades that answer them keep every limit and meet their own
dual, the account is certified as it stands: Clarabel could only confirm it. What is not certified goes to Clarabel.
"""

from __future__ import annotations

import numpy as np

from solvers.arrays import Book, Bytes
from solvers.block import Closed
from solvers.compiling import kernel
from solvers.dual import account_of, dual, judge, new_response, trades_of
from solvers.problem import Flags
from solvers.searching import Searched


@kernel
def close_unaided(book: Book, searched: Searched, wanted: Bytes) -> Closed:
    """Return the search's trades of the accounts flagged in ``wanted`` (A,), judged over the full accounts."""
    count = book.gamma.shape[0]
    out = Closed(
        np.zeros(book.quantity.shape[0]), np.zeros(book.x0.shape), searched.pi.copy(),
        np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan), np.full(count, -np.inf),
    )  # fmt: skip
    for a in range(count):
        if not wanted[a]:
            continue
        account = account_of(book, a)
        directions = searched.directions[a, : book.disjunctions[a]]
        response = new_response(account)
        lo, hi = book.entry_at[a], book.entry_at[a] + account.quantity.shape[0]
        _, out.bound[a] = dual(account, searched.pi[a], searched.theta[a], directions, 0.0, response)
        trades_of(account, directions, response, out.sale[lo:hi], out.bought[a])
        out.objective[a], out.breach[a], out.te2[a] = judge(account, out.sale[lo:hi], out.bought[a])
    return out


def either(book: Book, unaided: Closed, aided: Closed, which: Flags) -> Closed:
    """Return the answers of ``unaided`` where ``which`` (A,), else those of ``aided``."""
    by_entry = np.repeat(which, np.diff(book.entry_at))
    return Closed(
        np.where(by_entry, unaided.sale, aided.sale),
        np.where(which[:, None], unaided.bought, aided.bought),
        np.where(which[:, None], unaided.pi, aided.pi),
        np.where(which, unaided.objective, aided.objective),
        np.where(which, unaided.breach, aided.breach),
        np.where(which, unaided.te2, aided.te2),
        np.where(which, unaided.bound, aided.bound),
    )
