"""Bad input through the command: refused with exit status 2 and nothing written."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from tests.book_cases import FIRST_NIGHT, NEXT_NIGHT, fingerprint, openbell, openbell_here, run_stages


def drop_column(lines: list[str]) -> list[str]:
    return [line.partition(",")[2] for line in lines]


def add_column(lines: list[str]) -> list[str]:
    return [f"{line},{'colour' if number == 0 else 'red'}" for number, line in enumerate(lines)]


def negative_price(lines: list[str]) -> list[str]:
    name, _, rest = lines[1].partition(",")
    return [lines[0], f"{name},-{rest}", *lines[2:]]


def zero_price(lines: list[str]) -> list[str]:
    cells = lines[1].split(",")
    return [lines[0], ",".join([cells[0], "0", *cells[2:]]), *lines[2:]]


def text_price(lines: list[str]) -> list[str]:
    cells = lines[1].split(",")
    return [lines[0], ",".join([cells[0], "abc", *cells[2:]]), *lines[2:]]


def duplicate_key(lines: list[str]) -> list[str]:
    return [*lines, lines[1]]


def header_in_the_middle(lines: list[str]) -> list[str]:
    return [*lines[:3], lines[0], *lines[3:]]


def empty(_lines: list[str]) -> list[str]:
    return []


def halve_a_weight(lines: list[str]) -> list[str]:
    return lines[:-1]


def without_household(lines: list[str]) -> list[str]:
    cells = lines[1].split(",")
    cells[lines[0].split(",").index("household_id")] = ""
    return [lines[0], ",".join(cells), *lines[2:]]


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (f"feeds/{FIRST_NIGHT}/prices.csv", drop_column),
        (f"feeds/{FIRST_NIGHT}/prices.csv", add_column),
        (f"feeds/{FIRST_NIGHT}/prices.csv", negative_price),
        (f"feeds/{FIRST_NIGHT}/prices.csv", zero_price),
        (f"feeds/{FIRST_NIGHT}/prices.csv", text_price),
        (f"feeds/{FIRST_NIGHT}/prices.csv", duplicate_key),
        (f"feeds/{FIRST_NIGHT}/prices.csv", header_in_the_middle),
        (f"feeds/{FIRST_NIGHT}/prices.csv", empty),
        (f"feeds/{FIRST_NIGHT}/benchmark.csv", halve_a_weight),
        (f"feeds/{FIRST_NIGHT}/positions.csv", duplicate_key),
        (f"feeds/{FIRST_NIGHT}/cash.csv", drop_column),
        ("static/accounts.csv", without_household),
        ("static/accounts.csv", duplicate_key),
        ("static/opening_lots.csv", duplicate_key),
    ],
    ids=lambda value: value.__name__ if callable(value) else Path(value).stem,
)
def test_a_damaged_file_is_refused_as_a_whole(fresh_book: Path, file: str, damage: object) -> None:
    assert callable(damage)
    path = fresh_book / file
    lines = path.read_text(encoding="utf-8").splitlines()
    damaged = damage(lines)
    path.write_text("".join(f"{line}\n" for line in damaged), encoding="utf-8")
    before = fingerprint(fresh_book)
    ran = openbell_here("night", fresh_book, "--night", FIRST_NIGHT, "--workers", 1)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert path.name in ran.stderr
    for part in ("FEED-", "found", "expected"):
        assert part in ran.stderr
    assert "Traceback" not in ran.stderr
    after = {name: digest for name, digest in fingerprint(fresh_book).items() if not name.startswith("dagster/")}
    assert after == before


def with_policy(book: Path, column: str, cell: str) -> str:
    """Write ``cell`` into the policy of the account in row 3 of static/accounts, and return the account."""
    file = book / "static" / "accounts.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[2].split(",")
    cells[lines[0].split(",").index(column)] = cell
    file.write_text("\n".join([*lines[:2], ",".join(cells), *lines[3:]]) + "\n", encoding="utf-8")
    return cells[0]


def test_a_bad_policy_holds_its_account_and_changes_no_other(fresh_book: Path, tmp_path: Path) -> None:
    frozen = shutil.copytree(fresh_book, tmp_path / "frozen")
    with_policy(frozen, "frozen", "true")
    run_stages(frozen, night=dt.date.fromisoformat(FIRST_NIGHT))
    account = with_policy(fresh_book, "long_rate", "-0.2")
    ran = openbell("night", fresh_book, "--night", FIRST_NIGHT, "--workers", 1, "--json")
    assert ran.returncode == 0, ran.stderr
    fault = "FEED-022 static/accounts column long_rate: found '-0.2'; expected a fraction from 0 to 1"
    assert f"{account} is held for its policy: {fault}\n" in ran.stderr
    assert json.loads(ran.stdout)["policy_faults"] == {account: fault}
    bad, good = (path / "published" / FIRST_NIGHT for path in (fresh_book, frozen))
    for name in ("orders.csv", "allocations.csv"):
        assert (bad / name).read_bytes() == (good / name).read_bytes()
    lines = [(path / "accounts.csv").read_text(encoding="utf-8").splitlines() for path in (bad, good)]
    held = [[line for line in rows if f",{account}," in line] for rows in lines]
    assert [len(rows) for rows in held] == [1, 1]
    assert ",HELD_DATA," in held[0][0]
    assert fault in held[0][0]
    assert ",HELD_FROZEN," in held[1][0]
    others = [[line for line in rows if f",{account}," not in line] for rows in lines]
    assert others[0] == others[1]


@pytest.mark.parametrize(
    ("night", "code"),
    [("2026-09-07", "NIGHT-001"), ("2026-08-31", "NIGHT-004"), (NEXT_NIGHT, "NIGHT-003")],
    ids=["a holiday", "before the first", "without its predecessor"],
)
def test_a_night_that_cannot_start_is_refused(fresh_book: Path, night: str, code: str) -> None:
    ran = openbell_here("night", fresh_book, "--night", night, "--workers", 1)
    assert ran.returncode == 2
    assert code in ran.stderr
    assert not (fresh_book / "store").exists()


def test_no_book_and_an_unknown_setting_are_refused(fresh_book: Path, tmp_path: Path) -> None:
    nowhere = openbell_here("night", tmp_path / "nowhere", "--night", FIRST_NIGHT)
    assert nowhere.returncode == 2
    assert "SET-001" in nowhere.stderr
    settings = fresh_book / "book.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n[surprise]\nkey = 1\n", encoding="utf-8")
    surprised = openbell_here("night", fresh_book, "--night", FIRST_NIGHT)
    assert surprised.returncode == 2
    assert "SET-003" in surprised.stderr
    assert "surprise" in surprised.stderr


def test_an_unknown_shard_is_refused(fresh_book: Path) -> None:
    ran = openbell_here("night", fresh_book, "--night", FIRST_NIGHT, "--shard", "s099")
    assert ran.returncode == 2
    assert "SET-005" in ran.stderr


def test_a_lot_without_a_price_holds_its_account_and_no_other(fresh_book: Path) -> None:
    prices = fresh_book / "feeds" / FIRST_NIGHT / "prices.csv"
    lots = (fresh_book / "static" / "opening_lots.csv").read_text(encoding="utf-8").splitlines()
    columns = lots[0].split(",")
    benchmark = (fresh_book / "feeds" / FIRST_NIGHT / "benchmark.csv").read_text(encoding="utf-8").splitlines()
    member = benchmark[1].split(",")[benchmark[0].split(",").index("security_id")]
    owners = {
        line.split(",")[columns.index("account_id")]
        for line in lots[1:]
        if line.split(",")[columns.index("security_id")] == member
    }
    kept = [line for line in prices.read_text(encoding="utf-8").splitlines() if line.split(",")[0] != member]
    prices.write_text("\n".join(kept) + "\n", encoding="utf-8")
    ran = openbell("night", fresh_book, "--night", FIRST_NIGHT, "--workers", 1)
    assert ran.returncode == 0, ran.stderr
    published = (fresh_book / "published" / FIRST_NIGHT / "accounts.csv").read_text(encoding="utf-8").splitlines()
    held = {line.split(",")[1] for line in published if f"never priced: {member}" in line}
    frozen = {line.split(",")[1] for line in published if "HELD_FROZEN" in line}
    assert held == owners - frozen
    assert owners
