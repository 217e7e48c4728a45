"""The figures told beside orders and bound, judged: each recomputed from the problem, the orders and the certificate.

Part of the judge (`solvers.evaluate`), in NumPy and without the solve's code. A shadow price is judged by its meaning:
all those of an account must be the multipliers of one leaf of its certificate, in dollars per unit of the limit, with
the limit's sign, and no binding limit may be left out. The gap before rounding cannot be recomputed, for the trades
before rounding are not kept: only that it is none below zero, and the whole gap where nothing is traded.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ledger.amounts import MICRO
from solvers.bounds import Leaves
from solvers.claims import Stated
from solvers.problem import Flags, Floats
from solvers.views import View

FIGURE_TOLERANCE = 1e-10
"""Float error forgiven in an objective, a tracking error or a turnover."""
PRICE_MIN = 1e-9
"""A multiplier below this is float dust, not a binding limit; so are dollars of the gain budget."""
PRICE_TOLERANCE = 1e-9
"""Float error forgiven in a shadow price, as a share of it."""
WIDE = 1e6
"""A band this wide, or wider, is none."""


def wrong_figures(
    view: View, told: Stated, *, held: Flags, idle: Floats, error: Floats, idle_error: Floats, traded: Floats
) -> Iterator[tuple[int, str]]:
    """Yield (account of the view, what is not as told): value, objective of idling, tracking errors, turnover, gaps.

    ``idle`` is the recomputed objective of doing nothing, ``error`` and ``idle_error`` the tracking errors after and
    before the orders, ``traded`` what they turn over; (accounts,) each. A held account may tell nothing, not wrongly.
    """
    rows = view.rows
    found = {
        "objective of idling": (told.objective_idle[rows], idle),
        "tracking error before the orders": (told.tracking_error_before[rows], idle_error),
        "tracking error after the orders": (told.tracking_error_after[rows], np.where(held, idle_error, error)),
        "turnover": (told.turnover[rows], np.where(held, 0.0, traded)),
    }
    for name, (stated, computed) in found.items():
        tolerance = FIGURE_TOLERANCE * np.maximum(1.0, np.abs(computed))
        wrong = ~(np.abs(stated - computed) <= tolerance) & ~(held & np.isnan(stated))
        yield from (
            (int(at), f"the {name} is {float(computed[at])!r}, not {float(stated[at])!r}")
            for at in np.flatnonzero(wrong)
        )
    for at in np.flatnonzero(told.nav_microusd[rows] != view.nav):
        yield int(at), "the net asset value is not as stated"
    gap, before = told.objective[rows] - told.bound[rows], told.gap_continuous[rows]
    known = np.isnan(told.objective[rows]) & np.isnan(told.bound[rows]) & np.isnan(before)
    for at in np.flatnonzero(held & ~known):
        yield int(at), "a held account has an objective, a bound or a gap"
    left = (traded == 0.0) & ~(np.abs(before - gap) <= FIGURE_TOLERANCE)
    for at in np.flatnonzero(~held & (~(before >= 0.0) | left)):
        yield int(at), f"the gap before rounding is not {float(before[at])!r}"


def limit_prices(view: View, leaves: Leaves) -> tuple[list[str], Floats, Floats]:
    """Return the names of all limits, (leaves, limits) dollars per unit of each, and what of them is dust.

    Units are net asset values, dollars of the gain budget, and exposures of the factor bands.
    """
    market, prices = view.market, leaves.prices
    k, sectors = market.exposures.shape[1], len(market.sectors)
    nav = view.nav[leaves.account, None] / MICRO
    gamma = (view.aversion[leaves.account] + leaves.cap_price)[:, None]
    low, high = (band[leaves.account] for band in view.bands())
    factors = prices[:, :k]
    banded = view.problems.factor_band[view.rows][leaves.account, None] < WIDE
    beyond = np.where(banded, factors - np.clip(factors, gamma * low, gamma * high), 0.0) * nav
    cash, sector = prices[:, k : k + 1] * nav, prices[:, k + 1 : k + 1 + sectors] * nav
    cap = view.cap[leaves.account]
    risk = np.where(leaves.cap_price > 0.0, leaves.cap_price * np.where(cap < WIDE, cap, 0.0), 0.0)[:, None] * nav
    turnover, gain = prices[:, -2:-1] * nav, prices[:, -1:]
    dollars = np.concatenate([cash, -cash, sector, -sector, turnover, gain, beyond, -beyond, risk], axis=1)
    names = ["cash_min", "cash_max", *(f"sector:{name} {side}" for side in ("high", "low") for name in market.sectors)]
    names += ["turnover", "net_gain_budget"]
    names += [f"factor:f{j + 1:02d} {side}" for side in ("high", "low") for j in range(k)]
    dust = PRICE_MIN * np.where(np.array([*names, "tracking_error_max"]) == "net_gain_budget", 1.0, nav)
    return [*names, "tracking_error_max"], dollars, dust


def wrong_prices(view: View, told: Stated, leaves: Leaves, *, held: Flags) -> Iterator[tuple[int, str]]:
    """Yield (account of the view, what is wrong) of every account whose shadow prices are those of no leaf."""
    names, dollars, dust = limit_prices(view, leaves)
    place = {name: at for at, name in enumerate(names)}
    first, last = np.searchsorted(told.shadow_account, [view.lo, view.hi]).tolist()
    stated = np.zeros((view.hi - view.lo, len(names)))
    for row in range(first, last):
        at, name, price = int(told.shadow_account[row]) - view.lo, told.shadow_limit[row], told.shadow_usd_per_unit[row]
        if held[at]:
            yield at, "a held account has a shadow price"
        elif name not in place or stated[at, place[name]] != 0.0 or not price > 0.0:
            yield at, f"a shadow price of {name} is no price of a limit, told twice or not positive"
        else:
            stated[at, place[name]] = price
    mine = stated[leaves.account]
    agrees = np.abs(dollars - mine) <= PRICE_TOLERANCE * np.abs(dollars)
    agrees |= (mine == 0.0) & (dollars <= dust * (1.0 + PRICE_TOLERANCE))
    confirmed = np.zeros(len(stated), np.bool_)
    confirmed[leaves.account[agrees.all(axis=1)]] = True
    for at in np.flatnonzero(~confirmed & ~held).tolist():
        among = leaves.account == at
        unlike = ~agrees[among].any(axis=0) if among.any() else np.zeros(len(names), np.bool_)
        named = [names[u] for u in np.flatnonzero(unlike)[:1]]
        yield at, " ".join(["the shadow prices are those of no leaf of the certificate", *named])
