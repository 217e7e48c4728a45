from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.sessions import session_after, session_before
from ledger.errors import FeedError, InputError, NightOrderError
from pipelines.market import BROAD
from pipelines.real_market import RealMarket
from tests.market_cases import BAD_TICK, END_DAY, FIRST, LAST, MONTH_END, SPIN_DAY, SPLIT_DAY, write_market_folder

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "development"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> RealMarket:
    return RealMarket(write_market_folder(tmp_path_factory.mktemp("market") / "files"))


def actions_on(market: RealMarket, night: dt.date) -> list[dict[str, object]]:
    return list(market.night(night).corporate_actions.iter_rows(named=True))


def weight_of(market: RealMarket, security_id: str, *, night: dt.date) -> Decimal:
    rows = market.night(night).benchmark.filter(pl.col("benchmark_id") == BROAD)
    return dict(rows.select("security_id", "weight").iter_rows())[security_id]  # type: ignore[no-any-return]


def test_a_split_has_its_exact_ratio(market: RealMarket) -> None:
    (split,) = actions_on(market, SPLIT_DAY)
    assert (split["kind"], split["ratio"], split["cash_microusd"]) == ("split", "4/1", None)


def test_a_price_factor_is_no_ratio_and_its_dividend_is_not_paid_twice(market: RealMarket) -> None:
    (spin,) = actions_on(market, SPIN_DAY)
    assert (spin["kind"], spin["ratio"], spin["cash_microusd"]) == ("unclassified", None, None)


def test_a_name_ends_on_the_first_session_without_its_price(market: RealMarket) -> None:
    assert actions_on(market, END_DAY) == []
    (end,) = actions_on(market, session_after(END_DAY))
    assert (end["security_id"], end["kind"], end["cash_microusd"]) == ("ENDS", "delisting", None)
    assert "ENDS" in set(market.night(END_DAY).prices["security_id"])
    assert "ENDS" not in set(market.night(session_after(END_DAY)).prices["security_id"])


def test_an_action_dated_on_a_weekend_comes_with_the_next_session(market: RealMarket) -> None:
    (change,) = actions_on(market, dt.date(2015, 6, 8))
    assert (change["security_id"], change["kind"]) == ("PLAINB", "symbol_change")


def test_weights_sum_to_one_exactly_over_names_with_a_price(market: RealMarket) -> None:
    for night in (MONTH_END, END_DAY, session_after(END_DAY), LAST):
        feeds = market.night(night)
        sums = feeds.benchmark.group_by("benchmark_id").agg(pl.col("weight").sum())["weight"].to_list()
        assert sums == [Decimal(1), Decimal(1)]
        assert set(feeds.benchmark["security_id"]) <= set(feeds.prices["security_id"])


def test_a_split_does_not_move_a_weight_and_a_spinoff_does(market: RealMarket) -> None:
    over_split = weight_of(market, "SPLITS", night=SPLIT_DAY) / weight_of(market, "PLAINC", night=SPLIT_DAY)
    assert float(over_split) == pytest.approx(1.0, abs=0.01)
    over_spin = weight_of(market, "SPINS", night=SPIN_DAY) / weight_of(market, "PLAINC", night=SPIN_DAY)
    assert float(over_spin) == pytest.approx(0.5, abs=0.01)


def test_a_restated_close_divides_by_the_splits_since(market: RealMarket) -> None:
    path = market.history(last=LAST)
    column = path.restated_close_usd[:, path.security_ids.index("SPLITS")]
    assert column[0] == pytest.approx(50.0)
    assert np.nanmax(np.abs(column[1:] / column[:-1] - 1.0)) < 0.01


def test_nothing_before_an_action_without_terms_can_be_restated(market: RealMarket) -> None:
    path = market.history(last=LAST)
    known = np.isfinite(path.restated_close_usd[:, path.security_ids.index("SPINS")])
    begin = path.sessions.index(SPIN_DAY)
    assert not known[:begin].any()
    assert known[begin + 1 :].all()


