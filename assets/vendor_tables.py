"""What a vendor's file of the night says, and what is noticed in it: only for books that read such a file.

Nothing is mended here. A row that cannot be read is left out, a close that is doubted freezes its name in `prices`,
and what tonight's file says otherwise of the session before is told; what is published stands.
"""

from __future__ import annotations

import datetime as dt

from assets.book import Book
from assets.feeds import Intake
from assets.night_order import head_before
from assets.sessions import session_before
from assets.store import Store, Version

VENDOR_PRICES_AUDITS = ("no_security_has_two_vendor_closes", "every_name_expected_has_a_close_or_a_finding")
_PLACES = (
    "told",
    "expected_name",
    "unknown_symbol",
    "price_before",
    "suspicion_before",
    "confirmed",
)
_STEPS = ("settled", "judged_factor", "open_suspicion", "revised_close", "vendor_close", "finding")
_BEFORE = {
    "prices_before": "prices",
    "actions_before": "corporate_actions",
    "positions_before": "custodian_positions",
}


def write_vendor_prices(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the vendor's closes with their doubts, the rows left out, the findings, and closes told otherwise.

    Raises
    ------
    FeedError
        Where the file is refused as a whole, or tells too few of the names expected (FEED-071).
    NightOrderError
        Where the session before has not run.
    """
    before = head_before("vendor_prices", store=store, book=book, night=night)
    intake = Intake(book=book, night=night)
    intake.rows("vendor_prices")
    told, expected = intake.vendor(), intake.names_expected()
    confirmed = intake.rows("price_confirmations").select("security_id", "session").sort("security_id", "session")
    with store.writing("vendor_prices", night=night) as writing:
        intake.note_reads(writing)
        writing.attach(store.head("corporate_actions", night=night), alias="actions")
        for table in _PLACES:
            writing.run(f"vendor_prices/{table}")
        writing.insert("told", told.closes.drop("line"))
        writing.insert("expected_name", expected)
        writing.insert("unknown_symbol", told.unknown)
        writing.insert("confirmed", confirmed)
        writing.insert("left_out_row", told.file.left_out)
        if before is not None:
            writing.attach(before, alias="before")
            writing.attach(store.head("prices", night=session_before(night)), alias="prices_before")
            writing.run("vendor_prices/suspicion_before_rows")
            writing.run("vendor_prices/price_before_rows")
        writing.run("prices/effect", night=night)
        settings = book.settings.vendor.model_dump(exclude={"layout"})
        for step in _STEPS:
            writing.run(
                f"vendor_prices/{step}",
                night=night,
                before=session_before(night),
                repeated=told.file.repeated,
                **settings,
            )
        for audit in VENDOR_PRICES_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def write_feed_report(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write what was noticed in the vendor's file, and what closes told otherwise would have changed last night.

    Where the session before is not published, what it would have ordered is not known and no order is told.
    """
    before = session_before(night)
    vendor = store.head("vendor_prices", night=night)
    with store.writing("feed_report", night=night) as writing:
        writing.attach(vendor, alias="vendor")
        writing.run("feed_report/finding_count")
        if vendor.rows["revised_close"]:
            for alias, asset in _BEFORE.items():
                writing.attach(store.head(asset, night=before), alias=alias)
            writing.run("feed_report/order_before")
            writing.run("feed_report/outcome_before")
            if store.has("trades", night=before):
                writing.attach(store.head("trades", night=before), alias="trades")
                writing.run("feed_report/order_before_rows")
                writing.run("feed_report/outcome_before_rows")
            writing.run("feed_report/revised_account")
            trust = book.settings.trust
            writing.run(
                "feed_report/revised_outcome",
                before=before,
                jump_max=trust.jump_max,
                frozen_value_max=trust.frozen_value_max,
            )
    assert writing.version is not None
    return writing.version
