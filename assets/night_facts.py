"""The facts of a published night for people: what its manifest names, read once, in integers."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from assets.book import Book
from assets.retention import published_nights
from assets.sessions import session_after
from assets.store import Store, Version, partition_name
from assets.trade_tables import answered_shards
from assets.verification import Published, published_night

TREND_NIGHTS = 60
"""Published nights that a page looks back on, its own included."""
NIGHTLY = {
    "policies": "account_policies",
    "prices": "prices",
    "actions": "corporate_actions",
    "risk": "risk_model",
    "positions": "custodian_positions",
    "shards": "account_shards",
}
SHARDED = {"lots": "lots", "windows": "wash_windows", "proposals": "proposals"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NightFacts:
    """A published night, as its page tells it; money in micro-dollars."""

    published: Published
    accounts: pl.DataFrame
    """Every account of the book, with `nav_microusd` (null where its shard had not answered); by account_id."""
    open_losses: pl.DataFrame
    """Losses of taxed accounts at the close, by (account_id, state); of the shards that answered."""
    orders: pl.DataFrame
    """Block orders, the largest first."""
    reasons: pl.DataFrame
    """Allocations by (side, reason)."""
    past: pl.DataFrame
    """Published nights up to this one, this one last."""
    unanswered: tuple[str, ...]
    """Shards that had not answered at the deadline."""


def night_facts(*, store: Store, book: Book, night: dt.date) -> NightFacts:
    """Return what is told of ``night``, all of it from the versions that its manifest names.

    Raises
    ------
    NightOrderError
        Where the night is not published.
    StoreError
        Where a partition is gone; a pruned one can be made again.
    """
    published = published_night(book=book, night=night)
    answered = answered_shards(store, book, night)
    losses, values = [], []
    nightly = {alias: sealed(store, published, asset) for alias, asset in NIGHTLY.items()}
    nightly["trades"] = sealed(store, published, "trades")
    with store.reading(nightly) as tables:
        accounts, orders, reasons = (tables.query(f"report/{name}") for name in ("account", "order", "reason"))
        for shard in answered:
            for alias, asset in SHARDED.items():
                tables.attach(sealed(store, published, asset, shard=shard), alias=alias)
            bound: dict[str, dt.date | str] = {"shard": shard, "trade_date": session_after(night)}
            tables.run("report/work/closed_group")
            tables.run("proposals/compared_holding", shard=shard)
            tables.insert("closed_group", tables.query("proposals/closed_groups", **bound))
            losses.append(tables.query("report/open_loss", **bound))
            values.append(tables.query("report/value"))
            for alias in SHARDED:
                tables.detach(alias)
    known = pl.concat(values) if values else pl.DataFrame(schema={"account_id": pl.String, "nav_microusd": pl.Int64})
    return NightFacts(
        published=published,
        accounts=accounts.join(known, on="account_id", how="left", maintain_order="left"),
        open_losses=pl.concat(losses) if losses else _no_losses(),
        orders=orders,
        reasons=reasons,
        past=pl.concat([_past_night(store, past) for past in past_nights(book, night=night)]),
        unanswered=tuple(sorted(set(book.shards) - set(answered))),
    )


def past_nights(book: Book, *, night: dt.date) -> list[Published]:
    """Return the last `TREND_NIGHTS` published nights up to ``night``, the first one first."""
    nights = [past for past in published_nights(book) if past <= night]
    return [published_night(book=book, night=past) for past in nights[-TREND_NIGHTS:]]


def sealed(store: Store, published: Published, asset: str, *, shard: str | None = None) -> Version:
    """Return the version of a partition that the manifest of a published night names."""
    name = partition_name(asset, night=published.night, shard=shard)
    return store.version(asset, night=published.night, shard=shard, digest=published.manifest["store"][name])


def _past_night(store: Store, published: Published) -> pl.DataFrame:
    with store.reading({"trades": sealed(store, published, "trades")}) as tables:
        return tables.query("report/past_night", night=published.night)


def _no_losses() -> pl.DataFrame:
    texts = dict.fromkeys(("account_id", "state"), pl.String)
    return pl.DataFrame(schema={**texts, "sublots": pl.Int64, "loss_microusd": pl.Int64, "worth_microusd": pl.Float64})
