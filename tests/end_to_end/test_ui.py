"""The operator at work in the real web interface: real webserver, daemon and browser over one book.

One server and one browser serve all of these tests. The backfill is launched first and looked at last: Dagster takes
up backfills twice a minute.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.book import Book
from assets.fault_points import FORMAT, PLAN_VARIABLE
from assets.rulings import read_rulings, switches_in_force
from assets.store import Store
from pipelines.custodian import write_next_feeds
from tests.book_cases import NEXT_NIGHT, NIGHTS, fingerprint
from tests.desk_cases import ENDED, Desk, desk_over
from tests.server_cases import wait_until

pytestmark = pytest.mark.ui

NIGHT, SHARD, OTHER_SHARD = NIGHTS[1], "s001", "s000"
REASON = "nobody trades until the feed is understood"
FREEZE_THE_BOOK = f"""\
ops:
  switch:
    config:
      change: FREEZE
      whole_book: true
      reason: {REASON}
"""
PUBLISH_SECONDS = 400


@pytest.fixture(scope="module")
def desk(three_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return the one desk of these tests: a book of three published nights; one of its accounts is frozen.

    Its runs are not tried again by themselves, and follow a plan of faults once there is one.
    """
    folder = tmp_path_factory.mktemp("desk")
    path = folder / "book"
    shutil.copytree(three_nights, path)
    settings = (path / "book.toml").read_text(encoding="utf-8")
    (path / "book.toml").write_text(settings.replace("retries_max = 2", "retries_max = 0"), encoding="utf-8")
    with desk_over(
        path, made_in=three_nights, log=folder / "ui.log", environment={PLAN_VARIABLE: str(plan_of(path))}
    ) as desk:
        yield desk


@pytest.fixture(scope="module")
def backfill(desk: Desk) -> str:
    """Launch a backfill of three nights of one shard from the page of its job, and return its id."""
    desk.visit("/locations/pipelines.definitions/jobs/books/partitions")
    desk.page.get_by_role("button", name=re.compile("Materialize")).first.click()
    desk.choose(nights=f"[{NIGHTS[0]}...{NIGHTS[-1]}]", shard=OTHER_SHARD).click()

    def launched() -> list[dict[str, str]]:
        found = desk.ask("{ partitionBackfillsOrError { ... on PartitionBackfills { results { id } } } }")
        backfills: list[dict[str, str]] = found["partitionBackfillsOrError"]["results"]
        return backfills

    wait_until(lambda: len(launched()) == 1, seconds=60, what="the backfill is launched")
    return launched()[0]["id"]


def plan_of(book: Path) -> Path:
    return book.parent / "faults.json"


def contents(book: Path) -> dict[str, str]:
    """Return the digest of every file in the store and published, those that are just being written left out."""
    found = fingerprint(book / "store") | fingerprint(book / "published")
    return {name: digest for name, digest in found.items() if not name.startswith(".")}


def tags_of(*, night: str, shard: str) -> dict[str, str]:
    return {"dagster/partition": f"{night}|{shard}"}


@pytest.mark.usefixtures("backfill")
def test_an_operator_materialises_one_partition_and_nothing_changes(desk: Desk) -> None:
    before, tags = contents(desk.book), tags_of(night=NIGHT, shard=SHARD)
    earlier = {run["runId"] for run in desk.runs(tags)}
    desk.visit("/assets/proposals?view=partitions")
    desk.page.get_by_role("button", name=re.compile("Materialize")).first.click()
    launch = desk.choose(nights=NIGHT, shard=SHARD)
    desk.keep("materialise")
    launch.click()
    run = desk.run_of(tags, but=earlier)
    assert run["status"] == "SUCCESS"
    desk.visit(f"/assets/proposals?view=partitions&partition={NIGHT}%7C{SHARD}")
    desk.page.get_by_text(run["runId"][:8]).first.wait_for()
    head = Store(desk.book).head("proposals", night=dt.date.fromisoformat(NIGHT), shard=SHARD)
    assert head.digest in desk.told("digest")
    assert float(desk.told("seconds").split()[-1]) > 0
    desk.keep("partition")
    assert contents(desk.book) == before


def test_the_graph_reads_from_left_to_right_as_the_night(desk: Desk) -> None:
    desk.visit("/asset-groups")
    left = {}
    for group in ("feeds", "market", "accounts", "books", "trades"):
        node = desk.page.locator("svg foreignObject").filter(has_text=group).last
        node.wait_for()
        box = node.bounding_box()
        assert box is not None
        left[group] = box["x"]
    desk.keep("graph", size={"height": 640})
    assert left["feeds"] < min(left["market"], left["accounts"])
    assert max(left["market"], left["accounts"]) < left["books"] < left["trades"]


def test_the_page_of_the_trades_tells_outcomes_and_who_is_held(desk: Desk) -> None:
    store, night = Store(desk.book), dt.date.fromisoformat(NIGHTS[-1])
    with store.reading({"trades": store.head("trades", night=night)}) as tables:
        outcomes = tables.select("select status, count(*) from trades.account_outcome group by all order by all").rows()
        held = tables.select(
            "select account_id, reasons from trades.account_outcome where status like 'HELD%' order by all"
        ).rows()
    assert held, "this book has a frozen account"
    desk.visit(f"/assets/trades?view=partitions&partition={NIGHTS[-1]}")
    told, listed = desk.told("outcomes"), desk.told("held_accounts")
    for status, accounts in outcomes:
        assert re.search(rf"{status}\s+{accounts}\b", told)
    for account, reason in held:
        assert account in listed
        assert reason in listed
    assert f"/published/{NIGHTS[-1]}" in desk.told("published")
    assert "none" in desk.told("switches")
    plot = desk.page.get_by_role("img", name="accounts by outcome")
    assert plot.evaluate("picture => picture.complete && picture.naturalWidth > 100")
    desk.visit("/assets/trades")
    for words in ("one row per (security_id, s", "micro-dollars", "operations", "Freshness policy", "06:00 AM"):
        desk.page.get_by_text(words).first.wait_for()
    desk.keep("trades", size={"width": 1440, "height": 1300})


