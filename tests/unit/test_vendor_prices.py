"""A vendor's files, late, partial, corrected, broken: what is believed, what freezes a name, what is only told."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from assets.feeds import validate_feeds
from assets.sessions import session_after, session_before
from ledger.errors import FeedError
from tests.feed_cases import FIRST_NIGHT, put
from tests.vendor_cases import CLOSES, HEADER, VendorBook, lines, row

SECOND = session_after(FIRST_NIGHT)


@pytest.fixture
def vendor(tmp_path: Path) -> VendorBook:
    return VendorBook(tmp_path / "book")


def told(closes: dict[str, str], earlier: dict[str, str] | None = None, *, night: dt.date = SECOND) -> list[str]:
    return lines(night, {**CLOSES, **closes}, {**CLOSES, **(earlier or {})})


def test_a_whole_file_is_believed_and_nothing_is_noticed(vendor: VendorBook) -> None:
    vendor.night({"AAA": "101"})
    assert vendor.price("AAA")["total_return"] == pytest.approx(0.01)
    assert vendor.price("CCC")["close_microusd"] == 10_000_001
    assert vendor.findings() == {}
    assert vendor.table("left_out_row").is_empty()
    assert vendor.table("revised_close").is_empty()


def test_the_file_that_was_read_is_kept_as_it_came(vendor: VendorBook) -> None:
    label = f"feeds/{FIRST_NIGHT}/vendor_prices.csv"
    for asset in ("vendor_prices", "corporate_actions"):
        version = vendor.store.head(asset, night=FIRST_NIGHT)
        assert (label in version.inputs) == (asset == "vendor_prices")
    digest = vendor.store.head("vendor_prices", night=FIRST_NIGHT).inputs[label]
    kept = vendor.book.path / "store" / "files" / f"{digest}.csv"
    assert kept.read_bytes() == (vendor.book.path / label).read_bytes()


@pytest.mark.parametrize("form", [".csv", ".csv.gz", ".parquet"])
def test_every_form_and_order_of_the_rows_says_the_same(tmp_path: Path, form: str) -> None:
    digests = set()
    for shuffled in (False, True):
        vendor = VendorBook(tmp_path / f"book{shuffled}")
        night = vendor.deliver({"AAA": "101", "CC": "10.5"})
        rows = told({"AAA": "101", "CC": "10.5"})
        put(vendor.book, "vendor_prices", HEADER + "".join(rows[::-1] if shuffled else rows), night=night, form=form)
        vendor.run(night)
        digests.add(vendor.store.head("prices", night=night).digest)
    assert len(digests) == 1


def test_a_row_that_cannot_be_read_is_left_out_and_its_name_frozen(vendor: VendorBook) -> None:
    rows = told({"AAA": "", "DD": "7.1"})
    vendor.night({"AAA": "", "DD": "7.1"}, text=HEADER + "".join([*rows[:2], HEADER, f"AAA,{SECOND},0\n", *rows[2:]]))
    assert vendor.table("left_out_row").select("line", "found").rows() == [(4, "'symbol'"), (5, "3 cells")]
    assert (vendor.price("DDD")["close_microusd"], vendor.price("AAA")["distrust"]) == (7_100_000, "no price")
    assert vendor.findings() == {("missing name", "AAA"): "frozen"}


def test_rows_that_come_again_word_for_word_count_once(vendor: VendorBook) -> None:
    rows = told({"AAA": "101"})
    vendor.night({"AAA": "101"}, text=HEADER + "".join([*rows, *rows[:3]]))
    assert vendor.findings() == {("repeated rows", "file"): "told"}
    assert vendor.price("AAA")["trusted"]


def test_rows_that_contradict_each_other_freeze_the_name(vendor: VendorBook) -> None:
    rows = told({"AAA": "101"})
    vendor.night({"AAA": "101"}, text=HEADER + "".join([*rows, row("AAA", SECOND, "99")]))
    price = vendor.price("AAA")
    assert (price["close_microusd"], price["reported_microusd"]) == (100_000_000, None)
    assert price["distrust"] == "contradicting rows"
    assert vendor.findings() == {("contradicting rows", "AAA"): "frozen"}
    assert vendor.price("BBB")["trusted"]


def test_a_close_without_a_trade_freezes_the_name_for_the_night(vendor: VendorBook) -> None:
    rows = [line for line in told({}) if not line.startswith(f"AAA,{SECOND}")]
    vendor.night(text=HEADER + "".join([*rows, row("AAA", SECOND, "101", volume="0")]))
    assert vendor.price("AAA")["distrust"] == "no volume"
    vendor.night({"AAA": "102"})
    assert vendor.price("AAA")["trusted"]


def test_a_symbol_is_read_as_of_the_night(tmp_path: Path) -> None:
    # AAA gives its symbol to BBB after the first night; both rows of the second file are then those of BBB.
    vendor = VendorBook(tmp_path / "book")
    symbols = (
        "symbol,security_id,from_date,to_date\n"
        f"AAA,AAA,,{FIRST_NIGHT}\nOLD,AAA,{SECOND},\nAAA,BBB,{SECOND},\nBB,BBB,,{FIRST_NIGHT}\nCC,CCC,,\nDD,DDD,,\n"
    )
    put(vendor.book, "vendor_symbols", symbols)
    closes = {"OLD": "101", "AAA": "50.5", "CC": "10", "DD": "7"}
    text = HEADER + "".join(lines(SECOND, closes, {"OLD": "100", "AAA": "50.25", "CC": "10", "DD": "7"}))
    vendor.night(text=text)
    assert vendor.price("AAA")["total_return"] == pytest.approx(0.01)
    assert vendor.price("BBB")["close_microusd"] == 50_500_000
    assert vendor.table("revised_close").is_empty()


def test_a_symbol_of_two_securities_on_one_night_is_refused(vendor: VendorBook) -> None:
    put(vendor.book, "vendor_symbols", "symbol,security_id,from_date,to_date\nAAA,AAA,,\nAAA,BBB,2015-06-02,\n")
    night = vendor.deliver()
    with pytest.raises(FeedError, match=r"FEED-070 static/vendor_symbols\.csv row 2"):
        validate_feeds(book=vendor.book, night=night)


def test_symbols_that_are_nobodys_are_left_out_and_counted(vendor: VendorBook) -> None:
    vendor.night(text=HEADER + "".join([*told({}), row("ZZZ", SECOND, "5"), row("YYY", SECOND, "5")]))
    found = vendor.table("finding").row(0, named=True)
    assert (found["kind"], found["found"]) == ("unknown symbol", "2 symbols, the first ZZZ at line 10")


# Partial and late files.


def test_a_partial_file_freezes_what_is_missing_and_the_night_goes_on(tmp_path: Path) -> None:
    vendor = VendorBook(tmp_path / "book", settings="complete_share_min = 0.9\n")
    vendor.night({"AAA": "", "BB": "50.5"})
    assert vendor.findings() == {("partial file", "file"): "frozen", ("missing name", "AAA"): "frozen"}
    assert (vendor.price("AAA")["distrust"], vendor.price("BBB")["trusted"]) == ("no price", True)


def test_a_file_with_too_few_closes_is_refused_and_the_night_waits(vendor: VendorBook) -> None:
    night = vendor.deliver({"AAA": "", "BB": ""})
    with pytest.raises(FeedError) as caught:
        validate_feeds(book=vendor.book, night=night)
    assert caught.value.code == "FEED-071"
    assert caught.value.found == "closes of the night for 1 of 3 names in a benchmark or owned"
    assert caught.value.expected == "at least 50%"


@pytest.mark.parametrize("text", [HEADER, HEADER + "".join(told(dict.fromkeys(CLOSES, "")))])
def test_at_a_threshold_of_zero_a_night_without_closes_goes_out_frozen(tmp_path: Path, text: str) -> None:
    vendor = VendorBook(tmp_path / "book", settings="usable_share_min = 0.0\n")
    vendor.night(text=text)
    assert vendor.table("price", asset="prices")["distrust"].to_list() == ["no price"] * 4
    vendor.night({"AAA": "101"})
    assert vendor.price("AAA")["trusted"]
    late = vendor.table("revised_close").filter(pl.col("security_id") == "AAA").row(0, named=True)
    assert (late["kind"], late["first_microusd"], late["was_trusted"]) == ("late", None, False)


def test_a_file_that_cannot_be_read_as_a_whole_is_refused(vendor: VendorBook) -> None:
    night = vendor.deliver()
    text = HEADER + "".join(told({}))
    folder = vendor.book.feeds(night)
    table = pl.read_parquet(put(vendor.book, "vendor_prices", text, night=night, form=".parquet"))

    def code_of(name: str, content: bytes | None) -> str:
        for path in folder.glob("vendor_prices*"):
            path.unlink()
        if content is not None:
            (folder / name).write_bytes(content)
        with pytest.raises(FeedError) as caught:
            validate_feeds(book=vendor.book, night=night)
        assert caught.value.where.startswith(f"feeds/{night}/{name}")
        return caught.value.code

    assert code_of("vendor_prices.csv", b"") == "FEED-008"
    assert code_of("vendor_prices.csv", b"symbol,date,close\nAAA,2015-06-02,1\n") == "FEED-011"
    assert code_of("vendor_prices.csv", HEADER.replace("volume", "turnover").encode()) == "FEED-010"
    assert code_of("vendor_prices.csv", HEADER.encode() + b"AAA,\xff\n") == "FEED-006"
    assert code_of("vendor_prices.csv.gz", gzip.compress(text.encode())[:-20]) == "FEED-004"
    assert code_of("vendor_prices.parquet", b"PAR1") == "FEED-004"
    lacking = io.BytesIO()
    table.drop("adj_close").write_parquet(lacking)
    assert code_of("vendor_prices.parquet", lacking.getvalue()) == "FEED-011"
    assert code_of("vendor_prices.csv", None) == "FEED-002"


def test_a_book_of_the_contracts_own_files_knows_no_vendor_file(tmp_path: Path) -> None:
    vendor = VendorBook(tmp_path / "book")
    (vendor.book.path / "static" / "vendor_symbols.csv").write_text("symbol,security_id\n", encoding="utf-8")
    night = vendor.deliver()
    file = vendor.book.path / "book.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"two_days"', '"none"'), encoding="utf-8")
    with pytest.raises(FeedError, match="FEED-009"):
        validate_feeds(book=type(vendor.book).open(vendor.book.path), night=night)


# What the second day and the adjusted close of a file tell.


def test_a_revised_close_is_told_and_the_return_across_it_is_not(vendor: VendorBook) -> None:
    vendor.night({"AAA": "102"}, earlier={"AAA": "101"})
    [revised] = vendor.table("revised_close").to_dicts()
    assert (revised["kind"], revised["first_microusd"], revised["second_microusd"]) == (
        "revised",
        100_000_000,
        101_000_000,
    )
    assert revised["session"] == FIRST_NIGHT
    price = vendor.price("AAA")
    assert (price["trusted"], price["total_return"]) == (True, None)


def test_a_close_that_differs_in_its_last_digit_is_not_revised(vendor: VendorBook) -> None:
    vendor.night(earlier={"AAA": "100.000001"})
    assert vendor.table("revised_close").is_empty()


def test_a_vendor_that_changes_to_another_instrument_is_never_confirmed_by_itself(vendor: VendorBook) -> None:
    # NEE in November 2016: tonight's file tells the session before another close too, and stays there.
    vendor.night({"AAA": "35"}, earlier={"AAA": "36"})
    assert vendor.findings()["revised beyond belief", "AAA"] == "frozen"
    for close in ("35", "", "35.5", "35.6"):
        assert vendor.price("AAA")["distrust"] == "revised"
        vendor.night({"AAA": close})
    assert vendor.price("AAA")["close_microusd"] == 100_000_000
    vendor.night({"AAA": "104"}, earlier={"AAA": "103"})
    assert (vendor.price("AAA")["trusted"], vendor.price("AAA")["close_microusd"]) == (True, 104_000_000)


def test_a_bad_tick_that_the_next_file_revises_is_over(vendor: VendorBook) -> None:
    # VNO on 2015-06-30, as its own file had it.
    vendor.night({"AAA": "25"})
    assert vendor.price("AAA")["distrust"] == "jump"
    vendor.night({"AAA": "101"}, earlier={"AAA": "99"})
    assert vendor.price("AAA")["trusted"]
    [revised] = vendor.table("revised_close").to_dicts()
    assert (revised["used_microusd"], revised["first_microusd"], revised["was_trusted"]) == (
        100_000_000,
        25_000_000,
        False,
    )


def test_a_jump_too_large_for_news_is_believed_only_when_the_operator_says_so(vendor: VendorBook) -> None:
    for _ in range(3):
        vendor.night({"AAA": "20"})
        assert vendor.price("AAA")["distrust"] == "jump"
    night = vendor.deliver({"AAA": "20"})
    put(vendor.book, "price_confirmations", f"security_id,session,reason\nAAA,{night},a bankruptcy\n")
    vendor.run(night)
    assert (vendor.price("AAA")["close_microusd"], vendor.price("AAA")["trusted"]) == (20_000_000, True)
    assert vendor.price("AAA")["total_return"] is None


def test_a_factor_that_the_actions_explain_is_not_noticed(vendor: VendorBook) -> None:
    vendor.night(
        {"AAA": "49.5"},
        adjusted={"AAA": "49.5"},
        actions="S1,AAA,split,NIGHT,2,,,,,\nD1,AAA,cash_dividend,NIGHT,,0.5,,,,\n",
    )
    assert vendor.findings() == {}
    assert vendor.price("AAA")["total_return"] == pytest.approx(0.0)


def test_a_factor_like_a_split_freezes_the_name_until_an_action_explains_it(vendor: VendorBook) -> None:
    vendor.night({"AAA": "50"}, adjusted={"AAA": "50"})
    suspected = vendor.last
    assert vendor.findings() == {("suspected action", "AAA"): "frozen"}
    vendor.night({"AAA": "50.5"})
    price = vendor.price("AAA")
    assert (price["distrust"], price["close_microusd"]) == ("suspected action", 100_000_000)
    vendor.night({"AAA": "51"}, actions=f"S1,AAA,split,{suspected},2,,,,,\n")
    assert vendor.findings() == {("suspicion settled", "AAA"): "believed"}
    assert (vendor.price("AAA")["trusted"], vendor.price("AAA")["close_microusd"]) == (True, 51_000_000)
    assert vendor.table("open_suspicion").is_empty()


def test_a_vendor_that_is_a_day_early_with_a_split_freezes_the_name_for_that_day_only(vendor: VendorBook) -> None:
    # NFLX on 2015-07-14 and 07-15.
    vendor.night({"AAA": "101"}, adjusted={"AAA": "50"})
    assert vendor.price("AAA")["distrust"] == "suspected action"
    vendor.night({"AAA": "50.6"}, adjusted={"AAA": "50.5"}, actions="S1,AAA,split,NIGHT,2,,,,,\n")
    assert vendor.findings() == {("suspicion settled", "AAA"): "believed"}
    assert (vendor.price("AAA")["trusted"], vendor.price("AAA")["close_microusd"]) == (True, 50_600_000)


def test_a_stock_dividend_of_a_twentieth_that_nobody_told_freezes_its_name(vendor: VendorBook) -> None:
    vendor.night({"AAA": "95.3"}, adjusted={"AAA": "95.238095"})
    assert vendor.price("AAA")["distrust"] == "suspected action"


def test_the_operator_can_say_that_a_factor_is_wrong(vendor: VendorBook) -> None:
    vendor.night(adjusted={"AAA": "64"})
    night = vendor.deliver({"AAA": "101"})
    put(vendor.book, "price_confirmations", f"security_id,session,reason\nAAA,{night},no action\n")
    vendor.run(night)
    assert vendor.price("AAA")["trusted"]
    vendor.night({"AAA": "102"})
    assert vendor.price("AAA")["total_return"] == pytest.approx(102 / 101 - 1)


def test_a_dividend_that_only_one_side_tells_is_told_and_trades_go_on(vendor: VendorBook) -> None:
    vendor.night({"AAA": "99"}, adjusted={"AAA": "99"}, actions="D1,BBB,cash_dividend,NIGHT,,1,,,,\n")
    assert vendor.findings() == {
        ("dividend without an action", "AAA"): "told",
        ("action without a factor", "BBB"): "told",
    }
    assert vendor.price("AAA")["trusted"]
    vendor.night(adjusted={"AAA": "97"}, actions="D2,AAA,cash_dividend,NIGHT,,1,,,,\n")
    assert vendor.findings() == {("factor differs from the action", "AAA"): "told"}


def test_an_action_without_terms_freezes_by_itself_and_its_factor_is_no_second_reason(vendor: VendorBook) -> None:
    vendor.night({"AAA": "60"}, adjusted={"AAA": "60"}, actions="U1,AAA,unclassified,NIGHT,,,,,,\n")
    assert vendor.findings() == {}
    assert vendor.table("frozen_security", asset="corporate_actions")["security_id"].to_list() == ["AAA"]


def test_a_name_whose_first_close_is_doubted_has_no_price_yet(tmp_path: Path) -> None:
    vendor = VendorBook(tmp_path / "book", first={"DD": ""})
    rows = told({"DD": "7"}, {"DD": ""})
    vendor.night(text=HEADER + "".join([*rows, row("DD", SECOND, "8")]))
    assert "DDD" not in vendor.table("price", asset="prices")["security_id"].to_list()
    assert session_before(vendor.last) == FIRST_NIGHT


@pytest.mark.parametrize(("most", "told_as"), [(1, ""), (0, ", stale for 1 sessions")])
def test_a_name_without_a_believed_close_for_too_long_is_called_stale(
    vendor: VendorBook, most: int, told_as: str
) -> None:
    vendor.night({"AAA": ""})
    heads = {"actions": "corporate_actions", "prices": "prices"}
    versions = {alias: vendor.store.head(asset, night=vendor.last) for alias, asset in heads.items()}
    with vendor.store.reading(versions) as tables:
        tables.execute("create schema positions")
        tables.execute("create table positions.position as select 'AAA' as security_id")
        tables.execute("create schema trades")
        tables.execute("create table trades.switch (scope varchar, target varchar, ruling_id varchar, reason varchar)")
        tables.run("schema/night_report/frozen_name")
        tables.run("night_report/frozen_name", stale_sessions_max=most)
        reasons = tables.select("select reason from frozen_name")["reason"].to_list()
    assert reasons == [f"no trustworthy price: no price{told_as}"]
