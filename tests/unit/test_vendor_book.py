"""A book of a folder of prices whose vendor delivers the closes: made, run, published, and asked what was wrong."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.book import Book
from assets.sessions import session_after, session_before
from assets.stages import assets_of, stages_of
from assets.store import Store
from assets.verification import is_verified, verify_night
from bench.vendor_feed import ingest_nights, run_stages
from ledger.errors import InputError, SettingError
from pipelines.arrivals import nights_in
from pipelines.book_maker import make_book
from pipelines.custodian import write_next_feeds
from pipelines.feed_commands import told_of_feeds
from pipelines.feed_tables import read_table
from pipelines.vendor_source import vendor_rows
from tests.feed_cases import tiny_book
from tests.market_cases import NAMES, close_of, write_market_folder
from tests.unit.test_real_market import DATA

FIRST = dt.date(2015, 6, 1)
SECOND, THIRD = session_after(FIRST), session_after(session_after(FIRST))
NOT_TOLD = "PLAINH"


def write_vendor_feed(folder: Path) -> None:
    """Write what a vendor delivered on three nights: on the second a bad tick, on the third its correction."""
    rows = []
    for night in (FIRST, SECOND, THIRD):
        for name in sorted(set(NAMES) - {NOT_TOLD}):
            for day in (night, session_before(night)):
                close = 10.0 if (name, day, night) == ("TICKS", SECOND, SECOND) else close_of(name, day)
                rows.append((name, day, close, close, close, close, 1000.0, close, night))
    schema = ["symbol", "date", "open", "high", "low", "close", "volume", "adj_close", "file_date"]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "vendor_feed_test.parquet")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Return a book after its three nights."""
    folder = tmp_path_factory.mktemp("vendor")
    market = write_market_folder(folder / "market")
    write_vendor_feed(market)
    make_book(
        folder / "book",
        market=str(market),
        accounts=4,
        shards=1,
        seed=3,
        first_night=FIRST,
        factors=3,
        vendor="two_days",
    )
    book = Book.open(folder / "book")
    for night in (FIRST, SECOND, THIRD):
        run_stages(book, store=Store(book.path), night=night)
        if night != THIRD:
            write_next_feeds(book, night=night)
    return book


def outcomes(book: Book, *, night: dt.date) -> dict[str, str]:
    with Store(book.path).reading({"trades": Store(book.path).head("trades", night=night)}) as tables:
        return dict(tables.select("select account_id, status from trades.account_outcome order by all").iter_rows())


def test_a_name_that_the_vendor_does_not_tell_is_not_in_the_book(book: Book) -> None:
    listed = read_table(folder=book.path / "static", name="securities")["security_id"]
    assert set(listed) == set(NAMES) - {NOT_TOLD}
    assert nights_in(book) == [FIRST, SECOND, THIRD]


def test_a_bad_tick_holds_only_who_owns_too_much_of_it_and_its_correction_says_so(book: Book) -> None:
    held = {account for account, status in outcomes(book, night=SECOND).items() if status == "HELD_DATA"}
    assert held
    assert "HELD_DATA" not in outcomes(book, night=THIRD).values()
    told = told_of_feeds(book, night=THIRD)
    [revised] = told["revised_closes"]
    assert (revised["security_id"], revised["first_usd"], revised["session"]) == ("TICKS", "10", str(SECOND))
    assert {row["account_id"] for row in told["revised_outcomes"]} == held
    assert {row["effect"] for row in told["revised_outcomes"]} == {"would not have been held for its names"}
    for row in told["revised_accounts"]:
        moved = float(row["held_shares"]) * (float(row["second_usd"]) - float(row["used_usd"]))
        assert float(row["value_change_usd"]) == pytest.approx(moved, abs=1e-5)
    assert {row["account_id"] for row in told["revised_accounts"]} >= held


def test_the_report_of_the_night_counts_what_was_noticed(book: Book) -> None:
    store = Store(book.path)
    with store.reading({"report": store.head("night_report", night=THIRD)}) as tables:
        totals = dict(tables.select("select figure, amount from report.night_total order by all").iter_rows())
    assert totals["vendor file: revised close, told"] == 1
    assert totals["vendor file: action without a factor, told"] == 1
    assert totals["night before, revised: other outcomes"] > 0
    assert totals["night before, revised: value moved"] > 0


