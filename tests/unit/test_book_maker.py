from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.book import Book, BookSettings
from assets.feeds import validate_feeds
from assets.sessions import is_session
from ledger.errors import InputError
from pipelines import book_maker
from pipelines.book_maker import BookSummary, make_book
from pipelines.book_toml import book_toml
from pipelines.feed_tables import as_text, as_written, micro, read_table
from tests.market_cases import MONTH_END, SESSIONS, SPIN_DAY, write_market_folder

FIRST = dt.date(2026, 9, 1)
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "development"


def a_book(path: Path, **other: object) -> BookSummary:
    chosen: dict[str, Any] = {
        "market": "synthetic",
        "accounts": 60,
        "shards": 3,
        "seed": 5,
        "first_night": FIRST,
        "names": 40,
        "factors": 5,
    }
    chosen.update(other)
    return make_book(path, **chosen)


def digests(path: Path) -> dict[str, str]:
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def static(book: Path, name: str) -> pl.DataFrame:
    return read_table(folder=book / "static", name=name)


def lots_of(book: Path) -> pl.DataFrame:
    return static(book, "opening_lots").with_columns(
        micro("shares", alias="micro_shares"),
        micro("basis_usd", alias="basis_microusd"),
        pl.col("acquired_date", "holding_start_date").cast(pl.String).str.to_date(),
    )


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "book"
    a_book(path)
    return path


def test_the_same_arguments_make_the_same_bytes(book: Path, tmp_path: Path) -> None:
    a_book(tmp_path / "book")
    assert digests(tmp_path / "book") == digests(book)


def test_another_seed_makes_other_accounts(book: Path, tmp_path: Path) -> None:
    a_book(tmp_path / "book", seed=6)
    assert digests(tmp_path / "book")["static/accounts.csv"] != digests(book)["static/accounts.csv"]


def test_every_feed_meets_its_contract(book: Path) -> None:
    validate_feeds(book=Book.open(book), night=FIRST)


def test_positions_and_cash_of_the_first_night_are_the_opening_lots_and_cash(book: Path) -> None:
    held = lots_of(book).group_by("account_id", "security_id").agg(pl.col("micro_shares").sum())
    feed = read_table(folder=book / "feeds" / FIRST.isoformat(), name="positions").select(
        "account_id", "security_id", micro("shares", alias="micro_shares")
    )
    key = ["account_id", "security_id"]
    assert held.sort(key).equals(feed.sort(key))
    assert static(book, "opening_cash").equals(read_table(folder=book / "feeds" / FIRST.isoformat(), name="cash"))


def test_the_first_night_has_no_activity_and_no_actions(book: Path) -> None:
    for name in ("activity", "corporate_actions"):
        assert read_table(folder=book / "feeds" / FIRST.isoformat(), name=name).is_empty()


def test_lots_are_whole_share_steps_with_a_basis_bought_on_sessions_until_the_first_night(book: Path) -> None:
    lots = lots_of(book).join(
        static(book, "accounts").select("account_id", micro("share_step", alias="step")), on="account_id"
    )
    assert (lots["micro_shares"] % lots["step"] == 0).all()
    assert (lots["micro_shares"] > 0).all()
    assert (lots["basis_microusd"] > 0).all()
    assert all(is_session(day) for day in lots["acquired_date"].unique())
    assert lots["acquired_date"].max() <= FIRST  # type: ignore[operator]
    assert lots["holding_start_date"].equals(lots["acquired_date"].alias("holding_start_date"))


def test_a_holding_has_one_to_six_lots_and_some_are_recent_enough_to_wash_a_loss(book: Path) -> None:
    lots = lots_of(book)
    counts = lots.group_by("account_id", "security_id").len()["len"]
    assert counts.min() == 1
    assert counts.max() == 6
    recent = lots.filter(pl.col("acquired_date") > FIRST - dt.timedelta(days=30))
    assert 0.0 < recent.height / lots.height < 0.25


def test_there_are_gains_and_losses_to_realise(book: Path) -> None:
    prices = read_table(folder=book / "feeds" / FIRST.isoformat(), name="prices")
    close = prices.select("security_id", close=pl.col("close_usd").cast(pl.Float64))
    lots = lots_of(book).join(close, on="security_id")
    loses = lots["micro_shares"] * lots["close"] < lots["basis_microusd"]
    assert 0.1 < loses.mean() < 0.6  # type: ignore[operator]


