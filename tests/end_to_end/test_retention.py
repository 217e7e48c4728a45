"""Pruning drops nothing that is needed without saying so, and what it drops comes back with the same digests."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from assets import ruling_entry
from assets.book import Book
from assets.locks import temporary_in
from assets.retention import first_kept_night, nights_to_rebuild, prune
from assets.ruling_entry import Ruling, add_ruling
from assets.rulings import read_rulings
from assets.store import Store, among_writers, facts_of, pruned_versions, write_renamed
from assets.verification import Check, is_verified, verify_night
from ledger.errors import NightError, StoreError
from pipelines import rebuild as rebuilding
from pipelines import replay
from tests.book_cases import NIGHTS, fingerprint, openbell

FIRST, SECOND, LAST = (dt.date.fromisoformat(night) for night in NIGHTS)
KILLED_AT_THIRD = """
import os, signal, sys
from pathlib import Path
from assets.book import Book
from assets.retention import prune
from assets.store import Store
left, unlink = [3], Path.unlink
def killed(path, missing_ok=False):
    if path.suffix == ".duckdb":
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
    unlink(path, missing_ok)
Path.unlink = killed
book = Book.open(Path(sys.argv[1]))
prune(Store(book.path), book, first_kept=__import__("datetime").date.fromisoformat(sys.argv[2]), dry_run=False)
"""


def partitions(book: Path) -> dict[str, str]:
    """Return sha256 of the rows' files of the store, by name."""
    return {name: digest for name, digest in fingerprint(book / "store").items() if name.endswith(".duckdb")}


def noted(book: Path, night: str) -> set[str]:
    """Return the files of ``night`` that are noted as dropped."""
    return {f"{name}/{digest}.duckdb" for name, digest in pruned_versions(book / "store", night)}


