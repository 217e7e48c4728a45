"""Joined sublots leave together or not at all: the continuous answer mended where it cuts through a joined entry.

A joined entry's average cost is true only where none or all of it is sold (`solvers.prepare`). Where the answer sells
a part, that part is made none or all, and the rest of the account is solved again around it. The bound stays that of
the account with the joined entries' averages, which no sales of sublots in order can beat.
"""

from __future__ import annotations

import numpy as np

from solvers.arrays import Account, Bytes, Floats, Integers
from solvers.dual import new_response
from solvers.prepare import DUST
from solvers.problem import Flags
from solvers.reduce import Fixed, holds, solve_fixed

ROUNDS_MAX = 4
THRESHOLDS = (0.5, 1.0, 0.0)
"""A part above this becomes all of its entry: the nearer, none, or all; tried one after the other."""


def joined_answers(
    account: Account, joined: Flags, fixed: Fixed, *, directions: Bytes, theta: float, breach_max: float
) -> list[Fixed]:
    """Return ``fixed``, and answers near it that cut through no entry flagged in ``joined`` (e,)."""
    if not _parts(account, joined, fixed).any():
        return [fixed]
    answers = [fixed]
    for threshold in THRESHOLDS:
        amount = np.full(len(account.quantity), np.nan)
        answer = fixed
        for _ in range(ROUNDS_MAX):
            part = _parts(account, joined, answer)
            if not part.any():
                answers.append(answer)
                break
            whole = account.quantity[part]
            amount[part] = np.where(answer.sale[part] > threshold * whole, whole, 0.0)
            decided = ~np.isnan(amount)
            rest = _without(account, np.flatnonzero(decided), np.where(decided, amount, 0.0))
            found = solve_fixed(rest, directions, answer.pi, theta, -np.inf, new_response(rest), breach_max)
            if not holds(found, breach_max):
                break
            answer = found._replace(sale=np.where(decided, amount, found.sale))
    return answers


def _parts(account: Account, joined: Flags, fixed: Fixed) -> Flags:
    """Return which joined entries are sold in part."""
    parts: Flags = joined & (fixed.sale > DUST) & (fixed.sale < account.quantity - DUST)
    return parts


def _without(account: Account, entries: Integers, sale: Floats) -> Account:
    """Return what is left of the account's problem after ``sale`` (e,), with ``entries`` gone.

    What is sold is not bought back.
    """
    n = len(account.D)
    security = np.repeat(np.arange(n), np.diff(account.first))
    sold = np.bincount(security, sale, n)
    x0 = account.x0 - sold
    y0 = account.y0.copy()
    half = 0.0
    for i in range(n):
        half += 0.5 * float(account.D[i]) * float(x0[i]) ** 2
        if sold[i] > 0.0:
            y0 -= account.F[i] * sold[i]
    k = len(y0)
    sectors = np.bincount(account.sector, sold, (len(account.r) - 4) // 2 - k)
    total, gain = 0.0, 0.0
    for entry in entries:
        total += float(sale[entry])
        gain += float(sale[entry]) * float(account.gain[entry])
    moved = account.y0 - y0 if account.banded else np.zeros(k)
    r = account.r + np.concatenate([[total, -total], sectors, -sectors, [-total, -gain], moved, -moved])
    quantity = account.quantity.copy()
    quantity[entries] = 0.0
    room = np.where(sold > 0.0, 0.0, account.room)
    return account._replace(x0=x0, y0=y0, r=r, half_specific=half, quantity=quantity, room=room)
