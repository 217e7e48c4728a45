"""Switches: what is frozen before the solve, after it, while it is published, and what a published night keeps."""

from __future__ import annotations

import collections
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from assets import trade_tables
from assets.book import Book
from assets.store import Store
from assets.verification import is_verified, verify_night
from ledger.errors import FeedError, RulingError
from tests.book_cases import fingerprint
from tests.ruling_cases import (
    NIGHT,
    manifest,
    outcomes,
    publish,
    published,
    report,
    rule,
    solve_again,
    solved_book,
)

Facts = dict[str, str]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the book whose second night is solved. Read it; to change it, copy it."""
    path = tmp_path_factory.mktemp("solved") / "book"
    solved_book(path)
    return path


@pytest.fixture(scope="module")
def undisturbed(solved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("undisturbed") / "book"
    shutil.copytree(solved, path)
    publish(path)
    return path


@pytest.fixture
def book(solved: Path, tmp_path: Path) -> Path:
    path = tmp_path / "book"
    shutil.copytree(solved, path)
    return path


def traded(path: Path) -> dict[str, set[str]]:
    """Return the accounts that trade each security."""
    names: dict[str, set[str]] = collections.defaultdict(set)
    for row in published(path, "allocations"):
        names[row["security_id"]].add(row["account_id"])
    return names


def blocks_of(path: Path) -> dict[tuple[str, str], Decimal]:
    """Return the published blocks, which must be the sums of the allocations."""
    sums: dict[tuple[str, str], Decimal] = collections.defaultdict(Decimal)
    for row in published(path, "allocations"):
        sums[row["security_id"], row["side"]] += Decimal(row["shares"])
    blocks = {(row["security_id"], row["side"]): Decimal(row["shares"]) for row in published(path, "orders")}
    assert blocks == sums
    return blocks


def test_a_security_frozen_before_the_solve_is_not_traded_and_its_holders_trade_the_rest(
    book: Path, undisturbed: Path
) -> None:
    names = traded(undisturbed)
    name = max(sorted(names), key=lambda security: len(names[security]))
    rule(book, "freeze", security_id=name, reason="halted")
    solve_again(book)
    publish(book)
    assert name not in traded(book)
    assert {row["status"] for row in outcomes(book).values()} <= {"CERTIFIED", "CERTIFIED_NO_TRADE"}
    assert {account for accounts in traded(book).values() for account in accounts} & names[name]
    assert report(book, "frozen_name") == [(name, f"the security {name} is frozen by R1: halted", None)]
    assert report(book, "ruling") == [("R1", f"freeze security {name}", "halted", "no order")]


def of_account(row: dict[str, str]) -> Facts:
    return {"account_id": row["account_id"]}


def of_household(row: dict[str, str]) -> Facts:
    return {"household_id": row["household_id"]}


@pytest.mark.parametrize("target", [of_account, of_household])
@pytest.mark.parametrize("again", [False, True], ids=["after the solve", "before the solve"])
def test_a_frozen_account_or_household_is_held_and_nobody_else_is(
    book: Path, undisturbed: Path, target: Callable[[dict[str, str]], Facts], again: bool
) -> None:
    before = outcomes(undisturbed)
    victim = next(row for row in before.values() if int(row["orders"]) > 1)
    facts = target(victim)
    rule(book, "freeze", reason='he said "stop", now', **facts)
    if again:
        solve_again(book)
    publish(book)
    after = outcomes(book)
    [(column, value)] = facts.items()
    held = {account for account, row in before.items() if row[column] == value}
    scope = column.removesuffix("_id")
    for account in held:
        assert after[account]["status"] == "HELD_FROZEN"
        assert after[account]["reasons"] == f'the {scope} {value} is frozen by R1: he said "stop", now'
        assert (after[account]["orders"], after[account]["objective"]) == ("0", "")
        assert after[account]["cash_after_usd"] == after[account]["cash_before_usd"]
    others = before.keys() - held
    if not again or column == "household_id":
        assert {account: after[account] for account in others} == {account: before[account] for account in others}
        kept = [row for row in published(undisturbed, "allocations") if row["account_id"] not in held]
        assert published(book, "allocations") == kept
    assert blocks_of(book) != blocks_of(undisturbed)


def test_a_security_frozen_after_the_solve_holds_every_account_that_would_trade_it(
    book: Path, undisturbed: Path
) -> None:
    names = traded(undisturbed)
    name = min(sorted(names), key=lambda security: (len(names[security]) == 1, len(names[security])))
    rule(book, "freeze", security_id=name)
    publish(book)
    after, before = outcomes(book), outcomes(undisturbed)
    assert {account for account, row in after.items() if row["status"] == "HELD_FROZEN"} == names[name]
    assert all("after the solve" in after[account]["reasons"] for account in names[name])
    others = before.keys() - names[name]
    assert {account: after[account] for account in others} == {account: before[account] for account in others}
    assert name not in {security for security, _ in blocks_of(book)}


def test_a_frozen_book_is_published_whole_and_without_an_order(book: Path) -> None:
    rule(book, "freeze", reason="nobody trades")
    publish(book)
    assert {row["status"] for row in outcomes(book).values()} == {"HELD_FROZEN"}
    assert published(book, "orders") == published(book, "allocations") == []
    assert manifest(book)["counts"] == {"HELD_FROZEN": 10}
    assert manifest(book)["rulings"]["switches"] == [
        {"scope": "book", "target": "", "ruling_id": "R1", "reason": "nobody trades"}
    ]
    assert is_verified(verify_night(store=Store(book), book=Book.open(book), night=NIGHT))


def test_what_was_released_before_the_night_is_published_trades(book: Path, undisturbed: Path) -> None:
    account = next(iter(outcomes(undisturbed)))
    rule(book, "freeze")
    rule(book, "freeze", account_id=account)
    rule(book, "release")
    rule(book, "release", account_id=account)
    publish(book)
    assert published(book, "accounts") == published(undisturbed, "accounts")
    assert published(book, "allocations") == published(undisturbed, "allocations")
    assert manifest(book)["inputs"].keys() - manifest(undisturbed)["inputs"].keys() == {"static/rulings.csv"}


def test_a_freeze_that_arrives_while_the_files_are_made_counts(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gather = trade_tables.gathered
    rulings: list[str] = []

    def gathered(**arguments: Any) -> object:  # noqa: ANN401 - handed on as they are
        made = gather(**arguments)
        if len(rulings) < 2:
            rulings.append(rule(book, "freeze", account_id=f"A00000{len(rulings) + 1}"))
        return made

    monkeypatch.setattr(trade_tables, "gathered", gathered)
    publish(book)
    held = {account for account, row in outcomes(book).items() if row["status"] == "HELD_FROZEN"}
    assert (rulings, held) == (["R1", "R2"], {"A000001", "A000002"})


def test_a_published_night_keeps_the_switches_that_it_saw(book: Path) -> None:
    rule(book, "freeze", account_id="A000001")
    publish(book)
    before = fingerprint(book / "published")
    rule(book, "release", account_id="A000001")
    rule(book, "freeze", reason="a later day")
    publish(book)
    solve_again(book)
    publish(book)
    assert fingerprint(book / "published") == before
    assert is_verified(verify_night(store=Store(book), book=Book.open(book), night=NIGHT))


def test_an_account_that_two_switches_stop_tells_both(book: Path) -> None:
    rule(book, "freeze", household_id="H00001")
    rule(book, "freeze", account_id="A000001")
    publish(book)
    reasons = outcomes(book)["A000001"]["reasons"]
    assert reasons == "the account A000001 is frozen by R2: as told; the household H00001 is frozen by R1: as told"


def test_rulings_that_are_gone_stop_the_publication(book: Path) -> None:
    rule(book, "freeze", account_id="A000001")
    solve_again(book)
    (book / "static" / "rulings.csv").unlink()
    with pytest.raises(RulingError, match="RULE-010"):
        publish(book)
    assert not (book / "published" / str(NIGHT)).exists()


def test_rulings_that_cannot_be_read_stop_the_publication(book: Path) -> None:
    rule(book, "freeze", account_id="A000001")
    file = book / "static" / "rulings.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("freeze", "freez"), encoding="utf-8")
    with pytest.raises(FeedError, match="FEED-023"):
        publish(book)
    assert not (book / "published" / str(NIGHT)).exists()
