"""Reconciliation: the custodian's word against the book's, and every limit re-checked in SQL on integers.

Nothing here shares code with the solve. A break holds its account; a broken limit or wash rule is a defect of
ours and stops the shard before anything of it can be published.
"""

from __future__ import annotations

import datetime as dt

from assets.book import Book
from assets.sessions import session_after
from assets.store import Store, Version
from ledger.amounts import to_micro

INPUTS = {
    "prices": "prices",
    "actions": "corporate_actions",
    "benchmark": "benchmark_weights",
    "policies": "account_policies",
    "shards": "account_shards",
    "positions": "custodian_positions",
}
SHARD_INPUTS = {"lots": "lots", "windows": "wash_windows", "proposals": "proposals"}
LOT_BREAKS = "lot_reconciliation"
"""Read only in a book whose custodian sends its lots."""
STEPS = ("recon_break", "holding_break")
ANSWER_STEPS = ("outcome", "approved_order")
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
)


def write_reconciliation(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Compare book and custodian, hold the accounts with breaks, and approve the orders of the others."""
    tolerance = book.settings.reconcile
    with store.writing("reconciliation", night=night, shard=shard) as writing:
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        for alias, asset in SHARD_INPUTS.items():
            writing.attach(store.head(asset, night=night, shard=shard), alias=alias)
        of_lots: tuple[str, ...] = ()
        if book.keeps_broker_lots:
            writing.attach(store.head(LOT_BREAKS, night=night, shard=shard), alias="lot_breaks")
            of_lots = ("lots_that_break",)
        for step in (*STEPS, *of_lots, *ANSWER_STEPS):
            writing.run(
                f"reconciliation/{step}",
                shard=shard,
                shares_tolerance_micro=to_micro(str(tolerance.shares_tolerance)),
                cash_tolerance_microusd=to_micro(str(tolerance.cash_tolerance_usd)),
            )
        for audit in AUDITS:
            writing.audit(audit, shard=shard, trade_date=session_after(night))
    assert writing.version is not None
    return writing.version
