"""Rulings through the installed command: a night frozen in two steps is replayed as it was, and the chain goes on."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.book_cases import fingerprint, openbell
from tests.ruling_cases import NIGHT, manifest, outcomes, publish, solve_again, solved_book


def ruled(book: Path, *arguments: str) -> str:
    done = openbell(arguments[0], book, *arguments[1:], "--reason", 'a "quoted", reason', "--json")
    assert done.returncode == 0, done.stderr
    ruling: str = json.loads(done.stdout)["ruling_id"]
    return ruling


@pytest.mark.slow
def test_a_night_is_replayed_with_the_switches_that_its_solve_and_its_publication_saw(tmp_path: Path) -> None:
    book = tmp_path / "book"
    solved_book(book)
    assert ruled(book, "freeze", "--security", "S0001") == "R1"
    solve_again(book)
    assert ruled(book, "freeze", "--account", "A000002") == "R2"
    publish(book)
    assert outcomes(book)["A000002"]["reasons"] == 'the account A000002 is frozen by R2: a "quoted", reason'
    facts = manifest(book)
    assert [row["ruling_id"] for row in facts["rulings"]["switches"]] == ["R2", "R1"]
    assert facts["rulings"]["solved_with"]["static/rulings.csv"] != facts["inputs"]["static/rulings.csv"]
    before = fingerprint(book / "published")

    assert ruled(book, "release", "--security", "S0001") == "R3"
    assert ruled(book, "freeze", "--book") == "R4"
    verified = openbell("verify", book, "--night", NIGHT, "--replay", "--workers", 1, "--json")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["verified"]
    assert fingerprint(book / "published") == before

    simulated = openbell("simulate", book, "--nights", 1, "--workers", 1, "--json")
    assert simulated.returncode == 0, simulated.stderr
    [night] = json.loads(simulated.stdout)["nights"]
    assert night["counts"] == {"HELD_FROZEN": 10}
    assert openbell("verify", book, "--night", night["night"]).returncode == 0
    with (book / "published" / night["night"] / "orders.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == []

    # The night is made again as it was solved, too.
    pruned = openbell("prune", book, "--keep-nights", 1, "--json")
    assert pruned.returncode == 0, pruned.stderr
    assert json.loads(pruned.stdout)["partitions"] > 0
    rebuilt = openbell("rebuild", book, "--night", NIGHT, "--workers", 1, "--json")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
