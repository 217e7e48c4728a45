"""Columns of text become exact values, as the one-value functions of the ledger make them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.feed_values import date, exact_ratio, micro, ratio_new, ratio_old
from ledger.amounts import to_micro

AMOUNTS = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), allow_nan=False, places=9)


@settings(derandomize=True, deadline=None)
@given(st.lists(AMOUNTS, min_size=1))
def test_a_column_of_amounts_is_rounded_as_one_amount_is(amounts: list[Decimal]) -> None:
    texts = [f"{amount:f}" for amount in amounts]
    assert micro(pl.Series(texts)).to_list() == [to_micro(text) for text in texts]
    for places in (2, 6, 9):
        decimals = pl.Series(texts).cast(pl.Decimal(30, places))
        assert micro(decimals).to_list() == [to_micro(f"{amount:f}") for amount in decimals.to_list()]


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_ratio_keeps_its_value_and_comes_in_lowest_terms(new: int, old: int) -> None:
    ratio = exact_ratio(f"{new}/{old}")
    assert ratio is not None
    assert ratio * old == new
    written = pl.Series([f"{new}/{old}"])
    assert (ratio_new(written)[0], ratio_old(written)[0]) == (ratio.numerator, ratio.denominator)


def test_floats_of_parquet_go_to_the_nearest_millionth_and_other_numbers_are_none() -> None:
    raw = pl.Series([101.25, 0.1 + 0.2, float("nan"), float("inf"), 1e300, None])
    assert micro(raw).to_list() == [101_250_000, 300_000, None, None, None, None]


@settings(derandomize=True, deadline=None)
@given(st.lists(st.dates(), min_size=1))
def test_dates_of_parquet_are_the_dates_that_their_text_is(days: list[dt.date]) -> None:
    edges = [dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(2099, 12, 31), dt.date(2100, 1, 1)]
    raw = pl.Series([*days, *edges, None], dtype=pl.Date)
    assert date(raw).to_list() == date(raw.dt.to_string("%Y-%m-%d")).to_list()
    assert date(raw)[-5:].to_list() == [None, *edges[1:3], None, None]


@pytest.mark.parametrize("days", [-(2**31) + 1, -100_000_000, 100_000_000, 2**31 - 1])
def test_a_day_that_no_calendar_reaches_is_no_date(days: int) -> None:
    assert date(pl.Series([days], dtype=pl.Int32).cast(pl.Date)).to_list() == [None]


def test_a_midnight_is_a_date_of_the_same_years_as_any_other() -> None:
    days = [dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(2099, 12, 31), dt.date(2100, 1, 1), None]
    assert date(pl.Series(days, dtype=pl.Date).cast(pl.Datetime)).to_list() == [None, *days[1:3], None, None]
