"""A what-if is the night's own solve under other limits: without a change the stored answer; nothing is written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.book import Book
from assets.catalogue import Catalogue
from assets.store import Store
from assets.what_if import Household, frontier, household_of, what_if
from assets.what_if_changes import Changes
from ledger.errors import QuestionError
from tests.book_cases import NIGHTS, fingerprint, openbell_here

FIRST = dt.date.fromisoformat(NIGHTS[0])
TRADES, DRIFTED, FROZEN = "A000002", "A000005", "A000001"


def household(path: Path, account: str, *, night: dt.date = FIRST) -> Household:
    return household_of(store=Store(path), book=Book.open(path), night=night, account_id=account)


def test_without_a_change_every_answer_is_the_stored_one_to_the_last_bit(three_nights: Path) -> None:
    question = f"select account_id from trades.account_outcome where night = '{FIRST}'"
    accounts = Catalogue.of(three_nights).polars(question)
    for account in accounts["account_id"].sort().to_list()[:8]:
        found = what_if(household(three_nights, account), Changes())
        assert found.same_as_stored, account
        assert found.before == found.after
        assert found.trades == ()


def test_an_answer_of_other_limits_is_not_taken_for_the_stored_one(three_nights: Path) -> None:
    asked = household(three_nights, TRADES)
    facts = asked.facts
    other = facts.accounts.with_columns(risk_aversion=pl.col("risk_aversion") * 1.5)
    moved = dataclasses.replace(asked, facts=dataclasses.replace(facts, accounts=other))
    assert not what_if(moved, Changes()).same_as_stored


def test_a_changed_limit_is_kept_and_told_to_bind(three_nights: Path) -> None:
    asked = household(three_nights, TRADES)
    before = what_if(asked, Changes()).before
    half = before.figures["turnover"] / 2
    found = what_if(asked, Changes(set={"turnover_max": f"{half:.6f}"}))
    assert found.after.figures["turnover"] <= half + 1e-6 < before.figures["turnover"]
    assert "turnover" in [row["limit"] for row in found.after.binding_limits]
    assert found.after.figures["objective_usd"] >= before.figures["bound_usd"] - 1e-6
    assert len(found.trades) > 0


def test_an_excluded_sector_is_not_bought_and_cash_is_raised(three_nights: Path) -> None:
    asked = household(three_nights, TRADES)
    energy = set(asked.facts.universe.filter(pl.col("sector") == "Energy")["security_id"])
    found = what_if(asked, Changes(exclude=("sector:Energy",), raise_cash_usd="5000"))
    assert energy & {order["security_id"] for order in found.before.orders if order["side"] == "buy"}
    assert not energy & {order["security_id"] for order in found.after.orders if order["side"] == "buy"}
    assert float(found.after.figures["cash_after_usd"]) > float(found.before.figures["cash_after_usd"]) + 4000
    bought = next(order["security_id"] for order in found.after.orders if order["side"] == "buy")
    barred = what_if(asked, Changes(no_buy=(f"security:{bought}",))).after
    assert bought not in {order["security_id"] for order in barred.orders if order["side"] == "buy"}


def test_an_infeasible_what_if_tells_the_conflict_and_by_how_much(three_nights: Path) -> None:
    asked = household(three_nights, TRADES)
    found = what_if(asked, Changes(set={"turnover_max": "0.001"}, raise_cash_usd="2000000")).after
    assert found.status == "HELD_INFEASIBLE"
    assert found.orders == ()
    assert {row["limit"] for row in found.conflicts} & {"turnover", "cash_min"}
    assert all(row["short_of"] > 0 for row in found.conflicts)


def test_a_frozen_account_says_so_and_can_be_thawed(three_nights: Path) -> None:
    asked = household(three_nights, FROZEN)
    held = what_if(asked, Changes(set={"turnover_max": "0.1"}))
    assert (held.after.status, held.same_as_stored) == ("HELD_FROZEN", True)
    thawed = what_if(asked, Changes(set={"frozen": "false"})).after
    assert thawed.status.startswith("CERTIFIED")


def test_a_frontier_trades_tax_for_tracking_error(three_nights: Path, tmp_path: Path) -> None:
    rows = frontier(household(three_nights, DRIFTED), Changes(), column="tracking_error_max_bps", values=["120", "100"])
    tax = [float(row["tax_usd"]) for row in rows]
    risk = [row["tracking_error_after_bps"] for row in rows]
    assert [row["tracking_error_max_bps"] for row in rows] == ["120", "100"]
    assert tax[1] > tax[0]
    assert risk[1] < risk[0]
    budget = frontier(household(three_nights, "A000003"), Changes(), column="net_gain_budget_usd", values=[])
    gains = [float(row["net_gain_usd"]) for row in budget]
    assert len(budget) > 5
    assert all(gain <= float(row["net_gain_budget_usd"]) for gain, row in zip(gains, budget[:-1], strict=False))
    pictures = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for picture in pictures:
        ran = openbell_here(
            "whatif", three_nights, "--night", NIGHTS[0], "--account", DRIFTED, "--frontier", "tracking_error_max_bps",
            "--values", "120,100", "--plot", picture, "--json",
        )  # fmt: skip
        assert json.loads(ran.stdout)["points"] == rows
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert b"<svg" in pictures[0].read_bytes()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"raise_cash_usd": "-3"}, "ASK-012"),
        ({"raise_cash_usd": "much"}, "ASK-012"),
        ({"set": {"registration": "ira"}}, "ASK-013"),
        ({"set": {"cash_min": "2"}}, "ASK-014"),
        ({"set": {"cash_min": "0.9"}}, "ASK-014"),
        ({"set": {"cash_min": ""}}, "ASK-014"),
        ({"set": {"benchmark_id": "NONE"}}, "ASK-014"),
        ({"exclude": ("sector:Nothing",)}, "ASK-015"),
        ({"no_sell": ("S0001",)}, "ASK-015"),
    ],
)
def test_a_change_that_cannot_be_is_refused(three_nights: Path, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(QuestionError) as refused:
        what_if(household(three_nights, TRADES), Changes(**changes))
    assert refused.value.code == code


def test_the_command_compares_side_by_side_and_writes_nothing(three_nights: Path) -> None:
    marks = fingerprint(three_nights)
    asked = ("whatif", three_nights, "--night", NIGHTS[0], "--account", TRADES)
    changed = (*asked, "--set", "turnover_max=0.02", "--no-sell", "security:S0001", "--raise-cash", "1000")
    document = json.loads(openbell_here(*changed, "--json").stdout)
    assert document["changes"]["set"] == {"turnover_max": "0.02"}
    text = openbell_here(*changed).stdout
    assert "solved again without changes it answers as it did that night" in text
    assert f"after:  {document['after']['status']}" in text
    for options, code in (
        (("--set", "turnover_max"), "ASK-016"),
        (("--plot", "a.svg"), "ASK-017"),
        (("--frontier", "turnover_max"), "ASK-017"),
    ):
        refused = openbell_here(*asked, *options)
        assert (refused.returncode, refused.stderr.partition(" ")[0]) == (2, code)
    assert fingerprint(three_nights) == marks
