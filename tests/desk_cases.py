"""An operator's desk for tests: one book, one real UI with its daemon, one real browser."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.server_cases import serving

BROWSER_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
DESKTOP = {"width": 1280, "height": 900}
PATIENCE_MS = 60_000
"""How long a page may take to show what is asked of it, on a machine that is busy with other things."""
SCREENSHOTS = "OPENBELL_SCREENSHOTS"
"""The folder that screenshots go to; none are kept without it."""
COLOURS = 64
"""Enough for a page of one theme; a picture then takes a quarter of the bytes."""


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

    def runs(self, **tags: str) -> list[dict[str, Any]]:
        """Return the runs that have all of ``tags`` (underscores for slashes), the latest first."""
        wanted = ", ".join(
            f'{{key: "{key.replace("_", "/")}", value: "{value}"}}' for key, value in sorted(tags.items())
        )
        found = self.ask(
            f"{{ runsOrError(filter: {{tags: [{wanted}]}}) {{ ... on Runs {{ results {{"
            " runId status startTime endTime jobName rootRunId tags { key value } } } } }"
        )
        runs: list[dict[str, Any]] = found["runsOrError"]["results"]
        return runs

    def keep(self, name: str, *, size: Mapping[str, int] | None = None) -> None:
        """Keep what the page shows as ``name``.png where screenshots are asked for."""
        folder = os.environ.get(SCREENSHOTS)
        if not folder:
            return
        self.page.set_viewport_size({**DESKTOP, **(size or {})})  # type: ignore[typeddict-item]
        self.page.wait_for_load_state("networkidle")
        self.page.mouse.move(0, 0)
        shot = Image.open(io.BytesIO(self.page.screenshot(animations="disabled")))
        shot.convert("RGB").quantize(COLOURS).save(Path(folder) / f"{name}.png", optimize=True)
        self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


@contextlib.contextmanager
def desk_over(
    book: Path, *, log: Path, options: Sequence[str] = (), environment: Mapping[str, str] | None = None
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
        yield Desk(book=book, address=address, page=page, foreign=foreign)
