"""One night, one set of settings: what its manifest tells is what every answer of it was made under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assets.book import Book, BookSettings
from assets.store import Store
from assets.trade_tables import answered_shards
from ledger.errors import NightError
from pipelines.arrivals import next_steps
from pipelines.headless import Workers, ingest, publish_night, run_night, run_shard
from pipelines.instance import use_instance
from pipelines.sensors import requests_of
from tests.book_cases import FIRST_NIGHT
from tests.end_to_end.test_deadline import DEADLINE, NIGHT, data_files
from tests.worker_cases import edit_settings, edit_settings_first


@pytest.fixture
def book(fresh_book: Path) -> Book:
    """Return the three-night book before its first night."""
    return Book.open(fresh_book)


def manifest(book: Book) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((book.published(NIGHT) / "manifest.json").read_text(encoding="utf-8"))
    return content


def test_a_night_keeps_the_settings_that_it_began_with(book: Book, three_nights: Path) -> None:
    with Workers(book, workers=2, job=edit_settings_first) as workers:
        run_night(workers, night=NIGHT)
    assert Book.open(book.path).settings.tax.loss_margin_bps == 3000
    assert data_files(book.published(NIGHT)) == data_files(three_nights / "published" / FIRST_NIGHT)
    assert BookSettings.model_validate(manifest(book)["settings"]).tax == book.settings.tax


def test_runs_under_other_settings_are_asked_for_again_and_nothing_of_both_goes_out(book: Book) -> None:
    """As under the daemon: every run is a process that reads book.toml when it starts."""
    use_instance(book)
    store = Store(book.path)
    ingest(book, night=NIGHT)
    assert run_shard(book, night=NIGHT, shard="s000") is None
    edit_settings(book.path)
    edited = Book.open(book.path)
    assert run_shard(edited, night=NIGHT, shard="s001") is None

    for settings in (book, edited):
        with pytest.raises(NightError, match="RUN-001"):
            publish_night(settings, night=NIGHT)
    assert not book.published(NIGHT).exists()

    steps = next_steps(edited, store, now=DEADLINE.replace(hour=2))
    assert steps.ingest == (NIGHT,)
    asked_before = next_steps(book, store, now=DEADLINE.replace(hour=2))
    keys = {request.run_key for request in requests_of(edited, steps)}
    assert not keys & {request.run_key for request in requests_of(book, asked_before)}

    ingest(edited, night=NIGHT)
    assert answered_shards(store, edited, NIGHT) == ["s001"], "what it read came out as it was"
    steps = next_steps(edited, store, now=DEADLINE.replace(hour=2))
    assert (steps.ingest, steps.books) == ((), ((NIGHT, "s000"),))
    assert run_shard(edited, night=NIGHT, shard="s000") is None
    publish_night(edited, night=NIGHT)
    told = BookSettings.model_validate(manifest(edited)["settings"])
    assert told.tax.loss_margin_bps == 3000
    for name in manifest(edited)["store"]:
        asset, _, *shard = name.split("/")
        if asset != "trades":
            head = store.folder(asset, night=NIGHT, shard=shard[0] if shard else None) / "head.json"
            assert json.loads(head.read_text(encoding="utf-8"))["settings"] == told.digest(), name


def test_the_hour_of_publication_may_be_edited_meanwhile(book: Book) -> None:
    file = book.path / "book.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('deadline = "06:00"', 'deadline = "05:00"'), encoding="utf-8"
    )
    later = Book.open(book.path)
    assert later.settings.printed() != book.settings.printed()
    assert later.settings.digest() == book.settings.digest()
