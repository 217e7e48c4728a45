"""The HTML reports of a published night: its figures are the published ones, and anybody can read the page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from assets.book import Book
from assets.night_facts import NightFacts, night_facts
from assets.store import Store
from ledger.errors import NightOrderError
from pipelines.report_commands import write_report
from reports.night_figures import HELD_SHOWN
from reports.night_page import night_page
from reports.tables import Column, table
from reports.words import OUTCOMES
from solvers.problem import Status
from tests.book_cases import NEXT_NIGHT, NIGHTS, openbell
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


def published(book: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(book / "published" / str(NIGHT) / name, infer_schema_length=None)


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
            require_equal(row[label], of[column].sum())


def test_trades_are_told_with_the_sums_of_the_published_allocations_and_orders(three_nights: Path, page: Node) -> None:
    allocations, orders = (published(three_nights, name) for name in ("allocations.csv", "orders.csv"))
    *rows, total = tables_of(page)["Allocations by reason"]
    assert len(rows) == allocations.select("side", "reason").unique().height
    for row in rows:
        side, reason = row["Why"].split(": ")
        of = allocations.filter(pl.col("side") == side, pl.col("reason") == reason)
        assert (number_of(row["Allocations"]), number_of(row["Accounts"])) == (of.height, of["account_id"].n_unique())
        require_equal(row["Value, USD"], of["estimated_usd"].sum())
    require_equal(total["Value, USD"], orders["estimated_usd"].sum())
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
    assert told["Median gap"] == f"{gaps.median():.5f} bp of value"
    assert told["Largest gap"] == f"{gaps.max():.5f} bp of value"
    before, after = told["Cash before, after"].split(", $")
    require_equal(before, accounts["cash_before_usd"].sum())
    require_equal(after, accounts["cash_after_usd"].sum())


def test_what_is_harvested_is_published_and_no_more_than_was_possible(three_nights: Path, facts: NightFacts) -> None:
    """By account: the losses open to harvest are no fewer than the published ones."""
    possible = facts.open_losses.filter(pl.col("state") == "open")
    rows = facts.accounts.join(possible, on="account_id", how="left").with_columns(pl.col("loss_microusd").fill_null(0))
    assert rows["harvested_loss_microusd"].sum() > 0
    assert rows.filter(pl.col("harvested_loss_microusd") > pl.col("loss_microusd")).is_empty()
    harvested = published(three_nights, "accounts.csv")["harvested_loss_usd"].sum()
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
    assert not (three_nights / "reports").exists()


def test_the_same_night_gives_the_same_bytes(book_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in os.environ.items():
        monkeypatch.setenv(name, value)  # what the command sets of the environment is put back
    written = openbell("report", book_copy, "--night", NIGHT, "--json")
    assert written.returncode == 0, written.stderr
    document = json.loads(written.stdout)
    path = Path(document["page"])
    assert path == book_copy / "reports" / str(NIGHT) / "index.html"
    text = path.read_text(encoding="utf-8")
    write_report(Book.open(book_copy), night=NIGHT)
    assert path.read_text(encoding="utf-8") == text
    assert "accounts a second" in text
    assert [left.name for left in path.parent.iterdir()] == ["index.html"]
