"""The story of one name in a household, and two accounts held beside each other: true, and complete."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from assets.book import Book
from assets.explained_difference import Contrast, contrast, problem_digest
from assets.explained_name import NameStory, story_of
from assets.explanation import explain
from assets.store import Store
from assets.what_if import household_of, what_if
from assets.what_if_changes import Changes
from ledger.errors import QuestionError
from tests.book_cases import NIGHTS, inputs_of, openbell_here, run_stages
from tests.solver_cases import random_shard, with_sublots

FIRST, SECOND, LAST = (dt.date.fromisoformat(night) for night in NIGHTS)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rewrite(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def story(path: Path, account: str, security: str, *, night: dt.date = LAST) -> NameStory:
    return story_of(store=Store(path), book=Book.open(path), night=night, account_id=account, security_id=security)


def held_beside(path: Path, account: str, against: str, *, night: dt.date = FIRST) -> Contrast:
    return contrast(store=Store(path), book=Book.open(path), night=night, account_id=account, against=against)


def test_the_story_of_a_name_tells_its_lots_sales_windows_and_orders(three_nights: Path) -> None:
    sold = [row for night in NIGHTS[1:] for row in rows_of(three_nights / "feeds" / night / "activity.csv")]
    sale = next(row for row in sold if row["kind"] == "sell")
    found = story(three_nights, sale["account_id"], sale["security_id"])
    accounts = rows_of(three_nights / "static" / "accounts.csv")
    household = {row["account_id"] for row in accounts if row["household_id"] == found.household_id}
    expected = sorted(
        (row["trade_date"], row["account_id"], row["event_id"], row["lot_id"], float(row["shares"]))
        for row in sold
        if row["kind"] == "sell" and row["account_id"] in household and row["security_id"] == sale["security_id"]
    )
    told = sorted(
        (row["sale_date"], row["account_id"], row["sale_id"], row["lot_id"], float(row["shares"]))
        for row in found.sales
    )
    assert told == expected
    positions = rows_of(three_nights / "feeds" / NIGHTS[2] / "positions.csv")
    for account in household:
        held = sum(float(row["shares"]) for row in found.lots if row["account_id"] == account)
        at_custodian = [
            float(row["shares"])
            for row in positions
            if (row["account_id"], row["security_id"]) == (account, sale["security_id"])
        ]
        assert held == pytest.approx(sum(at_custodian))
    prices = rows_of(three_nights / "feeds" / NIGHTS[2] / "prices.csv")
    assert float(found.securities[0]["close_usd"]) == next(
        float(row["close_usd"]) for row in prices if row["security_id"] == sale["security_id"]
    )
    ordered = [
        (row["account_id"], row["side"], row["lot_id"])
        for row in rows_of(three_nights / "published" / NIGHTS[2] / "allocations.csv")
        if row["account_id"] in household and row["security_id"] == sale["security_id"]
    ]
    assert [(row["account_id"], row["side"], row["lot_id"] or "") for row in found.orders] == ordered
    for rows in (found.loss_sales_that_close_purchases, found.purchases_that_close_loss_sales):
        for row in rows:
            assert dt.date.fromisoformat(row["last_day"]) - dt.date.fromisoformat(row["day"]) == dt.timedelta(30)


def test_a_security_that_is_not_there_is_refused_with_its_likes(three_nights: Path) -> None:
    with pytest.raises(QuestionError, match=r"ASK-004 .* such as S0001 or S00"):
        story(three_nights, "A000002", "S00001")
    both = openbell_here(
        "explain", three_nights, "--night", NIGHTS[2], "--account", "A000002", "--security", "S0001", "--against", "A1"
    )
    assert (both.returncode, both.stderr.partition(" ")[0]) == (2, "ASK-005")


def test_two_accounts_part_at_the_first_cell_of_their_policies_that_differs(three_nights: Path) -> None:
    found = held_beside(three_nights, "A000002", "A000003")
    policies = {row["account_id"]: row for row in rows_of(three_nights / "static" / "accounts.csv")}
    this, other = policies["A000002"], policies["A000003"]
    assert found.first_difference is not None
    cell = found.first_difference["input"]
    assert (found.first_difference["kind"], found.first_difference["this"]) == ("policy", this[cell])
    assert this[cell] != other[cell]
    before = list(this)[: list(this).index(cell)]
    assert all(this[name] == other[name] for name in before if name not in ("account_id", "household_id", "owner_id"))
    assert not found.same_problem
    assert len(found.trades) > 0


@pytest.fixture(scope="module")
def twins(three_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], str]:
    """Return a book after one night in which two more lone accounts are images of the first, and their names.

    One lot of the last has another basis; the third value is its security. Three more accounts are held: the custodian
    has other shares, no orders keep the limits, the policy breaks its contract.
    """
    path = inputs_of(three_nights, tmp_path_factory.mktemp("twins") / "book", nights=NIGHTS[:1])
    accounts = rows_of(path / "static" / "accounts.csv")
    households = [row["household_id"] for row in accounts]
    lone = [
        row for row in accounts
        if households.count(row["household_id"]) == 1 and row["frozen"] == "false" and row["mode"] == "tax_aware"
    ]  # fmt: skip
    first, images = lone[0]["account_id"], [row["account_id"] for row in lone[1:3]]
    files = [path / "static" / f"{name}.csv" for name in ("accounts", "opening_lots", "opening_cash", "restrictions")]
    files += [path / "feeds" / NIGHTS[0] / f"{name}.csv" for name in ("positions", "cash", "flows")]
    broken, infeasible, faulty = (row["account_id"] for row in lone[3:6])
    wrong = {infeasible: {"turnover_max": "0.001"}, faulty: {"cash_min": "2"}}
    own = {row["account_id"]: {"household_id": row["household_id"], "owner_id": row["owner_id"]} for row in accounts}
    changed = ""
    for file in files:
        rows = rows_of(file)
        kept = [row for row in rows if row["account_id"] not in images]
        copied = [row | {"account_id": image} for image in images for row in rows if row["account_id"] == first]
        if file.stem == "accounts":
            copied = [row | own[row["account_id"]] for row in copied]
            kept = [row | wrong.get(row["account_id"], {}) for row in kept]
        if file.stem == "positions":
            row = next(row for row in kept if row["account_id"] == broken)
            row["shares"] = str(float(row["shares"]) + 7)
        if file.stem == "opening_lots":
            changed = copied[-1]["security_id"]
            copied[-1]["basis_usd"] = str(float(copied[-1]["basis_usd"]) + 1)
        if file.stem == "flows":
            kept = [row for row in kept if row["account_id"] != infeasible]
            kept.append({"account_id": infeasible, "amount_usd": "-2000000"})
        if kept + copied:
            rewrite(file, kept + copied)
    run_stages(path, night=FIRST)
    return path, [first, *images, broken, infeasible, faulty], changed


def test_accounts_with_the_same_inputs_are_proven_to_have_the_same_orders(twins: tuple[Path, list[str], str]) -> None:
    path, (first, second, *_), _ = twins
    found = held_beside(path, first, second)
    assert (found.first_difference, found.same_problem, found.same_orders) == (None, True, True)
    assert found.trades == ()
    allocations = rows_of(path / "published" / NIGHTS[0] / "allocations.csv")
    one, other = (
        [list(row.values())[2:] for row in allocations if row["account_id"] == account] for account in (first, second)
    )
    assert one == other
    assert len(one) > 5


def test_one_lot_that_differs_is_found(twins: tuple[Path, list[str], str]) -> None:
    path, (first, _, third, *_), changed = twins
    found = held_beside(path, first, third)
    assert found.first_difference is not None
    assert found.first_difference["kind"] == "lots"
    assert found.first_difference["input"].startswith(f"{changed} part ")
    assert [(row["kind"], row["differ"]) for row in found.differences if row["differ"]] == [("lots", 1)]
    assert not found.same_problem


def test_sublots_of_one_lot_and_two_lots_are_not_the_same_problem() -> None:
    whole = random_shard(names=6, factors=2, accounts=1, seed=4, households=False)
    parted = with_sublots(whole, share=0.5, adjustment=0.0, seed=1)
    alone = dataclasses.replace(parted, lot_number=np.arange(len(parted.lot_number)))
    renamed = dataclasses.replace(parted, lot_ids=tuple(f"X{lot}" for lot in range(len(parted.lot_ids))))
    found, other, same = (problem_digest(problem, [], []) for problem in (parted, alone, renamed))
    assert found == same != other


def test_a_held_account_is_told_with_its_numbers_and_what_to_do(twins: tuple[Path, list[str], str]) -> None:
    path, (*_, broken, infeasible, faulty), _ = twins
    store, book = Store(path), Book.open(path)
    found = {
        account: explain(store=store, book=book, night=FIRST, account_id=account)
        for account in (broken, infeasible, faulty)
    }
    statuses = {account: told.outcome["status"] for account, told in found.items()}
    assert statuses == {broken: "HELD_BREAK", infeasible: "HELD_INFEASIBLE", faulty: "HELD_DATA"}
    for told in found.values():
        assert (told.orders, told.certificate) == ((), None)
        assert (told.non_trades, told.binding_limits, told.relaxations) == ((), (), ())
        assert all(sums["parts"] == sums["published"] for sums in told.added_up.values())
    assert [row["what"] for row in found[broken].stops] == ["break"]
    assert "difference 7.000000 shares" in found[broken].stops[0]["found"]
    assert "openbell accept" in found[broken].outcome["remedy"]
    assert found[broken].outcome["proposed_orders"] > 0
    asked = household_of(store=store, book=book, night=FIRST, account_id=broken)
    again = what_if(asked, Changes())
    assert (again.published_status, again.same_as_stored) == ("HELD_BREAK", True)
    assert {row["limit"] for row in found[infeasible].conflicts} & {"turnover", "cash_min"}
    assert all(row["short_of"] > 0 for row in found[infeasible].conflicts)
    assert "static/accounts column cash_min: found" in found[faulty].outcome["reasons"]
    parted = held_beside(path, faulty, broken)
    assert parted.statuses == {"this": "HELD_DATA", "other": "HELD_BREAK"}
