"""A real vendor's nightly files drive a book: `python -P -m bench.vendor_feed --market DIR --nights 300`.

The folder holds real prices and what one free vendor delivered each night (`vendor_feed*.parquet`). Every session's
file goes into the book as it was delivered, and the night's stages run on it as plain functions, one after the other,
up to the published file. With `--ingest-only` they run up to the prices and the report on the feed alone, for accounts
that trade nothing: a hundred nights then take minutes. Where too few closes came the night waits; here its deadline
comes, and it goes out with the missing names frozen. An interrupt ends the run after its night. Prints one JSON
document: what was noticed and held, by kind; and, against the folder's own prices, how many wrong closes were
believed and how many right ones doubted.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime as dt
import json
import re
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from assets.book import Book
from assets.feeds import validate_feeds
from assets.sessions import session_after
from assets.stages import stages_of
from assets.store import Store, Tables
from ledger.errors import FeedError
from pipelines.book_maker import make_book
from pipelines.custodian import write_next_feeds
from pipelines.custodian_day import after_actions
from pipelines.feed_tables import micro, read_table, write_table
from pipelines.market import Market
from pipelines.market_source import market_of, vendor_night_of, write_market

_BESIDE = """
AOS ARNC BAX CB CB_old CCE CHD CMCSA DXCM EBAY EQR EW GGP GHC GPN HPQ HRL ICE IDXX JCI JCI_old KIM KR LDOS LNT
LSI MAS MNST MPC MS NEE NFLX NI NKE PPG RAI REGN ROST SBAC SBUX SIAL SNI SYMC UNP VNO VRTX WIN WLTW YUM
"""
BESIDE = frozenset(_BESIDE.split())
"""Names in which this vendor's file is known to have defects, kept beside the largest so that each kind is met."""
INGESTED_ALIASES = {
    "vendor": "vendor_prices",
    "feed": "feed_report",
    "prices": "prices",
    "actions": "corporate_actions",
    "positions": "custodian_positions",
}
INGESTED = ("corporate_actions", "vendor_prices", "prices", "benchmark_weights", "custodian_positions", "feed_report")
FROZEN_NAMES = """
    select security_id, reason from actions.frozen_security
    where security_id in (select security_id from positions.position)
    union all
    select security_id, 'no trustworthy price: ' || distrust from prices.price
    where not trusted and security_id in (select security_id from positions.position)
    order by all
"""
HELD_ACCOUNTS = """
    with owned as (
        select
            position.account_id,
            position.security_id,
            position.micro_shares::double * price.close_microusd / 1e12 as value_usd,
            frozen_security.security_id is not null or not price.trusted as is_frozen
        from positions.position
        join prices.price using (security_id)
        left join actions.frozen_security using (security_id)
    )
    select
        account_id,
        'HELD_DATA' as status,
        '# % in frozen names: ' || string_agg(security_id, ' ' order by security_id) filter (where is_frozen) as reasons
    from owned
    join positions.custodian_cash as cash using (account_id)
    group by account_id
    having
        sum(value_usd) filter (where is_frozen)
        > $frozen_value_max * (sum(value_usd) + max(cash.cash_microusd) / 1e6)
    order by account_id
"""
"""As `assets.proposal_tables.held_before_solving` holds accounts, reckoned from positions."""
WRONG = 0.01
"""A close further than this from the folder's own, in either direction, is wrong."""


@dataclasses.dataclass(slots=True)
class Tally:
    """What the nights did."""

    nights: list[str] = dataclasses.field(default_factory=list)
    waited: dict[str, str] = dataclasses.field(default_factory=dict)
    statuses: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    found: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    frozen: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    held: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    left_out: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    revised: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    moved: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    outcomes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    judged: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def main() -> None:
    """Run the nights named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path, required=True)
    parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, default=dt.date(2015, 6, 1))
    parser.add_argument("--nights", type=int, default=300)
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--names", type=int, help="Largest names, beside those with known defects; all by default.")
    parser.add_argument("--ingest-only", action="store_true", help="Run what reads the market; solve nothing.")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--book", type=Path, help="Where the book is made and kept; a temporary folder by default.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.book or Path(folder) / "book"
        if not path.exists():
            make_book(
                path,
                market=str(asked.market),
                accounts=asked.accounts,
                shards=asked.shards,
                seed=asked.seed,
                first_night=asked.first,
                names=asked.names,
                vendor="two_days",
                beside=BESIDE,
            )
        run = ingest_nights if asked.ingest_only else run_nights
        tally = run(Book.open(path), first=asked.first, nights=asked.nights)
        if asked.book:
            raw = {field.name: getattr(tally, field.name) for field in dataclasses.fields(tally)}
            (path / "tally.json").write_text(json.dumps(raw, default=str), encoding="utf-8")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    document = summary(tally) | {"cpu_s": round(usage.ru_utime + usage.ru_stime, 1)}
    print(json.dumps(document, indent=1, default=str))


def ingest_nights(book: Book, *, first: dt.date, nights: int) -> Tally:
    """Read the market's feeds of ``nights`` nights from ``first``; the accounts keep what they own."""
    tally, store, night, interrupted = Tally(), Store(book.path), first, interruption()
    market = market_of(book)
    for _ in range(nights):
        if interrupted:
            break
        if not store.has("feed_report", night=night):
            ingest(book, store=store, night=night, tally=tally)
        read_ingested(tally, book=book, store=store, night=night)
        sys.stderr.write(f"{night} {len(tally.nights)} nights, {len(tally.held)} accounts held so far\n")
        night = put_feeds(book, night=night, market=market)
    return tally


