"""Tonight's accounts: policies in force, what the custodian says, and a shard for every household."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets import feed_raw, feed_reader, feeds
from assets.account_tables import (
    shard_of,
    write_account_policies,
    write_account_shards,
    write_custodian_activity,
    write_custodian_positions,
)
from assets.book import Book
from assets.feed_files import digest_of_file
from assets.sessions import session_after
from assets.store import Store
from ledger.errors import FeedError, NightOrderError, StoreError
from tests.feed_cases import FIRST_NIGHT, TINY, put, put_night, tiny_book

SECOND = session_after(FIRST_NIGHT)
WRITERS = (write_account_policies, write_custodian_activity, write_custodian_positions, write_account_shards)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return tiny_book(tmp_path / "book")


def written(book: Book, *, night: dt.date = FIRST_NIGHT) -> Store:
    """Write the night's accounts."""
    store = Store(book.path)
    for write in WRITERS:
        write(store=store, book=book, night=night)
    return store


def table(store: Store, asset: str, name: str, *, night: dt.date = FIRST_NIGHT) -> pl.DataFrame:
    """Return one table of a partition in canonical order."""
    with store.reading({"partition": store.head(asset, night=night)}) as tables:
        return tables.select(f"from partition.{name} order by all")


def test_policies_come_in_the_units_of_the_tables_and_blank_limits_are_null(book: Book) -> None:
    rows = table(written(book), "account_policies", "account").rows(named=True)
    assert [row["account_id"] for row in rows] == ["A1", "A2", "A3"]
    assert (rows[0]["net_gain_budget_microusd"], rows[0]["min_trade_microusd"]) == (1_000_000_000, 100_000_000)
    assert (rows[0]["share_step_micro"], rows[1]["share_step_micro"]) == (100, 1_000_000)
    assert (rows[0]["tracking_error_max_bps"], rows[1]["tracking_error_max_bps"]) == (None, 150)
    assert (rows[1]["sector_band"], rows[1]["net_gain_budget_microusd"]) == (None, None)
    assert [row["frozen"] for row in rows] == [False, False, True]


@pytest.mark.parametrize(
    ("from_date", "to_date", "in_force"),
    [
        ("", "", True),
        (str(SECOND), "", True),
        ("", str(SECOND), True),
        (str(session_after(SECOND)), "", False),
        ("", str(FIRST_NIGHT), False),
    ],
)
def test_a_restriction_is_in_force_on_the_session_the_orders_trade_in(
    book: Book, from_date: str, to_date: str, *, in_force: bool
) -> None:
    header = TINY["restrictions"].partition("\n")[0]
    put(book, "restrictions", f"{header}\nA1,no_buy,security,AAA,,,{from_date},{to_date}\n")
    rows = table(written(book), "account_policies", "restriction").rows()
    assert rows == ([("A1", "no_buy", "security", "AAA", None, "")] if in_force else [])


def test_a_restriction_may_follow_another_of_its_kind(book: Book) -> None:
    header = TINY["restrictions"].partition("\n")[0]
    put(
        book,
        "restrictions",
        f"{header}\nA1,max_weight,security,AAA,0.5,,,{FIRST_NIGHT}\nA1,max_weight,security,AAA,0.1,,{SECOND},\n",
    )
    assert table(written(book), "account_policies", "restriction")["weight_max"].to_list() == [0.1]


def test_an_identical_group_begins_on_its_date(book: Book) -> None:
    store = written(book)
    groups = dict(table(store, "account_policies", "security").select("security_id", "identical_group").rows())
    assert groups == {"AAA": "G1", "BBB": "BBB", "CCC": "CCC", "DDD": "DDD"}
    put_night(book, night=SECOND, prices={"AAA": "100"})
    write_account_policies(store=store, book=book, night=SECOND)
    later = table(store, "account_policies", "security", night=SECOND)
    assert dict(later.select("security_id", "identical_group").rows())["BBB"] == "G1"


