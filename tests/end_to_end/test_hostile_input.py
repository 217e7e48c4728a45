"""Ids, words and names from feeds are data: a night of hostile ones publishes them as they came, and signed."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from assets.book import Book
from assets.store import Store
from assets.verification import is_verified, verify_night
from pipelines.book_toml import book_toml
from tests.book_cases import FIRST_NIGHT, fingerprint, openbell
from tests.unit.test_signing import seed_of, write_pair

NIGHT = dt.date.fromisoformat(FIRST_NIGHT)
PASSPHRASE = "correct horse battery staple"
HOSTILE = [
    "../../../etc/passwd",
    'say "nothing"',
    "'; drop table sublot; --",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "@SUM(1,2)",
    "+1;2",
    "-2",
    " space before and after ",
    "😀🎯",
    "שלום עולם",
    "C:\\..\\x",
    "$(reboot) `id`",
    "{night} %s %00 $night ?",
    "null",
    "x" * 58,
]
ACCOUNTS = 8
KEY = 3
SPACES = {
    "account_id": "account",
    "household_id": "household",
    "owner_id": "owner",
    "security_id": "security",
    "identical_group": "group",
    "symbol": "symbol",
    "name": "symbol",
    "sector": "sector",
    "lot_id": "lot",
    "benchmark_id": "benchmark",
    "reason": "reason",
}
"""Which columns hold what: the same word of one kind becomes the same hostile one wherever it stands."""


class Renaming:
    """Hostile words in the place of harmless ones."""

    def __init__(self) -> None:
        self.words: dict[str, dict[str, str]] = {}

    def of(self, kind: str, word: str) -> str:
        known = self.words.setdefault(kind, {})
        if word not in known:
            number = len(known)
            # A group and a security of one name would be one group.
            suffix = "" if number < len(HOSTILE) and kind != "group" else f"~{number // len(HOSTILE)}{kind[0]}"
            known[word] = HOSTILE[number % len(HOSTILE)] + suffix
        return known[word]

    def row(self, row: dict[str, str]) -> dict[str, str]:
        kinds = SPACES | ({"value": row["on"]} if "on" in row else {})
        return {key: self.of(kinds[key], cell) if cell and key in kinds else cell for key, cell in row.items()}


def rename_file(source: Path, target: Path, renaming: Renaming, *, accounts: list[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".parquet":
        frame = pl.read_parquet(source)
        known = {word: renaming.of("security", word) for word in frame["security_id"].unique().sort()}
        frame.with_columns(pl.col("security_id").replace_strict(known)).write_parquet(target)
        return
    with source.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if row.get("account_id", accounts[0]) in accounts]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(renaming.row(row) for row in rows)


def hostile_book(source: Path, target: Path) -> tuple[Path, Renaming]:
    """Make a book of the first accounts of ``source`` whose every id is hostile, with a key that has a passphrase."""
    with (source / "static" / "accounts.csv").open(encoding="utf-8", newline="") as file:
        accounts = [row["account_id"] for row in csv.DictReader(file)][:ACCOUNTS]
    renaming = Renaming()
    for file_ in sorted([*(source / "static").iterdir(), *(source / "feeds" / FIRST_NIGHT).iterdir()]):
        rename_file(file_, target / file_.relative_to(source), renaming, accounts=accounts)
    activity = target / "feeds" / FIRST_NIGHT / "activity.csv"
    row = {"event_id": HOSTILE[3], "account_id": renaming.of("account", accounts[2]), "kind": HOSTILE[2]}
    header = activity.read_text(encoding="utf-8").splitlines()[0].split(",")
    with activity.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, header, restval="", lineterminator="\n").writerow(row | {"trade_date": FIRST_NIGHT})
    positions = target / "feeds" / FIRST_NIGHT / "positions.csv"
    with positions.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    other = next(row for row in rows if row["account_id"] == renaming.of("account", accounts[-1]))
    other["shares"] = "7"
    with positions.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(other), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_pair(target, "key", seed=KEY, passphrase=PASSPHRASE.encode())
    settings = Book.open(source).settings
    signed = {
        "signing_key": "key",
        "signing_passphrase_variable": "OPENBELL_TEST_PASSPHRASE",
        "verify_key": ("key.pub",),
    }
    publish = settings.publish.model_copy(update=signed)
    (target / "book.toml").write_text(book_toml(settings.model_copy(update={"publish": publish})), encoding="utf-8")
    return target, renaming


def secrets_of(book: Path) -> list[bytes]:
    """Return what no other file may hold: the lines of the key, its seed, its passphrase."""
    lines = (book / "key").read_bytes().splitlines()[1:-1]
    return [*lines, seed_of(KEY), seed_of(KEY).hex().encode(), base64.b64encode(seed_of(KEY)), PASSPHRASE.encode()]


def test_a_night_of_hostile_ids_is_published_as_they_came_and_keeps_its_key_secret(
    three_nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    book, renaming = hostile_book(three_nights, outside / "book")
    monkeypatch.setenv("OPENBELL_TEST_PASSPHRASE", PASSPHRASE)
    ran = openbell("night", book, "--night", FIRST_NIGHT, "--workers", 1, "--json")
    assert ran.returncode == 0, ran.stderr
    # Every account is there once, under its own name, whatever reads the file.
    folder = book / "published" / FIRST_NIGHT
    files = {name: (folder / f"{name}.csv").read_bytes() for name in ("accounts", "allocations", "orders")}
    rows = {name: list(csv.DictReader(io.StringIO(text.decode()))) for name, text in files.items()}
    words = {kind: set(known.values()) for kind, known in renaming.words.items()}
    assert sorted(row["account_id"] for row in rows["accounts"]) == sorted(words["account"])
    assert {row["household_id"] for row in rows["accounts"]} == words["household"]
    for name in ("allocations", "orders"):
        assert rows[name]
        frame = pl.read_csv(files[name], infer_schema=False).fill_null("")
        assert frame.to_dicts() == rows[name], "two readers agree on what is quoted"
    assert {row["account_id"] for row in rows["allocations"]} <= words["account"]
    assert {row["security_id"] for row in rows["allocations"] + rows["orders"]} <= words["security"]
    sold = {row["lot_id"] for row in rows["allocations"] if row["side"] == "sell"}
    assert sold
    assert sold <= words["lot"]
    # An event that cannot be booked and a position that differs hold their accounts, and the name is told as it is.
    answers = {row["account_id"]: row for row in rows["accounts"]}
    assert "LOT-008" in answers[renaming.of("account", "A000003")]["reasons"]
    broken = answers[renaming.of("account", f"A{ACCOUNTS:06d}")]
    assert broken["status"] == "HELD_BREAK"
    assert any(name in broken["reasons"] for name in words["security"])
    # The store holds the same words, and its paths none of them.
    store = Store(book)
    with store.reading({"trades": store.head("trades", night=NIGHT)}) as tables:
        stored = tables.select("select account_id, security_id, coalesce(lot_id, '') as lot_id from trades.allocation")
    told = [(row["account_id"], row["security_id"], row["lot_id"]) for row in rows["allocations"]]
    events = []
    for shard in Book.open(book).shards:
        with store.reading({"lots": store.head("lots", night=NIGHT, shard=shard)}) as tables:
            events += tables.select("select event_id from lots.refused_event")["event_id"].to_list()
    assert events == [HOSTILE[3]]
    assert sorted(stored.rows()) == sorted(told)
    assert [path.name for path in outside.iterdir()] == ["book"]
    assert all(re.fullmatch(r"[A-Za-z0-9_.\-/]+", name) for name in fingerprint(book))
    checks = verify_night(store=store, book=Book.open(book), night=NIGHT)
    assert is_verified(checks)
    assert [check.checked for check in checks if check.check == "signatures"] == [1]
    # Nothing of the key is anywhere else.
    for secret in secrets_of(book):
        assert secret not in (ran.stdout + ran.stderr).encode()
        for path in book.rglob("*"):
            if path.is_file() and path.name != "key":
                assert secret not in path.read_bytes(), path
    # Anybody could read the key now: refused before anything runs, and not told.
    (book / "key").chmod(0o644)
    before = fingerprint(book / "published") | fingerprint(book / "store")
    shutil.rmtree(book / "dagster")
    again = openbell("night", book, "--night", FIRST_NIGHT, "--workers", 1)
    assert (again.returncode, "SIGN-002" in again.stderr) == (2, True)
    assert fingerprint(book / "published") | fingerprint(book / "store") == before