def test_a_night_on_a_vendors_file_is_verified_with_its_bytes(book: Book) -> None:
    checks = verify_night(store=Store(book.path), book=book, night=THIRD)
    assert is_verified(checks), checks
    label = f"feeds/{THIRD}/vendor_prices.csv"
    manifest = (book.published(THIRD) / "manifest.json").read_text(encoding="utf-8")
    assert label in manifest
    assert '"layout": "two_days"' in manifest


def test_a_stage_of_such_a_book_reads_only_what_it_declares(book: Book) -> None:
    store = Store(book.path)
    reads_the_night_before = {"vendor_prices": {"prices"}, "feed_report": {"prices", "corporate_actions"}}
    for stage in stages_of(book):
        version = store.head(stage.name, night=THIRD, shard="s000" if stage.by_shard else None)
        declared = {*stage.nightly, *stage.sharded, stage.name, *reads_the_night_before.get(stage.name, ())}
        declared |= {"trades"} if stage.reads_published_before else set()
        if stage.name == "feed_report":
            declared |= {"custodian_positions", "trades"}
        read = {name.split("/")[0] for name in version.inputs} - {"feeds", "static"}
        assert read <= declared, stage.name
        files = {Path(name).name.split(".")[0] for name in version.inputs if name.startswith(("feeds/", "static/"))}
        assert files <= set(stage.feeds), stage.name
    graph = dg.Definitions(assets=assets_of(book)).resolve_asset_graph()
    assert dg.AssetKey("vendor_prices") in graph.get(dg.AssetKey("prices")).parent_keys


def test_a_book_without_a_vendor_has_nothing_to_tell(tmp_path: Path) -> None:
    without = tiny_book(tmp_path / "book")
    with pytest.raises(SettingError, match="SET-017"):
        told_of_feeds(without, night=FIRST)
    assert not {"vendor_prices", "feed_report"} & {stage.name for stage in stages_of(without)}


def test_a_market_without_a_vendor_makes_no_such_book(tmp_path: Path) -> None:
    folder = write_market_folder(tmp_path / "market")
    for market, code in (("synthetic", "SET-016"), (str(folder), "FEED-063")):
        with pytest.raises(InputError, match=code):
            make_book(
                tmp_path / "book", market=market, accounts=4, shards=1, seed=3, first_night=FIRST, vendor="two_days"
            )
    assert not (tmp_path / "book").exists()


# The real files lie beside the checkout or nowhere; where they are not, there is nothing to test them with.
if DATA.exists():

    @pytest.mark.real
    def test_the_real_vendors_bad_ticks_of_june_2015_are_never_used(tmp_path: Path) -> None:
        path = tmp_path / "book"
        make_book(
            path,
            market=str(DATA),
            accounts=2,
            shards=1,
            seed=3,
            first_night=dt.date(2015, 6, 4),
            names=12,
            vendor="two_days",
            beside=frozenset({"VNO", "KIM", "REGN"}),
        )
        tally = ingest_nights(Book.open(path), first=dt.date(2015, 6, 4), nights=20)
        assert list(tally.waited) == ["2015-06-10"]
        frozen = {(row["night"], row["security_id"], row["distrust"]) for row in tally.judged if not row["trusted"]}
        assert frozen == {("2015-06-09", "REGN", "no volume"), ("2015-06-30", "VNO", "revised")}
        revised = [(row["night"], row["security_id"]) for row in tally.revised if row["kind"] == "revised"]
        assert revised == [
            ("2015-06-05", "KIM"),
            ("2015-06-08", "KIM"),
            ("2015-06-30", "VNO"),
            ("2015-07-01", "VNO"),
        ]
        wrong = [(row["night"], row["security_id"]) for row in tally.judged if row["wrong"] and row["trusted"]]
        assert {name for _, name in wrong} <= {"KIM"}

    @pytest.mark.real
    def test_what_the_real_vendor_delivered_is_passed_on_as_it_is() -> None:
        counts = {
            "2015-04-06": 0,
            "2015-11-17": 0,
            "2016-08-22": 228,
            "2016-09-01": 178,
            "2016-11-04": 440,
        }
        for night, closes in counts.items():
            day = dt.date.fromisoformat(night)
            assert vendor_rows(DATA, night=day).filter(date=day).height == closes, night
