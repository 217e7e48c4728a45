"""Reconciliation: the custodian's word against the book's, and every limit re-checked in SQL on integers.

Nothing here shares code with the solve. Every stored answer is judged: its objective, limits, bound and figures are
recomputed from the tables it was made from (`solvers.evaluate`, `assets.figure_tables`). A break holds its account, and
so does what the judge cannot confirm. The audits then see only what is left: a row of theirs is a defect of ours and
stops the shard before anything of it can be published.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from assets.book import Book
from assets.certificate_tables import offence_rows
from assets.problem_arrays import ShardFacts, facts_without, market_of, problems_of
from assets.proposal_tables import read_facts
from assets.sessions import session_after, session_before
from assets.store import Store, Version
from ledger.amounts import to_micro
from solvers.problem import ShardProblems

INPUTS = {
    "prices": "prices",
    "actions": "corporate_actions",
    "benchmark": "benchmark_weights",
    "risk": "risk_model",
    "policies": "account_policies",
    "shards": "account_shards",
    "positions": "custodian_positions",
}
SHARD_INPUTS = {"lots": "lots", "windows": "wash_windows", "proposals": "proposals"}
LOT_BREAKS = "lot_reconciliation"
"""Read only in a book whose custodian sends its lots."""
DIFFERENCES = ("position_difference", "cash_difference")
ORDERED = {False: ("ordered",), True: ("ordered", "ordered_rows")}
"""What was ordered for the names that differ, by whether a night was published before."""
BREAKS = (
    "explanation",
    "explain_by_trades",
    "explain_by_actions",
    "explain_by_numbers",
    "explain_by_payments",
    "recon_break",
    "holding_break",
    "accepted_break",
)
"""Statements that find what explains each difference, the breaks, and which hold their accounts."""
STEPS = ("outcome", "approved_order")
AUDITS = (
    "every_answer_has_one_outcome",
    "no_order_sells_more_than_is_open",
    "no_account_buys_and_sells_one_security",
    "no_household_buys_what_it_sells_at_a_loss",
    "no_purchase_undoes_a_realised_loss",
    "no_loss_sale_follows_a_recent_purchase",
    "no_household_trades_what_is_in_dispute",
    "no_restricted_or_frozen_name_is_traded",
    "no_order_breaks_its_share_step",
    "no_account_ends_outside_its_cash_band",
    "no_certified_account_exceeds_its_turnover_or_gain_budget",
    "no_certified_account_leaves_its_sector_band_or_cap",
    "no_certified_account_leaves_its_factor_band",
    "no_outcome_tells_other_gains_than_its_orders",
)


def write_reconciliation(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Compare book and custodian, hold the accounts with breaks, and approve the orders of the others."""
    tolerance = book.settings.reconcile
    with store.writing("reconciliation", night=night, shard=shard) as writing:
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        for alias, asset in SHARD_INPUTS.items():
            writing.attach(store.head(asset, night=night, shard=shard), alias=alias)
        facts = read_facts(writing, shard=shard, trade_date=session_after(night))
        before = published_before(store=store, book=book, night=night)
        if before is not None:
            writing.attach(before, alias="published_before")
        for step in DIFFERENCES + ORDERED[before is not None] + BREAKS:
            writing.run(
                f"reconciliation/{step}",
                night=night,
                shard=shard,
                shares_tolerance_micro=to_micro(str(tolerance.shares_tolerance)),
                cash_tolerance_microusd=to_micro(str(tolerance.cash_tolerance_usd)),
            )
        if book.keeps_broker_lots:
            writing.attach(store.head(LOT_BREAKS, night=night, shard=shard), alias="lot_breaks")
            writing.run("reconciliation/lots_that_break")
        problems = solved_problems(
            facts, held=writing.query("reconciliation/held_account"), trade_date=session_after(night), book=book
        )
        writing.insert("offence", offence_rows(writing, problems))
        for step in STEPS:
            writing.run(f"reconciliation/{step}")
        for audit in AUDITS:
            writing.audit(audit, shard=shard, trade_date=session_after(night))
    assert writing.version is not None
    return writing.version


def published_before(*, store: Store, book: Book, night: dt.date) -> Version | None:
    """Return what was published at the session before; None where nothing was.

    Orders reach the book through the custodian's activity. Here they only tell what a difference may come from.
    """
    if night == book.settings.book.first_night or not store.is_sealed(session_before(night)):
        return None
    return store.head("trades", night=session_before(night))


def solved_problems(facts: ShardFacts, *, held: pl.DataFrame, trade_date: dt.date, book: Book) -> ShardProblems:
    """Return the problems of the accounts with an answer, made anew from the same tables as the answers were."""
    solved = facts_without(facts, held["account_id"])
    return problems_of(solved, market_of(facts), trade_date=trade_date, loss_margin=book.settings.tax.loss_margin)
