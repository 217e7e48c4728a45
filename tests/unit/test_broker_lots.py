"""The broker's view of a night: what one account and one security see of it, by the custodian's readings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from assets.book import Custodian, Tax
from assets.lots_tables import write_broker_lots, write_lots
from ledger.policy import Tacking
from tests.ledger_cases import SHARD, Row, SmallBook

FIRST, SECOND, THIRD, FOURTH = (dt.date(2026, 6, day) for day in (1, 2, 3, 4))
LONG_AGO = dt.date(2024, 5, 6)
LOTS = [
    {
        "account_id": account,
        "lot_id": "A",
        "security_id": "X",
        "acquired_date": LONG_AGO,
        "shares": 10,
        "basis_usd": 100,
    }
    for account in ("T1", "T2")
]


def event(name: str, kind: str, account: str = "T1", **facts: object) -> Row:
    return {"event_id": name, "account_id": account, "kind": kind, "security_id": "X", **facts}


SALE = event("E1", "sell", lot_id="A", shares=10, amount_usd=60)


def book_of(path: Path, **facts: object) -> SmallBook:
    book = SmallBook(path, first_night=FIRST, lots=LOTS, write=write_broker_lots, **facts)  # type: ignore[arg-type]
    book.night(FIRST)
    return book


@pytest.mark.parametrize(("tacking", "start"), [("additive", LONG_AGO + (THIRD - SECOND)), ("replacement", THIRD)])
def test_the_custodians_readings_are_its_own(tmp_path: Path, tacking: Tacking, start: dt.date) -> None:
    book = book_of(tmp_path, tax=Tax(tacking="union"), custodian=Custodian(tacking=tacking))
    book.night(SECOND, activity=[SALE])
    night = book.night(THIRD, activity=[event("E2", "buy", lot_id="N", shares=10, amount_usd=70)])
    # Basis 70 and the 40 disallowed; sold after LONG_AGO to SECOND.
    assert ("T1", "X", "N", 10, 110, start, True) in book.sublots(night)


def test_a_purchase_in_another_account_is_seen_by_the_taxpayer_alone(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    write_lots(store=book.store, book=book.book, night=FIRST, shard=SHARD)
    night = book.night(SECOND, activity=[SALE, event("E2", "buy", "IRA", lot_id="N", shares=4, amount_usd=30)])
    taxpayers = write_lots(store=book.store, book=book.book, night=SECOND, shard=SHARD)
    assert night.rows["wash_match"] == 0
    assert taxpayers.rows["wash_match"] == 1
    assert {row["household_id"] for row in book.rows(night, "from lots.sublot")} == {"T2", "IRA"}


def test_shares_that_move_are_seen_where_they_are(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    bought = event("E2", "buy", "T2", lot_id="N", shares=4, amount_usd=30)
    moved = [
        event("E3", "transfer_out", "T2", lot_id="N", shares=4),
        event("E4", "transfer_in", "T1", lot_id="N", shares=4, amount_usd=0),
    ]
    book.night(SECOND, activity=[bought])
    third = book.night(THIRD, activity=moved)
    assert book.rows(third, "select distinct household_id from lots.sublot where lot_id = 'N'") == [
        {"household_id": "T1"}
    ]
    fourth = book.night(FOURTH, activity=[SALE])
    # A loss of 4 a share; the four that moved in take 16.
    assert [row["disallowed_microusd"] for row in book.rows(fourth, "from lots.wash_match")] == [16_000_000]


def test_a_late_purchase_in_one_account_takes_back_the_account_that_it_moved_to(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    moved = [
        event("E3", "transfer_out", "T2", lot_id="N", shares=4),
        event("E4", "transfer_in", "T1", lot_id="N", shares=4, amount_usd=0),
    ]
    book.night(SECOND, activity=[event("E2", "buy", "T2", lot_id="N", shares=4, amount_usd=30)])
    book.night(THIRD, activity=moved)
    right = event("E5", "buy", "T2", lot_id="N", shares=4, amount_usd=20, trade_date=SECOND, supersedes="E2")
    night = book.night(FOURTH, activity=[right])
    assert ("T1", "X", "N", 4, 20, SECOND, False) in book.sublots(night)
    assert book.rows(night, "from lots.refused_event") == []