def facts(book: Path, night: str) -> tuple[int, dict[str, Any]]:
    """Return the exit status of `openbell verify` and its checks by name."""
    done = openbell("verify", book, "--night", night, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, {check["check"]: check for check in document["checks"]}


def checked(path: Path, night: dt.date) -> dict[str, Check]:
    """Return the checks of a night, made in this process."""
    book = Book.open(path)
    return {check.check: check for check in verify_night(store=Store(path), book=book, night=night)}


def dropped(path: Path, *, first_kept: dt.date = LAST, dry_run: bool = False) -> int:
    """Prune in this process and return how many noted partitions were dropped."""
    book = Book.open(path)
    return prune(Store(book.path), book, first_kept=first_kept, dry_run=dry_run).partitions


def test_a_pruned_night_is_told_from_a_lost_one_and_comes_back_with_the_same_digests(book_copy: Path) -> None:
    before, whole = partitions(book_copy), fingerprint(book_copy)
    done = openbell("prune", book_copy, "--keep-nights", 1, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    gone = before.keys() - partitions(book_copy).keys()
    assert gone == noted(book_copy, NIGHTS[0]) | noted(book_copy, NIGHTS[1])
    assert (told["first_kept"], told["partitions"]) == (NIGHTS[2], len(gone))
    assert told["bytes_before"] - told["bytes_after"] > 500_000 * len(gone) / 2
    # Nothing but those files went, and nothing but the notes came.
    now = fingerprint(book_copy)
    assert whole.keys() - now.keys() == {f"store/{name}" for name in gone}
    assert {name for name in now.keys() - whole.keys() if not name.startswith("store/pruned/")} <= {
        "store/.locks/writers.lock"
    }
    # What the last night was made from is there.
    read = [facts_of(path)["inputs"] for path in (book_copy / "store").glob(f"*/{NIGHTS[2]}/**/head.json")]
    earlier = [f"{name}/{digest}.duckdb" for inputs in read for name, digest in inputs.items() if NIGHTS[1] in name]
    assert f"lots/{NIGHTS[1]}/s001" in {name.rpartition("/")[0] for name in earlier}
    assert all((book_copy / "store" / name).exists() for name in earlier if not name.startswith(("feeds", "static")))
    status, checks = facts(book_copy, NIGHTS[0])
    assert status == 0
    assert f"lots/{NIGHTS[0]}/s000" in checks["store partitions"]["pruned"]
    assert checks["published rows"]["checked"] > 0, "the published files are still held to their rows"
    next((book_copy / "store" / "prices" / NIGHTS[0]).glob("*.duckdb")).unlink()
    lost = checked(book_copy, FIRST)["store partitions"].differences
    assert [difference.where for difference in lost] == [f"prices/{NIGHTS[0]}"]
    # The second night needs the first, which begins the book; what was lost comes back with what was pruned.
    done = openbell("rebuild", book_copy, "--night", NIGHTS[1], "--workers", 1, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert [night["night"] for night in told["nights"]] == [NIGHTS[0], NIGHTS[1]]
    assert partitions(book_copy).keys() == before.keys()
    for night in (FIRST, SECOND):
        again = checked(book_copy, night)
        assert is_verified(list(again.values()))
        assert not any(check.pruned for check in again.values())
    assert fingerprint(book_copy / "published") == {
        name.removeprefix("published/"): digest for name, digest in whole.items() if name.startswith("published/")
    }


def test_a_prune_killed_between_two_files_has_noted_them_all_and_is_run_again(book_copy: Path, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(book_copy, undisturbed)
    before = partitions(book_copy)
    killed = subprocess.run(
        [sys.executable, "-P", "-c", KILLED_AT_THIRD, str(book_copy), NIGHTS[2]], capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    gone = before.keys() - partitions(book_copy).keys()
    assert len(gone) == 2
    assert gone < noted(book_copy, NIGHTS[0])
    intact = checked(book_copy, FIRST)["store partitions"]
    assert (len(intact.pruned), intact.differences) == (2, ())
    dropped(book_copy)
    assert dropped(undisturbed)
    assert partitions(book_copy) == partitions(undisturbed)
    assert noted(book_copy, NIGHTS[0]) == noted(undisturbed, NIGHTS[0])
    assert dropped(book_copy) == 0


def test_versions_that_nothing_names_and_left_over_files_go_and_those_of_kept_nights_stay(book_copy: Path) -> None:
    whole = fingerprint(book_copy)
    old, kept = (
        next((book_copy / "store" / "wash_windows" / night / "s000").glob("*.duckdb"))
        for night in (NIGHTS[0], NIGHTS[2])
    )
    for path in (old, kept):
        for ending in (".duckdb", ".json"):
            shutil.copy(path.with_suffix(ending), path.with_name("0" * 64 + ending))
    left_over = [
        old.with_name(f".{uuid.uuid4().hex}.tmp"),
        book_copy / "store" / "files" / f".{uuid.uuid4().hex}.tmp",
        book_copy / "published" / f".{NIGHTS[2]}.{uuid.uuid4().hex}.tmp" / "orders.csv",
        book_copy / "published" / NIGHTS[2] / f".revision-1.{uuid.uuid4().hex}.tmp" / "orders.csv",
    ]
    for path in left_over:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"cut short")
    littered = fingerprint(book_copy)
    book, store = Book.open(book_copy), Store(book_copy)
    with among_writers(book_copy), pytest.raises(NightError, match="RUN-020"):
        prune(store, book, first_kept=LAST, dry_run=False)
    told = prune(store, book, first_kept=LAST, dry_run=True)
    assert fingerprint(book_copy) == littered | {
        "store/.locks/writers.lock": fingerprint(book_copy / "store")[".locks/writers.lock"]
    }
    done = prune(store, book, first_kept=LAST, dry_run=False)
    assert (told.unnamed, told.temporaries, told.partitions) == (done.unnamed, done.temporaries, done.partitions)
    assert (done.unnamed, done.temporaries) == (1, 4)
    assert not old.with_name("0" * 64 + ".json").exists()
    assert kept.with_name("0" * 64 + ".duckdb").exists()
    assert not any(path.exists() for path in left_over)
    assert noted(book_copy, NIGHTS[0]) == {
        name.removeprefix("store/") for name in whole.keys() - fingerprint(book_copy).keys() if NIGHTS[0] in name
    }


def test_a_night_that_could_not_be_made_again_stays_whole(book_copy: Path) -> None:
    manifest = json.loads((book_copy / "published" / NIGHTS[0] / "manifest.json").read_bytes())
    label = f"feeds/{NIGHTS[0]}/prices.csv"
    (book_copy / "store" / "files" / f"{manifest['inputs'][label]}.csv").unlink()
    before = partitions(book_copy)
    book = Book.open(book_copy)
    told = prune(Store(book.path), book, first_kept=LAST, dry_run=False)
    assert dict(told.not_pruned) == {NIGHTS[0]: (label,)}
    assert {name.split("/")[1] for name in before.keys() - partitions(book_copy).keys()} == {NIGHTS[1]}
    # What is whole is where making the next night again begins.
    assert nights_to_rebuild(Store(book.path), book, night=SECOND) == [SECOND]


def test_what_comes_out_otherwise_is_named_and_not_put_in_place(
    book_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = next((book_copy / "store" / "wash_windows" / NIGHTS[0] / "s000").glob("*.duckdb"))
    lost.unlink()
    other = "1" * 64

    def answer_otherwise(workers: Any, *, night: dt.date, shards: list[str]) -> None:  # noqa: ANN401
        assert shards == ["s000", "s001"]
        folder = workers.book.path / "store" / "wash_windows" / night.isoformat() / "s000"
        folder.mkdir(parents=True)
        (folder / f"{other}.duckdb").touch()
        for name in (f"{other}.json", "head.json"):
            (folder / name).write_text(json.dumps({"digest": other, "rows": {}, "inputs": {}}), encoding="utf-8")

    monkeypatch.setattr(replay, "answer_shards", answer_otherwise)
    before = fingerprint(book_copy / "store")
    [night] = rebuilding.rebuild(Book.open(book_copy), night=FIRST, scratch=tmp_path, workers=1)
    assert night.restored == ()
    assert [(difference.where, difference.found) for difference in night.differences] == [
        (f"wash_windows/{NIGHTS[0]}/s000", other)
    ]
    assert fingerprint(book_copy / "store") == before


def test_what_reads_a_pruned_night_is_told_how_it_comes_back(book_copy: Path) -> None:
    dropped(book_copy)
    store = Store(book_copy)
    with pytest.raises(StoreError, match=f"STORE-010 .*openbell rebuild BOOK --night {NIGHTS[0]}"):
        store.head("lots", night=FIRST, shard="s000")
    # Corrections look back to any day at these, and the next night begins with those.
    for asset in ("custodian_activity", "account_policies", "prices"):
        assert store.head(asset, night=FIRST)
    for asset in ("risk_model", "corporate_actions", "account_shards"):
        assert store.head(asset, night=SECOND)
    assert store.head("lots", night=SECOND, shard="s001")


def test_pruning_asks_how_much_stays_and_the_last_night_always_does(three_nights: Path) -> None:
    refused = openbell("prune", three_nights)
    assert refused.returncode == 2
    assert "SET-020" in refused.stderr
    book = Book.open(three_nights)
    after = dt.date(2030, 1, 1)
    assert first_kept_night(book, keep_nights=None, before=after) == LAST
    assert first_kept_night(book, keep_nights=2, before=after) == SECOND
    assert first_kept_night(book, keep_nights=2, before=FIRST) == FIRST
    assert first_kept_night(book, keep_nights=99, before=None) == FIRST


def test_a_file_that_its_writer_still_holds_is_no_left_over(book_copy: Path) -> None:
    book = Book.open(book_copy)
    with temporary_in(book_copy / "store" / ".writing") as held:
        held.write_bytes(b"a ruling on its way")
        left = held.with_name(f".{'0' * 32}.tmp")
        left.write_bytes(b"of a process that was killed")
        assert prune(Store(book.path), book, first_kept=LAST, dry_run=False).temporaries == 1
        assert held.exists()
        assert not left.exists()


def test_no_ruling_is_written_while_the_store_is_pruned(book_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book.open(book_copy)

    def write(path: Path, content: bytes, *, root: Path) -> None:
        with pytest.raises(NightError, match="RUN-020"):
            prune(Store(book.path), book, first_kept=LAST, dry_run=False)
        write_renamed(path, content, root=root)

    monkeypatch.setattr(ruling_entry, "write_renamed", write)
    at = dt.datetime(2026, 9, 3, 22, tzinfo=dt.UTC)
    add_ruling(book, Ruling(kind="freeze", at=at, role="operator", reason="as told"))
    assert read_rulings(book).rows.height == 1


def test_what_a_rerun_left_beside_an_old_night_goes_with_its_pointer(book_copy: Path) -> None:
    book, store = Book.open(book_copy), Store(book_copy)
    head = store.head("lots", night=FIRST, shard="s000")
    again = head.path.with_name(f"{'1' * 64}.duckdb")
    shutil.copy(head.path, again)
    again.with_suffix(".json").write_text(json.dumps(facts_of(head.path) | {"digest": "1" * 64}), encoding="utf-8")
    shutil.copy(again.with_suffix(".json"), head.path.with_name("rerun.json"))
    assert store.all_beside(FIRST) == [head.name]
    assert prune(store, book, first_kept=SECOND, dry_run=False).unnamed == 1
    assert store.all_beside(FIRST) == []
    assert not again.exists()
