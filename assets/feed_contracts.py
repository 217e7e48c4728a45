"""The files of a book: which there are, what identifies a row of each, and which may be missing or have no rows.

Their columns are in `assets/feed_models.py`; what one file must be to another (known securities, weights that sum to
one) is in `assets/feed_references.py`; `docs/feeds.md` says all of it to those who deliver the files.
"""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True)
class Contract:
    """One file of the book."""

    folder: Literal["static", "feeds"]
    """``feeds`` stands for the folder of the night."""
    key: tuple[str, ...]
    """Columns, by their names in the tables, that no two rows share; none where the ledger judges repeated rows."""
    required: bool = True
    """Whether the file must be there; an absent one that need not be has no rows."""
    may_be_empty: bool = False
    """Whether a header without rows is accepted."""
    first_night_only: bool = False
    """Whether the file describes the book before its first night and is not read again."""
    of_custodian_lots: bool = False
    """Whether only a book whose custodian sends its lots (``[custodian]`` of book.toml) reads the file."""
    of_vendor: bool | None = None
    """Whether only a book that reads a vendor's file (``[vendor]`` of book.toml) reads this one, or only one that does
    not; None: both."""


CONTRACTS = {
    "securities": Contract("static", key=("security_id",)),
    "identical_groups": Contract("static", key=("security_id", "from_date"), required=False, may_be_empty=True),
    "accounts": Contract("static", key=("account_id",)),
    "restrictions": Contract(
        "static", key=("account_id", "kind", "on_what", "value", "from_date"), required=False, may_be_empty=True
    ),
    "opening_lots": Contract("static", key=("account_id", "lot_id"), first_night_only=True),
    "opening_cash": Contract("static", key=("account_id",), first_night_only=True),
    "return_history": Contract("static", key=("session", "security_id"), required=False, first_night_only=True),
    "reorganisations": Contract(
        "static", key=("ex_date", "security_id", "sequence", "kind"), required=False, may_be_empty=True
    ),
    "rulings": Contract("static", key=("ruling_id",), required=False, may_be_empty=True),
    "price_confirmations": Contract("static", key=("security_id", "session"), required=False, may_be_empty=True),
    "vendor_symbols": Contract("static", key=("symbol", "from_date"), required=False, of_vendor=True),
    "prices": Contract("feeds", key=("security_id",), of_vendor=False),
    "vendor_prices": Contract("feeds", key=(), may_be_empty=True, of_vendor=True),
    "corporate_actions": Contract("feeds", key=("action_id",), required=False, may_be_empty=True),
    "benchmark": Contract("feeds", key=("benchmark_id", "security_id")),
    "activity": Contract("feeds", key=(), required=False, may_be_empty=True),
    "positions": Contract("feeds", key=("account_id", "security_id")),
    "custodian_lots": Contract(
        "feeds",
        key=("account_id", "security_id", "lot_id", "holding_start_date"),
        required=False,
        of_custodian_lots=True,
    ),
    "cash": Contract("feeds", key=("account_id",)),
    "flows": Contract("feeds", key=("account_id",), required=False, may_be_empty=True),
    "risk_model": Contract("feeds", key=("security_id",), required=False),
}
"""Every file of a book, static ones first, in the order in which they are validated."""
