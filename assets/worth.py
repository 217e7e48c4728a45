"""Worth: which shards go first, so that a deadline costs least. No answer depends on the order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from assets.book import Book
from assets.sessions import session_before
from assets.store import Store, Version, all_cores


def accounts_by_shard(store: Store, *, night: dt.date) -> dict[str, int]:
    """Return how many accounts each shard has tonight."""
    with store.reading({"shards": store.head("account_shards", night=night)}) as tables:
        return dict(tables.query("planner/accounts_by_shard").iter_rows())


def shards_by_worth(store: Store, *, book: Book, night: dt.date) -> tuple[str, ...]:
    """Return the shards of ``book``, the one most worth trading tonight first; ties, and a first night, by name.

    What each is worth is declared in `sql/planner/worth.sql`, from the lots of the night before at tonight's prices.
    """
    before = session_before(night)
    lots = {
        shard: store.head("lots", night=before, shard=shard)
        for shard in book.shards
        if store.has("lots", night=before, shard=shard)
    }
    worth = _worth(store, lots=lots, night=night) if lots else {}
    return tuple(sorted(book.shards, key=lambda shard: (-worth.get(shard, 0), shard)))


def _worth(store: Store, *, lots: Mapping[str, Version], night: dt.date) -> dict[str, int]:
    """Return micro-dollars by shard."""
    versions = {
        "prices": store.head("prices", night=night),
        "policies": store.head("account_policies", night=night),
        "positions": store.head("custodian_positions", night=night),
    }
    worth: dict[str, int] = {}
    # Sums of integers: nothing depends on which thread comes first.
    with store.reading(versions, threads=all_cores()) as tables:
        for shard, version in lots.items():
            tables.attach(version, alias="lots")
            worth[shard] = tables.query("planner/worth", trade_date=night).item()
            tables.detach("lots")
    return worth
