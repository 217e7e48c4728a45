"""The second book: the broker's view against the custodian's lots, and what it tells the tax office otherwise.

A difference in shares is a fact about what is owned and holds the account; one of basis or dates is a difference of
two readings of the law and is reported (docs/decisions/0015). Nothing here changes a lot of either book.
"""

from __future__ import annotations

import datetime as dt

from assets.book import Book
from assets.sessions import session_after
from assets.store import Store, Version
from ledger.amounts import to_micro

INPUTS = {"shards": "account_shards", "custodian": "custodian_lots"}
SHARD_INPUTS = {"lots": "lots", "broker": "broker_lots"}
STEPS = ("lot_part", "compared_lot", "compared_part", "lot_break", "form_8949_difference")
AUDITS = ("every_lot_is_compared_once",)


def write_lot_reconciliation(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Compare the custodian's lots with the broker's view of them, and the broker's view with the taxpayer's book."""
    settings = book.settings.reconcile
    with store.writing("lot_reconciliation", night=night, shard=shard) as writing:
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        for alias, asset in SHARD_INPUTS.items():
            writing.attach(store.head(asset, night=night, shard=shard), alias=alias)
        for step in STEPS:
            writing.run(
                f"lot_reconciliation/{step}",
                shard=shard,
                trade_date=session_after(night),
                shares_tolerance_micro=to_micro(str(settings.lot_shares_tolerance)),
                basis_tolerance_microusd=to_micro(str(settings.lot_basis_tolerance_usd)),
                hold=settings.lot_breaks_hold,
            )
        for audit in AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version
