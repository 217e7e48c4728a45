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
        "Release it (openbell release), or change its mode, once the reason is gone."),
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
