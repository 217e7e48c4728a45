"""Tonight's market: which prices are believed, which actions are understood, and what the risk model is made from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.action_tables import write_corporate_actions
from assets.book import Book
from assets.market_tables import (
    write_benchmark_weights,
    write_prices,
    write_risk_model,
)
from assets.sessions import session_after, session_before
from assets.store import Store, Version
from ledger.errors import FeedError, NightOrderError
from tests.feed_cases import ACTIONS_HEADER, FIRST_NIGHT, SETTINGS, TINY, put, put_night, return_history, tiny_book

SECOND = session_after(FIRST_NIGHT)
CLOSES = {"AAA": "100", "BBB": "50.25", "CCC": "10.000001", "DDD": "7"}


class Market:
    """A tiny book that runs one night after the other."""

    def __init__(self, folder: Path, *, first: dict[str, str] | None = None, settings: str = SETTINGS) -> None:
        self.book = tiny_book(folder, settings=settings)
        self.store = Store(self.book.path)
        self.last = FIRST_NIGHT
        put_night(self.book, night=FIRST_NIGHT, prices=first or CLOSES)
        self._run()

    def night(
        self, prices: dict[str, str] | None = None, *, actions: str = "", header: str = ACTIONS_HEADER
    ) -> dt.date:
        """Run the session after the last with closes that differ from the usual by ``prices``; blank: none."""
        self.last = session_after(self.last)
        closes = {name: close for name, close in {**CLOSES, **(prices or {})}.items() if close}
        put_night(
            self.book, night=self.last, prices=closes, actions=actions.replace("NIGHT", str(self.last)), header=header
        )
        self._run()
        return self.last

    def price(self, security: str) -> dict[str, object]:
        """Return tonight's price of one security."""
        return row_of(self.store, "prices", "price", night=self.last, security=security)

    def frozen(self) -> dict[str, str]:
        """Return tonight's frozen names with the action that froze each."""
        rows = table(self.store, "corporate_actions", "frozen_security", night=self.last)
        return dict(rows.select("security_id", "action_id").rows())

    def actions(self) -> dict[str, str | None]:
        """Return tonight's actions, each with why it is not understood."""
        rows = table(self.store, "corporate_actions", "action", night=self.last)
        return dict(rows.select("action_id", "why_not").rows())

    def _run(self) -> None:
        for write in (write_corporate_actions, write_prices):
            write(store=self.store, book=self.book, night=self.last)


def table(store: Store, asset: str, name: str, *, night: dt.date) -> pl.DataFrame:
    """Return one table of a partition in canonical order."""
    with store.reading({"partition": store.head(asset, night=night)}) as tables:
        return tables.select(f"from partition.{name} order by all")


def row_of(store: Store, asset: str, name: str, *, night: dt.date, security: str) -> dict[str, object]:
    """Return the one row of a security."""
    rows = table(store, asset, name, night=night).filter(pl.col("security_id") == security)
    assert rows.height == 1
    return rows.row(0, named=True)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path / "book")


def test_first_prices_are_believed_without_a_return(market: Market) -> None:
    assert market.price("CCC") == {
        "security_id": "CCC",
        "close_microusd": 10_000_001,
        "reported_microusd": 10_000_001,
        "trusted": True,
        "distrust": None,
        "sessions_stale": 0,
        "total_return": None,
    }


def test_an_ordinary_move_is_believed_and_gives_a_return(market: Market) -> None:
    market.night({"AAA": "103"})
    assert market.price("AAA")["trusted"]
    assert market.price("AAA")["total_return"] == pytest.approx(0.03)


