"""Reconciliation judges every stored answer: what it cannot confirm is held, and its neighbours are not touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assets.store import Parameter, Store, Writing
from ledger.errors import AuditError
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


FIGURES = {
    "answer set gap_bp = gap_bp * 0.5": "gap_bp is not",
    "answer set gap_bp = null": "gap_bp is not",
    "answer set gap_microusd = gap_microusd - 2": "gap_microusd is not",
    "answer set gap_continuous_bp = -1e-6": "the gap before rounding is not",
    "answer set objective_idle = objective_idle + 1e-8": "the objective of idling is",
    "answer set nav_microusd = nav_microusd + 1": "the net asset value is not",
    "answer set tracking_error_before_bps = tracking_error_before_bps + 1e-3": "the tracking error before",
    "answer set tracking_error_after_bps = tracking_error_after_bps - 1e-3": "the tracking error after",
    "answer set cash_before_microusd = cash_before_microusd - 1": "cash_before_microusd is not",
    "answer set turnover = turnover * 0.999": "the turnover is",
    "shadow_price set usd_per_unit = usd_per_unit * 1.001": "the shadow prices are those of no leaf",
    "shadow_price set usd_per_unit = -usd_per_unit": "or not positive",
    "shadow_price set limit_name = 'sector:none high'": "is no price of a limit",
    "proposed_order set short_gain_microusd = long_gain_microusd, long_gain_microusd = short_gain_microusd":
        "_gain_microusd of an order",
    "proposed_order set loss_microusd = loss_microusd + 1": "loss_microusd of an order",
    "proposed_order set estimated_microusd = estimated_microusd - 1": "estimated_microusd of an order",
    "proposed_order set may_lose = not may_lose": "may_lose of an order",
    "proposed_order set term = case term when 'long' then 'short' when 'short' then 'long' end": "term of an order",
}  # fmt: skip


def test_a_wrong_figure_of_any_kind_holds_its_account_and_no_other(
    path: Path, untouched: dict[str, tuple[str, str]]
) -> None:
    """Every account has another fault; those whose answers lose all shadow prices come last."""
    certified = sorted(account for account, (status, _) in untouched.items() if status == "CERTIFIED")
    faults = dict(zip(certified, FIGURES.items(), strict=False))
    assert len(faults) == len(FIGURES), "as many certified accounts as faults"
    rewrite(
        path, "proposals", *(f"update {change} where account_id = '{name}'" for name, (change, _) in faults.items())
    )
    outcomes, orders = reconciled(path)
    for name, (change, offence) in faults.items():
        status, reasons = outcomes.pop(name)
        assert status == "HELD_SOLVER", change
        assert offence in reasons, change
    assert not set(faults) & set(orders["account_id"])
    assert outcomes == {name: row for name, row in untouched.items() if name not in faults}


def test_a_shadow_price_that_is_left_out_is_missed(path: Path, untouched: dict[str, tuple[str, str]]) -> None:
    rewrite(path, "proposals", "delete from shadow_price where account_id = (select min(account_id) from shadow_price)")
    held = {name for name, row in reconciled(path)[0].items() if row != untouched[name]}
    assert len(held) == 1


@pytest.mark.parametrize("figure", ["harvested_loss", "realized_gain", "tax_saved"])
def test_gains_that_are_not_those_of_the_orders_are_not_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, figure: str
) -> None:
    audit = Writing.audit

    def after_a_fault(writing: Writing, name: str, **parameters: Parameter) -> bool:
        if name == "no_outcome_tells_other_gains_than_its_orders":
            writing.execute(
                f"update outcome set {figure}_microusd = {figure}_microusd + 2 "
                "where account_id = (select min(account_id) from approved_order)"
            )
        return audit(writing, name, **parameters)

    monkeypatch.setattr(Writing, "audit", after_a_fault)
    with pytest.raises(AuditError, match="no_outcome_tells_other_gains_than_its_orders"):
        reconciled(path)


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
