"""Trades: every shard's approved orders become the book's published files, verified once more from what is on disk."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl

from assets.book import Book
from assets.publish import publish
from assets.store import Store, Tables, Version, digest_of_version
from ledger.errors import NightError, StoreError

INPUTS = {
    "policies": "account_policies",
    "shards": "account_shards",
    "positions": "custodian_positions",
}
MARKET = (
    "prices",
    "vendor_prices",
    "corporate_actions",
    "benchmark_weights",
    "risk_model",
    "custodian_activity",
    "custodian_lots",
)
BOOKS = ("lots", "broker_lots", "wash_windows", "proposals", "lot_reconciliation", "reconciliation")
AUDITS = (
    "every_account_of_the_book_is_published_once",
    "every_block_is_the_sum_of_its_allocations",
    "no_held_account_has_an_allocation",
    "no_household_washes_its_own_loss_in_the_published_file",
)


def write_trades(*, store: Store, book: Book, night: dt.date, past_deadline: bool = False) -> Version:
    """Gather all shards, verify them, write the `trades` partition and publish the night's files.

    Raises
    ------
    NightError
        Where a shard has not answered and the deadline has not passed: nothing is published.
    StoreError
        Where a shard's file is not what its name says.
    PublishError
        Where the night is already published with other content.
    """
    answered = [shard for shard in book.shards if store.has("reconciliation", night=night, shard=shard)]
    missing = sorted(set(book.shards) - set(answered))
    if missing and not past_deadline:
        raise NightError(
            code="RUN-001",
            where=f"night {night}",
            found=f"no reconciliation of {', '.join(missing)}",
            expected="an answer of every shard",
            remedy="Run the books of the missing shards; after the deadline, publish with their accounts held.",
        )
    with store.writing("trades", night=night) as writing:
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        for shard in answered:
            version = store.head("reconciliation", night=night, shard=shard)
            require_intact(version)
            writing.attach(version, alias="answered")
            writing.run("trades/allocation")
            writing.run("trades/account_outcome", shard=shard)
            writing.detach("answered")
        for shard in missing:
            writing.run("trades/unanswered", shard=shard)
        writing.run("trades/published_order")
        for audit in AUDITS:
            writing.audit(audit)
        writing.require_audits()
        files = published_files(writing, night=night)
        statuses = writing.select("select status, count(*) as accounts from account_outcome group by status")
    assert writing.version is not None
    read = {version.name: version.digest for version in read_by_night(store, book, night)}
    facts = {
        "inputs": feed_inputs(store, night=night),
        "store": read | {writing.version.name: writing.version.digest},
        "counts": dict(statuses.iter_rows()),
    }
    publish(book=book, night=night, files=files, facts=facts, revise=store.revising == night)
    return writing.version


def require_intact(version: Version) -> None:
    """Raise `StoreError` unless the digest recomputed from the file is the one in its name."""
    found = digest_of_version(version)
    if found != version.digest:
        raise StoreError(
            code="STORE-003",
            where=f"store partition {version.name}",
            found=f"content with digest {found[:16]}",
            expected=version.digest[:16],
            remedy="The file was changed after it was written. Restore it, or re-materialise the partition.",
        )


def published_files(tables: Tables, *, night: dt.date) -> dict[str, bytes]:
    """Return the three data files of contract section 4 as bytes, each in its total order."""
    return {f"{name}.csv": _csv(tables, f"trades/{name}_file", night) for name in ("accounts", "allocations", "orders")}


def _csv(tables: Tables, query: str, night: dt.date) -> bytes:
    buffer = io.BytesIO()
    frame: pl.DataFrame = tables.query(query, night=night)
    frame.write_csv(buffer, line_terminator="\n")
    return buffer.getvalue()


def read_by_night(store: Store, book: Book, night: dt.date) -> list[Version]:
    """Return every head version of the night that stands in the store, in order of name."""
    whole = [store.head(asset, night=night) for asset in (*INPUTS.values(), *MARKET) if store.has(asset, night=night)]
    by_shard = [
        store.head(asset, night=night, shard=shard)
        for asset in BOOKS
        for shard in book.shards
        if store.has(asset, night=night, shard=shard)
    ]
    return sorted(whole + by_shard, key=lambda version: version.name)


def feed_inputs(store: Store, *, night: dt.date) -> dict[str, str]:
    """Return the digests of the feed and static files that the night's partitions were read from."""
    found: dict[str, str] = {}
    for asset in (*INPUTS.values(), *MARKET):
        if store.has(asset, night=night):
            version = store.head(asset, night=night)
            found |= {name: digest for name, digest in version.inputs.items() if name.startswith(("feeds/", "static/"))}
    return found


def write_night_report(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the night in figures: outcomes, held accounts with reasons, frozen names, totals."""
    assert book.published(night).exists(), "trades publishes before the report is written"
    with store.writing("night_report", night=night) as writing:
        writing.attach(store.head("trades", night=night), alias="trades")
        writing.attach(store.head("corporate_actions", night=night), alias="actions")
        writing.attach(store.head("prices", night=night), alias="prices")
        writing.attach(store.head("custodian_positions", night=night), alias="positions")
        for table in ("status_count", "held_reason", "night_total", "frozen_name"):
            writing.run(f"night_report/{table}", stale_sessions_max=book.settings.trust.stale_sessions_max)
        if book.reads_vendor_file:
            writing.attach(store.head("feed_report", night=night), alias="feed")
            writing.run("night_report/vendor_total")
    assert writing.version is not None
    return writing.version
