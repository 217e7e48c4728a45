"""The facts of one account on a published night for people: what its manifest names, and its nights before."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from assets.book import Book
from assets.night_facts import past_nights, sealed
from assets.sessions import session_after
from assets.store import PRUNED, Store
from assets.verification import Published, published_night
from ledger.errors import SettingError, StoreError

NIGHTLY = {
    "trades": "trades",
    "policies": "account_policies",
    "prices": "prices",
    "benchmark": "benchmark_weights",
}
SHARDED = {"lots": "lots", "windows": "wash_windows", "proposals": "proposals"}
TABLES = ("holding", "lot", "order", "window", "restriction", "shadow_price", "conflict", "non_trade")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """One account on a published night, as its page tells it; money in micro-dollars."""

    published: Published
    outcome: Mapping[str, Any]
    """Its published outcome, its policy, and what it was solved from."""
    tables: Mapping[str, pl.DataFrame]
    """The rows of `TABLES`; none where its shard had not answered."""
    past: pl.DataFrame
    """Its published outcomes up to this night, this one last."""
    realized: pl.DataFrame
    """What it has realised in the tax year of tonight's sales, as booked at the close of each of those nights."""
    pruned_nights: int
    """Nights of which `realized` cannot tell, because their lots were dropped; `openbell rebuild` makes them again."""


def account_facts(*, store: Store, book: Book, night: dt.date, accounts: Sequence[str]) -> list[AccountFacts]:
    """Return what is told of each of ``accounts`` on ``night``.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    SettingError
        Where the night does not have one of the accounts.
    StoreError
        Where a partition is gone; a pruned one can be made again.
    """
    published = published_night(book=book, night=night)
    nightly = {alias: sealed(store, published, asset) for alias, asset in NIGHTLY.items()}
    with store.reading(nightly) as tables:
        found = {account: tables.query("report/of_account/outcome", account=account) for account in accounts}
    for account, rows in found.items():
        if rows.is_empty():
            raise SettingError(
                code="SET-028",
                where="--account",
                found=repr(account),
                expected=f"an account of the night {night}",
                remedy="accounts.csv of the published night has them all.",
            )
    return [
        _facts_of(store, published, past_nights(book, night=night), outcome=rows.row(0, named=True))
        for rows in found.values()
    ]


def _facts_of(
    store: Store, published: Published, nights: Sequence[Published], *, outcome: dict[str, Any]
) -> AccountFacts:
    account, shard = outcome["account_id"], outcome["shard"]
    bound = {"account": account, "night": published.night, "trade_date": session_after(published.night)}
    versions = {alias: sealed(store, published, asset) for alias, asset in NIGHTLY.items()}
    outcome |= dict.fromkeys(("nav_microusd", "objective_idle", "gap_continuous_bp", "nodes"))
    answered = f"reconciliation/{published.night}/{shard}" in published.manifest["store"]
    rows: dict[str, pl.DataFrame] = {}
    if answered:
        versions |= {alias: sealed(store, published, asset, shard=shard) for alias, asset in SHARDED.items()}
        with store.reading(versions) as tables:
            rows = {name: tables.query(f"report/of_account/{name}", **bound) for name in TABLES}
            outcome = outcome | tables.query("report/of_account/answer", account=account).row(0, named=True)
    past, realized, pruned = [], [], 0
    for told in nights:
        with store.reading({"trades": sealed(store, told, "trades")}) as tables:
            past.append(tables.query("report/of_account/past_night", account=account, night=told.night))
        if past[-1].is_empty() or f"lots/{told.night}/{past[-1].item(0, 'shard')}" not in told.manifest["store"]:
            continue
        if session_after(told.night).year != bound["trade_date"].year:
            continue
        try:
            lots = sealed(store, told, "lots", shard=past[-1].item(0, "shard"))
        except StoreError as error:
            if error.code != PRUNED:
                raise
            pruned += 1
            continue
        with store.reading({"lots": lots}) as tables:
            realized.append(tables.query("report/of_account/realized", **(bound | {"night": told.night})))
    return AccountFacts(
        published=published,
        outcome=outcome,
        tables=rows,
        past=pl.concat(past),
        realized=pl.concat(realized) if realized else pl.DataFrame(schema={"night": pl.Date, "net_microusd": pl.Int64}),
        pruned_nights=pruned,
    )
