"""Money in compiled code, in columns and in statements is exact, however large or small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.figure_tables import first_parts
from assets.store import Store, Tables
from ledger.amounts import MICRO, part
from solvers.amounts import add, product
from solvers.orders import floor_product

SHARES = st.integers(min_value=0, max_value=10**15)
PRICES = st.integers(min_value=1, max_value=500_000 * MICRO)


@settings(derandomize=True, deadline=None)
@given(shares=st.integers(min_value=0, max_value=10**13), price=PRICES)
def test_a_value_loses_no_millionth_of_a_micro_dollar(shares: int, price: int) -> None:
    whole, rest = product(shares, price)
    assert whole * MICRO + rest == shares * price
    assert 0 <= rest < MICRO


@settings(derandomize=True, deadline=None)
@given(left=st.integers(0, 10**12), right=st.integers(0, 10**12), price=PRICES)
def test_sums_carry(left: int, right: int, price: int) -> None:
    whole, rest = add(product(left, price), product(right, price))
    assert whole * MICRO + rest == (left + right) * price


@settings(derandomize=True, deadline=None)
@given(divisor=st.integers(1, 10**16), left=st.floats(0.0, 1.0), right=st.floats(0.0, 1.0))
def test_a_part_of_a_basis_is_the_ledgers_floor_difference(divisor: int, left: float, right: float) -> None:
    basis, sold = min(int(left * divisor), divisor), min(int(right * divisor), divisor)
    assert floor_product(basis, sold, divisor) == part(basis, of=divisor, lo=0, hi=sold)


LOTS = st.tuples(st.integers(0, 10**16), st.integers(1, 10**15), st.integers(-5, 10**15))


@settings(derandomize=True, deadline=None)
@given(lots=st.lists(LOTS, max_size=5))
def test_the_first_part_of_many_lots_is_that_of_each(lots: list[tuple[int, int, int]]) -> None:
    basis, of, shares = (np.array(column, np.int64) for column in np.array(lots, np.int64).reshape(-1, 3).T)
    expected = [part(one, of=size, lo=0, hi=min(max(taken, 0), size)) for one, size, taken in lots]
    assert first_parts(basis, of=of, shares=shares).tolist() == expected


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    with Store(tmp_path_factory.mktemp("amounts")).reading({}) as tables:
        yield tables


NEAR_64_BITS = st.sampled_from([3_037_000_498, 3_037_000_499, 3_037_000_500, 2**32])


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    total=st.integers(0, 10**18) | st.integers(0, 100),
    of=st.integers(1, 10**12) | st.integers(1, 100) | NEAR_64_BITS,
    left=st.floats(0.0, 1.0),
    right=st.floats(0.0, 1.0),
)
def test_a_statements_part_is_the_ledgers(tables: Tables, total: int, of: int, left: float, right: float) -> None:
    lo, hi = sorted((min(int(left * of), of), min(int(right * of), of)))
    found = tables.select("select part($total, $of, $lo, $hi)", total=total, of=of, lo=lo, hi=hi).item()
    assert found == part(total, of=of, lo=lo, hi=hi)


@settings(derandomize=True, deadline=None)
@given(shares=SHARES.map(lambda shares: shares // 1000), price=PRICES)
def test_a_statements_value_at_a_price_drops_the_rest(tables: Tables, shares: int, price: int) -> None:
    found = tables.select("select value_at($shares, $price)", shares=shares, price=price).item()
    assert found == shares * price // MICRO