def test_one_bad_tick_is_never_used_and_the_recovery_is_believed(tmp_path: Path) -> None:
    # VNO on 2015-06-29, 06-30 and 07-01.
    market = Market(tmp_path / "book", first={"AAA": "94.89"})
    market.night({"AAA": "23.76"})
    bad = market.price("AAA")
    assert (bad["close_microusd"], bad["reported_microusd"]) == (94_890_000, 23_760_000)
    assert (bad["trusted"], bad["distrust"], bad["sessions_stale"]) == (False, "jump", 1)
    assert bad["total_return"] is None
    market.night({"AAA": "96.42"})
    good = market.price("AAA")
    assert (good["close_microusd"], good["trusted"], good["sessions_stale"]) == (96_420_000, True, 0)
    assert good["total_return"] is None
    market.night({"AAA": "96.27"})
    assert market.price("AAA")["total_return"] == pytest.approx(96.27 / 96.42 - 1)


def test_a_jump_that_stays_is_believed_on_the_next_night(market: Market) -> None:
    market.night({"AAA": "30"})
    assert market.price("AAA")["distrust"] == "jump"
    market.night({"AAA": "31"})
    assert market.price("AAA") | {"security_id": ""} == {
        "security_id": "",
        "close_microusd": 31_000_000,
        "reported_microusd": 31_000_000,
        "trusted": True,
        "distrust": None,
        "sessions_stale": 0,
        "total_return": None,
    }


def test_a_jump_elsewhere_is_no_confirmation(market: Market) -> None:
    market.night({"AAA": "30"})
    market.night({"AAA": "300"})
    price = market.price("AAA")
    assert (price["close_microusd"], price["distrust"], price["sessions_stale"]) == (100_000_000, "jump", 2)


def test_the_largest_move_still_believed_is_that_of_the_setting(tmp_path: Path) -> None:
    settings = SETTINGS + "\n[trust]\njump_max = 0.1\n"
    within, beyond = 100 * math.exp(0.0999), 100 * math.exp(0.1001)
    market = Market(tmp_path / "book", settings=settings)
    market.night({"AAA": f"{within:.4f}"})
    assert market.price("AAA")["trusted"]
    other = Market(tmp_path / "other", settings=settings)
    other.night({"AAA": f"{beyond:.4f}"})
    assert not other.price("AAA")["trusted"]


def test_a_name_without_a_price_keeps_its_last_and_ages(market: Market) -> None:
    market.night({"AAA": ""})
    market.night({"AAA": ""})
    price = market.price("AAA")
    assert (price["close_microusd"], price["reported_microusd"]) == (100_000_000, None)
    assert (price["distrust"], price["sessions_stale"], price["total_return"]) == ("no price", 2, None)
    market.night({"AAA": "101"})
    assert (market.price("AAA")["trusted"], market.price("AAA")["total_return"]) == (True, None)


def test_a_name_that_never_had_a_price_has_no_row(tmp_path: Path) -> None:
    market = Market(tmp_path / "book", first={"AAA": "100"})
    assert table(market.store, "prices", "price", night=FIRST_NIGHT)["security_id"].to_list() == ["AAA"]


def test_a_split_is_no_jump(tmp_path: Path) -> None:
    # NFLX on 2015-07-14 and 07-15, seven for one.
    market = Market(tmp_path / "book", first={"AAA": "702.60"})
    market.night({"AAA": "98.13"}, actions="X1,AAA,split,NIGHT,7,,,,,\n")
    price = market.price("AAA")
    assert (price["close_microusd"], price["trusted"]) == (98_130_000, True)
    assert price["total_return"] == pytest.approx(98.13 * 7 / 702.60 - 1)


def test_a_split_scales_the_close_of_a_name_without_a_price(market: Market) -> None:
    market.night({"AAA": ""}, actions="X1,AAA,split,NIGHT,3/2,,,,,\n")
    assert market.price("AAA")["close_microusd"] == 66_666_667


def test_a_split_between_the_jump_and_its_confirmation_is_accounted_for(market: Market) -> None:
    market.night({"AAA": "30"})
    market.night({"AAA": "15.5"}, actions="X1,AAA,split,NIGHT,2,,,,,\n")
    assert (market.price("AAA")["trusted"], market.price("AAA")["close_microusd"]) == (True, 15_500_000)


