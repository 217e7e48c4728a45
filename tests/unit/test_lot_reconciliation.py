"""The broker's view against the custodian's lots: which lots are compared with which, and what is a break."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from assets.book import Book, BookSettings, Custodian, General, Reconcile
from assets.lot_break_tables import write_lot_reconciliation
from assets.store import Store
from tests.ledger_cases import SHARD, Row, insert

NIGHT = dt.date(2026, 6, 2)
OLD, RECENT = dt.date(2020, 3, 4), dt.date(2026, 2, 3)

Lot = tuple[str, float, float, dt.date, dt.date]
"""Name, shares, basis in dollars, acquired, holding start."""
Told = tuple[str, str | None, str | None, float, float]
"""Kind, lot of the book, lot of the custodian, both numbers."""


def lot(name: str, shares: float, basis: float, acquired: dt.date = OLD, start: dt.date | None = None) -> Lot:
    return name, shares, basis, acquired, start or acquired


def micro(amount: float) -> int:
    return round(amount * 1_000_000)


def breaks(
    path: Path, ours: Sequence[Lot], theirs: Sequence[Lot], reconcile: Reconcile | None = None
) -> list[dict[str, object]]:
    """Return the breaks of one account that holds ``ours`` of X, of which the custodian says ``theirs``."""
    settings = BookSettings(
        book=General(first_night=NIGHT), custodian=Custodian(lots="feed"), reconcile=reconcile or Reconcile()
    )
    book, store = Book(path, settings), Store(path)
    sublots: list[Row] = []
    begun: dict[str, int] = {}
    for name, shares, basis, acquired, start in ours:
        lo = begun.get(name, 0)
        begun[name] = lo + micro(shares)
        sublots.append(
            {
                "household_id": "A",
                "account_id": "A",
                "security_id": "X",
                "lot_id": name,
                "position_lo": lo,
                "position_hi": lo + micro(shares),
                "part_from": lo,
                "other_part_shares": micro(shares) if lo else None,
                "part_basis_microusd": micro(basis),
                "acquired_date": acquired,
                "purchase_order": 0,
                "other_holding_start_date": None if start == acquired else start,
                "purchase": True,
                "absorbed": start < acquired,
                "truncated": False,
                "no_basis": False,
            }
        )
    sent: list[Row] = [
        {
            "account_id": "A",
            "security_id": "X",
            "lot_id": name,
            "micro_shares": micro(shares),
            "basis_microusd": micro(basis),
            "acquired_date": acquired,
            "holding_start_date": start,
        }
        for name, shares, basis, acquired, start in theirs
    ]
    shards: list[Row] = [{"account_id": "A", "household_id": "H", "shard": SHARD, "wave": 0}]
    for asset, shard, table, rows in (
        ("account_shards", None, "account_shard", shards),
        ("custodian_lots", None, "custodian_lot", sent),
        ("lots", SHARD, "sublot", sublots),
        ("broker_lots", SHARD, "sublot", sublots),
    ):
        with store.writing(asset, night=NIGHT, shard=shard) as writing:
            insert(writing, table=table, rows=rows)
    version = write_lot_reconciliation(store=store, book=book, night=NIGHT, shard=SHARD)
    with store.reading({"told": version}) as tables:
        return tables.select("from told.lot_break").to_dicts()


def told(rows: Sequence[dict[str, object]]) -> list[Told]:
    return [
        (
            str(row["kind"]),
            row["book_lot_id"],  # type: ignore[misc]
            row["custodian_lot_id"],
            int(str(row["book_micro"])) / 1e6,
            int(str(row["custodian_micro"])) / 1e6,
        )
        for row in rows
    ]


A, B = lot("A", 10, 100), lot("B", 4, 44)
WASHED = [lot("N", 5, 55, RECENT, OLD), lot("N", 5, 50, RECENT)]
DAY = dt.timedelta(days=1)

CASES: dict[str, tuple[list[Lot], list[Lot], list[Told]]] = {
    "the same lots": ([A, B], [B, A], []),
    "a cent of basis": ([A], [lot("A", 10, 100.01)], []),
    "two cents of basis": ([A], [lot("A", 10, 100.02)], [("basis", "A", "A", 100, 100.02)]),
    "shares, and so no word of the basis": ([A], [lot("A", 9, 90)], [("shares", "A", "A", 10, 9)]),
    "a lot that the custodian lacks": ([A, B], [A], [("missing_at_custodian", "B", None, 4, 0)]),
    "a lot that the book lacks": ([A], [A, B], [("missing_in_book", None, "B", 0, 4)]),
    "another acquired date": ([A], [lot("A", 10, 100, OLD + DAY, OLD)], [("acquired_date", "A", "A", 10, 10)]),
    "another holding start": ([A], [lot("A", 10, 100, OLD, OLD - DAY)], [("holding_start", "A", "A", 10, 10)]),
    "another term": ([lot("A", 10, 100, RECENT)], [lot("A", 10, 100, RECENT, OLD)], [("term", "A", "A", 10, 10)]),
    "names of its own": ([A, B], [lot("1", 4, 44), lot("2", 10, 100)], []),
    "names of its own, lots alike": (
        [A, lot("B", 10, 120)],
        [lot("1", 10, 120), lot("2", 10, 101)],
        [("basis", "A", "2", 100, 101)],
    ),
    "a name for every part": (WASHED, [lot("1", 5, 55, RECENT, OLD), lot("2", 5, 50, RECENT)], []),
    "parts that are told together": (
        WASHED,
        [lot("N", 10, 105, RECENT)],
        [("term", "N", "N", 5, 5)],
    ),
    "parts of other sizes": (
        WASHED,
        [lot("N", 4, 44, RECENT, OLD), lot("N", 6, 60, RECENT)],
        [("basis", "N", "N", 105, 104), ("term", "N", "N", 1, 1)],
    ),
    "a basis on the wrong part": (
        WASHED,
        [lot("N", 5, 50, RECENT, OLD), lot("N", 5, 55, RECENT)],
        [("basis", "N", "N", 55, 50), ("basis", "N", "N", 50, 55)],
    ),
    "one name in common": ([A, B], [A, lot("1", 4, 44)], []),
    "a name of another security's day": (
        [lot("A", 10, 100, RECENT)],
        [lot("1", 10, 100)],
        [("missing_at_custodian", "A", None, 10, 0), ("missing_in_book", None, "1", 0, 10)],
    ),
    "rounding of a split": ([lot("A", 3.333334, 10)], [lot("A", 3.333333, 10)], []),
    "dust": ([A, lot("B", 0.000001, 0)], [A], []),
}


@pytest.mark.parametrize(("ours", "theirs", "expected"), CASES.values(), ids=CASES)
def test_lots_are_compared_and_differences_told(
    tmp_path: Path, ours: list[Lot], theirs: list[Lot], expected: list[Told]
) -> None:
    assert told(breaks(tmp_path, ours, theirs)) == expected


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    ours = [lot(name, 5, basis) for name, basis in (("A", 10), ("B", 12), ("C", 11))]
    theirs = [lot(name, 5, basis) for name, basis in (("1", 12), ("2", 10), ("3", 14))]
    one = told(breaks(tmp_path / "one", ours, theirs))
    assert one == told(breaks(tmp_path / "other", ours[::-1], theirs[::-1]))
    assert [(row[0], row[3], row[4]) for row in one] == [("basis", 12, 14), ("basis", 11, 12)]


def test_a_night_without_the_feed_tells_nothing(tmp_path: Path) -> None:
    assert breaks(tmp_path, [A, B], []) == []


@pytest.mark.parametrize(("hold", "held"), [("none", []), ("shares", ["shares"]), ("all", ["basis", "shares"])])
def test_the_setting_says_what_holds(tmp_path: Path, hold: str, held: list[str]) -> None:
    reconcile = Reconcile.model_validate({"lot_breaks_hold": hold})
    rows = breaks(tmp_path, [A, B], [lot("A", 10, 1), lot("B", 5, 44)], reconcile)
    assert sorted(str(row["kind"]) for row in rows) == ["basis", "shares"]
    assert sorted(str(row["kind"]) for row in rows if row["holds"]) == held


def test_what_holds_is_told_with_both_numbers(tmp_path: Path) -> None:
    reconcile = Reconcile(lot_breaks_hold="all")
    ours, theirs = [A, B, lot("C", 1, 7, RECENT)], [lot("A", 9, 100), lot("B", 4, 40), lot("C", 1, 7, RECENT, OLD)]
    breaks(tmp_path, ours, theirs, reconcile)
    store = Store(tmp_path)
    with store.reading({"lot_breaks": store.head("lot_reconciliation", night=NIGHT, shard=SHARD)}) as tables:
        for step in (
            "schema/reconciliation/recon_break",
            "reconciliation/holding_break",
            "reconciliation/lots_that_break",
        ):
            tables.run(step)
        sentences = tables.select("select sentence from holding_break order by sentence")["sentence"].to_list()
    assert sentences == [
        "lot A of X, shares: book 10.000000, custodian 9.000000",
        "lot B of X, basis: book 44.000000, custodian 40.000000",
        "lot C of X, term: book 2026-02-03, custodian 2020-03-04",
    ]


def test_tolerances_are_of_the_book(tmp_path: Path) -> None:
    reconcile = Reconcile(lot_shares_tolerance=1, lot_basis_tolerance_usd=5)
    assert breaks(tmp_path, [A, B], [lot("A", 10, 105), lot("B", 5, 44)], reconcile) == []
