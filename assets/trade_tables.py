"""Trades: every shard's approved orders become the book's published files, verified once more from what is on disk."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from assets.book import Book
from assets.publication import audit_files
from assets.publish import publish
from assets.published_rulings import PublishedRulings, rulings_for, solved_with
from assets.rulings import digest_of_rulings, rulings_held
from assets.sessions import session_before
from assets.store import Store, Tables, Version, all_cores, digests_of_versions, manifest_digests, partition_name
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
STOPPED_AT_PUBLISHING = ("stopped", "drop_stopped", "hold_stopped")
"""Statements that hold what was frozen, or whose acceptance was withdrawn, after its shard had answered."""
ANSWER = "reconciliation"
"""The last asset of a shard: with it the shard has answered."""


def write_trades(*, store: Store, book: Book, night: dt.date, past_deadline: bool = False) -> Version:
    """Gather all shards, verify them, write the `trades` partition and publish the night's files.

    What operators decide meanwhile counts: no ruling can be added while the files appear, and where one was added
    since the files were made, they are made anew. A rerun of a published night that comes out otherwise publishes
    nothing: its version is kept beside.

    Raises
    ------
    NightError
        Where a shard has not answered and the deadline has not passed: nothing is published.
    StoreError
        Where a shard's file is not what its name says.
    PublishError
        Where the night is already published with other content.
    RulingError, FeedError
        Where the rulings cannot be read, or some are gone that the solve had read.
    """
    answered = answered_shards(store, book, night)
    missing = sorted(set(book.shards) - set(answered))
    if missing and not past_deadline and not store.is_sealed(night):
        raise NightError(
            code="RUN-001",
            where=f"night {night}",
            found=f"no reconciliation of {', '.join(missing)} from what stands of the night",
            expected="an answer of every shard, under the settings that book.toml has now",
            remedy="Run the night again, or the books of the missing shards; if book.toml was edited, read the feeds "
            "anew first. After the deadline, publish with their accounts held.",
        )
    read = {version.name: version for version in read_by_night(store, night=night, shards=answered)}
    require_intact(*read.values())
    while True:
        rulings = rulings_for(store=store, book=book, night=night)
        version, files, facts = gathered(store=store, book=book, night=night, read=read, rulings=rulings)
        if night == store.rerunning and not version.is_head:
            return version
        with rulings_held(book):
            if store.is_sealed(night) or rulings.digest == digest_of_rulings(book):
                publish(book=book, night=night, files=files, facts=facts, revise=store.revising == night)
                if store.revising == night:
                    store.end_revision(night)
                return version


def gathered(
    *, store: Store, book: Book, night: dt.date, read: Mapping[str, Version], rulings: PublishedRulings
) -> tuple[Version, dict[str, bytes], dict[str, Any]]:
    """Write the `trades` partition of what was ``read``; return it, its files, and the manifest's facts."""
    answered = [version for version in read.values() if version.asset == ANSWER]
    missing = sorted(set(book.shards) - {version.shard for version in answered})
    with store.writing("trades", night=night, threads=all_cores()) as writing:
        for label, digest in rulings.inputs.items():
            writing.read_file(name=label, digest=digest)
        writing.insert("switch", rulings.switches)
        writing.insert("acceptance", rulings.acceptances)
        for alias, asset in INPUTS.items():
            writing.attach(store.head(asset, night=night), alias=alias)
        for version in answered:
            writing.attach(version, alias="answered")
            writing.run("trades/allocation")
            writing.run("trades/account_outcome", shard=version.shard)
            writing.run("trades/recon_break")
            writing.detach("answered")
        for shard in missing:
            writing.run("trades/unanswered", shard=shard)
        writing.run("trades/unknown_account")
        for step in STOPPED_AT_PUBLISHING:
            writing.run(f"trades/{step}")
        writing.run("trades/published_order")
        files = published_files(writing, night=night)
        found = audit_files(
            files,
            store=store,
            night=night,
            read=read,
            rulings={"switch": rulings.switches, "acceptance": rulings.acceptances},
            loss_margin=book.settings.tax.loss_margin,
        )
        writing.audits |= found.offenders
        writing.inputs |= found.inputs
        statuses = writing.select("select status, count(*) as accounts from account_outcome group by status")
    assert writing.version is not None
    facts = {
        "inputs": feed_inputs(store, night=night) | dict(rulings.inputs),
        "rulings": rulings.facts(solved_with=solved_with(store, night=night)),
        "store": read_of_other_nights(store, night=night, read=read.values())
        | {name: version.digest for name, version in read.items()}
        | {writing.version.name: writing.version.digest},
        "counts": dict(statuses.iter_rows()),
    }
    return writing.version, files, facts


