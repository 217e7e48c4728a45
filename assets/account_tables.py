"""The accounts of a night: their policies, what the custodian says of them, and the shard each is solved in."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator

import polars as pl

from assets.book import Book
from assets.feeds import Intake
from assets.night_order import head_before
from assets.rulings import acceptances_in_force, switches_in_force
from assets.sessions import session_after
from assets.store import Store, Version, all_cores

ACCOUNT_POLICIES_AUDITS = (
    "no_account_has_two_policies",
    "no_security_has_two_groups",
    "no_restriction_is_stated_twice",
)
CUSTODIAN_ACTIVITY_AUDITS = (
    "no_lot_opens_twice",
    "no_account_opens_with_two_balances",
)
CUSTODIAN_POSITIONS_AUDITS = (
    "no_position_is_reported_twice",
    "no_account_has_two_balances",
    "no_account_has_two_flows",
)
CUSTODIAN_LOTS_AUDITS = ("no_custodian_lot_is_reported_twice",)
ACCOUNT_SHARDS_AUDITS = ("no_account_is_in_two_shards", "no_household_is_split_over_shards")
FOLLOWED = "no_account_leaves_or_changes_its_household"


def write_account_policies(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write every account's policy, the restrictions and rulings in force and the securities with their groups.

    Restrictions are those of the session that tonight's orders trade in; groups and accepted breaks those of the night.

    Raises
    ------
    FeedError
        Where one of the static files is refused.
    """
    intake = Intake(book=book, night=night)
    accounts = intake.rows("accounts").sort("account_id")
    stated = {
        "stated_security": intake.rows("securities").sort("security_id"),
        "stated_group": intake.rows("identical_groups").sort("security_id", "from_date"),
        "stated_restriction": intake.rows("restrictions").sort("account_id", "kind", "on_what", "value", "from_date"),
    }
    rulings = intake.rows("rulings")
    with store.writing("account_policies", night=night) as writing:
        intake.note_reads(writing)
        writing.insert("account", accounts)
        writing.insert("switch", switches_in_force(rulings))
        writing.insert("acceptance", acceptances_in_force(rulings, night=night))
        for table, rows in stated.items():
            writing.run(f"account_policies/{table}")
            writing.insert(table, rows)
        writing.run("account_policies/security", night=night, trade_date=session_after(night))
        writing.run("account_policies/restriction", trade_date=session_after(night))
        for audit in ACCOUNT_POLICIES_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def write_custodian_activity(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write what the custodian booked; on the book's first night also the lots and cash it begins with.

    Raises
    ------
    FeedError
        Where a file is refused.
    """
    intake = Intake(book=book, night=night)
    events = intake.rows("activity").with_columns(namesakes=pl.len().over("event_id"))
    opening: Iterator[pl.DataFrame] = iter(())
    cash = None
    if night == book.settings.book.first_night:
        parts = intake.parts("opening_lots")
        # The first is read before anything is written: a file that comes at once is refused as any other.
        opening = itertools.chain([next(parts)], parts)
        cash = intake.rows("opening_cash").sort("account_id")
    with store.writing("custodian_activity", night=night, threads=all_cores()) as writing:
        writing.insert("activity", events.sort("event_id", "account_id"))
        begins = pl.coalesce("holding_start_date", "acquired_date")
        for lots in opening:
            writing.insert("opening_lot", lots.with_columns(holding_start_date=begins).sort("account_id", "lot_id"))
        if cash is not None:
            writing.insert("opening_cash", cash)
        intake.note_reads(writing)
        for audit in CUSTODIAN_ACTIVITY_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def write_custodian_positions(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the custodian's positions and cash at the close, and the flows it expects; zero positions left out.

    Raises
    ------
    FeedError
        Where a file is refused.
    """
    intake = Intake(book=book, night=night)
    tables = {
        "position": intake.rows("positions").filter(pl.col("micro_shares") > 0).sort("account_id", "security_id"),
        "custodian_cash": intake.rows("cash").sort("account_id"),
        "flow": intake.rows("flows").sort("account_id"),
    }
    with store.writing("custodian_positions", night=night, threads=all_cores()) as writing:
        intake.note_reads(writing)
        for table, rows in tables.items():
            writing.insert(table, rows)
        for audit in CUSTODIAN_POSITIONS_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def write_custodian_lots(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the custodian's lots at the close; no rows on a night on which it sends none.

    Raises
    ------
    FeedError
        Where a file is refused.
    """
    intake = Intake(book=book, night=night)
    lots = intake.rows("custodian_lots")
    with store.writing("custodian_lots", night=night, threads=all_cores()) as writing:
        intake.note_reads(writing)
        writing.insert("custodian_lot", lots.sort("account_id", "security_id", "lot_id", "holding_start_date"))
        for audit in CUSTODIAN_LOTS_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def write_account_shards(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the shard of every household, and the order in which its accounts are solved.

    Raises
    ------
    StoreError
        Where tonight's account policies were not written yet.
    """
    with store.writing("account_shards", night=night) as writing:
        writing.attach(store.head("account_policies", night=night), alias="policies")
        households = writing.select("select distinct household_id from policies.account order by household_id")
        ids = households["household_id"]
        shards = [shard_of(household, shards=book.settings.book.shards) for household in ids]
        writing.run("account_shards/shard_of_household")
        writing.insert("shard_of_household", households.with_columns(shard=pl.Series(shards, dtype=pl.String)))
        writing.run("account_shards/account_shard")
        before = head_before("account_shards", store=store, book=book, night=night)
        if before is not None:
            writing.attach(before, alias="before")
            writing.audit(FOLLOWED)
        for audit in ACCOUNT_SHARDS_AUDITS:
            writing.audit(audit)
    assert writing.version is not None
    return writing.version


def shard_of(household: str, *, shards: int) -> str:
    """Return the shard of a household: the same in every book, process and version of Python.

    >>> shard_of("H1", shards=4)
    's003'
    """
    number = int.from_bytes(hashlib.sha256(household.encode()).digest()) % shards
    return f"s{number:03d}"
