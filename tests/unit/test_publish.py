"""Publishing once: one winner, equal content accepted, other content refused."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import time
import uuid
from pathlib import Path

import pytest

from assets.publish import DATA_FILES, publish_once
from ledger.errors import PublishError


def files(text: str) -> dict[str, bytes]:
    return {name: f"{name} {text}".encode() for name in (*DATA_FILES, "manifest.json")}


def attempt(folder: Path, text: str) -> str:
    try:
        return "published" if publish_once(folder, files(text)) else "stood already"
    except PublishError:
        return "refused"


ROUNDS, RACERS = 25, 8


def race(folder: Path, text: str, barrier: str) -> str:
    """Attempt to publish once every racer has come to the line: each leaves a mark and waits for all of them."""
    marks = Path(barrier)
    (marks / uuid.uuid4().hex).touch()
    until = time.monotonic() + 60
    while len(list(marks.iterdir())) < RACERS and time.monotonic() < until:
        pass
    return attempt(folder, text)


def test_of_many_publishers_one_wins_and_the_others_compare(tmp_path: Path) -> None:
    with concurrent.futures.ProcessPoolExecutor(RACERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        for number in range(ROUNDS):
            folder = tmp_path / "published" / f"{number:02d}"
            marks = tmp_path / "marks" / f"{number:02d}"
            marks.mkdir(parents=True)
            texts = ["one", "two", "one", "one"] * (RACERS // 4)
            outcomes = list(pool.map(race, [folder] * RACERS, texts, [str(marks)] * RACERS))
            assert outcomes.count("published") == 1
            winner = "one" if (folder / "orders.csv").read_bytes() == files("one")["orders.csv"] else "two"
            assert outcomes.count("refused") == texts.count("two" if winner == "one" else "one")
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == files(winner)
    assert len(list((tmp_path / "published").iterdir())) == ROUNDS, "no temporary folder stays"


def test_other_content_is_refused_with_both_digests(tmp_path: Path) -> None:
    folder = tmp_path / "2026-09-01"
    assert publish_once(folder, files("one"))
    with pytest.raises(PublishError, match=r"PUB-001 .*accounts\.csv"):
        publish_once(folder, files("two"))
    assert (folder / "accounts.csv").read_bytes() == files("one")["accounts.csv"]


def test_another_manifest_over_the_same_files_is_a_no_op(tmp_path: Path) -> None:
    folder = tmp_path / "2026-09-01"
    publish_once(folder, files("one"))
    assert not publish_once(folder, files("one") | {"manifest.json": b"made by other code"})
    assert (folder / "manifest.json").read_bytes() == files("one")["manifest.json"]