@pytest.mark.parametrize(
    ("action", "close", "total_return"),
    [
        ("X1,AAA,cash_dividend,NIGHT,,2.5,,,,", "97.5", 0.0),
        ("X1,AAA,cash_dividend,NIGHT,,60,,,,", "42", 0.02),
        ("X1,AAA,return_of_capital,NIGHT,,60,,,,", "42", 0.02),
        ("X1,AAA,stock_dividend,NIGHT,1.25,,,,,", "80", 0.0),
        ("X1,AAA,spinoff,NIGHT,1/2,,DDD,30,140,", "31", 0.01),
        ("X1,AAA,symbol_change,NIGHT,,,,,,", "101", 0.01),
    ],
)
def test_the_total_return_counts_what_an_action_pays(
    market: Market, action: str, close: str, total_return: float
) -> None:
    market.night({"AAA": close}, actions=action + "\n")
    assert market.actions() == {"X1": None}
    assert market.price("AAA")["trusted"]
    assert market.price("AAA")["total_return"] == pytest.approx(total_return, abs=1e-12)


def test_an_action_on_a_day_without_a_session_belongs_to_the_next_night(tmp_path: Path) -> None:
    market = Market(tmp_path / "book")
    while market.last.weekday() < 4:
        market.night()
    saturday = market.last + dt.timedelta(days=1)
    market.night({"AAA": "20"}, actions=f"X1,AAA,split,{saturday},5,,,,,\n")
    assert market.actions() == {"X1": None}
    assert market.price("AAA")["total_return"] == pytest.approx(0)


def test_an_action_that_is_not_understood_exempts_its_name_and_freezes_it(tmp_path: Path) -> None:
    # EBAY on 2015-07-17 and 07-20: a vendor's price factor for a spin-off.
    market = Market(tmp_path / "book", first={"AAA": "66.29"})
    market.night({"AAA": "28.57"}, actions="X1,AAA,unclassified,NIGHT,2.376,,,,,\n")
    price = market.price("AAA")
    assert (price["close_microusd"], price["trusted"], price["total_return"]) == (28_570_000, True, None)
    assert market.actions() == {"X1": "its terms are not known"}
    assert market.frozen() == {"AAA": "X1"}
    market.night({"AAA": "28.60"})
    assert market.price("AAA")["total_return"] == pytest.approx(28.60 / 28.57 - 1)
    assert market.frozen() == {"AAA": "X1"}


def test_terms_that_arrive_later_thaw_the_name_and_touch_no_price(market: Market) -> None:
    first = market.night({"AAA": "43"}, actions="X1,AAA,unclassified,NIGHT,2.376,,,,,\n")
    market.night({"AAA": "43"}, actions=f"X1,AAA,spinoff,{first},1,,DDD,43,57,\n")
    assert market.frozen() == {}
    assert market.actions() == {"X1": None}
    assert market.price("AAA")["total_return"] == pytest.approx(0)


def test_an_action_delivered_again_is_not_booked_again(market: Market) -> None:
    first = market.night({"AAA": "50"}, actions="X1,AAA,split,NIGHT,2,,,,,\n")
    market.night({"AAA": "50"}, actions=f"X1,AAA,split,{first},2,,,,,\n")
    assert (market.actions(), market.frozen()) == ({}, {})
    assert market.price("AAA")["trusted"]


def test_a_split_that_arrives_after_its_ex_date_is_understood_on_its_day(market: Market) -> None:
    ex_date = market.night()
    market.night(actions=f"X1,AAA,split,{ex_date},2,,,,,\nX2,BBB,cash_dividend,{ex_date},,1,,,,\n")
    assert market.actions() == {"X1": None, "X2": None}
    rows = table(market.store, "corporate_actions", "known_action", night=market.last)
    assert set(rows.select("effective_date", "booked_on").rows()) == {(ex_date, market.last)}
    assert market.frozen() == {}


