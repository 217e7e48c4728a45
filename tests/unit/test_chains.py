"""The least value of selling sublots in position order, against every amount on a fine grid."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.chains import DECISIONS_MAX, Steps, decisions, falling, in_order, least_values
from solvers.problem import Floats, Integers

UNIT = 1.0 / 256.0
CELLS = 6


def least_on_the_grid(chain: Integers, cost: Floats, units: Integers, *, price: float, weight: float) -> float:
    """Return the least value over sales of whole units, each lot's in position order."""
    best = np.zeros(1)
    for number in np.unique(chain):
        steps = np.concatenate([[0.0], np.cumsum(np.repeat(cost[chain == number], units[chain == number])) * UNIT])
        both = np.full(len(best) + len(steps) - 1, np.inf)
        for sold, paid in enumerate(steps.tolist()):
            both[sold : sold + len(best)] = np.minimum(both[sold : sold + len(best)], best + paid)
        best = both
    total = np.arange(len(best)) * UNIT
    return float((0.5 * weight * total**2 - price * total + best).min())


def exact(steps: Steps, *, price: Floats, weight: Floats) -> Floats:
    return in_order(least_values(steps, price=price, weight=weight), steps, price=price, weight=weight)


@pytest.mark.parametrize("seed", range(40))
def test_no_sale_in_position_order_is_worth_more_than_the_least_value(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 12
    cell = np.sort(random.integers(0, CELLS, count))
    chain = np.cumsum(random.random(count) < 0.4) + 10 * cell
    cost = random.normal(0.1, 0.3, count)
    units = random.integers(1, 20, count)
    price, weight = random.normal(0.2, 0.4, CELLS), random.uniform(0.5, 8.0, CELLS)
    found = exact(Steps(cell, chain, cost, units.astype(float) * UNIT), price=price, weight=weight)
    for number in range(CELLS):
        mine = cell == number
        best = least_on_the_grid(
            chain[mine], cost[mine], units[mine], price=float(price[number]), weight=float(weight[number])
        )
        assert found[number] <= best + 1e-12
        # Between two amounts of the grid the value falls by no more than its curvature allows.
        assert found[number] >= best - 0.5 * weight[number] * UNIT**2


def test_beyond_the_number_of_decisions_the_value_is_an_envelope_and_no_higher() -> None:
    random = np.random.default_rng(3)
    count = 4 * DECISIONS_MAX
    cell, chain = np.zeros(count, np.int64), np.repeat(np.arange(count // 2), 2)
    cost, units = random.normal(0.1, 0.3, count), random.integers(1, 4, count)
    price, weight = np.array([0.6]), np.array([1.5])
    steps = Steps(cell, chain, cost, units.astype(float) * UNIT)
    found = float(exact(steps, price=price, weight=weight)[0])
    assert len(decisions(steps)) <= DECISIONS_MAX
    best = least_on_the_grid(chain, cost, units, price=0.6, weight=1.5)
    assert float(least_values(steps, price=price, weight=weight)[0]) <= found <= best + 1e-12


def test_only_lots_with_a_cheaper_sublot_behind_a_dearer_one_are_looked_at() -> None:
    cell, chain = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 2, 3])
    assert falling(Steps(cell, chain, np.array([1.0, 2.0, 2.0, 1.0, 2.0, 1.0]), np.ones(6))).tolist() == [1]
