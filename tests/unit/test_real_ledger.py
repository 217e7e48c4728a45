"""A slice of the real period: the ledger with late terms and late events gives the book built in time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bench.real_ledger import Period, run

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "development"

# The real prices lie beside the checkout or nowhere; where they are not, there is nothing to test them with.
if DATA.exists():

    @pytest.mark.real
    def test_ebay_divides_its_basis_though_its_terms_come_late() -> None:
        period = Period(
            market=DATA,
            first=dt.date(2015, 7, 15),
            last=dt.date(2015, 7, 24),
            accounts=6,
            holdings=12,
            seed=2,
            terms_lag=3,
        )
        summary = run(period, rebuild=True)
        assert summary["same_as_built_in_time"]
        assert summary["frozen"] == {"EBAY 2015-07-20": ["2015-07-20", "2015-07-22"]}
        assert summary["frozen_at_the_end"] == []
        terms = summary["terms"]
        assert isinstance(terms, list)
        assert [row["outcome"] for row in terms if row["security_id"] == "EBAY"] == ["booked on 2015-07-23"]