def test_the_latest_of_several_groups_counts(book: Book) -> None:
    put(
        book,
        "identical_groups",
        "security_id,identical_group,from_date\nAAA,G1,\nAAA,G2,2015-01-02\nAAA,G3,2016-01-04\n",
    )
    groups = table(written(book), "account_policies", "security")
    assert dict(groups.select("security_id", "identical_group").rows())["AAA"] == "G2"


def test_the_opening_is_written_on_the_first_night_only(book: Book) -> None:
    store = written(book)
    lots = table(store, "custodian_activity", "opening_lot").rows()
    assert lots[1] == ("A2", "L1", "BBB", dt.date(2015, 5, 1), dt.date(2015, 5, 1), 20_000_000, 1_000_000_000)
    assert lots[2][4:] == (dt.date(2012, 12, 31), 1_000_001, 0)
    cash = table(store, "custodian_activity", "opening_cash").rows()
    assert cash == [("A1", 10_010_000), ("A2", 0), ("A3", -5_500_000)]
    put_night(book, night=SECOND, prices={"AAA": "100"})
    version = write_custodian_activity(store=store, book=book, night=SECOND)
    assert dict(version.rows) == {"activity": 0, "opening_cash": 0, "opening_lot": 0}
    assert not [name for name in version.inputs if "opening" in name]


def test_corrections_of_earlier_sessions_are_kept_with_what_they_supersede(book: Book) -> None:
    rows = table(written(book), "custodian_activity", "activity").rows(named=True)
    assert [(row["event_id"], row["trade_date"], row["supersedes"]) for row in rows][2] == (
        "E3",
        dt.date(2015, 5, 29),
        "E0",
    )
    assert (rows[0]["micro_shares"], rows[0]["amount_microusd"]) == (1_500_000, 150_150_000)


def test_a_transfer_from_outside_may_bring_its_dates(book: Book) -> None:
    header = TINY["activity"].partition("\n")[0]
    row = "E1,A1,transfer_in,2015-06-01,AAA,L7,5,400,,2010-01-04,2009-05-01"
    put(book, "activity", f"{header},acquired_date,holding_start_date\n{row}\n")
    rows = table(written(book), "custodian_activity", "activity")
    assert rows.select("acquired_date", "holding_start_date").row(0) == (dt.date(2010, 1, 4), dt.date(2009, 5, 1))


def test_events_that_only_the_ledger_can_judge_are_kept_as_they_came(book: Book) -> None:
    row = "E1,A1,sell_short,2015-06-02,ZZZ,,,,"
    put(book, "activity", TINY["activity"] + row + "\n")
    kept = table(written(book), "custodian_activity", "activity").select("event_id", "kind", "security_id", "namesakes")
    assert kept.rows()[:2] == [("E1", "buy", "AAA", 2), ("E1", "sell_short", "ZZZ", 2)]
    assert kept["namesakes"].to_list() == [2, 2, 1, 1]


def test_positions_of_no_shares_are_no_positions(book: Book) -> None:
    store = written(book)
    assert table(store, "custodian_positions", "position").rows() == [
        ("A1", "AAA", 12_000_000),
        ("A2", "BBB", 20_000_000),
        ("A3", "CCC", 1_000_001),
    ]
    assert table(store, "custodian_positions", "flow").rows() == [("A1", -25_000_000)]
    assert table(store, "custodian_positions", "custodian_cash").height == 3


def test_taxable_accounts_of_a_household_come_before_its_iras(book: Book) -> None:
    rows = table(written(book), "account_shards", "account_shard")
    waves = dict(rows.select("account_id", "wave").rows())
    assert waves == {"A1": 1, "A2": 0, "A3": 0}
    assert rows.filter(pl.col("household_id") == "H1")["shard"].n_unique() == 1


