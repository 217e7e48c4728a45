from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from assets.sessions import session_after
from ledger.errors import NightOrderError, SettingError
from pipelines.market import BROAD, SCREENED
from pipelines.synthetic_market import SyntheticMarket

FIRST = dt.date(2026, 9, 1)
MARKET = SyntheticMarket(seed=3, names=30, factors=6, first_night=FIRST)


def sessions_from(first: dt.date, *, count: int) -> list[dt.date]:
    days = [first]
    while len(days) < count:
        days.append(session_after(days[-1]))
    return days


NIGHTS = {day: MARKET.night(day) for day in sessions_from(FIRST, count=22)}
ACTIONS = pl.concat(night.corporate_actions for night in NIGHTS.values())


def test_a_session_is_the_same_in_whatever_order_it_is_asked_for() -> None:
    again = SyntheticMarket(seed=3, names=30, factors=6, first_night=FIRST)
    for day in sorted(NIGHTS, reverse=True)[:3]:
        night = again.night(day)
        assert night.prices.equals(NIGHTS[day].prices)
        assert night.benchmark.equals(NIGHTS[day].benchmark)
        assert night.corporate_actions.equals(NIGHTS[day].corporate_actions)


def test_another_seed_is_another_market() -> None:
    other = SyntheticMarket(seed=4, names=30, factors=6, first_night=FIRST)
    assert not other.night(FIRST).prices.equals(NIGHTS[FIRST].prices)


def test_every_kind_of_action_is_met_in_the_first_twenty_sessions() -> None:
    assert set(ACTIONS["kind"]) == {
        "cash_dividend",
        "split",
        "stock_dividend",
        "spinoff",
        "symbol_change",
        "unclassified",
    }
    assert {"2/1", "3/1", "3/2", "1/10"} <= set(ACTIONS.filter(pl.col("kind") == "split")["ratio"])


def test_an_action_without_terms_has_none_and_a_spinoff_has_all() -> None:
    unclear = ACTIONS.filter(pl.col("kind") == "unclassified").row(0, named=True)
    assert unclear["ratio"] is None
    assert unclear["cash_microusd"] is None
    (spin,) = ACTIONS.filter(pl.col("kind") == "spinoff").iter_rows(named=True)
    prices = dict(NIGHTS[spin["ex_date"]].prices.iter_rows())
    assert spin["fmv_old_microusd"] == prices[spin["security_id"]]
    assert spin["fmv_new_microusd"] == prices[spin["new_security_id"]]
    assert spin["new_security_id"] in set(MARKET.securities()["security_id"])


def test_no_price_moves_more_than_a_quarter_once_its_actions_are_accounted_for() -> None:
    before: dict[str, int] = {}
    for night in NIGHTS.values():
        per_old_share = {name: float(close) for name, close in night.prices.iter_rows()}
        for action in night.corporate_actions.iter_rows(named=True):
            ratio = float(Fraction(action["ratio"] or 1))
            if action["kind"] in ("split", "stock_dividend"):
                per_old_share[action["security_id"]] *= ratio
            if action["kind"] == "cash_dividend":
                per_old_share[action["security_id"]] += action["cash_microusd"]
            if action["kind"] == "spinoff":
                per_old_share[action["security_id"]] += ratio * action["fmv_new_microusd"]
        for name, close in before.items():
            assert abs(per_old_share[name] / close - 1.0) < 0.25
        before = dict(night.prices.iter_rows())


def test_the_spun_off_company_has_no_price_and_no_weight_before_its_day() -> None:
    (spin,) = ACTIONS.filter(pl.col("kind") == "spinoff").iter_rows(named=True)
    for day, night in NIGHTS.items():
        assert (spin["new_security_id"] in set(night.prices["security_id"])) == (day >= spin["ex_date"])
        assert (spin["new_security_id"] in set(night.benchmark["security_id"])) == (day >= spin["ex_date"])


def test_weights_of_both_benchmarks_sum_to_one_exactly_over_names_with_a_price() -> None:
    for night in NIGHTS.values():
        sums = night.benchmark.group_by("benchmark_id").agg(pl.col("weight").sum()).sort("benchmark_id")
        assert sums.rows() == [(BROAD, Decimal(1)), (SCREENED, Decimal(1))]
        assert set(night.benchmark["security_id"]) <= set(night.prices["security_id"])


def test_first_closes_are_in_cents_and_in_a_plausible_range() -> None:
    closes = NIGHTS[FIRST].prices["close_microusd"]
    assert closes.min() >= 5_000_000  # type: ignore[operator]
    assert closes.max() <= 800_000_000  # type: ignore[operator]
    assert (closes % 10_000 == 0).all()


def test_a_restated_path_does_not_jump_at_a_split() -> None:
    last = max(NIGHTS)
    path = MARKET.history(last=last)
    assert path.sessions[-1] == last
    change = path.restated_close_usd[1:] / path.restated_close_usd[:-1]
    spins = set(ACTIONS.filter(pl.col("kind") == "spinoff")["security_id"])
    smooth = [name not in spins for name in path.security_ids]
    assert np.nanmax(np.abs(change[:, smooth] - 1.0)) < 0.26


def test_the_history_of_returns_ends_before_the_night_and_has_the_sessions_asked_for() -> None:
    returns = MARKET.history(last=FIRST).returns_before(FIRST, sessions_max=504)
    assert returns["session"].max() < FIRST  # type: ignore[operator]
    assert returns["session"].n_unique() == 504


def test_the_two_share_classes_of_one_issuer_move_together() -> None:
    first, second = MARKET.identical_groups()["security_id"]
    path = MARKET.history(last=FIRST)
    one, other = (path.total_return[1:, path.security_ids.index(name)] for name in (first, second))
    assert np.corrcoef(one, other)[0, 1] > 0.95
    assert MARKET.identical_groups()["identical_group"].n_unique() == 1


def test_symbols_and_ids_are_unique() -> None:
    largest = SyntheticMarket(seed=0, names=5000, factors=3, first_night=FIRST).securities()
    assert largest["symbol"].n_unique() == largest["security_id"].n_unique() == 5000


@pytest.mark.parametrize("names", [11, 5001])
def test_a_market_of_a_size_without_room_for_its_actions_is_refused(names: int) -> None:
    with pytest.raises(SettingError, match="12 to 5000"):
        SyntheticMarket(seed=3, names=names, factors=6, first_night=FIRST)


@pytest.mark.parametrize("night", [dt.date(2026, 9, 5), dt.date(2026, 8, 31)])
def test_a_night_that_is_no_session_or_lies_before_the_first_is_refused(night: dt.date) -> None:
    with pytest.raises(NightOrderError):
        MARKET.night(night)


@pytest.mark.parametrize("factors", [1, 2, 40])
def test_any_number_of_factors_makes_a_market(factors: int) -> None:
    market = SyntheticMarket(seed=3, names=12, factors=factors, first_night=FIRST)
    assert market.night(FIRST).prices.height == 11
