"""One name in one household: its lots, windows, recent trades, tonight's orders, restrictions, price and trust."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from assets.book import Book
from assets.explained_words import Row, told
from assets.explanation import policy_of, require_answered
from assets.sessions import session_after, sessions_between
from assets.standing import Standing, lineage_of, standing_night
from assets.store import PRUNED, Store, Tables
from ledger.errors import QuestionError, StoreError
from ledger.wash import WINDOW_DAYS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NameStory:
    """All that the book knows of one name, and of those substantially identical, in the household of one account."""

    night: str
    trade_date: str
    published: bool
    account_id: str
    household_id: str
    security_id: str
    identical_group: str
    securities: tuple[Row, ...]
    """The security and those identical to it, each with its price, whether it is believed, and what freezes it."""
    benchmark_weights: tuple[Row, ...]
    lots: tuple[Row, ...]
    loss_sales_that_close_purchases: tuple[Row, ...]
    purchases_that_close_loss_sales: tuple[Row, ...]
    sales: tuple[Row, ...]
    """Sales booked in the last 30 days."""
    sales_unknown_on: tuple[str, ...]
    """Sessions of them whose lots were pruned, so that their sales are not told."""
    orders: tuple[Row, ...]
    non_trades: tuple[Row, ...]
    restrictions: tuple[Row, ...]
    lineage: Row

    def document(self) -> Row:
        """Return the story as one JSON document."""
        return {"format": "openbell-name/1", **dataclasses.asdict(self)}


def story_of(*, store: Store, book: Book, night: dt.date, account_id: str, security_id: str) -> NameStory:
    """Return the story of ``security_id`` in the household of ``account_id``.

    Raises
    ------
    NightOrderError, QuestionError
        As `assets.explanation.explain`; where its shard has not answered; where the book has no such security.
    """
    standing = standing_night(store=store, book=book, night=night)
    policy = policy_of(standing, account_id=account_id)
    sharded = require_answered(standing, policy)
    trade_date = session_after(night)
    with store.reading({**standing.nightly(), **sharded}) as tables:
        tables.run("explain/published_order" if standing.manifest is not None else "explain/approved_order")
        securities = _securities(tables, security_id=security_id, night=night)
        group = securities[0]["identical_group"]
        members = [row["security_id"] for row in securities]
        sectors = {row["sector"] for row in securities}
        bound = {"household_id": policy["household_id"], "identical_group": group, "trade_date": trade_date}

        def rows(query: str) -> tuple[Row, ...]:
            return tuple(told(row) for row in tables.query(f"explain/{query}", **bound).to_dicts())

        outcomes = "trades.account_outcome" if standing.manifest is not None else "reconciliation.outcome"
        held = tables.select(f"select account_id from {outcomes} where status like 'HELD%'")["account_id"].to_list()  # noqa: S608
        sales, unknown = _sales(standing, policy=policy, members=members)
        return NameStory(
            night=night.isoformat(),
            trade_date=trade_date.isoformat(),
            published=standing.manifest is not None,
            account_id=account_id,
            household_id=policy["household_id"],
            security_id=security_id,
            identical_group=group,
            securities=tuple(securities),
            benchmark_weights=rows("name_weights"),
            lots=rows("name_lots"),
            loss_sales_that_close_purchases=_of_group(rows("open_losses"), group),
            purchases_that_close_loss_sales=_of_group(rows("recent_purchases"), group),
            sales=sales,
            sales_unknown_on=unknown,
            orders=_of_group(rows("household_orders"), group),
            non_trades=tuple(row for row in rows("name_non_trades") if row["account_id"] not in held),
            restrictions=tuple(row for row in rows("restrictions") if row["value"] in {*members, *sectors}),
            lineage=lineage_of(standing, shard=policy["shard"]),
        )


def _securities(tables: Tables, *, security_id: str, night: dt.date) -> list[Row]:
    found = [told(row) for row in tables.query("explain/name", security_id=security_id).to_dicts()]
    if not found:
        near = tables.query("explain/near_securities", security_id=security_id)["security_id"].to_list()
        raise QuestionError(
            code="ASK-004",
            where=f"night {night}",
            found=f"no security {security_id!r}",
            expected=f"a security of the book, such as {' or '.join(near)}",
            remedy="Name it as static/securities does, not by its symbol.",
        )
    return found


def _of_group(rows: tuple[Row, ...], group: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if row["identical_group"] == group)


def _sales(standing: Standing, *, policy: Row, members: list[str]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the household's sales of ``members`` in the last 30 days, and the sessions of which nothing is left."""
    first = max(standing.night - dt.timedelta(days=WINDOW_DAYS), standing.book.settings.book.first_night)
    found: list[Row] = []
    unknown: list[str] = []
    for session in sessions_between(first=first, last=standing.night):
        try:
            if session == standing.night:
                version = standing.version("lots", shard=policy["shard"])
                assert version is not None, "its shard has answered"
            else:
                version = standing.store.head("lots", night=session, shard=policy["shard"])
        except StoreError as error:
            if error.code != PRUNED:
                raise
            unknown.append(session.isoformat())
            continue
        with standing.store.reading({"lots": version}) as tables:
            sold = tables.query("explain/household_sales", household_id=policy["household_id"])
        found += [told(row) for row in sold.filter(pl.col("security_id").is_in(members)).to_dicts()]
    return tuple(found), tuple(unknown)
