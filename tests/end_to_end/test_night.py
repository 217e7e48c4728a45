"""The night as its users meet it: through the installed command, on a whole small book."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.book_cases import FIRST_NIGHT, NEXT_NIGHT, NIGHTS, fingerprint, openbell

STATUSES = {
    "CERTIFIED", "CERTIFIED_NO_TRADE", "CERTIFIED_RELAXED", "HELD_INFEASIBLE", "HELD_DATA", "HELD_BREAK",
    "HELD_FROZEN", "HELD_DEADLINE", "HELD_SOLVER",
}  # fmt: skip


def rows_of(book: Path, night: str, name: str) -> list[dict[str, str]]:
    with (book / "published" / night / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def manifest_of(book: Path, night: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((book / "published" / night / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def static_accounts(book: Path) -> list[str]:
    with (book / "static" / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return sorted(row["account_id"] for row in csv.DictReader(file))


def test_every_account_is_published_once_with_a_known_outcome(three_nights: Path) -> None:
    for night in NIGHTS:
        accounts = rows_of(three_nights, night, "accounts.csv")
        assert [row["account_id"] for row in accounts] == static_accounts(three_nights)
        assert {row["status"] for row in accounts} <= STATUSES
        certified = [row for row in accounts if row["status"].startswith("CERTIFIED")]
        assert len(certified) > len(accounts) * 3 // 4
        for row in certified:
            assert Decimal(row["objective"]) >= Decimal(row["bound"]) - Decimal("1e-9")


def test_orders_are_the_sums_of_their_allocations(three_nights: Path) -> None:
    for night in NIGHTS:
        sums: dict[tuple[str, str], Decimal] = {}
        for row in rows_of(three_nights, night, "allocations.csv"):
            key = (row["security_id"], row["side"])
            sums[key] = sums.get(key, Decimal(0)) + Decimal(row["shares"])
        blocks = rows_of(three_nights, night, "orders.csv")
        orders = {(row["security_id"], row["side"]): Decimal(row["shares"]) for row in blocks}
        assert orders == sums
        assert orders, "a synthetic night trades"


def test_held_accounts_trade_nothing_and_say_why(three_nights: Path) -> None:
    for night in NIGHTS:
        accounts = rows_of(three_nights, night, "accounts.csv")
        held = {row["account_id"]: row["reasons"] for row in accounts if row["status"].startswith("HELD")}
        assert held, "the generator freezes some accounts"
        assert all(held.values())
        traded = {row["account_id"] for row in rows_of(three_nights, night, "allocations.csv")}
        assert not traded & held.keys()


def test_the_manifest_names_its_files_and_its_predecessor(three_nights: Path) -> None:
    previous = None
    for night in NIGHTS:
        folder = three_nights / "published" / night
        manifest = manifest_of(three_nights, night)
        assert manifest["night"] == night
        assert manifest["previous_manifest_sha256"] == previous
        for name, digest in manifest["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert sum(manifest["counts"].values()) == len(static_accounts(three_nights))
        assert f"feeds/{night}/prices.csv" in manifest["inputs"]
        assert {f"lots/{night}/s000", f"reconciliation/{night}/s001", f"trades/{night}"} <= manifest["store"].keys()
        previous = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def test_the_same_night_again_changes_no_byte(book_copy: Path) -> None:
    store, published = fingerprint(book_copy / "store"), fingerprint(book_copy / "published")
    heads = {name for name in store if name.endswith(".duckdb")}
    again = openbell("night", book_copy, "--night", NIGHTS[1], "--workers", 1)
    assert again.returncode == 0, again.stderr
    assert fingerprint(book_copy / "published") == published
    assert fingerprint(book_copy / "store") == store
    assert heads


def test_one_shard_alone_publishes_nothing(three_nights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "book"
    copy.mkdir()
    for part in ("static", "feeds"):
        shutil.copytree(three_nights / part, copy / part)
    shutil.copy(three_nights / "book.toml", copy / "book.toml")
    ran = openbell("night", copy, "--night", FIRST_NIGHT, "--shard", "s001", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["published"] is False
    assert (copy / "store" / "reconciliation" / FIRST_NIGHT / "s001" / "head.json").exists()
    assert not (copy / "store" / "reconciliation" / FIRST_NIGHT / "s000").exists()
    assert not (copy / "published").exists()


def test_a_published_file_that_was_changed_is_never_replaced(book_copy: Path) -> None:
    orders = book_copy / "published" / NIGHTS[2] / "orders.csv"
    orders.write_bytes(orders.read_bytes() + b"2026-09-03,X,buy,1,1\n")
    changed = fingerprint(book_copy / "published")
    again = openbell("night", book_copy, "--night", NIGHTS[2], "--workers", 1)
    assert again.returncode == 1
    assert "PUB-001" in again.stderr
    assert fingerprint(book_copy / "published") == changed


def test_a_custodian_that_disagrees_holds_only_that_account(book_copy: Path) -> None:
    simulated = openbell("simulate", book_copy, "--nights", 1, "--workers", 1)
    assert simulated.returncode == 0, simulated.stderr
    before = {row["account_id"]: row["status"] for row in rows_of(book_copy, NEXT_NIGHT, "accounts.csv")}
    victim = next(account for account, status in before.items() if status == "CERTIFIED")
    for asset in ("store", "published"):
        for folder in (book_copy / asset).rglob(NEXT_NIGHT):
            shutil.rmtree(folder)
    cash = book_copy / "feeds" / NEXT_NIGHT / "cash.csv"
    lines = cash.read_text(encoding="utf-8").splitlines()
    lines = [f"{victim},1.00" if line.startswith(f"{victim},") else line for line in lines]
    cash.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ran = openbell("night", book_copy, "--night", NEXT_NIGHT, "--workers", 1)
    assert ran.returncode == 0, ran.stderr
    after = {row["account_id"]: row for row in rows_of(book_copy, NEXT_NIGHT, "accounts.csv")}
    assert after[victim]["status"] == "HELD_BREAK"
    assert "cash: book" in after[victim]["reasons"]
    assert {account: row["status"] for account, row in after.items() if account != victim} == {
        account: status for account, status in before.items() if account != victim
    }
