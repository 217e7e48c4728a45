"""Files that people already have become the contract's, exactly or not at all."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assets.book import Book
from assets.feeds import validate_feeds
from ledger.errors import FeedError
from pipelines.adapt_broker import lots_of, positions_of
from pipelines.adapt_prices import night_of_prices, read_histories, returns_before
from pipelines.cli import app
from pipelines.foreign_table import Cell

NIGHT = dt.date(2015, 6, 1)
SECURITIES = pl.DataFrame({"security_id": ["S1", "S2", "S3"], "symbol": ["AAA", "BRK.B", "CCC"]})
SIDE_BY_SIDE = """\
Price,Adj Close,Adj Close,Close,Close,Dividends,Dividends,Stock Splits,Stock Splits
Ticker,AAA,BRK-B,AAA,BRK-B,AAA,BRK-B,AAA,BRK-B
Date,,,,,,,,
2015-05-29,9.8,70.0,10.0,70.0,0.0,0.0,0.0,0.0
2015-06-01,10.0,71.5,10.1,71.5,0.1,0.0,0.0,0.0
2015-06-02,10.2,72.0,10.2,72.0,0.0,0.0,0.0,1.5
2015-06-03,10.3,73.0,10.3,73.0,0.0,0.0,2.0,0.0
"""
LOTS = """\
"Lot details for account ...123 as of 06/01/2015"

Symbol,Open Date,Quantity,Cost/Share,Cost Basis,Gain/Loss $
AAA,01/15/2014,"1,000",$8.00,"$8,000.00","$2,100.00"
AAA,01/15/2014,10.5,8.10,,
BRK/B,2015-03-02,3,(0.00),$215.25,-1.2
ZZZ,2015-03-02,3,1,3,0
Cash & Cash Investments,,,,,
Total,,,,"$8,300.30",
"""
POSITIONS = """\
Account Number,Symbol,Quantity,Market Value
A1,AAA,"1,010.5","$10,206.05"
A1,AAA,1,10.10
A1,Cash,,"$1,234.56"
A2,BRK.B,3,214.50
A2,CASH,(50.25),
,Account Total,,"$11,000"
"""


def written(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_close_of_an_earlier_day_is_raw_again(tmp_path: Path) -> None:
    """AAA was split 2 for 1 two days later, BRK-B 3 for 2 on the next; the file is in the last day's shares."""
    adapted = night_of_prices(read_histories([written(tmp_path, SIDE_BY_SIDE)]), securities=SECURITIES, night=NIGHT)
    assert adapted.prices.rows() == [("S1", 20_200_000), ("S2", 107_250_000)]
    assert adapted.actions.rows() == [("dividend:S1:2015-06-01", "S1", "cash_dividend", NIGHT, None, 200_000)]
    assert adapted.missing == ("S3",)
    assert adapted.unknown_symbols == ()


def test_a_split_of_the_night_is_an_action_and_the_close_after_it(tmp_path: Path) -> None:
    histories = read_histories([written(tmp_path, SIDE_BY_SIDE)])
    adapted = night_of_prices(histories, securities=SECURITIES, night=dt.date(2015, 6, 2))
    assert adapted.prices.rows() == [("S1", 20_400_000), ("S2", 72_000_000)]
    assert adapted.actions.rows() == [("split:S2:2015-06-02", "S2", "split", dt.date(2015, 6, 2), "3/2", None)]


@pytest.mark.parametrize(
    ("told", "kind", "ratio"),
    [("7.0", "split", "7/1"), ("0.125", "split", "1/8"), ("1.333333", "split", "4/3"), ("1.05", "split", "21/20"),
     ("2.376", "unclassified", "297/125"), ("1.0123", "unclassified", "10123/10000")],
)  # fmt: skip
def test_a_factor_that_is_no_ratio_of_few_shares_is_unclassified(
    tmp_path: Path, told: str, kind: str, ratio: str
) -> None:
    text = f"Date,Close,Adj Close,Dividends,Stock Splits\n2015-06-01,10,10,0,{told}\n"
    histories = read_histories([written(tmp_path, text, "AAA.csv")])
    actions = night_of_prices(histories, securities=SECURITIES, night=NIGHT).actions
    assert actions.select("kind", "ratio").rows() == [(kind, ratio)]


def test_one_symbol_a_file_with_zoned_times_is_read(tmp_path: Path) -> None:
    text = (
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
        "2015-05-29 00:00:00-04:00,9,9,9,9.5,100,0.0,0.0\n2015-06-01 00:00:00-04:00,9,9,9,1.01e1,100,0.0,0.0\n"
    )
    path = written(tmp_path, text, "AAA.csv")
    adapted = night_of_prices(read_histories([path]), securities=SECURITIES, night=NIGHT)
    assert adapted.prices.rows() == [("S1", 10_100_000)]
    with pytest.raises(FeedError, match=r"ADAPT-006.*AAA.*Adj Close"):
        night_of_prices(read_histories([path]), securities=SECURITIES, night=dt.date(2015, 5, 29))


