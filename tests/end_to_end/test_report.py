"""The HTML reports of a published night: its figures are the published ones, and anybody can read the page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.account_facts import AccountFacts, account_facts
from assets.book import Book
from assets.night_facts import NightFacts, night_facts
from assets.store import Store
from ledger.errors import NightOrderError, SettingError
from pipelines.report_commands import write_report
from reports.account_figures import account_figures
from reports.account_page import account_page, page_name
from reports.night_figures import HELD_SHOWN
from reports.night_page import night_page
from reports.tables import Column, table
from reports.words import OUTCOMES
from solvers.problem import Status
from tests.book_cases import NEXT_NIGHT, NIGHTS, fingerprint, openbell
from tests.report_cases import Node, number_of, read_page, tables_of

NIGHT = dt.date.fromisoformat(NIGHTS[1])
HOSTILE = "</td><script>alert('1')</script> & \"$x^\\frac$\" \x00\x1b[31m {{ 7 * 7 }} **b**"


@pytest.fixture(scope="module")
def facts(three_nights: Path) -> NightFacts:
    book = Book.open(three_nights)
    return night_facts(store=Store(book.path), book=book, night=NIGHT)


@pytest.fixture(scope="module")
def page(facts: NightFacts) -> Node:
    return read_page(night_page(facts, run=None))


def published(book: Path, name: str, *, night: str = NIGHTS[1]) -> pl.DataFrame:
    return pl.read_csv(book / "published" / night / name, infer_schema_length=None)


def total(column: pl.Series) -> float:
    return float(column.cast(pl.Float64).to_numpy().sum())


def require_equal(told: str, expected: float) -> None:
    assert abs(number_of(told) - expected) <= 0.5 + 1e-6, (told, expected)


def test_every_outcome_is_told_with_the_sums_of_the_published_accounts(three_nights: Path, page: Node) -> None:
    accounts = published(three_nights, "accounts.csv")
    rows = tables_of(page)[f"Accounts by outcome, night of {NIGHT}"]
    assert {row["Outcome"] for row in rows} == {*accounts["status"], "All"}
    for row in rows:
        of = accounts if row["Outcome"] == "All" else accounts.filter(pl.col("status") == row["Outcome"])
        assert number_of(row["Accounts"]) == of.height
        assert number_of(row["Orders"]) == of["orders"].sum()
        for label, column in (
            ("Losses harvested, USD", "harvested_loss_usd"),
            ("Realised gain, USD", "realized_gain_usd"),
            ("Tax saved, USD", "tax_saved_usd"),
        ):
            require_equal(row[label], total(of[column]))


def test_trades_are_told_with_the_sums_of_the_published_allocations_and_orders(three_nights: Path, page: Node) -> None:
    allocations, orders = (published(three_nights, name) for name in ("allocations.csv", "orders.csv"))
    *rows, every = tables_of(page)["Allocations by reason"]
    assert len(rows) == allocations.select("side", "reason").unique().height
    for row in rows:
        side, reason = row["Why"].split(": ")
        of = allocations.filter(pl.col("side") == side, pl.col("reason") == reason)
        assert (number_of(row["Allocations"]), number_of(row["Accounts"])) == (of.height, of["account_id"].n_unique())
        require_equal(row["Value, USD"], total(of["estimated_usd"]))
    require_equal(every["Value, USD"], total(orders["estimated_usd"]))
    largest = tables_of(page)["Largest block orders"]
    assert [number_of(row["Value, USD"]) for row in largest] == pytest.approx(
        orders["estimated_usd"].sort(descending=True).head(len(largest)).to_list(), abs=0.5
    )


def test_risk_cash_and_certificate_are_those_of_the_published_accounts(three_nights: Path, page: Node) -> None:
    accounts = published(three_nights, "accounts.csv")
    bins = tables_of(page)["Accounts by tracking error"]
    for label, column in (("Before", "tracking_error_before_bps"), ("After", "tracking_error_after_bps")):
        errors = accounts[column].drop_nulls()
        assert number_of(bins[-1][label]) == errors.len()
        assert number_of(bins[0][label]) == errors.filter(errors <= 25).len()
    gaps = accounts["gap_bp"].drop_nulls()
    told = {
        term.text(): value.text()
        for facts in page.all("dl")
        for term, value in zip(facts.all("dt"), facts.all("dd"), strict=False)
        if facts.attributes["class"] == "facts"
    }
    assert number_of(told["Certified accounts"]) == gaps.len()
    assert told["Median gap"] == f"{np.median(gaps.to_numpy()):.5f} bp of value"
    assert told["Largest gap"] == f"{gaps.to_numpy().max():.5f} bp of value"
    before, after = told["Cash before, after"].split(", $")
    require_equal(before, total(accounts["cash_before_usd"]))
    require_equal(after, total(accounts["cash_after_usd"]))


def test_what_is_harvested_is_published_and_no_more_than_was_possible(three_nights: Path, facts: NightFacts) -> None:
    """By account: the losses open to harvest are no fewer than the published ones."""
    possible = facts.open_losses.filter(pl.col("state") == "open")
    rows = facts.accounts.join(possible, on="account_id", how="left").with_columns(pl.col("loss_microusd").fill_null(0))
    assert rows["harvested_loss_microusd"].sum() > 0
    assert rows.filter(pl.col("harvested_loss_microusd") > pl.col("loss_microusd")).is_empty()
    harvested = total(published(three_nights, "accounts.csv")["harvested_loss_usd"])
    assert facts.accounts["harvested_loss_microusd"].sum() == round(harvested * 1e6)


def test_every_held_account_is_told_with_its_reasons_and_what_to_do(three_nights: Path, page: Node) -> None:
    held = published(three_nights, "accounts.csv").filter(pl.col("status").str.starts_with("HELD"))
    told = {row["Account"]: row for row in tables_of(page)["Held accounts, largest first"]}
    assert told.keys() == set(held["account_id"])
    for account, status, reasons in held.select("account_id", "status", "reasons").iter_rows():
        assert (told[account]["Outcome"], told[account]["Reason"]) == (status, reasons)
        assert told[account]["What to do"] == OUTCOMES[status].remedy


def test_every_outcome_that_exists_has_words() -> None:
    assert list(OUTCOMES) == list(Status)


def test_a_page_looks_back_and_never_ahead(three_nights: Path) -> None:
    book = Book.open(three_nights)
    first = night_facts(store=Store(book.path), book=book, night=dt.date.fromisoformat(NIGHTS[0]))
    assert first.past["night"].to_list() == [dt.date.fromisoformat(NIGHTS[0])]


def require_readable(page: Node) -> None:
    """Hold a page to what a screen reader, a keyboard and a machine without a network need."""
    (root,) = page.all("html")
    assert root.attributes["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("main", "header", "footer", "h1", "title", "script", "link")] == [
        1, 1, 1, 1, 1 + len(page.all("svg")), 0, 0,
    ]  # fmt: skip
    ids = Counter(node.attributes["id"] for node in page.all() if "id" in node.attributes)
    assert max(ids.values()) == 1, ids.most_common(3)
    for node in page.all():
        named = (node.attributes.get("aria-labelledby") or "").split()
        links = [link[1:] for link in (node.attributes.get("href"),) if link and link.startswith("#")]
        assert {*named, *links} <= ids.keys()
        assert not any((value or "").startswith(("http", "//", "file")) for value in node.attributes.values())
        assert not any(name.startswith("on") for name in node.attributes)
    levels = [int(node.tag[1]) for node in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for svg in page.all("svg"):
        assert [child.tag for child in svg.children[:2]] == ["title", "desc"]
        assert all(child.text() for child in svg.children[:2])
        assert svg.attributes["role"] == "img"
    for shown in page.all("table"):
        assert shown.children[0].tag == "caption"
        assert all(head.attributes.get("scope") in ("col", "row") for head in shown.all("th"))


def test_the_night_page_can_be_read_by_anybody(page: Node) -> None:
    require_readable(page)
    assert len(page.all("svg")) == 4


def test_hostile_ids_and_names_are_shown_as_they_are_and_do_nothing(facts: NightFacts) -> None:
    hostile = dataclasses.replace(
        facts,
        accounts=facts.accounts.with_columns(account_id=pl.col("account_id") + HOSTILE, reasons=pl.lit(HOSTILE)),
        orders=facts.orders.with_columns(symbol=pl.lit(HOSTILE), name=pl.lit(HOSTILE), sector=pl.lit(HOSTILE)),
        reasons=facts.reasons.with_columns(reason=pl.lit(HOSTILE)),
    )
    text = night_page(hostile, run=None)
    page = read_page(text)
    require_readable(page)
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert all(row["Account"].endswith(shown) for row in tables_of(page)["Held accounts, largest first"])
    assert {row["Symbol"] for row in tables_of(page)["Largest block orders"]} == {shown}
    assert "\x00" not in text
    assert "49" not in tables_of(page)["Held accounts, largest first"][0]["Account"]


@pytest.fixture(scope="module")
def some_accounts(three_nights: Path) -> list[AccountFacts]:
    """Who trades most, who harvests most tonight and who did the night before, and one that is held."""
    accounts = published(three_nights, "accounts.csv")
    held = accounts.filter(pl.col("status").str.starts_with("HELD"))["account_id"][0]
    most, harvester = (
        accounts.sort(column, descending=True)["account_id"][0] for column in ("orders", "harvested_loss_usd")
    )
    before = published(three_nights, "accounts.csv", night=NIGHTS[0])
    earlier = before.sort("harvested_loss_usd", descending=True)["account_id"][0]
    book = Book.open(three_nights)
    return account_facts(store=Store(book.path), book=book, night=NIGHT, accounts=(most, harvester, held, earlier))


def test_an_account_page_has_its_published_orders_and_outcome(
    three_nights: Path, some_accounts: list[AccountFacts]
) -> None:
    allocations, accounts = (published(three_nights, name) for name in ("allocations.csv", "accounts.csv"))
    for facts in some_accounts:
        page = read_page(account_page(facts))
        require_readable(page)
        tables = tables_of(page)
        account = facts.outcome["account_id"]
        of = allocations.filter(pl.col("account_id") == account).sort("estimated_usd", descending=True)
        orders = tables.get("Tonight's orders of the account", [])
        assert [number_of(row["Value, USD"]) for row in orders] == pytest.approx(
            of["estimated_usd"].to_list(), abs=0.006
        )
        assert sorted((row["Side"], row["Reason"]) for row in orders) == sorted(of.select("side", "reason").iter_rows())
        (outcome,) = accounts.filter(pl.col("account_id") == account).iter_rows(named=True)
        newest = tables["Past nights, this one first"][0]
        assert (newest["Night"], newest["Outcome"]) == (str(NIGHT), outcome["status"])
        assert number_of(newest["Orders"]) == outcome["orders"] == len(orders)
        require_equal(newest["Losses harvested, USD"], outcome["harvested_loss_usd"])
        assert len(tables["Past nights, this one first"]) == NIGHTS.index(str(NIGHT)) + 1


def test_an_account_page_adds_up(some_accounts: list[AccountFacts]) -> None:
    """Weights sum to one before and after; lots by age, by security and the account's value agree."""
    for facts in some_accounts:
        figures = account_figures(facts)
        sums = figures.sectors.select(pl.col("weight", "weight_after", "benchmark_weight").sum()).row(0)
        assert sums == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)
        value = facts.outcome["nav_microusd"] - facts.outcome["cash_before_microusd"]
        assert figures.holdings["value_microusd"].sum() == pytest.approx(value, abs=figures.lots_in_all)
        assert figures.ages["value_microusd"].sum() == pytest.approx(value, abs=figures.lots_in_all)
        assert figures.ages["lots"].sum() == figures.lots_in_all
        gains = figures.ages.select(pl.col("gains_microusd") + pl.col("losses_microusd")).to_series().sum()
        assert gains == pytest.approx(figures.holdings["gain_microusd"].sum(), abs=figures.lots_in_all)


