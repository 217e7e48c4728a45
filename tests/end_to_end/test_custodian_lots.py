"""The second book: a custodian that sends its lots, with wash sales inside accounts and across them."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.book import Book
from assets.store import Store
from pipelines.feed_tables import read_table
from tests.book_cases import NIGHTS, openbell
from tests.end_to_end.test_night import manifest_of, rows_of

SECOND, THIRD = (dt.date.fromisoformat(night) for night in NIGHTS[1:])
Lots = list[dict[str, Any]]


@pytest.fixture
def copy(with_lots: Path, tmp_path: Path) -> Path:
    shutil.copytree(with_lots, tmp_path / "book")
    return tmp_path / "book"


def rows(book: Path, asset: str, night: dt.date, query: str) -> Lots:
    store, found = Store(book), []
    for shard in Book.open(book).shards:
        with store.reading({"told": store.head(asset, night=night, shard=shard)}) as tables:
            found += tables.select(query).to_dicts()
    return found


def test_the_custodian_and_the_brokers_view_agree_lot_by_lot(with_lots: Path) -> None:
    assert rows(with_lots, "lot_reconciliation", SECOND, "from told.lot_break") == []
    sent = read_table(folder=with_lots / "feeds" / SECOND.isoformat(), name="custodian_lots")
    kept = rows(with_lots, "broker_lots", SECOND, "select distinct account_id, lot_id, security_id from told.sublot")
    assert sent.select("account_id", "lot_id", "security_id").unique().height == len(kept)


def test_wash_sales_inside_an_account_are_in_both_books_and_across_accounts_in_one(with_lots: Path) -> None:
    crossing = "select count(*) as n from told.wash_match where account_id <> replacement_account_id"
    inside = "select count(*) as n from told.wash_match where account_id = replacement_account_id"
    assert sum(row["n"] for row in rows(with_lots, "broker_lots", SECOND, crossing)) == 0
    assert sum(row["n"] for row in rows(with_lots, "broker_lots", SECOND, inside)) > 5
    assert sum(row["n"] for row in rows(with_lots, "lots", SECOND, crossing)) > 5
    told = rows(with_lots, "lot_reconciliation", SECOND, "from told.form_8949_difference")
    total = sum(row["disallowed_difference_microusd"] for row in told)
    disallowed = "select coalesce(sum(disallowed_microusd), 0)::bigint as n from told.wash_match"
    books = [sum(row["n"] for row in rows(with_lots, asset, SECOND, disallowed)) for asset in ("lots", "broker_lots")]
    assert total == books[0] - books[1] > 0


def test_the_manifest_names_the_second_book(with_lots: Path) -> None:
    manifest = manifest_of(with_lots, SECOND.isoformat())
    names = {name.split("/")[0] for name in manifest["store"]}
    assert {"broker_lots", "custodian_lots", "lot_reconciliation"} <= names
    assert f"feeds/{SECOND}/custodian_lots.csv" in manifest["inputs"]
    assert manifest["settings"]["custodian"]["lots"] == "feed"


def test_a_night_without_the_custodians_lots_compares_nothing(copy: Path) -> None:
    (copy / "feeds" / THIRD.isoformat() / "custodian_lots.csv").unlink()
    ran = openbell("night", copy, "--night", THIRD, "--workers", 1)
    assert ran.returncode == 0, ran.stderr
    assert rows(copy, "lot_reconciliation", THIRD, "from told.lot_break") == []
    assert rows(copy, "broker_lots", THIRD, "from told.sublot limit 1")


def shifted(row: dict[str, Any], column: str, *, days: int) -> None:
    row[column] = (dt.date.fromisoformat(row[column]) + dt.timedelta(days=days)).isoformat()


def added(row: dict[str, Any], column: str, amount: str) -> None:
    row[column] = str(Decimal(row[column]) + Decimal(amount))


FAULTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "shares": lambda row: added(row, "shares", "1"),
    "basis": lambda row: added(row, "basis_usd", "5"),
    "acquired_date": lambda row: shifted(row, "acquired_date", days=1),
    "holding_start": lambda row: shifted(row, "holding_start_date", days=-1),
    "term": lambda row: shifted(row, "holding_start_date", days=-800),
}


def test_every_fault_is_told_and_only_shares_hold(copy: Path) -> None:
    folder = copy / "feeds" / THIRD.isoformat()
    sent = read_table(folder=folder, name="custodian_lots").to_dicts()
    young = {row["account_id"]: row for row in sent if row["acquired_date"] > "2026-06-01" and row["lot_id"][0] != "W"}
    old = {row["account_id"]: row for row in sent if row["acquired_date"] < "2025-06-01"}
    clean = [
        row["account_id"]
        for row in rows_of(copy, SECOND.isoformat(), "accounts.csv")
        if row["status"].startswith("CERTIFIED") and row["account_id"] in young.keys() & old.keys()
    ]
    expected: dict[str, str] = {}
    for account, (kind, fault) in zip(clean, FAULTS.items(), strict=False):
        fault((young if kind == "term" else old)[account])
        expected[account] = kind
    gone, unknown, renamed = clean[len(FAULTS) : len(FAULTS) + 3]
    sent = [row for row in sent if row is not old[gone]]
    sent.append({**old[unknown], "lot_id": "nobody's", "shares": "3.5"})
    for row in sent:
        if row["account_id"] == renamed:
            row["lot_id"] = f"CUSTODIAN-{row['lot_id']}"
    expected |= {gone: "missing_at_custodian", unknown: "missing_in_book"}
    pl.DataFrame(sent).write_csv(folder / "custodian_lots.csv")
    ran = openbell("night", copy, "--night", THIRD, "--workers", 1)
    assert ran.returncode == 0, ran.stderr
    # The night also corrects a purchase of the night before, late, in both books: that is no break.
    late = rows(copy, "broker_lots", THIRD, "select event_id from told.event where supersedes = 'W0'")
    assert late == [{"event_id": "W0 again"}]
    told = rows(copy, "lot_reconciliation", THIRD, "from told.lot_break")
    assert {row["account_id"]: row["kind"] for row in told} == expected
    assert len(told) == len(expected)
    held = {kind for row in told if row["holds"] for kind in [row["kind"]]}
    assert held == {"shares", "missing_in_book", "missing_at_custodian"}
    outcomes = {row["account_id"]: row for row in rows_of(copy, THIRD.isoformat(), "accounts.csv")}
    for row in told:
        outcome = outcomes[row["account_id"]]
        assert (outcome["status"] == "HELD_BREAK") == row["holds"]
        if row["holds"]:
            numbers = [Decimal(row[f"{side}_micro"]) / 1_000_000 for side in ("book", "custodian")]
            assert f": book {numbers[0]:.6f}, custodian {numbers[1]:.6f}" in outcome["reasons"]
            assert f"lot {row['book_lot_id'] or row['custodian_lot_id']} of " in outcome["reasons"]
    assert outcomes[renamed]["status"].startswith("CERTIFIED")