def test_returns_count_dividends_and_no_split_twice(tmp_path: Path) -> None:
    histories = read_histories([written(tmp_path, SIDE_BY_SIDE)])
    found = returns_before(histories, securities=SECURITIES, night=dt.date(2015, 6, 3))
    assert found["session"].to_list() == [NIGHT, NIGHT, dt.date(2015, 6, 2), dt.date(2015, 6, 2)]
    assert found["total_return"].to_list() == pytest.approx([0.02, 71.5 / 70 - 1, 10.2 / 10.1 - 1, 72 / 71.5 - 1])


def test_returns_of_closes_that_may_hold_the_dividends_already_are_refused(tmp_path: Path) -> None:
    text = "Date,Close,Dividends,Stock Splits\n2015-05-29,10,0,0\n2015-06-01,10,1,0\n"
    histories = read_histories([written(tmp_path, text, "AAA.csv")])
    with pytest.raises(FeedError, match="ADAPT-006"):
        returns_before(histories, securities=SECURITIES, night=dt.date(2015, 6, 2))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Date,Open\n2015-06-01,1\n", "ADAPT-002"),
        ("Date,Close\n2015-06-01,0\n", "ADAPT-003"),
        ("Date,Close\n2015-06-01,ten\n", "ADAPT-003"),
        ("Date,Close\nJune the first,10\n", "ADAPT-004"),
        ("Date,Close\n2015-06-01,10\n2015-06-01,11\n", "ADAPT-005"),
        ("Date,Close,Close\n2015-06-01,10,11\n", "ADAPT-002"),
        ("Date,Close,Stock Splits,Dividends\n2015-06-01,10,0,-1\n", "ADAPT-003"),
        ("Date,Close\n", "ADAPT-002"),
        ("Price,Close\nTicker,AAA\n", "ADAPT-002"),
        ("Price,Open\nTicker,AAA\nDate,\n2015-06-01,1\n", "ADAPT-002"),
        ("Price,Close,Close\nTicker,AAA,AAA\nDate,,\n2015-06-01,1,2\n", "ADAPT-002"),
        ("\xff\xfe", "ADAPT-002"),
    ],
)
def test_a_price_file_that_cannot_be_told_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(FeedError, match=code):
        read_histories([written(tmp_path, text, "AAA.csv")])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "AAA.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    for wrong in (path, tmp_path / "missing.csv", tmp_path):
        with pytest.raises(FeedError, match="ADAPT-001"):
            read_histories([wrong])


def test_a_symbol_of_two_securities_is_refused(tmp_path: Path) -> None:
    twice = pl.concat([SECURITIES, pl.DataFrame({"security_id": ["S9"], "symbol": ["brk b"]})])
    with pytest.raises(FeedError, match=r"ADAPT-007.*S2 and S9"):
        night_of_prices(read_histories([written(tmp_path, SIDE_BY_SIDE)]), securities=twice, night=NIGHT)


def test_a_brokers_lots_keep_their_shares_days_and_bases(tmp_path: Path) -> None:
    adapted = lots_of(written(tmp_path, LOTS), securities=SECURITIES, account="A1")
    rows = adapted.tables["opening_lots"].rows()
    day, later = dt.date(2014, 1, 15), dt.date(2015, 3, 2)
    assert rows == [
        ("A1", "S1-20140115-1", "S1", day, None, 1_000_000_000, 8_000_000_000),
        ("A1", "S1-20140115-2", "S1", day, None, 10_500_000, 85_050_000),
        ("A1", "S2-20150302-1", "S2", later, None, 3_000_000, 215_250_000),
    ]
    assert adapted.totals == 2
    assert adapted.unknown_symbols == ("ZZZ",)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("AAA,Various,1,1,1,0", "ADAPT-004"),
        ("AAA,01/15/2014,-1,1,1,0", "ADAPT-003"),
        ("AAA,01/15/2014,1,--,--,0", "ADAPT-003"),
        ("AAA,01/15/2014,1,1,($5.00),0", "ADAPT-003"),
        ("AAA,01/15/2014", "ADAPT-003"),
    ],
)
def test_a_lot_that_cannot_be_told_is_refused_with_its_row(tmp_path: Path, row: str, code: str) -> None:
    text = f"Symbol,Open Date,Quantity,Cost/Share,Cost Basis,Gain\n{row}\n"
    with pytest.raises(FeedError, match=f"{code}.*row 2"):
        lots_of(written(tmp_path, text), securities=SECURITIES, account="A1")


