"""The ledger's audits: each finds the fault that it is named for, and a night with a fault is not written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from assets import lots_tables
from assets.store import Parameter, Store, Version, Writing
from ledger.errors import AuditError, StoreError
from tests.ledger_cases import SHARD, Row, SmallBook

FIRST = dt.date(2026, 6, 1)
NIGHTS = [dt.date(2026, 6, day) for day in (2, 3, 4, 5, 8, 9)]
LONG_AGO = dt.date(2024, 5, 6)
LATELY = dt.date(2026, 5, 20)


def lot(account: str, name: str, **facts: object) -> Row:
    return {
        "account_id": account,
        "lot_id": name,
        "security_id": "X",
        "acquired_date": LONG_AGO,
        "shares": 100,
        "basis_usd": 1000,
        **facts,
    }


LOTS = (
    lot("T1", "SOLD"),
    lot("T1", "QUIET"),
    lot("T2", "RECENT", acquired_date=LATELY, shares=5, basis_usd=40),
    lot("T2", "ABSORBED", acquired_date=LATELY, holding_start_date=LONG_AGO, shares=5, basis_usd=40),
    lot("OTHER", "ELSEWHERE", security_id="Y", shares=7, basis_usd=70),
)
ACTIVITY: tuple[Row, ...] = (
    {"event_id": "E1", "account_id": "T1", "kind": "sell", "lot_id": "SOLD", "shares": 40, "amount_usd": 300},
    {"event_id": "E2", "account_id": "T1", "kind": "buy", "lot_id": "NEW", "shares": 3, "amount_usd": 24},
)
TRADES = tuple({"security_id": "X", **row} for row in ACTIVITY)

FAULTS = [
    ("no_lot_is_oversold", "update sublot set other_part_shares = position_hi - 1 where lot_id = 'QUIET'"),
    ("untouched_sublots_are_kept", "update sublot set position_hi = position_hi + 1 where lot_id = 'QUIET'"),
    ("no_lot_is_oversold", "update sublot set part_from = part_from + 1 where lot_id = 'QUIET'"),
    (
        "no_sublots_overlap",
        "insert into open_part select * replace (position_hi - 1 as position_lo) from open_part where lot_id = 'SOLD'",
    ),
    ("no_share_absorbs_twice", "insert into wash_match select * replace ('E0' as sale_id) from wash_match"),
    (
        "no_share_absorbs_twice",
        "insert into wash_match select * replace ('E0' as sale_id, replacement_hi - 1 as replacement_lo) "
        "from wash_match",
    ),
    (
        "no_absorbed_share_absorbs_again",
        "update wash_match set replacement_lot_id = 'ABSORBED' where replacement_lot_id = 'RECENT'",
    ),
    ("no_match_exceeds_its_loss", "update wash_match set disallowed_microusd = disallowed_microusd + 100000000"),
    ("no_match_exceeds_its_loss", "update wash_match set lot_id = 'QUIET'"),
    ("no_match_exceeds_its_loss", "insert into wash_match select * from wash_match"),
    ("shares_are_conserved", "update event set micro_shares = micro_shares + 1 where event_id = 'E2'"),
    ("shares_are_conserved", "update open_part set position_hi = position_hi - 1 where lot_id = 'SOLD'"),
    ("shares_are_conserved", "update open_part set account_id = 'T2' where lot_id = 'NEW'"),
    ("basis_is_conserved", "update open_part set part_basis_microusd = part_basis_microusd + 3 where lot_id = 'NEW'"),
    ("basis_is_conserved", "update disposal_piece set basis_microusd = basis_microusd - 1"),
    ("basis_is_conserved", "update wash_match set permanent = true"),
    ("basis_is_conserved", "update event set basis_microusd = basis_microusd + 1 where event_id = 'E2'"),
    ("untouched_sublots_are_kept", "delete from sublot where lot_id = 'QUIET'"),
    ("untouched_sublots_are_kept", "update sublot set part_basis_microusd = 1 where lot_id = 'QUIET'"),
    (
        "untouched_sublots_are_kept",
        "insert into sublot select * exclude (part_shares, holding_start_date) from before.sublot "
        "where lot_id = 'SOLD'",
    ),
    ("untouched_sublots_are_kept", "update sublot set acquired_date = acquired_date - 1 where lot_id = 'QUIET'"),
    (
        "untouched_sublots_are_kept",
        "update sublot set other_holding_start_date = '2026-06-02' where lot_id = 'ELSEWHERE'",
    ),
    ("untouched_sublots_are_kept", "update sublot set absorbed = true where lot_id = 'QUIET'"),
    (
        "untouched_sublots_are_kept",
        "update sublot set position_lo = 1, position_hi = position_hi + 1, part_from = 1 where lot_id = 'QUIET'",
    ),
    ("untouched_sublots_are_kept", "update sublot set other_part_shares = part_shares + 1 where lot_id = 'QUIET'"),
    ("every_event_is_booked_or_refused", "delete from event where event_id = 'E2'"),
    ("every_event_is_booked_or_refused", "update event set account_id = 'T2' where event_id = 'E1'"),
]


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    made = SmallBook(tmp_path, first_night=FIRST, lots=LOTS)
    made.night(FIRST)
    return made


@pytest.mark.parametrize("is_worn", [False, True])
@pytest.mark.parametrize(("audit", "fault"), FAULTS)
def test_an_injected_fault_is_found(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch, audit: str, fault: str, *, is_worn: bool
) -> None:
    found: dict[str, bool] = {}
    judge = Writing.audit

    def judge_after_fault(writing: Writing, name: str, **parameters: Parameter) -> bool:
        if not found:
            writing.execute(fault)
        found[name] = not judge(writing, name, **parameters)
        return not found[name]

    monkeypatch.setattr(lots_tables, "_is_worn", lambda *_: is_worn)
    monkeypatch.setattr(Writing, "audit", judge_after_fault)
    with pytest.raises(AuditError):
        book.night(NIGHTS[0], activity=TRADES)
    assert found[audit], found
    assert not book.store.has("lots", night=NIGHTS[0], shard=SHARD)
    assert list(book.store.folder("lots", night=NIGHTS[0], shard=SHARD).iterdir()) == []


def test_every_audit_of_the_night_has_a_fault_and_none_finds_any_without(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {audit for audit, _ in FAULTS} == set(lots_tables.AUDITS)
    night = book.night(NIGHTS[0], activity=TRADES)
    assert night.audits == lots_tables.AUDITS
    matches = book.rows(night, "select * from lots.wash_match order by replacement_lot_id")
    assert [row["replacement_lot_id"] for row in matches] == ["NEW", "RECENT"]


def test_carrying_the_lots_on_and_writing_them_anew_give_the_same_nights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests: list[list[str]] = []
    for is_worn in (False, True):
        book = SmallBook(tmp_path / str(is_worn), first_night=FIRST, lots=LOTS)
        monkeypatch.setattr(lots_tables, "_is_worn", lambda *_, is_worn=is_worn: is_worn)
        digests.append([night.digest for night in nights_of(book)])
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("replaced", "is_worn"), [(0, False), (1000, False), (2000, False), (2001, True), (9000, True)]
)
def test_lots_are_worn_once_a_fifth_was_replaced(tmp_path: Path, replaced: int, *, is_worn: bool) -> None:
    with Store(tmp_path).reading({}) as tables:
        tables.execute("attach ':memory:' as before")
        tables.execute("create table before.sublot as select i from range(10000) as numbers(i)")
        tables.execute("delete from before.sublot where i < $replaced", replaced=replaced)
        tables.execute("insert into before.sublot from range($replaced)", replaced=replaced)
        assert tables.query("lots/is_worn").item() is is_worn


@pytest.mark.parametrize(("others", "is_worn"), [(500_000, False), (1_500_000, True)])
def test_lots_are_worn_where_a_third_of_a_large_file_is_something_else(
    tmp_path: Path, others: int, *, is_worn: bool
) -> None:
    with Store(tmp_path).reading({}) as tables:
        tables.execute(f"attach '{tmp_path / 'before.duckdb'}' as before (block_size 65536)")
        for table, rows in (("sublot", 2_000_000), ("event", others)):
            tables.execute(f"create table before.{table} as select hash(i) as i from range({rows}) as numbers(i)")
        tables.execute("checkpoint before")
        assert tables.query("lots/is_worn").item() is is_worn
        tables.execute("drop table before.event")
        tables.execute("checkpoint before")
        assert tables.query("lots/is_worn").item() is is_worn, "what was dropped leaves its places empty"


def test_a_book_without_lots_is_written_anew(tmp_path: Path) -> None:
    book = SmallBook(tmp_path, first_night=FIRST)
    book.night(FIRST)
    night = book.night(NIGHTS[0], activity=TRADES[1:])
    assert [row[2] for row in book.sublots(night)] == ["NEW"]


@pytest.mark.parametrize("rule", ["other_part_shares = position_hi", "other_holding_start_date = acquired_date"])
def test_what_is_the_rule_of_a_lot_is_never_written(book: SmallBook, rule: str) -> None:
    lots = book.store.head("lots", night=FIRST, shard=SHARD)
    with duckdb.connect(str(lots.path)) as connection, pytest.raises(duckdb.ConstraintException, match="other_"):
        connection.execute(f"update sublot set {rule} where lot_id = 'QUIET'")


@pytest.mark.parametrize("is_worn", [False, True])
def test_a_table_of_another_form_is_neither_carried_on_nor_written_anew(
    book: SmallBook, monkeypatch: pytest.MonkeyPatch, *, is_worn: bool
) -> None:
    monkeypatch.setattr(lots_tables, "_is_worn", lambda *_: is_worn)
    before = book.store.head("lots", night=FIRST, shard=SHARD)
    with duckdb.connect(str(before.path)) as connection:
        connection.execute("alter table sublot add column colour varchar")
    with pytest.raises(StoreError, match="STORE-004 table sublot of store partition lots/2026-06-01"):
        book.night(NIGHTS[0], activity=TRADES)
    assert not book.store.has("lots", night=NIGHTS[0], shard=SHARD)


def nights_of(book: SmallBook) -> list[Version]:
    """Return the first night and six more, each of which buys, and sells a part of one lot."""
    versions = [book.night(FIRST)]
    for number, night in enumerate(NIGHTS):
        versions.append(
            book.night(
                night,
                activity=[
                    {**row, "event_id": f"{number}-{row['event_id']}", "shares": 3 + number, "lot_id": name}
                    for row, name in zip(TRADES, ("SOLD", f"NEW-{number}"), strict=True)
                ],
            )
        )
    return versions