def test_the_gains_of_the_year_are_those_that_the_lots_have_booked(
    three_nights: Path, some_accounts: list[AccountFacts]
) -> None:
    """What the first night sold is booked on the second: the budget is held against both."""
    store = Store(three_nights)
    booked = 0
    for facts in some_accounts:
        account, shard = facts.outcome["account_id"], facts.outcome["shard"]
        with store.reading({"lots": store.head("lots", night=NIGHT, shard=shard)}) as tables:
            rows = tables.select("from lots.realized_to_date").filter(pl.col("account_id") == account)
        sums = rows.select(pl.sum_horizontal(pl.selectors.ends_with("_microusd")).sum()).item()
        assert account_figures(facts).realized_microusd == sums
        booked += abs(sums)
    assert booked > 0


def test_hostile_ids_are_no_file_names_and_do_nothing_on_an_account_page(some_accounts: list[AccountFacts]) -> None:
    facts = some_accounts[1]
    renamed = {
        name: rows.with_columns(
            pl.lit(HOSTILE).alias(column)
            for column in ("symbol", "name", "sector", "symbols", "lot_id", "reason", "detail")
            if column in rows.columns
        )
        for name, rows in facts.tables.items()
    }
    outcome = {**facts.outcome, "account_id": HOSTILE, "household_id": HOSTILE, "reasons": HOSTILE}
    text = account_page(dataclasses.replace(facts, tables=renamed, outcome=outcome))
    require_readable(read_page(text))
    assert "\x00" not in text
    names = {
        page_name(account) for account in (HOSTILE, "..", "../../x", "A/B", "A-B", "a-b", "CON", "\ud800", "é" * 300)
    }
    assert len(names) == 9
    assert all(re.fullmatch(r"account-[A-Za-z0-9-]{12,60}\.html", name) for name in names)