def ingest(book: Book, *, store: Store, night: dt.date, tally: Tally) -> None:
    """Run the stages of `INGESTED`; where too few closes came, again with the threshold lowered to zero."""
    stages = {stage.name: stage for stage in stages_of(book)}
    for name in INGESTED:
        try:
            stages[name].write(store=store, book=book, night=night)
        except FeedError as error:
            if error.code != "FEED-071":
                raise
            tally.waited[str(night)] = error.found
            stages[name].write(store=store, book=patient(book), night=night)


def put_feeds(book: Book, *, night: dt.date, market: Market) -> dt.date:
    """Write the feeds of the session after ``night``: what is owned changes with its corporate actions only."""
    session = session_after(night)
    folder, told = book.feeds(session), market.night(session)
    if not folder.exists():
        folder.mkdir()
        shares = micro("shares", alias="micro_shares")
        held = read_table(folder=book.feeds(night), name="positions").select("account_id", "security_id", shares)
        write_market(told, folder=folder, vendor=vendor_night_of(book, night=session))
        write_table(after_actions(held, actions=told.corporate_actions), folder=folder, name="positions")
        (folder / "cash.csv").write_bytes((book.feeds(night) / "cash.csv").read_bytes())
    return session


def read_ingested(tally: Tally, *, book: Book, store: Store, night: dt.date) -> None:
    """Add what ``night`` noticed, froze, and would have held: accounts with too much in frozen names."""
    versions = {alias: store.head(asset, night=night) for alias, asset in INGESTED_ALIASES.items()}
    limit = book.settings.trust.frozen_value_max
    with store.reading(versions) as tables:
        read_feed_tables(tally, tables, book=book, night=night)
        held = tables.select(HELD_ACCOUNTS, frozen_value_max=limit)
        tally.held += held.with_columns(night=pl.lit(str(night))).to_dicts()
        tally.frozen += tables.select(FROZEN_NAMES).with_columns(night=pl.lit(str(night))).to_dicts()


def interruption() -> list[bool]:
    """Return a list that is filled when the process is interrupted."""
    interrupted: list[bool] = []
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    return interrupted


def patient(book: Book) -> Book:
    """Return the book as it takes any file, however few closes it has."""
    vendor = book.settings.vendor.model_copy(update={"usable_share_min": 0.0})
    return Book(book.path, book.settings.model_copy(update={"vendor": vendor}))


def run_nights(book: Book, *, first: dt.date, nights: int) -> Tally:
    """Run ``nights`` nights from ``first`` and return what they did; a night that is published is only read."""
    tally, store, night, interrupted = Tally(), Store(book.path), first, interruption()
    for _ in range(nights):
        if interrupted:
            break
        tonight = admitted(book, night=night, tally=tally)
        if not store.is_sealed(night):
            run_stages(tonight, store=store, night=night)
        read_night(tally, book=book, store=store, night=night)
        sys.stderr.write(f"{night} {len(tally.nights)} nights, {len(tally.held)} accounts held so far\n")
        night = write_next_feeds(tonight, night=night)
    return tally


def admitted(book: Book, *, night: dt.date, tally: Tally) -> Book:
    """Return the book as it takes tonight's file: where too few closes came, with the threshold lowered to zero."""
    try:
        validate_feeds(book=book, night=night)
    except FeedError as error:
        if error.code != "FEED-071":
            raise
        tally.waited[str(night)] = error.found
        return patient(book)
    return book


def run_stages(book: Book, *, store: Store, night: dt.date) -> None:
    """Run every stage of ``night`` as a plain function, in the order of the night."""
    for stage in stages_of(book):
        if stage.by_shard:
            for shard in book.shards:
                stage.write(store=store, book=book, night=night, shard=shard)
        else:
            stage.write(store=store, book=book, night=night)


