"""Sublots that leave in position order though a later one is cheaper: the least value of a security's sales, exactly.

Of each such lot the marginal sublot is decided, those before it sold and those behind it kept; what is then left to
choose is convex, and sold in ascending cost. All decisions together cover all sales, whatever the costs, so the least
of their values is the security's part of the bound. A convex envelope of the costs would be lower: the security's own
risk, in which the sale is strictly convex, is inside the minimum here and outside there. Part of the judge, in NumPy
(`docs/model.md`, section 2).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from solvers.problem import Floats, Integers
from solvers.views import heads

DECISIONS_MAX = 64
"""Beyond so many decisions of one security, lots are taken at the convex envelope of their costs."""
Step = tuple[float, float]
"""(cost per unit, quantity)"""


class Steps(NamedTuple):
    """What can be sold, by cell (a security at some prices), lot and position; (steps,) each."""

    cell: Integers
    chain: Integers
    """Number of the custodian lot that a step is a part of."""
    cost: Floats
    quantity: Floats


def least_values(steps: Steps, *, price: Floats, weight: Floats) -> Floats:
    """Return (cells,) the least of w S^2 / 2 - p S + cost, with S sold from a cell's steps by ascending cost."""
    order = np.lexsort((steps.cost, steps.cell))
    cell, unit, quantity = steps.cell[order], steps.cost[order], steps.quantity[order]
    before = np.cumsum(quantity) - quantity
    before -= before[heads(cell)]
    amount = np.clip((price[cell] - unit) / weight[cell] - before, 0.0, quantity)
    total = np.bincount(cell, amount, len(price))
    paid = np.bincount(cell, unit * amount, len(price))
    value: Floats = 0.5 * weight * total**2 - price * total + paid
    return value


def falling(steps: Steps) -> Integers:
    """Return the cells with a lot of which a later sublot is cheaper."""
    cell, chain, cost = steps.cell, steps.chain, steps.cost
    falls = (cell[1:] == cell[:-1]) & (chain[1:] == chain[:-1]) & (cost[1:] < cost[:-1])
    found: Integers = np.unique(cell[1:][falls])
    return found


def in_order(values: Floats, steps: Steps, *, price: Floats, weight: Floats) -> Floats:
    """Return ``values`` (cells,) of `least_values`, anew where a lot has a cheaper sublot behind a dearer one."""
    cells = falling(steps)
    if len(cells) == 0:
        return values
    number: list[int] = []
    before: list[float] = []
    spent: list[float] = []
    left: list[tuple[int, Step]] = []
    begins = np.searchsorted(steps.cell, cells).tolist()
    ends = np.searchsorted(steps.cell, cells, side="right").tolist()
    for at, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        mine = Steps(
            steps.cell[begin:end], steps.chain[begin:end], steps.cost[begin:end], steps.quantity[begin:end]
        )  # fmt: skip
        for sold, paid, free in decisions(mine):
            left += [(len(number), step) for step in free]
            number.append(at)
            before.append(sold)
            spent.append(paid)
    done, rest = np.array(before), [step for _, step in left]
    p, w = price[cells][number], weight[cells][number]
    decided = np.array([decision for decision, _ in left], np.int64)
    free_steps = Steps(decided, decided, np.array([cost for cost, _ in rest]), np.array([amount for _, amount in rest]))
    value = least_values(free_steps, price=p - w * done, weight=w)
    value += (0.5 * w * done - p) * done + np.array(spent)
    least = np.full(len(cells), np.inf)
    np.minimum.at(least, number, value)
    values = values.copy()
    values[cells] = least
    return values


def decisions(steps: Steps) -> list[tuple[float, float, list[Step]]]:
    """Return (sold before, paid for it, steps left to choose) of every way to decide one cell's marginal sublots."""
    chain = steps.chain.tolist()
    each = list(zip(steps.cost.tolist(), steps.quantity.tolist(), strict=True))
    free: list[Step] = []
    choices: list[list[tuple[float, float, Step]]] = []
    count = 1
    for _, rows in itertools.groupby(range(len(chain)), key=lambda row: chain[row]):
        lot = [each[row] for row in rows]
        rises = all(later[0] >= earlier[0] for earlier, later in itertools.pairwise(lot))
        if rises or count * len(lot) > DECISIONS_MAX:
            free += lot if rises else envelope(lot)
            continue
        count *= len(lot)
        before = itertools.accumulate((amount for _, amount in lot[:-1]), initial=0.0)
        spent = itertools.accumulate((cost * amount for cost, amount in lot[:-1]), initial=0.0)
        choices.append(list(zip(before, spent, lot, strict=True)))
    return [
        (sum(one[0] for one in chosen), sum(one[1] for one in chosen), [*free, *(one[2] for one in chosen)])
        for chosen in itertools.product(*choices)
    ]


def envelope(lot: list[Step]) -> list[Step]:
    """Return the lower convex envelope of a lot's steps, which are taken in order.

    >>> envelope([(3.0, 1.0), (1.0, 1.0), (4.0, 1.0)])
    [(2.0, 2.0), (4.0, 1.0)]
    """
    joined: list[Step] = []
    for step in lot:
        joined.append(step)
        while len(joined) > 1 and joined[-2][0] >= joined[-1][0]:
            (one, some), (other, more) = joined[-2], joined[-1]
            joined[-2:] = [((one * some + other * more) / (some + more), some + more)]
    return joined
