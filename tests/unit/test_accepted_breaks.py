"""Accepted breaks: the account trades while the difference is exactly that, and never what is in dispute."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from assets.book import Book
from assets.store import Store
from assets.verification import is_verified, verify_night
from tests.ruling_cases import (
    NIGHT,
    accept,
    manifest,
    move_feed,
    outcomes,
    publish,
    published,
    report,
    rule,
    solve_again,
    solved_book,
)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the book whose second night is solved. Read it; to change it, copy it."""
    path = tmp_path_factory.mktemp("accepted") / "book"
    solved_book(path)
    return path


@pytest.fixture(scope="module")
def sale(solved: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return an account and a security that it sells on an undisturbed night."""
    path = tmp_path_factory.mktemp("undisturbed") / "book"
    shutil.copytree(solved, path)
    publish(path)
    sales = [row for row in published(path, "allocations") if row["side"] == "sell"]
    row = next(row for row in sales if int(outcomes(path)[row["account_id"]]["orders"]) > 3)
    return row["account_id"], row["security_id"]


@pytest.fixture
def book(solved: Path, tmp_path: Path) -> Path:
    path = tmp_path / "book"
    shutil.copytree(solved, path)
    return path


def test_an_account_trades_over_the_accepted_break_but_never_the_name(book: Path, sale: tuple[str, str]) -> None:
    account, security = sale
    move_feed(book, "positions", account=account, security=security, by="-7.5")
    accept(book, "-7.5", account=account, security=security)
    solve_again(book)
    publish(book)
    row = outcomes(book)[account]
    assert row["status"].startswith("CERTIFIED")
    assert f"accepted by R1 (as told): quantity {security}: book " in row["reasons"]
    assert "difference -7.500000 shares" in row["reasons"]
    assert int(row["orders"]) > 0
    traded = {row["security_id"] for row in published(book, "allocations") if row["account_id"] == account}
    assert traded
    assert security not in traded
    assert report(book, "break_count") == [("quantity", True, 1, 1)]
    [(ruling, what, reason, met)] = report(book, "ruling")
    assert (ruling, what, reason) == ("R1", f"accept {account} {security} -7.500000", "as told")
    assert met == "the break is exactly this"
    [accepted] = manifest(book)["rulings"]["accepted_breaks"]
    assert (accepted["account_id"], accepted["difference"]) == (account, "-7.5")
    assert is_verified(verify_night(store=Store(book), book=Book.open(book), night=NIGHT))


@pytest.mark.parametrize(("moved", "met"), [("-7.500001", "another difference"), ("-7.499999", "another difference")])
def test_a_break_that_moves_by_a_millionth_holds_the_account_again(
    book: Path, sale: tuple[str, str], moved: str, met: str
) -> None:
    account, security = sale
    move_feed(book, "positions", account=account, security=security, by=moved)
    accept(book, "-7.5", account=account, security=security)
    solve_again(book)
    publish(book)
    row = outcomes(book)[account]
    assert (row["status"], row["orders"]) == ("HELD_BREAK", "0")
    assert "R1 accepts -7.500000 and no other difference" in row["reasons"]
    assert met in report(book, "ruling")[0][3]
    assert {other["status"] for name, other in outcomes(book).items() if name != account} <= {
        "CERTIFIED", "CERTIFIED_NO_TRADE"
    }  # fmt: skip


def test_accepted_cash_is_the_lower_of_the_two_and_one_cent_more_holds(book: Path, sale: tuple[str, str]) -> None:
    account, _ = sale
    move_feed(book, "cash", account=account, by="-100")
    accept(book, "-100", account=account)
    solve_again(book)
    lower = Decimal(_cash(book, account))
    with_acceptance = book.with_name("accepted")
    shutil.copytree(book, with_acceptance)
    publish(with_acceptance)
    row = outcomes(with_acceptance)[account]
    assert row["status"].startswith("CERTIFIED")
    assert Decimal(row["cash_before_usd"]) == lower
    assert "accepted by R1 (as told): cash: book " in row["reasons"]
    assert "difference -100.000000 usd" in row["reasons"]
    move_feed(book, "cash", account=account, by="0.01")
    solve_again(book)
    publish(book)
    row = outcomes(book)[account]
    assert row["status"] == "HELD_BREAK"
    assert "difference -99.990000 usd (R1 accepts -100.000000 and no other difference)" in row["reasons"]


def test_cash_that_only_the_custodian_has_is_not_spent(book: Path, sale: tuple[str, str]) -> None:
    account, _ = sale
    booked = Decimal(_cash(book, account))
    move_feed(book, "cash", account=account, by="250")
    accept(book, "250", account=account)
    solve_again(book)
    publish(book)
    assert Decimal(outcomes(book)[account]["cash_before_usd"]) == booked


def test_accepted_cash_that_heals_to_within_the_tolerance_stops_nobody(book: Path, sale: tuple[str, str]) -> None:
    account, _ = sale
    move_feed(book, "cash", account=account, by="-0.005")
    accept(book, "-100", account=account)
    solve_again(book)
    publish(book)
    row = outcomes(book)[account]
    assert row["status"].startswith("CERTIFIED")
    assert Decimal(row["cash_before_usd"]) == Decimal(_cash(book, account))
    assert is_verified(verify_night(store=Store(book), book=Book.open(book), night=NIGHT))


def _cash(path: Path, account: str) -> str:
    lines = (path / "feeds" / str(NIGHT) / "cash.csv").read_text(encoding="utf-8").splitlines()
    return next(line.split(",")[1] for line in lines if line.startswith(f"{account},"))


def test_an_acceptance_that_is_withdrawn_after_the_solve_holds_the_account(book: Path, sale: tuple[str, str]) -> None:
    account, security = sale
    move_feed(book, "positions", account=account, security=security, by="-7.5")
    accept(book, "-7.5", account=account, security=security)
    solve_again(book)
    rule(book, "withdraw", account_id=account, security_id=security)
    publish(book)
    row = outcomes(book)[account]
    assert (row["status"], row["orders"]) == ("HELD_BREAK", "0")
    assert row["reasons"] == f"the acceptance R1 of the break in {security} is no longer in force"


def test_an_acceptance_ends_with_its_last_night_and_outlives_its_break(book: Path, sale: tuple[str, str]) -> None:
    account, security = sale
    accept(book, "-7.5", account=account, security=security)
    solve_again(book)
    healed = book.with_name("healed")
    shutil.copytree(book, healed)
    publish(healed)
    assert outcomes(healed)[account]["status"].startswith("CERTIFIED")
    assert report(healed, "ruling")[0][3] == "no such break any more: withdraw it"
    file = book / "static" / "rulings.csv"
    text = file.read_text(encoding="utf-8").replace(",2026-09-02,,", ",2026-09-01,2026-09-01,")
    file.write_text(text, encoding="utf-8")
    move_feed(book, "positions", account=account, security=security, by="-7.5")
    solve_again(book)
    publish(book)
    assert outcomes(book)[account]["status"] == "HELD_BREAK"


def test_what_the_book_does_not_know_holds_its_account_or_nobody(book: Path, sale: tuple[str, str]) -> None:
    account, _ = sale
    move_feed(book, "positions", account=account, security="<script>'; drop", by="3")
    move_feed(book, "positions", account="stranger", security="S0001", by="5")
    move_feed(book, "cash", account="stranger", by="12.5")
    rule(book, "freeze", account_id=account)
    solve_again(book)
    publish(book)
    after = outcomes(book)
    assert after[account]["reasons"] == (
        f"the account {account} is frozen by R1: as told; also HELD_BREAK: unknown security <script>'; drop: "
        "book 0.000000, custodian 3.000000, difference 3.000000 shares (the book has no such security)"
    )
    assert {row["status"] for name, row in after.items() if name != account} <= {"CERTIFIED", "CERTIFIED_NO_TRADE"}
    assert "stranger" not in after
    told = {(row[0], row[1]) for row in report(book, "told_break")}
    assert told == {(account, "unknown_security"), ("stranger", "unknown_account")}
    assert ("unknown_account", False, 2, 1) in report(book, "break_count")
