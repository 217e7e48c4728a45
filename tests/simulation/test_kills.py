"""Killed at any point: no unreadable file, nothing published twice, and the rerun ends in the bytes of a calm night."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from assets.fault_points import POINTS, Fault
from tests.book_cases import fingerprint
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


KILLS = (
    Fault(point="archive.copied", action="kill", nth=2),
    Fault(point="store.closed", action="kill_group", where="account_policies/*"),
    Fault(point="store.renamed", action="kill", where="lots/*"),
    Fault(point="file.renamed", action="kill", where="proposals/*"),
    Fault(point="event.due", action="kill", where="reconciliation/*/s001"),
    Fault(point="files.written", action="kill_group", nth=3),
    Fault(point="files.renamed", action="kill"),
)
"""In the order of the night, so that every rerun comes as far as its own kill."""


def test_a_night_killed_again_and_again_ends_like_a_calm_one(calm: Path, tmp_path: Path) -> None:
    book = not_run_yet(calm / "book", to=tmp_path / "book")
    for number, fault in enumerate(KILLS):
        plan = write_plan(tmp_path / f"plan{number}.json", fault)
        assert run_in_child(book.path, nights=[FIRST_NIGHT], plan=plan).was_killed, fault
        assert has_struck(plan), fault
        assert unreadable_files(book.path) == [], fault
    assert (book.path / "published" / str(FIRST_NIGHT) / "manifest.json").exists(), "the last kill comes after it"
    assert run_in_child(book.path, nights=[FIRST_NIGHT]).status == 0
    assert fingerprint(book.path / "published") == fingerprint(calm / "book" / "published")
    assert left_behind(book.path) == []
    assert lost_events(book, night=FIRST_NIGHT) == []
