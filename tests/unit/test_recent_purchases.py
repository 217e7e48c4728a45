"""What a recent purchase closes: losses of other shares of its group, never those of the purchase itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assets.sessions import session_after
from assets.store import Tables
from assets.wash_tables import write_wash_windows
from tests.ledger_cases import SHARD, Row, SmallBook

NIGHT = dt.date(2026, 6, 1)
LONG_AGO = dt.date(2024, 5, 6)
LATELY = dt.date(2026, 5, 20)


def lot(account: str, name: str, acquired: dt.date, **facts: object) -> Row:
    facts = {"security_id": "X", "shares": 10, "basis_usd": 100, **facts}
    return {"account_id": account, "lot_id": name, "acquired_date": acquired, **facts}


@contextmanager
def opened(path: Path, *lots: Row, groups: dict[str, str] | None = None) -> Iterator[Tables]:
    """Run the night of a book with these lots as far as its windows, the custodian agreeing; no orders yet."""
    book = SmallBook(path, first_night=NIGHT, lots=lots, groups=groups)
    versions = {"lots": book.night(NIGHT)}
    versions["windows"] = write_wash_windows(store=book.store, book=book.book, night=NIGHT, shard=SHARD)
    versions["policies"] = book.store.head("account_policies", night=NIGHT)
    versions["shards"] = book.store.head("account_shards", night=NIGHT)
    with book.store.reading(versions) as tables:
        tables.execute("create schema positions")
        tables.execute(
            "create table positions.position as select account_id, security_id, "
            "sum(position_hi - position_lo)::bigint as micro_shares from lots.sublot group by all"
        )
        yield tables


def closings(tables: Tables) -> dict[str, tuple[bool, str | None]]:
    tables.run("proposals/compared_holding", shard=SHARD)
    rows = tables.query("proposals/closed_groups", shard=SHARD, trade_date=session_after(NIGHT)).to_dicts()
    return {row["identical_group"]: (row["closed_to_loss_sales"], row["open_to_purchase"]) for row in rows}


def offending(tables: Tables, account: str, name: str, *, security: str = "X") -> bool:
    tables.execute(
        "create or replace temp table approved_order as select $account as account_id, 'H1' as household_id, "
        "$security as security_id, 'sell' as side, 5000000 as micro_shares, $name as lot_id, 20000000 as loss_microusd"
        ", true as may_lose",
        account=account,
        security=security,
        name=name,
    )
    found = tables.offenders("no_loss_sale_follows_a_recent_purchase", trade_date=session_after(NIGHT))
    return not found.is_empty()


def test_the_only_recent_purchase_may_itself_be_sold_at_a_loss(tmp_path: Path) -> None:
    with opened(tmp_path, lot("T1", "OLD", LONG_AGO), lot("T1", "NEW", LATELY)) as tables:
        assert closings(tables) == {"X": (True, f"T1/X/NEW/{LATELY}")}
        assert offending(tables, "T1", "OLD")
        assert not offending(tables, "T1", "NEW")


@pytest.mark.parametrize("other", [("T1", "X"), ("IRA", "X"), ("T2", "Y")], ids=["own", "ira", "identical"])
def test_two_recent_purchases_close_each_other(tmp_path: Path, other: tuple[str, str]) -> None:
    account, security = other
    lots = [lot("T1", "NEW", LATELY), lot(account, "NEWER", LATELY, security_id=security)]
    with opened(tmp_path, *lots, groups={"X": "XY", "Y": "XY"}) as tables:
        assert closings(tables) == {"XY": (True, None)}
        assert offending(tables, "T1", "NEW")


def test_purchases_of_two_days_close_each_other(tmp_path: Path) -> None:
    lots = [lot("T1", "NEW", LATELY), lot("T1", "NEWER", LATELY + dt.timedelta(days=1))]
    with opened(tmp_path, *lots) as tables:
        assert closings(tables) == {"X": (True, None)}
        assert offending(tables, "T1", "NEWER")


def test_a_position_in_dispute_opens_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, lot("T1", "NEW", LATELY)) as tables:
        tables.execute("update positions.position set micro_shares = 1")
        assert closings(tables) == {"X": (True, None)}


def test_shares_that_have_absorbed_close_nothing(tmp_path: Path) -> None:
    absorbed = lot("T1", "NEW", LATELY, holding_start_date=LONG_AGO)
    with opened(tmp_path, lot("T1", "OLD", LONG_AGO), absorbed) as tables:
        assert closings(tables) == {}
        assert not offending(tables, "T1", "OLD")
