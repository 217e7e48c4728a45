"""An operator's desk for tests: one book, one real UI with its daemon, one real browser."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import re
import sys
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from tests.server_cases import ROOT, serving, wait_until

BROWSER_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
DESKTOP = {"width": 1280, "height": 900}
PATIENCE_MS = 60_000
"""How long a page may take to show what is asked of it, on a machine that is busy with other things."""
SCREENSHOTS = "OPENBELL_SCREENSHOTS"
"""The folder that screenshots go to; none are kept without it."""
RUN_SECONDS = 400
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
WITHOUT_PLACES = """places => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
        for (const [place, name] of Object.entries(places))
            walker.currentNode.data = walker.currentNode.data.replaceAll(place, name);
}"""
"""A picture tells nothing of the machine that it was made on."""
COLOURS = 256
"""Enough for a page of one theme; a picture then takes a third of the bytes."""


def chromium() -> str:
    for place in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"):
        if Path(place).exists():
            return place
    raise FileNotFoundError("Chromium: install Debian's package, as .ci/run does")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an operator has: a book, the address of its UI, and a page of a browser."""

    book: Path
    address: str
    page: Page
    made_in: Path
    """Where the book was made that ``book`` is a copy of: what was told of it there names that place."""
    foreign: list[str]
    """Every address outside this machine that the UI asked for."""

    def visit(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def ask(self, query: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.address}/graphql",
            data=json.dumps({"query": query}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def runs(self, tags: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the runs that have all of ``tags``, the latest first."""
        wanted = ", ".join(f'{{key: "{key}", value: "{value}"}}' for key, value in sorted(tags.items()))
        found = self.ask(
            f"{{ runsOrError(filter: {{tags: [{wanted}]}}) {{ ... on Runs {{ results {{"
            " runId status startTime endTime jobName parentRunId tags { key value } } } } }"
        )
        runs: list[dict[str, Any]] = found["runsOrError"]["results"]
        return runs

    def run_of(self, tags: Mapping[str, str], *, but: Collection[str] = ()) -> dict[str, Any]:
        """Return the latest run with ``tags`` that is none of ``but``, once it has ended."""
        found: list[dict[str, Any]] = []

        def has_ended() -> bool:
            found[:] = [run for run in self.runs(tags) if run["runId"] not in but][:1]
            return bool(found) and found[0]["status"] in ENDED

        wait_until(has_ended, seconds=RUN_SECONDS, what=f"a run of {tags} ends")
        return found[0]

    def choose(self, *, nights: str, shard: str) -> Locator:
        """Fill the dialog that launches runs, and return its button; ``nights`` is one, or a range in brackets."""
        dialog = self.page.get_by_role("dialog")
        chosen = dialog.locator("input[type=text]").first
        chosen.fill(nights)
        chosen.press("Enter")
        dialog.get_by_text("Select a partition or create one").click()
        self.page.get_by_placeholder("Filter partitions").fill(shard)
        self.page.get_by_text(shard, exact=True).filter(visible=True).last.click()
        self.page.keyboard.press("Escape")
        return dialog.get_by_role("button", name=re.compile("Launch")).last

    def told(self, key: str) -> str:
        """Return what the page of an asset says beside ``key`` of its metadata."""
        row = self.page.locator(f"xpath=//tr[td[1][normalize-space()='{key}']]").first
        row.wait_for()
        return row.inner_text()

    def keep(self, name: str, *, size: Mapping[str, int] | None = None) -> None:
        """Keep what the page shows as ``name``.png where screenshots are asked for."""
        folder = os.environ.get(SCREENSHOTS)
        if not folder:
            return
        self.page.set_viewport_size({**DESKTOP, **(size or {})})  # type: ignore[typeddict-item]
        self.page.wait_for_load_state("networkidle")
        self.page.mouse.move(0, 0)
        self.page.evaluate(
            WITHOUT_PLACES, {str(self.book): "book", str(self.made_in): "book", sys.prefix: ".venv", str(ROOT): "."}
        )
        shot = Image.open(io.BytesIO(self.page.screenshot(animations="disabled")))
        shot.convert("RGB").quantize(COLOURS).save(Path(folder) / f"{name}.png", optimize=True)
        self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


@contextlib.contextmanager
def desk_over(
    book: Path,
    *,
    made_in: Path,
    log: Path,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Desk]:
    """Serve ``book`` and open a browser on it; server, daemon and browser end with the block."""
    with (
        serving(book, log=log, options=options, environment=environment) as address,
        sync_playwright() as playwright,
        contextlib.closing(playwright.chromium.launch(executable_path=chromium(), args=BROWSER_ARGUMENTS)) as browser,
    ):
        page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE_MS)
        own = (address, address.replace("http", "ws"), "data:", "blob:")
        foreign: list[str] = []
        page.on("request", lambda asked: foreign.append(asked.url) if not asked.url.startswith(own) else None)
        yield Desk(book=book, made_in=made_in, address=address, page=page, foreign=foreign)
