"""The `wash_windows` asset: what each household may not buy or sell at a loss, as seen from the next session."""

from __future__ import annotations

import datetime as dt

from assets.book import Book
from assets.sessions import session_after
from assets.store import Store, Version

STEPS = ("no_buy", "no_loss_sale", "turning_long")
AUDITS = ("no_window_is_counted_twice",)


def write_wash_windows(*, store: Store, book: Book, night: dt.date, shard: str) -> Version:
    """Write the windows that the lots of ``shard`` at the close of ``night`` leave open for the next session.

    Both directions hold by trade date: a loss sold on S is exposed to purchases through S + 30 days, and shares
    bought on A wash losses through A + 30 days (26 U.S.C. 1091(a)).
    """
    with store.writing("wash_windows", night=night, shard=shard) as writing:
        writing.attach(store.head("lots", night=night, shard=shard), alias="lots")
        writing.attach(store.head("account_policies", night=night), alias="policies")
        for step in STEPS:
            writing.run(f"wash_windows/{step}", trade_date=session_after(night))
        for audit in AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version
