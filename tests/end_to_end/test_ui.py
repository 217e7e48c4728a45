"""The operator's path in the real web interface: one asset, one (night, shard), one click."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.book_cases import NIGHTS, fingerprint
from tests.server_cases import serving, wait_until

NIGHT, SHARD = NIGHTS[1], "s001"
BROWSER_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


def chromium() -> str:
    for place in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"):
        if Path(place).exists():
            return place
    raise FileNotFoundError("Chromium: install Debian's package, as .ci/run does")


def ask(address: str, query: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{address}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        data: dict[str, Any] = json.load(response)["data"]
    return data


def latest_run(address: str) -> dict[str, Any]:
    found = ask(address, "{ runsOrError(limit: 1) { ... on Runs { results { runId status tags { key value } } } } }")
    runs: list[dict[str, Any]] = found["runsOrError"]["results"]
    return runs[0] if runs else {}


def choose_partition(page: Page) -> None:
    """Fill the dialog so that exactly one (night, shard) is chosen."""
    dialog = page.get_by_role("dialog")
    night = dialog.locator("input[type=text]").first
    night.wait_for()
    night.fill(NIGHT)
    night.press("Enter")
    shard = dialog.locator("input[type=text]").nth(1)
    if shard.count():
        shard.fill(SHARD)
        shard.press("Enter")
    else:
        dialog.get_by_text("Select a partition or create one").click()
        page.get_by_placeholder("Filter partitions").fill(SHARD)
        page.get_by_text(SHARD, exact=True).filter(visible=True).last.click()
        page.keyboard.press("Escape")


@pytest.mark.ui
def test_an_operator_materialises_one_partition_and_nothing_changes(book_copy: Path, tmp_path: Path) -> None:
    store, published = fingerprint(book_copy / "store"), fingerprint(book_copy / "published")
    with serving(book_copy, log=tmp_path / "ui.log") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(60_000)
        foreign: list[str] = []
        page.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url, address) else None)
        page.goto(f"{address}/assets/proposals?view=partitions")
        page.get_by_role("button", name=re.compile("Materialize")).first.click()
        choose_partition(page)
        page.get_by_role("dialog").get_by_role("button", name=re.compile("Launch")).last.click()
        wait_until(lambda: is_ours(latest_run(address)), seconds=120, what="the run is launched")
        wait_until(lambda: latest_run(address)["status"] in {"SUCCESS", "FAILURE"}, seconds=180, what="the run ends")
        assert latest_run(address)["status"] == "SUCCESS"
        page.goto(f"{address}/asset-groups")
        for group in ("feeds", "market", "accounts", "books", "trades"):
            page.get_by_text(group, exact=True).first.wait_for()
        page.screenshot(path=tmp_path / "graph.png")
        browser.close()
    assert not foreign, "the interface works without the network"
    assert fingerprint(book_copy / "store") == store
    assert fingerprint(book_copy / "published") == published


def is_foreign(url: str, address: str) -> bool:
    return not url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))


def is_ours(run: dict[str, Any]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in run.get("tags", [])}
    return tags.get("dagster/partition") == f"{NIGHT}|{SHARD}"
