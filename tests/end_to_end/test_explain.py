"""What `openbell explain` says of a night is true: it adds up, and its claims are found again in the night's files."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.book import Book
from assets.catalogue import Catalogue
from assets.explanation import Explanation, explain
from assets.publish import sha256_of
from assets.store import Store
from ledger.errors import NightOrderError, OpenbellError, QuestionError
from tests.book_cases import NIGHTS, fingerprint, openbell_here, run_stages

SECOND = dt.date.fromisoformat(NIGHTS[1])
LAST = dt.date.fromisoformat(NIGHTS[2])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def explained(path: Path, account: str, *, night: dt.date = SECOND) -> Explanation:
    return explain(store=Store(path), book=Book.open(path), night=night, account_id=account)


@pytest.fixture(scope="module")
def second_night(three_nights: Path) -> dict[str, Explanation]:
    """Return every account of the book, explained."""
    accounts = rows_of(three_nights / "published" / NIGHTS[1] / "accounts.csv")
    return {row["account_id"]: explained(three_nights, row["account_id"]) for row in accounts}


def test_the_parts_of_every_accounts_orders_add_up_to_what_is_published(
    three_nights: Path, second_night: dict[str, Explanation]
) -> None:
    published = three_nights / "published" / NIGHTS[1]
    allocations = rows_of(published / "allocations.csv")
    for row in rows_of(published / "accounts.csv"):
        found = second_night[row["account_id"]]
        assert found.outcome["status"] == row["status"]
        for figure, sums in found.added_up.items():
            assert sums["parts"] == sums["published"], (row["account_id"], figure)
            assert float(sums["parts"]) == float(row[figure]), (row["account_id"], figure)
        orders = [order for order in allocations if order["account_id"] == row["account_id"]]
        told = [(order["security_id"], order["side"], order["lot_id"] or "") for order in found.orders]
        assert told == [(order["security_id"], order["side"], order["lot_id"]) for order in orders]
        assert [float(order["estimated_usd"]) for order in found.orders] == [
            float(order["estimated_usd"]) for order in orders
        ]
    assert sum(len(found.orders) for found in second_night.values()) > 100


def test_tax_cost_and_risk_of_the_orders_are_the_change_of_the_objective(second_night: dict[str, Explanation]) -> None:
    parts = [found.objective_parts for found in second_night.values() if found.objective_parts]
    assert len(parts) > 10
    for part in parts:
        assert part["sum_usd"] == pytest.approx(part["objective_less_idle_usd"], abs=1e-3)
        assert part["risk_after_usd"] - part["risk_before_usd"] == pytest.approx(part["risk_usd"], abs=1e-6)


def non_trades(found: dict[str, Explanation], *stops: str) -> Iterator[tuple[Explanation, dict[str, Any]]]:
    for account in found.values():
        for row in account.non_trades:
            if row["stopped_by"] in stops:
                yield account, row


def test_a_wash_window_names_the_trades_that_opened_it_and_ends_thirty_days_after_the_last(
    three_nights: Path, second_night: dict[str, Explanation]
) -> None:
    feeds = [rows_of(path) for path in sorted(three_nights.glob("feeds/*/activity.csv"))]
    activity = {row["event_id"]: row for rows in feeds for row in rows}
    opened = {(row["account_id"], row["lot_id"]): row for row in rows_of(three_nights / "static" / "opening_lots.csv")}
    opened |= {(row["account_id"], row["lot_id"]): row for row in activity.values() if row["kind"] == "buy"}
    sides = []
    for account, row in non_trades(second_night, "wash_window"):
        days = [dt.date.fromisoformat(cause["day"]) for cause in row["because"]]
        assert dt.date.fromisoformat(row["until"]) == max(days) + dt.timedelta(days=30)
        assert row["until"] >= account.trade_date
        assert row["told"].startswith(f"wash window through {row['until']}: ")
        for cause in row["because"]:
            if row["side"] == "buy":
                fact = activity[cause["event_id"]]
                assert (fact["kind"], fact["trade_date"]) == ("sell", cause["day"])
                assert float(cause["loss_usd"]) > 0
            else:
                fact = opened[cause["account_id"], cause["lot_id"]]
                assert cause["day"] in (fact.get("acquired_date"), fact.get("trade_date"))
            assert (fact["account_id"], fact["security_id"]) == (cause["account_id"], cause["security_id"])
            assert second_night[cause["account_id"]].household_id == account.household_id
        sides.append(row["side"])
    assert {"buy", "sell"} == set(sides)


def stopped_on_the_first_night(book: Path, *kinds: str) -> list[tuple[Explanation, dict[str, Any]]]:
    """Return what was not traded on the first night for one of ``kinds``, of an account for each of them."""
    chosen = Catalogue.of(book).polars(
        f"select distinct min(account_id) as account_id from proposals.non_trade "
        f"where night = '{NIGHTS[0]}' and stopped_by in {kinds} group by stopped_by order by 1"
    )
    explanations = {
        account: explained(book, account, night=dt.date.fromisoformat(NIGHTS[0]))
        for account in chosen["account_id"].to_list()
    }
    return list(non_trades(explanations, *kinds))


def test_a_trade_that_tonights_orders_closed_names_them(three_nights: Path) -> None:
    allocations = {
        (row["account_id"], row["security_id"], row["side"], row["lot_id"])
        for row in rows_of(three_nights / "published" / NIGHTS[0] / "allocations.csv")
    }
    closed = ("household_purchase", "household_loss_sale", "purchase_tonight", "loss_sale_tonight")
    found = stopped_on_the_first_night(three_nights, *closed)
    for account, row in found:
        assert row["because"], (account.account_id, row)
        for cause in row["because"]:
            key = (cause["account_id"], cause["security_id"], cause["side"], cause["lot_id"] or "")
            assert key in allocations
            assert cause["side"] != row["side"]
            assert (cause["account_id"] == account.account_id) == row["stopped_by"].endswith("tonight")
    assert {row["stopped_by"] for _, row in found} == set(closed)


def test_a_restriction_that_barred_a_trade_is_the_files_own(three_nights: Path) -> None:
    stated = {
        (row["account_id"], row["kind"], row["on"], row["value"])
        for row in rows_of(three_nights / "static" / "restrictions.csv")
    }
    kinds = ("exclusion", "no_sell")
    found = stopped_on_the_first_night(three_nights, *kinds)
    for account, row in found:
        assert row["because"], row
        for cause in row["because"]:
            assert (account.account_id, cause["kind"], cause["on_what"], cause["value"]) in stated
            assert cause["kind"] in row["told"]
    assert {row["stopped_by"] for _, row in found} == set(kinds)


def test_an_order_leads_back_to_the_price_file(three_nights: Path, second_night: dict[str, Explanation]) -> None:
    found = next(account for account in second_night.values() if account.orders)
    published = three_nights / "published" / NIGHTS[1]
    assert found.lineage["published"]["manifest_sha256"] == sha256_of(published / "manifest.json")
    assert found.lineage["published"]["files"]["allocations.csv"] == sha256_of(published / "allocations.csv")
    partitions = found.lineage["partitions"]
    step = f"trades/{NIGHTS[1]}"
    for asset in (f"reconciliation/{NIGHTS[1]}/{found.shard}", f"proposals/{NIGHTS[1]}/{found.shard}"):
        assert partitions[step]["read"][asset] == partitions[asset]["digest"]
        step = asset
    prices = f"prices/{NIGHTS[1]}"
    assert partitions[step]["read"][prices] == partitions[prices]["digest"]
    file = f"feeds/{NIGHTS[1]}/prices.csv"
    assert partitions[prices]["read"][file] == sha256_of(three_nights / file) == found.lineage["feed_files"][file]


def test_a_published_night_is_explained_from_what_it_sealed_wherever_the_heads_have_moved(book_copy: Path) -> None:
    accounts = [row["account_id"] for row in rows_of(book_copy / "published" / NIGHTS[2] / "accounts.csv")][:4]
    before = [explained(book_copy, account, night=LAST).document() for account in accounts]
    for head in book_copy.glob(f"store/*/{NIGHTS[2]}/**/head.json"):
        head.unlink()
    marks = fingerprint(book_copy)
    assert [explained(book_copy, account, night=LAST).document() for account in accounts] == before
    assert fingerprint(book_copy) == marks, "explaining writes nothing"


def test_a_night_that_is_not_published_says_so(book_copy: Path) -> None:
    account = rows_of(book_copy / "published" / NIGHTS[2] / "allocations.csv")[0]["account_id"]
    published = explained(book_copy, account, night=LAST)
    shutil.rmtree(book_copy / "published" / NIGHTS[2])
    found = explained(book_copy, account, night=LAST)
    assert (published.published, found.published, found.lineage["published"]) == (True, False, None)
    assert (found.outcome, found.orders) == (published.outcome, published.orders)
    (book_copy / "store" / "reconciliation" / NIGHTS[2] / found.shard / "head.json").unlink()
    with pytest.raises(QuestionError, match="ASK-003"):
        explained(book_copy, account, night=LAST)
    run_stages(book_copy, night=LAST, groups=("trades",), past_deadline=True)
    late = explained(book_copy, account, night=LAST)
    assert (late.outcome["status"], late.orders, late.certificate) == ("HELD_DEADLINE", (), None)
    assert "openbell night --revision" in late.outcome["remedy"]


def test_questions_about_what_is_not_there_are_refused_by_name(three_nights: Path) -> None:
    refused: list[tuple[str, dt.date, type[OpenbellError], str]] = [
        ("A999999", SECOND, QuestionError, "ASK-002"),
        ("A000001", dt.date(2026, 9, 5), NightOrderError, "NIGHT-001"),
        ("A000001", dt.date(2026, 9, 4), QuestionError, "ASK-001"),
    ]
    for account, night, kind, code in refused:
        with pytest.raises(kind, match=code):
            explained(three_nights, account, night=night)


def test_the_command_tells_people_in_text_and_programs_in_json(
    three_nights: Path, second_night: dict[str, Explanation]
) -> None:
    found = max(second_night.values(), key=lambda account: len(account.orders))
    asked = ("explain", three_nights, "--night", NIGHTS[1], "--account")
    text, document = openbell_here(*asked, found.account_id), openbell_here(*asked, found.account_id, "--json")
    assert json.loads(document.stdout) == json.loads(json.dumps(found.document()))
    assert "the sum of the orders equals the account's figures" in text.stdout
    assert "\x1b" not in text.stdout
    for row in (*found.orders, *found.non_trades):
        assert row["security_id"] in text.stdout
    refused = openbell_here(*asked, "A999999", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (2, "ASK-002")