def read_night(tally: Tally, *, book: Book, store: Store, night: dt.date) -> None:
    """Add what ``night`` noticed, froze, held and would have done otherwise."""
    aliases = {**INGESTED_ALIASES, "trades": "trades", "report": "night_report"}
    with store.reading({alias: store.head(asset, night=night) for alias, asset in aliases.items()}) as tables:
        read_feed_tables(tally, tables, book=book, night=night)
        tally.statuses.update(dict(tables.select("select status, accounts from report.status_count").iter_rows()))
        frozen = tables.select("select security_id, reason from report.frozen_name order by all")
        tally.frozen += frozen.with_columns(night=pl.lit(str(night))).to_dicts()
        outcomes = tables.select("select account_id, status, reasons from trades.account_outcome order by all")
        held = outcomes.filter(pl.col("status").str.starts_with("HELD"))
        tally.held += held.with_columns(night=pl.lit(str(night))).to_dicts()


def read_feed_tables(tally: Tally, tables: Tables, *, book: Book, night: dt.date) -> None:
    """Add what the vendor's file of ``night`` had in it, and how its closes compare with the folder's own."""
    tally.nights.append(str(night))
    noted = {
        "found": "from vendor.finding order by all",
        "left_out": "from vendor.left_out_row order by all",
        "revised": "from vendor.revised_close order by all",
        "moved": "from feed.revised_account order by all",
        "outcomes": "from feed.revised_outcome order by all",
    }
    for name, text in noted.items():
        getattr(tally, name).extend(tables.select(text).with_columns(night=pl.lit(str(night))).to_dicts())
    prices = tables.select("select security_id, reported_microusd, trusted, distrust from prices.price order by all")
    tally.judged += judged(prices, own=market_of(book).night(night).prices, night=night)


def judged(prices: pl.DataFrame, *, own: pl.DataFrame, night: dt.date) -> list[dict[str, Any]]:
    """Return the names whose close the vendor told wrong, or that were doubted, against the folder's ``own`` closes."""
    both = prices.join(own, on="security_id").filter(pl.col("reported_microusd").is_not_null())
    away = (pl.col("reported_microusd") / pl.col("close_microusd")).log()
    told = both.with_columns(away=away, wrong=away.abs() > WRONG, night=pl.lit(str(night)))
    return told.filter(pl.col("wrong") | ~pl.col("trusted")).sort("security_id").to_dicts()


def summary(tally: Tally) -> dict[str, Any]:
    """Return the tables of the run."""
    return {
        "nights": len(tally.nights),
        "first": tally.nights[0],
        "last": tally.nights[-1],
        "waited": tally.waited,
        "statuses": dict(sorted(tally.statuses.items())),
        "found": counted(tally.found, by=("kind", "effect"), names="subject"),
        "left_out": counted(tally.left_out, by=("column_name", "expected"), names="symbol"),
        "frozen": counted(tally.frozen, by=("reason",), names="security_id"),
        "held": counted(with_causes(tally), by=("status", "cause"), names="account_id"),
        "revised": counted(tally.revised, by=("kind",), names="security_id"),
        "revised_closes": [row for row in tally.revised if row["kind"] == "revised"],
        "revised_moved": {
            "accounts": len({(row["night"], row["account_id"]) for row in tally.moved}),
            "value_usd": sum(abs(row["value_change_microusd"]) for row in tally.moved) / 1e6,
            "orders_usd": sum(abs(row["order_change_microusd"]) for row in tally.moved) / 1e6,
        },
        "revised_outcomes": counted(tally.outcomes, by=("effect",), names="account_id"),
        "wrong_closes": {
            "told": sum(row["wrong"] for row in tally.judged),
            "doubted": sum(row["wrong"] and not row["trusted"] for row in tally.judged),
            "right_but_doubted": sum(not row["wrong"] for row in tally.judged),
            "believed": counted(
                [row for row in tally.judged if row["wrong"] and row["trusted"]], by=("security_id",), names="away"
            ),
        },
    }


def with_causes(tally: Tally) -> list[dict[str, Any]]:
    """Return the held accounts, each with its ``cause``: why the names that it holds are frozen, or its own reasons."""
    why: dict[tuple[str, str], set[str]] = {}
    for row in tally.frozen:
        why.setdefault((row["night"], row["security_id"]), set()).add(row["reason"].partition(", stale")[0])
    told = []
    for row in tally.held:
        share, frozen, names = row["reasons"].partition(" in frozen names: ")
        causes = {cause for name in names.split() for cause in why.get((row["night"], name), ())}
        told.append(row | {"cause": "; ".join(sorted(causes)) if frozen else re.sub(r"[\d.,$-]+", "#", share)})
    return told


def counted(rows: list[dict[str, Any]], *, by: tuple[str, ...], names: str) -> list[dict[str, Any]]:
    """Return how often, on how many nights and for how many ``names`` the rows say the same."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in by), []).append(row)
    told = []
    for key, members in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        subjects = sorted({str(row[names]) for row in members})
        nights = sorted({row["night"] for row in members})
        told.append(
            dict(zip(by, key, strict=True))
            | {"times": len(members), "nights": len(nights), "first": nights[0], "last": nights[-1]}
            | {"names": len(subjects), "some": subjects[:8]}
        )
    return told


if __name__ == "__main__":
    main()
