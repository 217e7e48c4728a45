"""Verification and replay of published nights, and superseding revisions, through the installed command."""

from __future__ import annotations

import csv
import fcntl
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.book_cases import NIGHTS, fingerprint, openbell

LAST = NIGHTS[-1]


def verified(book: Path, night: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = openbell("verify", book, "--night", night, "--json", "--workers", 1, *options)
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def places(document: dict[str, Any]) -> list[str]:
    return [difference["where"] for check in document["checks"] for difference in check["differences"]]


def test_a_published_night_is_replayed_to_the_bit(three_nights: Path) -> None:
    before = fingerprint(three_nights / "store") | fingerprint(three_nights / "published")
    status, document = verified(three_nights, NIGHTS[1], "--replay")
    assert (status, document["verified"], places(document)) == (0, True, [])
    assert {check["check"]: check["checked"] > 0 for check in document["checks"]} == dict.fromkeys(
        (
            "published files", "manifest chain", "store partitions", "kept inputs", "published rows",
            "audits of the published files", "replay",
        ),
        True,
    )  # fmt: skip
    assert fingerprint(three_nights / "store") | fingerprint(three_nights / "published") == before


def a_published_byte(book: Path) -> str:
    file = book / "published" / LAST / "orders.csv"
    file.write_bytes(file.read_bytes().replace(b"buy", b"BUY", 1))
    return "orders.csv"


def an_earlier_manifest(book: Path) -> str:
    file = book / "published" / NIGHTS[0] / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b'"revision": 0', b'"revision":  0'))
    return f"published/{NIGHTS[1]}/manifest.json previous_manifest_sha256"


def a_store_file(book: Path) -> str:
    file = next((book / "store" / "lots" / LAST / "s001").glob("*.duckdb"))
    with duckdb.connect(str(file)) as connection:
        connection.execute("update sublot set part_basis_microusd = part_basis_microusd + 1 where rowid = 0")
    return f"lots/{LAST}/s001"


def a_store_file_cut_short(book: Path) -> str:
    file = next((book / "store" / "proposals" / LAST / "s000").glob("*.duckdb"))
    file.write_bytes(file.read_bytes()[:5000])
    return f"proposals/{LAST}/s000"


def a_lost_store_file(book: Path) -> str:
    next((book / "store" / "prices" / LAST).glob("*.duckdb")).unlink()
    return f"prices/{LAST}"


def a_kept_input(book: Path) -> str:
    label = f"feeds/{LAST}/prices.csv"
    manifest = json.loads((book / "published" / LAST / "manifest.json").read_bytes())
    with (book / "store" / "files" / f"{manifest['inputs'][label]}.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    return label


@pytest.mark.parametrize(
    "damage",
    [a_published_byte, an_earlier_manifest, a_store_file, a_store_file_cut_short, a_lost_store_file, a_kept_input],
)
def test_every_damage_is_found_in_its_place(book_copy: Path, damage: Callable[[Path], str]) -> None:
    place = damage(book_copy)
    status, document = verified(book_copy, LAST)
    assert (status, document["verified"]) == (1, False)
    assert place in places(document)


def freeze(book: Path, *, number: int) -> str:
    """Freeze the account in row ``number`` of accounts.csv and return it."""
    file = book / "static" / "accounts.csv"
    header, *rows = file.read_text(encoding="utf-8").splitlines()
    cells = rows[number].split(",")
    cells[header.split(",").index("frozen")] = "true"
    rows[number] = ",".join(cells)
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return cells[0]


def row_of(book: Path, account: str) -> tuple[str, int]:
    """Return the published status and number of orders of ``account``."""
    with (book / "published" / LAST / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return next((row["status"], int(row["orders"])) for row in csv.DictReader(file) if row["account_id"] == account)


def number_of_a_trader(book: Path) -> int:
    """Return the row in accounts.csv of an account that trades on the last night."""
    with (book / "published" / LAST / "accounts.csv").open(encoding="utf-8", newline="") as file:
        traders = {row["account_id"] for row in csv.DictReader(file) if int(row["orders"])}
    rows = (book / "static" / "accounts.csv").read_text(encoding="utf-8").splitlines()[1:]
    return next(number for number, row in enumerate(rows) if row.split(",")[0] in traders)


def test_a_moved_input_is_told_and_what_it_would_change_is_listed(book_copy: Path) -> None:
    account = freeze(book_copy, number=number_of_a_trader(book_copy))
    published = fingerprint(book_copy / "published")
    again = openbell("night", book_copy, "--night", LAST, "--workers", 1, "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert told["moved_inputs"] == ["static/accounts.csv"]
    [moved] = told["moved_accounts"]
    assert (moved["account_id"], moved["status_again"], moved["orders_again"]) == (account, "HELD_FROZEN", 0)
    assert (moved["status"], moved["orders"]) == row_of(book_copy, account)
    assert Decimal(moved["traded_usd"]) > 0
    assert Decimal(moved["traded_usd_again"]) == 0
    assert f"trades/{LAST}" in told["moved_partitions"]
    assert fingerprint(book_copy / "published") == published
    status, document = verified(book_copy, LAST, "--current-inputs")
    assert status == 1
    assert [place for place in places(document) if place.startswith("account ")] == [f"account {account}"]
    assert places(document)[0] == f"account_policies/{LAST} table account row account_id {account} column frozen"
    # The night as it was is still replayed from what it read.
    assert verified(book_copy, LAST, "--replay")[0] == 0


def test_a_revision_supersedes_and_replaces_nothing(book_copy: Path) -> None:
    folder = book_copy / "published" / LAST
    first = fingerprint(folder)
    account = freeze(book_copy, number=4)
    revised = openbell("night", book_copy, "--night", LAST, "--revision", "--workers", 1, "--json")
    assert revised.returncode == 0, revised.stderr
    assert json.loads(revised.stdout)["revision"] == 1
    assert {name: digest for name, digest in fingerprint(folder).items() if "/" not in name} == first
    manifest = json.loads((folder / "revision-1" / "manifest.json").read_bytes())
    assert manifest["supersedes_manifest_sha256"] == first["manifest.json"]
    row = next(
        row for row in (folder / "revision-1" / "accounts.csv").read_text().splitlines() if f",{account}," in row
    )
    assert "HELD_FROZEN" in row
    assert verified(book_copy, LAST, "--replay")[:1] == (0,)
    # The same again is no further revision, asked for or not.
    for option in ([], ["--revision"]):
        assert openbell("night", book_copy, "--night", LAST, "--workers", 1, *option).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted([*first, "revision-1"])
    # The next night reads the revision, and its manifest follows on it.
    after = openbell("simulate", book_copy, "--nights", 1, "--workers", 1, "--json")
    assert after.returncode == 0, after.stderr
    [night] = json.loads(after.stdout)["nights"]
    assert verified(book_copy, night["night"])[0] == 0
    late = openbell("night", book_copy, "--night", LAST, "--revision", "--workers", 1)
    assert late.returncode == 2
    assert "NIGHT-007" in late.stderr


def test_a_night_that_is_not_published_cannot_be_verified(three_nights: Path) -> None:
    refused = openbell("verify", three_nights, "--night", "2026-09-08")
    assert refused.returncode == 2
    assert "NIGHT-006" in refused.stderr


def test_a_night_that_another_process_runs_is_refused(book_copy: Path) -> None:
    lock = book_copy / "store" / ".locks" / f"{LAST}.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused = openbell("night", book_copy, "--night", LAST, "--workers", 1)
    assert refused.returncode == 1
    assert "RUN-006" in refused.stderr
