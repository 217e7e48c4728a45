"""What the words of an explanation mean: each outcome, each limit's unit, each thing that stops a trade."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ledger.amounts import plain

Row = dict[str, Any]

MEANING = {
    "CERTIFIED": "No orders that keep the account's limits are better than these by more than the gap: a proven bound.",
    "CERTIFIED_NO_TRADE": "Proven: nothing the account may trade is worth its trigger, so it trades nothing tonight.",
    "CERTIFIED_RELAXED": "The account cannot keep all its limits; those listed gave, and under them it is proven.",
    "HELD_INFEASIBLE": "Proven: no orders keep all the limits at once; the account trades nothing tonight.",
    "HELD_DATA": "What the account's orders would rest on cannot be trusted; it trades nothing tonight.",
    "HELD_BREAK": "Book and custodian disagree about what the account holds; it trades nothing until that is settled.",
    "HELD_FROZEN": "The account may not trade, by decision of its policy or of an operator.",
    "HELD_DEADLINE": "The account's shard had not answered at the deadline; it trades nothing tonight.",
    "HELD_SOLVER": "The answer does not meet the standard, and an answer below it is not used.",
}
"""One sentence for each status: what its certificate proves, or why there is none."""
REMEDIES = {
    "HELD_INFEASIBLE": "Widen one of the limits in conflict by what it is short of, or declare a relaxation_order.",
    "HELD_DATA": "Mend what the reason names (the price, the action's terms, the event, the policy); later nights "
    "trade again.",
    "HELD_BREAK": "Have the custodian or the book corrected, or take the difference as it is with `openbell accept`.",
    "HELD_FROZEN": "Lift it with `openbell release` (`openbell switches` lists all), or clear `frozen` in the policy.",
    "HELD_DEADLINE": "Run the shard; the next night needs its lots. `openbell night --revision` publishes its answer.",
    "HELD_SOLVER": "Nothing for tonight. Where it comes back, look at the account's limits and at `[solve]`.",
}
"""What to do about each held status."""
STOPS = {
    "wash_window": "wash window",
    "dispute": "book and custodian disagree about the name in the household",
    "household_purchase": "an account of the household buys the group tonight",
    "household_loss_sale": "an account of the household sells the group at a loss tonight",
    "purchase_tonight": "the account itself buys the group tonight",
    "loss_sale_tonight": "the account itself sells the group at a loss tonight",
    "minimum_holding_days": "the lots are younger than the account's minimum holding days",
    "mode": "the account's mode sells nothing",
    "no_sell": "a restriction: no sale",
    "no_buy": "a restriction: no purchase",
    "exclusion": "a restriction: excluded",
    "frozen_name": "the name is frozen",
    "not_in_benchmark": "the account's benchmark does not hold the name",
    "max_weight": "the account's cap on the name is reached",
    "net_gain_budget": "the account's gain budget",
    "turnover": "the account's turnover limit",
    "tracking_error": "tracking error: the trade would take the account further from its benchmark than it is worth",
    "sector": "the account's band on the sector",
    "cash": "the account's cash band",
    "tax": "the tax on the sale",
    "factor_band": "the account's band on factor exposures",
    "cost": "trading costs more than the trade is worth",
}
"""What stopped a trade, for people; keys are those of `non_trade`."""


def unit_of(limit: str) -> tuple[str, float]:
    """Return in what unit a person states a limit, and how much of the solve's unit that is."""
    if limit == "net_gain_budget":
        return "dollar of gain", 1.0
    if limit == "tracking_error_max":
        return "basis point of tracking error", 1e-4
    if limit.startswith("factor:"):
        return "hundredth of exposure", 1e-2
    return "percent of value", 1e-2


def limit_in_force(limit: str, policy: Row) -> str | None:
    """Return what the policy says of a limit, in its own words; None where it says nothing."""
    column = {"turnover": "turnover_max", "tracking_error_max": "tracking_error_max_bps"}.get(limit, limit)
    column = {"sector": "sector_band", "factor": "factor_band"}.get(limit.partition(":")[0], column)
    column = "net_gain_budget_usd" if limit == "net_gain_budget" else column
    stated = policy.get(column)
    return None if stated is None else f"{column} {stated}"


def told_non_trade(row: Row) -> str:
    """Return in one sentence what stopped a trade; ``row`` is one of an explanation's non-trades."""
    what = STOPS[row["stopped_by"]]
    first = row["because"][0] if row["because"] else None
    if row["stopped_by"] == "wash_window" and first:
        last = row["because"][-1]
        verb = "sold at a loss" if row["side"] == "buy" else "bought"
        more = f" and {len(row['because']) - 1} more" if len(row["because"]) > 1 else ""
        return (
            f"wash window through {row['until']}: {last['account_id']} {verb} {last['shares']} {last['security_id']} "
            f"on {last['day']} (lot {last['lot_id']}{more})"
        )
    if row["stopped_by"] in ("exclusion", "no_buy", "no_sell") and first:
        reason = f": {first['reason']}" if first["reason"] else ""
        return f"{what} ({first['kind']} {first['on_what']} {first['value']}{reason})"
    if row["stopped_by"] in ("household_purchase", "household_loss_sale") and first:
        return f"{what}: {first['account_id']} {first['side']}s {first['shares']} {first['security_id']}"
    return f"{what}: {row['detail']}" if row["detail"] else what


def told(row: Row) -> Row:
    """Return a row as plain JSON values, its micro-amounts as shares and dollars."""
    found: Row = {}
    for name, value in row.items():
        if name.endswith("_microusd"):
            found[f"{name.removesuffix('_microusd')}_usd"] = None if value is None else plain(value)
        elif name in ("micro_shares", "share_step_micro"):
            found["shares" if name == "micro_shares" else "share_step"] = plain(value)
        else:
            found[name] = value.isoformat() if isinstance(value, dt.date) else value
    return found


def told_policy(policy: Row) -> Row:
    """Return a policy as static/accounts states it."""
    return {name: value for name, value in told(policy).items() if name not in ("shard", "wave")}