def test_lots_of_nobody_and_lots_named_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="ADAPT-008"):
        lots_of(written(tmp_path, LOTS), securities=SECURITIES, account=None)
    text = "Symbol,Open Date,Quantity,Cost Basis,Lot ID\nAAA,01/15/2014,1,1,L\nAAA,01/15/2014,1,1,L\n"
    with pytest.raises(FeedError, match=r"ADAPT-005.*'L'"):
        lots_of(written(tmp_path, text), securities=SECURITIES, account="A1")


def test_positions_are_summed_and_cash_may_be_overdrawn(tmp_path: Path) -> None:
    adapted = positions_of(written(tmp_path, POSITIONS), securities=SECURITIES, account=None)
    assert adapted.tables["positions"].rows() == [("A1", "S1", 1_011_500_000), ("A2", "S2", 3_000_000)]
    assert adapted.tables["cash"].rows() == [("A1", 1_234_560_000), ("A2", -50_250_000)]
    without = POSITIONS.replace("A2,CASH,(50.25),\n", "")
    with pytest.raises(FeedError, match=r"ADAPT-008.*A2"):
        positions_of(written(tmp_path, without), securities=SECURITIES, account=None)


@pytest.mark.parametrize(
    ("text", "expected"), [("1,234.5", 1234.5), ("$0.10", 0.1), ("(12)", -12), ("-3.", -3), (".5", 0.5)]
)
def test_numbers_are_read_as_people_write_them(text: str, expected: float) -> None:
    assert float(Cell(text, "here").number()) == expected


@pytest.mark.parametrize("text", ["1.2.3", "12%", "1e5000", "0x10", "1 of 2", "NaN", "inf", "--5"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(FeedError, match="ADAPT-003"):
        Cell(text, "here").number()


def test_a_night_runs_on_adapted_files(book_copy: Path, tmp_path: Path) -> None:
    """The feeds of a synthetic night, written as yfinance and a broker would, come back as they were."""
    book = Book.open(book_copy)
    night = book.settings.book.first_night
    feeds = book_copy / "feeds" / str(night)
    securities = pl.read_csv(book_copy / "static" / "securities.csv", infer_schema=False)
    prices = pl.read_csv(feeds / "prices.csv", infer_schema=False)
    named = prices.join(securities, on="security_id", maintain_order="left")
    symbols, closes = named["symbol"].to_list(), named["close_usd"].to_list()
    download = written(
        tmp_path,
        "\n".join([
            ",".join(["Price", *["Close"] * len(symbols)]),
            ",".join(["Ticker", *symbols]),
            f"Date{',' * len(symbols)}",
            ",".join([str(night), *closes]),
            "",
        ]),
        "download.csv",
    )  # fmt: skip
    positions = pl.read_csv(feeds / "positions.csv", infer_schema=False).join(
        securities.select("security_id", "symbol"), on="security_id"
    )
    cash = pl.read_csv(feeds / "cash.csv", infer_schema=False)
    lines = ["Account,Symbol,Quantity,Market Value"]
    lines += [f"{a},{s},{q}," for a, s, q in positions.select("account_id", "symbol", "shares").iter_rows()]
    lines += [f"{a},Cash,,{usd}" for a, usd in cash.select("account_id", "cash_usd").iter_rows()]
    broker = written(tmp_path, "\n".join(lines) + "\n", "positions.csv")
    target = tmp_path / "feeds"
    options = ["--securities", str(book_copy / "static" / "securities.csv"), "--to", str(target), "--json"]
    one = CliRunner().invoke(app, ["adapt", "yfinance", str(download), "--night", str(night), *options])
    assert one.exit_code == 0, one.output
    assert json.loads(one.stdout)["rows"] == {"prices": prices.height}
    other = CliRunner().invoke(app, ["adapt", "broker-positions", str(broker), *options])
    assert other.exit_code == 0, other.output
    for name, key in (("prices", "close_usd"), ("positions", "shares"), ("cash", "cash_usd")):
        again = pl.read_csv(target / f"{name}.csv", infer_schema=False)
        before = pl.read_csv(feeds / f"{name}.csv", infer_schema=False).select(again.columns)
        exact = pl.col(key).cast(pl.Decimal(18, 6))
        assert again.with_columns(exact).sort(again.columns).equals(before.with_columns(exact).sort(again.columns))
        (feeds / f"{name}.csv").write_bytes((target / f"{name}.csv").read_bytes())
    assert validate_feeds(book=book, night=night) == {}
    once_more = CliRunner().invoke(app, ["adapt", "broker-positions", str(broker), *options])
    assert once_more.exit_code == 2
    assert "ADAPT-009" in once_more.output
