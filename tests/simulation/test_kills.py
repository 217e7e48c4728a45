"""Killed at any point: no unreadable file, nothing published twice, and the rerun ends in the bytes of a calm night."""

from __future__ import annotations

import ast
import datetime as dt
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assets.fault_points import POINTS, Fault
from assets.locks import night_lock, try_lock
from assets.store import Store
from pipelines.arrivals import next_steps
from pipelines.headless import alone
from tests.book_cases import fingerprint
from tests.server_cases import wait_until
from tests.simulation.books import FIRST_NIGHT, left_behind, lost_events, not_run_yet, small_book, unreadable_files
from tests.simulation.nights import has_struck, run_in_child, write_plan

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a book whose first night nothing disturbed, with the points that it passed in seen.txt."""
    folder = tmp_path_factory.mktemp("calm")
    book = small_book(folder / "book", seed=5)
    plan = write_plan(folder / "plan.json", seen=folder / "seen.txt")
    assert run_in_child(book.path, nights=[FIRST_NIGHT], plan=plan).status == 0
    return folder


def test_a_night_passes_every_point(calm: Path) -> None:
    seen = {line.split(" ")[0] for line in (calm / "seen.txt").read_text(encoding="utf-8").splitlines()}
    assert seen == set(POINTS)


def test_every_point_in_the_code_is_in_the_list_and_stands_once() -> None:
    found = [
        str(node.args[0].value)
        for package in ("assets", "pipelines")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "passed"
        if isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(found) == sorted(POINTS)


STOPS = (
    Fault(point="archive.copied", action="kill", nth=2),
    Fault(point="store.closed", action="kill_group", where="account_policies/*"),
    Fault(point="store.synced", action="disk_full", where="wash_windows/*"),
    Fault(point="file.renamed", action="kill", where="proposals/*"),
    Fault(point="event.due", action="kill", where="reconciliation/*/s001"),
    Fault(point="files.opened", action="read_only"),
    Fault(point="files.renamed", action="kill"),
)
"""In the order of the night, so that every rerun comes as far as its own stop."""


def test_a_night_stopped_again_and_again_ends_like_a_calm_one(calm: Path, tmp_path: Path) -> None:
    book = not_run_yet(calm / "book", to=tmp_path / "book")
    for number, fault in enumerate(STOPS):
        published = (book.path / "published" / str(FIRST_NIGHT)).exists()
        assert not published, fault
        plan = write_plan(tmp_path / f"plan{number}.json", fault)
        ended = run_in_child(book.path, nights=[FIRST_NIGHT], plan=plan)
        assert has_struck(plan), fault
        assert ended.was_killed if fault.action.startswith("kill") else (ended.status, ended.code) == (1, "DISK-001")
        assert unreadable_files(book.path) == [], fault
    assert (book.path / "published" / str(FIRST_NIGHT) / "manifest.json").exists(), "the last kill comes after it"
    assert run_in_child(book.path, nights=[FIRST_NIGHT]).status == 0
    assert fingerprint(book.path / "published") == fingerprint(calm / "book" / "published")
    assert left_behind(book.path) == []
    assert lost_events(book, night=FIRST_NIGHT) == []


def test_two_nights_of_one_date_do_not_run_together(calm: Path, tmp_path: Path) -> None:
    book = not_run_yet(calm / "book", to=tmp_path / "book")
    lock = try_lock(night_lock(book.path, FIRST_NIGHT), shared=True)
    assert lock is not None
    with lock:  # as a run of the daemon holds it
        ended = run_in_child(book.path, nights=[FIRST_NIGHT])
        steps = next_steps(book, Store(book.path), now=dt.datetime(2026, 9, 1, 22, tzinfo=dt.UTC))
    assert (ended.status, ended.code) == (1, "RUN-006")
    assert steps.ingest == (FIRST_NIGHT,), "runs of the daemon stand beside each other"
    with alone(book, night=FIRST_NIGHT):
        steps = next_steps(book, Store(book.path), now=dt.datetime(2026, 9, 1, 22, tzinfo=dt.UTC))
    assert steps.ingest == ()
    assert steps.waiting == (f"{FIRST_NIGHT} is run by another process",)


PARENT = """
import multiprocessing, os, signal, sys
from pathlib import Path
from assets.book import Book
from pipelines.headless import Workers
if __name__ == "__main__":
    pool = Workers(Book.open(Path(sys.argv[1])), workers=2)
    Path(sys.argv[2]).write_text(" ".join(str(worker.pid) for worker in multiprocessing.active_children()))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_with_the_process_that_started_it(calm: Path, tmp_path: Path) -> None:
    book = not_run_yet(calm / "book", to=tmp_path / "book")
    seen = tmp_path / "workers.txt"
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    ended = subprocess.run([sys.executable, "-P", str(script), str(book.path), str(seen)], check=False, timeout=300)
    assert ended.returncode == -signal.SIGKILL
    workers = [Path("/proc") / pid for pid in seen.read_text(encoding="utf-8").split()]
    assert workers
    wait_until(lambda: not any(map(is_running, workers)), seconds=60, what="the workers end")


def is_running(process: Path) -> bool:
    """Return whether a process works on; one that ended and that nobody has asked after is a zombie."""
    try:
        return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
