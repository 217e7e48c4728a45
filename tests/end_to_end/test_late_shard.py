"""A night published in part at its deadline is replayed as it was; the night that reads what came late seals it."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from assets.book import Book
from assets.retention import plan_of
from assets.stages import STAGES
from assets.store import Store
from assets.verification import check_audits, check_store, published_night
from pipelines.replay import check_replay
from tests.book_cases import NIGHTS, inputs_of, run_stages

FIRST, SECOND = (dt.date.fromisoformat(night) for night in NIGHTS[:2])
IN_TIME, LATE = "s000", "s001"
WRITE = {stage.name: stage.write for stage in STAGES}


@pytest.fixture(scope="module")
def late(three_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Return a book whose second shard answered the first night after it was published."""
    path = inputs_of(three_nights, tmp_path_factory.mktemp("late") / "book", nights=NIGHTS[:2])
    run_stages(path, night=FIRST, shards=[IN_TIME], past_deadline=True)
    run_stages(path, night=FIRST, shards=[LATE], groups=["books"])
    run_stages(path, night=SECOND)
    return Book.open(path)


def manifest_of(book: Book, night: dt.date) -> dict[str, dict[str, str]]:
    manifest: dict[str, dict[str, str]] = json.loads((book.published(night) / "manifest.json").read_bytes())
    return manifest


def test_the_night_names_nothing_of_a_shard_that_had_not_answered(late: Book) -> None:
    assert not [name for name in manifest_of(late, FIRST)["store"] if name.endswith(LATE)]
    with (late.published(FIRST) / "accounts.csv").open(encoding="utf-8", newline="") as file:
        held = {row["shard"] for row in csv.DictReader(file) if row["status"] == "HELD_DEADLINE"}
    assert held == {LATE}


def test_the_next_night_seals_the_late_lots_that_it_read(late: Book) -> None:
    store = Store(late.path)
    lots = store.head("lots", night=FIRST, shard=LATE)
    assert manifest_of(late, SECOND)["store"][lots.name] == lots.digest
    with store.writing("lots", night=FIRST, shard=LATE) as writing:
        writing.execute("insert into cash values ('H', 'A', 1)")
    assert writing.version is not None
    assert not writing.version.is_head
    assert store.head("lots", night=FIRST, shard=LATE).digest == lots.digest


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_both_nights_are_verified_and_replayed_to_the_bit(late: Book, night: dt.date, tmp_path: Path) -> None:
    published = published_night(book=late, night=night)
    for check in (check_store, check_audits):
        assert check(published, store=Store(late.path)).differences == ()
    # Nor does it matter what the head of a late shard has become before the next night was published.
    head = late.path / "store" / "lots" / str(FIRST) / LATE / "head.json"
    kept = head.read_bytes()
    if night == SECOND:
        head.write_bytes(kept.replace(b'"digest": "', b'"digest": "0'))
    replay = check_replay(book=late, night=night, folder=tmp_path, workers=1)
    assert replay.differences == ()
    assert replay.checked > 10
    head.write_bytes(kept)


def test_a_late_answer_is_never_published_by_a_rerun(late: Book) -> None:
    before = {path.name: path.read_bytes() for path in late.published(FIRST).iterdir()}
    store = Store(late.path, rerunning=FIRST)
    version = WRITE["trades"](store=store, book=late, night=FIRST)
    assert version.is_head
    assert {path.name: path.read_bytes() for path in late.published(FIRST).iterdir()} == before
    assert store.has("reconciliation", night=FIRST, shard=LATE)
    store.forget_rerun(FIRST)


def test_late_lots_are_never_pruned_for_no_rebuild_could_make_them(late: Book) -> None:
    store = Store(late.path)
    plans = plan_of(store, late, first_kept=dt.date.fromisoformat(NIGHTS[2]))
    named = {name: plan.night for plan in plans for name in plan.named}
    assert named
    assert all(name.split("/")[1] == str(night) for name, night in named.items())
    assert f"lots/{FIRST}/{LATE}" in manifest_of(late, SECOND)["store"]
    assert f"lots/{FIRST}/{LATE}" not in named