def test_an_account_whose_shard_had_not_answered_has_a_page_that_says_so(some_accounts: list[AccountFacts]) -> None:
    facts = some_accounts[0]
    unknown = dict.fromkeys(("nav_microusd", "objective", "bound", "gap_bp", "gap_microusd", "gap_continuous_bp"))
    unknown |= dict.fromkeys(("tracking_error_before_bps", "tracking_error_after_bps"))
    silent = dataclasses.replace(
        facts, tables={}, outcome={**facts.outcome, **unknown, "status": "HELD_DEADLINE", "reasons": "", "orders": 0}
    )
    page = read_page(account_page(silent))
    assert "Not answered" in {title.text() for title in page.all("h2")}


def test_a_table_without_rows_and_one_with_nothing_to_tell_are_tables() -> None:
    columns = (Column("name", "Name"), Column("loss", "Loss, USD", "usd"))
    empty = pl.DataFrame(schema={"name": pl.String, "loss": pl.Int64})
    assert tables_of(read_page(table("t", empty, caption="Nothing", columns=columns))) == {"Nothing": []}
    one = pl.DataFrame({"name": ["a"], "loss": [None]}, schema_overrides={"loss": pl.Int64})
    assert tables_of(read_page(table("t", one, caption="One", columns=columns))) == {
        "One": [{"Name": "a", "Loss, USD": "–"}]
    }


