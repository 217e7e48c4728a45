"""What the pages say of outcomes, losses, reasons and stops: one sentence each, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """How an outcome is told: its role among the colours, what it means, and what to do."""

    role: str
    meaning: str
    remedy: str


OUTCOMES = {
    "CERTIFIED": Outcome("good", "Orders, with a proven gap to the optimum.", "Nothing."),
    "CERTIFIED_NO_TRADE": Outcome("calm", "Nothing is worth more than the account's trigger; proven.", "Nothing."),
    "CERTIFIED_RELAXED": Outcome(
        "warn",
        "A limit could not be met tonight and was approached.",
        "Read which limit gave; where it stays, widen the policy or bring cash.",
    ),
    "HELD_INFEASIBLE": Outcome(
        "bad", "Limits of the policy cannot be kept together.", "Widen one of the limits named, by the amount named."
    ),
    "HELD_DATA": Outcome(
        "bad", "Prices, terms or events of the account's names are missing or not believed.",
        "Bring the price, the terms of the action or the corrected event; the next night trades.",
    ),
    "HELD_BREAK": Outcome(
        "bad", "Book and custodian disagree.",
        "Find the missing activity, or accept exactly this difference (openbell accept).",
    ),
    "HELD_FROZEN": Outcome("bad", "A switch is on, or the policy lets it hold only.",
        "Release it (openbell release), or clear `frozen` or change `mode` in accounts.csv, when the reason is gone."),
    "HELD_DEADLINE": Outcome(
        "bad", "Its shard had not answered at the deadline.",
        "Run the shard, and publish it as a revision (openbell night --revision) before the bell.",
    ),
    "HELD_SOLVER": Outcome(
        "bad", "An answer below our standard, which is never used.",
        "Tell who keeps the solver; the next night solves the account anew.",
    ),
}  # fmt: skip
"""Every outcome there is, in the order in which pages list them."""

LOSSES = {
    "harvested": ("good", "Harvested tonight", "Sold at a loss by tonight's orders."),
    "left": (
        "calm", "Left",
        "Could be sold at a loss tonight and was not: the tax saved is worth less than risk, cost, cash, turnover and "
        "sectors ask for it, or another account of the household buys the name.",
    ),
    "wash window": (
        "warn", "In a wash window",
        "A purchase of the last 30 days by the household would disallow the loss, or a position of the group is in "
        "dispute.",
    ),
    "not to be sold": (
        "soft", "Not to be sold", "The policy's mode, a restriction, minimum holding days or a frozen name forbids it."
    ),
    "held account": ("bad", "In held accounts", "The account does not trade tonight."),
}  # fmt: skip
"""What may be done with the losses that taxed accounts hold: colour, name, meaning."""

POSSIBLE = ("harvested", "left")
"""What was possible tonight."""

REASONS = {
    "harvest": "the lot is below its basis, and the account is taxed",
    "exclusion": "the holding is above its cap, or may not be held",
    "transition": "the benchmark does not hold the security",
    "raise cash": "cash with the expected flow is below its band",
    "invest cash": "cash with the expected flow is above its band",
    "rebalance": "closer to the benchmark",
}
"""Why an order was made."""

STOPS = {
    "wash_window": "wash window",
    "dispute": "book and custodian disagree about the name",
    "household_purchase": "another account of the household buys the group tonight",
    "household_loss_sale": "another account of the household sells the group at a loss tonight",
    "purchase_tonight": "the account itself buys the group tonight",
    "loss_sale_tonight": "the account itself sells the group at a loss tonight",
    "minimum_holding_days": "minimum holding days",
    "mode": "the policy's mode",
    "no_sell": "restriction: no sale",
    "no_buy": "restriction: no purchase",
    "exclusion": "exclusion",
    "frozen_name": "frozen name",
    "not_in_benchmark": "not in the benchmark",
    "max_weight": "cap on the name",
    "net_gain_budget": "net gain budget",
    "turnover": "turnover",
    "tracking_error": "risk",
    "sector": "sector band",
    "cash": "cash band",
    "tax": "tax on the gain",
    "factor_band": "factor band",
    "cost": "not worth the cost",
}
"""What stopped a trade; every word of the table `non_trade`."""


class Limit(NamedTuple):
    """How a binding limit is told: its name, the step that its price is told for, and that step in words."""

    name: str
    step: float
    told: str


def limit_of(name: str) -> Limit:
    """Return how the limit ``name`` of a shadow price is told."""
    if name == "net_gain_budget":
        return Limit("net gain budget", 1.0, "$1 more")
    if name == "tracking_error_max":
        return Limit("tracking-error cap", 1e-4, "1 bp more")
    if name.startswith("factor:"):
        return Limit(name.replace(":", " "), 0.01, "0.01 of exposure more")
    return Limit(name.replace(":", " ").replace("_", " "), 0.01, "1% of value more")