def require_intact(*versions: Version) -> None:
    """Raise `StoreError` of the first whose digest recomputed from its file is not the one in its name."""
    for version, found in zip(versions, digests_of_versions(versions, threads=all_cores()), strict=True):
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


def answered_shards(store: Store, book: Book, night: dt.date) -> list[str]:
    """Return the shards whose answers are published, or would be: those made from what stands of the night.

    Of a published night it is those that its manifest names: an answer that came after the deadline is kept in the
    store, and only a revision publishes it. Before, an answer from other prices than those that stand, or under other
    settings than those of ``book``, is none.
    """
    if store.is_sealed(night):
        stands = manifest_digests(store.book, night)
        return [shard for shard in book.shards if partition_name(ANSWER, night=night, shard=shard) in stands]
    settings = book.settings.digest()
    return [
        shard
        for shard in book.shards
        if store.has(ANSWER, night=night, shard=shard)
        and is_of_what_stands(store, store.head(ANSWER, night=night, shard=shard), settings=settings)
    ]


def is_of_what_stands(store: Store, version: Version, *, settings: str) -> bool:
    """Return whether ``version`` and all of its shard that it was made from read the night's present partitions.

    What was made under settings other than those with the digest ``settings`` does not stand: the manifest tells one.
    """
    if not is_of_settings(version, settings):
        return False
    for name, digest in sorted(version.inputs.items()):
        asset, night, *shard = name.split("/")
        if asset in ("feeds", "static") or night != version.night.isoformat():
            continue
        if not store.has(asset, night=version.night, shard=shard[0] if shard else None):
            return False
        head = store.head(asset, night=version.night, shard=shard[0] if shard else None)
        stands = is_of_what_stands(store, head, settings=settings) if shard else is_of_settings(head, settings)
        if head.digest != digest or not stands:
            return False
    return True


def is_of_settings(version: Version, settings: str) -> bool:
    """Return whether a head was made under the settings with this digest, as far as it says."""
    return version.settings in (None, settings)


def read_by_night(store: Store, *, night: dt.date, shards: Sequence[str]) -> list[Version]:
    """Return the head versions of the night, of the books those of the answered ``shards``, in order of name."""
    whole = [store.head(asset, night=night) for asset in (*INPUTS.values(), *MARKET) if store.has(asset, night=night)]
    by_shard = [
        store.head(asset, night=night, shard=shard)
        for asset in BOOKS
        for shard in shards
        if store.has(asset, night=night, shard=shard)
    ]
    return sorted(whole + by_shard, key=lambda version: version.name)


def read_of_other_nights(store: Store, *, night: dt.date, read: Iterable[Version]) -> dict[str, str]:
    """Return the digests of what ``read`` was made from and no manifest of its own night names.

    They are lots of shards that answered after the deadline: the night that reads them is what seals them.
    """
    before = session_before(night)
    named = manifest_digests(store.book, before)
    return {
        name: digest
        for version in read
        for name, digest in sorted(version.inputs.items())
        if name.split("/")[1:2] == [before.isoformat()] and not name.startswith("feeds/") and name not in named
    }


def feed_inputs(store: Store, *, night: dt.date) -> dict[str, str]:
    """Return the digests of the feed and static files that the night's partitions were read from."""
    found: dict[str, str] = {}
    for asset in (*INPUTS.values(), *MARKET):
        if store.has(asset, night=night):
            version = store.head(asset, night=night)
            found |= {name: digest for name, digest in version.inputs.items() if name.startswith(("feeds/", "static/"))}
    return found


def write_night_report(*, store: Store, book: Book, night: dt.date) -> Version:
    """Write the night in figures: outcomes, held accounts with reasons, frozen names, breaks, rulings, totals."""
    assert book.published(night).exists(), "trades publishes before the report is written"
    with store.writing("night_report", night=night) as writing:
        writing.attach(store.head("trades", night=night), alias="trades")
        writing.attach(store.head("corporate_actions", night=night), alias="actions")
        writing.attach(store.head("prices", night=night), alias="prices")
        writing.attach(store.head("custodian_positions", night=night), alias="positions")
        for table in (
            "status_count",
            "held_reason",
            "night_total",
            "frozen_name",
            "break_count",
            "told_break",
            "ruling",
        ):
            writing.run(f"night_report/{table}", stale_sessions_max=book.settings.trust.stale_sessions_max)
        if book.reads_vendor_file:
            writing.attach(store.head("feed_report", night=night), alias="feed")
            writing.run("night_report/vendor_total")
    assert writing.version is not None
    return writing.version