def test_waves_order_registration_then_account(book: Book) -> None:
    header, row = TINY["accounts"].splitlines()[:2]
    kinds = {"A1": "roth", "A2": "trust", "A3": "taxable", "A4": "ira"}
    lines = [row.replace("A1,", f"{account},", 1).replace(",ira,", f",{kind},") for account, kind in kinds.items()]
    put(book, "accounts", "\n".join([header, *lines]) + "\n")
    for name in ("cash", "opening_cash"):
        put(book, name, TINY[name] + "A4,0\n")
    rows = table(written(book), "account_shards", "account_shard")
    assert dict(rows.select("account_id", "wave").rows()) == {"A2": 0, "A3": 1, "A1": 2, "A4": 3}


def test_the_shard_of_a_household_never_changes() -> None:
    # Computed once with sha256sum; another hash would move every household to another shard.
    assert [shard_of(household, shards=4) for household in ("H1", "H2", "é")] == ["s002", "s001", "s000"]


@settings(derandomize=True, deadline=None)
@given(st.text(min_size=1, max_size=64), st.integers(1, 99))
def test_every_household_has_a_shard_of_the_book(household: str, shards: int) -> None:
    assert shard_of(household, shards=shards) in {f"s{number:03d}" for number in range(shards)}


def test_shards_are_refused_before_the_policies(book: Book) -> None:
    with pytest.raises(StoreError) as caught:
        write_account_shards(store=Store(book.path), book=book, night=FIRST_NIGHT)
    assert caught.value.code == "STORE-001"


@pytest.mark.parametrize("name", ["accounts", "opening_lots", "positions"])
def test_a_refused_file_leaves_no_store(book: Book, name: str) -> None:
    put(book, name, TINY[name] + "damaged\n")
    with pytest.raises(FeedError) as caught:
        written(book)
    assert caught.value.code == "FEED-007"
    asset = {"accounts": "account_policies", "opening_lots": "custodian_activity", "positions": "custodian_positions"}
    assert not (book.path / "store" / asset[name]).exists()


def test_a_night_before_the_first_is_refused(book: Book) -> None:
    with pytest.raises(NightOrderError) as caught:
        write_account_policies(store=Store(book.path), book=book, night=dt.date(2015, 5, 29))
    assert caught.value.code == "NIGHT-004"
    assert not (book.path / "store").exists()


@pytest.mark.parametrize("form", [".csv", ".csv.gz", ".parquet"])
def test_form_and_order_of_the_rows_change_no_digest(book: Book, tmp_path: Path, form: str) -> None:
    plain = written(book)
    other = tiny_book(tmp_path / "shuffled")
    for name, text in TINY.items():
        header, *rows = text.splitlines(keepends=True)
        put(other, name, header + "".join(reversed(rows)), form=form)
    shuffled = written(other)
    for asset in ("account_policies", "custodian_activity", "custodian_positions", "account_shards"):
        assert shuffled.head(asset, night=FIRST_NIGHT).digest == plain.head(asset, night=FIRST_NIGHT).digest


@pytest.mark.parametrize("rows", [1, 2])
def test_opening_lots_in_parts_change_no_digest(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    plain = written(book).head("custodian_activity", night=FIRST_NIGHT)
    monkeypatch.setattr(feed_reader, "PART_ROWS", rows)
    monkeypatch.setattr(feed_raw, "_BATCH_ROWS", 1)
    monkeypatch.setattr(feeds, "PART_FILE_BYTES", 0)
    other = tiny_book(tmp_path / "in_parts")
    header, *lots = TINY["opening_lots"].splitlines(keepends=True)
    path = put(other, "opening_lots", header + "".join(reversed(lots)), form=".parquet")
    in_parts = written(other).head("custodian_activity", night=FIRST_NIGHT)
    assert in_parts.digest == plain.digest
    assert in_parts.inputs["static/opening_lots.parquet"] == digest_of_file(path)


def test_a_rerun_reproduces_every_digest(book: Book) -> None:
    store = written(book)
    first = {path.name for path in (book.path / "store").rglob("*.duckdb")}
    written(book)
    assert {path.name for path in store.root.rglob("*.duckdb")} == first