def test_the_page_of_a_large_book_stays_below_a_megabyte_and_sums_the_accounts_that_it_does_not_list(
    facts: NightFacts,
) -> None:
    times = 20_000 // facts.accounts.height
    copies = pl.DataFrame({"copy": range(times)}, schema={"copy": pl.String})
    many = facts.accounts.join(copies, how="cross").with_columns(
        account_id=pl.concat_str("account_id", pl.lit("-"), "copy")
    )
    text = night_page(dataclasses.replace(facts, accounts=many), run=None)
    assert len(text.encode()) < 1_000_000
    tables = tables_of(read_page(text))
    held = times * facts.accounts.filter(pl.col("status").str.starts_with("HELD")).height
    assert len(tables["Held accounts, largest first"]) == HELD_SHOWN
    assert sum(number_of(row["Accounts"]) for row in tables["Held accounts that are not listed"]) == held - HELD_SHOWN


def test_a_night_that_is_not_published_is_refused_and_nothing_is_written(three_nights: Path) -> None:
    refused = openbell("report", three_nights, "--night", NEXT_NIGHT, "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"]["code"] == "NIGHT-006"
    with pytest.raises(NightOrderError):
        write_report(Book.open(three_nights), night=dt.date(2026, 9, 5))
    with pytest.raises(SettingError, match="SET-028 --account: found 'A999999'"):
        write_report(Book.open(three_nights), night=NIGHT, accounts=("A999999",))
    assert not (three_nights / "reports").exists()


def test_the_same_night_gives_the_same_bytes(book_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in os.environ.items():
        monkeypatch.setenv(name, value)  # what the command sets of the environment is put back
    account = published(book_copy, "accounts.csv")["account_id"][3]
    written = openbell("report", book_copy, "--night", NIGHT, "--account", account, "--json")
    assert written.returncode == 0, written.stderr
    document = json.loads(written.stdout)
    path = Path(document["page"])
    assert path == book_copy / "reports" / str(NIGHT) / "index.html"
    assert document["accounts"] == {account: str(path.with_name(page_name(account)))}
    before = fingerprint(path.parent)
    assert before.keys() == {"index.html", page_name(account)}
    write_report(Book.open(book_copy), night=NIGHT, accounts=(account,))
    assert fingerprint(path.parent) == before
    assert "accounts a second" in path.read_text(encoding="utf-8")