def test_a_bad_tick_is_in_the_prices_but_in_no_history(market: RealMarket) -> None:
    assert dict(market.night(BAD_TICK).prices.iter_rows())["TICKS"] == 10_000_000
    path = market.history(last=LAST)
    row, column = path.sessions.index(BAD_TICK), path.security_ids.index("TICKS")
    assert np.isnan(path.restated_close_usd[row, column])
    assert np.isnan(path.total_return[[row, row + 1], column]).all()


def test_a_return_has_its_dividend_in_it(market: RealMarket) -> None:
    path = market.history(last=LAST)
    row, column = path.sessions.index(dt.date(2015, 6, 3)), path.security_ids.index("PLAINA")
    close = dict(market.night(dt.date(2015, 6, 3)).prices.iter_rows())["PLAINA"] / 1e6
    before = dict(market.night(dt.date(2015, 6, 2)).prices.iter_rows())["PLAINA"] / 1e6
    assert path.total_return[row, column] == pytest.approx((close + 0.75) / before - 1.0)


def test_share_classes_are_grouped_and_blanks_are_named(market: RealMarket) -> None:
    assert market.identical_groups()["security_id"].to_list() == ["GOOG", "GOOGL"]
    table = market.securities()
    assert table["sector"].to_list()[-1] == "Unclassified"
    assert table["name"][0] == "ENDS"


def test_the_largest_names_make_a_market_of_their_own(market: RealMarket) -> None:
    few = market.largest(3, night=LAST)
    assert few.securities().height == 3
    assert few.night(LAST).prices.height == 3
    assert len(few.history(last=LAST).security_ids) == 3


@pytest.mark.parametrize("night", [session_before(FIRST), session_after(LAST), dt.date(2015, 6, 6), FIRST])
def test_a_night_that_the_files_do_not_hold_is_refused(market: RealMarket, night: dt.date) -> None:
    with pytest.raises(NightOrderError):
        market.night(night)


def test_a_folder_without_its_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"no prices\.parquet"):
        RealMarket(tmp_path).night(LAST)


# The real prices lie beside the checkout or nowhere; where they are not, there is nothing to test them with.
if DATA.exists():

    @pytest.mark.real
    def test_netflix_splits_seven_for_one_and_ebay_is_not_understood() -> None:
        real = RealMarket(DATA)
        splits = real.night(dt.date(2015, 7, 15)).corporate_actions.filter(pl.col("kind") == "split")
        assert splits.select("security_id", "ratio").rows() == [("NFLX", "7/1")]
        unclear = real.night(dt.date(2015, 7, 20)).corporate_actions.filter(pl.col("kind") == "unclassified")
        assert unclear.select("security_id", "ratio").rows() == [("EBAY", None)]

    @pytest.mark.real
    def test_real_dividends_are_per_share_as_traded() -> None:
        paid = RealMarket(DATA).night(dt.date(2014, 5, 8)).corporate_actions
        assert paid.filter(pl.col("security_id") == "AAPL")["cash_microusd"].to_list() == [3_290_000]

    @pytest.mark.real
    @pytest.mark.parametrize("night", [dt.date(2013, 2, 1), dt.date(2015, 6, 30), dt.date(2017, 12, 29)])
    def test_the_real_index_sums_to_one_over_names_with_a_price(night: dt.date) -> None:
        feeds = RealMarket(DATA).night(night)
        sums = feeds.benchmark.group_by("benchmark_id").agg(pl.col("weight").sum())["weight"].to_list()
        assert sums == [Decimal(1), Decimal(1)]
        assert set(feeds.benchmark["security_id"]) <= set(feeds.prices["security_id"])

    @pytest.mark.real
    def test_a_session_beyond_the_real_files_is_refused() -> None:
        with pytest.raises(InputError, match="2017-12-29"):
            RealMarket(DATA).night(dt.date(2018, 1, 2))