def test_what_starts_the_night_is_on_and_says_what_it_does(desk: Desk) -> None:
    desk.visit("/automation")
    for name in ("evening", "night_line", "failure_alert", "published_alert"):
        desk.page.get_by_text(name, exact=True).first.wait_for()
    switched_on = desk.page.locator("input[type=checkbox]:checked")
    wait_until(lambda: switched_on.count() == 4, seconds=60, what="four switches")
    desk.keep("automation", size={"height": 640})
    desk.visit("/locations/pipelines.definitions/sensors/night_line")
    desk.page.get_by_text("Feeds in -> market and accounts -> every shard").first.wait_for()


def test_the_launchpad_freezes_the_book(desk: Desk) -> None:
    desk.visit("/locations/pipelines.definitions/jobs/switches/playground")
    desk.page.get_by_text("Scaffold missing config").wait_for()
    desk.page.locator(".CodeMirror").first.click()
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.insert_text(FREEZE_THE_BOOK)
    desk.page.get_by_text("No errors").wait_for()
    desk.keep("switches")
    desk.page.get_by_role("button", name="Launch Run").click()
    desk.page.get_by_text("RUN_SUCCESS").wait_for()
    desk.page.get_by_text("in force", exact=True).wait_for()
    assert desk.page.get_by_text(REASON).count()
    [row] = switches_in_force(read_rulings(Book.open(desk.book)).rows).rows()
    assert row == ("book", "", "R1", REASON)


def test_a_failed_shard_is_run_again_from_its_run_and_the_night_goes_out(desk: Desk) -> None:
    book, failing = Book.open(desk.book), tags_of(night=NEXT_NIGHT, shard=SHARD)
    fault = {"point": "store.opened", "action": "disk_full", "where": f"proposals/{NEXT_NIGHT}/{SHARD}"}
    plan_of(book.path).write_text(json.dumps({"format": FORMAT, "faults": [fault]}), encoding="utf-8")
    assert str(write_next_feeds(book, night=dt.date.fromisoformat(NIGHTS[-1]))) == NEXT_NIGHT
    failed = desk.run_of(failing)
    assert failed["status"] == "FAILURE"
    desk.visit(f"/runs/{failed['runId']}")
    desk.page.get_by_text("DISK-001").first.wait_for()
    desk.page.get_by_text("Free space on the disk of the book").first.wait_for()
    desk.page.get_by_placeholder("Filter").first.fill('step "proposals" failed')
    desk.keep("failed-run")
    # The fault strikes once: the disk has room again.
    again = desk.page.get_by_role("button", name="Re-execute all (*)")
    again.locator("xpath=following-sibling::*//button").click()
    desk.page.get_by_text("From failure", exact=True).click()
    mended = desk.run_of(failing, but={failed["runId"]})
    assert mended["status"] == "SUCCESS"
    assert mended["parentRunId"] == failed["runId"]
    published = book.published(dt.date.fromisoformat(NEXT_NIGHT))
    wait_until((published / "manifest.json").exists, seconds=PUBLISH_SECONDS, what="the night is published")
    desk.run_of({"dagster/partition": NEXT_NIGHT, "openbell/stage": "publish"})
    with (published / "accounts.csv").open(encoding="utf-8", newline="") as file:
        accounts = list(csv.DictReader(file))
    switches = switches_in_force(read_rulings(book).rows).rows()
    desk.visit(f"/assets/trades?view=partitions&partition={NEXT_NIGHT}")
    listed, told = desk.told("held_accounts"), desk.told("switches")
    for account in accounts:
        if account["status"].startswith("HELD"):
            assert account["account_id"] in listed
    for scope, _, ruling, reason in switches:
        assert scope in told
        assert ruling in told
        assert reason in told
    desk.keep("frozen")
    desk.visit(f"/assets/night_report?view=partitions&partition={NEXT_NIGHT}")
    stages = desk.told("stages")
    for stage in ("prices", "lots", "proposals", "trades"):
        assert stage in stages
    assert not desk.foreign, "the interface works without the network"


def test_a_backfill_of_one_shard_runs_in_session_order(desk: Desk, backfill: str) -> None:
    before = contents(desk.book)
    tags = {"dagster/backfill": backfill}

    def is_done() -> bool:
        runs = desk.runs(tags)
        return len(runs) == len(NIGHTS) and all(run["status"] in ENDED for run in runs)

    wait_until(is_done, seconds=PUBLISH_SECONDS, what="the backfill ends")
    runs = {tag["value"]: run for run in desk.runs(tags) for tag in run["tags"] if tag["key"] == "dagster/partition"}
    assert sorted(runs) == [f"{night}|{OTHER_SHARD}" for night in NIGHTS]
    assert {run["status"] for run in runs.values()} == {"SUCCESS"}
    in_order = [runs[name] for name in sorted(runs)]
    for earlier, later in itertools.pairwise(in_order):
        assert earlier["endTime"] <= later["startTime"], "a night begins when the one before has ended"
    assert contents(desk.book) == before