def test_holdings_are_near_the_benchmark(book: Path) -> None:
    night = book / "feeds" / FIRST.isoformat()
    real = pl.Float64
    prices = read_table(folder=night, name="prices").select("security_id", close=pl.col("close_usd").cast(real))
    value = (
        read_table(folder=night, name="positions")
        .join(prices, on="security_id")
        .select("account_id", "security_id", usd=pl.col("shares").cast(real) * pl.col("close"))
        .with_columns(held=pl.col("usd") / pl.col("usd").sum().over("account_id"))
    )
    aim = (
        static(book, "accounts")
        .select("account_id", "benchmark_id")
        .join(read_table(folder=night, name="benchmark").with_columns(pl.col("weight").cast(real)), on="benchmark_id")
    )
    active = value.join(aim, on=["account_id", "security_id"], how="full", coalesce=True).select(
        "account_id", away=(pl.col("held").fill_null(0.0) - pl.col("weight").fill_null(0.0)).abs()
    )
    share = active.group_by("account_id").agg(pl.col("away").sum() / 2)["away"]
    assert 0.01 < share.median() < 0.2  # type: ignore[operator]


def test_households_are_of_one_to_four_and_iras_pay_no_tax(book: Path) -> None:
    accounts = static(book, "accounts")
    sizes = accounts.group_by("household_id").len()["len"]
    assert sizes.min() == 1
    assert sizes.max() <= 4  # type: ignore[operator]
    deferred = accounts.filter(pl.col("registration").is_in(["ira", "roth"]))
    assert set(deferred["short_rate"]) == set(deferred["long_loss_rate"]) == {"0.0"}
    taxed = accounts.filter(pl.col("registration").is_in(["taxable", "trust"]))
    assert (taxed["long_rate"].cast(pl.Float64) > 0.0).all()


def test_an_account_that_excludes_a_sector_has_no_sector_band_to_break(book: Path) -> None:
    sectors = static(book, "restrictions").filter(pl.col("kind") == "exclude", pl.col("on") == "sector")
    excluding = static(book, "accounts").filter(pl.col("account_id").is_in(sectors["account_id"].to_list()))
    assert excluding.height > 0
    assert excluding["sector_band"].null_count() == excluding.height


def test_large_tables_are_parquet_with_the_same_rows(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_maker, "TEXT_ROWS_MAX", 0)
    a_book(tmp_path / "book")
    assert (tmp_path / "book" / "static" / "opening_lots.parquet").exists()
    columns = ["account_id", "lot_id", "security_id", "acquired_date", "micro_shares", "basis_microusd"]
    assert lots_of(tmp_path / "book").select(columns).equals(lots_of(book).select(columns))
    validate_feeds(book=Book.open(tmp_path / "book"), night=FIRST)


def test_a_book_begins_with_the_operators_terms_only_when_asked(book: Path, tmp_path: Path) -> None:
    assert not list((book / "static").glob("reorganisations*"))
    terms = tmp_path / "terms.csv"
    header = "ex_date,security_id,kind,new_symbol,ratio,cash,note,price_check,source"
    terms.write_text(f"{header}\n2026-09-01,S1,acquired_cash,,,12,,,\n", encoding="utf-8")
    a_book(tmp_path / "asked", terms=terms)
    assert (tmp_path / "asked" / "static" / "reorganisations.csv").read_bytes() == terms.read_bytes()


@pytest.mark.parametrize("text", ["ex_date\n", None])
def test_terms_that_cannot_be_read_are_refused_and_nothing_is_written(text: str | None, tmp_path: Path) -> None:
    terms = tmp_path / "terms.csv"
    if text:
        terms.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="FEED-011" if text else "SET-015"):
        a_book(tmp_path / "book", terms=terms)
    assert not (tmp_path / "book").exists()


def test_one_account_makes_a_book(tmp_path: Path) -> None:
    assert a_book(tmp_path / "book", accounts=1, shards=1).accounts == 1
    validate_feeds(book=Book.open(tmp_path / "book"), night=FIRST)


