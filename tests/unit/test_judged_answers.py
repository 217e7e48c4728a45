"""Reconciliation judges every stored answer: what it cannot confirm is held, and its neighbours are not touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assets.store import Store
from tests.judged_books import NIGHT, SHARD, propose, reconciled, rewrite


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of one shard, run as far as its proposals."""
    path = tmp_path_factory.mktemp("judged") / "book"
    propose(path)
    return path


@pytest.fixture
def path(proposed: Path, tmp_path: Path) -> Path:
    shutil.copytree(proposed, tmp_path / "book")
    return tmp_path / "book"


@pytest.fixture(scope="module")
def untouched(proposed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    copy = tmp_path_factory.mktemp("untouched") / "book"
    shutil.copytree(proposed, copy)
    return reconciled(copy)[0]


@pytest.fixture(scope="module")
def victim(proposed: Path) -> str:
    """A taxable account that buys and sells, and has disjunctions to leave out."""
    version = Store(proposed).head("proposals", night=NIGHT, shard=SHARD)
    with Store(proposed).reading({"proposals": version}) as tables:
        name: str = tables.select(
            "select account_id from proposals.proposed_order join proposals.answer using (account_id) "
            "where answer.status = 'CERTIFIED' group by account_id "
            "having bool_or(side = 'buy') and bool_or(may_lose) order by count(*) desc, account_id limit 1"
        ).item()
    return name


def test_an_answer_as_it_was_made_is_confirmed(untouched: dict[str, tuple[str, str]]) -> None:
    assert not {reason for status, reason in untouched.values() if status == "HELD_SOLVER"}
    assert sum(status == "CERTIFIED" for status, _ in untouched.values()) > 15


FAULTS = {
    "a bound that is too good": ("update answer set bound = bound + 1e-8 where account_id = '{}'", "the bound is"),
    "an objective that is too good": ("update answer set objective = objective - 1e-8 where account_id = '{}'",
                                      "the objective is"),
    "prices that prove less": (
        "update certificate_leaf set prices = list_transform(prices, lambda p: p * 0.9) where account_id = '{}'",
        "the bound is",
    ),
    "a negative price of turnover": (
        "update certificate_leaf set prices = list_concat(prices[:-3], [-1.0, 0.0]) where account_id = '{}'",
        "the bound is",
    ),
    "a leaf that is lost": ("delete from certificate_leaf where account_id = '{}'", "leaves directions out"),
    "directions that no leaf covers": ("update certificate_leaf set decided = [1] where account_id = '{}'",
                                       "leaves directions out"),
    "purchases beyond the cash": (
        "update proposed_order set micro_shares = micro_shares * 80 where side = 'buy' and account_id = '{}'",
        "cash_min",
    ),
    "a lot that is oversold": (
        "update proposed_order set micro_shares = micro_shares * 1000 where side = 'sell' and account_id = '{}'",
        "is oversold",
    ),
    "a lot that nobody has": ("update proposed_order set lot_id = 'none' where side = 'sell' and account_id = '{}'",
                              "an order of a lot or security that the account cannot trade"),
    "a limit relaxed without need": (
        "update certificate set tracking_error_max = 0.5 where account_id = '{}'", "relaxed without need"),
    "cash that does not add up": (
        "update answer set cash_after_microusd = cash_after_microusd + 1 where account_id = '{}'", "cash after"),
    "a net gain that does not add up": (
        "update answer set net_gain_microusd = net_gain_microusd - 1 where account_id = '{}'", "net gain"),
    "orders of an account best left alone": (
        "update answer set status = 'CERTIFIED_NO_TRADE' where account_id = '{}'", "not to trade trades"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_holds_its_account_and_no_other(
    path: Path, untouched: dict[str, tuple[str, str]], victim: str, fault: str
) -> None:
    change, offence = FAULTS[fault]
    rewrite(path, "proposals", change.format(victim))
    outcomes, orders = reconciled(path)
    status, reasons = outcomes.pop(victim)
    assert status == "HELD_SOLVER"
    assert "the judge does not confirm" in reasons
    assert offence in reasons
    assert victim not in set(orders["account_id"])
    assert outcomes == {account: row for account, row in untouched.items() if account != victim}


def test_a_purchase_in_a_group_that_closed_is_held(path: Path, victim: str) -> None:
    rewrite(
        path,
        "wash_windows",
        "attach '{}' as proposals (read_only)".format(Store(path).head("proposals", night=NIGHT, shard=SHARD).path),
        "insert into no_buy select distinct household_id, security_id, 1, 1, date '2026-09-20' "
        f"from proposals.proposed_order join proposals.answer using (account_id) "
        f"where side = 'buy' and account_id = '{victim}'",
        "detach proposals",
    )
    status, reasons = reconciled(path)[0][victim]
    assert status == "HELD_SOLVER"
    assert "may not be bought" in reasons


def test_a_loss_sale_in_a_group_that_closed_is_held(path: Path, victim: str) -> None:
    proposals = Store(path).head("proposals", night=NIGHT, shard=SHARD).path
    rewrite(
        path,
        "wash_windows",
        f"attach '{proposals}' as proposals (read_only)",
        "insert into no_loss_sale select distinct household_id, security_id, 1, date '2026-09-20', 'another/lot/L' "
        f"from proposals.proposed_order join proposals.answer using (account_id) "
        f"where may_lose and account_id = '{victim}'",
        "detach proposals",
    )
    status, reasons = reconciled(path)[0][victim]
    assert status == "HELD_SOLVER"
    assert "may not be sold" in reasons
