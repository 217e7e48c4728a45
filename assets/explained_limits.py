"""Limits of one account that bind, conflict or gave, each in the unit in which a person states it."""

from __future__ import annotations

from assets.explained_words import Row, limit_in_force, told_policy, unit_of
from assets.store import Tables
from ledger.amounts import MICRO
from solvers.answer import limit_names

GAIN_BUDGET = "net_gain_budget"


def binding_limit(row: Row, policy: Row) -> Row:
    """Return a limit that binds: what the policy says of it, and what one more unit would be worth in dollars."""
    unit, size = unit_of(row["limit_name"])
    return {
        "limit": row["limit_name"],
        "stated": limit_in_force(row["limit_name"], told_policy(policy)),
        "usd_per_unit": row["amount"] * size,
        "unit": unit,
    }


def conflict(row: Row, policy: Row) -> Row:
    """Return a limit of an infeasible account: what the policy says of it, and by how much it would have to give."""
    unit, size = unit_of(row["limit_name"])
    return {
        "limit": row["limit_name"],
        "stated": limit_in_force(row["limit_name"], told_policy(policy)),
        "short_of": row["amount"] / size,
        "unit": unit,
    }


def relaxations(tables: Tables, answer: Row, policy: Row) -> list[Row]:
    """Return by how much each limit was widened; the cap on tracking error with what is in force."""
    sectors = tables.query("proposals/universe")["sector"].unique().sort().to_list() if answer["relaxed"] else []
    widened = answer["relaxed"] or []
    names = limit_names(tuple(sectors), (len(widened) - 4 - 2 * len(sectors)) // 2)
    rows = []
    for name, amount in zip(names, widened, strict=False):
        if amount > 0.0:
            # The solve counts the gain budget, as all else, in fractions of the account.
            nav = answer["nav_microusd"] / MICRO
            unit, size = unit_of(name)
            by = amount * nav if name == GAIN_BUDGET else amount / size
            rows.append({"limit": name, "stated": limit_in_force(name, told_policy(policy)), "by": by, "unit": unit})
    cap, stated = answer["tracking_error_max"], policy["tracking_error_max_bps"]
    if cap is not None and stated is not None and cap * 1e4 > stated * (1.0 + 1e-12):
        unit, size = unit_of("tracking_error_max")
        rows.append({
            "limit": "tracking_error_max", "stated": limit_in_force("tracking_error_max", told_policy(policy)),
            "by": cap / size - stated, "unit": unit,
        })  # fmt: skip
    return rows
