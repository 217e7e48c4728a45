"""The operator at work in the real web interface: real webserver, daemon and browser over one book."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.store import Store
from tests.book_cases import NIGHTS, fingerprint
from tests.desk_cases import Desk, desk_over
from tests.server_cases import wait_until

pytestmark = pytest.mark.ui

NIGHT, SHARD = NIGHTS[1], "s001"
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
RUN_SECONDS = 180


@pytest.fixture(scope="module")
def desk(three_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return the one desk of these tests: a book of three published nights, one of its accounts frozen."""
    folder = tmp_path_factory.mktemp("desk")
    book = folder / "book"
    shutil.copytree(three_nights, book)
    with desk_over(book, log=folder / "ui.log") as desk:
        yield desk


def contents(book: Path) -> dict[str, str]:
    """Return the digest of every file in the store and published, those that are just being written left out."""
    found = fingerprint(book / "store") | fingerprint(book / "published")
    return {name: digest for name, digest in found.items() if not name.startswith(".")}


def choose_partition(desk: Desk, *, night: str, shard: str) -> None:
    """Fill the dialog so that exactly one (night, shard) is chosen."""
    dialog = desk.page.get_by_role("dialog")
    nights = dialog.locator("input[type=text]").first
    nights.wait_for()
    nights.fill(night)
    nights.press("Enter")
    dialog.get_by_text("Select a partition or create one").click()
    desk.page.get_by_placeholder("Filter partitions").fill(shard)
    desk.page.get_by_text(shard, exact=True).filter(visible=True).last.click()
    desk.page.keyboard.press("Escape")


def ended(desk: Desk, **tags: str) -> dict[str, Any]:
    """Return the latest run with ``tags`` once it has ended."""

    def latest() -> dict[str, Any]:
        return next(iter(desk.runs(**tags)), {"status": "none"})

    wait_until(lambda: latest()["status"] in ENDED, seconds=RUN_SECONDS, what=f"the run of {tags} ends")
    return latest()


def test_an_operator_materialises_one_partition_and_nothing_changes(desk: Desk) -> None:
    before, earlier = contents(desk.book), {run["runId"] for run in desk.runs()}
    desk.visit("/assets/proposals?view=partitions")
    desk.page.get_by_role("button", name=re.compile("Materialize")).first.click()
    choose_partition(desk, night=NIGHT, shard=SHARD)
    desk.keep("materialise")
    desk.page.get_by_role("dialog").get_by_role("button", name=re.compile("Launch")).last.click()
    wait_until(lambda: len(desk.runs()) > len(earlier), seconds=RUN_SECONDS, what="the run is launched")
    run = ended(desk, dagster_partition=f"{NIGHT}|{SHARD}")
    assert run["runId"] not in earlier
    assert run["status"] == "SUCCESS"
    desk.visit(f"/assets/proposals?view=partitions&partition={NIGHT}%7C{SHARD}")
    head = Store(desk.book).head("proposals", night=dt.date.fromisoformat(NIGHT), shard=SHARD)
    desk.page.get_by_text(head.digest, exact=True).first.wait_for()
    desk.page.get_by_text(run["runId"][:8]).first.wait_for()
    desk.keep("partition")
    assert contents(desk.book) == before
    assert not desk.foreign, "the interface works without the network"


def test_the_graph_reads_as_the_night(desk: Desk) -> None:
    desk.visit("/asset-groups")
    left = {}
    for group in ("feeds", "market", "accounts", "books", "trades"):
        node = desk.page.locator("[data-testid^=group-node], .group-node, svg foreignObject").filter(has_text=group)
        node.last.wait_for()
        box = node.last.bounding_box()
        assert box is not None
        left[group] = box["x"]
    desk.keep("graph")
    assert left["feeds"] < min(left["market"], left["accounts"])
    assert max(left["market"], left["accounts"]) < left["books"] < left["trades"]


def test_the_page_of_the_trades_tells_outcomes_and_who_is_held(desk: Desk) -> None:
    night = dt.date.fromisoformat(NIGHTS[-1])
    store = Store(desk.book)
    with store.reading({"trades": store.head("trades", night=night)}) as tables:
        outcomes = tables.select("select status, count(*) from trades.account_outcome group by all order by all").rows()
        held = tables.select(
            "select account_id, reasons from trades.account_outcome where status like 'HELD%' order by all"
        ).rows()
    assert held, "this book has a frozen account"
    desk.visit("/assets/trades")
    value = desk.page.locator("tr").filter(has=desk.page.get_by_text("outcomes", exact=True)).last
    value.wait_for()
    for status, accounts in outcomes:
        assert re.search(rf"{status}\s*{accounts}\b", value.inner_text())
    listed = desk.page.locator("tr").filter(has=desk.page.get_by_text("held_accounts", exact=True)).last.inner_text()
    for account, reason in held:
        assert account in listed
        assert reason in listed
    plot = desk.page.get_by_role("img", name="accounts by outcome")
    assert plot.evaluate("picture => picture.complete && picture.naturalWidth > 100")
    assert desk.page.get_by_text("Freshness policy").first.is_visible()
    desk.keep("trades", size={"height": 1500})