def test_the_summary_counts_what_was_written(tmp_path: Path) -> None:
    summary = a_book(tmp_path / "book", names=12)
    assert summary.lots == lots_of(tmp_path / "book").height
    assert summary.accounts == static(tmp_path / "book", "accounts").height
    assert summary.households == static(tmp_path / "book", "accounts")["household_id"].n_unique()
    assert summary.securities == 12


def test_settings_read_back_and_every_key_is_explained(book: Path) -> None:
    text = (book / "book.toml").read_text(encoding="utf-8")
    settings = BookSettings.model_validate(tomllib.loads(text))
    assert settings == Book.open(book).settings
    assert book_toml(settings) == text
    lines = text.splitlines()
    keys = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert len(keys) > 20
    assert all(lines[number - 1].startswith("# ") for number in keys)


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 0},
        {"shards": 0},
        {"shards": 100},
        {"seed": -1},
        {"names": 11},
        {"names": 5001},
        {"factors": 0},
        {"first_night": dt.date(2026, 9, 5)},
        {"first_night": dt.date(1989, 9, 1)},
        {"market": "no/such/folder"},
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_and_nothing_is_written(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        a_book(tmp_path / "book", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="SET-012"):
        a_book(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_becomes_the_book(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    a_book(tmp_path / "book")
    assert (tmp_path / "book" / "book.toml").exists()


def test_a_book_that_breaks_while_it_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(book_maker, "expected_flows", breaks)
    with pytest.raises(OSError, match="disk"):
        a_book(tmp_path / "book")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_prices_makes_a_book_whose_lots_stay_after_an_action_without_terms(tmp_path: Path) -> None:
    folder = write_market_folder(tmp_path / "prices")
    a_book(tmp_path / "book", market=str(folder), first_night=MONTH_END, names=None)
    validate_feeds(book=Book.open(tmp_path / "book"), night=MONTH_END)
    lots = lots_of(tmp_path / "book")
    assert lots.filter(pl.col("security_id") == "SPINS")["acquired_date"].min() > SPIN_DAY  # type: ignore[operator]
    split = lots.filter(pl.col("security_id") == "SPLITS")
    per_share = split["basis_microusd"] / split["micro_shares"]
    assert split["acquired_date"].min() < dt.date(2015, 5, 1)  # type: ignore[operator]
    assert per_share.min() > 45.0  # type: ignore[operator]
    assert per_share.max() < 60.0  # type: ignore[operator]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_night": SESSIONS[40]},
        {"first_night": dt.date(2015, 7, 1)},
        {"names": 15},
    ],
    ids=["too little history", "outside the files", "more names than there are"],
)
def test_a_folder_that_cannot_carry_the_book_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    folder = write_market_folder(tmp_path / "prices")
    with pytest.raises(InputError):
        a_book(tmp_path / "book", **({"market": str(folder), "first_night": MONTH_END, "names": None} | wrong))
    assert [path.name for path in tmp_path.iterdir()] == ["prices"]


def test_exact_amounts_survive_the_file() -> None:
    frame = pl.DataFrame({"micro_shares": [1, 12_500_000, 10**15, 0], "cash_microusd": [-1, 100_000_000, 7, 0]})
    written = as_text(as_written(frame))
    assert written["shares"].to_list() == ["0.000001", "12.5", "1000000000", "0"]
    assert written["cash_usd"].to_list() == ["-0.000001", "100", "0.000007", "0"]
    assert written.select(micro("shares", alias="micro_shares"), micro("cash_usd", alias="cash_microusd")).equals(frame)


# The real prices lie beside the checkout or nowhere; where they are not, there is nothing to test them with.
if DATA.exists():

    @pytest.mark.real
    def test_a_book_of_real_prices_meets_the_contract(tmp_path: Path) -> None:
        first = dt.date(2015, 6, 1)
        summary = a_book(tmp_path / "book", market=str(DATA), accounts=20, first_night=first, names=None, factors=None)
        assert summary.securities == 684
        validate_feeds(book=Book.open(tmp_path / "book"), night=first)
        returns = pl.read_parquet(tmp_path / "book" / "static" / "return_history.parquet")
        assert returns["session"].n_unique() == 504
        assert returns["total_return"].abs().max() < 0.6  # type: ignore[operator]