def test_an_action_takes_effect_on_the_first_session_on_or_after_its_ex_date(tmp_path: Path) -> None:
    market = Market(tmp_path / "book")
    while market.last.weekday() < 4:
        market.night()
    saturday, monday = market.last + dt.timedelta(days=1), session_after(market.last)
    market.night()
    market.night(actions=f"X1,AAA,split,{saturday},5,,,,,\n")
    rows = table(market.store, "corporate_actions", "action", night=market.last)
    assert rows.select("effective_date", "why_not").rows() == [(monday, None)]


def test_actions_before_the_book_began_and_those_announced_are_left_alone(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    before, later = session_before(FIRST_NIGHT), session_after(FIRST_NIGHT)
    rows = f"X1,AAA,split,{before},2,,,,,\nX2,AAA,split,{later},2,,,,,\n"
    put(book, "corporate_actions", TINY["corporate_actions"] + rows)
    version = write_corporate_actions(store=Store(book.path), book=book, night=FIRST_NIGHT)
    assert not any(version.rows.values())


@pytest.mark.parametrize(
    ("action", "missing"),
    [
        ("cash_dividend,NIGHT,,,,,,", "cash_usd is missing"),
        ("return_of_capital,NIGHT,,,,,,", "cash_usd is missing"),
        ("delisting,NIGHT,,,,,,", "cash_usd is missing"),
        ("split,NIGHT,,,,,,", "ratio is missing"),
        ("stock_dividend,NIGHT,,,,,,", "ratio is missing"),
        ("spinoff,NIGHT,,,DDD,1,1,", "ratio is missing"),
        ("spinoff,NIGHT,1,,,1,1,", "new_security_id is missing"),
        ("spinoff,NIGHT,1,,DDD,,1,", "fmv_old_usd or fmv_new_usd is missing"),
        ("merger,NIGHT,,,,,,", "neither cash_usd nor new_security_id is given"),
        ("merger,NIGHT,,,DDD,,,", "new_security_id or ratio is missing"),
        ("merger,NIGHT,2,5,,,,", "new_security_id or ratio is missing"),
        ("merger,NIGHT,2,,AAA,,,", "new_security_id is the security itself"),
        ("merger,NIGHT,2,5,DDD,,,", "fmv_new_usd, which the gain on the cash depends on, is missing"),
        ("merger,NIGHT,,5,,,,", None),
        ("merger,NIGHT,2,,DDD,,,", None),
        ("merger,NIGHT,2,5,DDD,,1,", None),
        ("delisting,NIGHT,,0,,,,", None),
    ],
)
def test_an_action_is_understood_where_its_terms_suffice(market: Market, action: str, missing: str | None) -> None:
    market.night({"AAA": ""}, actions=f"X1,AAA,{action}\n")
    assert market.actions() == {"X1": missing}
    assert market.frozen() == ({"AAA": "X1"} if missing else {})


NO_ORDER = "another action reshapes the security on the same day, and no sequence tells which is first"
WITH_SEQUENCE = ACTIONS_HEADER.rstrip() + ",sequence\n"


def test_two_actions_that_reshape_a_name_on_one_day_are_not_ordered_by_a_guess(market: Market) -> None:
    rows = "X1,AAA,split,NIGHT,2,,,,,\nX2,AAA,stock_dividend,NIGHT,1.1,,,,,\nX3,AAA,cash_dividend,NIGHT,,1,,,,\n"
    market.night({"AAA": "45"}, actions=rows)
    assert market.actions() == {"X1": NO_ORDER, "X2": NO_ORDER, "X3": None}
    assert market.frozen() == {"AAA": "X1"}


def test_stated_sequences_order_the_actions_of_one_day(market: Market) -> None:
    ex_date = market.night(actions="X1,AAA,split,NIGHT,2,,,,,\nX2,AAA,stock_dividend,NIGHT,1.1,,,,,\n")
    rows = f"X1,AAA,split,{ex_date},2,,,,,,1\nX2,AAA,stock_dividend,{ex_date},1.1,,,,,,2\n"
    market.night(actions=rows, header=WITH_SEQUENCE)
    assert market.actions() == {"X1": None, "X2": None}
    assert market.frozen() == {}


def test_a_late_action_of_a_day_with_a_booked_one_needs_a_sequence(market: Market) -> None:
    ex_date = market.night({"AAA": "50"}, actions="X1,AAA,split,NIGHT,2,,,,,\n")
    market.night({"AAA": "50"}, actions=f"X2,AAA,stock_dividend,{ex_date},1.1,,,,,\n")
    assert market.actions() == {"X2": NO_ORDER}
    market.night({"AAA": "50"}, actions=f"X2,AAA,stock_dividend,{ex_date},1.1,,,,,,1\n", header=WITH_SEQUENCE)
    assert (market.actions(), market.frozen()) == ({"X2": None}, {})


def test_a_name_stays_frozen_until_its_last_open_action_is_understood(market: Market) -> None:
    ex_date = market.night(actions="X1,AAA,unclassified,NIGHT,,,,,,\nX2,AAA,unclassified,NIGHT,,,,,,\n")
    market.night(actions=f"X1,AAA,symbol_change,{ex_date},,,,,,\n")
    assert market.frozen() == {"AAA": "X2"}


def test_the_id_of_a_booked_action_is_refused_for_another(market: Market) -> None:
    market.night({"AAA": "50"}, actions="X1,AAA,split,NIGHT,2,,,,,\n")
    with pytest.raises(FeedError) as caught:
        market.night(actions="X1,BBB,split,NIGHT,2,,,,,\n")
    assert (caught.value.code, caught.value.where) == ("FEED-044", f"feeds/{market.last}/corporate_actions action 'X1'")
    assert not market.store.has("corporate_actions", night=market.last)


@pytest.mark.parametrize("write", [write_corporate_actions, write_prices, write_risk_model])
def test_a_night_whose_predecessor_has_not_run_is_refused(tmp_path: Path, write: Callable[..., Version]) -> None:
    book = tiny_book(tmp_path / "book")
    put_night(book, night=SECOND, prices=CLOSES)
    with pytest.raises(NightOrderError) as caught:
        write(store=Store(book.path), book=book, night=SECOND)
    assert caught.value.code == "NIGHT-003"
    assert str(FIRST_NIGHT) in caught.value.remedy
    assert not (book.path / "store").exists()


def test_names_without_weight_are_left_out_of_the_benchmark(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    store = Store(book.path)
    write_benchmark_weights(store=store, book=book, night=FIRST_NIGHT)
    rows = table(store, "benchmark_weights", "benchmark_weight", night=FIRST_NIGHT)
    assert rows.rows() == [("IDX", "AAA", 0.5), ("IDX", "BBB", 0.25), ("IDX", "CCC", 0.25)]


def with_risk(book: Book, *, night: dt.date = FIRST_NIGHT) -> tuple[Store, dict[str, str]]:
    """Write the night's market and return the model's facts."""
    store = Store(book.path)
    for write in (write_corporate_actions, write_prices, write_benchmark_weights, write_risk_model):
        write(store=store, book=book, night=night)
    return store, dict(table(store, "risk_model", "model_fact", night=night).rows())


def test_the_model_is_estimated_from_history_and_every_night_adds_its_returns(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book", settings=SETTINGS.replace("sessions_max = 40", "sessions_max = 30"))
    store, facts = with_risk(book)
    assert facts["source"] == "estimated from returns"
    assert (facts["sessions"], facts["factors"], facts["names"], facts["names_imputed"]) == ("30", "2", "4", "0")
    assert 0 < float(facts["explained_variance"]) < 1 < float(facts["condition_number"])
    put_night(book, night=SECOND, prices={"AAA": "101", "BBB": "50.25", "CCC": "9.9", "DDD": "7"})
    with_risk(book, night=SECOND)
    kept = table(store, "risk_model", "session_return", night=SECOND)
    assert (kept["session"].n_unique(), kept["session"].max()) == (30, SECOND)
    assert kept["session"].min() == sorted(return_history(sessions=30)["session"].unique())[1]
    tonight = kept.filter((pl.col("session") == SECOND) & (pl.col("security_id") == "AAA"))
    assert tonight["total_return"].to_list() == pytest.approx([0.01])


def test_a_benchmark_name_without_history_is_imputed_and_counted(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    history = return_history(sessions=30).filter(pl.col("security_id") != "CCC")
    history.write_parquet(book.path / "static" / "return_history.parquet")
    store, facts = with_risk(book)
    assert facts["names_imputed"] == "1"
    rows = table(store, "risk_model", "exposure", night=FIRST_NIGHT)
    assert rows.filter(pl.col("security_id") == "CCC").height == int(facts["factors"])


def test_a_model_in_the_feeds_is_used_as_it_stands(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    (book.path / "static" / "return_history.parquet").unlink()
    rows = "AAA,0.1,0.2,0.04\nBBB,0.3,0,0.09\nDDD,0.2,0,0.01\n"
    put(book, "risk_model", "security_id,f01,f02,specific_variance\n" + rows)
    store, facts = with_risk(book)
    assert (facts["source"], facts["factors"], facts["names_imputed"]) == ("feed", "2", "1")
    exposures = table(store, "risk_model", "exposure", night=FIRST_NIGHT)
    assert exposures.rows()[:2] == [("AAA", 1, 0.1), ("AAA", 2, 0.2)]
    assert dict(table(store, "risk_model", "specific_risk", night=FIRST_NIGHT).rows())["BBB"] == 0.09


def test_too_little_history_is_refused_and_says_what_to_supply(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    return_history(sessions=19).write_parquet(book.path / "static" / "return_history.parquet")
    with pytest.raises(FeedError) as caught:
        with_risk(book)
    assert (caught.value.code, caught.value.found) == ("FEED-050", "19 sessions of returns")
    assert "return_history" in caught.value.remedy
    assert not Store(book.path).has("risk_model", night=FIRST_NIGHT)


def test_what_was_read_is_named_with_its_digest(tmp_path: Path) -> None:
    book = tiny_book(tmp_path / "book")
    store, _ = with_risk(book)
    inputs = store.head("prices", night=FIRST_NIGHT).inputs
    assert sorted(inputs) == [
        f"corporate_actions/{FIRST_NIGHT}",
        f"feeds/{FIRST_NIGHT}/prices.csv",
        "static/price_confirmations.csv",
        "static/securities.csv",
    ]
    put_night(book, night=SECOND, prices=CLOSES)
    with_risk(book, night=SECOND)
    inputs = store.head("prices", night=SECOND).inputs
    assert inputs[f"prices/{FIRST_NIGHT}"] == store.head("prices", night=FIRST_NIGHT).digest


@pytest.mark.parametrize("form", [".csv", ".csv.gz", ".parquet"])
def test_form_and_order_of_the_rows_change_no_digest(tmp_path: Path, form: str) -> None:
    plain, _ = with_risk(tiny_book(tmp_path / "plain"))
    book = tiny_book(tmp_path / "shuffled")
    for name in ("securities", "accounts", "prices", "benchmark"):
        header, *rows = TINY[name].splitlines(keepends=True)
        put(book, name, header + "".join(reversed(rows)), form=form)
    history = return_history(sessions=30).sample(fraction=1, shuffle=True, seed=1)
    history.write_parquet(book.path / "static" / "return_history.parquet")
    shuffled, _ = with_risk(book)
    for asset in ("corporate_actions", "prices", "benchmark_weights", "risk_model"):
        assert shuffled.head(asset, night=FIRST_NIGHT).digest == plain.head(asset, night=FIRST_NIGHT).digest
